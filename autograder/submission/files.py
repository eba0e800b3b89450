"""The files of a submission, wherever they lie: one file, a folder, a zip archive, or archives within these."""

import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.submission.contents import Kind, kind_of
from autograder.submission.notebook import Unreadable

# Copies that programs make by themselves.
_PASSED_OVER = frozenset({".ipynb_checkpoints", "__MACOSX", "__pycache__", ".git", ".vscode", ".idea", ".venv", "venv"})
_CHECKPOINTS = ".ipynb_checkpoints"
# Photographs are the grader's to bring, and arrays of them cannot be traced back to their files.
NEVER_UNPACKED = frozenset(
    {".jpg", ".jpeg", ".png", ".gif", ".heic", ".mp4", ".mov", ".npy", ".npz", ".h5", ".hdf5", ".zarr", ".pdf"}
)
_DEEPEST = 3
_MOST_ENTRIES = 20_000
_MOST_FILES = 500
_MOST_BYTES = 512 * 2**20
_CHUNK = 2**20


@dataclass(frozen=True)
class File:
    """name: where a file lies within the submission, with forward slashes; path: where it can be read."""

    name: str
    path: Path

    @property
    def parts(self) -> tuple[str, ...]:
        return PurePosixPath(self.name).parts

    @property
    def last_name(self) -> str:
        return self.parts[-1] if self.parts else self.name

    @property
    def is_copy(self) -> bool:
        """Whether it is a copy that a program made by itself."""
        return any(part in _PASSED_OVER for part in self.parts[:-1]) or self.last_name.startswith("._")


@dataclass(frozen=True)
class Files:
    """What a submission consists of, in the order of its names.

    kinds: what each file is by its content; notes: what was left packed, and why; unpacked: the folder that holds what
    came out of archives, which goes when nothing refers to it any more.
    """

    files: tuple[File, ...]
    kinds: dict[str, Kind]
    notes: tuple[str, ...] = ()
    unpacked: tempfile.TemporaryDirectory[str] | None = None

    def of_kind(self, kind: Kind) -> list[File]:
        return [file for file in self.files if self.kinds[file.name] is kind]


def find_files(path: Path) -> Files:
    """The files of a submission; those in archives are unpacked.

    Raises: Unreadable, where there is nothing at the path or it is an archive that cannot be unpacked.
    """
    if not path.exists():
        raise Unreadable(f"{path.name} does not exist")
    if path.is_dir():
        listed = [File(p.relative_to(path).as_posix(), p) for p in sorted(path.rglob("*")) if _is_plain_file(p)]
    elif path.is_file():
        listed = [File(path.name, path)]
    else:
        raise Unreadable(f"{path.name} is no ordinary file")
    return _Unpacking().all_of(listed, alone=not path.is_dir())


def _is_plain_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


class _Unpacking:
    """One walk through a submission's files and archives."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._kinds: dict[str, Kind] = {}
        self._files: list[File] = []
        self._notes: list[str] = []
        self._bytes_left = _MOST_BYTES
        self._count = 0

    def all_of(self, listed: list[File], alone: bool) -> Files:
        for file in listed:
            kind = kind_of(file.path, file.last_name)
            if kind is Kind.ARCHIVE and not file.is_copy:
                self._unpack(file, "" if alone else file.name, 1)
            else:
                self._keep(file, kind)
        if alone and not self._files and self._notes:
            raise Unreadable(self._notes[0])
        kept = [file for file in self._files if not file.is_copy]
        if not any(self._kinds[file.name] in (Kind.NOTEBOOK, Kind.CODE) for file in kept):
            kept += self._rescued([file for file in self._files if file.is_copy])
        kept.sort(key=lambda file: file.name)
        return Files(tuple(kept), self._kinds, tuple(self._notes), self._folder)

    def _rescued(self, copies: list[File]) -> list[File]:
        """Where nothing but what Jupyter saved by itself was handed in, that is better than nothing."""
        rescued = [file for file in copies if _CHECKPOINTS in file.parts and not file.last_name.startswith("._")]
        if rescued:
            self._notes.append(f"nothing but {rescued[0].name} was handed in, a copy that Jupyter saved by itself")
        return rescued

    def _keep(self, file: File, kind: Kind) -> None:
        self._files.append(file)
        self._kinds[file.name] = kind

    def _unpack(self, archive: File, within: str, depth: int) -> None:
        try:
            with zipfile.ZipFile(archive.path) as opened:
                for entry in self._worth_unpacking(archive, opened):
                    name = str(PurePosixPath(within, entry.filename.replace("\\", "/")))
                    file = File(name, self._written(opened, entry))
                    kind = kind_of(file.path, file.last_name)
                    if kind is Kind.ARCHIVE and depth < _DEEPEST:
                        self._unpack(file, name, depth + 1)
                    else:
                        self._keep(file, kind)
        except _TooLarge:
            self._notes.append(f"{archive.name} was unpacked in part: it holds more than {_MOST_BYTES // 2**20} MiB")
        except RuntimeError:
            self._notes.append(f"{archive.name} is locked with a password; hand it in without one")
        except (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, ValueError, EOFError) as problem:
            self._notes.append(f"{archive.name} is a zip archive that is cut off or damaged ({problem})")

    def _worth_unpacking(self, archive: File, opened: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
        entries = opened.infolist()
        if len(entries) > _MOST_ENTRIES:
            self._notes.append(f"of {archive.name} only the first {_MOST_ENTRIES} entries were looked at")
        for entry in entries[:_MOST_ENTRIES]:
            name = PurePosixPath(entry.filename.replace("\\", "/"))
            linked = stat.S_ISLNK(entry.external_attr >> 16)
            if entry.is_dir() or linked or not name.name or name.suffix.lower() in NEVER_UNPACKED:
                continue
            if self._count == _MOST_FILES:
                self._notes.append(f"of {archive.name} only {_MOST_FILES} files were unpacked")
                return
            self._count += 1
            yield entry

    def _written(self, opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Path:
        # Under a number of its own: what an archive calls its entries decides about no path here.
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="autograder-unpacked-")
        path = Path(self._folder.name) / str(self._count)
        with opened.open(entry) as packed, path.open("wb") as file:
            # What an archive says of its sizes may be wrong, so that bytes are counted as they come.
            while part := packed.read(_CHUNK):
                self._bytes_left -= len(part)
                if self._bytes_left < 0:
                    raise _TooLarge
                file.write(part)
        return path


class _TooLarge(Exception):
    """An archive holds more than is unpacked."""
