"""What was noted of a training while it ran, read from a worker's messages into records that cannot change.

What a single message may hold, `boundary/notes.py` says; how much all of them together may hold is said here. A worker
that notes without end is ended, and what is merely bulky is not kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from autograder.boundary.checked import NotAnAnswer
from autograder.boundary.notes import Backward, Event, Forward, Note, Saved, SeriesTold, Stepped, read_note
from autograder.boundary.pipe import Arrays

# Gradients that are not cleared have the length of a gradient; rounding leaves none at all.
CLEARED = 1e-12
MOST_NOTES = MOST_EVENTS = 200_000
MOST_STEPS = 5_000
# Of examples in all forward passes together, and of numbers that were said of them.
MOST_SHOWN, MOST_NUMBERS = 1_000_000, 8_000_000
MOST_PICTURES = 60_000
# Fresh noise on every picture of a long training would fill more; those that came first show what is learnt from.
MOST_PICTURE_BYTES = 600 * 2**20
MOST_TEXT = 100_000
MOST_SERIES, MOST_SERIES_NUMBERS = 5_000, 2_000_000
# How often a training may be begun anew: the statement that trains may pass over calls for other models.
MOST_BEGINNINGS = 1_000


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
    """Takes the notes of a worker as they come.

    pictures: by their numbers, as many as there is room for.
    """

    pictures: dict[int, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._known = set(self.pictures)
        self._picture_bytes = sum(image.nbytes for image in self.pictures.values())
        self._beginnings = 0
        self._begin()

    def _begin(self) -> None:
        self._open: dict[int, Pass] = {}
        self._ready: list[Pass] = []
        self._cleared: list[Pass] = []
        self._backward: list[Backward] = []
        self._steps: list[Step] = []
        self._evaluations: list[tuple[int, Pass]] = []
        self._saves: list[Save] = []
        self._series: list[Series] = []
        self._printed: list[Printed] = []
        self._notes = self._events = self._shown = self._numbers = self._characters = self._series_numbers = 0
        # What came before the first step, kept for a training that never takes one.
        self._early: list[Note] = []

    @property
    def steps(self) -> int:
        return len(self._steps)

    def restart(self) -> None:
        """Forget all events: what was noted belongs to something that ran before the training itself.

        Raises: NotAnAnswer.
        """
        self._beginnings += 1
        _at_most(self._beginnings, MOST_BEGINNINGS, "beginnings")
        self._begin()

    def take(self, structure: Any, arrays: Arrays) -> None:
        """One message. Raises: NotAnAnswer."""
        note = read_note(structure, arrays)
        self._notes += 1
        self._events += len(note.events)
        _at_most(self._notes, MOST_NOTES, "notes")
        _at_most(self._events, MOST_EVENTS, "events")
        self._keep_pictures(note)
        if not self._steps:
            self._early.append(replace(note, pictures={}))
        self._take_print(note.printed)
        for event in note.events:
            self._take(event)

    def end(self, left: Sequence[SeriesTold]) -> None:
        """What a training left at its end."""
        for told in left:
            source = "returned" if told.name.startswith("returned") else "kept"
            self._keep_series(Series(source, told.name, told.numbers))

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
        other._known = self._known
        for note in self._early:
            for event in note.events:
                other._take(event)
                if isinstance(event, Backward):
                    other._take_step(_NO_STEP)
            other._take_print(note.printed)
        other._series += [series for series in self._series if series.source != "drawn"]
        return replace(other.trace(), stepped=False)

    # --- what is kept

    def _keep_pictures(self, note: Note) -> None:
        self._known |= note.pictures.keys()
        _at_most(len(self._known), MOST_PICTURES, "pictures")
        for number, image in note.pictures.items():
            before = self.pictures[number].nbytes if number in self.pictures else 0
            if self._picture_bytes - before + image.nbytes <= MOST_PICTURE_BYTES:
                self._picture_bytes += image.nbytes - before
                self.pictures[number] = image

    def _keep_series(self, series: Series) -> None:
        if len(self._series) < MOST_SERIES and self._series_numbers + len(series.numbers) <= MOST_SERIES_NUMBERS:
            self._series_numbers += len(series.numbers)
            self._series.append(series)

    def _take_print(self, text: str) -> None:
        kept = text[: MOST_TEXT - self._characters]
        if kept:
            self._characters += len(kept)
            self._printed.append(Printed(len(self._steps), kept))

    def _count_numbers(self, *tables: Sequence[Sequence[float]]) -> None:
        self._numbers += sum(len(table) * len(table[0]) for table in tables if table)
        _at_most(self._numbers, MOST_NUMBERS, "numbers")

    # --- the kinds of events

    def _take(self, event: Event) -> None:
        if isinstance(event, Forward):
            self._take_forward(event)
        elif isinstance(event, Backward):
            self._take_backward(event)
        elif isinstance(event, Stepped):
            self._take_step(event)
        elif isinstance(event, Saved):
            self._saves.append(Save(len(self._steps), event.what, event.fits, event.trained))
        else:
            self._keep_series(Series("drawn", event.name, event.numbers))

    def _take_forward(self, event: Forward) -> None:
        if not self._known.issuperset(event.ids) or not self._known.issuperset(event.stored):
            raise NotAnAnswer("a note speaks of a picture that was never sent")
        self._shown += len(event.ids) + len(event.stored)
        _at_most(self._shown, MOST_SHOWN, "examples")
        self._count_numbers(event.outputs)
        self._open[event.number] = Pass(
            len(self._steps), event.layout, event.training, event.ids, event.stored, event.outputs, event.learns
        )

    def _take_backward(self, event: Backward) -> None:
        if self._backward and event.left_over is not None and event.left_over <= CLEARED:
            self._cleared, self._ready = [*self._cleared, *self._ready], []
        self._count_numbers(*event.gradients.values())
        self._backward.append(event)
        for number, rows in event.gradients.items():
            seen = self._open.pop(number, None)
            if seen is not None:
                self._ready.append(replace(seen, gradients=rows))

    def _take_step(self, event: Stepped) -> None:
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
                training=all(p.training for p in self._ready) if self._ready else all(event.training),
                left_over=self._backward[0].left_over if self._backward else None,
                gradient=event.gradient,
                change=event.change,
                downhill=event.downhill,
                held=event.held,
                parameters=event.parameters,
                loss=sum(b.loss for b in self._backward if b.loss is not None),
                function=self._backward[-1].function if self._backward else "",
                rate=event.rate,
                backward_passes=len(self._backward),
            )
        )
        _at_most(len(self._steps), MOST_STEPS, "steps")
        self._ready, self._cleared, self._backward = [], [], []
        # What no gradient came back through by now is no part of a batch.
        self._evaluations += self._open.items()
        self._open = {}


_NO_STEP = Stepped("step", (True,), gradient=1.0, change=0.0, downhill=None, held=1, parameters=1, rate=0.0)


def _at_most(count: int, most: int, what: str) -> None:
    if count > most:
        raise NotAnAnswer(f"there are more {what} than a training has")
