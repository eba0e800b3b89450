"""Sample submissions are the solution with patches that fit exactly, and labels that name real checks."""

import ast
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode
from typer.testing import CliRunner

from fixtures.__main__ import app
from fixtures.compose import (
    Patch,
    PatchError,
    Submission,
    compose,
    read_submission,
    read_submissions,
    solution_notebook,
)
from fixtures.shapes import AS_A_NOTEBOOK

CHECKS = (
    "data.shape",
    "data.values",
    "data.order",
    "data.split",
    "same.shape",
    "same.content",
    "different.shape",
    "different.content",
    "different.balance",
    "cnn.forward",
    "cnn.architecture",
    "cnn.padding",
    "channel.forward",
    "channel.architecture",
    "channel.concat",
    "channel.padding",
    "accuracy.values",
    "train.runs",
    "train.loss",
    "train.batches",
    "train.labels",
    "train.shuffle",
    "train.layout",
    "train.updates",
    "train.mode",
    "train.report",
    "train.curve",
    "train.checkpoint",
)
ENTRIES = read_submissions().values()


def code(notebook: NotebookNode) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")


def named(submission: Submission) -> str:
    return submission.name


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        (
            Patch("no-such-text", "generate_same_pair", "axis=7", ""),
            "no-such-text: 'axis=7' occurs 0 times in",
        ),
        (Patch("twice", "CNN", "nn.Linear(", ""), r"twice: 'nn.Linear\(' occurs 2 times in CNN, not once"),
        (Patch("no-such-place", "generate_triples", None, ""), "no-such-place: generate_triples is defined nowhere"),
        (
            Patch("two-places", "curve", None, ""),
            "two-places: curve is defined in 2 places, not once; a cell may",
        ),
        (Patch("no-such-name", names={"Perceptron": "Net"}), "no-such-name: no cell speaks of Perceptron"),
    ],
)
def test_a_patch_that_does_not_fit_exactly_once_is_refused_by_name(patch: Patch, words: str) -> None:
    with pytest.raises(PatchError, match=words):
        compose(patch)


@pytest.mark.parametrize(
    "entry", [{}, {"in": "CNN"}, {"in": "CNN", "replace": "3"}, {"in": "CNN", "source": "", "with": ""}, {"inn": "CNN"}]
)
def test_an_entry_with_other_keys_than_a_patch_has_is_refused_by_name(entry: dict[str, Any]) -> None:
    with pytest.raises(PatchError, match="odd: a patch says in, replace and with"):
        read_submission("odd", entry)


def test_a_patch_changes_its_place_and_nothing_else() -> None:
    patched = compose(Patch("narrow", "CNN", "nn.Linear(100, 2)", "nn.Linear(100, 1)"))
    pairs = zip(solution_notebook().cells, patched.cells, strict=True)
    assert [new.id for old, new in pairs if old != new] == ["q2a-CNN"]
    assert "nn.Linear(100, 2)" in code(patched), "the other network keeps its two outputs"


def test_patches_apply_in_order_each_to_what_the_one_before_left() -> None:
    first = Patch("first", "PAIRS", "3", "4")
    second = Patch("second", "PAIRS", "4", "5")
    assert "PAIRS = 5" in code(compose(first, second))


def test_a_definition_can_be_replaced_as_a_whole_beside_its_neighbours() -> None:
    text = code(compose(Patch("whole", "count_answers", None, "def count_answers():\n    return 0")))
    assert "def count_answers():\n    return 0" in text
    assert "was_training" not in text
    assert "def get_accuracy(model" in text


def test_a_new_name_leaves_strings_and_attributes_alone() -> None:
    text = code(compose(Patch("names", names={"train": "fit"})))
    assert "def fit(" in text
    assert "model.train()" in text
    assert 'data_path / "train"' in text


def test_patching_one_submission_leaves_the_next_one_alone() -> None:
    before = solution_notebook()
    compose(Patch("empty", "q1a-arrays", None, ""))
    assert solution_notebook() == before


@pytest.mark.parametrize("submission", ENTRIES, ids=named)
def test_every_entry_composes_and_all_its_cells_are_code(submission: Submission) -> None:
    notebook = submission.notebook()
    nbformat.validate(notebook)
    shaped = submission.shape != AS_A_NOTEBOOK
    assert shaped or notebook != solution_notebook(), "a patch that changes nothing labels nothing"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            ast.parse(TransformerManager().transform_cell(cell.source))


@pytest.mark.parametrize("submission", ENTRIES, ids=named)
def test_every_label_names_real_checks_and_each_of_them_once(submission: Submission) -> None:
    labels = submission.caught_by + submission.partial_by + submission.missing_by
    assert set(labels) <= set(CHECKS)
    assert len(set(labels)) == len(labels)


def test_every_defect_has_a_label_and_no_unusual_solution_has_one() -> None:
    def labelled(entry: Submission) -> bool:
        return bool(entry.caught_by or entry.partial_by or entry.missing_by)

    assert all(map(labelled, read_submissions("defects").values()))
    assert not any(map(labelled, read_submissions("unusual").values()))


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_has_at_least_two_defects_to_catch(check: str) -> None:
    counted = Counter(label for entry in ENTRIES for label in entry.caught_by)
    assert counted[check] >= 2


def test_the_command_writes_the_submissions_that_were_asked_for(tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, ["submissions", str(tmp_path), "--only", "windows-path,never-divided"])
    assert answer.exit_code == 0, answer.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["never-divided.ipynb", "windows-path.ipynb"]
    assert "2 submissions" in answer.output


def test_the_command_refuses_a_name_that_nobody_gave(tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, ["submissions", str(tmp_path), "--only", "never-dividde"])
    assert answer.exit_code == 2
    assert "never-dividde" in answer.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["never-divided", "a-zip-in-a-zip", "exported-as-a-script"])
def test_a_submission_written_twice_has_the_same_bytes(tmp_path: Path, name: str) -> None:
    paths = []
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        paths.append(read_submissions()[name].write(tmp_path / folder))
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_shape_decides_how_a_submission_is_handed_in(tmp_path: Path) -> None:
    everyone = read_submissions()
    written = {
        name: everyone[name].write(tmp_path) for name in ("functions-file", "exported-as-a-script", "a-zip-in-a-zip")
    }
    assert {path.name for path in written.values()} == {
        "functions-file",
        "exported-as-a-script.py",
        "a-zip-in-a-zip.zip",
    }
    assert sorted(path.name for path in written["functions-file"].iterdir()) == [
        "ML_DL_Functions3.py",
        "assignment3.ipynb",
    ]
    functions = (written["functions-file"] / "ML_DL_Functions3.py").read_text(encoding="utf-8")
    assert "class CNN(" in functions and "class CNNChannel(" in functions


@pytest.mark.parametrize("shape", [{"packed": "rar"}, {"colour": "red"}])
def test_a_shape_that_there_is_not_is_refused_with_the_entrys_name(shape: dict[str, str]) -> None:
    with pytest.raises(PatchError, match="odd: a shape has packed, notebook, functions"):
        read_submission("odd", {"shape": shape})
