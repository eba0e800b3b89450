"""Weights that lie beside the notebook are what is tested; those that cannot be used are named and trained anew."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from autograder.grading import Grader
from autograder.rubric import DEFAULT_RUBRIC
from autograder.session import Setup, grade_path, prepare
from autograder.verdict import Outcome, Verdict
from fixtures.compose import Patch, compose, solution_notebook, write_notebook
from reference.models import CNN, CNNChannel


@pytest.fixture(scope="module")
def brief(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Setup:
    """A setup in which training for the test is over after two steps."""
    rubric = tmp_path_factory.mktemp("rubric") / "rubric.toml"
    text = DEFAULT_RUBRIC.read_text(encoding="utf-8")
    assert "test_steps = 500" in text
    rubric.write_text(text.replace("test_steps = 500", "test_steps = 2"), encoding="utf-8")
    return prepare(small_data, only=["test"], rubric=rubric)


@pytest.fixture(scope="module")
def examiner(brief: Setup, grader_for: Callable[[Setup], Grader]) -> Grader:
    return grader_for(brief)


def answering(answer: int, kind: type[nn.Module] = CNNChannel) -> dict[str, torch.Tensor]:
    """The weights of a network of the reference that gives one answer to everything."""
    state: dict[str, torch.Tensor] = {name: torch.zeros_like(value) for name, value in kind(8).state_dict().items()}
    state["classifier.4.bias"][answer] = 1.0
    return state


def women_with(folder: Path, setup: Setup, grader: Grader, **files: Any) -> Verdict:
    """The verdict on the women's test set of a bundle with these weights."""
    bundle = folder / "bundle"
    bundle.mkdir()
    write_notebook(bundle / "solution.ipynb", solution_notebook())
    for name, content in files.items():
        if isinstance(content, bytes):
            (bundle / f"{name}.pk").write_bytes(content)
        else:
            torch.save(content, bundle / f"{name}.pk")
    return dict(grade_path(bundle, setup, grader).verdicts)["test.women"]


@pytest.mark.parametrize(("answer", "pairs", "wrong_pairs"), [(1, 9, 0), (0, 0, 18)])
def test_submitted_weights_answer_for_themselves(
    answer: int, pairs: int, wrong_pairs: int, tmp_path: Path, brief: Setup, examiner: Grader
) -> None:
    said = women_with(tmp_path, brief, examiner, best=answering(answer))
    assert f"{pairs} of 9 pairs, {wrong_pairs} of 18 wrong pairs" in said.observed
    assert "CNNChannel with the submitted weights best.pk" in said.observed


def test_weights_within_a_checkpoint_are_found(tmp_path: Path, brief: Setup, examiner: Grader) -> None:
    said = women_with(tmp_path, brief, examiner, best={"epoch": 3, "model": answering(1)})
    assert "9 of 9 pairs" in said.observed
    assert "the submitted weights best.pk" in said.observed


def test_of_several_files_the_one_that_validates_best_counts_and_each_model_gets_its_own(
    tmp_path: Path, brief: Setup, examiner: Grader
) -> None:
    said = women_with(tmp_path, brief, examiner, a_cnn=answering(1, CNN), b_unfit={"some": torch.ones(3)})
    assert "CNN with the submitted weights a_cnn.pk" in said.observed


def test_what_is_wrong_with_one_file_is_said_beside_what_another_reached(
    tmp_path: Path, brief: Setup, examiner: Grader
) -> None:
    said = women_with(tmp_path, brief, examiner, a_broken=b"", best=answering(1))
    assert "9 of 9 pairs" in said.observed
    assert "The submitted weights a_broken.pk could not be used: the file is empty." in said.remark


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            {"layer.weight": torch.ones(3, 3)},
            "they fit no model of the submission: they begin with `layer.weight` and those of `CNN` with "
            "`features.0.0.weight`.",
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12000\n",
            "the file is a git-LFS pointer of 67 bytes, not the weights: 12 kB are elsewhere; run `git lfs pull` "
            "before handing in.",
        ),
    ],
    ids=["another network's", "a pointer to a file"],
)
def test_weights_that_cannot_be_used_are_named_and_the_models_own_training_counts(
    content: Any, words: str, tmp_path: Path, brief: Setup, examiner: Grader
) -> None:
    said = women_with(tmp_path, brief, examiner, best=content)
    assert "CNNChannel with its own training, 2 steps" in said.observed
    assert f"The submitted weights best.pk could not be used: {words}" in said.remark


def test_where_there_is_no_training_either_the_verdict_still_speaks_of_the_weights(
    tmp_path: Path, brief: Setup, examiner: Grader
) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "solution.py").write_text("a = 1\n")
    torch.save(answering(1), tmp_path / "bundle" / "best.pk")
    said = dict(grade_path(tmp_path / "bundle", brief, examiner).verdicts)["test.women"]
    assert said.outcome is Outcome.MISSING
    assert "The weights best.pk are there, but the model that they belong to is not" in said.message


def test_weights_without_the_file_of_their_class_are_missing_and_no_other_network_is_trained_in_its_place(
    tmp_path: Path, brief: Setup, examiner: Grader
) -> None:
    kinds = ("CNN", "CNNChannel")
    patches = [Patch("no file", kind, None, f"from ML_DL_Functions3 import {kind}") for kind in kinds]
    (tmp_path / "bundle").mkdir()
    write_notebook(tmp_path / "bundle" / "solution.ipynb", compose(*patches))
    torch.save(answering(1), tmp_path / "bundle" / "best.pk")
    said = dict(grade_path(tmp_path / "bundle", brief, examiner).verdicts)["test.women"]
    assert said.outcome is Outcome.MISSING
    absent = "needs the module ML_DL_Functions3, and there is no file ML_DL_Functions3.py in the submission"
    assert said.observed == f"`CNNChannel` {absent}"
    assert said.remark == f"The weights best.pk are there, but the model that they belong to is not: `CNN` {absent}."
