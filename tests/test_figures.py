"""The figures of a report: shapes through a network beside those asked for, shoes in a generator's rows, in a batch and
in a test, and how values are spread."""

import io
from collections.abc import Iterator
from dataclasses import MISSING, fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from autograder.datasets import Photographs, read_data_set
from autograder.evidence import training_kinds as kinds
from autograder.evidence.figures import BatchExample, ExamAnswer, Histogram, PairRow, ShownShoe, Stage, figures_of
from autograder.evidence.kinds import (
    ChannelRun,
    CnnRun,
    Convolution,
    DifferentPairs,
    LoadedArray,
    LoadedData,
    NoEvidence,
    SamePairs,
)
from autograder.evidence.losses import CROSS_ENTROPY
from autograder.evidence.photographs import MOST_BYTES, SIZE, photographs_of
from autograder.evidence.spreads import BINS, spread_of
from autograder.evidence.trace import Pass, Step
from autograder.evidence.training_record import first_examples
from autograder.verdict import Outcome
from fixtures.catalogue import Shoe
from fixtures.coded import normalised

LEFT, RIGHT = 0, 1


def shoe(pair: int, side: int, student: int = 7) -> Shoe:
    return Shoe("train", student, pair, side)


def a_training(**facts: Any) -> kinds.TrainingRun:
    nothing: dict[str, Any] = {field.name: () for field in fields(kinds.TrainingRun) if field.default is MISSING}
    return kinds.TrainingRun(**nothing | facts)


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
    right = tuple((shoe(pair, 0), shoe(pair, 1)) for pair in (1, 2, 3))
    swapped = (*right, (shoe(1, 1, 9), shoe(1, 0, 9)))
    shown = figures_of(SamePairs((4, 448, 224, 3), "as asked", (swapped,), (), 2))["q1b"]
    shoes = ShownShoe("train", 9, 1, "right"), ShownShoe("train", 9, 1, "left")
    words = "right shoe of pair 1, u009", "left shoe of pair 1, u009"
    assert shown[-1] == PairRow(*words, shoes, 3, as_asked=False, wrong="swapped")
    assert [row.number for row in shown if isinstance(row, PairRow)] == [0, 1, 3]
    assert [row.as_asked for row in shown if isinstance(row, PairRow)] == [True, True, False]
    other = figures_of(DifferentPairs((3, 448, 224, 3), "as asked", (right,), (), 1))["q1c"]
    assert not any(row.as_asked for row in other if isinstance(row, PairRow)), "pairs are no wrong pairs"


@pytest.mark.parametrize(
    ("upper", "lower", "of_pairs", "of_wrong_pairs"),
    [
        (shoe(1, LEFT), shoe(1, RIGHT), "", "of one pair"),
        (shoe(1, LEFT), shoe(2, RIGHT), "not of one pair", ""),
        (shoe(1, RIGHT), shoe(1, LEFT), "swapped", "swapped, of one pair"),
        (shoe(1, RIGHT), shoe(2, LEFT), "swapped, not of one pair", "swapped"),
        (shoe(1, LEFT), shoe(1, LEFT), *["the same shoe twice"] * 2),
        (shoe(1, LEFT), shoe(2, LEFT), "two left shoes, not of one pair", "two left shoes"),
        (shoe(1, LEFT), shoe(1, RIGHT, 9), *["another student's shoe"] * 2),
        (shoe(1, LEFT), None, *["not two whole photographs"] * 2),
        (None, None, *["not two whole photographs"] * 2),
    ],
)
def test_what_is_wrong_with_a_row_is_said_in_a_word(
    upper: Shoe | None, lower: Shoe | None, of_pairs: str, of_wrong_pairs: str
) -> None:
    for kind, question, wrong in ((SamePairs, "q1b", of_pairs), (DifferentPairs, "q1c", of_wrong_pairs)):
        (row,) = figures_of(kind((1, 448, 224, 3), "as asked", (((upper, lower),),), (), 1))[question]
        assert isinstance(row, PairRow) and (row.wrong, row.as_asked) == (wrong, not wrong)


# A batch and a test


def test_examples_of_a_batch_are_shown_with_the_label_that_they_were_trained_with() -> None:
    shown = (
        kinds.Labelled(shoe(1, LEFT), shoe(1, RIGHT), 0),
        kinds.Labelled(shoe(1, LEFT), shoe(2, RIGHT), 0),
        kinds.Labelled(shoe(1, LEFT), shoe(2, RIGHT, 9), -1),
    )
    found = figures_of(a_training(shown=shown))["q3a"]
    assert [(e.what, e.label, e.mislabelled) for e in found if isinstance(e, BatchExample)] == [
        ("a pair", "different", True),
        ("not a pair", "different", False),
        ("shoes of two students", "", False),
    ]


