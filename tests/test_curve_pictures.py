"""Learning curves: numbers that any reader of JSON takes, and a picture that is the same every time."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.evidence.training_kinds import Curve
from autograder.report.curves import DIGITS, curve_numbers, curve_picture

NONE = float("nan")
CURVE = Curve(
    (0.7, 0.5, NONE, 0.2), (("training students", ((2, 0.5), (4, 1.0))), ("validation students", ((4, 0.75),)))
)
LABELS = st.text(max_size=12)
CURVES = st.builds(
    Curve,
    st.lists(st.floats(), max_size=8).map(tuple),
    st.lists(
        st.tuples(LABELS, st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1)), max_size=4).map(tuple)),
        max_size=3,
        unique_by=lambda line: line[0],
    ).map(tuple),
)


def test_a_curve_as_numbers() -> None:
    assert curve_numbers(CURVE) == {
        "losses": [0.7, 0.5, None, 0.2],
        "accuracies": {"training students": [[2, 0.5], [4, 1.0]], "validation students": [[4, 0.75]]},
    }


@given(curve=CURVES)
def test_numbers_are_json_that_any_program_reads(curve: Curve) -> None:
    numbers = curve_numbers(curve)
    assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers


@given(curve=CURVES)
def test_every_step_has_its_place_and_what_is_no_number_is_null(curve: Curve) -> None:
    told = curve_numbers(curve)["losses"]
    assert [loss is None for loss in told] == [not math.isfinite(loss) for loss in curve.losses]
    for loss, number in zip(curve.losses, told, strict=True):
        assert number is None or number == pytest.approx(loss, abs=10**-DIGITS)


@pytest.mark.parametrize("value", [NONE, math.inf, -math.inf])
def test_a_loss_that_is_no_number_is_null(value: float) -> None:
    assert curve_numbers(Curve((value,), ()))["losses"] == [None]


def test_digits_that_nobody_can_see_are_left_out() -> None:
    first, second = (curve_numbers(Curve((loss,), (("a", ((1, loss),)),))) for loss in (1 / 3, 1 / 3 + 1e-9))
    assert first == second


@pytest.mark.parametrize(
    "curve",
    [CURVE, Curve((), ()), Curve((NONE,) * 3, (("nobody", ()),)), Curve((math.inf, 1e300), ())],
    ids=["usual", "empty", "no numbers", "endless"],
)
def test_the_same_curve_is_the_same_picture(curve: Curve) -> None:
    picture = curve_picture("train", curve)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert curve_picture("train", curve) == picture


def test_other_numbers_are_another_picture() -> None:
    other = Curve((0.7, 0.5, NONE, 0.9), CURVE.accuracies)
    assert curve_picture("train", other) != curve_picture("train", CURVE)


@pytest.mark.parametrize("words", ["$\\frac$", "$x^", "100 % <b>"])
def test_words_of_a_submission_are_drawn_as_words(words: str) -> None:
    curve = Curve((0.7, 0.5), ((words, ((1, 0.5), (2, 0.6))),))
    assert curve_picture(words, curve).startswith(b"\x89PNG")
