"""A submission's text is inert wherever it is shown: in a terminal, a spreadsheet, a page, JSON, and as a file name."""

import base64
import csv
import hashlib
import io
import json
import unicodedata
from html.parser import HTMLParser
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from autograder.boundary.sandbox import Sandbox
from autograder.evidence.figures import PairRow, Stage
from autograder.evidence.training_kinds import Curve
from autograder.grading import Graded, check_questions
from autograder.program.excerpts import Excerpt
from autograder.report.code import listings
from autograder.report.curves import curve_files, curve_picture
from autograder.report.grades import grades_csv
from autograder.report.inert import csv_cell, distinct_file_names, file_name, html_text, one_line, printable
from autograder.report.page import report_page
from autograder.report.result import as_json, result_of, write_result
from autograder.report.table import print_result
from autograder.rubric import DEFAULT_RUBRIC, Rubric, read_rubric
from autograder.selfcheck import SelfCheck
from autograder.verdict import Exhibit, Outcome, Verdict
from autograder.whole_class import entries_of

MARK = "\N{REPLACEMENT CHARACTER}"
ATTACKS = st.sampled_from(
    [
        "<script>alert(1)</script>",
        "\"'><img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        '<a href="javascript:alert(1)">here</a>',
        "</style><style>body{display:none}</style>",
        "</pre></td></table></title>-->]]>",
        "{{ 7 * 7 }}{% raw %}{#",
        "&lt;b&gt; &#0; &amp",
        "\x1b]8;;http://example.org\x07\x9b2J",
        "\u202eturned\u2066",
        "=HYPERLINK(1)",
        "[red]no markup[/]",
        "\r\n\n\tlines",
    ]
)
# Any text at all, lone surrogates included, with attacks in it.
STRANGE = st.lists(ATTACKS | st.text(st.characters(), max_size=8), min_size=1, max_size=4).map("".join).filter(len)
CURVE = Curve((0.7, 0.5), (("training students", ((1, 0.5), (2, 0.6))),))


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    return read_rubric(DEFAULT_RUBRIC, check_questions())


def result_with(text: str, rubric: Rubric) -> dict[str, Any]:
    """A result in which a submission's text stands wherever there can be one."""
    answer = Exhibit((27,), text, ((31, 1, "image/png"), (31, 2, "image/svg+xml")))
    verdicts = {
        "same.shape": Verdict(Outcome.FAIL, text, text, text, text),
        "written.q1d": Verdict(Outcome.MANUAL, observed=text, exhibit=answer),
    }
    code = {"generate_same_pair": Excerpt(text, None, 7, text)}
    graded = Graded(text, "d1", verdicts, {"train": {"name": text}}, (text, text), {text: CURVE}, code=code)
    return result_of(graded, rubric, "d2", 7, Sandbox.CAGE)


# Words


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("plain words\nand more", "plain words\nand more"),
        ("\x1b[31mred", f"{MARK}[31mred"),
        ("a\rb\x00c\x7fd\x9b", f"a{MARK}b{MARK}c{MARK}d{MARK}"),
        ("\u202eturned\u2066 and \u200bhidden\ufeff", f"{MARK}turned{MARK} and {MARK}hidden{MARK}"),
        ("tag\U000e0041\u2028line", f"tag{MARK}{MARK}line"),
        ("\udcff", MARK),
        ("as\ton\u00a0Windows\r\n", "as on Windows\n"),
        ("a\u200db", f"a{MARK}b"),
        ("", ""),
    ],
)
def test_what_moves_turns_or_hides_is_replaced_and_every_kind_of_space_is_one(text: str, left: str) -> None:
    assert printable(text) == left


@pytest.mark.parametrize("text", ["Zoë 鞋 👟", "👩\u200d👩\u200d👧", "می\u200cخواهم", "נועה\u200f (לוי)", "e\u0301"])
def test_letters_of_all_languages_stay_and_so_do_the_joiners_that_they_need(text: str) -> None:
    assert printable(text) == text


@given(STRANGE)
def test_printable_text_has_nothing_else_in_it_and_stays_as_it_is_the_second_time(text: str) -> None:
    once = printable(text)
    assert printable(once) == once
    assert all(letter == "\n" or letter.isprintable() or letter in "\u200c\u200d\u200e\u200f\u061c" for letter in once)
    assert one_line(text).split("\n") == [once.replace("\n", " ")]


# The terminal


@given(STRANGE)
def test_a_table_in_a_terminal_holds_no_control_characters(rubric: Rubric, text: str) -> None:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    print_result(result_with(text, rubric), rubric.questions, console)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert printable(shown) == shown


