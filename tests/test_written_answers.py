"""What students write and show, wherever in their notebooks they put it: found, and carried to whoever marks it."""

import base64
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from autograder.boundary.sandbox import Sandbox
from autograder.checks import CHECKS, judge
from autograder.evidence.kinds import Written
from autograder.evidence.written import written_in
from autograder.grading import Graded, check_questions
from autograder.program.displays import Shown
from autograder.report.result import as_json, result_of
from autograder.rubric import DEFAULT_RUBRIC, read_rubric
from autograder.submission.answers import MOST_TEXT, Reading, read_answers
from autograder.submission.bundle import Bundle, read_bundles
from autograder.submission.handouts import own_words
from autograder.submission.headings import WRITTEN, read_heading
from autograder.submission.notebook import Cell, read_cells, read_statements
from autograder.submission.pictures import is_picture
from autograder.verdict import Outcome, Verdict
from student_template.build import build_notebook, notebook_text

ANSWER = "The background would give the label away."
ASKED_1D = (
    "Why do we insist that the different pairs of shoes still come from the same person?  (Hint: what else do images "
    "from the same person have in common?)"
)
ASKED_2C = (
    "The two models are quite similar, and should have almost the same number of parameters. However, one of these "
    "models will perform better, showing that architecture choices **do** matter in machine learning. Explain why one "
    "of these models performs better."
)


def text(source: str, **further: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source, **further}


def code(source: str, *outputs: dict[str, Any], **further: Any) -> dict[str, Any]:
    new = {"cell_type": "code", "metadata": {}, "source": source, "outputs": list(outputs), "execution_count": None}
    return new | further


def notebook(*cells: dict[str, Any], version: int = 4) -> Bundle:
    """A submission with these cells, and one with code at the end, without which it could not be graded."""
    whole = [*cells, code("done = True")]
    content: dict[str, Any] = {"nbformat": version, "nbformat_minor": 4, "metadata": {}, "cells": whole}
    return bundle_of(json.dumps(content).encode(), "a.ipynb")


def bundle_of(content: bytes, name: str) -> Bundle:
    cells = read_cells(content, name)
    statements, unparsed = read_statements(cells)
    return Bundle("anna", "d", name, cells, statements, unparsed)


def reading(*cells: dict[str, Any]) -> Reading:
    bundle = notebook(*cells)
    return read_answers(bundle.cells, bundle.statements)


def answers(*cells: dict[str, Any]) -> dict[str, str]:
    """The answers to written questions, by question."""
    return {q: answer.text for q, answer in reading(*cells).answers.items() if q in WRITTEN}


def verdict(id: str, *cells: dict[str, Any]) -> Verdict:
    return judge(CHECKS[id], {Written: written_in(notebook(*cells))}, {})


# Where a question begins


@pytest.mark.parametrize(
    "line",
    [
        "### Part (d) -- 2pt",
        "### Part (d) -- 2%",
        "▼ Part (d) -- 2%",
        "#### part d",
        "Part D:",
        "**Part (d)**",
        "**(d)**",
        "(d)",
        "d)",
        "## d.",
        "**d**",
        "**1d**",
        "1d",
        "1.d)",
        "1-d:",
        "Q1.d",
        "Q1d)",
        "q1(d)",
        "1 (d)",
        "Question 1 (d)",
        "Question 1d",
        "Question 1, part d",
        "## Question 1 - Part (d) -- 2 %",
        "Question 1 - d",
        "Question 1.4",
        "### Part (4)",
        "<h3>Part (d) -- 2%</h3>",
        "<b>1d</b>",
        '<div dir="rtl"><h3>סעיף ד</h3></div>',
        "### שאלה 1 סעיף ד'",
        "שאלה 1 (ד)",
        "## Partie (d)",
        "**Question 1 (d) :**",
        "> ### Part (d)",
        "* **Part (d)**",
        "***Part (d)***",
        "__1d__",
    ],
)
def test_a_line_that_begins_question_1d(line: str) -> None:
    found = read_heading(line, "q1c")
    assert found and (found.place, found.rest) == ("q1d", "")


