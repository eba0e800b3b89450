"""The assignment in the real nbgrader. `make notebook` runs it, in minutes: the solution trains its networks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from fixtures.shoes import write_shoes
from student_template.build import build_notebook, notebook_text

# nbgrader ends a cell after 30 seconds, unless a course says otherwise.
CONFIGURATION = "c = get_config()\nc.Execute.timeout = 1800\n"
STUB = ["# YOUR CODE HERE", "raise NotImplementedError()"]

pytestmark = pytest.mark.in_jupyter


def nbgrader(folder: Path, *arguments: str) -> str:
    """What the command prints; its exit status is 0 whatever it has found."""
    # It calls other programs of its environment by their names.
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment |= {"JUPYTER_RUNTIME_DIR": str(folder / "runtime"), "IPYTHONDIR": str(folder / "ipython")}
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def solution() -> NotebookNode:
    return build_notebook(solution=True)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, solution: NotebookNode) -> Path:
    """A course with the solution as the source of its one assignment, released, and with shoes of 14 + 3 + 3 students,
    on which the notebook's own trainings take seconds; its checks use the grader's own data."""
    folder = tmp_path_factory.mktemp("course")
    (folder / "nbgrader_config.py").write_text(CONFIGURATION)
    source = folder / "source" / "shoes" / "assignment3.ipynb"
    source.parent.mkdir(parents=True)
    source.write_text(notebook_text(solution))
    nbgrader(folder, "generate_assignment", "shoes")
    write_shoes(folder / "shoes", train=14, test_w=3, test_m=3)
    shutil.copy(source, folder / "solution.ipynb")
    shutil.copy(folder / "release" / "shoes" / "assignment3.ipynb", folder / "template.ipynb")
    return folder


def said(cell: NotebookNode) -> list[str]:
    """The lines of a cell that are no gap."""
    lines = cell.source.split("\n")
    return [line for line in lines if line.strip() not in STUB and "raise NotImplementedError(" not in line]


def test_what_it_releases_is_our_template_but_for_the_words_of_the_gaps(course: Path) -> None:
    theirs = nbformat.read(course / "template.ipynb", as_version=4).cells
    ours = build_notebook(solution=False).cells
    for released, cell in zip(theirs, ours, strict=True):
        assert (released.id, released.cell_type) == (cell.id, cell.cell_type)
        kind = cell.metadata.shoe_pairs.kind
        if kind == "written":
            assert (released.source, cell.source) == ("YOUR ANSWER HERE", "*Your answer:*")
        elif kind == "code":  # our gaps name what is to be filled in, line by line
            assert all(line in released.source for line in STUB) and set(said(released)) <= set(said(cell))
        else:
            assert said(released) == said(cell)
        known = dict(released.metadata.get("nbgrader", {}))
        added = {key: known.pop(key) for key in ("checksum", "cell_type") if key in known}
        assert known == cell.metadata.get("nbgrader", {})
        assert bool(added) == bool(known)


def test_the_solution_validates(course: Path) -> None:
    assert nbgrader(course, "validate", "solution.ipynb").strip() == "Success! Your notebook passes all the tests."


def test_the_template_does_not_validate_and_each_check_says_why(course: Path) -> None:
    printed = nbgrader(course, "validate", "template.ipynb")
    assert "VALIDATION FAILED ON 17 CELL(S)!" in " ".join(printed.split())
    assert "Question 1b: 0 of 4 points." in printed
    assert "`generate_same_pair` is still to be" in printed  # written, in the next line of the table
    assert printed.count("You did not provide a response.") == 5
