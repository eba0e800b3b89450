"""The files of a submission, wherever they lie: one file, a folder, a zip archive, or archives within these."""

import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.submission.archives import (
    DAMAGED,
    NotUnpacked,
    TooLarge,
    is_file,
    is_sensible_name,
    opened_archive,
    place_of,
    unpack,
)
from autograder.submission.contents import MOST_TEXT, Kind, kind_by_name, kind_by_text
from autograder.submission.inert import inert
from autograder.submission.notebook import NothingThere, Unreadable

_CHECKPOINTS = ".ipynb_checkpoints"
# Copies that programs make by themselves.
_PASSED_OVER = frozenset({_CHECKPOINTS, "__MACOSX", "__pycache__", ".git", ".vscode", ".idea", ".venv", "venv"})
# Photographs are the grader's to bring, and arrays of them cannot be traced back to their files.
NEVER_UNPACKED = frozenset(
    {".jpg", ".jpeg", ".png", ".gif", ".heic", ".mp4", ".mov", ".npy", ".npz", ".h5", ".hdf5", ".zarr", ".pdf"}
)
_DEEPEST_ARCHIVE = 3
_MOST_ENTRIES = 20_000
_MOST_FILES = 500
_MOST_BYTES = 512 * 2**20
_MOST_ARCHIVES = 50
# Of files whose names do not tell what they are, so much is looked into in all.
_MOST_LOOKED_INTO = 2 * MOST_TEXT
_MOST_NOTES = 20
# What is unpacked before all else, so that large or numerous other files cost nobody a notebook.
_FIRST = (".ipynb", ".py", ".zip")


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

    kinds: what each file is by its content; notes: what was left packed or unread, and why; unpacked: the folder that
    holds what came out of archives, which goes when nothing refers to it any more.
    """

    files: tuple[File, ...]
    kinds: dict[str, Kind]
    notes: tuple[str, ...] = ()
    unpacked: tempfile.TemporaryDirectory[str] | None = None

    def of_kind(self, kind: Kind) -> list[File]:
        return [file for file in self.files if self.kinds[file.name] is kind]


def find_files(path: Path) -> Files:
    """The files of a submission; those in archives are unpacked. Nothing that is no ordinary file is opened.

    Raises: NothingThere, where there is nothing to read at the path; Unreadable for an archive that cannot be unpacked.
    """
    if not path.exists():
        raise NothingThere(f"{path.name} does not exist")
    if path.is_dir():
        listed, notes = files_in(path)
        return _Unpacking(notes).all_of(listed, alone=False)
    if path.is_file():
        return _Unpacking([]).all_of([File(path.name, path)], alone=True)
    raise NothingThere(f"{path.name} is no ordinary file")


def files_in(folder: Path) -> tuple[list[File], list[str]]:
    """The ordinary files in a folder, in the order of their names, and what is worth saying of the others.

    Links are not followed, wherever they lead: what they lead to was not handed in.
    """
    found: list[File] = []
    links: list[str] = []
    notes: list[str] = []
    waiting = [""]
    while waiting:
        within = waiting.pop()
        try:
            with os.scandir(folder / within) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError as problem:
            if not within:
                raise
            notes.append(f"the folder {within} cannot be read: {problem.strerror}")
            continue
        for entry in inside:
            name = f"{within}/{entry.name}" if within else entry.name
            if entry.is_symlink():
                links.append(name)
            elif not is_sensible_name(name):
                notes.append(f"{name} was left out: it lies deeper in folders, or has a longer name, than files do")
            elif entry.is_dir(follow_symlinks=False):
                waiting += [] if _is_passed_over(f"{name}/") else [name]
            elif entry.is_file(follow_symlinks=False):
                found.append(File(name, folder / name))
        if len(found) > _MOST_ENTRIES:
            notes.append(f"only the first {_MOST_ENTRIES} files were looked at")
            break
    if links:
        more = f" and {len(links) - 1} more" if len(links) > 1 else ""
        notes.append(f"{links[0]}{more} was left out: a link to another place; hand in the file itself")
    return sorted(found[:_MOST_ENTRIES], key=lambda file: PurePosixPath(file.name)), notes


class _Unpacking:
    """One walk through a submission's files and archives."""

    def __init__(self, notes: list[str]) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._kinds: dict[str, Kind] = {}
        self._files: dict[str, File] = {}
        self._notes = notes
        self._bytes_left = _MOST_BYTES
        self._text_left = _MOST_LOOKED_INTO
        self._count = 0
        self._archives = 0

    def all_of(self, listed: list[File], alone: bool) -> Files:
        """What a submission consists of, given the files that were handed in; alone: whether it is one file."""
        for file in listed:
            kind = self._kind_of(file)
            if kind is Kind.ARCHIVE and not file.is_copy:
                self._unpack(file, "" if alone else file.name, 1)
            else:
                self._keep(file, kind)
        notes = [inert(note) for note in self._notes]
        if alone and not self._files and notes:
            raise Unreadable(notes[0])
        if len(notes) > _MOST_NOTES:
            notes[_MOST_NOTES:] = [f"and {len(notes) - _MOST_NOTES} more notes of this kind"]
        kept = [file for file in self._files.values() if not file.is_copy]
        if not any(self._kinds[file.name] in (Kind.NOTEBOOK, Kind.CODE) for file in kept):
            rescued = self._rescued()
            kept += rescued
            if rescued:
                notes.append(inert(f"nothing but {rescued[0].name} was handed in, a copy that Jupyter saved by itself"))
        kept.sort(key=lambda file: file.name)
        return Files(tuple(kept), self._kinds, tuple(notes), self._folder)

    def _rescued(self) -> list[File]:
        """Where nothing but what Jupyter saved by itself was handed in, that is better than nothing."""
        copies = [file for file in self._files.values() if file.is_copy and _CHECKPOINTS in file.parts]
        return [file for file in copies if not file.last_name.startswith("._")]

    def _keep(self, file: File, kind: Kind) -> None:
        self._files[file.name] = file
        self._kinds[file.name] = kind

    def _kind_of(self, file: File) -> Kind:
        kind = kind_by_name(file.path, file.last_name)
        if kind is None:
            self._text_left -= file.path.stat().st_size
            kind = kind_by_text(file.path, file.last_name) if self._text_left >= 0 else Kind.OTHER
        return kind

    def _unpack(self, archive: File, within: str, depth: int) -> None:
        self._archives += 1
        if self._archives > _MOST_ARCHIVES:
            self._note(f"{archive.name} was left packed, since there are more than {_MOST_ARCHIVES} archives")
            return
        try:
            with opened_archive(archive.path) as opened:
                for place, entry in self._worth_unpacking(archive, opened):
                    self._unpack_entry(archive, opened, entry, str(PurePosixPath(within, place)), depth)
        except DAMAGED as problem:
            self._note(f"{archive.name} is a zip archive that is cut off or damaged ({problem})")

    def _unpack_entry(
        self, archive: File, opened: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, depth: int
    ) -> None:
        file = File(name, self._new_path())
        try:
            self._bytes_left -= unpack(opened, entry, file.path, self._bytes_left)
        except NotUnpacked as reason:
            self._note(f"{file.last_name} in {archive.name} was left out: {reason}")
            return
        except TooLarge:
            self._note(f"{archive.name} was unpacked in part: it holds more than {_MOST_BYTES // 2**20} MiB")
            return
        kind = self._kind_of(file)
        if kind is Kind.ARCHIVE and depth < _DEEPEST_ARCHIVE:
            self._unpack(file, name, depth + 1)
        else:
            self._keep(file, kind)

    def _worth_unpacking(self, archive: File, opened: zipfile.ZipFile) -> list[tuple[str, zipfile.ZipInfo]]:
        """The entries that are unpacked, each with its place, those first that a submission cannot do without."""
        entries = opened.infolist()
        if len(entries) > _MOST_ENTRIES:
            self._note(f"of {archive.name} only the first {_MOST_ENTRIES} entries were looked at")
        found: dict[str, zipfile.ZipInfo] = {}
        for entry in filter(is_file, entries[:_MOST_ENTRIES]):
            try:
                place = place_of(entry)
            except NotUnpacked as reason:
                self._note(f"{entry.filename[:60]} in {archive.name} was left out: {reason}")
                continue
            if not place or _is_passed_over(place) or PurePosixPath(place).suffix.lower() in NEVER_UNPACKED:
                continue
            if place in found:
                # Programs that unpack write one over the other.
                self._note(f"{archive.name} holds {place} more than once; the last one was taken")
            found[place] = entry
        if len(found) > _MOST_FILES - self._count:
            self._note(f"of {archive.name} only {_MOST_FILES} files were unpacked")
        ordered = sorted(found.items(), key=lambda item: (not item[0].lower().endswith(_FIRST), item[1].file_size))
        return ordered[: _MOST_FILES - self._count]

    def _note(self, words: str) -> None:
        if words not in self._notes:
            self._notes.append(words)

    def _new_path(self) -> Path:
        # Under a number of its own: what an archive calls its entries decides about no path here.
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="autograder-unpacked-")
        self._count += 1
        return Path(self._folder.name) / str(self._count)


def _is_passed_over(name: str) -> bool:
    """Whether a file lies among what programs keep for themselves. What Jupyter saved may be wanted after all."""
    return any(part in _PASSED_OVER - {_CHECKPOINTS} for part in name.split("/")[:-1])