@pytest.mark.parametrize(
    ("line", "place", "reached"),
    [
        ("## Question 3. Training (40%)", "q2d", "q3"),
        ("## Question 3", "q2d", "q3"),
        ("Question 2:", "q1e", "q2"),
        ("# Q4", "q3d", "q4"),
        ("## 2. Convolutional Neural Networks (25%)", "q1e", "q2"),
        ("## Training", "q2d", "q3"),
        ("**Testing (15%)**", "q3d", "q4"),
        ("## Part 2: Convolutional Neural Networks", "q1e", "q2"),
        ("### Part (a) -- 9%", "q2", "q2a"),
        ("### Part (a) -- 9%", "q1e", "q2a"),
        ("### Part (b) -- 4%", "", "q1b"),
        ("### Part (c): which is better, and why? (4 points)", "q2b", "q2c"),
        ("Question 3 (c)", "q1a", "q3c"),
    ],
)
def test_a_part_belongs_to_the_question_above_it(line: str, place: str, reached: str) -> None:
    found = read_heading(line, place)
    assert found and found.place == reached


@pytest.mark.parametrize(
    "line",
    [
        "2D convolutions look at neighbouring pixels.",
        "### 2D convolutions",
        "Part (b) is better because both shoes are seen at once.",
        "Part (b) *clearly* wins.",
        "Q2(a) is worse.",
        "Part of the background is shared.",
        "Question 2 a bit earlier said otherwise.",
        "1. a convolution from 3 to n channels",
        "3. Dropout",
        "## 1. Grid search",
        "**CNN:**",
        "## Data",
        "A better model sees both shoes.",
        "d",
        "1",
        "3 x 3 kernels",
        "1.5 seconds",
        "Q5. Something else",
        "### Part (e)",
        "",
        "*" * 2000,
        " (" * 2000,
    ],
)
def test_a_line_that_begins_no_question(line: str) -> None:
    assert read_heading(line, "q2b") is None


@pytest.mark.parametrize(
    "start", ["1d) ", "1d. ", "**1d** ", "Q1(d) ", "**Question 1 (d)** ", "Part (d): ", "**(d)** "]
)
def test_an_answer_behind_a_heading_in_the_same_line_is_kept(start: str) -> None:
    found = read_heading(start + ANSWER, "q1c")
    assert found and (found.place, found.rest) == ("q1d", ANSWER)


# The handout's own words


@pytest.mark.parametrize(
    "said",
    [
        ASKED_1D,
        ASKED_2C,
        "Why is it important that our data set be *balanced*?",
        "Why is it important that our data set\nbe _balanced_?",
        "The model should contain the following layers:",
        "- A convolution layer that takes in $n$ channels, and outputs $2 \\cdot n$ channels.",
        "A 2 × 2 downsampling (either using a strided convolution in the previous step, or max pooling)",
        "You can use either $3 \\times 3$ or $5 \\times 5$ convolutions kernels.",
        "Why do we ask for that, instead of mixing\neverybody's shoes?",
        "In this section, explain how you tuned your hyperparameters.\n\n**Write your explanation here:**",
    ],
)
def test_the_handouts_own_words_are_no_answer(said: str) -> None:
    assert own_words(said).words == 0


@pytest.mark.parametrize(
    "prompt",
    [
        "Write your explanation here:",
        "** Write your explanation here: **",
        "**Write your answers here:**",
        "_Type your answer here_",
        "*Your answer:*",
        "<b>Your answer:</b>",
        "PROVIDE YOUR ANSWER BELOW",
        "########",
        "# Write your explanation here",
        "TODO",
        "Answer:",
        "...",
        "____",
        "-",
        "Double-click (or enter) to edit",
        "תשובה:",
        "Votre réponse :",
        "<br>",
        "",
    ],
)
def test_a_prompt_is_no_answer(prompt: str) -> None:
    assert own_words(prompt).words == 0
    assert not answers(text(f"### Part (d) -- 2pt\n\n{ASKED_1D}\n\n{prompt}"))


@pytest.mark.parametrize(
    "said",
    [
        "Because the background is shared.",
        "The different pairs of shoes come from the same person because otherwise the floor tells them apart.",
        "It is important that our data set is balanced, since always saying no would be right 99% of the time.",
        "0.93",
        "CNNChannel",
        "Parce que l'arrière-plan est le même.",
        "כי הרקע זהה בכל התמונות של אותו אדם",
        "Train accuracy was our guide.",
        "Shoes from the same pair match.",
        "The floor matters for shoes from the same pair.",
    ],
)
def test_a_students_words_are_kept_as_they_are(said: str) -> None:
    assert own_words(said).text == said


def test_an_answer_right_behind_the_question_or_the_prompt_is_cut_off_from_it() -> None:
    assert own_words(f"{ASKED_1D} {ANSWER}").text == ANSWER
    assert own_words(f"**Write your explanation here:** {ANSWER}").text == ANSWER
    assert own_words(f"Answer:{ANSWER}").text == ANSWER
    assert own_words(f"Your answer - {ANSWER}").text == ANSWER


