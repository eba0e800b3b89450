"""One process for everything: what a program would do in processes of its own, it does in threads or not at all.

Processes could outlive their worker, and a worker's memory and time would not be theirs. Threads give the same results.
"""

import concurrent.futures.process
import io
import multiprocessing
import multiprocessing.context
import multiprocessing.dummy
import multiprocessing.pool
import os
import subprocess
from collections.abc import Callable
from typing import Any

import torch.multiprocessing

# Of `multiprocessing`, all that there is for threads, too.
_SHARED = """
    Process Pool Queue JoinableQueue Lock RLock Semaphore BoundedSemaphore Condition Event Barrier Manager Value
    Array Pipe"""


class Thread(multiprocessing.dummy.DummyProcess):
    """A thread that is asked what processes are asked; nobody can end it from outside."""

    @property
    def pid(self) -> int:
        return os.getpid()

    def terminate(self) -> None:
        """It ends by itself."""

    kill = close = terminate


class Threads(concurrent.futures.ThreadPoolExecutor):
    """In the place of `ProcessPoolExecutor`."""

    def __init__(
        self,
        max_workers: int | None = None,
        mp_context: Any = None,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        **further: Any,
    ) -> None:
        super().__init__(max_workers, initializer=initializer, initargs=initargs)


class Finished(subprocess.Popen):
    """A command that has succeeded and said nothing, as shell lines of a notebook do here."""

    def __init__(self, args: Any, *rest: Any, **named: Any) -> None:
        text = any(named.get(key) for key in ("text", "universal_newlines", "encoding", "errors"))
        self.args, self.returncode, self.pid = args, 0, 0
        self.stdin, self.stdout, self.stderr = (
            (io.StringIO() if text else io.BytesIO()) if named.get(name) == subprocess.PIPE else None
            for name in ("stdin", "stdout", "stderr")
        )
        self._nothing: Any = "" if text else b""

    def communicate(self, input: Any = None, timeout: float | None = None) -> Any:
        return tuple(None if stream is None else self._nothing for stream in (self.stdout, self.stderr))

    def wait(self, timeout: float | None = None) -> int:
        return 0

    def poll(self) -> int:
        return 0

    def send_signal(self, sig: int) -> None:
        """It has ended."""

    def __exit__(self, *problem: object) -> None:
        return None

    def __del__(self, *rest: Any) -> None:
        return None


def stay_one_process() -> None:
    """From now on, start no other."""
    multiprocessing.dummy.Process = Thread
    shared = {
        name: getattr(multiprocessing.dummy, name) for name in _SHARED.split() if hasattr(multiprocessing.dummy, name)
    }
    for owner in (multiprocessing, torch.multiprocessing):
        for name, thing in shared.items():
            setattr(owner, name, thing)
    for name, thing in shared.items():
        setattr(multiprocessing.context.BaseContext, name, staticmethod(thing))
    concurrent.futures.ProcessPoolExecutor = concurrent.futures.process.ProcessPoolExecutor = Threads  # type: ignore
    subprocess.Popen = Finished  # type: ignore[misc]
    os.system = lambda command: 0
