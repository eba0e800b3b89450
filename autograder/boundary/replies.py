"""What a worker may answer: a record for each operation, read once, here, from what came over the pipe.

`worker/calls.py` is the other side. Whoever asks gets one of these records or learns that the worker has lied, which
ends it; nobody behind this module looks into a message.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from numpy.typing import NDArray
from pydantic import Field

from autograder.boundary.checked import (
    NotAnAnswer,
    Number,
    Operation,
    Phrase,
    Positive,
    Sentence,
    Shape,
    Truth,
    Whole,
    Word,
    array_of,
    first,
    reader,
)
from autograder.boundary.pipe import LAST_LAYER, Arrays

Lengths = tuple[Whole, Whole, Whole, Whole]
Kind = (
    Literal["stand-in", "ellipsis", "none", "truth", "number", "text", "array", "tensor", "model", "class"]
    | Literal["dict", "tuple", "list", "callable", "other"]
)
_REAL = "fiub"
# An image of a known model is one of a coded picture, and a batch of them is small.
_MOST_BYTES_SHOWN = 64 * 2**20


# --- what every reply says besides


@dataclass(frozen=True)
class Fault:
    """An exception of the submission's code. cell, line: where in the notebook it came from, or in which module."""

    type: Word = "an exception"
    message: Sentence = ""
    cell: Whole | None = None
    module: Word = ""
    line: Whole | None = None
    function: Word = ""


@dataclass(frozen=True)
class Envelope:
    """error: what stopped the operation, None where nothing did; absent_modules: those that were imported and are not
    here; remarks: what is worth telling a student."""

    error: Fault | None = None
    absent_modules: Annotated[tuple[Word, ...], first(200)] = ()
    remarks: Annotated[tuple[Sentence, ...], first(200)] = ()


read_envelope = reader(Envelope)


# --- values


@dataclass(frozen=True)
class Facts:
    """What a value is. kind: what it is in a word; value: of a number, a text or a truth value; type: the name of its
    class; shape, dtype: of an array, or of a list of arrays that are all alike; items: the first few of what it holds,
    keys: theirs; convolution_weights: how many a network has."""

    kind: Kind
    value: Truth | Number | Phrase | None = None
    type: Word = ""
    module: Word = ""
    dtype: Word = ""
    shape: Shape | None = None
    length: Whole = 0
    keys: Annotated[tuple[Word, ...], Field(max_length=16)] = ()
    items: Annotated[tuple["Facts", ...], Field(max_length=16)] = ()
    convolution_weights: Whole = 0

    @property
    def number(self) -> float | None:
        """Its value where it is a number."""
        return float(self.value) if self.kind == "number" and isinstance(self.value, int | float) else None

    @property
    def what(self) -> str:
        """Its class, or its kind where that has no name."""
        return self.type or self.kind


@dataclass(frozen=True)
class _Described:
    value: Facts


_read_described = reader(_Described)


def _value(structure: Mapping[str, Any], arrays: Arrays) -> Facts:
    facts = _read_described(structure).value
    if facts.kind == "number" and facts.number is None:
        raise NotAnAnswer("a number has no value")
    return facts


def _nothing(structure: Mapping[str, Any], arrays: Arrays) -> None:
    return None


RUN = Operation("run", _nothing)
STORE = Operation("store", _nothing)
DESCRIBE = Operation("describe", _value)
CALL = Operation("call", _value)


def fetch(shape: tuple[int, ...] | None = None) -> Operation[NDArray[Any]]:
    """A part of an array; shape: what it has to have."""
    return Operation("fetch", lambda structure, arrays: array_of(arrays, "array", _REAL, shape=shape))


def part_shape(shape: Sequence[int], index: Sequence[Sequence[int | None]]) -> tuple[int, ...]:
    """The shape of a part of an array. index: [start, stop, step] for each axis."""
    parts = [slice(*bounds).indices(length) for length, bounds in zip(shape, index, strict=True)]
    return tuple(len(range(*part)) for part in parts)


@dataclass(frozen=True)
class DeclaredParameter:
    """A parameter of a function. default: its value where it is a number, a text or a truth value."""

    name: Phrase
    kind: Literal["positional only", "positional or keyword", "variadic positional", "keyword only", "variadic keyword"]
    has_default: Truth
    default: Truth | Annotated[int, Field(strict=True, ge=-(2**63), le=2**63)] | Number | Sentence | None = None


@dataclass(frozen=True)
class _Signature:
    parameters: Annotated[tuple[DeclaredParameter, ...], Field(max_length=500)]


@dataclass(frozen=True)
class _Names:
    names: Annotated[tuple[Phrase, ...], first(1000)]


