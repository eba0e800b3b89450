"""What of the evidence one sees at a glance: how values are spread, the shoes in a generator's rows, in a batch and in
a test, and the shapes through a network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.evidence.kinds import (
    VALUE_FORMS,
    ChannelRun,
    CnnRun,
    DifferentPairs,
    LoadedData,
    ModelRun,
    PairImages,
    SamePairs,
)
from autograder.evidence.training_kinds import Answered, Labelled, TestRun, TrainingRun
from autograder.program.names import Role
from fixtures.catalogue import SIDES, Shoe

_MOST_STAGES = 12
_MOST_ROWS = 3
_BLOCKS = 4
_HIDDEN, _LOGITS = 100, 2


@dataclass(frozen=True)
class Stage:
    """A place in a network. size: what comes out there, channels first; asked: what the assignment asks for, where its
    first convolution has as many channels as the submission's; () where there is none."""

    name: str
    size: tuple[int, ...]
    asked: tuple[int, ...]


@dataclass(frozen=True)
class ShownShoe:
    """A shoe of the data set, as the name of its file has it; pair: from 1; side: "left" or "right"."""

    folder: str
    student: int
    pair: int
    side: str

    @property
    def name(self) -> str:
        """What its photograph is called, such as "train/u001/2/left"."""
        return f"{self.folder}/u{self.student:03d}/{self.pair}/{self.side}"


@dataclass(frozen=True)
class TwoShoes:
    """A shoe above another. upper, lower: in words; shoes: which ones they are, None for what is no photograph."""

    upper: str
    lower: str
    shoes: tuple[ShownShoe | None, ShownShoe | None]


@dataclass(frozen=True)
class PairRow(TwoShoes):
    """A row of a generator's array. number: from 0; as_asked: whether the assignment asks for such a row; wrong: what
    is not as asked, in a word or two."""

    number: int
    as_asked: bool
    wrong: str


@dataclass(frozen=True)
class BatchExample(TwoShoes):
    """An example as it reached training. what: it is, in words; label: with which it was trained, "same" or
    "different", "" where that was not seen; mislabelled: whether it is the wrong one."""

    what: str
    label: str
    mislabelled: bool


@dataclass(frozen=True)
class ExamAnswer(TwoShoes):
    """What a model said of two shoes of a test set. students: "women" or "men"; what: the two are, in words; said:
    "same" or "different"; mistaken: whether that is wrong."""

    students: str
    what: str
    said: str
    mistaken: bool


@dataclass(frozen=True)
class Histogram:
    """How the values of an array are spread, beside those that the assignment asks for.

    name: of the array; low, high: where the bins begin and end, all of one width; seen, asked: the share of values in
    each bin; least, greatest: of all values of the array, and which of those that are asked for; form: how the values
    come from the 8-bit ones, in words.
    """

    name: str
    low: float
    high: float
    seen: tuple[float, ...]
    asked: tuple[float, ...]
    least: float
    greatest: float
    asked_least: float
    asked_greatest: float
    form: str


Figure = Sequence[Stage | PairRow | BatchExample | ExamAnswer | Histogram]


def figures_of(evidence: Any) -> Mapping[str, Figure]:
    """The figure that belongs to some evidence, by the question that it is about; none for most kinds."""
    found: tuple[str, Figure]
    if isinstance(evidence, CnnRun):
        found = "q2a", _stages(evidence, (3, 448, 224))
    elif isinstance(evidence, ChannelRun):
        found = "q2b", _stages(evidence, (6, 224, 224))
    elif isinstance(evidence, SamePairs):
        found = "q1b", _rows(evidence, other_pair=False)
    elif isinstance(evidence, DifferentPairs):
        found = "q1c", _rows(evidence, other_pair=True)
    elif isinstance(evidence, LoadedData):
        found = "q1a", _histogram(evidence)
    elif isinstance(evidence, TrainingRun):
        found = "q3a", tuple(_example(shown) for shown in evidence.shown)
    elif isinstance(evidence, TestRun):
        sets = {"women": evidence.women, "men": evidence.men}
        found = "q4a", tuple(_answer(name, shown) for name, test_set in sets.items() for shown in test_set.shown)
    else:
        return {}
    return dict([found]) if found[1] else {}