# Where an answer may stand


@pytest.mark.parametrize(
    "cells",
    [
        [text(f"### Part (d) -- 2pt\n\n{ASKED_1D}\n\n**Write your explanation here:**\n\n{ANSWER}")],
        [text(f"### Part (d) -- 2pt\n{ASKED_1D}\nWrite your explanation here:\n{ANSWER}")],
        [text(f"### Part (d) -- 2pt\n\n{ASKED_1D}\n\n**Write your explanation here:**"), text(ANSWER)],
        [text(f"### Part (d) -- 2pt\n\n{ASKED_1D}"), text("Write your explanation here:"), text(ANSWER)],
        [text(f"**1d** {ANSWER}")],
        [text(f"1d) {ANSWER}")],
        [text(f"Q1.d\n\n{ANSWER}")],
        [text("## Question 1. Data"), text(f"(d) {ANSWER}")],
        [text(f"# {ASKED_1D}"), text(ANSWER)],
        [text(f"### Part (f)\n\n{ASKED_1D}\n\n{ANSWER}")],
        [text("### Part (d)"), code(f"# {ANSWER}")],
        [text("### Part (d)"), code("# The background would\n# give the label away.")],
        [text("### Part (d)"), code(f"'''\nPROVIDE YOUR ANSWER BELOW\n\n{ANSWER}\n'''")],
        [text("### Part (d)"), code(f'"""{ANSWER}"""')],
        [text("### Part (d)"), code(f'print("{ANSWER}")')],
        [text("### Part (d)"), code(f'explanation = "{ANSWER}"\nprint(explanation)')],
        [text("### Part (d)"), code(f'from IPython.display import Markdown\ndisplay(Markdown("{ANSWER}"))')],
        [text("### Part (d)"), code(f"########\n# PROVIDE YOUR ANSWER BELOW\n# {ANSWER}\n########")],
        [text("### Part (d)"), code(ANSWER)],
        [text("### Part (d)"), code(f"#@title Part (d)\n#@markdown {ANSWER}")],
        [text("### Part (d)"), {"cell_type": "raw", "metadata": {}, "source": ANSWER}],
        [code(f'answer_1d = "{ANSWER}"')],
        [code(f"# Question 1 (d)\n# {ANSWER}")],
        [text(ANSWER, metadata={"shoe_pairs": {"question": "q1d", "kind": "written"}})],
        [text(f"*Your answer:*\n\n{ANSWER}", metadata={"shoe_pairs": {"question": "q1d", "kind": "written"}})],
        [text(ANSWER, metadata={"tags": ["exercise", "q1d"]})],
        [text("### Part (d)"), text(f"### {ANSWER}")],
        [text("<h3>Part (d)</h3>"), text(f"<font color='blue'>{ANSWER}</font>")],
        [text(f'<h3 dir="rtl">שאלה 1 סעיף ד</h3>\n\n{ANSWER}')],
        [text(f"## Question 1\r\n\r\n### Part (d)\r\n\r\n{ANSWER}")],
    ],
)
def test_an_answer_is_found(cells: list[dict[str, Any]]) -> None:
    found = answers(*cells)
    assert list(found) == ["q1d"]
    said = found["q1d"].replace("<font color='blue'>", "").replace("</font>", "").replace("\n", " ")
    assert said.removeprefix("### ") == ANSWER


def test_several_answers_in_one_cell_are_told_apart() -> None:
    whole = (
        "1d) The floor.\n1e) It would always say no.\n\n**2c** CNNChannel sees both.\n\nQ2d: Errors differ.\n3c) Grid."
    )
    assert answers(text(whole)) == {
        "q1d": "The floor.",
        "q1e": "It would always say no.",
        "q2c": "CNNChannel sees both.",
        "q2d": "Errors differ.",
        "q3c": "Grid.",
    }
    assert answers(text("## Question 1"), text("(d) The floor.\n(e) Always no.")) == {
        "q1d": "The floor.",
        "q1e": "Always no.",
    }


def test_answers_gathered_at_the_end_are_found_although_their_questions_were_asked_before() -> None:
    asked = [text("## Question 1"), text("### Part (d)"), text("### Part (e)"), text("## Question 2"), text("Part (c)")]
    found = answers(*asked, text("## Question 4"), text("Answers:\n\n1d. The floor.\n\n1e. Always no."))
    assert found == {"q1d": "The floor.", "q1e": "Always no."}


