"""How the handout marks what is for whom, and how definitions of the reference become gaps."""

import ast

import pytest

from student_template.handout import HandoutError, Revision, read_blocks, solution_text, student_text, without_marks
from student_template.source import Definition, read_definitions, to_fill_in
from student_template.variants import called, with_global_defaults, without_arguments

CELL = """x = 1
### BEGIN SOLUTION
y = x + 1
### STUDENT SEES
y = ...
### END SOLUTION
print(y)"""


def definition(text: str) -> Definition:
    return Definition(("module", 1), ast.parse(text).body[0], text, {})


def test_each_revision_gets_its_own_lines_and_those_that_are_marked_for_none() -> None:
    handout = "For all.\n::: notebook\nOne file.\n:::\n```python\n::: functions-file\ndrive = 1\n:::\nx = 2\n```"
    found = {revision: [block.text for block in read_blocks(handout, revision)] for revision in Revision}
    assert found[Revision.NOTEBOOK] == ["For all.\nOne file.", "x = 2"]
    assert found[Revision.FUNCTIONS_FILE] == ["For all.", "drive = 1\nx = 2"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("```python\nx = 1", "line 1: the fence is never closed"),
        ("\n```text\n```", "line 2: a fence says python or answer, not text"),
        ("```python refrence=CNN\n```", "line 1: nobody knows refrence"),
        ("::: notebok\n:::", "line 1: a revision is notebook or functions-file, not notebok"),
        ("::: notebook\nText.\n::: functions-file\n:::", "line 3: the ::: of line 1 is still open"),
        ("Text.\n:::", "line 2: there is nothing to close"),
        ("Text.\n::: notebook\nMore.", "line 2: what is for one revision only is never closed"),
    ],
)
def test_a_slip_in_the_handout_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(HandoutError, match=words):
        read_blocks(text)


def test_a_region_is_marked_in_the_solution_and_filled_with_a_gap_for_the_student() -> None:
    assert student_text(CELL) == "x = 1\ny = ...\nprint(y)"
    assert solution_text(CELL) == "x = 1\n### BEGIN SOLUTION\ny = x + 1\n### END SOLUTION\nprint(y)"
    assert without_marks(solution_text(CELL)) == "x = 1\ny = x + 1\nprint(y)"


def test_signature_and_docstring_stay_and_comments_of_the_body_go_with_the_body() -> None:
    text = 'def double(x: int) -> int:\n    """Two times x."""\n    # The quick way.\n    return 2 * x'
    student = student_text(to_fill_in(definition(text), "1a"))
    assert student == (
        'def double(x: int) -> int:\n    """Two times x."""\n    raise NotImplementedError("Question 1a: write double")'
    )
    without_words = definition("def double(x):\n    # The quick way.\n    return 2 * x")
    assert "quick" not in student_text(to_fill_in(without_words, "1a"))


@pytest.mark.parametrize("name", ["CNN", "CNNChannel", "train", "get_organized_data"])
def test_a_definition_with_its_regions_filled_in_is_the_definition(name: str) -> None:
    original = read_definitions()[name]
    assert without_marks(solution_text(to_fill_in(original, "1a"))) == original.text


def test_helpers_of_the_solution_are_within_its_last_region() -> None:
    text = to_fill_in(
        definition("def double(x):\n    return times(2, x)"), "1a", below="def times(a, b):\n    return a * b"
    )
    assert without_marks(solution_text(text)) == (
        "def double(x):\n    return times(2, x)\n\n\ndef times(a, b):\n    return a * b"
    )
    assert "times" not in student_text(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("PAIRS = 3", "PAIRS = 3 is no function or class"),
        ("class Net:\n    size = 3\n\n    def forward(self):\n        return 1", "Net has more in it than methods"),
    ],
)
def test_what_has_no_body_to_leave_out_is_refused(text: str, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        to_fill_in(definition(text), "1a")


def test_a_network_without_arguments_has_its_settings_inside() -> None:
    text = (
        "# Small.\nclass Net:\n    def __init__(self, n: int = 6, *, deep: bool = False) -> None:\n        self.n = n"
    )
    with pytest.raises(TypeError, match="has parameters without a place for their defaults"):
        without_arguments(definition(text))
    plain = definition(text.replace("*, deep: bool", "deep: bool"))
    assert without_arguments(plain).text == (
        "# Small.\nclass Net:\n    def __init__(self) -> None:\n        n, deep = 6, False\n        self.n = n"
    )
    with pytest.raises(TypeError, match="has parameters without a place for their defaults"):
        without_arguments(definition("class Net:\n    def __init__(self, n):\n        self.n = n"))
    with pytest.raises(TypeError, match="class Net: has no __init__"):
        without_arguments(definition("class Net:\n    def forward(self):\n        return 1"))


def test_parameters_take_the_global_variables_of_their_names() -> None:
    text = "def train(model, data: list[int],\n    more,\n    size=2):\n    return data"
    changed = called(with_global_defaults(definition(text), ["data", "more"]), "train_model")
    assert (
        changed.text
        == "def train_model(model, data: list[int] = data,\n    more = more,\n    size=2):\n    return data"
    )
    assert isinstance(changed.node, ast.FunctionDef) and len(changed.node.args.defaults) == 3