def _stages(run: ModelRun, entering: tuple[int, int, int]) -> Sequence[Stage]:
    """The blocks of convolution and pooling, then the linear layers, as they were executed."""
    if not run.convolutions:
        return ()
    first = run.convolutions[0]
    _, height, width = entering
    if first.before[0] < first.before[1] and height > width:  # it looks at the pictures lying on their side
        height, width = width, height
    sizes = [(first.in_channels, *first.before)]
    sizes += [(convolution.out_channels, *convolution.following) for convolution in run.convolutions]
    asked: list[tuple[int, ...]] = [(entering[0], height, width)]
    asked += [
        (first.out_channels * 2**block, height // 2 ** (block + 1), width // 2 ** (block + 1))
        for block in range(_BLOCKS)
    ]
    names = ["pictures", *(f"block {number}" for number in range(1, max(_BLOCKS, len(run.convolutions)) + 1))]
    linears = [(features,) for _, features in run.linears]
    stages = _beside(names, sizes, asked)
    count = max(2, len(linears))
    stages += _beside([f"linear {number}" for number in range(1, count + 1)], linears, [(_HIDDEN,), (_LOGITS,)])
    return tuple(stages[:_MOST_STAGES])


def _beside(names: Sequence[str], sizes: Sequence[tuple[int, ...]], asked: Sequence[tuple[int, ...]]) -> list[Stage]:
    return [
        Stage(name, sizes[place] if place < len(sizes) else (), asked[place] if place < len(asked) else ())
        for place, name in enumerate(names)
    ]


def _rows(images: PairImages, other_pair: bool) -> Sequence[PairRow]:
    """The first rows that are not as asked, else the first rows; of one draw."""
    if not images.draws:
        return ()
    rows = []
    for number, (upper, lower) in enumerate(images.draws[0]):
        wrong = _wrong(upper, lower, other_pair)
        rows.append(PairRow(*_two(upper, lower), number, not wrong, wrong))
    return tuple(sorted(sorted(rows, key=lambda row: row.as_asked)[:_MOST_ROWS], key=lambda row: row.number))


def _two(upper: Shoe | None, lower: Shoe | None) -> tuple[str, str, tuple[ShownShoe | None, ShownShoe | None]]:
    return _words(upper), _words(lower), (_shown(upper), _shown(lower))


def _words(shoe: Shoe | None) -> str:
    return f"{SIDES[shoe.side]} shoe of pair {shoe.pair}, u{shoe.student:03d}" if shoe else "no photograph"


def _shown(shoe: Shoe | None) -> ShownShoe | None:
    return ShownShoe(shoe.folder, shoe.student, shoe.pair, SIDES[shoe.side]) if shoe else None


def _wrong(upper: Shoe | None, lower: Shoe | None, other_pair: bool) -> str:
    """What is not as asked in a row that should hold a left shoe above a right one of the same pair or of another."""
    if upper is None or lower is None:
        return "not two whole photographs"
    if upper == lower:
        return "the same shoe twice"
    if upper[:2] != lower[:2]:
        return "another student's shoe"
    order = {(0, 1): [], (1, 0): ["swapped"]}.get((upper.side, lower.side), [f"two {SIDES[upper.side]} shoes"])
    pairs = [] if (upper.pair != lower.pair) == other_pair else ["of one pair" if other_pair else "not of one pair"]
    return ", ".join([*order, *pairs])


def _what(upper: Shoe, lower: Shoe) -> str:
    if upper[:2] != lower[:2]:
        return "shoes of two students"
    return "a pair" if upper.pair == lower.pair else "not a pair"


def _example(seen: Labelled) -> BatchExample:
    label = {0: "different", 1: "same"}.get(seen.label, "")
    return BatchExample(*_two(seen.upper, seen.lower), _what(seen.upper, seen.lower), label, seen.mislabelled)


def _answer(students: str, seen: Answered) -> ExamAnswer:
    said = "same" if seen.said_same else "different"
    return ExamAnswer(
        *_two(seen.left, seen.right), students, _what(seen.left, seen.right), said, mistaken=not seen.is_right
    )


def _histogram(data: LoadedData) -> Sequence[Histogram]:
    """Of the pictures to learn from."""
    for array in data.arrays:
        spread = array.spread
        if array.role == Role.TRAIN_DATA and spread is not None:
            form = VALUE_FORMS.get(array.form, array.form)
            bins = spread.low, spread.high, spread.seen, spread.asked
            # As many digits as the message of the check has.
            low, high = (float(f"{value:.4g}") for value in (array.low, array.high))
            return (Histogram(array.name, *bins, low, high, spread.least, spread.greatest, form),)
    return ()
