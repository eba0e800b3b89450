"""The class page says of a class what its results say, no more and no less, and strangers' text on it is inert."""

import base64
import csv
import hashlib
import io
import json
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_results import Results, class_of, result

from autograder.grading import check_questions
from autograder.report.class_page import class_page
from autograder.report.distribution import distribution
from autograder.report.grades import grades_csv
from autograder.report.inert import printable
from autograder.report.record import as_json
from autograder.report.tallies import counts
from autograder.rubric import DEFAULT_RUBRIC, Rubric, read_rubric
from autograder.verdict import Exhibit, Outcome, Verdict, failed, passed

IDS = ("data.shape", "same.shape", "same.content", "cnn.forward", "written.q1d", "curves.shown")
# Verdicts of some of the checks, of each submission of a class.
CLASSES = st.lists(st.dictionaries(st.sampled_from(IDS), st.sampled_from(Outcome), min_size=1), max_size=6)


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    return read_rubric(DEFAULT_RUBRIC, check_questions())


class Page(HTMLParser):
    """What a browser would make of a page: its elements, the rows of its tables, and the text of submissions."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.said: list[str] = []
        self.text = ""
        self._rows: list[list[str]] = []
        self._inside: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside.append(tag)
        if tag == "table":
            self._rows = self.tables.setdefault(dict(attrs).get("id") or "", [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")
        elif tag == "bdi":
            self.said.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        if "bdi" in self._inside:
            self.said[-1] += data
        if {"td", "th"} & set(self._inside):
            self._rows[-1][-1] = f"{self._rows[-1][-1]}{data}"

    def table(self, name: str) -> list[dict[str, str]]:
        """The rows of a table by their headers; of each cell, the first word."""
        header, *rows = [[(cell.split() or [""])[0] for cell in row] for row in self.tables[name]]
        return [dict(zip(header, row, strict=True)) for row in rows]

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def shown(results: Results, rubric: Rubric) -> Page:
    return Page(class_page(results, rubric.questions))


# Counts


@given(CLASSES)
@settings(max_examples=30)
def test_the_counts_on_the_page_are_those_of_the_result_files(
    rubric: Rubric, tmp_path_factory: pytest.TempPathFactory, found: list[dict[str, Outcome]]
) -> None:
    folder = tmp_path_factory.mktemp("class")
    for name, every in class_of(rubric, *({id: Verdict(o) for id, o in each.items()} for each in found)).items():
        (folder / name).mkdir()
        (folder / name / "result.json").write_text(as_json(every))
    files = sorted(folder.glob("*/result.json"))
    read = {path.parent.name: json.loads(path.read_text()) for path in files}
    in_files = Counter((id, e["verdict"]) for path in files for id, e in json.loads(path.read_text())["checks"].items())
    header, *lines = shown(read, rubric).tables["table-of-checks"]
    on_page = Counter()
    for title, *numbers in lines:
        for verdict, number in zip(header[1:], numbers, strict=True):
            on_page[title.split()[-1], verdict] += int(number)
    assert +on_page == in_files == +Counter({(id, v): n for id, row in counts(read).items() for v, n in row.items()})


def test_every_kind_of_verdict_has_a_column_even_where_there_is_none(rubric: Rubric) -> None:
    header = shown({"anna": result(rubric)}, rubric).tables["table-of-checks"][0]
    assert header[1:] == [outcome.value for outcome in Outcome]


# Submissions


@given(CLASSES)
@settings(max_examples=30)
def test_the_points_in_a_row_are_those_of_the_grades(rubric: Rubric, found: list[dict[str, Outcome]]) -> None:
    results = class_of(rubric, *({id: Verdict(o) for id, o in each.items()} for each in found))
    rows = shown(results, rubric).table("table-of-submissions")
    grades = list(csv.DictReader(io.StringIO(grades_csv(list(results.values()), rubric.questions))))
    assert [row["Submission"] for row in rows] == [row["submission"] for row in grades]
    for row, grade in zip(rows, grades, strict=True):
        assert row["Total"].rstrip("+") == grade["points"] and row["Automatic"] == grade["automatic points"]
        questions = {f"q{name}": points.rstrip("+") for name, points in row.items() if f"q{name}" in grade}
        assert questions.items() <= grade.items() and any(questions.values())


def test_a_plus_stands_where_a_person_has_points_to_give(rubric: Rubric) -> None:
    verdicts = {"accuracy.values": passed("both"), "written.q2d": Verdict(Outcome.MANUAL), "same.shape": passed("six")}
    (row,) = shown(class_of(rubric, verdicts), rubric).table("table-of-submissions")
    assert row == {"Submission": "s0", "Total": "3+", "Automatic": "3", "1b": "1", "2d": "2+"}


def test_all_some_and_no_points_look_different(rubric: Rubric) -> None:
    verdicts = {"same.shape": passed("six"), "data.shape": failed("four", "3"), "cnn.forward": Verdict(Outcome.PARTIAL)}
    page = class_page(class_of(rubric, verdicts), rubric.questions)
    cells = ('<td class="none">0</td>', '<td class="full">1</td>', '<td class="part">1</td>')  # of 2, 1 and 2 points
    assert all(cell in page for cell in cells)


def test_a_question_that_one_of_them_was_not_asked_is_empty_in_its_row(rubric: Rubric) -> None:
    results = class_of(rubric, {"same.shape": passed("six")}, {"data.shape": passed("four")})
    rows = shown(results, rubric).table("table-of-submissions")
    assert [(row["1a"], row["1b"]) for row in rows] == [("", "1"), ("2", "")]


def test_rows_stand_in_the_order_given_and_the_page_is_the_same_each_time(rubric: Rubric) -> None:
    results = {name: result(rubric, name=name) for name in ("berta", "Anna", "anna")}
    assert [row["Submission"] for row in shown(results, rubric).table("table-of-submissions")] == list(results)
    assert class_page(results, rubric.questions) == class_page(dict(results), dict(rubric.questions))


@pytest.mark.parametrize(
    "folder", ["anna", "נועה לוי 👟", "100 % #?&x=1", "javascript:alert(1)", "a/b", '"><b>', "\udcff"]
)
def test_a_link_leads_to_the_report_in_the_folder_of_that_name(rubric: Rubric, folder: str) -> None:
    page = shown({folder: result(rubric, {"written.q1d": Verdict(Outcome.TIMEOUT)}, folder)}, rubric)
    links = [urlsplit(str(a["href"])) for a in page.of("a") if str(a["href"]).startswith("./")]
    left = folder.replace("\udcff", "?")
    assert len(links) >= 3 and {link.fragment for link in links} == {"", "q1d"}
    assert all((link.scheme, link.netloc, link.query) == ("", "", "") for link in links)
    assert {tuple(map(unquote, link.path.split("/"))) for link in links} == {(".", left, "report.html")}


# The distribution


@given(st.lists(st.integers(0, 140).map(lambda halves: halves / 2), min_size=1), st.sampled_from([70.0, 100.0, 200.0]))
def test_every_submission_is_in_one_bar_and_quartiles_are_right(points: list[float], possible: float) -> None:
    spread = distribution("Points", points, possible)
    assert spread is not None and sum(bar.count for bar in spread.bars) == len(points)
    for bar in spread.bars[:-1]:
        assert bar.count == sum(bar.low <= earned < bar.high for earned in points)
    assert spread.bars[0].low == 0 and spread.bars[-1].low < possible <= spread.bars[-1].high
    assert spread.quartiles == pytest.approx(np.percentile(points, [0, 25, 50, 75, 100]), abs=0.005)
    assert list(spread.places) == sorted(spread.places) and max(bar.height for bar in spread.bars) > 0


@pytest.mark.parametrize("possible", [0.3, 1.0, 4.0, 57.0, 70.0, 100.0, 1e6])
def test_there_are_never_too_many_bars_to_see(possible: float) -> None:
    spread = distribution("Points", [possible], possible)
    assert spread is not None and 1 <= len(spread.bars) <= 21 and spread.bars[-1].count == 1


def test_the_drawing_is_said_in_words_and_stands_as_a_table_too(rubric: Rubric) -> None:
    results = class_of(rubric, *[{"data.shape": passed("four")}] * 2, {"data.shape": failed("four", "three")})
    page = shown(results, rubric)
    assert "The median is 2; the middle half has 1 to 2, and everybody 0 to 2." in " ".join(page.text.split())
    assert ["1.5 to 2", "2"] in page.tables[""] and ["0 to less than 0.5", "1"] in page.tables[""]
    (drawing,) = page.of("svg")
    named = {str(attributes.get("id")) for _, attributes in page.elements}
    assert set(str(drawing["aria-labelledby"]).split()) <= named


def test_where_all_have_the_same_points_no_quartiles_are_spoken_of(rubric: Rubric) -> None:
    page = shown(class_of(rubric, {"data.shape": passed("four")}), rubric)
    assert "Everybody has 2." in " ".join(page.text.split()) and "The median" not in page.text


def test_all_points_are_drawn_as_soon_as_a_person_has_given_some(rubric: Rubric) -> None:
    results = class_of(rubric, {"data.shape": passed("four"), "written.q1d": Verdict(Outcome.MANUAL)})
    assert len(shown(results, rubric).of("svg")) == 1
    results["s0"]["points"] += 1.5
    assert len(shown(results, rubric).of("svg")) == 2


# Safety


ATTACKS = st.sampled_from(
    [
        "<script>alert(1)</script>",
        "\"'><img src=x onerror=alert(1)>",
        "</style></script><style>body{display:none}</style>",
        "</bdi></td></table></title>-->]]>",
        "{{ 7 * 7 }}{% raw %}{#",
        "&lt;b&gt; &#0; &amp",
        "\u202eturned\u2066\x1b[2J",
        "`" * 3,
    ]
)
PARTS = st.lists(ATTACKS | st.text(st.characters(), max_size=8), min_size=1, max_size=4)
STRANGE = PARTS.map("".join).filter(str.strip)


def strange_class(text: str, rubric: Rubric) -> Results:
    """A class in which a submission's text stands wherever there can be one."""
    verdicts = {
        "same.shape": failed(text, text, text, text),
        "cnn.forward": Verdict(Outcome.TIMEOUT, observed=text),
        "written.q1d": Verdict(Outcome.MANUAL, observed=text, exhibit=Exhibit(text="")),
    }
    roles = {role: {"name": text, "cell": 3} for role in ("CNN", "CNNChannel")}
    return {text: result(rubric, verdicts, text, roles, (text, text))}


