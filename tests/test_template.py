"""What students fill in and the solutions cannot drift apart from the reference, in both revisions."""

import ast
from dataclasses import dataclass
from typing import Any

import matplotlib
import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from student_template.__main__ import TEMPLATES
from student_template.answers import ANSWERS, answers_page
from student_template.build import build_files, build_functions_file, build_notebook
from student_template.handout import Revision
from student_template.source import Definition, read_definitions

PAIRS = ("generate_same_pair", "generate_different_pair")
TO_WRITE = {
    Revision.NOTEBOOK: ("get_organized_data", "split_by_student", *PAIRS, "CNN", "CNNChannel", "get_accuracy", "train"),
    Revision.FUNCTIONS_FILE: (*PAIRS, "CNN", "CNNChannel", "train_model"),
}
HIDDEN = ("convolution_block", "_load_photograph", "IncompleteStudent", "UnreadablePhotograph")
ONLY_ONE_HIDES = {Revision.NOTEBOOK: ("count_answers",), Revision.FUNCTIONS_FILE: ("get_organized_data",)}
DEFINING = ("imports", "helper", "function")
WRITTEN = ["q1d", "q1e", "q2c", "q2d", "q3c"]


@dataclass(frozen=True)
class Form:
    """One revision, as a template or solved: its notebook and, where it has one, its functions file."""

    revision: Revision
    notebook: NotebookNode
    functions_file: str

    def code(self, *kinds: str) -> str:
        """All of its code as Python, or else the functions file and the cells of some kinds."""
        cells = [
            TransformerManager().transform_cell(cell.source)
            for cell in self.notebook.cells
            if cell.cell_type == "code" and (not kinds or cell.metadata.shoe_pairs.kind in kinds)
        ]
        return "\n".join([self.functions_file, *cells])


def form(revision: Revision, solution: bool) -> Form:
    functions_file = build_functions_file(solution) if revision is Revision.FUNCTIONS_FILE else ""
    return Form(revision, build_notebook(solution, revision), functions_file)


@pytest.fixture(scope="module", params=[*Revision])
def template(request: pytest.FixtureRequest) -> Form:
    return form(request.param, solution=False)


@pytest.fixture(scope="module")
def solution(template: Form) -> Form:
    return form(template.revision, solution=True)


@pytest.fixture(scope="module")
def reference() -> dict[str, Definition]:
    return read_definitions()


def functions(node: ast.stmt) -> list[ast.FunctionDef]:
    if isinstance(node, ast.FunctionDef):
        return [node]
    return [part for part in getattr(node, "body", []) if isinstance(part, ast.FunctionDef)]


def signatures(code: str) -> dict[str, str]:
    """Parameters and result of all functions and methods by name; of classes, what they inherit from."""
    found = {}
    for node in ast.parse(code).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = " ".join(ast.unparse(base) for base in node.bases)
        prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        found |= {prefix + part.name: signature(part) for part in functions(node)}
    return found


def signature(node: ast.FunctionDef) -> str:
    result = ast.unparse(node.returns) if node.returns else ""
    return f"{ast.unparse(node.args)} -> {result}"


def expected_signatures(form: Form, reference: dict[str, Definition]) -> dict[str, str]:
    """Those of the reference, with what the revision changes in them."""
    changed = {"CNN.__init__": "self -> None", "CNNChannel.__init__": "self -> None"}
    expected = {}
    for name in TO_WRITE[form.revision]:
        found = signatures(reference[name.replace("train_model", "train")].text)
        expected |= {
            part.replace("train", "train_model") if name == "train_model" else part: found[part] for part in found
        }
    if form.revision is Revision.NOTEBOOK:
        return expected
    for data in ("train_data", "valid_data"):
        given = f"{data}: NDArray[np.float32]"
        expected["train_model"] = expected["train_model"].replace(given, f"{given}={data}")
    return expected | changed


def body_lines(definition: Definition) -> set[str]:
    """The lines of a definition's functions that say something: no docstring, no lone bracket or word."""
    lines = definition.text.splitlines()
    offset = (definition.node.end_lineno or 0) - len(lines)
    found = set()
    for function in functions(definition.node):
        start = function.body[0].end_lineno if ast.get_docstring(function) else function.body[0].lineno - 1
        found |= {line.strip() for line in lines[(start or 0) - offset : (function.end_lineno or 0) - offset]}
    return {line for line in found if len(line) > len("return curve")}


@pytest.mark.parametrize("name", build_files(solution=False))
def test_a_committed_template_is_what_the_source_builds(name: str) -> None:
    committed = (TEMPLATES / name).read_text(encoding="utf-8")
    assert committed == build_files(solution=False)[name], "run: python -m student_template"


def test_the_committed_page_of_model_answers_is_what_the_handout_says() -> None:
    assert ANSWERS.read_text(encoding="utf-8") == answers_page(), "run: python -m student_template"
    assert answers_page().count("\n## ") == len(WRITTEN)


def test_no_file_of_a_template_is_left_from_yesterday() -> None:
    committed = {path.name for path in (TEMPLATES / "functions_file").iterdir() if path.name != "__pycache__"}
    assert committed == {"assignment3.ipynb", "shoe_networks.py"}


def test_building_twice_gives_the_same_bytes() -> None:
    assert build_files(solution=True) == build_files(solution=True)


