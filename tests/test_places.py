"""Where the code stands that a check speaks of: in the lines of a notebook's JSON, of a script, of a file beside it."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks import CHECKS
from autograder.program.choice import the_submission
from autograder.program.understanding import Understanding
from autograder.report.about import roles_of
from autograder.report.places import Place, places_of
from autograder.submission.bundle import read_bundles
from autograder.submission.lines import file_line
from autograder.submission.notebook import read_cells
from fixtures.compose import solution_notebook, write_notebook

LINES = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\r\n"), max_size=12)


def notebook_of(sources: list[list[str]], **extra: Any) -> dict[str, Any]:
    cells = [{"cell_type": "code", "metadata": {"source": ["x\n"]}, "outputs": [], "source": s} for s in sources]
    return {"metadata": {"cells": [{"source": "y"}]}, "cells": cells, "nbformat": 4, "nbformat_minor": 0, **extra}


def result_of(path: Path, **observed: str) -> dict[str, Any]:
    """What a result says of roles, and a failed check for each observation."""
    declared = Understanding(the_submission(read_bundles(path, 40))).declared()
    checks = {id.replace("_", ".", 1): {"verdict": "fail", "observed": words} for id, words in observed.items()}
    return {"resolved": {role.value: entry for role, entry in declared.items()}, "checks": checks}


def place_of(path: Path, id: str, observed: str = "", repository: Path | None = None) -> Place | None:
    result = result_of(path, **{id.replace(".", "_", 1): observed})
    return places_of(path, the_submission(read_bundles(path, 40)), result, repository or path.parent).get(id)


@given(st.lists(st.lists(LINES, min_size=1, max_size=5), min_size=1, max_size=4), st.data())
def test_the_line_found_in_any_notebook_holds_the_line_of_the_cell(sources: list[list[str]], data: Any) -> None:
    # Each line is another one, and each but the last ends in a line feed.
    cells = [[f"{number}.{at} {line}\n" for at, line in enumerate(lines)] for number, lines in enumerate(sources)]
    cells = [[*lines[:-1], lines[-1].removesuffix("\n")] for lines in cells]
    ascii_only, indent = data.draw(st.booleans()), data.draw(st.sampled_from([None, 0, 1, 4]))
    text = json.dumps(notebook_of(cells), indent=indent, ensure_ascii=ascii_only)
    for number, lines in enumerate(cells):
        for at, line in enumerate(lines, start=1):
            found = file_line(text.encode(), number, at)
            assert found is not None
            assert json.dumps(line, ensure_ascii=ascii_only) in text.split("\n")[found - 1]


@given(st.lists(LINES, min_size=1, max_size=6))
def test_a_source_that_is_one_string_stands_in_one_line(lines: list[str]) -> None:
    content = notebook_of([["a\n"], ["b"]])
    content["cells"][1]["source"] = "\n".join(lines)
    text = json.dumps(content, indent=1)
    found = {file_line(text.encode(), 1, line + 1) for line in range(len(lines))}
    assert len(found) == 1
    assert json.dumps("\n".join(lines)) in text.split("\n")[found.pop() - 1]  # type: ignore[operator]


@pytest.mark.parametrize("version", [3, 4])
def test_notebooks_of_all_formats_have_lines(version: int) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f"a{n} = 1\nb{n} = 2") for n in range(3)])
    text = nbformat.writes(nbformat.convert(notebook, version))
    found = file_line(text.encode(), 2, 2)
    assert found is not None and text.split("\n")[found - 1].strip() == '"b2 = 2"'


def test_a_line_behind_the_last_one_is_the_last_and_a_cell_behind_the_last_is_nowhere() -> None:
    text = json.dumps(notebook_of([["a\n", "b"]]), indent=1)
    assert file_line(text.encode(), 0, 9) == file_line(text.encode(), 0, 2)
    assert file_line(text.encode(), 1, 1) is None and file_line(b'{"cells": [', 0, 1) is None


@given(st.lists(st.sampled_from(["x = 1", "# %%", "", "# In[3]:", "y = 2"]), min_size=1, max_size=9))
def test_the_lines_of_a_scripts_cells_are_its_own(lines: list[str]) -> None:
    text = "\n".join(["z = 0", *lines])
    for cell in read_cells(text.encode(), "work.py"):
        for number, line in enumerate(cell.source.split("\n"), start=1):
            found = file_line(text.encode(), cell.number, number)
            assert found is not None and text.split("\n")[found - 1].endswith(line)


def test_every_automatic_check_speaks_of_some_code() -> None:
    automatic = [id for id, check in CHECKS.items() if check.automatic]
    assert [id for id in automatic if not roles_of(id)] == []


# Submissions


@pytest.fixture(scope="module")
def solution(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("course") / "solution.ipynb"
    write_notebook(path, solution_notebook())
    return path


@pytest.mark.parametrize(
    ("id", "code"),
    [
        ("same.content", '"def generate_same_pair('),
        ("cnn.padding", '"class CNN('),
        ("channel.concat", '"class CNNChannel('),
        ("data.values", '"def get_organized_data('),
        ("data.split", "valid_data"),
        ("train.labels", '"def train('),
    ],
)
def test_a_check_leads_to_the_definition_it_speaks_of(id: str, code: str, solution: Path) -> None:
    place = place_of(solution, id)
    assert place is not None and place.file == "solution.ipynb" and place.cell is not None and place.line is not None
    assert code in solution.read_text().split("\n")[place.line - 1]


def test_an_exception_leads_to_the_line_that_raised_it(tmp_path: Path) -> None:
    path = tmp_path / "work.ipynb"
    path.write_text(json.dumps(notebook_of([["import os\n"], ["def train(a):\n", "    return a / 0\n"]]), indent=1))
    place = place_of(path, "train.runs", "`train` stopped with ZeroDivisionError: division by zero (cell 1, line 2)")
    assert place is not None and place.line is not None and place.cell == 1
    assert "return a / 0" in path.read_text().split("\n")[place.line - 1]


def test_a_function_of_a_file_beside_the_notebook_is_shown_in_that_file(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    content = notebook_of([["from nets import *\n"], ["model = CNN()\n"]])
    (tmp_path / "work" / "main.ipynb").write_text(json.dumps(content))
    (tmp_path / "work" / "nets.py").write_text("import torch\n\nclass CNN(torch.nn.Module):\n    pass\n")
    assert place_of(tmp_path / "work", "cnn.padding") == Place("work/nets.py", 3)
    raised = "`CNN` stopped with TypeError: no (nets.py, line 4)"
    assert place_of(tmp_path / "work", "cnn.forward", raised) == Place("work/nets.py", 4)


def test_two_notebooks_that_were_taken_together_keep_their_own_lines(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    loader = "def get_organized_data(path):\n    return path\n"
    pairs = (
        "def generate_same_pair(data):\n    return data[0]\n\ndef generate_different_pair(data):\n    return data[1]"
    )
    network = "import torch\nclass CNN(torch.nn.Module):\n    def forward(self, x):\n        return x\n"
    training = "def train(model, train_data, epochs):\n    model(train_data).backward()\n    return epochs\n"
    for name, cells in {"1.ipynb": [loader, pairs], "2.ipynb": ["x = 1", network, training]}.items():
        text = json.dumps(notebook_of([cell.splitlines(keepends=True) for cell in cells]), indent=1)
        (folder / name).write_text(text)
    assert " + " in the_submission(read_bundles(folder, 40)).notebook
    place = place_of(folder, "cnn.padding")
    assert place is not None and place.file == "work/2.ipynb" and place.cell == 3 and place.line is not None
    assert "class CNN" in (folder / "2.ipynb").read_text().split("\n")[place.line - 1]


def test_what_is_not_in_the_submission_leads_to_its_file_alone(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text("x = 1\n")
    assert place_of(tmp_path / "work.py", "same.shape") == Place("work.py")


def test_a_file_outside_of_the_repository_has_no_place(solution: Path, tmp_path: Path) -> None:
    assert place_of(solution, "same.content", repository=tmp_path) is None
