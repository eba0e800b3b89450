"""What a worker may note of a training: a record for each event, read once, here, from what came over the pipe.

`worker/watching.py` and `worker/training.py` are the other side.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from numpy.typing import NDArray
from pydantic import AfterValidator, Field, Strict

from autograder.boundary.checked import (
    NotAnAnswer,
    Number,
    Operation,
    Phrase,
    Seconds,
    Truth,
    Whole,
    Word,
    array_of,
    first,
    reader,
)
from autograder.boundary.pipe import Arrays
from autograder.boundary.replies import Facts, Fault, Said, outputs_of

# In one note: a whole data set may pass through a model at once, and be evaluated often between two steps.
_MOST_EVENTS, _MOST_ROWS, _MOST_COLUMNS, _MOST_NUMBERS = 20_000, 50_000, 8, 10_000
_MOST_SERIES = 500
_MOST_ARGUMENTS = 200
# Pictures are made small before they travel: the shorter side has at most 111 pixels.
_LONGEST_SIDE, _LARGEST_PICTURE = 1024, 2**20


def _even(rows: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    """Rows of one length; those of none are no rows."""
    lengths = {len(row) for row in rows}
    if len(lengths) > 1:
        raise ValueError("rows of different lengths")
    return () if lengths == {0} else rows


Rows = Annotated[
    tuple[Annotated[tuple[Number, ...], Field(max_length=_MOST_COLUMNS)], ...],
    Field(max_length=_MOST_ROWS),
    AfterValidator(_even),
]
Numbers = Annotated[tuple[Number, ...], Field(max_length=_MOST_NUMBERS)]
Ids = Annotated[tuple[Whole, ...], Field(max_length=_MOST_ROWS)]


@dataclass(frozen=True)
class Forward:
    """A forward pass through a network. ids: of the pictures; stored: of the same numbers in the order of memory."""

    kind: Literal["forward"]
    number: Annotated[Whole, Field(validation_alias="pass")]
    training: Truth
    layout: Word
    ids: Ids
    outputs: Rows
    learns: Truth = False
    stored: Ids = ()


@dataclass(frozen=True)
class Backward:
    """A backward pass. gradients: by the number of the forward pass that they came back through; left_over: the length
    of those that were there before, None where that was not seen."""

    kind: Literal["backward"]
    gradients: Annotated[dict[Annotated[int, Field(ge=0, le=2**31)], Rows], Field(max_length=1000)]
    loss: Number | None
    function: Word
    left_over: Annotated[Number | None, Field(validation_alias="left over")] = None


@dataclass(frozen=True)
class Stepped:
    """A step of an optimizer, or one by hand."""

    kind: Literal["step"]
    training: Annotated[tuple[Truth, ...], Field(max_length=_MOST_EVENTS)]
    gradient: Number
    change: Number
    downhill: Number | None
    held: Whole
    parameters: Whole
    rate: Number


@dataclass(frozen=True)
class Saved:
    """Something that was saved. what: in words; fits: whether it is the weights of the model; trained: whether these
    are others than those with which the training began."""

    kind: Literal["save"]
    what: Word
    fits: Truth
    trained: Truth


@dataclass(frozen=True)
class Drawn:
    """A line that was drawn or written to a file."""

    kind: Literal["drawn"]
    name: Phrase
    numbers: Numbers


Event = Forward | Backward | Stepped | Saved | Drawn


@dataclass(frozen=True)
class _Note:
    events: Annotated[tuple[Annotated[Event, Field(discriminator="kind")], ...], Field(max_length=_MOST_EVENTS)]
    # Its lines are read for numbers and shown to nobody, so it may hold what it likes.
    printed: Annotated[str, Strict()] | None = None


@dataclass(frozen=True)
class Note:
    """A message in the middle of a training. pictures: those not sent before, by their ids, float [2, height, width, 3]
    each."""

    events: tuple[Event, ...]
    printed: str
    pictures: Mapping[int, NDArray[Any]]


_read_note = reader(_Note)


def read_note(structure: Any, arrays: Arrays) -> Note:
    """Raises: NotAnAnswer."""
    note = _read_note(structure)
    pictures: dict[int, NDArray[Any]] = {}
    for name in arrays:
        if name.startswith("ids"):
            ids = array_of(arrays, name, "iu", axes=1)
            images = array_of(arrays, f"pictures{name[3:]}", axes=5)
            sides = images.shape[2:4]
            if len(images) != len(ids) or images.shape[1] != 2 or images.shape[4] != 3:
                raise NotAnAnswer("pictures of a training have another shape than two shoes have")
            if not all(0 < side <= _LONGEST_SIDE for side in sides) or images[:1].nbytes > _LARGEST_PICTURE:
                raise NotAnAnswer("pictures of a training have sides that no picture has")
            # A copy of its own for each: one that is kept shall not keep the others of its message.
            pictures |= {int(number): image.copy() for number, image in zip(ids, images, strict=True)}
    if any(not 0 <= number <= 2**31 for number in pictures):
        raise NotAnAnswer("a picture has a number that none has")
    return Note(note.events, note.printed or "", pictures)


# --- questions in the middle of a training


@dataclass(frozen=True)
class _Called:
    arguments: Annotated[dict[Phrase, Facts], Field(max_length=_MOST_ARGUMENTS)]


@dataclass(frozen=True)
class _Looked:
    step: Whole


_read_called, _read_looked = reader(_Called), reader(_Looked)


def arguments_told(structure: Any) -> dict[str, Facts]:
    """What a training function is called with, by parameter. Raises: NotAnAnswer."""
    return _read_called(structure).arguments


def outputs_shown(structure: Any, arrays: Arrays, pictures: int) -> tuple[int, dict[str, Said]]:
    """After how many steps a network was looked at, and what it says of so many pictures, by mode: "evaluation" and
    perhaps "batch statistics". Raises: NotAnAnswer."""
    outputs = {"evaluation": outputs_of(arrays, "evaluation", pictures)}
    if "batch statistics" in arrays:
        outputs["batch statistics"] = outputs_of(arrays, "batch statistics", pictures)
    return _read_looked(structure).step, outputs


# --- the end of a training


@dataclass(frozen=True)
class SeriesTold:
    """Numbers in a row, and the way to them."""

    name: Phrase
    numbers: Numbers


Series = Annotated[tuple[SeriesTold, ...], first(_MOST_SERIES)]


@dataclass(frozen=True)
class _Left:
    series: Series = ()


@dataclass(frozen=True)
class Ending:
    """How a training ended. seconds: of processor time, watching: those for watching it; problem: the exception that
    ended it, or none; returned: what the function gave back; series: the numbers that it left."""

    ended: Literal["by itself", "steps", "seconds", "enough"]
    seconds: Seconds
    watching: Seconds
    returned: Facts
    problem: Fault | None = None
    series: Series = ()


_read_left, _read_ending = reader(_Left), reader(Ending)
TRAIN = Operation("train", lambda structure, arrays: _read_ending(structure))


def series_left(structure: Any) -> tuple[SeriesTold, ...]:
    """The numbers that a training left, alone. Raises: NotAnAnswer."""
    return _read_left(structure).series
