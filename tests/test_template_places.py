"""Where a notebook finds the photographs and the autograder: in Colab, at home, and without photographs."""

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import autograder
from autograder import datasets
from student_template.build import build_notebook
from student_template.course import REPOSITORY
from student_template.handout import Revision


def run(*cells: str, revision: Revision = Revision.NOTEBOOK, **names: Any) -> dict[str, Any]:
    """The names that are bound once these cells were run, after `names` were."""
    sources = {cell.id: cell.source for cell in build_notebook(solution=False, revision=revision).cells}
    namespace: dict[str, Any] = {"os": os, "sys": sys, "Path": Path, **names}
    for cell in cells:
        exec(compile(sources[cell], cell, "exec"), namespace)
    return namespace


@pytest.fixture
def colab(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the notebook asks of Colab."""
    asked: list[str] = []
    drive = ModuleType("google.colab.drive")
    drive.mount = lambda place: asked.append(f"mount {place}")  # type: ignore[attr-defined]
    for name, module in {"google": "google", "google.colab": "google.colab", "google.colab.drive": "drive"}.items():
        monkeypatch.setitem(sys.modules, name, ModuleType(module))
    sys.modules["google.colab"].drive = drive  # type: ignore[attr-defined]
    monkeypatch.setattr(os, "chdir", lambda place: asked.append(f"go to {place}"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    return asked


def test_in_colab_the_folder_of_the_drive_is_where_photographs_are_and_one_works(colab: list[str]) -> None:
    found = run("q1-data-path")
    assert found["data_path"] == Path("/content/drive/MyDrive/shoes")
    assert colab == ["mount /content/drive", "go to /content/drive/MyDrive"]


def test_in_colab_the_functions_file_is_found_in_the_folder_of_the_drive(colab: list[str]) -> None:
    run("q1-data-path", revision=Revision.FUNCTIONS_FILE)
    assert sys.path[-1] == "/content/drive/MyDrive"


def test_elsewhere_the_folder_lies_beside_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shoes").mkdir()
    found = run("q1-data-path", "q1-drawn-shoes", autograder=None)
    assert found["data_path"].resolve() == tmp_path / "shoes"


def test_without_photographs_there_are_drawn_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets, "synthetic_data", lambda: tmp_path / "drawn")
    found = run("q1-data-path", "q1-drawn-shoes", autograder=autograder)
    assert found["data_path"] == tmp_path / "drawn"
    assert "so these are drawn shoes" in capsys.readouterr().out


def test_without_photographs_and_autograder_a_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "autograder", None)
    found = run("setup-autograder", "q1-data-path", "q1-drawn-shoes")
    assert found["autograder"] is None
    printed = capsys.readouterr()
    assert f"%pip install git+https://github.com/{REPOSITORY}" in printed.out
    assert "Put the photographs there, or say above where they are." in printed.out
    assert not printed.err


def test_in_colab_the_autograder_is_installed(colab: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "autograder", None)

    class Shell:
        def run_line_magic(self, name: str, line: str) -> None:
            colab.append(f"%{name} {line.split()[0]} {line.split('/')[-1]}")
            sys.modules["autograder"] = ModuleType("autograder")

    found = run("setup-autograder", get_ipython=Shell)
    assert colab == ["%pip install " + REPOSITORY.split("/")[1] + "@main"]
    assert found["autograder"] is sys.modules["autograder"]


@pytest.mark.parametrize("revision", Revision)
def test_the_badge_opens_this_very_notebook(revision: Revision) -> None:
    folder = "" if revision is Revision.NOTEBOOK else "functions_file/"
    badge = build_notebook(solution=False, revision=revision).cells[0].source
    assert badge.endswith(f"/github/{REPOSITORY}/blob/main/student_template/{folder}assignment3.ipynb)")
