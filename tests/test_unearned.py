"""Hostile submissions that are after points get none for what they have not done, graded for real in the cage.

All of them are graded by `python -m benchmarks.hostile`; here are those that come nearest, each another way.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from autograder.boundary.replies import Said
from autograder.boundary.sandbox import Sandbox
from autograder.evidence.exam import answers_of, believed
from autograder.grading import Grader
from autograder.session import Setup, grade_path, prepare
from fixtures.hostile import Targets, hostile_submissions

HOSTILE = hostile_submissions()
NEAREST = {
    "decoy-layers": "layers are executed on the side, and the answer comes from somewhere else",
    "function-that-calls-itself-conv2d": "functions pass as layers that compute nothing",
    "events-of-layers-through-frames": "what is seen of layers is written by the submission itself",
    "grader-functions-patched": "the worker's own functions are exchanged",
    "thread-that-answers-later": "a thread answers in the place of the worker",
    "known-models-recognised": "the accuracies of known models are told without counting",
    "generators-of-the-grader": "right pair generators are looked for in the process",
    "solution-imported": "the reference is imported",
}


@pytest.fixture(scope="module")
def setup(small_data: Path) -> Setup:
    checks = sorted({check for name in NEAREST for check in HOSTILE[name].checks})
    return prepare(small_data, seed=2**100 + 1, only=checks, sandbox=Sandbox.CAGE)


@pytest.fixture(scope="module")
def grader(setup: Setup, grader_for: Callable[[Setup], Grader]) -> Grader:
    return grader_for(setup)


@pytest.mark.parametrize("name", NEAREST, ids=[words.replace(" ", "-") for words in NEAREST.values()])
def test_nothing_is_earned_where(tmp_path: Path, setup: Setup, grader: Grader, name: str) -> None:
    path = HOSTILE[name].build(Targets.nowhere(name), tmp_path)
    checks = setup.result(grade_path(path, setup, grader))["checks"]
    earned = {id: checks[id]["verdict"] for id in HOSTILE[name].targets if id in checks and checks[id]["points"]}
    assert earned == {}


# --- what a model says, and what its layers say

SAME, DIFFERENT = [0.0, 2.0], [2.0, 0.0]


def test_what_follows_the_last_layer_changes_no_answer() -> None:
    last = np.array([SAME, DIFFERENT] * 10)
    softmax = np.exp(last) / np.exp(last).sum(axis=1, keepdims=True)
    answers, its_own = believed(Said(softmax, last))
    assert its_own and (answers == softmax).all()


def test_a_network_that_is_asked_twice_may_differ_from_its_last_layer_now_and_then() -> None:
    outputs = np.array([SAME, DIFFERENT] * 10)
    last = np.array([DIFFERENT, *outputs[1:]])
    assert believed(Said(outputs, last)) == (pytest.approx(outputs), True)


def test_where_most_answers_come_from_elsewhere_the_last_layer_is_asked() -> None:
    outputs, last = np.array([SAME, DIFFERENT] * 10), np.array([DIFFERENT, DIFFERENT] * 10)
    answers, its_own = believed(Said(outputs, last))
    assert not its_own and (answers == last).all()


def test_a_sigmoid_behind_one_output_is_judged_by_the_side_of_the_half() -> None:
    last = np.array([[3.0], [-3.0]] * 10)
    answers, _ = believed(Said(1 / (1 + np.exp(-last)), last))
    assert answers_of(answers).tolist() == [1, 0] * 10


def test_where_no_layer_is_known_to_be_behind_them_outputs_are_taken_as_they_are() -> None:
    outputs = np.array([SAME, DIFFERENT])
    assert believed(Said(outputs)) == (pytest.approx(outputs), True)
