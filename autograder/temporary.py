"""One folder for all that a run needs for a while, which the next run removes where this one was killed."""

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from autograder.locking import Held, Lock, take
from autograder.removing import remove_tree

PREFIX = "autograder-run-"
_NOT_YET_LOCKED = "autograder-new-"
_LOCK = ".lock"
_LEAST_ROOM = 32 * 2**20
_TRIES = 50
_TICK = 0.1


@contextmanager
def temporary_folders_in_one() -> Iterator[Path]:
    """Have this process, and all that is forked from it, make temporary folders within one, which goes at the end.

    Raises: OSError where there can be no such folder.
    """
    place = Path(tempfile.gettempdir())
    _remove_abandoned(place)
    folder, lock = _locked_folder(place)
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield folder
    finally:
        tempfile.tempdir = before
        _remove(folder)
        os.close(lock.descriptor)


def _locked_folder(place: Path) -> tuple[Path, Lock]:
    """A new folder that is locked from the moment at which it has its name."""
    for _ in range(_TRIES):
        new = Path(tempfile.mkdtemp(prefix=_NOT_YET_LOCKED, dir=place))
        try:
            lock = take(new / _LOCK, wait=False)
            return new.rename(new.with_name(PREFIX + new.name.removeprefix(_NOT_YET_LOCKED))), lock
        except (Held, FileNotFoundError):  # another run took it for one that was left behind
            continue
    raise OSError(errno.EBUSY, "other runs remove what this one makes there", str(place))


def _remove(folder: Path) -> None:
    """Remove a folder in which a worker may still be writing whose judge was killed; it has but a moment to live."""
    for _ in range(_TRIES):
        remove_tree(folder)
        if not folder.exists():
            return
        time.sleep(_TICK)


def _remove_abandoned(place: Path) -> None:
    """Remove the folders of runs of which no process is left; a lock that can be taken tells that there is none."""
    for folder in (*place.glob(f"{PREFIX}*"), *place.glob(f"{_NOT_YET_LOCKED}*")):
        with suppress(OSError, Held):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            lock = take(folder / _LOCK, wait=False)
            if lock.certain:
                remove_tree(folder)
            os.close(lock.descriptor)


def check_room() -> None:
    """Make sure that there is room for what is only needed for a while.

    Where there is none, what a submission could not write says nothing of it.
    Raises: OSError, which names the folder.
    """
    place = tempfile.gettempdir()
    if shutil.disk_usage(place).free < _LEAST_ROOM:
        raise OSError(errno.ENOSPC, "next to no room is left there for temporary files", place)
