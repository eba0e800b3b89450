"""Zip archives from strangers, opened with care: what an archive says of itself may be wrong, and made to hurt."""

import errno
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder.submission.inert import inert

# zipfile reads the whole directory of an archive into memory, and makes an object of each entry.
_MOST_OF_A_DIRECTORY = 16 * 2**20
_CHUNK = 2**20
# Others can ask for gigabytes of memory before they give a byte; nobody's computer packs with them by itself.
_PLAIN_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1
_LONGEST_NAME = 500
DEEPEST_FOLDER = 30
DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, OSError, NotImplementedError, ValueError, EOFError,
           ArithmeticError, RecursionError, MemoryError, RuntimeError)  # fmt: skip


class NotUnpacked(Exception):
    """Why an entry of an archive is left packed, as the rest of a sentence."""


class TooLarge(Exception):
    """There is more in an archive than is unpacked."""


class NoRoom(Exception):
    """There is no room on this machine to unpack an archive, which says nothing of the archive."""


class _Sparing(io.FileIO):
    """A file that gives no more at a time than a directory of a real archive needs."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size > _MOST_OF_A_DIRECTORY:
            raise zipfile.BadZipFile("its list of files is longer than is read")
        return super().read(size) or b""


@contextmanager
def opened_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """An archive whose entries can be listed. Raises: one of `DAMAGED`."""
    with _Sparing(path) as file, zipfile.ZipFile(file) as archive:
        yield archive


def place_of(entry: zipfile.ZipInfo) -> str:
    """Where an entry lies within its archive, with forward slashes, never outside of it.

    Raises: NotUnpacked, where no such place can be told.
    """
    parts = [part for part in entry.filename.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    if len(parts) > 1 and parts[0].endswith(":"):
        parts = parts[1:]  # a drive of Windows
    name = "/".join(parts)
    if not is_sensible_name(name):
        raise NotUnpacked("its name is longer than names of files are")
    return name


def is_sensible_name(name: str) -> bool:
    """Whether a file lies at a place that a person may have given it."""
    return len(name) <= _LONGEST_NAME and name.count("/") < DEEPEST_FOLDER


def is_file(entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is an ordinary file: no folder, link, device or pipe."""
    kind = stat.S_IFMT(entry.external_attr >> 16) if entry.create_system == 3 else 0
    return not entry.is_dir() and kind in (0, stat.S_IFREG)


def unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, most: int) -> int:
    """Write an entry to a file, and tell its size in bytes.

    Raises: NotUnpacked; TooLarge where it has more than `most` bytes, whatever it says of itself; NoRoom.
    """
    if entry.flag_bits & _ENCRYPTED:
        raise NotUnpacked("it is locked with a password; hand it in without one")
    if entry.compress_type not in _PLAIN_METHODS:
        raise NotUnpacked(f"it is packed in an unusual way (method {entry.compress_type})")
    if entry.file_size > most:
        raise TooLarge
    size = 0
    try:
        with archive.open(entry) as packed, path.open("wb") as file:
            while part := packed.read(_CHUNK):
                size += len(part)
                if size > most:
                    raise TooLarge
                file.write(part)
    except DAMAGED as problem:
        path.unlink(missing_ok=True)
        if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoom(f"{path.parent} has no room for what is in archives: {problem.strerror}") from problem
        raise NotUnpacked(f"it is cut off or damaged ({inert(str(problem), 200)})") from problem
    return size
