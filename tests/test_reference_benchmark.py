"""The reference is compared with a way that does the same, and a ratio promises no more than was seen."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks import recipes
from benchmarks.reference import handout
from benchmarks.reference.accuracy import ACCURACY, Run, compared, timed
from benchmarks.reference.epoch import SidewaysChannel
from benchmarks.reference.figures import Aim, ratio
from reference import CNNChannel, generate_different_pair, generate_same_pair, get_organized_data

ONE_STUDENT = np.zeros((1, 3, 2, 1, 1, 3), dtype=np.float32)


def test_the_handouts_way_makes_the_same_arrays_as_the_reference(small_data: Path) -> None:
    ours, theirs = get_organized_data(small_data / "test_w"), handout.load(small_data / "test_w")
    np.testing.assert_allclose(theirs, ours, atol=1e-6)
    np.testing.assert_allclose(handout.same_pairs(theirs), generate_same_pair(ours), atol=1e-6)
    np.testing.assert_allclose(handout.different_pairs(theirs), generate_different_pair(ours), atol=1e-6)


def test_the_network_for_pictures_on_their_side_is_the_references_own() -> None:
    upright, sideways = CNNChannel(n=1).eval(), SidewaysChannel(n=1).eval()
    sideways.load_state_dict(upright.state_dict())
    shoes = torch.rand(1, 3, 2, 224, 224) - 0.5  # left and right
    above = torch.cat([shoes[:, :, 0], shoes[:, :, 1]], dim=2)
    beside = torch.cat([shoes[:, :, 0], shoes[:, :, 1]], dim=3)
    assert torch.allclose(sideways(beside), upright(above), atol=1e-6)


@pytest.mark.parametrize(
    ("aim", "number", "words"),
    [
        (Aim(3, at_least=True), 3.0, "aim: at least 3, met"),
        (Aim(3, at_least=True), 2.9, "aim: at least 3, not met"),
        (Aim(1.3, at_least=False), 1.2, "aim: at most 1.3, met"),
        (Aim(1.3, at_least=False), 1.4, "aim: at most 1.3, not met"),
    ],
)
def test_an_aim_is_met_from_its_number_on(aim: Aim, number: float, words: str) -> None:
    assert aim.said(number) == words


def test_one_slow_round_that_slowed_both_ways_does_not_change_their_ratio() -> None:
    assert ratio({"slow": [2, 20, 2], "fast": [1, 10, 1]}, "slow", "fast") == 2


def trained(accuracies: list[float], most_seconds: float) -> Run:
    """A training of as many epochs as there are accuracies on the clock."""
    coming = iter(accuracies)

    def training(data: NDArray[np.floating], report: object) -> None:
        assert callable(report)
        for _ in accuracies:
            report(nn.Identity())

    return timed(training, ONE_STUDENT, lambda _: next(coming), most_seconds)


def test_a_training_ends_with_the_first_epoch_that_reaches_the_accuracy() -> None:
    run = trained([0.5, ACCURACY, 0.9], most_seconds=60)
    assert run.reached
    assert run.accuracies == [0.5, ACCURACY]


def test_a_training_whose_time_is_up_ends_with_its_epoch_and_has_not_reached_it() -> None:
    run = trained([0.5, 0.9], most_seconds=0)
    assert not run.reached
    assert run.accuracies == [0.5]
    assert "not reached" in run.said()


@pytest.mark.parametrize(
    ("reference", "other", "words"),
    [
        (Run(10, [0.9]), Run(60, [0.5, 0.9]), "6.0 times as fast as the handout's way (aim: at least 5, met)"),
        (Run(10, [0.9]), Run(60, [0.5]), "at least 6.0 times as fast"),
        (Run(10, [0.9]), Run(20, [0.5]), "(aim: at least 5, open)"),
        (Run(10, [0.5]), Run(60, [0.9]), "no ratio: the reference did not get there"),
    ],
)
def test_a_training_that_was_given_up_makes_the_ratio_a_lower_bound(reference: Run, other: Run, words: str) -> None:
    assert words in compared(reference, other)


def test_outcomes_that_are_there_are_not_made_again_and_their_median_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed, accuracy in enumerate((0.95, 0.85, 0.91)):
        folder = tmp_path / f"best-CNN-{seed}"
        folder.mkdir()
        outcome = {"seed": seed, "seconds": 60, "valid": 0.9, "test_w": accuracy, "test_m": accuracy, "parameters": 7}
        (folder / "outcome.json").write_text(json.dumps(outcome))
        (folder / recipes.SETTINGS).write_text(recipes.settings_of("best", "CNN"))
    recipes.main(data=tmp_path, recipe="best", model="CNN", seeds=3, out=tmp_path)
    printed = capsys.readouterr().out
    assert "seed 1: women's 85.0%, men's 85.0%, mean 85.0%" in printed
    assert "median of the means of both test sets: 91.0%" in printed
    (tmp_path / "best-CNN-1" / recipes.SETTINGS).write_text("those of another day")
    with pytest.raises(subprocess.CalledProcessError):  # a new training, of which there are no photographs here
        recipes.main(data=tmp_path, recipe="best", model="CNN", seeds=3, out=tmp_path)
