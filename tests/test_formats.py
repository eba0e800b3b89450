"""What CI services and other graders read: each format as its reader's own rules have it, and inert there."""

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped
from markdown_it import MarkdownIt
from rich.cells import cell_len
from rich.console import Console
from typer.testing import Result

from autograder.boundary.sandbox import Sandbox
from autograder.checks import CHECKS
from autograder.grading import Graded, check_questions
from autograder.report.formats import FORMATS, Wanted, WrongFormat, wanted_formats, write_formats
from autograder.report.formats.classroom50 import VARIABLES, classroom50_json
from autograder.report.formats.github import MOST_BYTES, annotations, job_summary
from autograder.report.formats.gradescope import gradescope_json
from autograder.report.formats.junit import junit_xml
from autograder.report.formats.shown import Shown
from autograder.report.inert import printable
from autograder.report.places import Place
from autograder.report.result import result_of
from autograder.report.table import print_result
from autograder.rubric import DEFAULT_RUBRIC, Rubric, read_rubric
from autograder.verdict import Exhibit, Outcome, Verdict, failed, missing, partial, passed, skipped
from fixtures.compose import solution_notebook, write_notebook

EXPECTED = "three wrong pairs for each student"
CLASSROOM50 = {
    "CLASSROOM": "deep-learning",
    "ASSIGNMENT": "shoes",
    "USERNAME": "anna",
    "SUBMISSION_TAG": "submit/2026-11-20T10-00-05Z-0a1b2c3",
    "COMMIT_URL": "https://example.org/commit",
    "RELEASE_URL": "https://example.org/release",
    "REVIEW_URL": "https://example.org/review",
}
ATTACKS = st.sampled_from(
    [
        "<script>alert(1)</script>",
        "</code></td></table></details>",
        "\n\n# Heading\n\n- item\n\n| a | b |\n|---|---|\n",
        "```\n`code` **bold** ![x](http://example.org/y.png)",
        "@octocat closes #12 and GH-7 :tada: www.example.org https://example.org",
        "::error file=a.py::x\n::stop-commands::y\n##[error]z",
        "%0A::warning::%25",
        "]]><failure/>&lt;&#0;",
        "\x1b[2J\u202e\u2066\ud800\ufffe",
        "\r\n\n\t ",
    ]
)
# Each is a whole result.
FEW = settings(max_examples=12)
STRANGE = st.lists(ATTACKS | st.text(st.characters(), max_size=8), min_size=1, max_size=4).map("".join).filter(len)


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    return read_rubric(DEFAULT_RUBRIC, check_questions())


def shown_of(rubric: Rubric, given: dict[str, Verdict], notes: tuple[str, ...] = (), name: str = "anna") -> Shown:
    """A result in which every check passed but those given and those that a person grades."""
    every = {
        id: given.get(id, passed(EXPECTED) if CHECKS[id].automatic else Verdict(Outcome.MANUAL, observed="by hand"))
        for id in rubric.points
    }
    result = result_of(Graded(name, "d1", every, {}, notes), rubric, "d2", 7, Sandbox.CAGE)
    return Shown(result, rubric.questions)


def strange(text: str, rubric: Rubric) -> Shown:
    """A stranger's text wherever there can be one."""
    answer = Exhibit((27,), text, ((31, 1, "image/png"),))
    verdicts = {
        "data.order": Verdict(Outcome.PARTIAL, text, text, text, text),
        "same.shape": Verdict(Outcome.FAIL, text, text, text, text),
        "same.content": Verdict(Outcome.SKIPPED, text, text, text, text),
        "cnn.padding": Verdict(Outcome.ERROR, text, text, text, text),
        "channel.concat": Verdict(Outcome.PASS, text, text, text, text),
        "written.q1d": Verdict(Outcome.MANUAL, observed=text, exhibit=answer),
    }
    shown = shown_of(rubric, verdicts, (text, text), text)
    places = {"same.shape": Place(text, 3, 4), "cnn.padding": Place(text)}
    return replace(shown, places=places, environment=CLASSROOM50)


MIXED = {
    "data.values": failed("values in [-0.5, 0.5]", "values lie in [0, 1]", "What is subtracted?"),
    "data.order": partial("ascending order", "test_w holds test_m"),
    "same.shape": missing("a shape", "`generate_same_pair` was not found"),
    "same.content": skipped("not looked at, since same.shape comes first"),
    "overfit.cnn": Verdict(Outcome.TIMEOUT, "90 %", "it took too long"),
    "channel.concat": Verdict(Outcome.ERROR, observed="the grader itself failed"),
    "test.women": partial("75 %", "70 % of the women's shoes"),
}


