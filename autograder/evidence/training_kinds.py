"""What is known of a training that was watched: frozen records, all that its checks ever see."""

from dataclasses import dataclass

from autograder.evidence.trace import Printed, Save, Series
from autograder.program.training_text import TrainingText
from fixtures.catalogue import Shoe

NO_TEXT = TrainingText()


@dataclass(frozen=True)
class Curve:
    """The course of a training. losses: one for each step; accuracies: by what they were measured on, (step, fraction)
    wherever that was done."""

    losses: tuple[float, ...]
    accuracies: tuple[tuple[str, tuple[tuple[int, float], ...]], ...]


@dataclass(frozen=True)
class Batch:
    """What reached the optimizer in one step.

    same, different: the examples of each kind, in order, each named by its two shoes; unreadable: how many show nothing
    that can be read; wrong_labels: of those `labelled`, how many were trained with the other label. unused: how many
    others were shown for learning before this step and left out of it. right: how many of `size` the model answered as
    it was then told to.
    training: whether all of it passed through the model in training mode; cleared: whether the gradients of the step
    before were gone, None where that was not seen; change: how far the weights moved; downhill: the cosine between that
    and the way straight down.
    """

    same: tuple[str, ...]
    different: tuple[str, ...]
    unreadable: int
    wrong_labels: int
    labelled: int
    unused: int
    right: int
    size: int
    training: bool
    cleared: bool | None
    gradient: float
    change: float
    downhill: float | None
    loss: float

    @property
    def read(self) -> int:
        return len(self.same) + len(self.different)


@dataclass(frozen=True)
class Labelled:
    """An example as it reached training: the shoe above, the one below, and the label with which it was trained, 1 for
    "same" and 0 for "different", -1 where that could not be told."""

    upper: Shoe
    lower: Shoe
    label: int

    @property
    def same(self) -> bool:
        """Whether it is a pair."""
        return self.upper[:3] == self.lower[:3]

    @property
    def mislabelled(self) -> bool:
        return self.label not in (-1, int(self.same))


@dataclass(frozen=True)
class Evaluation:
    """The answers of the model between two steps, on examples that taught it nothing.

    at: steps taken before; whose: "train", "valid", "test" or "other"; same, different: how many were right, and
    of how many; in_evaluation_mode: whether the model was switched to it.
    """

    at: int
    whose: str
    same: tuple[int, int]
    different: tuple[int, int]
    in_evaluation_mode: bool

    @property
    def accuracy(self) -> float:
        """The mean over the kinds of examples that were shown."""
        kinds = [right / count for right, count in (self.same, self.different) if count]
        return sum(kinds) / max(1, len(kinds))


@dataclass(frozen=True)
class OtherSize:
    """A short training at a size that the notebook itself does not use. problem: what stopped it, "" where nothing
    did; wrong_labels: of how many examples."""

    batch_size: int | None
    students: int
    problem: str
    wrong_labels: int = 0


