"""Question 1a: from a folder of photographs to one array.

A photograph is called `u007_2_left_m.jpg`: student 7, second pair, left shoe, a men's shoe. The name decides where a
photograph goes; its content decides how it is read, since many a `.jpg` of this course is really a PNG.
"""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

PAIRS = 3
LEFT, RIGHT = 0, 1
SIDES = {"left": LEFT, "right": RIGHT}
HEIGHT = WIDTH = 224
PHOTOGRAPH_NAME = re.compile(r"u(?P<student>\d+)_(?P<pair>[123])_(?P<side>left|right)_(?P<kind>[mw])\.\w+")

# Every 8-bit intensity, already normalised. Dividing by 255 brings the values into [0, 1]; subtracting 0.5 centres
# them on zero, so that the first layer sees dark as negative and bright as positive. With inputs of one sign only,
# all weights of a unit would have to grow or shrink together, and training crawls. Looking a value up in this table
# is exact (one rounding, from double precision) and faster than computing it fifty thousand times a photograph.
NORMALISED = (np.arange(256) / 255 - 0.5).astype(np.float32)


class IncompleteStudent(ValueError):
    """A student whose six photographs are not all there; the message names the first one that is missing."""


class UnreadablePhotograph(ValueError):
    """A file that is no picture of 224 x 224; the message names the file and what it is instead."""


def get_organized_data(folder: str | Path) -> NDArray[np.float32]:
    """Load a folder of shoe photographs, one row for each student.

    Files with other names (`.DS_Store`, a readme) are passed over.

    Returns: float32 [N, 3, 2, 224, 224, 3]: student (ascending number), pair, side (0 left, 1 right), height, width,
        colour (RGB), in [-0.5, 0.5]: 8-bit value / 255 - 0.5, alpha dropped (handout, question 1a).
    Raises: IncompleteStudent; UnreadablePhotograph; FileNotFoundError when there is no such folder.
    """
    places = {}
    for path in Path(folder).iterdir():
        name = PHOTOGRAPH_NAME.fullmatch(path.name)
        if name:
            places[int(name["student"]), int(name["pair"]) - 1, SIDES[name["side"]]] = path

    # Student numbers have gaps, so a student's row is the rank of the number and not the number itself.
    students = sorted({student for student, _, _ in places})
    data = np.empty((len(students), PAIRS, 2, HEIGHT, WIDTH, 3), dtype=np.float32)
    targets, paths = [], []
    for row, student in enumerate(students):
        for pair in range(PAIRS):
            for side, index in SIDES.items():
                if (student, pair, index) not in places:
                    raise IncompleteStudent(f"u{student:03d}_{pair + 1}_{side} is missing in {folder}")
                paths.append(places[student, pair, index])
                targets.append(data[row, pair, index])

    # Decoding a PNG releases the interpreter's lock, so threads really do work side by side here.
    with ThreadPoolExecutor() as threads:
        list(threads.map(_load_photograph, paths, targets))
    return data


def _load_photograph(path: Path, target: NDArray[np.float32]) -> None:
    """Fill `target`, [224, 224, 3], with one normalised photograph."""
    try:
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"))
    except (UnidentifiedImageError, OSError) as problem:
        raise UnreadablePhotograph(f"{path} is no picture that can be read: {problem}") from problem
    if pixels.shape != (HEIGHT, WIDTH, 3):
        raise UnreadablePhotograph(f"{path} is {pixels.shape[0]} x {pixels.shape[1]}, not {HEIGHT} x {WIDTH}")
    # mode="clip" lets numpy write into `target` directly; an 8-bit value is always inside the table anyway.
    np.take(NORMALISED, pixels, out=target, mode="clip")


def split_by_student(
    data: NDArray[np.float32], validation: Sequence[int] | int = 11
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Split an array [N, ...] into train and validation; no student is in both.

    If a student's photographs were in both, the model could recognise the floor instead of the shoes, and the
    validation accuracy would promise more than strangers' photographs can keep.

    Args: validation: which rows become the validation set, or how many, then spread evenly over all students.
    Raises: ValueError when either side would be empty.
    """
    if isinstance(validation, int):
        validation = [round(row) for row in np.linspace(0, len(data) - 1, num=validation + 2)[1:-1]]
    chosen = np.zeros(len(data), dtype=bool)
    chosen[list(validation)] = True
    if chosen.all() or not chosen.any():
        raise ValueError(f"{chosen.sum()} of {len(data)} students for validation leaves one side empty")
    return data[~chosen], data[chosen]
