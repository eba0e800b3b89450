"""What people and programs read: words, JSON, CSV and the table, and none of them harms whoever opens it."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from autograder.boundary.sandbox import Sandbox
from autograder.checks import CHECKS
from autograder.evidence.training_kinds import Curve
from autograder.grading import Graded, check_questions, unreadable
from autograder.report.files import write_text
from autograder.report.grades import grades_csv
from autograder.report.record import as_json
from autograder.report.result import result_of, write_changed_result, write_result
from autograder.report.table import STYLES, print_result
from autograder.rubric import DEFAULT_RUBRIC, Rubric, read_rubric
from autograder.submission.notebook import Unreadable
from autograder.verdict import Outcome, Verdict, failed, missing, partial, passed, skipped

EXPECTED = "three wrong pairs for each student"


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    return read_rubric(DEFAULT_RUBRIC, check_questions())


def result(rubric: Rubric, name: str = "anna", notes: tuple[str, ...] = (), **verdicts: Verdict) -> dict[str, Any]:
    """A result in which every check passed but those given, `same_shape=...`, and those that a person grades."""
    given = {id.replace("_", ".", 1): verdict for id, verdict in verdicts.items()}
    every = {
        id: given.get(id, passed(EXPECTED) if CHECKS[id].automatic else Verdict(Outcome.MANUAL, observed="by hand"))
        for id in rubric.points
    }
    assert given.keys() <= every.keys()
    return result_of(Graded(name, "d1", every, {"train": {"name": "fit"}}, notes), rubric, "d2", 7, Sandbox.CAGE)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


# The words of a verdict


@pytest.mark.parametrize(
    ("verdict", "message"),
    [
        (passed("all is well"), "all is well"),
        (passed("all is well", observed="six rows"), "all is well"),
        (passed("all is well", remark="Divided twice."), "Divided twice."),
        (failed("six rows", "there are five"), "there are five. Expected: six rows."),
        (failed("six rows", "five", "Which one?"), "five. Expected: six rows. Which one?"),
        (partial("six rows", "five", "Count again", "Slow"), "five. Expected: six rows. Count again. Slow."),
        (missing("six rows", "nothing to be found!"), "nothing to be found! Expected: six rows."),
        (skipped("not looked at, since data.shape comes first"), "not looked at, since data.shape comes first."),
        (Verdict(Outcome.ERROR), ""),
        (failed("", " padded "), "padded."),
    ],
)
def test_a_message_says_what_was_seen_then_what_was_expected_then_the_hint(verdict: Verdict, message: str) -> None:
    assert verdict.message == message


def test_a_remark_is_added_once() -> None:
    verdict = passed("all is well").noting("It was slow")
    assert verdict.remark == "It was slow."
    assert verdict.noting("It was slow") == verdict.noting("") == verdict
    assert verdict.noting("It was long").remark == "It was slow. It was long."


# result.json


def test_points_follow_from_verdicts_and_the_rubric(rubric: Rubric) -> None:
    whole = result(rubric)
    assert (whole["points"], whole["possible"]) == (70, 100)
    assert whole["automatic"] == {"points": 70, "possible": 70}
    found = result(rubric, same_content=failed(EXPECTED, "none"), cnn_padding=partial(EXPECTED, "half"))
    assert found["checks"]["same.content"]["points"] == 0
    assert found["checks"]["cnn.padding"]["points"] == rubric.points["cnn.padding"] * rubric.partial_credit
    assert found["points"] == 70 - rubric.points["same.content"] - 0.5 * rubric.points["cnn.padding"]


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome not in (Outcome.PASS, Outcome.PARTIAL)])
def test_no_other_outcome_earns_anything(rubric: Rubric, outcome: Outcome) -> None:
    found = result(rubric, same_content=Verdict(outcome, EXPECTED, "seen"))
    assert found["checks"]["same.content"]["points"] == 0
    assert found["checks"]["same.content"]["verdict"] == outcome.value


def test_a_result_holds_each_checks_words_and_a_remark_only_where_there_is_one(rubric: Rubric) -> None:
    found = result(rubric, same_shape=passed(EXPECTED, remark="Slow."), same_content=failed(EXPECTED, "none", "Why?"))
    assert found["checks"]["same.shape"]["remark"] == "Slow."
    assert found["checks"]["same.content"] == {
        "verdict": "fail",
        "points": 0.0,
        "possible": rubric.points["same.content"],
        "message": f"none. Expected: {EXPECTED}. Why?",
        "expected": EXPECTED,
        "observed": "none",
        "hint": "Why?",
    }
    assert list(found["checks"]) == list(rubric.points)


def test_only_the_checks_that_were_asked_for_count(rubric: Rubric) -> None:
    found = result_of(Graded("anna", "d", {"same.shape": passed(EXPECTED)}), rubric, "d2", 0, Sandbox.CAGE)
    assert found["points"] == found["possible"] == rubric.points["same.shape"]


def test_sums_of_thirds_are_written_short(rubric: Rubric) -> None:
    thirds = replace(rubric, points={"same.shape": 0.1, "same.content": 0.2})
    graded = Graded("anna", "d", dict.fromkeys(thirds.points, passed(EXPECTED)))
    assert result_of(graded, thirds, "d2", 0, Sandbox.CAGE)["points"] == 0.3


def test_an_unreadable_submission_misses_everything_for_one_reason(rubric: Rubric) -> None:
    graded = unreadable("anna", "d", Unreadable("a.ipynb is empty"), [CHECKS[id] for id in rubric.points])
    found = result_of(graded, rubric, "d2", 0, Sandbox.CAGE)
    assert (found["points"], found["possible"], found["notes"]) == (0, 100, ["a.ipynb is empty"])
    assert {entry["observed"] for entry in found["checks"].values()} == {"a.ipynb is empty"}


def test_the_same_verdicts_give_the_same_bytes_and_the_times_are_kept_apart(rubric: Rubric, tmp_path: Path) -> None:
    curve = Curve((0.7, 0.5), (("five triplets", ((2, 0.9),)),))
    for folder, seconds in (("one", 1.23456), ("two", 2.0)):
        graded = Graded("anna", "d", {}, curves={"training": curve}, seconds={"SamePairs": seconds})
        write_result(tmp_path / "out" / folder, result(rubric), graded)
    first, second = (tmp_path / "out" / folder for folder in ("one", "two"))
    assert sorted(path.name for path in first.iterdir()) == [
        "curve-training.png",
        "report.html",
        "report.json",
        "result.json",
        "timings.json",
    ]
    assert (first / "curve-training.png").read_bytes() == (second / "curve-training.png").read_bytes()
    assert (first / "result.json").read_bytes() == (second / "result.json").read_bytes()
    assert json.loads((first / "result.json").read_text()) == result(rubric)
    assert json.loads((first / "timings.json").read_text()) == {"seconds": {"SamePairs": 1.235}}


def test_json_ends_with_a_newline_and_keeps_letters_of_all_languages() -> None:
    assert as_json({"name": "Zoë", "points": 1.5}) == '{\n  "name": "Zoë",\n  "points": 1.5\n}\n'


@pytest.mark.parametrize("before", [None, "the result of last week"])
def test_a_write_that_fails_leaves_what_was_there_and_no_partial_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    path = tmp_path / "result.json"
    if before:
        path.write_text(before)

    def refuse(self: Path, target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        write_text(path, "new")
    assert [p.name for p in tmp_path.iterdir()] == (["result.json"] if before else [])
    assert not before or path.read_text() == before


def test_a_file_is_replaced_as_a_whole_and_others_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "grades.csv"
    write_text(path, "a much longer text than the next\r\n")
    write_text(path, "short\n")
    assert path.read_bytes() == b"short\n"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


@given(st.text(st.characters(), max_size=20))
def test_any_text_can_be_written(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    write_text(path, as_json({"observed": text}))
    written = json.loads(path.read_text(encoding="utf-8"))["observed"]
    assert written == text or any("\ud800" <= letter <= "\udfff" for letter in text)


# grades.csv


def test_a_line_holds_totals_and_the_sum_of_each_question(rubric: Rubric) -> None:
    found = result(rubric, same_content=failed(EXPECTED, "none"), cnn_padding=partial(EXPECTED, "half"))
    (row,) = rows(grades_csv([found], rubric.questions))
    assert list(row) == [
        *("submission", "points", "possible", "automatic points", "automatic possible"),
        *dict.fromkeys(rubric.questions.values()),
        "note",
    ]
    assert (row["submission"], row["points"], row["possible"]) == ("anna", "65.5", "100")
    assert (row["q1b"], row["q2a"], row["q1d"], row["note"]) == ("1", "7.5", "0", "")
    questions = [float(row[question]) for question in dict.fromkeys(rubric.questions.values())]
    assert sum(questions) == float(row["points"])


def test_a_question_that_was_not_asked_for_is_left_empty(rubric: Rubric) -> None:
    found = result_of(Graded("anna", "d", {"same.shape": failed(EXPECTED, "none")}), rubric, "d2", 0, Sandbox.CAGE)
    (row,) = rows(grades_csv([found], rubric.questions))
    assert (row["q1b"], row["q1a"]) == ("0", "")


def test_one_line_for_each_submission_in_the_order_given(rubric: Rubric) -> None:
    text = grades_csv([result(rubric, "berta"), result(rubric, "anna")], rubric.questions)
    assert [row["submission"] for row in rows(text)] == ["berta", "anna"]
    assert text.count("\n") == 3
    assert grades_csv([], rubric.questions).count("\n") == 1


@pytest.mark.parametrize("name", ['o"brien', "a,b", "two\nlines", "Zoë", "", " "])
def test_names_of_any_kind_stay_in_their_column(rubric: Rubric, name: str) -> None:
    (row,) = rows(grades_csv([result(rubric, name, notes=("cell 3, left out", "slow"))], rubric.questions))
    assert (row["submission"], row["note"]) == (name, "cell 3, left out; slow")


# The table


def shown(found: dict[str, Any], rubric: Rubric) -> str:
    console = Console(file=io.StringIO(), width=160, color_system=None)
    print_result(found, rubric.questions, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_table_shows_every_check_with_verdict_and_points(rubric: Rubric) -> None:
    text = shown(result(rubric, cnn_padding=partial(EXPECTED, "half")), rubric)
    cells = [[cell.strip() for cell in line.split("│")] for line in text.splitlines() if line.count("│") == 5]
    lines = {id: [verdict, points] for _, id, verdict, points, _, _ in cells if id}
    assert list(lines) == list(rubric.points)
    for id, points in rubric.points.items():
        verdict = "partial" if id == "cnn.padding" else "pass" if CHECKS[id].automatic else "manual"
        earned = {"partial": points / 2, "pass": points, "manual": 0}[verdict]
        assert lines[id] == [verdict, f"{earned:g}/{points:g}"]


def test_the_table_shows_the_words_of_what_did_not_pass_and_only_remarks_of_what_did(rubric: Rubric) -> None:
    text = shown(
        result(
            rubric,
            same_shape=passed("words of what passed", remark="worth knowing"),
            same_content=failed("six rows", "there are five", "Which one?"),
            notes=("cell 3 was left out",),
        ),
        rubric,
    )
    for words in ("worth knowing", "there are five", "expected: six rows", "Which one?", "Note: cell 3 was left out"):
        assert words in text
    assert "words of what passed" not in text
    assert "66 of 70 automatic points" not in text
    assert f"{70 - rubric.points['same.content']:g} of 70 automatic points; 30 points are for a person to give" in text


def test_every_outcome_has_a_style_of_its_own_name() -> None:
    assert set(STYLES) == {outcome.value for outcome in Outcome}


def test_text_of_a_submission_is_shown_as_it_is_without_markup_or_control_characters(rubric: Rubric) -> None:
    found = result(
        rubric,
        "[red]anna[/red]",
        notes=("[bold]note\x1b[2J",),
        same_content=failed("[blink]six[/]", "\x1b[31mred\x07 [link=x]here", "\u202eturned"),
    )
    text = shown(found, rubric)
    for words in ("[red]anna[/red]", "[bold]note", "[blink]six[/]", "[link=x]here"):
        assert words in text
    assert not {"\x1b", "\x07", "\u202e"} & set(text)


def test_a_page_that_is_written_again_for_its_marks_still_holds_the_curves(rubric: Rubric, tmp_path: Path) -> None:
    curve = Curve((0.7, 0.6), (("train", ((2, 0.9),)),))
    graded = Graded("anna", "d", {}, curves={"training": curve})
    result = result_of(graded, rubric, "d2", 0, Sandbox.CAGE)
    write_result(tmp_path, result, graded)
    before = (tmp_path / "report.html").read_bytes()
    write_changed_result(tmp_path, result)
    assert b"data:image/png" in before and (tmp_path / "report.html").read_bytes() == before
