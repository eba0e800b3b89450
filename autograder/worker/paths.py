"""Leads a submission's paths to the data set in use, and what it writes into its scratch folder.

A path into somebody's Drive, home or Windows disk is led by its longest tail that matches the data: everything from
`train`, `test_w` or `test_m` onwards. The submission goes on seeing its own paths, so that code which splits them by
`/` and takes the seventh part still finds what it expects. Since glob, pathlib, Pillow, matplotlib and numpy all open
files through `os` and `open`, these are what is redirected.
"""

import builtins
import glob
import hashlib
import io
import os
import posixpath
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import torch

from autograder.submission.module_names import plain_stem

_FOLDER_NAMES = {
    "train": "train training traindata trainset trainimages trainingdata trainingset trainfolder",
    "test_w": "testw testwomen testwomens womentest womenstest testdataw testwdata testfemale women womens wtest",
    "test_m": "testm testmen testmens mentest menstest testdatam testmdata testmale men mens mtest",
}
FOLDER_OF = {name: folder for folder, names in _FOLDER_NAMES.items() for name in names.split()}
# A relative folder that is not there is taken for the folder of the data where its name says so.
_DATA_LIKE = re.compile(r"data|assign|drive|shoe|photo|image|hw|ex\d|content|course|project", re.IGNORECASE)
# Folders that a notebook makes itself and asks for before it has made them.
_MADE_LATER = re.compile(
    r"cache|checkpoint|ckpt|model|weight|output|result|saved?|npy|arrays|runs|logs|plots|figures", re.IGNORECASE
)
_START_FOLDER = "/content"
_system = {name: getattr(os, name) for name in ("listdir", "scandir", "stat", "lstat", "fspath", "getcwd")}
_system_open = builtins.open


class Redirection:
    """Where each of a submission's paths leads.

    data: the data set in use, None where a program needs none; scratch: holds whatever is written; seed: decides the
    order in which folders are listed, since no file system promises any; beside: the submission's other files, path by
    name, which are found by their names wherever the submission looks for them.
    """

    def __init__(self, data: Path | None, scratch: Path, seed: int, beside: Mapping[str, str] | None = None) -> None:
        self._data = data
        self._seed = seed
        self._written = str(scratch / "files")
        self.folder = _START_FOLDER
        real = (sys.prefix, sys.base_prefix, str(scratch), "/usr", "/lib", "/proc", "/sys", "/dev", "/etc")
        self._real = tuple({os.path.realpath(p) for p in real if p} | {p for p in real if p})
        self._beside = {name.rsplit("/", 1)[-1].lower(): path for name, path in sorted((beside or {}).items())}
        self._given = frozenset((beside or {}).values())
        self._beside_modules = {plain_stem(name): path for name, path in self._beside.items() if ".py" in name}
        self._files: dict[str, str] = {}
        if data is not None:
            for folder in _FOLDER_NAMES:
                if (data / folder).is_dir():
                    self._files |= {name: f"{data}/{folder}/{name}" for name in _system["listdir"](data / folder)}

    def virtual(self, path: str) -> str:
        """A path as the submission means it: absolute, with forward slashes, without `..`."""
        text = path.replace("\\ ", " ").strip().strip("'\"")
        text = re.sub(r"^(file://|[A-Za-z]:(?=[\\/]))", "", text).replace("\\", "/")
        text = re.sub(r"^~", "/root", text)
        return posixpath.normpath(posixpath.join(self.folder, text)).replace("//", "/")

    def lead(self, path: str, writing: bool = False) -> str:
        """The real path that one of the submission's paths stands for; it need not exist."""
        if path.startswith(self._real) or path in self._given:
            return path
        virtual = self.virtual(path)
        written = self._written + virtual
        if writing:
            _make_folders(posixpath.dirname(written))
            return written
        if _exists(written) and not _system_is_dir(written):
            return written
        found = self._in_data(virtual)
        if found is not None and _exists(found):
            return found
        if _exists(written):
            return written
        beside = self._lying_beside(virtual.rsplit("/", 1)[-1])
        if beside is not None:
            return beside
        if self._data is not None and self._may_be_data_folder(path, virtual):
            return str(self._data)
        return written

    def _in_data(self, virtual: str) -> str | None:
        if self._data is None:
            return None
        parts = [part for part in virtual.split("/") if part]
        known = False
        for start, part in enumerate(parts):
            folder = FOLDER_OF.get(re.sub(r"[\W_]", "", part).lower())
            if folder is not None and _exists(f"{self._data}/{folder}"):
                found = "/".join([str(self._data), folder, *parts[start + 1 :]])
                if not known and _exists(found):
                    return found
                known = True
        if known:
            return None
        return self._files.get(parts[-1]) if parts else None

    def _lying_beside(self, name: str) -> str | None:
        found = self._beside.get(name.lower())
        if found is None and name.endswith(".py"):
            found = self._beside_modules.get(plain_stem(name))
        return found

    def _may_be_data_folder(self, path: str, virtual: str) -> bool:
        last = virtual.rsplit("/", 1)[-1]
        if re.search(r"\.\w{1,5}$", last) or any(sign in virtual for sign in "*?[") or _MADE_LATER.search(last):
            return False
        if any(FOLDER_OF.get(re.sub(r"[\W_]", "", part).lower()) for part in virtual.split("/")):
            return False
        absolute = path.startswith(("/", "~", "\\")) or re.match(r"[A-Za-z]:", path) is not None
        return (
            absolute
            or last == posixpath.basename(self.folder)
            or _DATA_LIKE.search(virtual[len(self.folder) :]) is not None
        )

    def shuffled(self, names: list[str]) -> list[str]:
        """Names in an order that is neither sorted nor left to chance."""
        return sorted(names, key=lambda name: hashlib.sha1(f"{self._seed}{name}".encode()).digest())

    def names_in(self, path: str) -> list[str]:
        """What a folder of the submission holds: the data's files, and what was written there."""
        led_to = self.lead(path)
        written = self._written + self.virtual(path)
        if path.startswith(self._real):
            return _system["listdir"](path)
        names = set(_system["listdir"](led_to))
        if led_to != written and _system_is_dir(written):
            names |= set(_system["listdir"](written))
        return self.shuffled(list(names))