def test_a_list_in_an_answer_stays_in_it() -> None:
    said = "Two things:\n\na) the floor\n\nb) the light\n\nc) the camera\n\nd) the lens\n\ne) the hand"
    assert answers(text("## Question 1"), text(f"### Part (d)\n\n{said}")) == {"q1d": said}


def test_lists_and_tables_and_paragraphs_stay_as_they_are() -> None:
    said = "- seen:\n- both\n\n1. it sees both\n2. it compares\n\n| n | rate |\n|---|---|\n| 6 | 0.001 |\n\nSo\nit is."
    assert answers(text("### Part (d)\n------\n"), text(said)) == {"q1d": said}
    assert answers(text("### Part (d)"), text("One."), text("Two.")) == {"q1d": "One.\n\nTwo."}


def test_an_answer_that_speaks_of_earlier_questions_stays_whole() -> None:
    parts = [
        text("## Question 2"),
        text("### Part (a)"),
        text("### Part (b)"),
        text("## Question 3"),
        text("### Part (b)"),
    ]
    said = "We began with these:\n\nQ2(a): a rate of 0.001.\n\n**Q2(b)**\n\na rate of 0.002."
    found = answers(*parts, text(f"### Part (c)\n\n{said}"))
    assert list(found) == ["q3c"]
    assert "0.001" in found["q3c"] and "0.002" in found["q3c"]


def test_words_before_any_question_and_below_questions_about_code_are_nobodys_answer() -> None:
    assert not answers(
        text("We are Anna and Berta."), text("## Question 1"), text("### Part (c)\n\nWe rolled the axis.")
    )


def test_comments_that_speak_of_code_are_no_answer() -> None:
    lines = "# the best one\nmodel = CNN(6)  # six channels, as the small grid search above had shown us to be best\n"
    inner = "def get_accuracy(model):\n    # count the right answers on pairs and on wrong pairs alike\n    pass\n"
    off = "# model = CNN(6)\n# curve = train_model(model, train_data, valid_data, batch_size=100, rate=0.001)\nx = 1\n"
    broken = "for i in range(10):\n    print 'epoch', i\nmodel = CNN(6)\n"
    for source in (lines, inner, off, broken, "path = '/content/gdrive/My Drive/Deep Learning/Assignment 3'"):
        assert not answers(text("## Question 3\n### Part (c)"), code(source))
        assert not answers(text("## Question 2\n### Part (d)"), code(source))


def test_a_whole_sentence_among_code_is_an_answer() -> None:
    said = "We tried rates from 0.1 to 0.0001 and kept the one that fell fastest."
    assert answers(text("## Question 3\n### Part (c)"), code(f"# {said}\nrate = 0.001")) == {"q3c": said}


def test_labels_in_comments_move_nothing_where_the_text_has_headings() -> None:
    parts = [text("## Question 3"), text("### Part (a)"), text("### Part (b)"), text("### Part (d)")]
    found = reading(*parts, code("# Q2(a)\nplot(cnn_curve)\n# Q2 (b): channels\nplot(channel_curve)"))
    assert found.places[4] == "q3d"


def test_headings_without_their_questions_count_on_from_one_to_the_next() -> None:
    found = reading(*(text(f"### Part ({letter})") for letter in "abcdeabcdabcdabc"))
    reached = [found.places[number] for number in range(16)]
    assert reached == [
        f"q{n}{letter}" for n, letters in enumerate(("abcde", "abcd", "abcd", "abc"), 1) for letter in letters
    ]


@pytest.mark.parametrize(
    "script",
    [
        "#!/usr/bin/env python\n# coding: utf-8\n\n"
        f"# ### Part (d) -- 2pt\n# \n# {ASKED_1D}\n# \n# {ANSWER}\n\n# In[1]:\n\nx = 1\n",
        f"# In[1]:\n\nx = 1\n\n\n# ## Question 1. Data\n# ### Part (d)\n# \n# {ANSWER}\n\n# In[2]:\n\ny = 2\n",
        f"# %%\nx = 1\n# %% [markdown]\n# ### Part (d)\n# {ANSWER}\n# %%\ny = 2\n",
        f'# %% [markdown]\n"""\n### Part (d)\n\n{ANSWER}\n"""\n# %%\ny = 2\n',
        f"x = 1\n\n# Question 1 (d)\n# {ANSWER}\n\ny = 2\n",
    ],
)
def test_an_answer_in_a_script_is_found_in_its_comments(script: str) -> None:
    bundle = bundle_of(script.encode(), "a.py")
    found = read_answers(bundle.cells, bundle.statements).answers
    assert {q: a.text for q, a in found.items() if q in WRITTEN} == {"q1d": ANSWER}


