"""Starting workers, limiting them, and asking them for one thing at a time.

A template process imports torch once and forks a warm worker for each program, so that a class does not pay for the
import hundreds of times. The template runs no code of a submission.
"""

import contextlib
import hashlib
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from numpy.typing import NDArray

from autograder.boundary.pipe import LARGEST_ARRAYS_OF_A_REPLY, Arrays, Garbled, packed, receive
from autograder.boundary.sandbox import Sandbox, best_sandbox, worker_command
from autograder.boundary.surroundings import NOTHING, Surroundings
from autograder.boundary.usage import MOST_THREADS, Overuse, check_scratch, processor_seconds_of, usage_of
from autograder.removing import remove_tree
from autograder.rubric import Limits

# The operations that are nothing but a submission's own code at work.
_OWN = ("run", "call")
_TICK = 0.05
# How often a scratch folder is looked through.
_SCRATCH_TICK = 0.5
_PACKAGES = Path(__file__).resolve().parents[2]
# What is done with a message that a worker sends in the middle of a request: a structure and arrays come back for a
# question, nothing for a note.
Question = Callable[[dict[str, Any], Arrays], "tuple[dict[str, Any], Mapping[str, NDArray[Any]]] | None"]


class WorkerStopped(Exception):
    """A worker can answer no more. The message says why, in words for the person who wrote the submission."""


class Closed(Exception):
    """There are no more workers to be had, since the grader is ending."""


class TemplateKilled(Exception):
    """A worker has ended with the process that forked it, which somebody has killed. The submission is not to blame."""


class OutOfTime(WorkerStopped):
    """A call took longer than its limit."""


class OutOfMemory(WorkerStopped):
    """A call held more than it may: memory, threads, files."""


class Died(WorkerStopped):
    """The worker's process ended by itself."""


class Lied(Died):
    """What the worker sent was no message, or no answer to what it was asked; that ends it just as well."""


@dataclass(frozen=True)
class Reply:
    """What came back: structure, arrays, and what was printed meanwhile."""

    structure: dict[str, Any]
    arrays: Arrays = field(default_factory=dict)

    @property
    def error(self) -> dict[str, Any] | None:
        error = self.structure.get("error")
        return error if isinstance(error, dict) else None


