"""The words in which it is said what a message of a worker may hold: numbers within bounds, short clean texts.

The process that sends it also runs a submission's code, so a message is taken for what it may be and not for what it
should be. Records of these types are made by pydantic, which looks at the length of a list before it looks into it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BeforeValidator, Field, Strict, TypeAdapter, ValidationError

from autograder.boundary.pipe import Arrays, Garbled

T = TypeVar("T")
_LARGEST_WHOLE = 2**31


class NotAnAnswer(Garbled):
    """A message is whole, and holds something else than what was asked for."""


@dataclass(frozen=True)
class Operation(Generic[T]):
    """Something that a worker can be asked to do. name: as the worker knows it; read: makes a record of structure and
    arrays of the reply, and raises NotAnAnswer where that cannot be done."""

    name: str
    read: Callable[[Mapping[str, Any], Arrays], T]


def reader(kind: type[T]) -> Callable[[Any], T]:
    """Makes records of a kind out of JSON values. What it returns raises NotAnAnswer."""
    adapter: TypeAdapter[T] = TypeAdapter(kind)

    def read(values: Any) -> T:
        try:
            return adapter.validate_python(values)
        # A number of thousands of digits has no words that the library could say it in.
        except (ValidationError, ValueError, OverflowError, RecursionError) as problem:
            raise NotAnAnswer("it holds something else than what was asked for") from problem

    return read


# --- numbers and texts

# Losses and logits may be infinite or none at all; that is for a check to say.
Number = Annotated[float, Strict()]
Truth = Annotated[bool, Strict()]
Whole = Annotated[int, Strict(), Field(ge=0, le=_LARGEST_WHOLE)]
Positive = Annotated[int, Strict(), Field(ge=1, le=_LARGEST_WHOLE)]
Share = Annotated[float, Strict(), Field(ge=0, le=1)]
Seconds = Annotated[float, Strict(), Field(ge=0, le=1e6)]
# No library that is in use here makes more axes than that.
Shape = Annotated[tuple[Whole, ...], Field(max_length=64)]


def clean(text: str) -> str:
    """A text as one line: no control characters, which could move a cursor, and no halves of characters, which no file
    could hold."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _kept(most: int) -> AfterValidator:
    return AfterValidator(lambda text: clean(text[:most]))


# Texts of one line, of which so many characters are kept: names of types and functions, ways to a value, messages.
Word = Annotated[str, Strict(), _kept(80)]
Phrase = Annotated[str, Strict(), _kept(200)]
Sentence = Annotated[str, Strict(), _kept(400)]


def first(most: int) -> Any:
    """For a list of which only the first entries are looked at."""
    return BeforeValidator(lambda values: values[:most] if isinstance(values, list) else values)


# --- arrays


def array_of(
    arrays: Arrays, name: str, kinds: str = "f", axes: int | None = None, shape: tuple[int, ...] | None = None
) -> NDArray[Any]:
    """An array of a message.

    Args: kinds: of numbers that it may hold, in numpy's letters; axes, shape: what it has to have, if that is known.
    Raises: NotAnAnswer.
    """
    array = arrays.get(name)
    if not isinstance(array, np.ndarray):
        raise NotAnAnswer("an array is missing")
    if array.dtype.kind not in kinds:
        raise NotAnAnswer(f"an array is of the type {array.dtype}")
    if (axes is not None and array.ndim != axes) or (shape is not None and array.shape != shape):
        raise NotAnAnswer("an array has another shape than what it was asked for")
    return array