_read_signature, _read_names = reader(_Signature), reader(_Names)
SIGNATURE = Operation("signature", lambda structure, arrays: _read_signature(structure).parameters)
ARRAYS = Operation("arrays", lambda structure, arrays: _read_names(structure).names)


# --- a forward pass


@dataclass(frozen=True)
class ConvolutionSeen:
    """An executed convolution: shapes of what went in, of what came out and of its weights; idle: whether the outputs
    do not depend on it."""

    kind: Literal["convolution"]
    before: Lengths
    after: Lengths
    weight: Lengths
    stride: tuple[Positive, Positive]
    padding: tuple[Whole, Whole]
    idle: Truth = False


@dataclass(frozen=True)
class LinearSeen:
    """An executed linear layer; map: the shape of the last map before it, if there was one; idle: whether the outputs
    do not depend on it."""

    kind: Literal["linear"]
    inward: Annotated[Whole, Field(validation_alias="in")]
    outward: Annotated[Whole, Field(validation_alias="out")]
    map: Lengths | None
    idle: Truth = False


@dataclass(frozen=True)
class ResizeSeen:
    """An operation that changed height or width."""

    kind: Literal["resize"]
    name: Word
    before: Lengths
    after: Lengths


LayerSeen = ConvolutionSeen | LinearSeen | ResizeSeen


@dataclass(frozen=True)
class _Forward:
    events: Annotated[tuple[Annotated[LayerSeen, Field(discriminator="kind")], ...], Field(max_length=2000)]
    kind: Word
    shape: Shape
    stopped: Fault | None = None


@dataclass(frozen=True)
class ForwardSeen:
    """A forward pass. kind: of what came out, shape: its own; output, alone: for the whole batch, and for its first two
    pictures; first_input: what reached the first convolution for the first picture, float [1, ...]."""

    events: tuple[LayerSeen, ...]
    kind: str
    shape: tuple[int, ...]
    stopped: Fault | None
    output: NDArray[Any] | None
    alone: NDArray[Any] | None
    first_input: NDArray[Any] | None


_read_forward = reader(_Forward)


def _forward(structure: Mapping[str, Any], arrays: Arrays) -> ForwardSeen:
    told = _read_forward(structure)
    output, alone, entered = (
        array_of(arrays, name) if name in arrays else None for name in ("output", "alone", "first_input")
    )
    # A shape is only as good as the numbers that have it.
    if (told.kind == "logits") != (output is not None) or (output is not None and output.shape != told.shape):
        raise NotAnAnswer("what came out has another shape than what is said of it")
    if entered is not None and entered.size == 0:
        entered = None
    return ForwardSeen(told.events, told.kind, told.shape, told.stopped, output, alone, entered)


FORWARD = Operation("forward", _forward)


# --- answers of networks


@dataclass(frozen=True)
class Said:
    """What a network says of some pictures, [M, K]. last_layer: what its last linear layer put out, of the same shape,
    None where that is not known."""

    outputs: NDArray[Any]
    last_layer: NDArray[Any] | None = None


def outputs_of(arrays: Arrays, name: str, pictures: int) -> Said:
    """What a network says of so many pictures. Raises: NotAnAnswer."""
    outputs = array_of(arrays, name, axes=2)
    if len(outputs) != pictures or not outputs.shape[1]:
        raise NotAnAnswer(f"{len(outputs)} answers were given to {pictures} pictures")
    last = name + LAST_LAYER
    return Said(outputs, array_of(arrays, last, shape=outputs.shape) if last in arrays else None)


def trained(pictures: int) -> Operation[Said | None]:
    """What the network that was trained last says of so many pictures; None where none was."""
    return Operation(
        "trained",
        lambda structure, arrays: outputs_of(arrays, "evaluation", pictures) if "evaluation" in arrays else None,
    )


def with_weights(pictures: int) -> Operation[Said]:
    """What a network says of so many pictures once it has some of the opened weights."""
    return Operation("weights", lambda structure, arrays: outputs_of(arrays, "evaluation", pictures))


@dataclass(frozen=True)
class _Shown:
    question: Literal["answers"]
    model: Whole


_read_shown = reader(_Shown)


def pictures_shown(structure: Mapping[str, Any], arrays: Arrays, models: int) -> tuple[int, NDArray[Any]]:
    """The number of a known model, one of so many, and the pictures that it was shown, [B, ...] with four axes.

    Raises: NotAnAnswer.
    """
    number, images = _read_shown(structure).model, array_of(arrays, "images", axes=4)
    if number >= models:
        raise NotAnAnswer("pictures were shown to a model that there is not")
    if images.nbytes > _MOST_BYTES_SHOWN or len(images) > _MOST_BYTES_SHOWN // 2**14:
        raise NotAnAnswer(f"{len(images)} pictures were shown at once")
    return number, images
