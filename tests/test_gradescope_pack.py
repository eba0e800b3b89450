"""The archive for Gradescope: the same bytes each time, and it grades in a folder laid out like Gradescope's."""

import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from autograder.boundary.sandbox import Sandbox, best_sandbox
from autograder.checks import CHECKS
from autograder.cli import app
from autograder.gradescope import run
from autograder.session import CannotGrade
from autograder.verdict import Outcome, Verdict
from fixtures.compose import solution_notebook, write_notebook


def pack(out: Path, *options: object) -> Result:
    return CliRunner().invoke(app, ["pack", "gradescope", str(out), *map(str, options)])


@pytest.fixture(scope="module")
def packed(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("packed") / "autograder.zip"
    # Whoever has no cage here grades without one, as everywhere in these tests.
    options = [] if best_sandbox() is Sandbox.CAGE else ["--no-sandbox"]
    done = pack(out, "--data", small_data, "--only", "data,q1d", "--seed", 3, *options)
    assert done.exit_code == 0, done.output
    assert "set the assignment's autograder points to 8" in done.output
    return out


@pytest.fixture
def gradescope(packed: Path, tmp_path: Path) -> Path:
    """The folder that Gradescope calls /autograder, as it is when a submission has come."""
    root = tmp_path / "autograder"
    for name in ("source", "submission", "results"):
        (root / name).mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "zipfile", "-e", packed, root / "source"], check=True, timeout=60)
    metadata = {"id": 7, "created_at": "2026-11-20T10:00:00.000000-08:00", "users": [{"name": "Anna"}]}
    (root / "submission_metadata.json").write_text(json.dumps(metadata))
    return root


def graded(root: Path) -> dict[str, Any]:
    environment = os.environ | {
        "AUTOGRADER_ROOT": str(root),
        "AUTOGRADER_PYTHON": sys.executable,
        "PYTHONPATH": str(root / "source"),
    }
    command = ["bash", str(root / "source" / "run_autograder")]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    results: dict[str, Any] = json.loads((root / "results" / "results.json").read_text())
    return results


def test_what_a_student_hands_in_is_graded_where_gradescope_puts_it(gradescope: Path) -> None:
    notebook = solution_notebook()
    for cell in notebook.cells:
        cell.source = cell.source.replace("/ 255 - 0.5", "/ 255 / 255 - 0.5")
    write_notebook(gradescope / "submission" / "my homework.ipynb", notebook)
    results = graded(gradescope)
    tests = {test["name"]: test for test in results["tests"]}
    assert list(tests) == [id for id in CHECKS if id.startswith("data.") or id == "written.q1d"]
    assert {name: test.get("score") for name, test in tests.items()} == {
        **{"data.shape": 2, "data.values": 0, "data.order": 2, "data.split": 2},
        "written.q1d": None,
    }
    assert "values of train_data lie in" in tests["data.values"]["output"]
    assert results["output"].startswith("6 of 8 automatic points")
    assert str(gradescope) not in json.dumps(results)


def test_nothing_to_grade_is_a_result_that_says_why(gradescope: Path) -> None:
    (gradescope / "submission" / "essay.txt").write_text("I could not do it")
    run.main(gradescope, only="data", no_sandbox=True)
    results = json.loads((gradescope / "results" / "results.json").read_text())
    assert {test["status"] for test in results["tests"]} == {"failed"}
    assert all("holds no notebook" in test["output"] for test in results["tests"])


def test_the_same_grader_makes_the_same_bytes(packed: Path, small_data: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    options = [] if best_sandbox() is Sandbox.CAGE else ["--no-sandbox"]
    pack(again, "--data", small_data, "--only", "data,q1d", "--seed", 3, *options)
    assert again.read_bytes() == packed.read_bytes()
    with zipfile.ZipFile(packed) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    modes = {entry.filename: entry.external_attr >> 16 for entry in entries}
    assert all(modes[name] == stat.S_IFREG | 0o755 for name in ("setup.sh", "run_autograder"))
    assert modes["seed"] == stat.S_IFREG | 0o600


def test_the_archive_holds_what_it_needs_and_no_solution(packed: Path, small_data: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        names = set(archive.namelist())
        texts = {name: archive.read(name) for name in ("setup.sh", "run_autograder")}
    assert {"autograder/cli.py", "autograder/rubric.toml", "rubric.toml", "pyproject.toml", "constraints.txt"} <= names
    assert len([name for name in names if name.startswith("data/")]) == len(list(small_data.glob("*/*")))
    assert not [name for name in names if name.startswith(("reference", "fixtures/submissions", "tests"))]
    assert not [name for name in names if "__pycache__" in name or name.startswith("/")]
    assert all(text.startswith(b"#!/usr/bin/env bash\n") and b"\r" not in text for text in texts.values())
    for text in texts.values():
        subprocess.run(["bash", "-n"], input=text, check=True, timeout=60)


def test_the_archive_is_for_its_owner_alone(packed: Path) -> None:
    assert packed.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--rubric", "/nowhere.toml"], "cannot be read"),
        (["--data", "/nowhere"], "has no folder train"),
        (["--only", "homework"], "no check begins with 'homework'"),
    ],
)
def test_what_could_not_grade_is_not_packed(
    options: list[str], sentence: str, small_data: Path, tmp_path: Path
) -> None:
    data = [] if "--data" in options else ["--data", small_data]
    done = pack(tmp_path / "out.zip", "--seed", 1, *data, *options)
    assert done.exit_code == 2 and sentence in done.output
    assert not (tmp_path / "out.zip").exists()


def test_without_a_cage_there_is_no_result_rather_than_a_zero(
    gradescope: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuses(*arguments: Any, **options: Any) -> None:
        raise CannotGrade("there is no cage for strangers' code here")

    monkeypatch.setattr(run, "prepare", refuses)
    with pytest.raises(Exception) as stopped:  # typer's, which is the exit status
        run.main(gradescope)
    assert getattr(stopped.value, "exit_code", None) == 1
    assert "there is no cage" in capsys.readouterr().out
    assert not (gradescope / "results" / "results.json").exists()


def test_a_run_that_is_ended_from_outside_has_written_what_it_had_found(
    gradescope: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(submission: Path, setup: Any, grader: Any, on_verdict: Any) -> None:
        on_verdict(CHECKS["data.shape"], Verdict(Outcome.PASS, "a shape"))
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "grade_path", ended)
    with pytest.raises(KeyboardInterrupt):
        run.main(gradescope, only="data", no_sandbox=True)
    tests = {t["name"]: t for t in json.loads((gradescope / "results" / "results.json").read_text())["tests"]}
    assert tests["data.shape"]["score"] == 2
    assert tests["data.values"]["score"] == 0 and "timeout: the autograder was ended" in tests["data.values"]["output"]