def a_step(pairs: list[tuple[Shoe, Shoe]], labels: list[int]) -> tuple[Step, list[tuple[Shoe, Shoe] | None]]:
    """A step on a batch whose network knows nothing yet: gradients of the cross-entropy at outputs of nearly zero."""
    outputs = tuple((0.01 * row, -0.02) for row in range(len(pairs)))
    gradients = []
    for output, label in zip(np.array(outputs), labels, strict=True):
        share = np.exp(output) / np.exp(output).sum()
        gradients.append(tuple((share - np.eye(2)[label]) / len(labels)))
    ids = tuple(range(len(pairs)))
    seen = Pass(0, "upright", True, ids, (), outputs, learns=True, gradients=tuple(gradients))
    return Step(1, (seen,), (), True, 0.0, 1.0, 0.1, 1.0, 9, 9, 0.7, "NllLossBackward0", 0.1, 1), list(pairs)


def test_of_the_first_batch_a_few_of_each_kind_are_shown_and_wrong_labels_first() -> None:
    pairs = [(shoe(1, LEFT, n), shoe(1, RIGHT, n)) for n in range(4)]
    others = [(shoe(1, LEFT, n), shoe(2, RIGHT, n)) for n in range(4)]
    step, read = a_step([*pairs, *others], [1, 1, 1, 0, 0, 0, 0, 0])
    shown = first_examples([step], lambda seen: read, CROSS_ENTROPY)
    assert [(e.upper, e.label, e.mislabelled) for e in shown] == [
        (pairs[3][0], 0, True),
        (pairs[0][0], 1, False),
        (others[0][0], 0, False),
        (others[1][0], 0, False),
    ]


def test_a_batch_that_cannot_be_read_is_passed_over_for_the_next_one() -> None:
    step, read = a_step([(shoe(1, LEFT), shoe(1, RIGHT)), (shoe(1, LEFT), shoe(2, RIGHT))], [1, 0])
    kinds_of: Iterator[Any] = iter([[None, None], read])
    assert len(first_examples([step, step], lambda seen: next(kinds_of), CROSS_ENTROPY)) == 2
    assert first_examples([step], lambda seen: [None, None], CROSS_ENTROPY) == ()
    assert first_examples([], lambda seen: [], CROSS_ENTROPY) == ()


def test_answers_on_the_test_sets_say_what_the_shoes_are_and_what_the_model_said() -> None:
    pair, other = (Shoe("test_w", 11, 1, LEFT), Shoe("test_w", 11, 1, RIGHT)), Shoe("test_w", 11, 3, RIGHT)
    women = kinds.TestSet((0, 1), (1, 1), shown=(kinds.Answered(*pair, False), kinds.Answered(pair[0], other, False)))
    run = kinds.TestRun("CNN", "its own training", 9, 0.5, women, kinds.TestSet((1, 1), (1, 1)))
    found = figures_of(run)["q4a"]
    assert [(a.students, a.lower, a.what, a.said, a.mistaken) for a in found if isinstance(a, ExamAnswer)] == [
        ("women", "right shoe of pair 1, u011", "a pair", "different", True),
        ("women", "right shoe of pair 3, u011", "not a pair", "different", False),
    ]


# How values are spread

PIXELS = np.random.default_rng(3).integers(0, 256, size=(2, 3, 2, 16, 16, 3), dtype=np.uint8)
ASKED = normalised(PIXELS.reshape(-1, 16, 16, 3))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_right_values_lie_in_the_same_bins_as_those_that_are_asked_for(dtype: type) -> None:
    values = np.arange(256, dtype=np.uint8).repeat(2).reshape(1, 512, 1, 1).repeat(3, axis=3)
    spread = spread_of((values / 255 - 0.5).astype(dtype), normalised(values))
    assert spread is not None and spread.seen == spread.asked and (spread.low, spread.high) == (-0.5, 0.5)


def test_values_that_were_squeezed_lie_in_one_bin_and_the_shares_add_up_to_one() -> None:
    spread = spread_of(PIXELS / 255 / 255 - 0.5, ASKED)
    assert spread is not None and spread.seen == (1.0, *[0.0] * (BINS - 1)) and (spread.low, spread.high) == (-0.5, 0.5)
    assert sum(spread.asked) == pytest.approx(1, abs=1e-2) and max(spread.asked) < 0.1


@settings(max_examples=50)
@given(
    arrays(
        st.sampled_from([np.float16, np.float32, np.float64, np.uint8, np.int64, np.bool_]),
        st.sampled_from([(1, 3, 2, 4, 4, 3), (0, 3, 2, 4, 4, 3)]),
    )
)
def test_of_whatever_an_array_holds_the_spread_is_bounded_and_of_numbers(held: Any) -> None:
    spread = spread_of(held, ASKED)
    if spread is not None:
        assert len(spread.seen) == len(spread.asked) == BINS and spread.low < spread.high
        assert all(np.isfinite([*spread.seen, spread.low, spread.high, spread.least, spread.greatest]))