def test_both_notebooks_are_valid_and_have_the_same_cells(template: Form, solution: Form) -> None:
    for notebook in (template.notebook, solution.notebook):
        nbformat.validate(notebook)
        assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert [cell.id for cell in template.notebook.cells] == [cell.id for cell in solution.notebook.cells]
    assert [cell.metadata for cell in template.notebook.cells] == [cell.metadata for cell in solution.notebook.cells]


def test_template_and_solution_have_the_signatures_of_the_reference(
    template: Form, solution: Form, reference: dict[str, Definition]
) -> None:
    expected = expected_signatures(template, reference)
    for code in (template.code(), solution.code()):
        found = signatures(code)
        assert {name: found.get(name) for name in expected} == expected


def test_the_solution_has_every_line_of_the_reference_that_the_student_writes(
    solution: Form, reference: dict[str, Definition]
) -> None:
    found = {line.strip() for line in solution.code().splitlines()}
    for name in (*TO_WRITE[solution.revision], *HIDDEN):
        assert body_lines(reference[name.replace("train_model", "train")]) <= found


def test_the_template_has_no_line_of_the_reference_that_the_student_writes(
    template: Form, reference: dict[str, Definition]
) -> None:
    given = {line.strip() for cell in template.notebook.cells for line in cell.source.splitlines()}
    given |= {line.strip() for line in template.functions_file.splitlines()}
    for name in (*TO_WRITE[template.revision], *HIDDEN, *ONLY_ONE_HIDES[template.revision]):
        assert not body_lines(reference[name.replace("train_model", "train")]) & given


def test_the_template_does_not_name_the_helpers_of_the_reference(template: Form) -> None:
    texts = [template.functions_file, *(cell.source for cell in template.notebook.cells)]
    for name in (*HIDDEN, *ONLY_ONE_HIDES[template.revision]):
        assert not [text for text in texts if name in text]


def test_each_gap_says_which_function_of_which_question_is_to_be_written(template: Form) -> None:
    code = template.code()
    load = ["1a: write get_organized_data", "3a: write train"]
    for words in (
        "1c: write generate_different_pair",
        "2b: write CNNChannel.forward",
        *(load if template.revision is Revision.NOTEBOOK else ["3a: write train_model"]),
    ):
        assert f'raise NotImplementedError("Question {words}")' in code


def test_written_questions_are_empty_in_the_template_and_answered_in_the_solution(
    template: Form, solution: Form
) -> None:
    pairs = zip(template.notebook.cells, solution.notebook.cells, strict=True)
    written = [(empty, answered) for empty, answered in pairs if empty.metadata.shoe_pairs.kind == "written"]
    asked = [empty.metadata.shoe_pairs.question for empty, _ in written]
    assert asked == (WRITTEN if template.revision is Revision.NOTEBOOK else [])
    assert {empty.source for empty, _ in written} <= {"*Your answer:*"}
    assert all(len(answered.source) > 200 for _, answered in written)


def test_the_cells_of_the_solution_define_all_that_is_asked_for(solution: Form) -> None:
    matplotlib.use("Agg")
    # As in a notebook, whose names belong to a module: dataclasses look up where they were defined.
    namespace: dict[str, Any] = {"__name__": "__main__", "train_data": None, "valid_data": None}
    exec(compile(solution.code(*DEFINING), "cells", "exec"), namespace)
    assert all(callable(namespace[name]) for name in TO_WRITE[solution.revision])
    assert "reference" not in namespace


def test_the_cells_of_the_template_run_until_a_gap_is_reached(template: Form) -> None:
    namespace: dict[str, Any] = {"__name__": "__main__", "train_data": ..., "valid_data": ...}
    exec(compile(template.code(*DEFINING), "cells", "exec"), namespace)
    with pytest.raises(NotImplementedError, match="Question 1b: write generate_same_pair"):
        namespace["generate_same_pair"](None)
    with pytest.raises(NotImplementedError, match=r"Question 2a: write CNN\.__init__"):
        namespace["CNN"]()


def test_networks_of_the_functions_file_are_built_without_arguments_as_the_reference_builds_them() -> None:
    namespace: dict[str, Any] = {"__name__": "shoe_networks"}
    exec(compile(build_functions_file(solution=True), "shoe_networks.py", "exec"), namespace)
    from reference import CNN, CNNChannel

    for expected in (CNN(), CNNChannel()):
        network = namespace[type(expected).__name__]()
        shapes = [(name, weight.shape) for name, weight in network.state_dict().items()]
        assert shapes == [(name, weight.shape) for name, weight in expected.state_dict().items()]


def test_student_numbers_stand_in_the_functions_file_and_no_notebook_asks_for_them(solution: Form) -> None:
    assert ("def first_student_number" in solution.functions_file) == (solution.revision is Revision.FUNCTIONS_FILE)
    assert not [cell.id for cell in solution.notebook.cells if "student_number" in cell.source]


def test_the_points_of_the_handout_add_up(template: Form) -> None:
    cells = [cell.source for cell in template.notebook.cells if cell.cell_type == "markdown"]
    headings = "\n".join(cells).splitlines()
    points = dict.fromkeys(("##", "###"), 0)
    for line in headings:
        if line.startswith("##") and line.endswith("points)"):
            points[line.split()[0]] += int(line.split()[-2].strip("("))
    # Without a point for what is only food for thought: 18 of the 100 are for words.
    total = 100 if template.revision is Revision.NOTEBOOK else 82
    assert points == {"##": total, "###": total}
    assert f"four questions and {total} points" in "\n".join(cells)