@FEW
@given(STRANGE)
@pytest.mark.parametrize("name", [name for name in FORMATS if name != "table"])
def test_every_format_is_printable_text_and_the_same_twice(rubric: Rubric, name: str, text: str) -> None:
    written = FORMATS[name](strange(text, rubric))
    assert printable(written) == written == FORMATS[name](strange(text, rubric))


# GitHub Actions


def commands_in(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Workflow commands as the runner reads them: kind, properties, message."""
    found = []
    for line in text.splitlines():
        command = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line)
        assert command is not None, line
        properties = dict(part.split("=", 1) for part in command[2].split(","))
        for sign, code in ((":", "%3A"), (",", "%2C"), ("\r", "%0D"), ("\n", "%0A"), ("%", "%25")):
            properties = {name: value.replace(code, sign) for name, value in properties.items()}
        message = command[3].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
        found.append((command[1], properties, message))
    return found


def test_failed_checks_are_errors_and_partial_ones_warnings_and_the_dearest_comes_first(rubric: Rubric) -> None:
    shown = replace(shown_of(rubric, MIXED), places={"data.values": Place("work.ipynb", 214, 12)})
    found = commands_in(annotations(shown))
    titles = [properties["title"] for _, properties, _ in found]
    assert [title.partition(":")[0] for title in titles] == [
        *("channel.concat", "overfit.cnn", "data.values", "same.shape"),
        *("test.women", "data.order"),
    ]
    assert [kind for kind, _, _ in found] == ["error"] * 4 + ["warning"] * 2
    assert found[2] == (
        "error",
        {"file": "work.ipynb", "line": "214", "title": "data.values: fail, 0 of 2 points (cell 12)"},
        "values lie in [0, 1]\nExpected: values in [-0.5, 0.5]\nWhat is subtracted?",
    )
    assert "file" not in found[0][1]


@FEW
@given(STRANGE)
def test_a_strangers_text_starts_no_command_and_comes_out_as_it_was(rubric: Rubric, text: str) -> None:
    found = commands_in(annotations(strange(text, rubric)))
    assert [kind for kind, _, _ in found] == ["error", "error", "warning"]
    for _, properties, message in found:
        assert set(properties) <= {"file", "line", "title"}
        assert message.split("\nExpected: ")[0] == printable(text)
    assert found[1][1]["file"] == printable(text).replace("\n", " ")


def test_percent_signs_and_the_signs_of_the_format_are_escaped() -> None:
    rubric = read_rubric(DEFAULT_RUBRIC, check_questions())
    shown = shown_of(rubric, {"same.shape": failed("", "100%0A: a,b")})
    shown = replace(shown, places={"same.shape": Place("a:b,c%.ipynb", 1, None)})
    assert annotations(shown) == (
        "::error file=a%3Ab%2Cc%25.ipynb,line=1,title=same.shape%3A fail%2C 0 of 1 point::100%250A: a,b\n"
    )


class Page(HTMLParser):
    """The elements of a page, and the text of its cells, list items, paragraphs and headings."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[Any] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.tags.add(tag)
        self.attributes += attributes
        if tag == "br":
            self.texts[-1] += "\n"
        elif tag != "em":
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag != "em":
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        self.texts[-1] += data


def summary_page(text: str) -> Page:
    """A summary as a Markdown program with GitHub's tables and links shows it."""
    return Page(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))


@FEW
@given(STRANGE)
def test_a_strangers_text_in_a_summary_is_no_markdown_no_html_no_link_and_no_mention(rubric: Rubric, text: str) -> None:
    page = summary_page(job_summary(strange(text, rubric)))
    assert page.tags <= {"h3", "p", "table", "tr", "th", "td", "details", "summary", "ul", "li", "br", "em"}
    assert page.attributes == []
    shown = [text.replace("\N{WORD JOINER}", "") for text in page.texts]
    assert printable(text) in shown  # whole and as it was
    for cell in page.texts:
        assert not re.search(r"@\w|#\d|\bGH-\d|:\w+:|://|\bwww\.", cell)


def test_a_summary_has_points_per_question_each_check_and_its_hint(rubric: Rubric) -> None:
    page = summary_page(job_summary(shown_of(rubric, MIXED, ("weights.pk was taken",))))
    rows = "|".join(text for text in page.texts if text.strip())
    assert "q1a|5|8" in rows and "q1d|0|2 (2 for a person to give)" in rows
    assert "data.values|❌ fail|0/2|values lie in [0, 1]\nExpected: values in [-0.5, 0.5]\nWhat is subtracted?" in rows
    assert "same.content|⏭️ skipped|0/3|not looked at" in rows and "checks passed" in rows
    assert "Note: weights.pk was taken" in rows