def test_where_no_value_is_a_number_there_is_no_histogram() -> None:
    assert spread_of(np.full((1, 3, 2, 4, 4, 3), np.nan), ASKED) is None
    assert spread_of(np.array([-1.7e308, 1.7e308, 0.0]).reshape(1, 1, 1, 1, 1, 3), ASKED) is None
    assert figures_of(LoadedData((LoadedArray("train_data", "train"),), {}, ())) == {}


def test_the_histogram_is_that_of_the_pictures_to_learn_from() -> None:
    spread = spread_of(PIXELS / 255, ASKED)
    train = LoadedArray("train_data", "my_train", low=0.0, high=1.0, form="not shifted", spread=spread)
    valid = LoadedArray("valid_data", "my_valid", spread=spread)
    (histogram,) = figures_of(LoadedData((valid, train), {}, ()))["q1a"]
    assert isinstance(histogram, Histogram) and (histogram.name, histogram.form) == ("my_train", "8-bit value / 255")
    assert (histogram.least, histogram.greatest) == (0, 1)
    assert (histogram.asked_least, histogram.asked_greatest) == (-0.5, 0.5)


# Photographs


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Photographs:
    """Of two students, each shoe in one colour; of the third pair there is only the left shoe."""
    folder = tmp_path_factory.mktemp("shoes")
    for number, name in enumerate(("train", "test_w", "test_m")):
        (folder / name).mkdir()
        for student in (1, 4):
            for pair, side in ((1, "left"), (1, "right"), (2, "left"), (2, "right"), (3, "left")):
                colour = (student * 40, pair * 80, number * 60 + 30 * (side == "left"))
                Image.new("RGB", (224, 224), colour).save(folder / name / f"u{student:03d}_{pair}_{side}_w.jpg", "PNG")
    return Photographs(read_data_set(folder))


def rows_of(*shoes: Shoe | None) -> dict[str, Any]:
    return dict(figures_of(SamePairs((1, 448, 224, 3), "as asked", (tuple((s, s) for s in shoes),), (), 1)))


def colour_of(picture: bytes) -> tuple[int, ...]:
    with Image.open(io.BytesIO(picture)) as opened:
        assert (opened.format, opened.size) == ("JPEG", (SIZE, SIZE))
        return tuple(np.asarray(opened).mean(axis=(0, 1)).round(-1).astype(int))


def test_each_shoe_that_a_figure_names_has_its_own_photograph_whatever_was_loaded_before(
    photographs: Photographs,
) -> None:
    figures = rows_of(shoe(1, LEFT, 4), shoe(2, RIGHT, 1), None)
    pictures = photographs_of(figures, photographs)
    assert {name: colour_of(picture) for name, picture in pictures.items()} == {
        "train/u004/1/left": (160, 80, 30),
        "train/u001/2/right": (40, 160, 0),
    }
    photographs.array("train", [1])
    assert photographs_of(figures, photographs) == pictures


def test_an_imaginary_student_is_shown_with_anothers_photographs_and_a_shoe_without_one_in_words(
    photographs: Photographs,
) -> None:
    pictures = photographs_of(rows_of(shoe(1, LEFT, 1001), shoe(1, LEFT, 1002), shoe(3, RIGHT, 1)), photographs)
    assert {name: colour_of(picture)[0] for name, picture in pictures.items()} == {
        "train/u1001/1/left": 160,
        "train/u1002/1/left": 40,
    }
    assert photographs_of(rows_of(Shoe("attic", 1, 1, 0)), photographs) == {}


def test_all_photographs_of_a_report_together_stay_within_bounds(
    photographs: Photographs, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(1).integers(0, 256, size=(224, 224, 3), dtype=np.uint8)
    monkeypatch.setattr(photographs, "picture", lambda shoe: noise)
    examples = tuple(kinds.Labelled(shoe(1, LEFT, n), shoe(1, RIGHT, n), 1) for n in range(1000, 1100))
    pictures = photographs_of(figures_of(a_training(shown=examples)), photographs)
    assert len(pictures) > 10 and sum(map(len, pictures.values())) <= MOST_BYTES


# What there may be of evidence

SHOES = st.none() | st.builds(
    Shoe, st.sampled_from(["train", "test_w"]), st.integers(0, 1100), st.integers(1, 3), st.integers(0, 1)
)


@settings(max_examples=30)
@given(st.lists(st.lists(st.tuples(SHOES, SHOES), max_size=5).map(tuple), max_size=2).map(tuple))
def test_of_whatever_was_read_in_a_generators_rows_there_are_figures_and_photographs(
    photographs: Photographs, draws: Any
) -> None:
    for kind in (SamePairs, DifferentPairs):
        figures = figures_of(kind((0,), "", draws, (), 2))
        assert all(len(parts) <= 3 for parts in figures.values())
        photographs_of(figures, photographs)


def test_where_nothing_was_seen_there_is_no_figure() -> None:
    assert figures_of(NoEvidence(Outcome.MISSING, "there is none")) == {}
    assert figures_of(replace(CHANNEL, convolutions=())) == {}
    assert figures_of(SamePairs((3,), "", (), (), 1)) == {}
