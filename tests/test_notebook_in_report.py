"""A report shows the whole notebook as its author saw it, and none of it does anything there."""

import base64
import io
import json
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from autograder.boundary.as_html import MOST_HTML, SIDE
from autograder.boundary.checked import NotAnAnswer
from autograder.boundary.sandbox import Sandbox
from autograder.boundary.showing import SHOW, NotebookAsHtml, notebook_as_html
from autograder.boundary.workers import Template
from autograder.checks import CHECKS
from autograder.grading import Graded, Grader, check_questions, unreadable
from autograder.report.about import cells_of
from autograder.report.besides import Besides, besides_as_json, besides_of, read_besides
from autograder.report.notebook import harmless, shown_cells
from autograder.report.page import report_page
from autograder.report.result import result_of, write_changed_result, write_result
from autograder.rubric import DEFAULT_RUBRIC, Rubric, read_rubric
from autograder.session import prepare
from autograder.submission.bundle import Bundle, read_bundles
from autograder.submission.notebook import Cell, Unreadable, read_cells
from autograder.verdict import Exhibit, Outcome, Verdict
from autograder.worker.showing import Showing

MOST_BYTES = 2**25
# Elements and attributes that could do something, look like ours or change what stands beside them.
ACTING = {
    "script",
    "style",
    "iframe",
    "object",
    "embed",
    "form",
    "input",
    "button",
    "svg",
    "math",
    "link",
    "meta",
    "base",
}
ALLOWED_ATTRIBUTES = "href title class span open tabindex src alt start colspan rowspan scope rel".split()


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    return read_rubric(DEFAULT_RUBRIC, check_questions())


@pytest.fixture(scope="module")
def template(shared_template: Template) -> Template:
    return shared_template


