"""The grader knows both revisions: right wherever they are checked when solved, and still to be written before."""

from pathlib import Path

import pytest

from autograder.grading import Grader
from autograder.session import Setup, grade_path
from student_template.__main__ import TEMPLATES
from student_template.build import build_files


def outcomes(path: Path, setup: Setup, grader: Grader) -> dict[str, str]:
    return {id: verdict.outcome.value for id, verdict in grade_path(path, setup, grader).verdicts.items()}


@pytest.fixture
def solutions(tmp_path: Path) -> Path:
    for name, text in build_files(solution=True).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", ["assignment3.ipynb", "functions_file"])
def test_a_solution_gets_every_point_that_is_checked(name: str, solutions: Path, setup: Setup, grader: Grader) -> None:
    assert set(outcomes(solutions / name, setup, grader).values()) == {"pass"}


def test_the_unfilled_template_with_a_functions_file_gets_no_point(setup: Setup, grader: Grader) -> None:
    # Nor for `get_accuracy`, which is given: it measures with pairs that are still to be written.
    assert set(outcomes(TEMPLATES / "functions_file", setup, grader).values()) == {"missing"}