@pytest.mark.parametrize("letter", ["<", "\n"])
def test_a_summary_stays_below_githubs_limit_and_keeps_every_check(rubric: Rubric, letter: str) -> None:
    text = letter * 800
    verdicts = {id: failed(text, text, text, text) for id in rubric.points}
    shown = shown_of(rubric, verdicts, (text,) * 20, text)
    summary = job_summary(shown, 100_000)
    assert len(summary.encode()) <= 100_000 < len(job_summary(shown).encode())
    assert MOST_BYTES <= 2**20
    assert set(rubric.points) <= set(summary_page(summary).texts)
    assert len(job_summary(shown, 5000).encode()) <= 5000


def test_the_summary_is_appended_where_actions_asks_for_it(rubric: Rubric, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("what an earlier program said\n\n")
    shown = replace(shown_of(rubric, MIXED), environment={"GITHUB_STEP_SUMMARY": str(summary)})
    console = Console(file=io.StringIO())
    write_formats([Wanted("github"), Wanted("junit", tmp_path / "report.xml")], shown, console)
    assert summary.read_text() == "what an earlier program said\n\n" + job_summary(shown)
    assert console.file.getvalue() == annotations(shown)  # type: ignore[attr-defined]
    assert (tmp_path / "report.xml").read_text() == junit_xml(shown)


# JUnit


def test_junit_counts_failures_errors_and_skips_as_its_readers_do(rubric: Rubric, tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(junit_xml(shown_of(rubric, MIXED)))
    (suite,) = JUnitXml.fromfile(str(tmp_path / "report.xml"))
    manual = sum(not check.automatic for check in CHECKS.values())
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (len(rubric.points), 5, 1, 1 + manual)
    cases = {case.name: case for case in suite}
    assert cases["data.values"].classname == "autograder.q1a" and cases["data.shape"].result == []
    (told,) = cases["data.values"].result
    assert isinstance(told, Failure) and told.message == "values lie in [0, 1] (fail, 0 of 2 points)"
    assert told.text == f"{told.message}\nExpected: values in [-0.5, 0.5]\nWhat is subtracted?"
    kinds = {id: type(cases[id].result[0]) for id in MIXED}
    assert {id for id, kind in kinds.items() if kind is Skipped} == {"same.content"}
    assert {id for id, kind in kinds.items() if kind is Error} == {"channel.concat"}


@FEW
@given(STRANGE)
def test_a_strangers_text_is_text_in_junit(rubric: Rubric, text: str) -> None:
    (suite,) = JUnitXml.fromstring(junit_xml(strange(text, rubric)).encode())
    (told,) = next(case.result for case in suite if case.name == "same.shape")
    assert told.text.startswith(printable(text)) and len(list(suite)) == len(rubric.points)


# Gradescope: the keys and values of its documentation

VISIBILITY = {"enum": ["visible", "hidden", "after_due_date", "after_published"]}
TEXT_FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
GRADESCOPE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "score": {"type": "number"},
        "output": {"type": "string"},
        "visibility": VISIBILITY,
        "stdout_visibility": VISIBILITY,
        **dict.fromkeys(["output_format", "test_output_format", "test_name_format"], TEXT_FORMAT),
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    **{key: {"type": "number"} for key in ["score", "max_score"]},
                    "status": {"enum": ["passed", "failed"]},
                    **{key: {"type": "string"} for key in ["name", "number", "output"]},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "visibility": VISIBILITY,
                },
            },
        },
    },
}


@FEW
@given(STRANGE)
def test_gradescope_reads_the_results_and_takes_nothing_for_markup(rubric: Rubric, text: str) -> None:
    results = json.loads(gradescope_json(strange(text, rubric)))
    jsonschema.validate(results, GRADESCOPE)
    assert results["output_format"] == results["test_output_format"] == results["test_name_format"] == "text"


def test_the_scores_are_those_of_the_automatic_checks_and_a_person_gives_the_others(rubric: Rubric) -> None:
    shown = shown_of(rubric, MIXED)
    tests = {test["name"]: test for test in json.loads(gradescope_json(shown))["tests"]}
    scored = [test for test in tests.values() if "score" in test]
    assert sum(test["score"] for test in scored) == shown.result["automatic"]["points"]
    assert sum(test["max_score"] for test in scored) == shown.result["automatic"]["possible"]
    assert tests["written.q1d"]["status"] == "passed" and "max_score" not in tests["written.q1d"]
    assert tests["data.values"]["number"] == "1a.2" and tests["data.values"]["tags"] == ["q1a"]
    failed_ones = {name for name, test in tests.items() if test["status"] == "failed"}
    assert failed_ones == set(MIXED)
    words = {name: tests[name]["output"].partition(":")[0] for name in MIXED if name != "data.values"}
    assert words == {name: MIXED[name].outcome.value for name in words}


