"""The grader is killed with SIGKILL, in real processes: nothing finished is lost, and no process goes on without it."""

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

from autograder.boundary.usage import processor_seconds_of
from autograder.boundary.workers import Template, TemplateKilled
from autograder.session import Setup
from benchmarks.kills import (
    Moment,
    Victim,
    children_of,
    disturbed,
    files_of,
    left_behind,
    processes_of,
    random_moments,
    write_class,
)

ENDLESS = """
def generate_same_pair(data):
    while True:
        pass
"""
GIVEN_UP = 120  # seconds after which nobody can think that it is only slow


def command(folder: Path, out: Path, data: Path, jobs: int) -> list[str]:
    words = [sys.executable, "-m", "autograder", "grade", folder, "--out", out, "--data", data, "--jobs", jobs]
    return [str(word) for word in (*words, "--only", "same", "--seed", 0)]


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    (tmp_path / "temporary").mkdir()
    return tmp_path / "temporary"


def test_a_class_that_is_killed_again_and_again_ends_as_one_that_was_left_in_peace(
    tmp_path: Path, small_data: Path, temporary: Path
) -> None:
    write_class(tmp_path / "class", 4)
    peace, killed = tmp_path / "peace", tmp_path / "killed"
    disturbed(command(tmp_path / "class", peace, small_data, 1), peace, temporary, ())
    moments = [
        Moment(finished=0, steps=6, victim=Victim.JOB),
        Moment(finished=1, steps=0, victim=Victim.GRADER),
        Moment(finished=2, steps=1, victim=Victim.EVERYTHING),
    ]
    account = disturbed(command(tmp_path / "class", killed, small_data, 2), killed, temporary, moments)
    assert len(account.kills) == 3 and account.made_again == []
    assert len(files_of(peace)) == 20 and files_of(killed) == files_of(peace)
    assert left_behind(temporary) == []


def test_random_moments_are_the_same_for_the_same_seed_and_come_one_after_the_other() -> None:
    moments = random_moments(20, submissions=30, jobs=2, seed=3)
    assert moments == random_moments(20, submissions=30, jobs=2, seed=3) != random_moments(20, 30, 2, seed=4)
    assert len({moment.finished for moment in moments}) == 20
    assert [moment.finished for moment in moments] == sorted(moment.finished for moment in moments)
    assert max(moment.finished for moment in moments) < 26


# --- nobody goes on alone


def test_a_worker_that_ends_with_its_template_says_nothing_of_the_submission(setup: Setup) -> None:
    before = set(children_of(os.getpid()))
    with Template(setup.rubric.limits) as template:
        worker = template.fork(None, 0)
        (pid,) = set(children_of(os.getpid())) - before
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(TemplateKilled):
            worker.request("run", {"statements": []})
        worker.close()
        template.fork(None, 0).close()  # by a template that was started anew


def test_a_template_that_is_killed_costs_nobody_points_and_its_submission_is_graded_again(
    tmp_path: Path, small_data: Path, temporary: Path
) -> None:
    with at_an_endless_submission(tmp_path, small_data, temporary) as process:
        (job,) = children_of(process.pid)
        (template,) = children_of(job)
        os.kill(template, signal.SIGKILL)
        until(lambda: process.poll() is not None)
        assert process.returncode == 0
    result = json.loads((tmp_path / "out" / "a" / "result.json").read_text())
    assert {entry["verdict"] for entry in result["checks"].values()} == {"error"}
    assert not (tmp_path / "out" / "a" / "graded.json").exists() and not list(temporary.iterdir())


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + GIVEN_UP
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def workers_of(grader: int) -> list[int]:
    """A grader has jobs, each of these a template, and that has workers."""
    generation = [grader]
    for _ in range(3):
        generation = [child for parent in generation for child in children_of(parent)]
    return generation


@contextmanager
def at_an_endless_submission(tmp_path: Path, data: Path, temporary: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The command, when one of its workers is in the middle of what never ends."""
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "a.py").write_text(ENDLESS)
    process = subprocess.Popen(
        command(tmp_path / "class", tmp_path / "out", data, 1),
        env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        # A worker that was only just forked may not be known to its judge yet.
        until(lambda: any(processor_seconds_of(worker) > 0.5 for worker in workers_of(process.pid)))
        yield process
    finally:
        process.kill()
        process.communicate()
        for pid in processes_of(temporary):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("with_its_job", [False, True])
def test_nothing_goes_on_once_the_grader_is_killed_alone_or_with_its_job(
    with_its_job: bool, tmp_path: Path, small_data: Path, temporary: Path
) -> None:
    with at_an_endless_submission(tmp_path, small_data, temporary) as process:
        (job,) = children_of(process.pid)
        process.kill()
        if with_its_job:
            os.kill(job, signal.SIGKILL)
        process.wait()
        until(lambda: not processes_of(temporary))


def test_a_job_that_is_killed_takes_its_workers_along_and_the_class_goes_on_without_it(
    tmp_path: Path, small_data: Path, temporary: Path
) -> None:
    with at_an_endless_submission(tmp_path, small_data, temporary) as process:
        (job,) = children_of(process.pid)
        os.kill(job, signal.SIGKILL)
        until(lambda: process.poll() is not None)
        assert process.returncode == 0
        until(lambda: not processes_of(temporary))
    result = json.loads((tmp_path / "out" / "a" / "result.json").read_text())
    assert {entry["verdict"] for entry in result["checks"].values()} == {"error"}
    assert not (tmp_path / "out" / "a" / "graded.json").exists() and not list(temporary.iterdir())
