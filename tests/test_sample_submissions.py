"""The verdicts on sample submissions: each mistake is caught by the checks that name it, and right work by none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.grading import Grader
from autograder.session import Setup, grade_path, prepare
from fixtures.brief import write_brief
from fixtures.compose import read_submissions, solution_notebook, write_notebook

# A part that is quick and touches every check; `python -m benchmarks.fairness` grades all of them.
DEFECTS = (
    "alpha-channel-kept",
    "imread-divided-again",
    "kept-as-8-bit-integers",
    "left-and-right-exchanged",
    "test-sets-exchanged",
    "one-student-on-both-sides",
    "same-left-shoe-twice",
    "same-right-above-left",
    "different-across-students",
    "different-one-comes-twice",
    "cnn-one-output",
    "cnn-missing-pooling",
    "cnn-linear-layer-of-another-size",
    "channel-shoes-joined-along-the-height",
    "cnn-no-padding",
    "channel-fifty-hidden-units",
    "channel-same-shoe-twice",
    "channel-padding-too-large",
    "accuracy-exchanged",
    "accuracy-drops-the-last-batch",
    "functions-file-not-handed-in",
    "a-mistake-in-the-functions-file",
    "arrays-in-files-that-were-not-handed-in",
    "skeletons-of-the-course",
)
UNUSUAL = (
    "names-of-their-own",
    "networks-with-sizes-as-arguments",
    "windows-path",
    "loader-at-top-level",
    "loader-opencv",
    "different-drawn-with-random",
    "networks-from-factories",
    "cnn-functional-parameters",
    "width-before-height",
    "accuracy-as-dictionary",
    "functions-file-of-another-name",
    "functions-file-run",
    "a-zip-in-a-zip",
    "exported-as-a-script",
    "in-two-notebooks",
    "cells-run-in-another-order",
    "methods-of-a-class",
    "loader-for-older-libraries",
)


TRAINING = (
    "softmax-before-cross-entropy",
    "labels-exchanged",
    "never-shuffled",
    "reshaped-instead-of-permuted",
    "gradients-never-cleared",
    "optimizer-never-steps",
    "one-step-per-epoch-with-its-last-batch",
    "labels-are-no-integers",
    "evaluation-mode-after-the-first-epoch",
    "validation-accuracy-of-the-training-data",
    "curve-not-returned",
    "checkpoint-path-never-used",
    "gradients-of-two-batches-on-purpose",
    "weights-moved-by-hand",
    "train-is-one-epoch-and-the-notebook-loops",
    "training-for-older-libraries",
)


def verdicts(path: Path, setup: Setup, grader: Grader) -> dict[str, str]:
    return {id: verdict.outcome.value for id, verdict in grade_path(path, setup, grader).verdicts.items()}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_mistake_is_caught_by_the_checks_that_name_it_and_by_no_others(
    name: str, tmp_path: Path, setup: Setup, grader: Grader
) -> None:
    submission = read_submissions()[name]
    found = verdicts(submission.write(tmp_path), setup, grader)
    assert {id for id, outcome in found.items() if outcome == "fail"} == set(submission.caught_by)
    assert {id for id, outcome in found.items() if outcome == "partial"} == set(submission.partial_by)
    assert {id for id, outcome in found.items() if outcome == "missing"} == set(submission.missing_by)
    assert set(found.values()) <= {"pass", "fail", "partial", "missing", "skipped"}


@pytest.mark.parametrize("name", UNUSUAL)
def test_right_work_in_another_style_loses_no_point(name: str, tmp_path: Path, setup: Setup, grader: Grader) -> None:
    found = verdicts(read_submissions()[name].write(tmp_path), setup, grader)
    assert {id: outcome for id, outcome in found.items() if outcome != "pass"} == {}


@pytest.fixture(scope="module")
def training(small_data: Path, grader_for: Callable[[Setup], Grader]) -> tuple[Setup, Grader]:
    setup = prepare(small_data, only=["train"])
    return setup, grader_for(setup)


@pytest.mark.parametrize("name", TRAINING)
def test_a_training_loop_is_judged_by_what_reached_the_optimizer(
    name: str, tmp_path: Path, training: tuple[Setup, Grader]
) -> None:
    submission = read_submissions()[name]
    found = verdicts(write_brief(submission, tmp_path), *training)
    assert {id for id, outcome in found.items() if outcome == "fail"} == set(submission.caught_by)
    assert {id for id, outcome in found.items() if outcome == "partial"} == set(submission.partial_by)


def test_the_solution_gets_every_point_that_is_checked(tmp_path: Path, setup: Setup, grader: Grader) -> None:
    write_notebook(tmp_path / "solution.ipynb", solution_notebook())
    graded = grade_path(tmp_path / "solution.ipynb", setup, grader)
    assert {verdict.outcome.value for verdict in graded.verdicts.values()} == {"pass"}


def test_the_unfilled_template_gets_no_point_and_each_message_names_what_is_to_be_written(
    setup: Setup, grader: Grader
) -> None:
    template = Path(__file__).parents[1] / "student_template" / "assignment3.ipynb"
    graded = grade_path(template, setup, grader)
    assert {verdict.outcome.value for verdict in graded.verdicts.values()} == {"missing"}
    named = {
        "data": "get_organized_data",
        "same": "generate_same_pair",
        "different": "generate_different_pair",
        "cnn": "CNN",
        "channel": "CNNChannel",
        "accuracy": "get_accuracy",
    }
    for id, verdict in graded.verdicts.items():
        assert f"`{named[id.split('.')[0]]}` is still to be written" in verdict.message
