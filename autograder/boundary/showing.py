"""Asking a worker for a notebook as HTML, which is read there since strangers decide what is in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, Strict

from autograder.boundary.as_html import MOST_HTML, MOST_PICTURES, SIDE, size
from autograder.boundary.checked import NotAnAnswer, Operation, array_of, reader
from autograder.boundary.pipe import Arrays
from autograder.boundary.replies import read_envelope
from autograder.boundary.workers import Template

_MOST_CELLS = 20_000
# Of processor time; a usual notebook takes a tenth of one.
_SECONDS = 15.0


@dataclass(frozen=True)
class NotebookAsHtml:
    """What a worker has made of a notebook; it is not fit for a page before `report/notebook.py` has seen to it.

    cells: the HTML of each cell, None where it would be too much; pictures: uint8 [H, W, 3], of which HTML speaks as
    `picture:0`, `picture:1`, ...
    """

    cells: Sequence[str | None]
    pictures: Sequence[NDArray[np.uint8]]


@dataclass(frozen=True)
class _Cells:
    cells: Annotated[
        tuple[Annotated[str, Strict(), Field(max_length=MOST_HTML)] | None, ...], Field(max_length=_MOST_CELLS)
    ]


_read_cells = reader(_Cells)


def _shown(structure: Mapping[str, Any], arrays: Arrays) -> NotebookAsHtml:
    cells = _read_cells(structure).cells
    if len(arrays) > MOST_PICTURES or sum(map(size, cells)) > MOST_HTML:
        raise NotAnAnswer("it is more than what was asked for")
    pictures = [array_of(arrays, f"picture{number}", axes=3, kinds="u") for number in range(len(arrays))]
    for picture in pictures:
        height, width, colours = picture.shape
        if picture.dtype != np.uint8 or not (0 < height <= SIDE and 0 < width <= SIDE and colours == 3):
            raise NotAnAnswer("a picture is none")
    return NotebookAsHtml(cells, pictures)


SHOW = Operation("show", _shown)


def notebook_as_html(template: Template, files: Sequence[Path], most_bytes: int) -> NotebookAsHtml:
    """The cells of some notebooks or scripts, in order.

    Raises: OSError where one cannot be read; WorkerStopped or NotAnAnswer where the worker could not do it.
    """
    contents = {}
    for number, file in enumerate(files):
        with file.open("rb") as opened:
            contents[f"{number:03d}{file.suffix}"] = np.frombuffer(opened.read(most_bytes), dtype=np.uint8)
    worker = template.fork(None, 0, shows=True)
    try:
        reply = worker.request(SHOW.name, {}, contents, processor_seconds=_SECONDS)
        if read_envelope(reply.structure).error is not None:
            raise NotAnAnswer("it could not be shown")
        return SHOW.read(reply.structure, reply.arrays)
    finally:
        worker.close()
