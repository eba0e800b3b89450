"""The hostile submissions themselves: all can be built, and none has done the work whose points it is after."""

import ast
import zipfile
from functools import cache
from pathlib import Path

import nbformat
import pytest

from autograder.checks import CHECKS, chosen_checks
from fixtures.compose import solution_notebook
from fixtures.hostile import Kind, Targets, hostile_submissions
from fixtures.hostile.targets import filled_in, places_in

FEWEST = 60
HOSTILE = hostile_submissions()
# What a student has to write for the points of each group of checks.
WORK = {
    "data": ("get_organized_data",),
    "same": ("generate_same_pair",),
    "different": ("generate_different_pair",),
    "cnn": ("CNN",),
    "channel": ("CNNChannel",),
    "accuracy": ("get_accuracy",),
    "train": ("train",),
    "overfit": ("CNN",),
    "test": ("CNN",),
}
# Lines that any two solutions may share.
SHORT = 25


@cache
def lines_of_work(name: str) -> frozenset[str]:
    """The telling lines of a definition in the solution."""
    for cell in solution_notebook().cells:
        for node in ast.parse(cell.source).body if cell.cell_type == "code" else ():
            if getattr(node, "name", "") == name:
                statements = node.body[1:] if isinstance(node.body[0], ast.Expr) else node.body
                text = "\n".join(ast.unparse(statement) for statement in statements)
                return frozenset(line.strip() for line in text.split("\n") if len(line.strip()) > SHORT)
    raise AssertionError(f"the solution defines no {name}")


def code_in(path: Path) -> str:
    """All code of a submission, as Python writes it."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    texts = [file.read_text() for file in files if file.suffix == ".py"]
    for file in (file for file in files if file.suffix == ".ipynb" and file.is_file()):
        notebook = nbformat.read(file, as_version=4)
        texts += [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return "\n".join(ast.unparse(ast.parse(text)) for text in texts)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """Builds a submission by its name, each once."""
    return cache(lambda name: HOSTILE[name].build(Targets.nowhere(name), tmp_path_factory.mktemp("built")))


def test_there_are_many_and_every_class_has_some():
    assert len(HOSTILE) >= FEWEST
    assert {hostile.kind for hostile in HOSTILE.values()} == set(Kind)


@pytest.mark.parametrize("name", HOSTILE)
def test_each_can_be_built_and_says_what_it_tries(name, built):
    hostile, path = HOSTILE[name], built(name)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert hostile.tries.endswith(".") and chosen_checks(hostile.checks)


@pytest.mark.parametrize("name", [name for name, hostile in HOSTILE.items() if hostile.targets])
def test_none_has_done_the_work_whose_points_it_is_after(name, built):
    hostile, text = HOSTILE[name], code_in(built(name))
    for id in hostile.targets:
        assert id in CHECKS
        for work in WORK[id.split(".")[0]]:
            wanted = lines_of_work(work)
            assert sum(line in text for line in wanted) < len(wanted) / 2 or not wanted, work


@pytest.mark.parametrize("name", [name for name, hostile in HOSTILE.items() if hostile.targets])
def test_each_is_graded_with_the_checks_that_it_is_after(name):
    hostile = HOSTILE[name]
    assert set(hostile.targets) <= {check.id for check in chosen_checks(hostile.checks)}


@pytest.mark.parametrize("kind", Kind)
def test_code_of_attacks_is_python(kind, built):
    for name in (name for name, hostile in HOSTILE.items() if hostile.kind is kind):
        if built(name).suffix == ".ipynb":
            assert code_in(built(name)), name


def test_what_a_submission_confesses_stands_in_none_of_its_files(built):
    for name in HOSTILE:
        if built(name).suffix == ".ipynb":
            assert Targets.nowhere(name).confession not in built(name).read_text()


def test_nobody_can_aim_at_a_number_that_means_several_processes():
    for number in (-1, 0, 1):
        with pytest.raises(ValueError, match="no process"):
            Targets(**{**vars(Targets.nowhere("x")), "victim": number})


def test_targets_are_filled_in_as_python_writes_them():
    targets = Targets.nowhere("x")
    entry = {"source": "open({{home}})", "also": [{"with": "kill({{victim}})"}]}
    assert places_in(entry) == {"home", "victim"}
    assert filled_in(entry, targets) == {
        "source": "open('/nowhere/home')",
        "also": [{"with": f"kill({targets.victim})"}],
    }
    with pytest.raises(KeyError, match="no target 'moon'"):
        filled_in("{{moon}}", targets)


def test_an_archive_that_swells_is_small_where_it_is_handed_in(built):
    path = built("archive-that-swells")
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == 4
    assert path.stat().st_size < 10 * 2**20