class Entry:
    """What `os.scandir` gives for a file, under the submission's own path."""

    def __init__(self, folder: str, name: str, real: str) -> None:
        self.name = name
        self.path = posixpath.join(folder, name)
        self._real = real

    def __fspath__(self) -> str:
        return self.path

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return _system["stat"](self._real, follow_symlinks=follow_symlinks)

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return stat.S_ISDIR(self.stat().st_mode)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return stat.S_ISREG(self.stat().st_mode)

    def is_symlink(self) -> bool:
        return False

    def is_junction(self) -> bool:
        return False

    def inode(self) -> int:
        return self.stat().st_ino


class Scan:
    """An iterator over entries that can be closed, as `os.scandir` gives it."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[Entry]:
        return self._entries

    def __next__(self) -> Entry:
        return next(self._entries)

    def __enter__(self) -> "Scan":
        return self

    def __exit__(self, *problem: object) -> None:
        return None

    def close(self) -> None:
        pass


_redirection: Redirection | None = None


def led(path: Any, writing: bool = False) -> Any:
    """Where a path given by a submission leads; what is no path (a descriptor, an open file) is left alone."""
    if (
        _redirection is None
        or isinstance(path, int | bytes)
        or (not hasattr(path, "__fspath__") and not isinstance(path, str))
    ):
        return path
    return _redirection.lead(os.fspath(path), writing)


def redirect_files(data: Path | None, scratch: Path, seed: int, beside: Mapping[str, str] | None = None) -> None:
    """Redirect Python's own ways to files, from now on and for good: the process is a worker."""
    global _redirection
    _redirection = redirection = Redirection(data, scratch, seed, beside)

    def listdir(path: Any = ".") -> list[str]:
        if isinstance(path, int | bytes):
            return _system["listdir"](path)
        names: list[str] = _with_own_path(lambda real: redirection.names_in(os.fspath(path)), path, path)
        return names

    def scandir(path: Any = ".") -> Any:
        if isinstance(path, int | bytes) or os.fspath(path).startswith(redirection._real):
            return _system["scandir"](path)
        text = os.fspath(path)
        return Scan([Entry(text, name, redirection.lead(posixpath.join(text, name))) for name in listdir(path)])

    def opened(file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
        writing = isinstance(mode, str) and any(sign in mode for sign in "wax+")
        return _with_own_path(_system_open, file, led(file, writing), mode, *rest, **named)

    def chdir(path: Any) -> None:
        redirection.folder = redirection.virtual(os.fspath(path))

    os.listdir, os.scandir = listdir, scandir  # type: ignore[assignment]
    builtins.open = io.open = opened
    os.chdir, os.getcwd = chdir, lambda: redirection.folder
    for name in ("stat", "lstat", "access", "readlink"):
        setattr(os, name, _redirected(getattr(os, name)))
    for name in ("mkdir", "remove", "unlink", "rmdir", "chmod", "truncate"):
        setattr(os, name, _redirected(getattr(os, name), writing=True))
    # Times and attributes of files are nobody's business here; but whoever sets times may ask whether a file is there.
    os.listxattr = lambda path=None, **named: []
    os.utime = lambda path, *times, **named: os.stat(path) and None  # noqa: PTH116
    for name in ("rename", "replace", "link", "symlink"):
        setattr(os, name, _redirected(getattr(os, name), writing=True, both=True))
    # Folders are removed by paths, which are redirected, and not by descriptors.
    shutil._use_fd_functions = False  # type: ignore[attr-defined]
    _redirect_os_open()
    _redirect_torch_save()
    _let_glob_read_windows_paths()


def _redirect_os_open() -> None:
    system_open = os.open

    @wraps(system_open)
    def opened(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if named.get("dir_fd") is not None:
            return system_open(path, flags, *rest, **named)
        real = led(path, writing=bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)))
        # With a descriptor of a folder, files could be removed from it past all that is redirected here.
        return int(
            _with_own_path(system_open, path, path if _system_is_dir(str(real)) else real, flags, *rest, **named)
        )

    os.open = opened