class Template:
    """The process that forks workers. Use it as a context manager; closing it ends its workers."""

    def __init__(self, limits: Limits, device: str = "cpu", sandbox: Sandbox | None = None) -> None:
        """Args: device: "cpu", or "cuda" to let workers use a GPU where there is one; sandbox: what workers are kept
        in, None for the best one that there is."""
        self._limits = limits
        self._sandbox = best_sandbox() if sandbox is None else sandbox
        self._device = device
        # Workers of one submission may run side by side; the conversation with the process that forks them may not.
        self._talking = threading.RLock()
        self._home = tempfile.mkdtemp(prefix="autograder-home-")
        self._closed = False
        self.processor_seconds = 0.0
        self._start()

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        environment = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
        # Sets and dictionaries of text keep one order in every run; threads would make sums depend on the machine.
        environment |= {"PYTHONHASHSEED": "0", "MPLBACKEND": "Agg", "PYTHONPATH": str(_PACKAGES)}
        environment |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        # Training allocates the same large tensors at every step; kept by the process, they cost a third less time.
        environment |= {"MALLOC_MMAP_THRESHOLD_": str(2**28), "MALLOC_TRIM_THRESHOLD_": str(2**30)}
        # Progress bars have nobody to look at them, and those for notebooks need widgets.
        environment |= {"MALLOC_TOP_PAD_": str(2**26), "TQDM_DISABLE": "1"}
        for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # what this processor needs to compute rightly at all
            if name in os.environ:
                environment[name] = os.environ[name]
        if self._device != "cuda":
            environment["CUDA_VISIBLE_DEVICES"] = ""
        else:  # which GPU, and where its driver is
            named = ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")
            environment |= {name: os.environ[name] for name in named if name in os.environ}
        environment |= {
            "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
            "HOME": self._home,
            "MPLCONFIGDIR": self._home,
            "XDG_CACHE_HOME": self._home,
        }
        caged = ["caged"] if self._sandbox is Sandbox.CAGE else []
        self._process = subprocess.Popen(
            [*worker_command(self._sandbox, "autograder.worker"), str(theirs.fileno()), *caged],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=environment,
            cwd=self._home,
            # A terminal's Ctrl-C is for the judge, which then closes the template.
            start_new_session=True,
        )
        theirs.close()
        self._control = ours
        self._has_forked = False
        self._ready_for: set[bytes] = set()

    def fork(
        self,
        data: Path | None,
        seed: int,
        surroundings: Surroundings = NOTHING,
        trains: bool = False,
        shows: bool = False,
    ) -> "Worker":
        """A new worker, which sees the data set at `data` (none where it needs none) and a scratch folder.

        Args: surroundings: what lies beside the notebook; trains: whether it will make an optimizer; shows:
            whether it will make a page of a notebook; for either, the template is made ready once.
        Raises: Closed.
        """
        if self._closed:
            raise Closed("the template is closed")
        scratch = Path(tempfile.mkdtemp(prefix="autograder-scratch-"))
        setup = {
            "scratch": str(scratch),
            "data": str(data) if data else None,
            # Another number than the one that probes are drawn from, which a submission could read here.
            "seed": int.from_bytes(hashlib.sha256(f"worker {seed}".encode()).digest()[:4], "big"),
            "surroundings": surroundings.as_message(),
            "output_characters": self._limits.output_characters,
            "scratch_mebibytes": self._limits.scratch_mebibytes,
            "device": self._device if self._device != "cpu" else "",
        }
        try:
            with self._talking:
                pid, ours = self._forked_even_if_it_died(b"O" * trains + b"N" * shows)
            worker = Worker(self, pid, ours, scratch, self._limits)
            worker.tell(setup)
        except BaseException:  # Ctrl-C, too
            remove_tree(scratch)
            raise
        return worker

    def _forked_even_if_it_died(self, ready_for: bytes) -> tuple[int, socket.socket]:
        """Start the template anew where somebody has killed it, perhaps for memory: that must not cost a class."""
        try:
            return self._forked(ready_for)
        except OSError:
            if self._closed:
                raise Closed("the template was closed meanwhile") from None
        self._process.kill()
        self._process.wait()
        self._control.close()
        self._start()
        try:
            return self._forked(ready_for)
        except OSError as problem:
            message = f"{sys.executable} cannot import what workers need; is torch installed there?"
            raise RuntimeError(message) from problem

    def _forked(self, ready_for: bytes) -> tuple[int, socket.socket]:
        for number in ready_for:
            command = bytes([number])
            if command not in self._ready_for:
                self._control.sendall(command)
                self._ready_for.add(command)
        ours, theirs = socket.socketpair()
        self._has_forked = True
        with theirs:
            socket.send_fds(self._control, [b"F"], [theirs.fileno()])
        return int(self._line()), ours

    def reap(self, pid: int) -> int:
        """Wait for a worker to end; its exit status as `os.wait` gives it. Its processor time is added up."""
        with self._talking:
            try:
                self._control.sendall(b"W" + f"{pid}\n".encode())
                answer = json.loads(self._line())
            except (OSError, ValueError):
                return -1
            self.processor_seconds += answer["seconds"]
            return int(answer["status"])

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            part = self._control.recv(1)
            if not part:
                raise OSError("closed")
            line += part
        return line

    def close(self) -> None:
        """End the process and all of its workers, also those that other threads are waiting for."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)  # who is talking to it is told that it is gone
        with self._talking:
            self._control.close()
        if not self._has_forked:  # it may still be importing, and would hear of its end only afterwards
            self._process.kill()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.processor_seconds = max(self.processor_seconds, usage.ru_utime + usage.ru_stime)
        remove_tree(self._home)

    def __enter__(self) -> "Template":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


class Worker:
    """A process that holds one program of one submission and answers one request at a time.

    printed: the first characters of what its code has printed; own_seconds: processor time of the submission's own
    code: its statements and the calls of its functions. How much of a training is its own, the training tells.
    """

    def __init__(self, template: Template, pid: int, connection: socket.socket, scratch: Path, limits: Limits) -> None:
        self._template = template
        self._pid = pid
        self._connection = connection
        self.scratch = scratch
        self._limits = limits
        self._deadline = self._processor_deadline = float("inf")
        self.own_seconds = 0.0
        self.printed = ""
        self._looked = self._looked_at_scratch = 0.0
        self._stopped: WorkerStopped | None = None
        connection.setblocking(False)

    def tell(self, structure: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]] | None = None) -> None:
        """Send a message without waiting for an answer."""
        self._write(packed(structure, arrays))

    def request(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        arrays: Mapping[str, NDArray[Any]] | None = None,
        seconds: float | None = None,
        answer: Question | None = None,
        processor_seconds: float | None = None,
    ) -> Reply:
        """Ask for an operation and wait for its result.

        Args: seconds: the time limit, default `call_seconds`; processor_seconds: a limit on processor time that takes
            the place of the other, so that a busy machine costs nobody anything; answer: called whenever the worker
            asks or notes something on the way, which is how models whose answers are known are played from this side
            and how a training is watched while it runs.
        Raises: OutOfTime, OutOfMemory, Died, Lied, TemplateKilled; the worker is gone after any of them.
        """
        if self._stopped:
            raise self._stopped
        seconds = self._limits.call_seconds if seconds is None else seconds
        if processor_seconds is not None:
            # Whoever only waits uses no processor time, but does not wait for ever.
            seconds = 10 * processor_seconds
            self._processor_deadline = processor_seconds_of(self._pid) + processor_seconds
        else:
            self._processor_deadline = float("inf")
        self._deadline = time.monotonic() + seconds
        before = processor_seconds_of(self._pid) if operation in _OWN else 0.0
        try:
            self._write(packed({"operation": operation, **parameters}, arrays))
            while True:
                structure, received = receive(self._read, LARGEST_ARRAYS_OF_A_REPLY)
                self._keep_print(structure.get("printed"))
                if not structure.get("question") and not structure.get("note"):
                    if operation in _OWN:
                        self.own_seconds += processor_seconds_of(self._pid) - before
                    return Reply(structure, received)
                if answer is None:
                    raise Garbled("an unexpected question")
                told = answer(structure, received)
                if structure.get("question"):
                    self._write(packed(*(told or ({}, {}))))
        except WorkerStopped as stopped:
            self._stop(stopped)
            raise
        except TimeoutError:
            late = OutOfTime(f"took longer than the {processor_seconds or seconds:g} seconds it may take")
            self._stop(late)
            raise late from None
        except Garbled as problem:
            garbled = Lied(f"answered with something that is no message ({problem})")
            self._stop(garbled)
            raise garbled from None

    def _keep_print(self, text: Any) -> None:
        # The worker bounds it, too, but that is for it to say.
        if isinstance(text, str):
            self.printed += text[: max(0, self._limits.output_characters - len(self.printed))]

    def close(self) -> None:
        """End the process and remove its scratch folder."""
        self._stop(Died("was closed"))

    def _stop(self, reason: WorkerStopped) -> None:
        if self._stopped:
            return
        self._stopped = reason
        self._connection.close()
        self._kill()
        self._template.reap(self._pid)
        remove_tree(self.scratch)

    def _kill(self) -> None:
        if self._pid <= 0:  # to the system, that would be ourselves
            return
        # The worker leads a process group of its own, so that what it has started goes with it. It is not reaped yet,
        # so its number cannot belong to anybody else.
        for kill in (os.killpg, os.kill):
            try:
                kill(self._pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue

    def _wait(self, reading: bool) -> None:
        """Wait until the connection is ready, with an eye on time and memory."""
        while True:
            here = [self._connection]
            ready = select.select(here if reading else [], [] if reading else here, [], _TICK)
            now = time.monotonic()
            is_ready = bool(ready[0] or ready[1])
            if is_ready and now < self._looked + _TICK:
                return
            self._looked = now
            if now > self._deadline:
                raise TimeoutError
            if self._processor_deadline < float("inf") and processor_seconds_of(self._pid) > self._processor_deadline:
                raise TimeoutError
            self._check_usage(now)
            if is_ready:
                return

    def _check_usage(self, now: float) -> None:
        used = usage_of(self._pid)
        if used.memory > self._limits.memory_mebibytes:
            raise OutOfMemory(f"used more than the {self._limits.memory_mebibytes} MiB of memory that it may use")
        if used.threads > MOST_THREADS:
            raise OutOfMemory(f"started more than the {MOST_THREADS} threads that it may have")
        if now > self._looked_at_scratch + _SCRATCH_TICK:
            self._looked_at_scratch = now
            try:
                check_scratch(str(self.scratch), self._limits.scratch_mebibytes)
            except Overuse as overuse:
                raise OutOfMemory(str(overuse)) from None

    def _read(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            self._wait(reading=True)
            try:
                part = self._connection.recv(min(count - len(parts), 2**20))
            except BlockingIOError:
                continue
            except OSError:
                part = b""
            if not part:
                raise Died(self._last_words())
            parts += part
        return bytes(parts)

    def _write(self, message: bytes) -> None:
        view = memoryview(message)
        while view:
            try:
                view = view[self._connection.send(view[: 2**20]) :]
            except BlockingIOError:
                self._wait(reading=False)
            except OSError:
                raise Died(self._last_words()) from None

    def _last_words(self) -> str:
        self._kill()
        status = self._template.reap(self._pid)
        self._pid = 0
        self._stopped = self._stopped or Died("ended its process")
        self._connection.close()
        remove_tree(self.scratch)
        if status == -1:  # nobody could say how it ended
            raise TemplateKilled("the process that workers are forked from was killed")
        if status > 0 and os.WIFSIGNALED(status) and os.WTERMSIG(status) != signal.SIGKILL:
            return f"ended its process: {signal.strsignal(os.WTERMSIG(status))}"
        return "ended its process"