def test_old_notebooks_are_read_like_new_ones() -> None:
    cells = [
        {"cell_type": "heading", "level": 3, "metadata": {}, "source": "Part (d) -- 2pt"},
        {"cell_type": "markdown", "metadata": {}, "source": ANSWER},
        {"cell_type": "code", "metadata": {}, "input": "x = 1", "outputs": [], "language": "python"},
    ]
    content = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells, "metadata": {}}]}
    bundle = bundle_of(json.dumps(content).encode(), "a.ipynb")
    assert read_answers(bundle.cells, bundle.statements).answers["q1d"].text == ANSWER


def test_a_title_is_no_answer_unless_it_is_as_long_as_one() -> None:
    assert not answers(text("### Part (d): on backgrounds (2 points)"))
    assert answers(text(f"### Part (d): {ANSWER}")) == {"q1d": ANSWER}


# Real notebooks


def test_all_answers_of_the_handouts_submission_are_found(handout_submission: Path) -> None:
    written = written_in(read_bundles(handout_submission, 40)[0])
    found = {question: written.answers[question].cells for question in WRITTEN if question in written.answers}
    assert found == {"q1d": (13,), "q1e": (14,), "q2c": (19,), "q3c": (26,)}
    assert written.answers["q1d"].text.startswith("To avoid the impact of different backgrounds and only determine")
    assert written.answers["q1e"].text.endswith("regardless of the images.")
    assert written.answers["q2c"].text.startswith("Because most of the data in the images come from")
    assert written.answers["q3c"].text.startswith("We've used kind of")
    assert "Write your explanation" not in str(written.answers)
    assert written.asked["q2d"] == (20,)


def template(solution: bool) -> Written:
    return written_in(bundle_of(notebook_text(build_notebook(solution)).encode(), "a.ipynb"))


def test_nothing_is_answered_in_the_blank_template() -> None:
    written = template(solution=False)
    assert not written.answers
    assert set(WRITTEN) <= written.asked.keys()


def test_every_answer_of_the_solution_is_carried_word_for_word() -> None:
    model_answers = {
        cell.metadata.shoe_pairs.question: cell.source.removeprefix("*Your answer:*").strip()
        for cell in build_notebook(solution=True).cells
        if cell.metadata.shoe_pairs.kind == "written"
    }
    written = template(solution=True)
    assert {question: answer.text for question, answer in written.answers.items()} == model_answers
    assert model_answers.keys() == set(WRITTEN)


def test_the_template_without_its_metadata_reads_the_same() -> None:
    bare = build_notebook(solution=True)
    for cell in bare.cells:
        cell.metadata = {}
    written = written_in(bundle_of(notebook_text(bare).encode(), "a.ipynb"))
    assert {q: written.answers[q] for q in WRITTEN} == {q: template(solution=True).answers[q] for q in WRITTEN}


# Pictures


def png(width: int = 40, height: int = 30) -> str:
    content = io.BytesIO()
    Image.effect_noise((width, height), 50).save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode()


def jpeg() -> str:
    content = io.BytesIO()
    Image.effect_noise((40, 30), 50).save(content, "JPEG")
    return base64.b64encode(content.getvalue()).decode()


SVG = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0 L 9 9 L 18 3 L 27 8"/></svg>'


def shown(kind: str = "image/png", content: Any = None, output_type: str = "display_data") -> dict[str, Any]:
    further = {"execution_count": 1} if output_type == "execute_result" else {}
    data = {kind: content or png(), "text/plain": "<Figure size 640x480 with 1 Axes>"}
    return {"output_type": output_type, "metadata": {}, "data": data, **further}


PRINTED = {"output_type": "stream", "name": "stdout", "text": "done"}
AT_3D = [text("## Question 3. Training"), text("### Part (d) -- 4%")]


