"""What a worker may answer about a file of weights: a record for each operation, as in `replies.py`.

`worker/opening.py` and `worker/weights.py` are the other side.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from autograder.boundary.checked import NotAnAnswer, Operation, Phrase, Shape, Share, Truth, Whole, Word, reader
from autograder.boundary.pipe import Arrays


@dataclass(frozen=True)
class NotOpened:
    """Why there are no weights in a file. names: the first of what was refused, or of what it holds instead."""

    kind: Literal["cut off", "protocol", "refused", "no weights", "damaged"]
    names: Annotated[tuple[Phrase, ...], Field(max_length=8)] = ()
    model: Truth = False
    holds: Word = ""
    length: Whole = 0


@dataclass(frozen=True)
class State:
    """Weights within a file. place: the way to them; sizes: by the meaning of a parameter, what the model was built
    with."""

    place: Phrase
    sizes: Annotated[dict[Word, Annotated[int, Field(strict=True, ge=0, le=10**6)]], Field(max_length=20)]


@dataclass(frozen=True)
class Opened:
    """What a file of weights holds; either there is a problem or there are states."""

    problem: NotOpened | None = None
    states: Annotated[tuple[State, ...], Field(max_length=20)] = ()
    devices: Annotated[tuple[Word, ...], Field(max_length=20)] = ()


read_not_opened, _read_opened = reader(NotOpened), reader(Opened)


def _opened(structure: Mapping[str, Any], arrays: Arrays) -> Opened:
    opened = _read_opened(structure)
    if (opened.problem is None) != bool(opened.states):
        raise NotAnAnswer("a file holds weights and does not")
    return opened


OPEN_WEIGHTS = Operation("open_weights", _opened)


@dataclass(frozen=True)
class Difference:
    """What is in the way of weights that do not fit. model, file: the size of one entry here and there."""

    kind: Literal["names", "list", "size", "absent", "unused"]
    name: Phrase
    other: Phrase = ""
    length: Whole = 0
    model: Shape | None = None
    file: Shape | None = None


@dataclass(frozen=True)
class NotFinite:
    """Weights that are no numbers: the name of the first, and how many of how many there are."""

    name: Phrase
    count: Whole
    of: Whole


@dataclass(frozen=True)
class Fitting:
    """Which weights of a file fit a network. fits: by their number in the file; not_finite: those that hold no numbers;
    likeness: of those that come nearest, and what is in their way, different: in how many entries."""

    fits: Annotated[tuple[Whole, ...], Field(max_length=20)]
    not_finite: dict[Annotated[int, Field(ge=0, le=20)], NotFinite]
    likeness: Share
    differences: Annotated[tuple[Difference, ...], Field(max_length=8)]
    different: Whole


_read_fitting = reader(Fitting)


def fit_weights(states: int) -> Operation[Fitting]:
    """Which of so many states fit a network."""

    def read(structure: Mapping[str, Any], arrays: Arrays) -> Fitting:
        fitting = _read_fitting(structure)
        if any(number >= states for number in fitting.fits) or not (fitting.fits or fitting.differences):
            raise NotAnAnswer("weights fit that are not there")
        return fitting

    return Operation("fit_weights", read)
