"""`python -m student_template` writes templates, solutions, and the weights that belong to one of them."""

import ast
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from student_template import weights
from student_template.__main__ import main
from student_template.build import build_files


def command(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, arguments)


def files_in(folder: Path) -> dict[str, str]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def test_solutions_of_both_revisions_are_written_into_a_folder_of_their_own(tmp_path: Path) -> None:
    assert command("--solution", str(tmp_path / "solved")).exit_code == 0
    assert files_in(tmp_path / "solved") == build_files(solution=True)


def test_weights_come_from_running_the_solution_where_the_photographs_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data" / "train").mkdir(parents=True)

    def run(program: list[str], cwd: Path, **options: Any) -> None:
        assert (cwd / "shoes" / "train").is_dir() and (cwd / "shoe_networks.py").is_file()
        text = (cwd / program[-1]).read_text(encoding="utf-8")
        for name in ("best_CNN_model.pk", "best_CNNChannel_model.pk"):
            assert text.count(name) == 1
            (cwd / name).write_text(f"{name} was trained")

    monkeypatch.setattr(subprocess, "run", run)
    assert command("--solution", str(tmp_path / "solved"), "--train", str(tmp_path / "data")).exit_code == 0
    found = files_in(tmp_path / "solved" / "functions_file")
    assert found["best_CNN_model.pk"] == "best_CNN_model.pk was trained"
    assert found["best_CNNChannel_model.pk"] == "best_CNNChannel_model.pk was trained"


def test_the_program_that_trains_has_all_it_needs_and_asks_nobody() -> None:
    program = weights.training_program()
    tree = ast.parse(program)
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert {"get_organized_data", "split_by_student", "get_accuracy", "train_model", "LearningCurve"} <= defined
    assert "autograder" not in program and "few_students" not in program


def test_weights_without_a_solution_are_refused_with_a_sentence(tmp_path: Path) -> None:
    refused = command("--train", str(tmp_path))
    assert refused.exit_code == 2
    assert "say where they go with --solution" in " ".join(refused.output.replace("│", " ").split())
