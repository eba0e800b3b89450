"""Locks among processes: the kernel holds them, and takes them back from whoever is killed."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

# How often the file of a lock may be exchanged while one waits for it, before one goes on without.
_TRIES = 1000


class Held(Exception):
    """Somebody else holds the lock."""


@dataclass(frozen=True)
class Lock:
    """A lock that is held until it is released, or until every process that has inherited it has ended.

    certain: False where files cannot be locked, as on some network drives, so that others may hold it, too.
    """

    path: Path
    descriptor: int
    certain: bool

    def in_place(self) -> bool:
        """Whether the path still leads to the file that is locked."""
        try:
            return os.path.samestat(os.fstat(self.descriptor), self.path.stat())
        except OSError:
            return False

    def release(self) -> None:
        """Give it back and remove its file, which nobody but the holder may do."""
        if self.certain and self.in_place():
            with suppress(OSError):
                self.path.unlink()
        os.close(self.descriptor)


def take(path: Path, wait: bool) -> Lock:
    """Lock a file, which is made for this.

    Args: wait: whether to wait for whoever holds it.
    Raises: Held, where somebody does and one does not wait; OSError where there can be no such file.
    """
    for _ in range(_TRIES):
        lock = Lock(path, os.open(path, os.O_RDWR | os.O_CREAT, 0o644), certain=True)
        try:
            fcntl.flock(lock.descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock.descriptor)
            raise Held(str(path)) from None
        except OSError:
            return Lock(path, lock.descriptor, certain=False)
        except BaseException:  # Ctrl-C
            os.close(lock.descriptor)
            raise
        # Whoever held it before has removed its file: what is locked now has no name, and a third one may already have
        # made and locked a file that has. Only who holds the file behind the name holds the lock.
        if lock.in_place():
            return lock
        os.close(lock.descriptor)
    return Lock(path, os.open(path, os.O_RDWR | os.O_CREAT, 0o644), certain=False)


@contextmanager
def taking_turns(path: Path) -> Iterator[Lock]:
    """Hold a lock, after waiting for it. Where files cannot be locked, two may be here at a time."""
    lock = take(path, wait=True)
    try:
        yield lock
    finally:
        lock.release()
