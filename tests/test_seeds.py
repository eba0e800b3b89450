"""The benchmark that grades with many seeds: what it grades next, what it keeps, what it says."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.seeds import append_line, print_table, read_lines, turns, verdicts_seen


def line(name: str, seed: int, **verdicts: str) -> dict[str, object]:
    return {"submission": name, "seed": seed, "verdicts": {f"train.{check}": said for check, said in verdicts.items()}}


def printed(lines: list[dict[str, object]]) -> tuple[int, str]:
    console = Console(width=100)
    with console.capture() as capture:
        unsure = print_table(verdicts_seen(lines), console)
    return unsure, capture.get()


def test_every_submission_has_its_turn_with_a_seed_before_the_next_seed() -> None:
    assert turns(["a", "b"], 2) == [(0, "a"), (0, "b"), (1, "a"), (1, "b")]


def test_shares_are_about_equal_and_together_everything() -> None:
    everything = turns(list("abcdefg"), 3)
    shares = [turns(list("abcdefg"), 3, f"{part}/4") for part in (1, 2, 3, 4)]
    assert sorted(turn for share in shares for turn in share) == everything
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("share", ["0/4", "5/4", "2", "a/b", ""])
def test_a_share_that_is_none_is_refused_in_words(share: str) -> None:
    with pytest.raises(ValueError, match="second of three"):
        turns(["a"], 1, share)


def test_a_file_that_was_cut_off_in_a_line_goes_on_with_the_next(tmp_path: Path) -> None:
    file = tmp_path / "seeds.jsonl"
    append_line(file, line("a", 0, runs="pass"))
    with file.open("a") as cut:
        cut.write(json.dumps(line("b", 0, runs="pass"))[:20])
    append_line(file, line("c", 0, runs="pass"))
    assert [read["submission"] for read in read_lines(file)] == ["a", "c"]
    assert read_lines(tmp_path / "not-there.jsonl") == []


def test_the_table_names_the_rarer_verdicts_with_their_seeds_and_counts_the_rest() -> None:
    unsure, words = printed(
        [line("shy", seed, runs="pass", loss="fail" if seed == 7 else "pass") for seed in range(20)]
    )
    assert unsure == 1
    assert "pass 19 times; fail 1 times (seeds 7)" in words and "train.loss" in words and "train.runs" not in words
    assert "one verdict with all seeds: 1; more than one: 1" in words


def test_a_grading_that_occurs_twice_counts_once() -> None:
    unsure, words = printed([line("a", 0, runs="pass")] * 3)
    assert unsure == 0 and "1 submissions, 1 checks, 1 to 1 seeds" in words


def test_a_fault_of_the_grader_is_named_also_where_all_seeds_agree_on_it() -> None:
    unsure, words = printed([line("a", seed, runs="error") for seed in range(3)])
    assert unsure == 1 and "the grader itself failed: a train.runs" in words
