"""Question 2d, from what an accuracy function said of known models to the verdict."""

import re

import pytest
from hypothesis import given
from hypothesis.strategies import permutations

from autograder.checks import CHECKS, judge
from autograder.evidence.kinds import AccuracyRuns, KnownModel, NoEvidence
from autograder.verdict import Outcome

PASS, FAIL = Outcome.PASS, Outcome.FAIL
CODE = re.compile(r"\b(np|torch|nn)\.|\w[\[(]|=|\bdef\b|\bfor \w+ in\b")
TRUTH = {
    "always same": (1.0, 0.0),
    "always different": (0.0, 1.0),
    "always right": (1.0, 1.0),
    "uneven": (2 / 3, 1 / 3),
}
IMAGES = 12


def told(numbers, model="always right", shown=(IMAGES, IMAGES, 0), returned="a tuple"):
    """What was said of one model."""
    return KnownModel(model, TRUTH[model], numbers, returned, shown)


def throughout(change):
    """What a function says of all four models that gives `change` of the right numbers."""
    return [told(change(*numbers), model) for model, numbers in TRUTH.items()]


def verdict(*models, remark=""):
    seen = AccuracyRuns(models, IMAGES, "its own", remark)
    said = judge(CHECKS["accuracy.values"], {AccuracyRuns: seen}, {})
    assert not CODE.search(said.hint), "a hint asks or names an idea; it does not give code away"
    return said


def test_right_numbers_for_all_known_models_pass():
    said = verdict(*throughout(lambda same, different: (same, different)))
    assert (said.outcome, said.remark) == (PASS, "")


def test_the_graders_generators_are_remarked():
    models = throughout(lambda same, different: (same, different))
    assert "in the place of" in verdict(*models, remark="Measured with right generators in the place of its own").remark


@pytest.mark.parametrize("error", [1e-7, -9e-4])
def test_numbers_that_are_rounded_pass(error):
    assert verdict(*throughout(lambda same, different: (same + error, different - error))).outcome is PASS


def test_numbers_in_exchanged_places_fail_and_the_hint_says_they_are_right():
    said = verdict(*throughout(lambda same, different: (different, same)))
    assert said.outcome is FAIL
    assert said.observed == (
        "for always same, it said 0.0% on pairs and 100.0% on wrong pairs; "
        "it was right on 100.0% on pairs and 0.0% on wrong pairs"
    )
    assert "exchanged places" in said.hint


def test_counts_that_are_not_divided_fail_with_a_question_about_the_division():
    said = verdict(*throughout(lambda same, different: (12 * same, 12 * different)))
    assert said.outcome is FAIL
    assert "by which number is the count divided?" in said.hint


def test_counts_divided_by_all_pictures_fail():
    said = verdict(*throughout(lambda same, different: (same / 2, different / 2)))
    assert said.outcome is FAIL
    assert "it said 50.0% on pairs" in said.observed
    assert "Count by hand" in said.hint


def test_one_accuracy_over_both_kinds_given_twice_fails():
    assert verdict(*throughout(lambda same, different: ((same + different) / 2,) * 2)).outcome is FAIL


def test_numbers_that_are_none_fail():
    assert verdict(told((float("nan"), 1.0))).outcome is FAIL


@given(permutations([*throughout(lambda same, different: (same, different))[:3], told((0.75, 1 / 3), "uneven")]))
def test_one_model_of_four_told_wrongly_is_found_wherever_it_stands(models):
    said = verdict(*models)
    assert said.outcome is FAIL
    assert said.observed.startswith("for uneven, it said 75.0% on pairs")


@pytest.mark.parametrize("shown", [(8, 8, 0), (8, 12, 0), (12, 8, 0), (0, 0, 0), (0, 0, 24)])
def test_pictures_that_are_never_shown_fail_and_are_counted(shown):
    said = verdict(told((1.0, 1.0), shown=shown))
    assert said.outcome is FAIL
    assert said.observed == (f"of 12 pairs and as many wrong pairs, the model was shown {shown[0]} and {shown[1]}")
    assert "leave out" in said.hint


def test_a_picture_that_is_shown_twice_is_no_mistake():
    assert verdict(told((1.0, 1.0), shown=(16, 16, 0))).outcome is PASS


@pytest.mark.parametrize("returned", ["nothing", "one number, 0.5", "a text without two numbers"])
def test_something_else_than_two_numbers_fails_and_is_told(returned):
    said = verdict(told(None, returned=returned))
    assert said.outcome is FAIL
    assert said.observed == f"for always right, it returned {returned}"
    assert "Two numbers are asked for" in said.hint


@pytest.mark.parametrize("outcome", [Outcome.MISSING, Outcome.TIMEOUT, Outcome.FAIL])
def test_without_evidence_the_verdict_says_why_there_is_none(outcome):
    nothing = NoEvidence(outcome, "`get_accuracy` is still to be written")
    said = judge(CHECKS["accuracy.values"], {AccuracyRuns: nothing}, {})
    assert (said.outcome, said.observed) == (outcome, "`get_accuracy` is still to be written")
