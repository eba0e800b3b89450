"""The folder of a class's results, while one grader, and no other, is writing there."""

import errno
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from autograder.locking import Held, Lock, take
from autograder.report.files import remove_unfinished

LOCK = ".autograder.lock"
# The jobs of a grader that was killed hold its lock until they have ended; whoever needs longer hangs.
PATIENCE_SECONDS = 30.0
_TICK = 0.1


class InUse(Exception):
    """Another grader is writing there; the message is one sentence."""


@dataclass(frozen=True)
class ResultsFolder:
    """A folder that is held; jobs that are forked meanwhile hold it, too, and it is free when the last has ended."""

    path: Path
    lock: Lock

    def check(self) -> None:
        """Make sure that it still is the folder that was locked.

        Raises: FileNotFoundError.
        """
        if not self.lock.in_place():
            words = "the folder of results was removed or replaced while it was in use"
            raise FileNotFoundError(errno.ENOENT, words, str(self.path))


@contextmanager
def held(path: Path) -> Iterator[ResultsFolder]:
    """Make a folder, where it is not there, hold it, and tidy up what killed runs have left half written.

    A second grader is refused and does not wait: it is a mistake nearly always, and one that waits for hours looks as
    if it hung. Only for the jobs of a grader that was killed, which end by themselves, one waits.
    Raises: InUse; OSError where it cannot be written.
    """
    path.mkdir(parents=True, exist_ok=True)
    lock = _taken(path)
    try:
        if lock.certain:
            with suppress(OSError):  # on a full disk; the names are for words only
                os.write(lock.descriptor, f"{os.getpid()} {platform.node()}".encode())
            remove_unfinished(path)
        yield ResultsFolder(path, lock)
    finally:
        lock.release()


def _taken(folder: Path) -> Lock:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            lock = take(folder / LOCK, wait=False)
        except Held:
            holder = _holder(folder / LOCK)
            if time.monotonic() > deadline or (holder and _may_be_alive(*holder)):
                who = f" (process {holder[0]} on {holder[1]})" if holder else ""
                raise InUse(
                    f"another autograder{who} is writing its results to {folder}; wait until it has ended, or name "
                    "another folder with --out"
                ) from None
            time.sleep(_TICK)
            continue
        os.ftruncate(lock.descriptor, 0)  # the names of whoever was killed
        return lock


def _holder(lock: Path) -> tuple[int, str] | None:
    """Process and machine of whoever holds the lock, as soon as they have written it."""
    try:
        pid, _, machine = lock.read_text().partition(" ")
        return int(pid), machine
    except (OSError, ValueError):
        return None


def _may_be_alive(pid: int, machine: str) -> bool:
    if machine != platform.node():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
