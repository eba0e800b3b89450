"""What of the evidence one sees at a glance: the shapes through a network, and the shoes in the rows of a generator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.evidence.kinds import ChannelRun, CnnRun, DifferentPairs, ModelRun, PairImages, SamePairs
from fixtures.catalogue import Shoe

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
class PairRow:
    """A row of a generator's array. number: from 0; upper, lower: the shoes in it, in words; as_asked: whether the
    assignment asks for such a row."""

    number: int
    upper: str
    lower: str
    as_asked: bool


Figure = Sequence[Stage] | Sequence[PairRow]


def figures_of(evidence: Any) -> Mapping[str, Figure]:
    """The figure that belongs to some evidence, by the question that it is about; none for most kinds."""
    if isinstance(evidence, CnnRun):
        found: tuple[str, Figure] = "q2a", _stages(evidence, (3, 448, 224))
    elif isinstance(evidence, ChannelRun):
        found = "q2b", _stages(evidence, (6, 224, 224))
    elif isinstance(evidence, SamePairs):
        found = "q1b", _rows(evidence, other_pair=False)
    elif isinstance(evidence, DifferentPairs):
        found = "q1c", _rows(evidence, other_pair=True)
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
    rows = [
        PairRow(number, _words(upper), _words(lower), _as_asked(upper, lower, other_pair))
        for number, (upper, lower) in enumerate(images.draws[0])
    ]
    return tuple(sorted(sorted(rows, key=lambda row: row.as_asked)[:_MOST_ROWS], key=lambda row: row.number))


def _words(shoe: Shoe | None) -> str:
    return f"{('left', 'right')[shoe.side]} shoe of pair {shoe.pair}, u{shoe.student:03d}" if shoe else "no photograph"


def _as_asked(upper: Shoe | None, lower: Shoe | None, other_pair: bool) -> bool:
    if upper is None or lower is None or upper.student != lower.student:
        return False
    return (upper.side, lower.side) == (0, 1) and (upper.pair != lower.pair) == other_pair