def kinds(cell: dict[str, Any]) -> tuple[str, ...]:
    return notebook(cell).cells[0].pictures


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        (code("plot()", shown()), ("image/png",)),
        (code("plot()", shown("image/jpeg", jpeg())), ("image/jpeg",)),
        (code("plot()", shown("image/svg+xml", SVG)), ("image/svg+xml",)),
        (code("plot()", shown("image/svg+xml", SVG.splitlines(keepends=True))), ("image/svg+xml",)),
        (code("plot()", shown(output_type="execute_result")), ("image/png",)),
        (code("plot()", PRINTED, shown(), shown()), ("image/png", "image/png")),
        (code("plot()", shown("image/png", png() + "\n")), ("image/png",)),
        (text(f"![curve](data:image/png;base64,{png()})"), ("image/png",)),
        (text(f'<img src="data:image/jpeg;base64,{jpeg()}">'), ("image/jpeg",)),
        (text("![c](attachment:c.png)", attachments={"c.png": {"image/png": png()}}), ("image/png",)),
        (text("![c](attachment:my%20c.png)", attachments={"my c.png": {"image/png": png()}}), ("image/png",)),
        (text("The picture is gone.", attachments={"c.png": {"image/png": png()}}), ()),
        (text("![c](curve.png) and ![c](https://example.org/curve.png)"), ()),
        (code("plot()", PRINTED), ()),
        (code("plot()", shown("text/html", "<b>no picture</b>")), ()),
        (code(f"picture = 'data:image/png;base64,{png()}'"), ()),
    ],
)
def test_pictures_that_are_saved_in_a_cell(cell: dict[str, Any], found: tuple[str, ...]) -> None:
    assert kinds(cell) == found


def test_a_picture_in_an_old_notebook_is_found() -> None:
    output = {"output_type": "pyout", "png": png(), "text": ["<Figure>"], "metadata": {}, "prompt_number": 1}
    cell = {"cell_type": "code", "input": "plot()", "outputs": [output], "metadata": {}, "language": "python"}
    for worksheets in ([{"cells": [cell], "metadata": {}}], [{"cells": [cell, {"cell_type": 5}]}]):
        content = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": worksheets}
        assert bundle_of(json.dumps(content).encode(), "a.ipynb").cells[0].pictures == ("image/png",)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("image/png", ""),
        ("image/png", "iVBORw0KGgo="),
        ("image/png", png()[:60]),
        ("image/png", base64.b64encode(b"no picture at all, but long enough to be one " * 9).decode()),
        ("image/png", "x" * 1000),
        ("image/png", "é" * 1000),
        ("image/png", png(2, 900)),
        ("image/svg+xml", "<svg></svg>"),
        ("image/svg+xml", "<svg>" + " " * 500 + "</svg>"),
        ("image/svg+xml", "words " * 100),
        ("image/jpeg", "/9j/" + "A" * 900),
    ],
)
def test_what_nobody_could_look_at_is_no_picture(kind: str, content: str) -> None:
    assert not is_picture(kind, content)
    assert kinds(code("plot()", shown(kind, content or "\n"))) == ()


def test_a_picture_of_enormous_size_is_not_opened() -> None:
    header = base64.b64decode(png())
    bomb = header[:16] + (2**31 - 1).to_bytes(4, "big") * 2 + header[24:]
    assert not is_picture("image/png", base64.b64encode(bomb).decode())


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ("plt.plot(losses)", Shown.CURVES),
        ("fig, ax = plt.subplots()\nax.semilogy(losses)", Shown.CURVES),
        ("plt.imshow(test_m[0] + 0.5)", Shown.PHOTOGRAPHS),
        ("plt.imshow(image)\nplt.plot(losses)", Shown.EITHER),
        ("def draw(curve):\n    plt.plot(curve)\ndraw(losses)", Shown.CURVES),
        ("def draw(curve):\n    plt.plot(curve)\ndef both(a, b):\n    draw(a)\n    draw(b)\nboth(1, 2)", Shown.CURVES),
        ("class Show:\n    def men(self):\n        plt.imshow(self.x)\nShow().men()", Shown.PHOTOGRAPHS),
        ("def draw(curve):\n    plt.plot(curve)", Shown.UNKNOWN),
        ("def a():\n    b()\ndef b():\n    a()\na()", Shown.UNKNOWN),
        ("model(x)", Shown.UNKNOWN),
        ("def show(curve):\n    plt.plot(curve)\nplt.imshow(x)\nplt.show()", Shown.PHOTOGRAPHS),
    ],
)
def test_what_a_picture_seems_to_show_is_read_from_its_code(source: str, content: Shown) -> None:
    (picture,) = written_in(notebook(code(source, shown()))).pictures
    assert picture.shown is content


# What the checks say


