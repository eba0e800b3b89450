"""What was noted of a training while it ran, read from a worker's messages into records that cannot change.

The messages come from a process that also runs a submission's code, so everything in them is taken for what it may
be and not for what it should be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.boundary.pipe import Arrays

# Gradients that are not cleared have the length of a gradient; rounding leaves none at all.
CLEARED = 1e-12
MOST_EVENTS = 200_000
MOST_PICTURES = 60_000
MOST_TEXT = 100_000


class NotATrace(ValueError):
    """A message holds something else than the notes of a training."""


@dataclass(frozen=True)
class Pass:
    """One forward pass. ids: of the pictures, stored: of the same numbers in the order of memory, if they differ;
    step: optimizer steps taken before it; outputs: none where the model refused the pictures; learns: whether a
    gradient could come back through it; gradients: of the loss with respect to outputs, empty where none arrived."""

    step: int
    layout: str
    training: bool
    ids: tuple[int, ...]
    stored: tuple[int, ...]
    outputs: tuple[tuple[float, ...], ...]
    learns: bool = False
    gradients: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Step:
    """One optimizer step and what led to it.

    passes: those whose gradients it used, or could have used where it used none; unused: those that could have taught
    something, but whose gradients were never asked for or were cleared again before the step; training: whether the
    model was in training mode in all of them; left_over: length of the gradients that were there before its first
    backward pass, None where that was not seen; change: how far the weights moved; downhill: the cosine between that
    and the way straight down; held: how many of the model's `parameters` the optimizer holds.
    """

    number: int
    passes: tuple[Pass, ...]
    unused: tuple[Pass, ...]
    training: bool
    left_over: float | None
    gradient: float
    change: float
    downhill: float | None
    held: int
    parameters: int
    loss: float
    function: str
    rate: float
    backward_passes: int


@dataclass(frozen=True)
class Save:
    """Weights that were saved after so many steps. fits: whether they are those of the model; trained: whether they
    differ from those with which the training began."""

    step: int
    what: str
    fits: bool
    trained: bool


@dataclass(frozen=True)
class Series:
    """Numbers in a row. source: "returned", "drawn", or "kept" in a global name or an argument; name: what is known of
    their meaning."""

    source: str
    name: str
    numbers: tuple[float, ...]


@dataclass(frozen=True)
class Printed:
    """Text that was printed when so many steps had been taken."""

    step: int
    text: str


@dataclass(frozen=True)
class Trace:
    """A training as it was seen. evaluations: forward passes that no gradient came back through; stepped: whether the
    steps are an optimizer's; where it never took one, there is one for each backward pass instead."""

    steps: tuple[Step, ...] = ()
    evaluations: tuple[Pass, ...] = ()
    saves: tuple[Save, ...] = ()
    series: tuple[Series, ...] = ()
    printed: tuple[Printed, ...] = ()
    stepped: bool = True