def _let_glob_read_windows_paths() -> None:
    # glob takes paths apart at the separator of this machine; what it finds is given back as it was asked for.
    # `glob.glob` calls `glob.iglob`, so it is enough to exchange the latter.
    found_by = glob.iglob

    @wraps(found_by)
    def found(pathname: Any, *rest: Any, **named: Any) -> Iterator[Any]:
        if not isinstance(pathname, str) or "\\" not in pathname or "/" in pathname:
            return found_by(pathname, *rest, **named)
        return (path.replace("/", "\\") for path in found_by(pathname.replace("\\", "/"), *rest, **named))

    glob.iglob = found


def _redirect_torch_save() -> None:
    # torch.save opens a file by name in C++.
    save = torch.save

    @wraps(save)
    def saved(obj: Any, f: Any, *rest: Any, **named: Any) -> Any:
        return save(obj, led(f, writing=True), *rest, **named)

    torch.save = saved


def _redirected(function: Callable[..., Any], writing: bool = False, both: bool = False) -> Callable[..., Any]:
    @wraps(function)
    def redirected(path: Any, *rest: Any, **named: Any) -> Any:
        if named.get("dir_fd") is None:
            if both and rest:
                rest = (led(rest[0], writing), *rest[1:])
            return _with_own_path(function, path, led(path, writing), *rest, **named)
        return function(path, *rest, **named)

    return redirected


def _with_own_path(function: Callable[..., Any], own: Any, real: Any, *rest: Any, **named: Any) -> Any:
    """Call a function with the real path; an error that names the path names the submission's own."""
    try:
        return function(real, *rest, **named)
    except OSError as problem:
        if problem.filename is not None and not isinstance(own, int):
            problem.filename = str(own)
            if problem.filename2 is not None:
                problem.filename2 = None
        raise


def _make_folders(path: str) -> None:
    missing = []
    while not _exists(path):
        missing.append(path)
        path = posixpath.dirname(path)
    for folder in reversed(missing):
        _system_mkdir(folder)


_system_mkdir = os.mkdir


def _exists(path: str) -> bool:
    try:
        _system["stat"](path)
    except (OSError, ValueError):
        return False
    return True


def _system_is_dir(path: str) -> bool:
    try:
        return stat.S_ISDIR(_system["stat"](path).st_mode)
    except (OSError, ValueError):
        return False
