"""The command as people and programs use it: what it says, exit statuses, files; some of it in real processes."""

import csv
import json
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
import pytest
from typer.testing import Result

from fixtures.compose import solution_notebook, write_notebook

ROOT = Path(__file__).parents[1]
LIGHT = "same,different,cnn,channel,accuracy"


def autograder(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "autograder", *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def solution(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("solution") / "solution.ipynb"
    write_notebook(path, solution_notebook())
    return path


Checked = Callable[..., dict[str, Any]]


@pytest.fixture
def checked(check: Callable[..., Result]) -> Checked:
    """The result of `autograder check` on a path and data, with further arguments."""

    def result(path: Path, data: Path, *more: object) -> dict[str, Any]:
        done = check(path, "--data", data, "--format", "json", *more)
        assert done.exit_code in (0, 1), done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return result


def test_the_handouts_submission_on_the_courses_photographs(
    handout_submission: Path, photographs: Path, checked: Checked
) -> None:
    # Memorising with its CNN and training for the test take minutes, and promise nothing here.
    only = "data,same,different,cnn,channel,accuracy,train,overfit.channel"
    result = checked(handout_submission, photographs, "--only", only)
    verdicts = {id: entry["verdict"] for id, entry in result["checks"].items()}
    failing = {"data.values", "data.order", "cnn.padding", "channel.padding", "train.mode"}
    assert {id for id, verdict in verdicts.items() if verdict == "fail"} == failing
    for id in ("data.shape", "data.split", "same.content", "different.balance", "cnn.architecture", "channel.concat"):
        assert verdicts[id] == "pass"
    assert verdicts["accuracy.values"] == "pass" and verdicts["overfit.channel"] == "pass"
    for name in ("batches", "labels", "shuffle", "loss", "layout", "updates", "report", "curve", "checkpoint"):
        assert verdicts[f"train.{name}"] == "pass"
    assert "17 of 18 steps were taken in evaluation mode" in result["checks"]["train.mode"]["observed"]
    values, order = result["checks"]["data.values"], result["checks"]["data.order"]
    assert "already returned 0..1" in values["observed"] and "before 3.3" in values["message"]
    assert "index 0 of train_data holds right shoes" in order["observed"]
    assert result["resolved"]["train"]["name"] == "run_pytorch_gradient_descent"
    assert result["resolved"]["train"]["parameters"]["iterations"] == "max_iters"


def test_the_solution_on_the_courses_photographs_gets_every_point_of_what_it_does_without_training_long(
    solution: Path, photographs: Path, check: Callable[..., Result]
) -> None:
    only = "data,same,different,cnn,channel,accuracy,train,overfit.channel"
    done = check(solution, "--data", photographs, "--format", "json", "--only", only)
    result = json.loads(done.stdout)
    looked_at = [entry for entry in result["checks"].values() if entry["verdict"] != "manual"]
    assert done.exit_code == 0 and looked_at
    assert all(entry["verdict"] == "pass" and entry["points"] == entry["possible"] for entry in looked_at)


def test_the_table_names_every_check_with_its_verdict_and_the_page_shows_the_code(
    solution: Path, small_data: Path, tmp_path: Path
) -> None:
    html = tmp_path / "pages" / "anna.html"
    done = autograder("check", solution, "--data", small_data, "--only", "same,cnn", "--html", html)
    assert done.returncode == 0
    assert "same.content" in done.stdout and "cnn.padding" in done.stdout and "pass" in done.stdout
    assert "13 of 13 automatic points" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    page = html.read_text(encoding="utf-8")
    assert "13 of 13 automatic points" in page and "class</span>" in page and [*html.parent.iterdir()] == [html]


def test_ten_runs_give_ten_identical_result_files(solution: Path, small_data: Path, tmp_path: Path) -> None:
    submissions = tmp_path / "class"
    submissions.mkdir()
    # Two whole runs of the command, and in each of them five copies of the same work.
    for number in range(5):
        folder = submissions / f"copy{number}"
        folder.mkdir()
        (folder / "work.ipynb").write_bytes(solution.read_bytes())
    results = []
    for run in ("first", "second"):
        done = autograder("grade", submissions, "--out", tmp_path / run, "--data", small_data, "--only", LIGHT)
        assert done.returncode == 0, done.stderr
        results += [(tmp_path / run / f"copy{number}" / "result.json").read_text() for number in range(5)]
    alike = {text.replace(f"copy{number % 5}", "copy") for number, text in enumerate(results)}
    assert len(results) == 10 and len(alike) == 1


def test_a_result_has_the_keys_that_other_programs_read(solution: Path, small_data: Path, checked: Checked) -> None:
    result = checked(solution, small_data, "--only", "same", "--seed", 3)
    assert list(result)[:4] == ["schema", "submission", "digest", "grader"] and result["schema"] == 1
    assert set(result["grader"]) == {"version", "rubric", "data", "seed", "sandbox"}
    assert len(result["digest"]) == len(result["grader"]["data"]) == len(result["grader"]["rubric"]) == 64
    entry = result["checks"]["same.content"]
    assert {"verdict", "points", "possible", "message", "expected", "observed", "hint"} <= set(entry)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.ipynb", b"", "is empty"),
        ("cut.ipynb", b'{"cells": [{"cell_type": "code", "source": ["x = 1', "cut off or damaged"),
        ("report.ipynb", b"%PDF-1.7 ...", "is a PDF"),
        ("words.ipynb", b'{"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "no code cell"),
    ],
)
def test_of_garbage_a_terminal_shows_the_reason_and_the_points_and_the_exit_status_is_1(
    name: str, content: bytes, sentence: str, tmp_path: Path, small_data: Path, check: Callable[..., Result]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    done = check(path, "--data", small_data)
    assert done.exit_code == 1 and not done.stderr.strip()
    shown, *reason, points = done.stdout.splitlines()
    assert shown == path.stem and sentence in " ".join(reason) and points == "0 of 70 automatic points"


def test_a_class_with_garbage_in_it_is_graded_all_the_same(solution: Path, small_data: Path, tmp_path: Path) -> None:
    submissions = tmp_path / "class"
    (submissions / "nothing").mkdir(parents=True)
    (submissions / "empty.ipynb").write_bytes(b"")
    (submissions / "huge.ipynb").write_bytes(b" " * (41 * 2**20))
    (submissions / "good.ipynb").write_bytes(solution.read_bytes())
    done = autograder("grade", submissions, "--out", tmp_path / "out", "--data", small_data, "--only", "same")
    assert done.returncode == 0, done.stderr
    read = {
        name: json.loads((tmp_path / "out" / name / "result.json").read_text()) for name in ("empty", "huge", "good")
    }
    assert read["good"]["points"] == 4
    for name, sentence in (("empty", "is empty"), ("huge", "41 MiB")):
        assert {entry["verdict"] for entry in read[name]["checks"].values()} == {"missing"}
        assert all(sentence in entry["message"] for entry in read[name]["checks"].values())
    with (tmp_path / "out" / "grades.csv").open(newline="") as file:
        rows = {row["submission"]: row for row in csv.DictReader(file)}
    assert (
        rows["good"]["q1b"] == "4" and rows["empty"]["points"] == "0" and "holds no notebook" in rows["nothing"]["note"]
    )
    assert (tmp_path / "out" / "good" / "timings.json").is_file()
    page = (tmp_path / "out" / "index.html").read_text()
    assert all(f'href="./{name}/report.html"' in page for name in ("empty", "good", "huge", "nothing"))


@pytest.mark.parametrize("version", ["3", "4.0"])
def test_old_notebook_formats_are_graded_like_any_other(
    version: str, solution: Path, small_data: Path, tmp_path: Path, checked: Checked
) -> None:
    notebook = nbformat.read(solution, as_version=4)
    if version == "3":
        text = nbformat.writes(nbformat.convert(notebook, 3))
    else:
        notebook.nbformat_minor = 0
        for cell in notebook.cells:
            del cell["id"]
        text = json.dumps(notebook)
    (tmp_path / "old.ipynb").write_text(text)
    assert checked(tmp_path / "old.ipynb", small_data, "--only", "same,channel")["points"] == 12


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--only", "homework"], "no check begins with 'homework'"),
        (["--data", "/nowhere"], "has no folder train"),
        (["--format", "poem"], "can be table, json, github, junit, gradescope or classroom50"),
        (["--rubric", "/nowhere.toml"], "cannot be read"),
    ],
)
def test_a_wrong_command_is_refused_in_a_sentence(
    arguments: list[str], sentence: str, solution: Path, small_data: Path, check: Callable[..., Result]
) -> None:
    data = [] if "--data" in arguments else ["--data", small_data]
    done = check(solution, *data, *arguments)
    assert done.exit_code == 2 and sentence in done.stderr and "Traceback" not in done.stderr


