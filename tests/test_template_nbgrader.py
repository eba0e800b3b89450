"""What nbgrader reads in the notebooks, by the rules of its schema version 3."""

import re
from typing import Any

import pytest
from nbformat import NotebookNode

from student_template.build import build_notebook
from student_template.handout import Revision
from student_template.nbgrader import nbgrader_metadata

STUB = "# YOUR CODE HERE\nraise NotImplementedError()"


@pytest.fixture(scope="module", params=[*Revision])
def revision(request: pytest.FixtureRequest) -> Revision:
    return request.param


@pytest.fixture(scope="module")
def solution(revision: Revision) -> NotebookNode:
    return build_notebook(solution=True, revision=revision)


def known(notebook: NotebookNode) -> list[tuple[NotebookNode, dict[str, Any]]]:
    return [(cell, cell.metadata.nbgrader) for cell in notebook.cells if "nbgrader" in cell.metadata]


def released(source: str) -> str:
    """A code cell as `nbgrader generate_assignment` hands it out."""
    lines, inside = [], False
    for line in source.split("\n"):
        if "BEGIN SOLUTION" in line:
            assert not inside, "regions lie beside each other, never within"
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            lines += [indent + stub for stub in STUB.split("\n")]
        elif "END SOLUTION" in line:
            assert inside
            inside = False
        elif not inside:
            lines.append(line)
    assert not inside, "every region is closed"
    return "\n".join(lines)


def test_every_key_that_nbgrader_requires_is_there_and_no_other(solution: NotebookNode) -> None:
    required = {"schema_version", "grade_id", "grade", "solution", "locked", "task"}
    for _, metadata in known(solution):
        assert set(metadata) == required | ({"points"} if metadata["grade"] else set())
        assert metadata["schema_version"] == 3
        assert re.fullmatch(r"[a-zA-Z0-9_\-]+", metadata["grade_id"])


def test_ids_are_unique(solution: NotebookNode) -> None:
    ids = [metadata["grade_id"] for _, metadata in known(solution)]
    assert len(ids) == len(set(ids)) >= 20


def test_each_kind_of_cell_is_what_nbgrader_calls_it(solution: NotebookNode) -> None:
    flags: dict[str, set[tuple[bool, bool, bool]]] = {}
    for cell, metadata in known(solution):
        found = (metadata["grade"], metadata["solution"], metadata["locked"])
        flags.setdefault(cell.metadata.shoe_pairs.kind, set()).add(found)
    written = flags.pop("written", {(True, True, False)})
    assert written == {(True, True, False)}
    assert flags == {
        "function": {(False, True, False)},
        "code": {(False, True, False), (True, True, False)},
        "self-check": {(True, False, True)},
    }


def test_points_add_up_to_the_handouts_and_a_person_gives_those_for_words_and_pictures(
    solution: NotebookNode, revision: Revision
) -> None:
    points: dict[str, float] = {}
    for cell, metadata in known(solution):
        kind = cell.metadata.shoe_pairs.kind
        points[kind] = points.get(kind, 0) + metadata.get("points", 0)
    words = {"written": 18} if revision is Revision.NOTEBOOK else {}
    assert points == {"function": 0, "code": 12, "self-check": 70} | words


def test_what_nbgrader_hands_out_is_our_template_but_for_the_words_of_the_gaps(
    solution: NotebookNode, revision: Revision
) -> None:
    template = build_notebook(solution=False, revision=revision)
    for cell, ours in zip(solution.cells, template.cells, strict=True):
        if cell.cell_type != "code":
            continue
        theirs = released(cell.source)
        if cell.metadata.shoe_pairs.kind == "function":
            named = re.sub(r'raise NotImplementedError\("Question .*"\)', "raise NotImplementedError()", ours.source)
            assert re.sub(r" *# YOUR CODE HERE\n", "", theirs) == named
        elif cell.metadata.shoe_pairs.kind == "code":
            common = [line for line in theirs.split("\n") if line not in STUB.split("\n")]
            assert STUB in theirs and set(common) <= set(ours.source.split("\n"))
        else:
            assert theirs == ours.source


def test_only_cells_in_which_the_student_writes_have_regions(solution: NotebookNode) -> None:
    for cell in solution.cells:
        if "SOLUTION" in cell.source:
            assert cell.metadata.nbgrader["solution"] and cell.cell_type == "code"


def test_a_self_check_ends_in_no_value(solution: NotebookNode) -> None:
    checks = [cell.source for cell, metadata in known(solution) if metadata["locked"]]
    assert len(checks) == 9
    for source in checks:
        # A value that a graded cell shows would be taken for its points.
        assert re.fullmatch(r'# .*\nif autograder is not None:\n    autograder\.check\("\d\w"\)', source)


def test_cells_that_are_given_are_left_to_the_student() -> None:
    assert nbgrader_metadata("given", "q1b-look", 0) == {}
    assert nbgrader_metadata("text", "q1b-text", 0) == {}