def test_what_is_measured_on_the_test_sets_is_hidden_until_grades_are_published(rubric: Rubric) -> None:
    better = dict(MIXED) | {"test.women": passed("75 %", "90 % of the women's shoes")}
    results = json.loads(gradescope_json(shown_of(rubric, MIXED)))
    hidden = {test["name"] for test in results["tests"] if test["visibility"] == "after_published"}
    assert hidden == {"test.women", "test.men"}
    assert {test["visibility"] for test in results["tests"]} == {"after_published", "visible"}
    # The words on the whole are no way round.
    assert results["output"] == json.loads(gradescope_json(shown_of(rubric, better)))["output"]
    assert results["stdout_visibility"] == "hidden"


def test_where_only_a_person_gives_points_there_is_a_score_all_the_same(rubric: Rubric) -> None:
    graded = Graded("anna", "d1", {"written.q1d": Verdict(Outcome.MANUAL, observed="by hand")})
    shown = Shown(result_of(graded, rubric, "d2", 7, Sandbox.NONE), rubric.questions)
    results = json.loads(gradescope_json(shown))
    assert results["score"] == 0 and "without a sandbox" in results["output"]


# Classroom 50: result-v1.schema.json, as published

RESULT_V1: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        *("schema", "classroom", "assignment", "assignment_type", "owner", "submission", "commit", "release"),
        *("review", "datetime", "score", "max-score", "tests"),
    ],
    "properties": {
        "schema": {"const": "classroom50/result/v1"},
        **{key: {"type": "string"} for key in "classroom assignment owner commit release review".split()},
        "assignment_type": {"enum": ["individual", "group", "team"]},
        "submission": {"type": "string", "pattern": "^submit/"},
        "datetime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        **{key: {"type": "integer"} for key in ["score", "max-score"]},
        "graded_at": {"type": "string"},
        "submitted_by": {"type": "object"},
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["test-name", "passed", "score", "max-score"],
                "properties": {
                    "test-name": {"type": "string"},
                    "passed": {"type": "boolean"},
                    **{key: {"type": "integer"} for key in ["score", "max-score"]},
                },
            },
        },
    },
}


def test_classroom50_gets_whole_hundredths_and_the_commits_time(rubric: Rubric) -> None:
    shown = replace(shown_of(rubric, MIXED), environment=CLASSROOM50)
    result = json.loads(classroom50_json(shown))
    jsonschema.validate(result, RESULT_V1)
    assert result["datetime"] == "2026-11-20T10:00:05Z" and result["owner"] == "anna"
    assert result["score"] == round(100 * shown.result["automatic"]["points"]) and result["max-score"] == 7000
    women = next(test for test in result["tests"] if test["test-name"] == "test.women")
    assert (women["score"], women["max-score"], women["passed"]) == (175, 350, False)


@pytest.mark.parametrize("variable", VARIABLES.values())
def test_outside_of_classroom50_its_format_is_refused_before_anything_is_graded(variable: str) -> None:
    environment = {name: value for name, value in CLASSROOM50.items() if name != variable}
    with pytest.raises(WrongFormat, match=f"{variable} is not set"):
        wanted_formats(["classroom50"], environment)
    assert wanted_formats(["classroom50"], CLASSROOM50) == (Wanted("classroom50"),)


def test_a_tag_without_a_time_is_refused_in_a_sentence() -> None:
    with pytest.raises(WrongFormat, match="should be submit/ with a time"):
        wanted_formats(["classroom50"], CLASSROOM50 | {"SUBMISSION_TAG": "v1"})


# Several formats at once


def test_check_writes_annotations_on_the_notebooks_lines_and_the_summary(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check: Callable[..., Result]
) -> None:
    notebook = solution_notebook()
    for cell in notebook.cells:
        cell.source = cell.source.replace("return data.reshape(-1, 2 * HEIGHT, WIDTH, 3)", "return data[0]")
    write_notebook(tmp_path / "work.ipynb", notebook)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    options = ["--data", small_data, "--only", "same", "--format", "github"]
    done = check(tmp_path / "work.ipynb", *options, "--format", f"json={tmp_path / 'result.json'}")
    assert done.exit_code == 1, done.output
    (kind, properties, message), *others = commands_in(done.stdout)
    assert (kind, properties["file"], others) == ("error", "work.ipynb", [])
    line = (tmp_path / "work.ipynb").read_text().split("\n")[int(properties["line"]) - 1]
    assert '"def generate_same_pair(' in line and "the shape [3, 2, 224, 224, 3]" in message
    assert "the shape [3, 2, 224, 224, 3]" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "result.json").read_text())["checks"]["same.shape"]["verdict"] == "fail"