def test_pytest_has_one_test_for_each_check_and_runs_nothing_of_the_submissions(
    solution: Path, small_data: Path, tmp_path: Path
) -> None:
    (tmp_path / "conftest.py").write_text("raise SystemExit('the conftest of a submission was run')")
    notebook = solution_notebook()
    for cell in notebook.cells:
        cell.source = cell.source.replace("return data.reshape(-1, 2 * HEIGHT, WIDTH, 3)", "return data[0]")
    write_notebook(tmp_path / "work.ipynb", notebook)
    command = [sys.executable, "-m", "pytest", "autograder", "--submission", tmp_path, "-p", "no:cacheprovider"]
    command += ["--submission-data", small_data, "-k", "same or cnn or q1d", "-rA"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED autograder/rubric.toml::same.shape" in done.stdout
    assert "PASSED autograder/rubric.toml::cnn.padding" in done.stdout
    assert re.search(r"answered: 78 words in cell \d+", done.stdout)
    assert "the shape [3, 2, 224, 224, 3] (fail, 0 of 1 points)" in done.stdout
    assert "Traceback" not in done.stdout and "pytest_plugin.py" not in done.stdout.split("short test summary")[0]


def test_control_characters_of_a_submission_reach_neither_the_terminal_nor_the_xml(
    small_data: Path, tmp_path: Path
) -> None:
    raising = "def generate_same_pair(data): raise ValueError(''.join(map(chr, range(32))) + '\\x9b2J\\ud800<b>')"
    (tmp_path / "work.py").write_text(raising)
    command = [sys.executable, "-m", "pytest", "autograder", "--submission", tmp_path, "-p", "no:cacheprovider"]
    command += ["--submission-data", small_data, "-k", "same", "-rA", "--junitxml", tmp_path / "report.xml"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=ROOT, timeout=300)
    written = {test.get("name"): test for test in ElementTree.parse(tmp_path / "report.xml").iter("testcase")}
    failure = written["same.shape"].find("failure")
    assert failure is not None and "2J" in str(failure.text) and "<b>" in str(failure.text)
    for text in (done.stdout, str(failure.text)):
        assert "ValueError: " in text and "\N{REPLACEMENT CHARACTER}2J" in text
        assert not [letter for letter in text if letter != "\n" and unicodedata.category(letter) in ("Cc", "Cs")]


def test_a_name_is_no_markup_while_it_is_graded_and_no_element_of_its_page(small_data: Path, tmp_path: Path) -> None:
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "[bold]<b>\x1b[2J.ipynb").write_bytes(b"")
    command = [sys.executable, "-m", "autograder", "grade", tmp_path / "class", "--out", tmp_path / "out"]
    command += ["--data", small_data, "--only", "same"]
    environment = os.environ | {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "120"}
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "[bold]" in done.stderr and "[bold]" in done.stdout
    assert "\x1b[2J" not in done.stderr + done.stdout
    (page,) = (tmp_path / "out").glob("*/report.html")
    assert page.parent.name == "[bold]_b_\N{REPLACEMENT CHARACTER}[2J"
    assert "is empty" in page.read_text(encoding="utf-8") and "Content-Security-Policy" in page.read_text()
