"""Figures on a report's page: photographs with words, what is wrong with them, histograms; and the file they lie in."""

import base64
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.boundary.sandbox import Sandbox
from autograder.evidence.figures import BatchExample, ExamAnswer, Figure, Histogram, PairRow, ShownShoe
from autograder.grading import Graded, check_questions
from autograder.report.besides import BESIDES, NOTHING, Besides, besides_as_json, read_besides
from autograder.report.formats.classroom50 import VARIABLES, classroom50_json
from autograder.report.formats.gradescope import gradescope_json
from autograder.report.formats.shown import Shown
from autograder.report.page import report_page
from autograder.report.result import as_read, result_of, write_changed_result, write_result
from autograder.rubric import DEFAULT_RUBRIC, Rubric, read_rubric
from autograder.verdict import Outcome, Verdict

LEFT, RIGHT = ShownShoe("train", 1, 2, "left"), ShownShoe("train", 1, 2, "right")
OF_TEST = ShownShoe("test_w", 11, 1, "left"), ShownShoe("test_w", 11, 3, "right")
ROW = PairRow("right shoe of pair 2, u001", "left shoe of pair 2, u001", (RIGHT, LEFT), 4, False, "swapped")
PICTURES = {LEFT.name: b"a left shoe", RIGHT.name: b"a right shoe"}
SQUEEZED = Histogram("my_data", -0.5, 0.5, (1.0, 0.0), (0.25, 0.75), -0.5, -0.4961, -0.5, 0.5, "divided twice")
FIGURES: dict[str, Figure] = {
    "q1a": [SQUEEZED],
    "q1b": [ROW],
    "q3a": [BatchExample(ROW.lower, ROW.upper, (LEFT, RIGHT), "a pair", "different", True)],
    "q4a": [
        ExamAnswer(
            "left shoe of pair 1, u011", "right shoe of pair 3, u011", OF_TEST, "women", "not a pair", "same", True
        )
    ],
}
CHECKED = ("data.values", "same.content", "train.labels", "test.women")


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    return read_rubric(DEFAULT_RUBRIC, check_questions())


def graded_with(figures: dict[str, Figure], pictures: dict[str, bytes] | None = None) -> Graded:
    return Graded("anna", "d1", dict.fromkeys(CHECKED, Verdict(Outcome.FAIL)), figures=figures, pictures=pictures or {})


def result_with(rubric: Rubric, figures: dict[str, Figure]) -> dict[str, Any]:
    return as_read(result_of(graded_with(figures), rubric, "d2", 7, Sandbox.CAGE))


