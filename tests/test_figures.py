"""The figures of a report: shapes through a network beside those asked for, and the shoes in a generator's rows."""

from dataclasses import replace

from autograder.evidence.figures import PairRow, Stage, figures_of
from autograder.evidence.kinds import ChannelRun, CnnRun, Convolution, DifferentPairs, NoEvidence, SamePairs
from autograder.verdict import Outcome
from fixtures.catalogue import Shoe


def convolution(inside: int, outside: int, before: tuple[int, int], following: tuple[int, int]) -> Convolution:
    return Convolution(inside, outside, (3, 3), (1, 1), before, before, following)


def halving(channels: int, n: int, height: int, width: int, blocks: int = 4) -> tuple[Convolution, ...]:
    """As the assignment asks: each convolution keeps height and width, and a pooling halves them."""
    found = []
    for block in range(blocks):
        outside = n * 2**block
        found.append(convolution(channels, outside, (height, width), (height // 2, width // 2)))
        channels, height, width = outside, height // 2, width // 2
    return tuple(found)


CHANNEL = ChannelRun(
    "CNNChannel", "", "upright", 3, (3, 2), "tensor", True, halving(6, 8, 224, 224), ((12544, 100), (100, 2)), "stacked"
)


def test_a_network_as_asked_has_at_every_place_the_size_that_is_asked_for() -> None:
    stages = figures_of(CHANNEL)["q2b"]
    assert all(isinstance(stage, Stage) and stage.size == stage.asked for stage in stages)
    assert [stage.size for stage in stages if isinstance(stage, Stage)] == [
        (6, 224, 224),
        (8, 112, 112),
        (16, 56, 56),
        (32, 28, 28),
        (64, 14, 14),
        (100,),
        (2,),
    ]


def test_what_a_network_lacks_or_has_besides_stands_beside_nothing() -> None:
    short = replace(CHANNEL, convolutions=CHANNEL.convolutions[:3], linears=((25088, 2),))
    stages = {stage.name: stage for stage in figures_of(short)["q2b"] if isinstance(stage, Stage)}
    assert (stages["block 4"].size, stages["block 4"].asked) == ((), (64, 14, 14))
    assert (stages["linear 1"].size, stages["linear 2"].size) == ((2,), ())
    long = replace(CHANNEL, convolutions=halving(6, 8, 224, 224, blocks=5))
    stages = {stage.name: stage for stage in figures_of(long)["q2b"] if isinstance(stage, Stage)}
    assert (stages["block 5"].size, stages["block 5"].asked) == ((128, 7, 7), ())


def test_a_network_that_takes_pictures_lying_on_their_side_is_asked_for_sizes_lying_on_theirs() -> None:
    sideways = CnnRun("CNN", "", "sideways", 3, (3, 2), "tensor", True, halving(3, 4, 224, 448), (), "")
    stages = [stage for stage in figures_of(sideways)["q2a"] if isinstance(stage, Stage)]
    assert [stage.asked for stage in stages[:2]] == [(3, 224, 448), (4, 112, 224)]
    assert all(stage.size == stage.asked for stage in stages[:5])


def test_of_a_generators_rows_those_are_shown_that_are_not_as_asked_and_else_the_first() -> None:
    def shoe(pair: int, side: int, student: int = 7) -> Shoe:
        return Shoe("train", student, pair, side)

    right = tuple((shoe(pair, 0), shoe(pair, 1)) for pair in (1, 2, 3))
    swapped = (*right, (shoe(1, 1, 9), shoe(1, 0, 9)))
    shown = figures_of(SamePairs((4, 448, 224, 3), "as asked", (swapped,), (), 2))["q1b"]
    assert shown[-1] == PairRow(3, "right shoe of pair 1, u009", "left shoe of pair 1, u009", as_asked=False)
    assert [row.number for row in shown if isinstance(row, PairRow)] == [0, 1, 3]
    assert [row.as_asked for row in shown if isinstance(row, PairRow)] == [True, True, False]
    other = figures_of(DifferentPairs((3, 448, 224, 3), "as asked", (right,), (), 1))["q1c"]
    assert not any(row.as_asked for row in other if isinstance(row, PairRow)), "pairs are no wrong pairs"


def test_where_nothing_was_seen_there_is_no_figure() -> None:
    assert figures_of(NoEvidence(Outcome.MISSING, "there is none")) == {}
    assert figures_of(replace(CHANNEL, convolutions=())) == {}
    assert figures_of(SamePairs((3,), "", (), (), 1)) == {}