def test_no_note_passes_for_a_line_of_ours(rubric: Rubric) -> None:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    print_result(result_with("a.py\n70 of 70 automatic points", rubric), rubric.questions, console)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert "Note: a.py 70 of 70 automatic points" in lines
    assert "0 of 1 automatic points; 2 points are for a person to give" in lines
    assert "70 of 70 automatic points" not in lines


# Spreadsheets


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "=cmd|' /C calc'!A0",
        "＝1+1",
        "＠SUM(A1)",
        "  =1",
        "\u00a0=1",
        "\u200f＝1",
    ],
)
def test_text_that_a_spreadsheet_would_compute_begins_with_an_apostrophe(text: str) -> None:
    assert csv_cell(text) == f"'{printable(text)}"


def test_so_does_what_comes_after_a_border_of_another_program() -> None:
    assert csv_cell("a;=1\n+2, 3 - 4") == "a;'=1\n'+2, 3 - 4"


@pytest.mark.parametrize("text", ["anna", "a=1", "cell 3, -1 to 1", "a-b", "", "'=1"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert csv_cell(text) == text


@given(STRANGE)
def test_no_cell_begins_with_a_formula_also_where_semicolons_or_lines_are_taken_for_borders(
    rubric: Rubric, text: str
) -> None:
    written = grades_csv([result_with(text, rubric)], rubric.questions)
    _, row = csv.reader(io.StringIO(written, newline=""))
    assert row[0] == csv_cell(text)
    for cell in (row[0], row[-1]):
        for part in cell.replace(";", "\n").split("\n"):
            assert not part.strip().startswith(tuple("=+-@＝＋－＠"))
        assert printable(cell) == cell


# JSON


@given(STRANGE)
def test_a_result_file_says_what_was_said_and_shows_only_what_prints(text: str) -> None:
    written = as_json({"observed": text})
    assert all(letter == "\n" or letter.isprintable() for letter in written)
    assert json.loads(written)["observed"] == "".join(MARK if "\ud800" <= c <= "\udfff" else c for c in text)


# The page


class Page(HTMLParser):
    """What a browser would make of a page: its elements, and the text in those that are for a submission's."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.attributes: list[dict[str, str | None]] = []
        self.said: list[str] = []
        self.text = ""
        self._inside: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.attributes.append(dict(attrs))
        self._inside.append(tag)
        if tag in ("bdi", "pre"):
            self.said.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        if {"bdi", "pre"} & set(self._inside):
            self.said[-1] += data

    def elements_but_for_coloured_words(self) -> list[tuple[str, tuple[str, ...]]]:
        pairs = zip(self.elements, self.attributes, strict=True)
        return [element for element, given in pairs if not str(given.get("class")).startswith("py-")]

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for (name, _), attributes in zip(self.elements, self.attributes, strict=True) if name == tag]


@given(STRANGE)
def test_a_page_has_the_elements_of_its_template_and_shows_a_submissions_text_as_text(
    rubric: Rubric, text: str
) -> None:
    curve = {text: b"PNG"}
    page = Page(report_page(result_with(text, rubric), curve))
    template = Page(report_page(result_with("harmless", rubric), curve))
    assert page.elements_but_for_coloured_words() == template.elements_but_for_coloured_words()
    left = printable(text)
    first, code = [left] * 4, [printable(f"{left}, from line 7"), printable(left).rstrip()]
    second = [left, "2 pictures in cell 31", printable(left)]
    assert page.said == [left, left, left, *first, *code, *second, left]


def test_code_is_coloured_by_kind_of_word_and_stands_open_where_something_is_to_be_mended(rubric: Rubric) -> None:
    def page_of(outcome: Outcome) -> Page:
        code = {"generate_same_pair": Excerpt("a.ipynb", 3, 1, "def f(x):\n    return x  # <b>")}
        graded = Graded("anna", "d1", {"same.shape": Verdict(outcome)}, code=code)
        return Page(report_page(result_of(graded, rubric, "d2", 7, Sandbox.CAGE)))

    failed, passed = page_of(Outcome.FAIL), page_of(Outcome.PASS)
    assert "def f(x):\n    return x  # <b>" in failed.text and "cell 3" in failed.text
    classes = [attributes.get("class") for attributes in failed.of("span")]
    assert classes.count("py-k") == 2 and "py-c1" in classes and "py-nf" in classes
    assert "open" in failed.of("details")[0] and "open" not in passed.of("details")[0]


def test_a_page_says_where_shapes_and_rows_are_not_as_asked(rubric: Rubric) -> None:
    stages = [Stage("block 1", (8, 110, 110), (8, 112, 112)), Stage("linear 1", (100,), (100,))]
    rows = [PairRow("right shoe of pair 1, u001", "left shoe of pair 1, u001", (None, None), 4, False, "swapped")]
    verdicts = {"same.shape": Verdict(Outcome.PASS), "channel.padding": Verdict(Outcome.FAIL)}
    graded = Graded("anna", "d1", verdicts, figures={"q2b": stages, "q1b": rows})
    page = Page(report_page(result_of(graded, rubric, "d2", 7, Sandbox.CAGE)))
    text = " ".join(page.text.split())
    assert "block 1 8 x 110 x 110 asked for: 8 x 112 x 112 linear 1 100" in text
    assert "row 4: swapped right shoe of pair 1, u001 left shoe of pair 1, u001" in text
    assert [item.get("class") for item in page.of("li")].count("differs") == 2


def test_definitions_that_follow_each_other_are_shown_as_one_piece_and_only_once() -> None:
    one = {"file": "a.ipynb", "cell": 4, "line": 2, "source": "train, valid = split(data)"}
    code = {
        "train_data": one,
        "valid_data": one,
        "test_w": {"file": "a.ipynb", "cell": 4, "line": 3, "source": 'w = load("w")'},
        "get_organized_data": {"file": "b.py", "line": 9, "source": "def load(): ..."},
        "generate_same_pair": {"file": "a.ipynb", "cell": 5, "line": 1, "source": "another question's"},
    }
    resolved = {
        "train_data": {"name": "train", "cell": 4, "others": [{"name": "x_tr", "cell": 7}]},
        "test_w": {"name": "w", "cell": 4, "others": [{"name": "women", "cell": 8}]},
    }
    place = "cell 4, from line 2 (`x_tr` in cell 7 and `women` in cell 8 could be meant as well)"
    assert [(listing.place, listing.source.striptags()) for listing in listings("q1a", code, resolved)] == [
        (place, 'train, valid = split(data) w = load("w")'),
        ("b.py, from line 9", "def load(): ..."),
    ]


@given(STRANGE)
def test_a_table_in_a_notebook_shows_a_submissions_text_as_text(rubric: Rubric, text: str) -> None:
    page = Page(SelfCheck("Question 1b", result_with(text, rubric), rubric.questions)._repr_html_())
    assert {tag for tag, _ in page.elements} == {"div", "b", "table", "tr", "th", "td", "bdi", "br"}
    assert {name for _, names in page.elements for name in names} == {"style"}
    left = printable(text)
    notes = [f"Note: {left}"] * 2
    assert page.said == [left, f"Expected: {left}", left, left, left, *notes]
    assert html_text("<b>\x1b") == f"&lt;b&gt;{MARK}"


def test_nothing_on_a_page_can_run_or_be_sent(rubric: Rubric) -> None:
    page = Page(report_page(result_with("words", rubric)))
    assert not {"script", "iframe", "object", "embed", "form", "link", "svg", "base"} & {
        tag for tag, _ in page.elements
    }
    assert not [name for _, names in page.elements for name in names if name.startswith("on") or name == "style"]
    assert {str(link["href"])[0] for link in page.of("a")} == {"#"}


@pytest.mark.parametrize("checks", [{}, {"same.shape": Verdict(Outcome.PASS)}], ids=["empty", "usual"])
def test_every_page_has_a_policy_that_allows_nothing_but_its_own_style_and_the_pictures_within_it(
    rubric: Rubric, checks: dict[str, Verdict]
) -> None:
    text = report_page(result_of(Graded("anna", "d", checks), rubric, "d2", 7, Sandbox.NONE))
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(meta for meta in Page(text).of("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert str(policy["content"]).split("; ") == [
        "default-src 'none'",
        "img-src data:",
        f"style-src 'sha256-{digest}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert {"name": "referrer", "content": "no-referrer"} in Page(text).of("meta")
    assert text.startswith("<!doctype html>") and text.index("Content-Security-Policy") < text.index("<style>")
    assert "Graded without a sandbox" in text


def test_a_page_says_what_the_result_says(rubric: Rubric) -> None:
    found = {
        "same.shape": Verdict(Outcome.PARTIAL, "six rows", "there are five", "Which one?", "It was slow."),
        "written.q1d": Verdict(Outcome.MANUAL, observed="answered", exhibit=Exhibit((27, 28), "Since\n they share it")),
        "of.the.future": Verdict(Outcome.FAIL, "a check that is not known here", "nothing"),
    }
    result = result_of(Graded("anna", "d", dict(list(found.items())[:2])), rubric, "d2", 7, Sandbox.CAGE)
    result["checks"]["of.the.future"] = dict(result["checks"]["same.shape"])
    text = " ".join(Page(report_page(result)).text.split())
    for words in (
        "0.5 of 1 automatic points; 2 points are for a person to give",
        "Question 1b 0.5 of 1 1 partial",
        "Seen: there are five Expected: six rows Hint: Which one? Remark: It was slow.",
        "The answer, from cell 27, 28 Since they share it",
        "Others 0.5 of 1 1 partial",
        "of.the.future",
    ):
        assert words in text
    assert "Graded without a sandbox" not in text


# File names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("anna-levi", "anna-levi"),
        ("Noa Levi (1).final", "Noa Levi (1).final"),
        ("נועה לוי 👟", "נועה לוי 👟"),
        ("../../x", "__.._x"),
        ("a/b\\c:d", "a_b_c_d"),
        ("..", "_"),
        ("", "_"),
        (" . ", "_"),
        (".hidden", "_hidden"),
        ("what?. ", "what__"),
        ("CON", "_CON"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("two\nlines\x00", f"two lines{MARK}"),
        ("e\u0301", "é"),
        ("n" * 300, "n" * 200),
        ("\u05d0" * 300, "\u05d0" * 100),
    ],
)
def test_a_harmless_name_stays_and_another_becomes_one(text: str, name: str) -> None:
    assert file_name(text) == name


@given(STRANGE)
def test_a_file_name_is_one_file_in_its_folder_on_any_system(text: str) -> None:
    name = file_name(text)
    assert Path("folder", name).parts == ("folder", name) and PureWindowsPath("folder", name).parts == ("folder", name)
    assert name not in ("", ".", "..") and len(name.encode()) <= 200
    assert not name.startswith(".") and not name.endswith((".", " ")) and "\n" not in name
    assert file_name(name) == name


@given(st.lists(STRANGE | st.sampled_from(["a", "A", "a-2", "é", "e\u0301", "x/y", "x:y", "ﬁ", "fi"]), max_size=8))
def test_no_two_names_are_one_file_even_where_capitals_or_forms_of_unicode_do_not_count(texts: list[str]) -> None:
    names = distinct_file_names(texts, taken=["grades.csv"])
    everywhere = {unicodedata.normalize("NFD", name.lower()) for name in (*names, "grades.csv")}
    assert len(names) == len(texts) and len(everywhere) == len(texts) + 1


def test_submissions_of_a_class_never_share_a_folder_nor_take_the_place_of_the_grades(tmp_path: Path) -> None:
    names = ("Anna.ipynb", "anna.zip", "grades.csv.zip", "Index.html", "Zoe\u0308.py", "Zo\u00eb.py", "berta.ipynb")
    for name in names:
        (tmp_path / name).write_bytes(b"")
    assert {entry.path.name: entry.name for entry in entries_of(tmp_path, tmp_path / "out")} == {
        "Anna.ipynb": "Anna",
        "anna.zip": "anna-2",
        "berta.ipynb": "berta",
        "grades.csv.zip": "grades.csv-2",
        "Index.html": "Index.html-2",
        "Zoe\u0308.py": "Zoë",
        "Zo\u00eb.py": "Zoë-2",
    }


def test_curves_lie_in_the_folder_of_the_result_and_the_page_holds_just_these(rubric: Rubric, tmp_path: Path) -> None:
    names = ["../../x", "a/b", "A:B", "training", "100 %#?"]
    graded = Graded("anna", "d", {}, curves=dict.fromkeys(names, CURVE))
    write_result(tmp_path / "anna", result_of(graded, rubric, "d2", 7, Sandbox.CAGE), graded)
    pictures = [path.read_bytes() for path in (tmp_path / "anna").glob("*.png")]
    shown = Page((tmp_path / "anna" / "report.html").read_text(encoding="utf-8")).of("img")
    held = [base64.b64decode(str(image["src"]).removeprefix("data:image/png;base64,")) for image in shown]
    assert len(pictures) == len(names) and sorted(held) == sorted(pictures)
    assert [path.name for path in tmp_path.iterdir()] == ["anna"]
    assert curve_files(reversed(names)) == curve_files(names)


# Pictures of ours


@pytest.mark.parametrize("words", ["$\\frac$", "$x^", "鞋👟", "\x00\x1b[31m\udcff", "a\n" * 400, "n" * 10_000, "_", ""])
def test_any_name_can_stand_above_a_curve(words: str, recwarn: pytest.WarningsRecorder) -> None:
    curve = Curve((0.7, 0.5), ((words, ((1, 0.5), (2, 0.6))),))
    assert curve_picture(words, curve).startswith(b"\x89PNG")
    assert not recwarn.list
