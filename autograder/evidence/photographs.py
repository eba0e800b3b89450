"""The photographs of the shoes that figures speak of, small enough for a page.

They are the data set's own, whatever a submission made of them. Imaginary students, on whom trainings are watched, have
none, and are shown with those of others.
"""

import io
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from autograder.datasets import Photographs
from autograder.evidence.figures import Figure, ShownShoe, TwoShoes
from fixtures.catalogue import SIDES, Shoe

SIZE, QUALITY = 112, 75
# Of a report's photographs together, each counted as often as it is shown; a page holds a third more as text.
MOST_BYTES = 220_000


def photographs_of(figures: Mapping[str, Figure], photographs: Photographs) -> dict[str, bytes]:
    """A JPEG picture of each shoe in some figures, `SIZE` pixels wide and high, by the shoe's name; of as many as there
    is room for.

    Raises: UnusableData, where the data set has changed.
    """
    pictures: dict[str, bytes] = {}
    total = 0
    for shown in _shoes(figures):
        small = pictures.get(shown.name)
        if small is None:
            pixels = photographs.picture(_standing_for(shown, photographs.students(shown.folder)))
            if pixels is None:
                continue
            small = _small(pixels)
        total += len(small)
        if total > MOST_BYTES:
            break
        pictures[shown.name] = small
    return pictures


def _shoes(figures: Mapping[str, Figure]) -> Iterator[ShownShoe]:
    for question in sorted(figures):
        for part in figures[question]:
            if isinstance(part, TwoShoes):
                yield from (shoe for shoe in part.shoes if shoe is not None)


def _standing_for(shown: ShownShoe, known: Sequence[int]) -> Shoe:
    """The shoe whose photograph is shown: the same one, or that of another student where there is no such student."""
    student = shown.student if shown.student in known or not known else known[shown.student % len(known)]
    return Shoe(shown.folder, student, shown.pair, SIDES.index(shown.side))


def _small(pixels: NDArray[np.uint8]) -> bytes:
    made = io.BytesIO()
    small = Image.fromarray(pixels).reduce(len(pixels) // SIZE)
    small.save(made, format="JPEG", quality=QUALITY)
    return made.getvalue()