@dataclass
class Recorder:
    """Takes the notes of a worker as they come."""

    pictures: dict[int, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._open: dict[int, Pass] = {}
        self._ready: list[Pass] = []
        self._cleared: list[Pass] = []
        self._backward: list[Mapping[str, Any]] = []
        self._steps: list[Step] = []
        self._evaluations: list[tuple[int, Pass]] = []
        self._saves: list[Save] = []
        self._series: list[Series] = []
        self._printed: list[Printed] = []
        self._events = 0
        # What came before the first step, kept for a training that never takes one.
        self._early: list[Mapping[str, Any]] = []

    @property
    def steps(self) -> int:
        return len(self._steps)

    def restart(self) -> None:
        """Forget all events: what was noted belongs to something that ran before the training itself."""
        pictures = self.pictures
        self.__post_init__()
        self.pictures = pictures

    def take(self, structure: Mapping[str, Any], arrays: Arrays) -> None:
        """One message. Raises: NotATrace."""
        try:
            for key, ids in arrays.items():
                if key.startswith("ids"):
                    images = arrays["pictures" + key[3:]]
                    self.pictures |= {int(i): image for i, image in zip(ids, images, strict=True)}
            if len(self.pictures) > MOST_PICTURES or len(self._printed) > MOST_EVENTS:
                raise NotATrace("there are more pictures than a training has")
            if not self._steps:
                self._early.append(structure)
            if structure.get("printed"):
                self._printed.append(Printed(len(self._steps), str(structure["printed"])[:MOST_TEXT]))
            for event in structure["events"]:
                self._events += 1
                if self._events > MOST_EVENTS:
                    raise NotATrace("there are more events than a training has")
                _READERS[event["kind"]](self, event)
        except NotATrace:
            raise
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as problem:
            raise NotATrace(f"{type(problem).__name__} in a note") from problem

    def end(self, told: Mapping[str, Any]) -> None:
        """What a training left at its end. Raises: NotATrace."""
        try:
            for entry in told.get("series", [])[:500]:
                name = str(entry["name"])
                source = "returned" if name.startswith("returned") else "kept"
                self._series.append(Series(source, name, _numbers(entry["numbers"])))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as problem:
            raise NotATrace(f"{type(problem).__name__} in what a training left") from problem

    def trace(self) -> Trace:
        """All that has been seen so far."""
        if not self._steps and self._backward:
            return self._as_if_stepped()
        evaluations = [seen for _, seen in sorted([*self._evaluations, *self._open.items()], key=lambda pair: pair[0])]
        return Trace(
            tuple(self._steps), tuple(evaluations), tuple(self._saves), tuple(self._series), tuple(self._printed)
        )

    def _as_if_stepped(self) -> Trace:
        """The same training with a step that moves nothing behind each backward pass, since its optimizer took none."""
        other = Recorder(self.pictures)
        for structure in self._early:
            for event in structure["events"]:
                other.take({**structure, "events": [event], "printed": ""}, {})
                if event["kind"] == "backward":
                    other._take_step(_NO_STEP)
            other.take({"events": [], "printed": structure.get("printed")}, {})
        other._series += [series for series in self._series if series.source != "drawn"]
        return replace(other.trace(), stepped=False)

    def _take_forward(self, event: Mapping[str, Any]) -> None:
        ids = tuple(int(i) for i in event["ids"])
        stored = tuple(int(i) for i in event.get("stored", ()))
        if any(i not in self.pictures for i in (*ids, *stored)):
            raise ValueError("a picture that was never sent")
        outputs, learns = _table(event["outputs"]), bool(event.get("learns"))
        layout, training = str(event["layout"])[:40], bool(event["training"])
        self._open[int(event["pass"])] = Pass(len(self._steps), layout, training, ids, stored, outputs, learns)

    def _take_backward(self, event: Mapping[str, Any]) -> None:
        left = event.get("left over")
        if self._backward and left is not None and float(left) <= CLEARED:
            self._cleared, self._ready = [*self._cleared, *self._ready], []
        self._backward.append(event)
        for number, rows in event["gradients"].items():
            seen = self._open.pop(int(number), None)
            if seen is not None:
                self._ready.append(replace(seen, gradients=_table(rows)))

    def _take_step(self, event: Mapping[str, Any]) -> None:
        left = self._backward[0].get("left over") if self._backward else None
        unused = {number: seen for number, seen in self._open.items() if seen.learns}
        if not self._ready:
            # No gradient arrived, and yet it is plain which pictures were meant to teach something.
            meant = {number: seen for number, seen in unused.items() if seen.training} or unused
            self._ready = [self._open.pop(number) for number in meant]
            unused = {number: seen for number, seen in unused.items() if number not in meant}
        self._steps.append(
            Step(
                number=len(self._steps) + 1,
                passes=tuple(self._ready),
                unused=(*self._cleared, *unused.values()),
                training=all(p.training for p in self._ready) if self._ready else all(map(bool, event["training"])),
                left_over=None if left is None else float(left),
                gradient=float(event["gradient"]),
                change=float(event["change"]),
                downhill=None if event["downhill"] is None else float(event["downhill"]),
                held=int(event["held"]),
                parameters=int(event["parameters"]),
                loss=sum(float(b["loss"]) for b in self._backward if b["loss"] is not None),
                function=str(self._backward[-1]["function"])[:80] if self._backward else "",
                rate=float(event["rate"]),
                backward_passes=len(self._backward),
            )
        )
        self._ready, self._cleared, self._backward = [], [], []
        # What no gradient came back through by now is no part of a batch.
        self._evaluations += self._open.items()
        self._open = {}

    def _take_save(self, event: Mapping[str, Any]) -> None:
        saved = Save(len(self._steps), str(event["what"])[:40], bool(event["fits"]), bool(event["trained"]))
        self._saves.append(saved)

    def _take_drawn(self, event: Mapping[str, Any]) -> None:
        self._series.append(Series("drawn", str(event["name"])[:200], _numbers(event["numbers"])))


_NO_STEP: Mapping[str, Any] = {
    "training": [True],
    "gradient": 1.0,
    "change": 0.0,
    "downhill": None,
    "held": 1,
    "parameters": 1,
    "rate": 0.0,
}
_READERS = {
    "forward": Recorder._take_forward,
    "backward": Recorder._take_backward,
    "step": Recorder._take_step,
    "save": Recorder._take_save,
    "drawn": Recorder._take_drawn,
}


def _table(rows: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
    table = tuple(tuple(float(number) for number in row) for row in rows)
    if len({len(row) for row in table}) > 1:
        raise ValueError("rows of different lengths")
    return table


def _numbers(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(number) for number in np.asarray(values, dtype=float).reshape(-1))
