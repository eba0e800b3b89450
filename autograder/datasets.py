"""The data sets of a grading: the photographs in use, and the coded copies with which submissions are probed."""

import hashlib
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray
from PIL import Image

from autograder.locking import taking_turns
from fixtures.catalogue import FOLDERS, SIDES, Photograph, Shoe
from fixtures.coded import Codebook, normalised, write_coded_picture
from fixtures.shoes import write_shoes

STRIDE = 4
_NAME = re.compile(r"u(\d+)_([123])_(left|right)_\w+\.\w+")
# Raise it when the drawings or the codes change, so that nobody grades on yesterday's.
_VERSION = 1


class UnusableData(ValueError):
    """A folder is no data set of this course; the message says what is missing."""


@dataclass(frozen=True)
class DataSet:
    """A folder with `train`, `test_w` and `test_m`, and the photographs in it."""

    folder: Path
    photographs: tuple[Photograph, ...]

    @cached_property
    def digest(self) -> str:
        """sha256 over the names and contents of all photographs."""
        total = hashlib.sha256()
        for photograph in self.photographs:
            path = self.folder / photograph.shoe.folder / photograph.file_name
            total.update(f"{photograph.shoe.folder}/{photograph.file_name}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
        return total.hexdigest()

    def students(self, folder: str) -> tuple[int, ...]:
        """The students of a folder, ascending."""
        return tuple(sorted({p.shoe.student for p in self.photographs if p.shoe.folder == folder}))

    @property
    def students_without_png(self) -> tuple[int, ...]:
        """The students of `train` less those whose files end in `.png`."""
        png = {p.shoe.student for p in self.photographs if p.file_name.lower().endswith(".png")}
        return tuple(number for number in self.students("train") if number not in png)


def read_data_set(folder: Path) -> DataSet:
    """Find the photographs of a data set.

    Raises: UnusableData.
    """
    photographs = []
    for name in FOLDERS:
        if not (folder / name).is_dir():
            raise UnusableData(f"{folder} has no folder {name}; it should hold {', '.join(FOLDERS)}")
        found = []
        for path in (folder / name).iterdir():
            match = _NAME.fullmatch(path.name)
            if match:
                shoe = Shoe(name, int(match[1]), int(match[2]), SIDES.index(match[3]))
                found.append(Photograph(shoe, path.name))
        if not found:
            raise UnusableData(f"{folder / name} holds no photograph with a name such as u007_2_left_m.jpg")
        photographs += sorted(found, key=lambda photograph: photograph.shoe)
    return DataSet(folder.resolve(), tuple(photographs))


def cache_folder() -> Path:
    """Where data sets that are made once are kept; AUTOGRADER_CACHE names another place."""
    named = os.environ.get("AUTOGRADER_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("shoe-pair-autograder", appauthor=False))


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """A folder of the cache, made by `make` if it is not there yet; whoever comes second waits for the first.

    It may be killed at any moment: the folder is there as a whole or not at all, and who comes next makes it.
    """
    folder = cache_folder() / name
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with taking_turns(folder.parent / f".{name}.lock") as lock:
        if folder.is_dir():
            return folder
        if lock.certain:  # then whoever made these was killed
            for leftover in folder.parent.glob(f".{name}-*"):
                shutil.rmtree(leftover, ignore_errors=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder.parent))
        try:
            make(unfinished)
            unfinished.chmod(0o755)
            # The name must not outlive a crash of the machine without the pictures: nobody would look at them again.
            os.sync()
            unfinished.rename(folder)
        except OSError as problem:
            # Where files cannot be locked, two may have done the same work, and the other was sooner.
            if not folder.is_dir():
                problem.filename = problem.filename or str(folder)
                raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def synthetic_data() -> Path:
    """The embedded data set: synthetic shoes, made once."""
    return made_once(f"synthetic-{_VERSION}", write_shoes)


class CodedData:
    """The coded copy of a data set: the same names and file formats, other pictures.

    as_handed_out: the folder; all_jpg: the same with the `.png` files named `.jpg`, None where there are none.
    """

    def __init__(self, data: DataSet, seed: int) -> None:
        self.data = data
        self.codebook = Codebook([photograph.shoe for photograph in data.photographs], seed)
        self._seed = seed
        self._row = {photograph.shoe: row for row, photograph in enumerate(data.photographs)}

    @cached_property
    def _folder(self) -> Path:
        names = "\n".join(f"{p.shoe.folder}/{p.file_name}" for p in self.data.photographs)
        formats = self._formats()
        key = hashlib.sha256(f"{_VERSION}\n{self._seed}\n{names}\n{sorted(formats.items())}".encode()).hexdigest()[:24]
        return made_once(f"coded-{key}", lambda folder: self._write(folder, formats))

    @property
    def as_handed_out(self) -> Path:
        return self._folder / "data"

    @property
    def all_jpg(self) -> Path | None:
        folder = self._folder / "all_jpg"
        return folder if folder.is_dir() else None

    @cached_property
    def _expected(self) -> NDArray[np.uint8]:
        return np.load(self._folder / "expected.npy", mmap_mode="r")

    def expected(self, shoe: Shoe) -> NDArray[np.uint8]:
        """Every fourth pixel of a shoe's picture as its file gives it: uint8 [56, 56, 3]."""
        return self._expected[self._row[shoe]]

    def expected_whole(self, photograph: Photograph) -> NDArray[np.uint8]:
        """A shoe's picture as its file gives it: uint8 [224, 224, 3]."""
        with Image.open(self.as_handed_out / photograph.shoe.folder / photograph.file_name) as picture:
            return np.asarray(picture.convert("RGB"))

    def _formats(self) -> dict[str, tuple[str, str]]:
        """Format and mode of every file of the data set by its name, since a loader may see the difference."""
        formats = {}
        for photograph in self.data.photographs:
            key = f"{photograph.shoe.folder}/{photograph.file_name}"
            try:
                with Image.open(self.data.folder / key) as picture:
                    formats[key] = (picture.format or "PNG", picture.mode)
            except OSError as problem:
                raise UnusableData(f"{self.data.folder / key} is no picture: {problem}") from problem
        return formats

    def _write(self, folder: Path, formats: dict[str, tuple[str, str]]) -> None:
        expected = np.empty((len(self.data.photographs), 224 // STRIDE, 224 // STRIDE, 3), dtype=np.uint8)
        for name in FOLDERS:
            (folder / "data" / name).mkdir(parents=True)

        def write(row: int) -> None:
            photograph = self.data.photographs[row]
            key = f"{photograph.shoe.folder}/{photograph.file_name}"
            write_coded_picture(self.codebook, photograph.shoe, folder / "data" / key, formats[key])
            with Image.open(folder / "data" / key) as picture:
                expected[row] = np.asarray(picture.convert("RGB"))[::STRIDE, ::STRIDE]

        with ThreadPoolExecutor() as threads:
            list(threads.map(write, range(len(self.data.photographs))))
        np.save(folder / "expected.npy", expected)
        if any(p.file_name.lower().endswith(".png") for p in self.data.photographs):
            self._link_all_jpg(folder)

    def _link_all_jpg(self, folder: Path) -> None:
        for photograph in self.data.photographs:
            target = folder / "all_jpg" / photograph.shoe.folder / Path(photograph.file_name).with_suffix(".jpg").name
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(folder / "data" / photograph.shoe.folder / photograph.file_name, target)


class Photographs:
    """The photographs of a data set as right arrays, loaded when they are first asked for and then kept."""

    def __init__(self, data: DataSet) -> None:
        self.data = data
        self._files = {photograph.shoe: photograph.file_name for photograph in data.photographs}
        self._students: dict[str, tuple[int, ...]] = {}
        self._loading = threading.Lock()
        self._arrays: dict[str, NDArray[np.uint8]] = {}

    def students(self, folder: str) -> tuple[int, ...]:
        """The students of a folder, ascending."""
        if folder not in self._students:
            self._students[folder] = self.data.students(folder)
        return self._students[folder]

    def array(self, folder: str, students: Sequence[int]) -> NDArray[np.float32]:
        """What a right loader makes of some students of a folder: float32 [N, 3, 2, 224, 224, 3]."""
        everyone = list(self.students(folder))
        rows = [everyone.index(student) for student in students]
        return normalised(self._pixels(folder)[rows])

    def picture(self, shoe: Shoe) -> NDArray[np.uint8] | None:
        """One photograph as its file gives it, uint8 [224, 224, 3]; None where the data set has none of this shoe.

        Raises: UnusableData.
        """
        if shoe not in self._files:
            return None
        loaded = self._arrays.get(shoe.folder)
        if loaded is None:
            return self._read(shoe)
        return loaded[self.students(shoe.folder).index(shoe.student), shoe.pair - 1, shoe.side]

    def _pixels(self, folder: str) -> NDArray[np.uint8]:
        with self._loading:
            if folder not in self._arrays:
                self._arrays[folder] = self._load(folder)
            return self._arrays[folder]

    def _load(self, folder: str) -> NDArray[np.uint8]:
        students = self.students(folder)
        pixels = np.zeros((len(students), 3, 2, 224, 224, 3), dtype=np.uint8)
        places = [
            (Shoe(folder, student, pair, side), (row, pair - 1, side))
            for row, student in enumerate(students)
            for pair in (1, 2, 3)
            for side in (0, 1)
        ]

        def load(place: tuple[Shoe, tuple[int, int, int]]) -> None:
            shoe, index = place
            if shoe in self._files:
                pixels[index] = self._read(shoe)

        with ThreadPoolExecutor() as threads:
            list(threads.map(load, places))
        return pixels

    def _read(self, shoe: Shoe) -> NDArray[np.uint8]:
        path = self.data.folder / shoe.folder / self._files[shoe]
        try:
            with Image.open(path) as picture:
                pixels = np.asarray(picture.convert("RGB"))
        except (OSError, ValueError) as problem:
            raise UnusableData(f"{path} is no picture of 224 x 224: {problem}") from problem
        if pixels.shape != (224, 224, 3):
            raise UnusableData(f"{path} is no picture of 224 x 224 but of {pixels.shape[1]} x {pixels.shape[0]}")
        return pixels