@pytest.mark.parametrize(
    ("cells", "observed"),
    [
        ([text(f"### Part (d)\n\n{ANSWER}")], "answered: 7 words in cell 0"),
        ([text("### Part (d)"), text("Because."), text(ANSWER)], "answered: 8 words in cells 1, 2"),
        ([text("### Part (d)"), text("Background")], "answered: 1 word in cell 1"),
        ([text(f"### Part (d)\n\n{ASKED_1D}")], "blank: nothing but the handout's own words in cell 0"),
        ([text("## Question 2")], "blank: nothing is recognised as question 1d"),
        ([code("x = 1")], "blank: nothing is recognised as question 1d; there are only code cells to look at"),
        (
            [text("### Part (c)"), text(ANSWER), text("## Question 2")],
            "blank: nothing is recognised as question 1d; 7 words stand below question 1c, in cell 1",
        ),
        ([text(ANSWER)], "blank: nothing is recognised as question 1d; 7 words stand below no question, in cell 0"),
        (
            [text(f"### Part (d)\n\n![photo](data:image/png;base64,{png()})")],
            "blank: nothing but the handout's own words in cell 0; but 1 picture is saved there",
        ),
    ],
)
def test_a_written_question_says_whether_it_is_answered_and_where(cells: list[dict[str, Any]], observed: str) -> None:
    said = verdict("written.q1d", *cells)
    assert (said.outcome, said.observed) == (Outcome.MANUAL, observed)


@pytest.mark.parametrize(
    ("cells", "observed"),
    [
        (
            AT_3D,
            "no picture is saved below question 3d, and none of curves elsewhere; no output of any cell is saved",
        ),
        ([*AT_3D, code("train()", PRINTED)], "no picture is saved below question 3d, and none of curves elsewhere"),
        (
            [*AT_3D, code("plt.plot(a)", shown(), shown()), code("plt.plot(b)", shown())],
            "3 pictures of curves in cells 2, 3; below question 3d: 3",
        ),
        (
            [code("plt.plot(a)", shown()), *AT_3D, code("plt.plot(b)", shown())],
            "2 pictures of curves in cells 0, 3; below question 3d: 1",
        ),
        ([*AT_3D, code("draw_it(a)", shown())], "no picture of curves; below question 3d: 1"),
        ([code("plt.plot(a)", shown())], "1 picture of curves in cell 0; below question 3d: 0"),
        (
            [code("plt.plot(a)", shown()) for _ in range(10)],
            "10 pictures of curves in cells 0, 1, 2, 3, 4, 5, 6, 7 and 2 more; below question 3d: 0",
        ),
    ],
)
def test_curves_are_counted_below_their_question_and_elsewhere(cells: list[dict[str, Any]], observed: str) -> None:
    said = verdict("curves.shown", *cells)
    assert (said.outcome, said.observed) == (Outcome.MANUAL, observed)


@pytest.mark.parametrize(
    ("cells", "men", "women"),
    [
        (
            [text("## Question 4\n### Part (b)"), code("plt.imshow(x)", shown(), shown()), text("### Part (c)")],
            "2 pictures below question 4b, in cell 1",
            "no picture is saved below question 4c",
        ),
        (
            [code("plt.imshow(GoodPredMenPair[0])", shown()), code("plt.imshow(WOMEN[0])", shown())],
            "no picture is saved below question 4b; but 1 picture in cell 0, where the code speaks of men's shoes",
            "no picture is saved below question 4c; but 1 picture in cell 1, where the code speaks of women's shoes",
        ),
        (
            [code("plt.imshow(test_m[0])", shown()), code("plt.imshow(test_w[dimension(arguments)])", shown())],
            "no picture is saved below question 4b; but 1 picture in cell 0, where the code speaks of men's shoes",
            "no picture is saved below question 4c; but 1 picture in cell 1, where the code speaks of women's shoes",
        ),
        (
            [text("Question 4 (c)"), code("plt.plot(curve)", shown())],
            "no picture is saved below question 4b",
            "1 picture of curves below question 4c, in cell 1",
        ),
        (
            [code("plt.imshow(x)", PRINTED)],
            "no picture is saved below question 4b",
            "no picture is saved below question 4c",
        ),
        (
            [text("Question 4")],
            "no picture is saved below question 4b; no output of any cell is saved",
            "no picture is saved below question 4c; no output of any cell is saved",
        ),
    ],
)
def test_examples_are_counted_below_their_question_or_by_the_code_that_shows_them(
    cells: list[dict[str, Any]], men: str, women: str
) -> None:
    assert verdict("examples.men", *cells).observed == men
    assert verdict("examples.women", *cells).observed == women


# What the result carries


def result(*cells: dict[str, Any]) -> dict[str, Any]:
    rubric = read_rubric(DEFAULT_RUBRIC, check_questions())
    written = {Written: written_in(notebook(*cells))}
    verdicts = {id: judge(check, written, {}) for id, check in CHECKS.items() if check.evidence is Written}
    return result_of(Graded("anna", "d1", verdicts), rubric, "d2", 0, Sandbox.CAGE)


