"""Several pieces of work at a time, such as the submissions of a class: each job is a process of its own.

Processes and no threads, since what judges is Python, at which threads would take turns, and since what one submission
leaves in the memory of its judge is then out of reach for another. A job forks from here with everything that has been
read so far; from then on it is sent one piece of work after another, and its end costs only the piece it was at.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from types import FrameType
from typing import Any, Generic, NoReturn, TypeVar

Task = TypeVar("Task")
Made = TypeVar("Made")
# A job gets ready by entering this; what it enters does the work.
Ready = Callable[[], AbstractContextManager[Callable[[Task], Made]]]

TICK = 0.2
# To end workers and to take away what is half done; whoever needs longer is ended all the same.
PATIENCE_SECONDS = 15.0
_ENDINGS = (signal.SIGTERM, signal.SIGHUP)
_FORK = multiprocessing.get_context("fork")


class Lost(Exception):
    """In the place of a result: the job died over its work. The message says how."""


def processors_for_each(jobs: int) -> int:
    """How many processors each of some jobs may use: what there is, shared evenly, at least one."""
    return max(1, (os.cpu_count() or 1) // jobs)


class _Job(Generic[Task, Made]):
    """One process and the piece of work that it is at."""

    def __init__(self, ready: Ready[Task, Made], others: Sequence["_Job[Task, Made]"]) -> None:
        self.connection, theirs = _FORK.Pipe()
        # Of a connection that a sibling holds too, nobody would see the end.
        inherited = [self.connection, *(other.connection for other in others)]
        self.process: ForkProcess = _FORK.Process(target=_work, args=(ready, theirs, inherited, os.getpid()))
        self.process.start()
        theirs.close()
        self.task: Task | None = None

    def give(self, task: Task) -> None:
        self.task = task
        with contextlib.suppress(OSError):  # it has died; who waits for its answer will see that
            self.connection.send(task)

    def answer(self) -> Made | Lost:
        """What it has made of its task. Raises: the exception that the work ended with."""
        try:
            kind, made = self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            return Lost(_how_it_ended(self.process.exitcode))
        if kind == "raised":
            raise made
        self.task = None
        answer: Made = made
        return answer


def side_by_side(
    tasks: Iterable[Task],
    jobs: int,
    ready: Ready[Task, Made],
    watch: Callable[[Sequence[Task]], None] = lambda at_work: None,
) -> Generator[tuple[Task, Made | Lost], None, None]:
    """Each task with what was made of it, in the order in which they are done.

    Args: tasks: asked for the next one only when a job is free for it; watch: told now and then which are being worked
        on. The caller has no other threads while this runs: a forked process would find their locks held by nobody.
    Raises: what the work raises; all jobs have ended then, as after Ctrl-C.
    """
    waiting = iter(tasks)
    running: list[_Job[Task, Made]] = []
    with _ended_by_signals():
        try:
            while True:
                _hand_out(waiting, jobs, ready, running)
                at_work = [job for job in running if job.task is not None]
                if not at_work:
                    break
                watch([job.task for job in at_work if job.task is not None])
                answering = wait([job.connection for job in at_work], TICK)
                for job in [job for job in at_work if job.connection in answering]:
                    task = job.task
                    made = job.answer()
                    if isinstance(made, Lost):
                        running.remove(job)
                        job.connection.close()
                    assert task is not None
                    yield task, made
        finally:
            _end(running)


def _hand_out(waiting: Iterator[Task], jobs: int, ready: Ready[Task, Made], running: list[_Job[Task, Made]]) -> None:
    """Give every free job a task, and start jobs while there are tasks for them."""
    while True:
        free = next((job for job in running if job.task is None), None)
        if free is None and len(running) == jobs:
            return
        try:
            task = next(waiting)
        except StopIteration:
            return
        if free is None:
            free = _Job(ready, running)
            running.append(free)
        free.give(task)


def _end(running: Sequence[_Job[Any, Any]]) -> None:
    """End all jobs: those that are free by hanging up, the others in the middle of their work."""
    for job in running:
        job.connection.close()
        if job.task is not None:
            job.process.terminate()
    deadline = time.monotonic() + PATIENCE_SECONDS
    for job in running:
        job.process.join(max(0.0, deadline - time.monotonic()))
        if job.process.exitcode is None:
            job.process.kill()
            job.process.join()


def _how_it_ended(status: int | None) -> str:
    if status is not None and status < 0:
        return f"the process that graded it was ended: {signal.strsignal(-status) or f'signal {-status}'}"
    return f"the process that graded it ended by itself, with status {status}"


# --- in the job's own process


def _work(ready: Ready[Task, Made], connection: Connection, inherited: Sequence[Connection], parent: int) -> None:
    # A terminal's Ctrl-C is for the parent, which tells its jobs; workers are not to end before their judge knows why.
    os.setsid()
    for other in inherited:
        other.close()
    for ending in _ENDINGS:
        signal.signal(ending, _stop)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    try:
        with ready() as work:
            while True:
                try:
                    task = connection.recv()
                except (EOFError, OSError):
                    return
                try:
                    answer: tuple[str, Any] = "made", work(task)
                except Exception as problem:
                    answer = "raised", problem
                connection.send(answer)
    except (KeyboardInterrupt, BrokenPipeError, ConnectionResetError):
        return
    except Exception as problem:  # it cannot even get ready
        with contextlib.suppress(OSError):
            connection.send(("raised", problem))


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    for ending in _ENDINGS:
        signal.signal(ending, signal.SIG_IGN)  # once is enough, and what is being tidied up is to be finished
    raise KeyboardInterrupt


def _end_with(parent: int) -> None:
    """A parent that was killed can tell nobody; its jobs are not to go on without it."""
    while os.getppid() == parent:
        time.sleep(TICK)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Whatever ends this process from outside lets it end its jobs first."""

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    before = {ending: signal.signal(ending, leave) for ending in _ENDINGS}
    try:
        yield
    finally:
        for ending, handler in before.items():
            signal.signal(ending, handler)