@dataclass(frozen=True)
class TrainingRun:
    """One training as it was seen.

    settings: what it was called with, in words; examples: how many there were to learn from, of each kind. stepped:
    whether an optimizer took the steps; where none did, there is a batch for each backward pass. loss: its form, one of
    the names in `losses`; functions: of torch that ended in a backward pass. layouts, looked_at: how pictures reached
    the model in training and otherwise; refused: those which it would not take; scrambled: whether they came in an
    order of axes that nobody meant. held: how many of the model's `parameters` the optimizer holds. finished: whether
    it came to its own end. problem: what stopped it after `stopped_after` steps, "" where nothing did; mended: whether
    all else was seen at another size, at which nothing stops it. on_globals: whether it learnt from a global array in
    the place of its parameter, valid_on_globals: whether it was validated on one. returns_numbers: whether it returned
    bare numbers. later: the batches of a longer training on less data, where all but `batches` was seen in that one.
    text: what the function's text does at its end, for what a training that was ended early cannot show. shown: a few
    examples of the first batch whose shoes could be read, those with a wrong label first.
    """

    name: str
    cell: int
    settings: str
    examples: int
    batches: tuple[Batch, ...]
    stepped: bool
    evaluations: tuple[Evaluation, ...]
    loss: str
    functions: tuple[str, ...]
    layouts: tuple[str, ...]
    looked_at: tuple[str, ...]
    refused: tuple[str, ...]
    scrambled: bool
    held: int
    parameters: int
    saves: tuple[Save, ...]
    series: tuple[Series, ...]
    printed: tuple[Printed, ...]
    finished: bool
    problem: str
    stopped_after: int = 0
    mended: bool = False
    hint: str = ""
    others: tuple[OtherSize, ...] = ()
    on_globals: bool = False
    valid_on_globals: bool = False
    returns_numbers: bool = False
    text: TrainingText = NO_TEXT
    shown: tuple[Labelled, ...] = ()
    later: tuple[Batch, ...] = ()
    remark: str = ""

    @property
    def cut_short(self) -> bool:
        """Whether it was stopped against its will, so that what would have come later was never seen."""
        return bool(self.problem) and not self.mended

    @property
    def curves(self) -> dict[str, Curve]:
        """The training that was watched, with the accuracies that the submission itself measured."""
        lines = []
        for whose, label in (("train", "training students"), ("valid", "validation students")):
            points = tuple((e.at, e.accuracy) for e in self.evaluations if e.whose == whose)
            if points and not self.later:
                lines.append((label, points))
        return {"training": Curve(tuple(batch.loss for batch in self.batches), tuple(lines))}


@dataclass(frozen=True)
class MemoryTry:
    """One training on five triplets.

    reached: the step at which the judge first saw enough of the examples known, None where it never did; best: the
    best accuracy seen; steps: how many were taken; ended: as in `Trained`.
    """

    settings: str
    seed: int
    reached: int | None
    best: float
    steps: int
    ended: str
    problem: str
    curve: Curve


@dataclass(frozen=True)
class Memory:
    """How a network memorised five triplets."""

    name: str
    tries: tuple[MemoryTry, ...]
    remark: str = ""

    @property
    def curves(self) -> dict[str, Curve]:
        """The best try."""
        return {f"memorising-{self.name}": self.best.curve}

    @property
    def best(self) -> MemoryTry:
        """The try that counts: the quickest, else the one that came nearest."""
        return min(self.tries, key=lambda t: (t.reached is None, t.reached or 0, -t.best))


@dataclass(frozen=True)
class ChannelMemory(Memory):
    """How `CNNChannel` did."""


@dataclass(frozen=True)
class CnnMemory(Memory):
    """How `CNN` did."""


@dataclass(frozen=True)
class Answered:
    """A left shoe above a right one of a test set, and whether the model said that they are a pair."""

    left: Shoe
    right: Shoe
    said_same: bool

    @property
    def same(self) -> bool:
        """Whether they are a pair."""
        return self.left.pair == self.right.pair

    @property
    def is_right(self) -> bool:
        return self.said_same == self.same


@dataclass(frozen=True)
class TestSet:
    """Answers on one test set: right and all on pairs, right and all on wrong pairs; claimed: what the notebook's own
    outputs say, None where they say nothing; claimed_in: the cell; shown: a few answers, wrong ones first."""

    pairs: tuple[int, int]
    wrong_pairs: tuple[int, int]
    claimed: float | None = None
    claimed_in: int | None = None
    shown: tuple[Answered, ...] = ()

    @property
    def accuracy(self) -> float:
        """Pairs and wrong pairs weighed alike, since only three of the six wrong pairs are asked for."""
        # Rounded, so that exactly 65 % is 65 % and not a last binary digit less.
        return round((self.pairs[0] / self.pairs[1] + self.wrong_pairs[0] / self.wrong_pairs[1]) / 2, 9)


@dataclass(frozen=True)
class TestRun:
    """The best model on both test sets.

    model: its name; source: where its weights are from, in words; steps: of the training, 0 for submitted weights;
    valid: its accuracy on validation students, None where that was not measured.
    """

    model: str
    source: str
    steps: int
    valid: float | None
    women: TestSet
    men: TestSet
    curve: Curve | None = None
    remark: str = ""

    @property
    def curves(self) -> dict[str, Curve]:
        """The training whose model was tested, where there was one."""
        return {"test-training": self.curve} if self.curve is not None else {}