def test_the_result_carries_the_answer_and_the_places_of_the_pictures_and_no_points() -> None:
    found = result(
        text("### Part (d)"), text(ANSWER), *AT_3D, code("plt.plot(a)", shown(), shown("image/jpeg", jpeg()))
    )["checks"]
    assert found["written.q1d"]["answer"] == {"cells": [1], "text": ANSWER}
    assert found["written.q1d"]["pictures"] == []
    assert found["written.q1e"]["answer"] == {"cells": [], "text": ""}
    assert found["curves.shown"]["pictures"] == [
        {"cell": 4, "number": 1, "kind": "image/png"},
        {"cell": 4, "number": 2, "kind": "image/jpeg"},
    ]
    assert "answer" not in found["curves.shown"]
    assert {entry["verdict"] for entry in found.values()} == {"manual"}
    assert {entry["points"] for entry in found.values()} == {0}


def test_a_strangers_text_has_no_control_characters_in_the_result() -> None:
    said = result(text("### Part (d)"), text("\x1b[31mred\x07 and\tplain \u202eturned\u202c\xa0end\u200f"))
    assert said["checks"]["written.q1d"]["answer"]["text"] == "\ufffd[31mred\ufffd and plain turned end"


def test_a_book_is_cut_but_counted() -> None:
    said = result(text("### Part (d)"), text("shoes and floors " * 5000))["checks"]["written.q1d"]
    assert said["observed"] == "answered: 15000 words in cell 1"
    assert len(said["answer"]["text"]) == MOST_TEXT
    assert said["answer"]["text"].endswith("[...]")


def test_the_same_notebook_gives_the_same_bytes() -> None:
    cells = [text(f"1d) {ANSWER}"), *AT_3D, code("plt.plot(a)", shown())]
    assert as_json(result(*cells)) == as_json(result(*cells))


# Whatever comes

LINES = st.sampled_from(
    [
        *("## Question 1. Data", "### Part (d) -- 2pt", "1d) because", "(e) since", "d)", "**2c**", "<b>3c</b>", "# a"),
        *(
            ASKED_1D,
            ASKED_2C,
            ANSWER,
            "TODO",
            "",
            "'''",
            '"""',
            "print('x')",
            "x = 1",
            "def f():",
            "(" * 90,
            "***",
            "```",
        ),
    ]
)
SOURCES = st.one_of(st.text(st.characters()), st.lists(LINES, max_size=8).map("\n".join))
CELLS = st.lists(
    st.tuples(st.sampled_from(["markdown", "code", "raw", ""]), SOURCES, st.sampled_from(["", "q1d", "q4"]))
)


@given(CELLS)
def test_no_list_of_cells_is_too_strange_to_be_read(drawn: Sequence[tuple[str, str, str]]) -> None:
    cells = tuple(Cell(n, kind, source, question=question) for n, (kind, source, question) in enumerate(drawn))
    statements, unparsed = read_statements(cells)
    bundle = Bundle("anna", "d", "a.ipynb", cells, statements, unparsed)
    written = written_in(bundle)
    assert written == written_in(bundle)
    for id, check in CHECKS.items():
        if check.evidence is Written:
            assert judge(check, {Written: written}, {}).outcome is Outcome.MANUAL, id


@given(
    st.recursive(
        st.none() | st.integers() | st.text() | st.sampled_from(["image/png", "display_data", png()]),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["data", "output_type", "image/png", "x"]), inner)
        ),
    )
)
def test_no_output_or_attachment_or_metadata_is_too_strange_to_be_read(anything: Any) -> None:
    cell = {"cell_type": "code", "source": "x = 1", "outputs": anything, "attachments": anything, "metadata": anything}
    content = json.dumps({"nbformat": 4, "nbformat_minor": 4, "cells": [cell, {**cell, "outputs": [anything]}]})
    for read in read_cells(content.encode(), "a.ipynb"):
        assert isinstance(read.pictures, tuple)


@pytest.mark.parametrize(
    "piece", ["*", " ", "(", "![", "<a", ": ", "# ", "1", "1*", "-- ", "data:image/png;base64,A", "."]
)
def test_long_repetitions_take_no_long_time(piece: str) -> None:
    source = piece * (90_000 // len(piece))
    found = reading(text("### Part (d)"), text(source), code("# " + source), code(repr(source)))
    assert found.places[1] == "q1d"
