"""Several submissions at a time: the same results, and nothing left behind whatever ends it."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autograder.jobs import Lost, side_by_side
from benchmarks.kills import children_of
from fixtures.compose import read_submissions, solution_notebook, write_notebook

SAMPLES = ("same-left-shoe-twice",)
ENDLESS = """
def generate_same_pair(data):
    while True:
        pass
"""


def grade(submissions: Path, out: Path, data: Path, *more: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "autograder", "grade", submissions, "--out", out, "--data", data, *more]
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def submissions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("class")
    everyone = read_submissions()
    for name in SAMPLES:
        everyone[name].write(folder)
    write_notebook(folder / "the-solution.ipynb", solution_notebook())
    (folder / "cut-off.ipynb").write_text('{"cells": [{"cell_type": "code", "source": ["x = 1')
    (folder / "ends-its-process.py").write_text("import os\ndef generate_same_pair(data):\n    os._exit(3)\n")
    return folder


def files_of(results: Path) -> dict[str, bytes]:
    """All that a grading leaves, less what says how long it took."""
    files = {path for path in results.rglob("*") if path.is_file() and path.name != "timings.json"}
    return {str(path.relative_to(results)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def by_jobs(submissions: Path, small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    results = {}
    for jobs in (1, 3):
        results[jobs] = tmp_path_factory.mktemp(f"jobs{jobs}")
        only = "same,channel"
        done = grade(submissions, results[jobs], small_data, "--jobs", jobs, "--only", only)
        assert done.returncode == 0, done.stderr
    return results


def test_with_one_job_and_with_three_the_results_are_the_same_bytes(by_jobs: dict[int, Path]) -> None:
    one, three = files_of(by_jobs[1]), files_of(by_jobs[3])
    assert {f"{name}/result.json" for name in (*SAMPLES, "the-solution", "cut-off")} < set(one)
    assert one == three


def test_grades_stand_in_the_order_of_the_folder_whoever_is_done_first(by_jobs: dict[int, Path]) -> None:
    with (by_jobs[3] / "grades.csv").open(newline="") as file:
        names = [row["submission"] for row in csv.DictReader(file)]
    assert names == sorted([*SAMPLES, "the-solution", "cut-off", "ends-its-process"])


def test_one_that_cannot_be_read_and_one_that_ends_its_process_cost_the_others_nothing(
    by_jobs: dict[int, Path],
) -> None:
    def verdicts(name: str) -> dict[str, str]:
        result = json.loads((by_jobs[3] / name / "result.json").read_text())
        return {id: entry["verdict"] for id, entry in result["checks"].items()}

    assert set(verdicts("cut-off").values()) == {"missing"}
    assert verdicts("ends-its-process")["same.shape"] == "fail"
    assert set(verdicts("the-solution").values()) == {"pass"}
    assert verdicts("same-left-shoe-twice")["same.content"] == "fail"


@pytest.mark.parametrize("jobs", ["0", "-2"])
def test_less_than_one_job_is_refused_in_words(jobs: str, submissions: Path, tmp_path: Path, small_data: Path) -> None:
    done = grade(submissions, tmp_path / "out", small_data, "--jobs", jobs)
    assert done.returncode == 2 and not (tmp_path / "out").exists()
    assert done.stderr == f"autograder: --jobs is {jobs}, and should be 1 or more\n"


# --- ended from outside

GIVEN_UP = 120  # seconds after which nobody can think that it is only slow


def processes_of(folder: Path) -> list[int]:
    """Those whose environment speaks of a folder: judges by their own, workers by the home that they were given."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(folder).encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + GIVEN_UP
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


@contextmanager
def started(tmp_path: Path, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """The command at work, with all that it starts and leaves within a folder of its own."""
    (tmp_path / "temporary").mkdir()
    environment = os.environ | {"TMPDIR": str(tmp_path / "temporary")}
    command = [sys.executable, "-m", "autograder", *(str(argument) for argument in arguments)]
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Tests that run in the background inherit that Ctrl-C is nothing to them; the command is to hear it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
        for pid in processes_of(tmp_path / "temporary"):
            os.kill(pid, signal.SIGKILL)


def workers_at_work(tmp_path: Path) -> int:
    return len(list((tmp_path / "temporary").rglob("autograder-scratch-*")))


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_what_ends_the_command_ends_all_of_it_at_once_and_leaves_nothing_behind(
    ending: signal.Signals, tmp_path: Path, small_data: Path
) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / "class").mkdir(exist_ok=True)
        (tmp_path / "class" / f"{name}.py").write_text(ENDLESS)
    arguments = ("grade", tmp_path / "class", "--out", tmp_path / "out", "--data", small_data, "--jobs", 2)
    with started(tmp_path, *arguments) as process:
        until(lambda: workers_at_work(tmp_path) == 2)
        os.killpg(process.pid, ending)  # as a terminal does it
        process.communicate(timeout=GIVEN_UP)
        assert process.returncode != 0
        assert not processes_of(tmp_path / "temporary")
    assert not [path.name for path in (tmp_path / "temporary").iterdir()]
    assert not list((tmp_path / "out").rglob("*"))


def test_jobs_whose_parent_is_killed_do_not_go_on_without_it(tmp_path: Path, small_data: Path) -> None:
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "a.py").write_text(ENDLESS)
    arguments = ("grade", tmp_path / "class", "--out", tmp_path / "out", "--data", small_data)
    with started(tmp_path, *arguments) as process:
        until(lambda: workers_at_work(tmp_path) == 1)
        process.kill()
        process.wait()
        until(lambda: not processes_of(tmp_path / "temporary"))


def test_nobody_waits_for_the_end_of_a_training_after_ctrl_c(tmp_path: Path, small_data: Path) -> None:
    notebook = solution_notebook()
    for cell in notebook.cells:
        cell.source = cell.source.replace(
            "optimizer.step()", "optimizer.step()\n            while True:\n                pass"
        )
    write_notebook(tmp_path / "slow.ipynb", notebook)
    arguments = ("check", tmp_path / "slow.ipynb", "--data", small_data, "--only", "train,test")
    with started(tmp_path, *arguments) as process:
        until(lambda: workers_at_work(tmp_path) == 2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=GIVEN_UP)
        assert not processes_of(tmp_path / "temporary")
    assert not list((tmp_path / "temporary").iterdir())


# --- the jobs themselves


@contextmanager
def doubling() -> Iterator[Callable[[int], int]]:
    def double(number: int) -> int:
        if number == 13:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 14:
            raise ValueError("fourteen cannot be doubled")
        return 2 * number

    yield double


def test_a_job_that_dies_costs_the_task_it_was_at_and_no_other() -> None:
    made = dict(side_by_side([1, 13, 2, 3, 4], 2, doubling))
    lost = made.pop(13)
    assert made == {1: 2, 2: 4, 3: 6, 4: 8}
    assert isinstance(lost, Lost) and str(lost) == "the process that graded it was ended: Killed"


def test_a_next_task_is_asked_for_only_when_a_job_is_free_for_it() -> None:
    begun: list[int] = []
    done: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(6):
            assert len(begun) - len(done) < 2
            begun.append(number)
            yield number

    for number, _ in side_by_side(tasks(), 2, doubling):
        done.append(number)
    assert sorted(done) == list(range(6))


def test_what_the_work_raises_is_raised_here_and_ends_the_jobs() -> None:
    before = children_of(os.getpid())
    with pytest.raises(ValueError, match="fourteen cannot be doubled"):
        list(side_by_side([1, 14, 2], 2, doubling))
    assert children_of(os.getpid()) == before