def test_a_submission_that_cannot_be_read_is_a_whole_result_in_every_format(
    rubric: Rubric, small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check: Callable[..., Result]
) -> None:
    work, out = tmp_path / "work", tmp_path / "out"
    work.mkdir()
    (work / "broken.ipynb").write_bytes(b'{"cells": [')
    given = CLASSROOM50 | {"GITHUB_WORKSPACE": str(work), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    arguments = [work / "broken.ipynb", "--data", small_data, "--out", out, "--format", "github"]
    for name in ("json", "junit", "gradescope", "classroom50"):
        arguments += ["--format", f"{name}={tmp_path / name}"]
    done = check(*arguments)
    assert done.exit_code == 1, done.output
    reason = "broken.ipynb is cut off or damaged"
    ((kind, properties, message),) = commands_in(done.stdout)
    assert (kind, properties["file"], message[: len(reason)]) == ("error", "broken.ipynb", reason)
    assert properties["title"] == "all checks: missing, 0 of 100 points"
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert all(f"<td>{id}</td>" in summary for id in rubric.points) and summary.count(reason) == len(rubric.points) + 1
    result = json.loads((tmp_path / "json").read_text())
    assert json.loads((out / "result.json").read_text()) == result and (out / "report.html").is_file()
    assert list(result["checks"]) == list(rubric.points) and result["points"] == 0
    assert all(e["verdict"] == "missing" and reason in e["message"] for e in result["checks"].values())
    (suite,) = JUnitXml.fromfile(str(tmp_path / "junit"))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (len(rubric.points), len(rubric.points), 0, 0)
    assert all(reason in case.result[0].text for case in suite)
    scores = json.loads((tmp_path / "gradescope").read_text())
    assert reason in scores["output"] and sum(test.get("score", 0) for test in scores["tests"]) == 0
    assert all(test["status"] == "failed" and reason in test["output"] for test in scores["tests"])
    fifty = json.loads((tmp_path / "classroom50").read_text())
    assert (fifty["score"], fifty["max-score"]) == (0, 7000) and all(reason in t["output"] for t in fifty["tests"])


def test_where_nothing_lies_there_is_nothing_to_tell(
    small_data: Path, tmp_path: Path, check: Callable[..., Result]
) -> None:
    done = check(tmp_path / "nowhere.ipynb", "--data", small_data, "--format", f"json={tmp_path / 'result.json'}")
    assert (done.exit_code, done.output.strip()) == (2, "autograder: nowhere.ipynb does not exist")
    assert not any(tmp_path.iterdir())


def test_formats_go_where_they_are_wanted() -> None:
    wanted = wanted_formats(["github", "junit=out/report.xml", "json=a=b.json"], {})
    assert wanted == (Wanted("github"), Wanted("junit", Path("out/report.xml")), Wanted("json", Path("a=b.json")))


@pytest.mark.parametrize(
    ("given_formats", "sentence"),
    [
        (["poem"], "can be table, json, github, junit, gradescope or classroom50"),
        (["junit="], "also with a file"),
        (["table", "json"], "only one --format goes to the standard output"),
    ],
)
def test_formats_that_cannot_be_are_refused_in_a_sentence(given_formats: list[str], sentence: str) -> None:
    with pytest.raises(WrongFormat, match=re.escape(sentence)):
        wanted_formats(given_formats, {})


# The terminal


@pytest.mark.parametrize("text", ["x" * 300, "鞋" * 200, "long words and " * 40, "C:\\data\\" + "folder\\" * 40])
def test_a_table_fits_eighty_columns_whatever_a_submission_says(rubric: Rubric, text: str) -> None:
    verdicts = {id: failed(text, text, text, text) for id in rubric.points}
    console = Console(file=io.StringIO(), width=80)
    print_result(shown_of(rubric, verdicts, (text,), text).result, rubric.questions, console)
    written = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(cell_len(line) for line in written.splitlines()) <= 80
    assert all(id in written for id in rubric.points)  # none is cut


def test_colours_are_for_terminals_only(rubric: Rubric, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for terminal in (True, False):
        console = Console(file=io.StringIO(), width=80, force_terminal=terminal or None)
        write_formats([Wanted("table")], shown_of(rubric, MIXED), console)
        assert ("\x1b[" in console.file.getvalue()) is terminal  # type: ignore[attr-defined]
