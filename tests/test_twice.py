"""The benchmark that grades a class twice finds what differs: in files, and in what the class page says of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from autograder.boundary.sandbox import Sandbox
from autograder.checks import CHECKS
from autograder.grading import Graded, check_questions, unreadable
from autograder.report.class_page import class_page
from autograder.report.record import as_json
from autograder.report.result import result_of
from autograder.rubric import DEFAULT_RUBRIC, Rubric, read_rubric
from autograder.submission.notebook import Unreadable
from autograder.verdict import Outcome, Verdict, failed, missing, partial, passed
from benchmarks.page_counts import Page, differences, results_in
from benchmarks.twice import unlike

MANUAL = Verdict(Outcome.MANUAL, observed="answered")
CLASS = {
    "anna": {"same.shape": passed("six"), "data.values": partial("-0.5 to 0.5", "0 to 1"), "written.q2d": MANUAL},
    "<b>": {"same.shape": failed("six", "3 rows"), "data.values": passed("-0.5 to 0.5"), "written.q2d": MANUAL},
    "a/b": {"same.shape": missing("six", "not found"), "data.values": passed("-0.5 to 0.5"), "written.q2d": MANUAL},
}


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    return read_rubric(DEFAULT_RUBRIC, check_questions())


@pytest.fixture(scope="module")
def results(rubric: Rubric) -> dict[str, Any]:
    torn = unreadable("torn", "d", Unreadable("torn.zip is cut off"), [CHECKS[id] for id in CLASS["anna"]])
    graded = [*(Graded(name, "d", verdicts) for name, verdicts in CLASS.items()), torn]
    return {one.name: result_of(one, rubric, "d", 7, Sandbox.CAGE) for one in graded}


def test_a_page_agrees_with_the_results_that_it_was_made_of(results: dict[str, Any], rubric: Rubric) -> None:
    assert list(differences(Page(class_page(results, rubric.questions)), results)) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('<td class="fail">1</td>', '<td class="fail">2</td>', "same.shape"),
        ('<td class="full">1</td>', '<td class="full">2</td>', "anna"),
        ("0+</td>", "0</td>", "the points in the table"),
        ('class="count">1<', 'class="count">2<', "could not be read"),
        ("./torn/report.html", "./thorn/report.html", "links"),
        ("</th><td>3</td>", "</th><td>2</td>", "automatic points"),
    ],
)
def test_a_page_that_says_anything_else_is_found_out(
    results: dict[str, Any], rubric: Rubric, old: str, new: str, said: str
) -> None:
    page = class_page(results, rubric.questions)
    assert old in page
    found = list(differences(Page(page.replace(old, new)), results))
    assert found and any(said in words for words in found)


def test_a_result_that_the_page_does_not_know_is_found_out(results: dict[str, Any], rubric: Rubric) -> None:
    known = {name: result for name, result in results.items() if name != "anna"}
    assert any("anna" in words for words in differences(Page(class_page(known, rubric.questions)), results))


def test_files_are_compared_by_name_and_bytes_and_times_are_not(tmp_path: Path, results: dict[str, Any]) -> None:
    for run in ("first", "second"):
        (tmp_path / run / "anna").mkdir(parents=True)
        (tmp_path / run / "anna" / "result.json").write_text(as_json(results["anna"]))
        (tmp_path / run / "anna" / "timings.json").write_text(run)
    assert list(unlike(tmp_path / "first", tmp_path / "second")) == []
    assert results_in(tmp_path / "first") == {"anna": json.loads(as_json(results["anna"]))}
    (tmp_path / "second" / "anna" / "result.json").write_text("{}")
    (tmp_path / "first" / "index.html").write_text("")
    assert list(unlike(tmp_path / "first", tmp_path / "second")) == [
        "anna/result.json is another one in the second run",
        "index.html was written by one run only",
    ]
