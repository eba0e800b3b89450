"""The notebook that students fill in and the solution cannot drift apart from the reference."""

import ast
from typing import Any

import matplotlib
import nbformat
import pytest
from nbformat import NotebookNode

from student_template import handout
from student_template.__main__ import TEMPLATE
from student_template.build import build_notebook, notebook_text
from student_template.source import Definition, read_definitions, stub

TO_WRITE = (
    "get_organized_data",
    "generate_same_pair",
    "generate_different_pair",
    "CNN",
    "CNNChannel",
    "get_accuracy",
    "train",
)
HIDDEN = ("convolution_block", "count_answers", "_load_photograph", "IncompleteStudent", "UnreadablePhotograph")


@pytest.fixture(scope="module")
def template() -> NotebookNode:
    return build_notebook(solution=False)


@pytest.fixture(scope="module")
def solution() -> NotebookNode:
    return build_notebook(solution=True)


@pytest.fixture(scope="module")
def reference() -> dict[str, Definition]:
    return read_definitions()


def code_cells(notebook: NotebookNode, *kinds: str) -> list[str]:
    return [
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and (not kinds or cell.metadata.shoe_pairs.kind in kinds)
    ]


def signatures(notebook: NotebookNode) -> dict[str, str]:
    """Name, parameters and result of all functions and methods; classes with what they inherit from."""
    found = {}
    for node in ast.parse("\n".join(code_cells(notebook))).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = " ".join(ast.unparse(base) for base in node.bases)
            found |= {f"{node.name}.{part.name}": signature(part) for part in functions(node)}
        elif isinstance(node, ast.FunctionDef):
            found[node.name] = signature(node)
    return found


def functions(node: ast.stmt) -> list[ast.FunctionDef]:
    if isinstance(node, ast.FunctionDef):
        return [node]
    return [part for part in getattr(node, "body", []) if isinstance(part, ast.FunctionDef)]


def signature(node: ast.FunctionDef) -> str:
    result = ast.unparse(node.returns) if node.returns else ""
    return f"{ast.unparse(node.args)} -> {result}"


def body_lines(definition: Definition) -> set[str]:
    """The lines of a definition's functions that say something: no docstring, no lone bracket or word."""
    lines = definition.text.splitlines()
    offset = (definition.node.end_lineno or 0) - len(lines)
    found = set()
    for function in functions(definition.node):
        start = function.body[0].end_lineno if ast.get_docstring(function) else function.body[0].lineno - 1
        found |= {line.strip() for line in lines[(start or 0) - offset : (function.end_lineno or 0) - offset]}
    return {line for line in found if len(line) > len("return curve")}


def test_the_committed_template_is_what_the_source_builds(template: NotebookNode) -> None:
    assert TEMPLATE.read_text(encoding="utf-8") == notebook_text(template), "run: python -m student_template"


def test_building_twice_gives_the_same_bytes(solution: NotebookNode) -> None:
    assert notebook_text(build_notebook(solution=True)) == notebook_text(solution)


def test_both_notebooks_are_valid_and_have_the_same_cells(template: NotebookNode, solution: NotebookNode) -> None:
    for notebook in (template, solution):
        nbformat.validate(notebook)
        assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert [cell.id for cell in template.cells] == [cell.id for cell in solution.cells]
    assert [cell.metadata for cell in template.cells] == [cell.metadata for cell in solution.cells]


@pytest.mark.parametrize("name", [*TO_WRITE, "split_by_student", "plot_learning_curve"])
def test_what_the_reference_defines_has_the_same_signature_in_both_notebooks(
    name: str, template: NotebookNode, solution: NotebookNode, reference: dict[str, Definition]
) -> None:
    definition = reference[name].node
    expected = {function.name: signature(function) for function in functions(definition)}
    for notebook in (template, solution):
        prefix = f"{name}." if isinstance(definition, ast.ClassDef) else ""
        found = {function: signatures(notebook)[prefix + function] for function in expected}
        assert found == expected


@pytest.mark.parametrize("name", [*TO_WRITE, "split_by_student", *HIDDEN])
def test_the_template_holds_no_line_of_what_the_student_writes(
    name: str, template: NotebookNode, reference: dict[str, Definition]
) -> None:
    given = {line.strip() for cell in template.cells for line in cell.source.splitlines()}
    assert not body_lines(reference[name]) & given


@pytest.mark.parametrize("name", HIDDEN)
def test_the_template_does_not_name_the_helpers_of_the_reference(name: str, template: NotebookNode) -> None:
    assert not [cell.id for cell in template.cells if name in cell.source]


def test_each_stub_says_which_function_of_which_question_is_to_be_written(template: NotebookNode) -> None:
    code = "\n".join(code_cells(template, "function"))
    for words in ("1a: write get_organized_data", "1c: write generate_different_pair", "2b: write CNNChannel.forward"):
        assert f'raise NotImplementedError("Question {words}")' in code


def test_written_questions_are_empty_in_the_template_and_answered_in_the_solution(
    template: NotebookNode, solution: NotebookNode
) -> None:
    places = [number for number, cell in enumerate(template.cells) if cell.metadata.shoe_pairs.kind == "written"]
    assert [template.cells[number].metadata.shoe_pairs.question for number in places] == [
        "q1d",
        "q1e",
        "q2c",
        "q2d",
        "q3c",
    ]
    assert {template.cells[number].source for number in places} == {"*Your answer:*"}
    assert all(len(solution.cells[number].source) > 200 for number in places)


def test_the_cells_of_the_solution_define_all_seven_functions(solution: NotebookNode) -> None:
    matplotlib.use("Agg")
    # As in a notebook, whose names belong to a module: dataclasses look up where they were defined.
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for source in code_cells(solution, "imports", "helper", "function"):
        exec(compile(source, "cell", "exec"), namespace)
    assert all(callable(namespace[name]) for name in TO_WRITE)
    assert [name for name in namespace if name == "reference"] == []


def test_the_cells_of_the_template_run_until_a_stub_is_called(template: NotebookNode) -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for source in code_cells(template, "imports", "helper", "function"):
        exec(compile(source, "cell", "exec"), namespace)
    with pytest.raises(NotImplementedError, match="Question 1b: write generate_same_pair"):
        namespace["generate_same_pair"](None)


def test_the_points_of_the_handout_add_up_to_one_hundred(template: NotebookNode) -> None:
    headings = "\n".join(cell.source for cell in template.cells if cell.cell_type == "markdown").splitlines()
    points = dict.fromkeys(("##", "###"), 0)
    for line in headings:
        if line.startswith("##") and line.endswith("points)"):
            points[line.split()[0]] += int(line.split()[-2].strip("("))
    assert points == {"##": 100, "###": 100}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("```python\nx = 1", "line 1: the fence is never closed"),
        ("\n```text\n```", "line 2: a fence says python or answer, not text"),
        ("```python refrence=CNN\n```", "line 1: nobody knows refrence"),
    ],
)
def test_a_slip_in_the_handout_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(handout.HandoutError, match=words):
        handout.read_blocks(text)


def test_a_constant_has_no_stub(reference: dict[str, Definition]) -> None:
    with pytest.raises(TypeError, match="PAIRS = 3 is no function or class"):
        stub(reference["PAIRS"], "1a")