class Seen(HTMLParser):
    """What a browser would find in HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("br", "hr", "img", "col"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, "an element ends that was not begun"

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def markdown(source: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source, **more}


def code(source: str, *outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": list(outputs), "execution_count": 1}


def display(**forms: Any) -> dict[str, Any]:
    data = {name.replace("_", "/", 1): content for name, content in forms.items()}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def printed(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def picture(width: int, height: int, kind: str = "PNG") -> str:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


def shown(template: Template, folder: Path, *cells: Mapping[str, Any], name: str = "a.ipynb") -> list[str]:
    """What a page shows of each cell."""
    file = folder / name
    file.write_text(
        json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [*cells, code("last = 1")]})
    )
    entries = shown_cells(read_cells(file.read_bytes(), name), notebook_as_html(template, [file], MOST_BYTES))
    assert [entry["cell"] for entry in entries] == list(range(len(cells) + 1))
    return [entry["html"] for entry in entries[:-1]]


# --- what is to be seen


def test_text_is_rendered_and_code_is_coloured(template: Template, tmp_path: Path) -> None:
    text, program = shown(template, tmp_path, markdown("# Mine\n\n- *one*"), code("def f(x):\n    return x < 2"))
    assert Seen(text).text.split() == ["Mine", "one"]
    assert {tag for tag, _ in Seen(text).elements} == {"h3", "ul", "li", "em"}
    assert Seen(program).text.rstrip() == "def f(x):\n    return x < 2"
    assert {"class": "py-k"} in Seen(program).all("span")


def test_outputs_are_shown_in_the_form_that_a_person_looks_at(template: Template, tmp_path: Path) -> None:
    table = "<style>td {color: red}</style><table><tr><td>3.5</td></tr></table>"
    plot, frame, error, other = shown(
        template,
        tmp_path,
        code("plot", display(image_png=picture(40, 30), text_plain="<Figure>")),
        code("frame", display(text_html=table, text_plain="plain")),
        code("1 / 0", {"output_type": "error", "traceback": ["\x1b[0;31mZeroDivisionError\x1b[0m", "at <cell>"]}),
        code("widget", display(**{"application/javascript": "alert(1)", "text/plain": "a widget"})),
    )
    assert "<Figure>" not in Seen(plot).text
    assert len(Seen(plot).all("img")) == 1
    assert Seen(frame).text.strip() == "frame3.5"
    assert ("span", {"class": "ansi-red-fg"}) in Seen(error).elements
    assert "ZeroDivisionError\nat <cell>" in Seen(error).text
    assert "a widget" in Seen(other).text and "alert" not in other


def test_a_picture_is_another_file_than_the_one_handed_in_and_no_larger_than_a_page_needs(
    template: Template, tmp_path: Path
) -> None:
    original = picture(3000, 1500)
    attached = {"a.png": {"image/png": picture(20, 10)}}
    output, text = shown(
        template,
        tmp_path,
        code("x", display(image_png=original)),
        markdown("![mine](attachment:a.png)", attachments=attached),
    )
    (large,), (small,) = Seen(output).all("img"), Seen(text).all("img")
    assert (small["alt"], bool(large["alt"])) == ("mine", True)
    assert original not in output
    with Image.open(io.BytesIO(base64.b64decode(str(large["src"]).partition(",")[2]))) as opened:
        assert (opened.format, opened.size) == ("JPEG", (SIDE, SIDE // 2))


def test_where_a_picture_cannot_be_shown_words_stand(template: Template, tmp_path: Path) -> None:
    huge = io.BytesIO()
    Image.new("1", (6000, 6000)).save(huge, "PNG")
    bomb = base64.b64encode(huge.getvalue()).decode()
    cells = shown(
        template,
        tmp_path,
        markdown("![far](https://example.org/a.png)"),
        markdown("![broken](data:image/png;base64,AAAA)"),
        markdown(f"![bomb](data:image/png;base64,{bomb})"),
        code("x", display(**{"image/svg+xml": "<svg onload='alert(1)'><script>alert(1)</script></svg>"})),
    )
    for cell, word in zip(cells, ["far", "broken", "bomb", "SVG"], strict=True):
        assert Seen(cell).all("img") == []
        assert word in Seen(cell).text and "not shown" in Seen(cell).text
    assert "alert" not in cells[3]


def test_of_a_long_output_beginning_and_end_are_shown(template: Template, tmp_path: Path) -> None:
    (log,) = shown(template, tmp_path, code("train()", printed("\n".join(f"epoch {n};" for n in range(3000)))))
    assert "epoch 0;" in log and "epoch 2999;" in log and "2880 more lines" in log and "epoch 1500;" not in log


def test_scripts_and_old_notebooks_are_shown_as_well(template: Template, tmp_path: Path) -> None:
    script = tmp_path / "a.py"
    script.write_text("x = 1\n# %%\ny = 2\n")
    old = tmp_path / "old.ipynb"
    sheet = {
        "cells": [{"cell_type": "code", "input": "z = 3", "outputs": [], "language": "python", "collapsed": False}]
    }
    old.write_text(json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [sheet]}))
    made = notebook_as_html(template, [script, old], MOST_BYTES)
    assert [Seen(cell or "").text.strip() for cell in made.cells] == ["x = 1", "y = 2", "z = 3"]


def test_a_malformed_cell_costs_the_others_nothing(template: Template, tmp_path: Path) -> None:
    *_, last = shown(
        template,
        tmp_path,
        {"cell_type": "code", "source": None, "outputs": "nonsense"},
        {"cell_type": ["code"], "source": {"a": 1}},
        {"cell_type": "markdown", "source": ["a", 3], "attachments": [1]},
        {
            "cell_type": "code",
            "source": "x",
            "outputs": [7, {"output_type": "display_data", "data": {"text/html": {}}}],
        },
        markdown("> " * 3000),
        markdown("as it is"),
    )
    assert Seen(last).text.strip() == "as it is"


def test_where_the_libraries_stumble_over_a_cell_its_text_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(node: Any) -> str:
        raise RecursionError

    showing = Showing()
    monkeypatch.setattr(showing, "_rendered", stumble)
    content = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [markdown("1 < 2")]})
    said, _ = showing.shown({"a.ipynb": np.frombuffer(content.encode(), np.uint8)})
    assert said["cells"] == ["<pre>1 &lt; 2</pre>"]


def test_of_more_text_than_a_page_has_room_for_the_first_cells_are_shown(template: Template, tmp_path: Path) -> None:
    cells = shown(template, tmp_path, *[markdown(f"begins {n} " + "word " * 7000) for n in range(40)])
    assert cells[0] is not None and "begins 0" in cells[0]
    assert cells[-1] is None
    assert sum(len(cell.encode()) for cell in cells if cell is not None) <= MOST_HTML


def test_a_page_has_at_most_three_megabytes_whatever_a_worker_sends(rubric: Rubric) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (20, SIDE, SIDE, 3), dtype=np.uint8)
    texts = [f'first {n}<img src="picture:{n % 20}">' for n in range(30)] + ["\x01" * 800_000, "last"]
    cells = [Cell(number, "markdown", "") for number in range(len(texts))]
    entries = shown_cells(cells, NotebookAsHtml(texts, list(noise)))
    assert "<img" in entries[0]["html"] and "not shown" in entries[29]["html"]
    assert entries[30]["html"] is None, "what grows when it is cleaned counts as it has grown"
    assert entries[31]["html"] == "last"
    assert len(report_page(a_result(rubric), besides=Besides(notebook=entries)).encode()) <= 3_000_000


def test_a_notebook_is_read_again_only_where_a_page_will_show_it(
    small_data: Path, grader_for: Callable[..., Grader], tmp_path: Path
) -> None:
    file = tmp_path / "a.ipynb"
    file.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [code("x = 1")]}))
    setup = prepare(small_data, only=["written.q1d"])
    (bundle,) = read_bundles(file, 40)
    assert grader_for(setup, pages=False).grade(bundle).notebook is None
    notebook = grader_for(setup, pages=True).grade(bundle).notebook
    assert notebook is not None and "x = " in str(notebook.cells[0])


# --- what must not be


ATTACKS = st.sampled_from(
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<img src='http://example.org/a.png'>",
        "<img src='picture:0'>",
        "<img src='picture:7' alt='\"><b>'>",
        "<a href='javascript:a()'>",
        "<a href='../other/report.html'>",
        "</li></ol></section></main>",
        "<div id='notebook' class='verdict pass' style='top:0'>",
        "<p class='output x'>",
        "<style>body{display:none}</style>",
        "<iframe src='http://example.org'>",
        "<form action='http://example.org'>",
        "<input name=a>",
        "<base href='/'>",
        "<meta http-equiv=refresh content=0>",
        "<svg>",
        "<math><mtext>",
        "<table><a>",
        "<plaintext>",
        "<textarea>",
        "<title>",
        "<!--",
        "-->",
        "<b",
        "&#x202e;",
        "\u202e",
        "\x1b[2J",
        "\x00",
        "{{ 7 * 7 }}",
    ]
)
STRANGE = st.lists(ATTACKS | st.text(st.characters(), max_size=6), max_size=6).map("".join)


@given(STRANGE)
def test_whatever_comes_from_a_worker_ends_as_text_in_harmless_elements(text: str) -> None:
    safe = harmless(text, lambda number: "data:image/jpeg;base64,AAAA" if number == 0 else None)
    seen = Seen(safe)
    assert not seen.open, "an element is not closed, and would take in what follows"
    for tag, attributes in seen.elements:
        assert tag not in ACTING
        assert set(attributes) <= set(ALLOWED_ATTRIBUTES)
        assert attributes.get("src", "data:image/jpeg;base64,AAAA") == "data:image/jpeg;base64,AAAA"
        assert str(attributes.get("href", "https://")).startswith(("http://", "https://", "mailto:"))
        assert "verdict" not in (attributes.get("class") or "")
    assert all(letter == "\n" or letter.isprintable() for letter in safe.replace("\u200d", ""))


@pytest.mark.parametrize(
    ("structure", "arrays"),
    [
        ({}, {}),
        ({"cells": "all"}, {}),
        ({"cells": [3]}, {}),
        ({"cells": ["x" * 1_000_000]}, {}),
        ({"cells": ["é" * 800_000]}, {}),
        ({"cells": []}, {"picture1": np.zeros((2, 2, 3), np.uint8)}),
        ({"cells": []}, {"picture0": np.zeros((2, 2, 3), np.float32)}),
        ({"cells": []}, {"picture0": np.zeros((2, 2, 4), np.uint8)}),
        ({"cells": []}, {"picture0": np.zeros((SIDE + 1, 2, 3), np.uint8)}),
        ({"cells": []}, {f"picture{n}": np.zeros((2, 2, 3), np.uint8) for n in range(41)}),
    ],
)
def test_a_worker_that_answers_with_something_else_is_not_believed(
    structure: dict[str, Any], arrays: dict[str, Any]
) -> None:
    with pytest.raises(NotAnAnswer):
        SHOW.read(structure, arrays)


def test_fewer_cells_than_the_notebook_has_leave_gaps_and_no_error() -> None:
    cells = [Cell(0, "code", "x"), Cell(1, "markdown", "y")]
    assert [entry["html"] for entry in shown_cells(cells, NotebookAsHtml(["<b>x</b>"], ()))] == ["<b>x</b>", None]


# --- the page


def a_result(rubric: Rubric) -> dict[str, Any]:
    """Two checks of which one speaks of cells 1 and 3, the other of cell 1 by where it stopped."""
    verdicts = {
        "written.q1d": Verdict(Outcome.MANUAL, "answered", exhibit=Exhibit((3, 1), "because", ())),
        "same.shape": Verdict(Outcome.FAIL, observed="it raised ValueError: x (cell 1, line 2)"),
    }
    return result_of(Graded("anna", "d", verdicts), rubric, "d2", 0, Sandbox.CAGE)


NOTEBOOK = [
    {"cell": 0, "kind": "text", "html": "<p>hello</p>"},
    {"cell": 1, "kind": "code", "executed": 7, "html": "<pre>x</pre>"},
    {"cell": 3, "kind": "text", "html": None},
]


def test_verdicts_stand_beside_the_cells_that_they_speak_of_and_lead_there_and_back(rubric: Rubric) -> None:
    page = report_page(a_result(rubric), besides=Besides(notebook=NOTEBOOK))
    first, second, third = (page.split('id="cell-')[number] for number in (1, 2, 3))
    assert "verdict" not in first and "<p>hello</p>" in first
    assert '<a href="#same.shape">' in second and '<a href="#written.q1d">' in second and "ValueError: x" in second
    assert '<a href="#written.q1d">' in third and "too large" in third
    for target in ("same.shape", "written.q1d", "cell-1", "cell-3"):
        assert page.count(f'id="{target}"') == 1 and f'href="#{target}"' in page


@pytest.mark.parametrize(("verdict", "told"), [("fail", True), ("pass", False)])
def test_what_else_could_be_meant_is_told_beside_code_that_has_not_earned_everything(
    rubric: Rubric, verdict: str, told: bool
) -> None:
    result = a_result(rubric)
    result["checks"]["same.shape"]["verdict"] = verdict
    result["code"] = {"generate_same_pair": {"file": "a.ipynb", "cell": 1, "line": 1, "source": "def pairs(data): ..."}}
    result["resolved"] = {"generate_same_pair": {"name": "pairs", "cell": 1, "others": [{"name": "two", "cell": 4}]}}
    assert ("`two` in cell 4 could be meant as well" in report_page(result)) == told


def test_a_check_speaks_of_no_cell_where_its_code_is_in_none(rubric: Rubric) -> None:
    result = a_result(rubric) | {"code": {"generate_same_pair": {"file": "pairs.py", "line": 3, "source": "x"}}}
    entry = result["checks"]["same.shape"] | {"observed": "3 rows"}
    assert cells_of("same.shape", entry, result) == ()
    result["code"]["generate_same_pair"]["cell"] = 4
    assert cells_of("same.shape", entry, result) == (4,)


def test_an_answer_that_nobody_has_marked_is_no_zero(rubric: Rubric) -> None:
    result = a_result(rubric)
    assert report_page(result).count("2 to be marked") == 2  # in the overview and beside the check
    result["checks"]["written.q1d"] |= {"points": 1.5, "marked": {"comment": "nearly"}}
    page = report_page(result)
    assert "to be marked" not in page and "1.5 of 2" in page and "nearly" in page


def test_a_report_on_what_cannot_be_read_says_so_once(rubric: Rubric) -> None:
    graded = unreadable("anna", "d", Unreadable("a.ipynb is empty"), [CHECKS[id] for id in rubric.points])
    page = report_page(result_of(graded, rubric, "d2", 0, Sandbox.CAGE))
    assert page.count("a.ipynb is empty") == 1 and "Question 2b" in page


def test_a_page_without_a_notebook_has_no_place_for_one(rubric: Rubric) -> None:
    page = report_page(a_result(rubric))
    assert "The whole notebook" not in page and "#cell-" not in page


def test_a_report_that_is_made_again_for_a_mark_still_shows_the_notebook(rubric: Rubric, tmp_path: Path) -> None:
    made = NotebookAsHtml(['<p onclick="x">hello</p>', "<pre>x</pre>"], ())
    bundle = Bundle("anna", "d", "a.ipynb", (Cell(0, "markdown", ""), Cell(1, "code", "x")), ())
    graded = Graded("anna", "d", {}, bundle=bundle, notebook=made)
    result = a_result(rubric)
    write_result(tmp_path, result, graded)
    first = (tmp_path / "report.html").read_bytes()
    assert b"<p>hello</p>" in first
    write_changed_result(tmp_path, result)
    assert (tmp_path / "report.html").read_bytes() == first


@pytest.mark.parametrize("content", [b"", b"[]", b'{"schema": 1}', b'{"pictures": 3}', b"\xff"])
def test_a_folder_without_what_is_shown_besides_still_has_a_report(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes(content)
    assert read_besides(tmp_path) == Besides()
    assert read_besides(tmp_path / "nowhere") == Besides()


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    besides = Besides(notebook=NOTEBOOK)
    (tmp_path / "report.json").write_text(besides_as_json(besides))
    assert read_besides(tmp_path) == besides
    assert besides_of(Graded("anna", "d", {})) == Besides()
