"""Whatever happens to a submission on its way, its readers end with a bundle or with one sentence.

A few hundred of the inputs of `python -m benchmarks.fuzz`, and what it does with one that ends or hangs the process.
"""

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import fuzz
from benchmarks.fuzz import Trial, read_all_of, tried
from benchmarks.mutants import write_mutant


@given(st.integers(0, 10**9))
@settings(max_examples=100)
def test_a_damaged_submission_is_read_or_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, number: int
) -> None:
    read_all_of(write_mutant(number, tmp_path_factory.mktemp("mutant")))


def test_a_number_makes_the_same_submission_every_time(tmp_path: Path) -> None:
    for number in range(20):
        made = []
        for time_round in ("first", "second"):
            folder = tmp_path / f"{time_round}{number}"
            folder.mkdir()
            path = write_mutant(number, folder)
            files = sorted(p for p in (path.rglob("*") if path.is_dir() else [path]) if p.is_file())
            made.append([(str(p.relative_to(folder)), p.read_bytes()) for p in files])
        assert made[0] == made[1]


def _attempt(number: int) -> Trial:
    if number == 2:
        os._exit(7)
    if number == 4:
        while True:
            pass
    return Trial(number, time.process_time(), True)


def test_an_input_that_ends_or_hangs_the_process_is_named_and_the_others_are_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fuzz, "MOST_SECONDS", 0)
    trials = list(tried(range(6), _attempt))
    assert [trial.number for trial in trials] == [0, 1, 2, 3, 4, 5]
    problems = {trial.number: trial.problem for trial in trials if trial.problem}
    assert problems == {2: "ended the process: 7", 4: "took too long"}