class Page(HTMLParser):
    """The text of a page, and its elements with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self._text += data

    @property
    def words(self) -> str:
        return " ".join(self._text.split())

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(rubric: Rubric, figures: dict[str, Figure], pictures: dict[str, bytes] | None = None) -> Page:
    return Page(report_page(result_with(rubric, figures), besides=Besides(pictures or {})))


# The page


def test_a_row_shows_the_photographs_of_its_shoes_with_words_and_what_is_wrong_with_it(rubric: Rubric) -> None:
    page = page_of(rubric, {"q1b": [ROW]}, PICTURES)
    pictures = [base64.b64decode(str(i["src"]).removeprefix("data:image/jpeg;base64,")) for i in page.of("img")]
    assert pictures == [b"a right shoe", b"a left shoe"]
    assert [image["alt"] for image in page.of("img")] == [
        "Photograph of the upper shoe",
        "Photograph of the lower shoe",
    ]
    assert "row 4: swapped right shoe of pair 2, u001 left shoe of pair 2, u001" in page.words
    assert [item for item in page.of("li") if item.get("class") == "differs"]


def test_a_shoe_without_a_photograph_is_shown_in_words(rubric: Rubric) -> None:
    nothing = PairRow("no photograph", "left shoe of pair 2, u001", (None, LEFT), 0, False, "not two whole photographs")
    page = page_of(rubric, {"q1b": [nothing]}, {})
    assert not page.of("img") and "row 0: not two whole photographs no photograph left shoe" in page.words


def test_a_label_that_is_wrong_and_an_answer_that_is_are_marked_in_words(rubric: Rubric) -> None:
    page = page_of(rubric, FIGURES, PICTURES)
    assert "a pair left shoe of pair 2, u001 right shoe of pair 2, u001 label: different, which is wrong" in page.words
    assert "Some answers of the network on women's shoes" in page.words and "on men's shoes" not in page.words
    assert "right shoe of pair 3, u011 answer: same, wrong" in page.words


def test_a_histogram_is_drawn_without_styles_or_scripts_and_told_in_words(rubric: Rubric) -> None:
    page = page_of(rubric, {"q1a": [SQUEEZED]})
    (drawing,) = page.of("svg")
    words = "Values of my_data: from -0.5 to -0.4961 (divided twice). Asked for: from -0.5 to 0.5"
    assert drawing["role"] == "img" and words in str(drawing["aria-label"]) and words in page.words
    assert [(bar["x"], bar["height"]) for bar in page.of("rect")] == [("0.0", "100.0")]
    assert [line["points"] for line in page.of("polyline")] == ["0,100 0,66.67 160,66.67 160,0 320,0 320,100"]


def test_right_values_are_drawn_below_the_very_line_that_is_asked_for(rubric: Rubric) -> None:
    right = Histogram(
        "train_data", -0.5, 0.5, (0.25, 0.75), (0.25, 0.75), -0.5, 0.5, -0.5, 0.5, "8-bit value / 255 - 0.5"
    )
    page = page_of(rubric, {"q1a": [right]})
    assert [bar["y"] for bar in page.of("rect")] == ["66.67", "0.0"]
    assert "Values of train_data: from -0.5 to 0.5, as asked." in page.words


@settings(max_examples=20)
@given(st.text(min_size=1, max_size=20) | st.sampled_from(['"><script>alert(1)</script>', "\x1b[2J\u202e"]))
def test_whatever_an_array_is_called_its_histogram_stays_one(rubric: Rubric, name: str) -> None:
    harmless = page_of(rubric, {"q1a": [SQUEEZED]})
    page = page_of(rubric, {"q1a": [Histogram(**vars(SQUEEZED) | {"name": name})]})
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in harmless.elements]


def test_a_result_of_before_there_were_photographs_still_makes_a_page(rubric: Rubric) -> None:
    result = result_with(rubric, {})
    row = {"number": 4, "upper": "right shoe of pair 2, u001", "lower": "no photograph", "as_asked": False}
    page = Page(report_page(result | {"figures": {"q1b": [row]}}))
    assert "row 4: not as asked right shoe of pair 2, u001 no photograph" in page.words


# The file beside the result


def test_what_a_report_shows_besides_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / BESIDES).write_text(besides_as_json(Besides(PICTURES)))
    assert read_besides(tmp_path).pictures == PICTURES
    assert json.loads((tmp_path / BESIDES).read_text())["schema"] == 1


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"pictures": 3}', '{"pictures": {"a": 3}}', '{"pictures": {"a": "?"}}']
)
def test_a_file_that_is_none_of_ours_shows_nothing(text: str, tmp_path: Path) -> None:
    assert read_besides(tmp_path) == NOTHING
    (tmp_path / BESIDES).write_text(text)
    assert read_besides(tmp_path) == NOTHING


def test_a_page_is_made_again_from_its_folder_alone_and_is_the_same(rubric: Rubric, tmp_path: Path) -> None:
    graded = graded_with(FIGURES, PICTURES)
    result = result_of(graded, rubric, "d2", 7, Sandbox.CAGE)
    write_result(tmp_path, result, graded, {"made": "from this"})
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_changed_result(tmp_path, json.loads(before["result.json"]))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert b"image/jpeg" in before["report.html"] and BESIDES.encode() in before["graded.json"]
    (tmp_path / BESIDES).unlink()
    write_changed_result(tmp_path, json.loads(before["result.json"]))
    again = (tmp_path / "report.html").read_text()
    assert "image/jpeg" not in again and "row 4: swapped" in again


# What is handed to students elsewhere


def test_the_formats_that_hand_results_to_students_show_nothing_of_the_test_sets(rubric: Rubric) -> None:
    texts = []
    for figures in (FIGURES, {}):
        shown = Shown(
            result_with(rubric, figures), rubric.questions, {}, dict.fromkeys(VARIABLES.values(), "20261126T101010Z")
        )
        texts.append((gradescope_json(shown), classroom50_json(shown)))
    assert texts[0] == texts[1]