@given(STRANGE)
@settings(max_examples=30)
def test_strangers_text_changes_no_element_of_the_page_and_is_shown_as_text(rubric: Rubric, text: str) -> None:
    page, harmless = (shown(strange_class(one, rubric), rubric) for one in (text, "harmless"))
    assert [(tag, sorted(names)) for tag, names in page.elements] == [
        (tag, sorted(names)) for tag, names in harmless.elements
    ]
    assert printable(page.text) == page.text
    left = printable(text)
    assert [words.split() for words in page.said] == [
        words.replace("harmless", left).split() for words in harmless.said
    ]


@pytest.mark.parametrize("size", [0, 1, 3])
def test_the_policy_allows_one_style_and_one_script_of_ours_and_no_request(rubric: Rubric, size: int) -> None:
    text = class_page({f"s{number}": result(rubric) for number in range(size)}, rubric.questions)
    page = Page(text)
    digests = {}
    for tag in ("style", "script"):
        content = text.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
        digests[tag] = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    policy = next(meta for meta in page.of("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert str(policy["content"]).split("; ") == [
        "default-src 'none'",
        "img-src data:",
        f"style-src 'sha256-{digests['style']}'",
        "base-uri 'none'",
        "form-action 'none'",
        f"script-src 'sha256-{digests['script']}'",
    ]
    assert len(page.of("style")) == len(page.of("script")) == 1 and page.of("script") == [{}]
    assert text.startswith("<!doctype html>") and text.index("Content-Security-Policy") < text.index("<style>")
    names = {name for _, attributes in page.elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name in ("style", "src", "srcset")]
    assert not {"iframe", "object", "embed", "form", "link", "base", "img"} & {tag for tag, _ in page.elements}


def test_a_check_of_another_version_is_counted_under_its_id(rubric: Rubric) -> None:
    results = class_of(rubric, {"same.shape": failed("six", "five")})
    results["s0"]["checks"]["of.the.future"] = dict(results["s0"]["checks"]["same.shape"])
    page = shown(results, rubric)
    assert page.table("table-of-submissions") == [
        {"Submission": "s0", "Total": "0", "Automatic": "0", "1b": "0", "others": "0"}
    ]
    assert [row[0].split()[-1] for row in page.tables["table-of-checks"][1:]] == ["same.shape", "of.the.future"]


def test_each_link_within_the_page_leads_somewhere(rubric: Rubric) -> None:
    page = shown(class_of(rubric, {"same.shape": failed("six", "five"), "data.shape": passed("four")}), rubric)
    places = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(places) == len(set(places))
    assert {str(a["href"])[1:] for a in page.of("a") if str(a["href"]).startswith("#")} <= set(places)


def test_the_style_and_the_script_hold_no_address(rubric: Rubric) -> None:
    text = class_page({}, rubric.questions)
    assert "url(" not in text and "://" not in text and "@import" not in text
