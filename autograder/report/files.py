"""Files that appear as a whole or not at all, whatever ends the writing: a full disk, a kill, a crash."""

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

# What a killed run leaves of a file that it was writing.
_UNFINISHED = ".autograder-unfinished-"


def write_text(path: Path, text: str) -> None:
    """Write a file of text by renaming a finished one into its place."""
    write_together(path.parent, {path.name: as_bytes(text)})


def as_bytes(text: str) -> bytes:
    """Text as files hold it. A lone surrogate, as a file name or a notebook may hold one, is no UTF-8; it becomes an
    escape."""
    return text.encode("utf-8", errors="backslashreplace")


def write_together(folder: Path, contents: Mapping[str, bytes], instead_of: Iterable[str] = ()) -> None:
    """Write files into a folder in the order given, and remove others of it before.

    What takes room comes first: until all contents are on the disk, everything is as it was.
    Raises: OSError, which names the file.
    """
    unfinished: dict[str, Path] = {}
    try:
        for name, content in contents.items():
            unfinished[name] = _unfinished(folder / name, content)
        for name in instead_of:
            (folder / name).unlink(missing_ok=True)
        for name in contents:
            unfinished[name].replace(folder / name)
            del unfinished[name]
    finally:
        for path in unfinished.values():
            path.unlink(missing_ok=True)


def remove_unfinished(folder: Path) -> None:
    """Remove what killed runs have left half written in a folder and those within it; nobody may be writing there."""
    for pattern in (f"{_UNFINISHED}*", f"*/{_UNFINISHED}*"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)


def _unfinished(path: Path, content: bytes) -> Path:
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=_UNFINISHED)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                # A kill loses nothing that was written, but some file systems say only here that there is no room, and
                # after a crash of the machine a name could be there without its content. Beside minutes of grading this
                # costs nothing. The folder is not synchronised: a name that a crash loses is graded again.
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as problem:
        raise OSError(problem.errno, problem.strerror, str(path)) from problem
    return Path(name)
