"""Locks hold among processes, end with whoever held them, and what killed processes leave is tidied when it is safe."""

import errno
import fcntl
import multiprocessing
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autograder import locking, results_folder
from autograder.datasets import made_once
from autograder.locking import Held, take, taking_turns
from autograder.results_folder import LOCK, InUse, held
from autograder.temporary import PREFIX, temporary_folders_in_one

UNFINISHED = ".autograder-unfinished-x7"


def in_a_process(work: Callable[[], object]) -> int:
    """Do something in a process of its own, and give its exit status as Python does: negative for a signal."""
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
    return process.exitcode or 0


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


# --- locks


def test_who_does_not_wait_is_told_that_a_lock_is_held_and_gets_it_once_it_is_free(tmp_path: Path) -> None:
    lock = take(tmp_path / "lock", wait=False)
    with pytest.raises(Held):
        take(tmp_path / "lock", wait=False)
    lock.release()
    assert not list(tmp_path.iterdir())
    take(tmp_path / "lock", wait=False).release()


def test_a_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    def hold_and_die() -> None:
        take(tmp_path / "lock", wait=False)
        die()

    assert in_a_process(hold_and_die) == -signal.SIGKILL
    assert (tmp_path / "lock").exists()
    lock = take(tmp_path / "lock", wait=False)
    assert lock.certain and lock.in_place()
    lock.release()


def test_of_two_who_wait_for_a_lock_whose_file_is_removed_only_one_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    first = take(path, wait=True)
    others = []
    real = fcntl.flock

    def flock(descriptor: int, how: int) -> None:
        if not others:  # the second has opened the first one's file; now that goes, and a third comes
            others.append(first)
            first.release()
            others.append(take(path, wait=False))
        real(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(Held):
        take(path, wait=False)
    assert others[1].in_place()
    others[1].release()


def test_where_files_cannot_be_locked_one_goes_on_and_knows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locking.fcntl, "flock", refuse)
    (tmp_path / UNFINISHED).touch()
    with taking_turns(tmp_path / "lock") as lock, held(tmp_path) as folder:
        assert not lock.certain and not folder.lock.certain
        folder.check()
    assert (tmp_path / UNFINISHED).exists(), "somebody may still be writing it"


# --- data sets that are made once


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUTOGRADER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_data_whose_maker_was_killed_in_the_middle_are_made_by_the_next_and_nothing_is_left(cache: Path) -> None:
    def half(folder: Path) -> None:
        (folder / "picture").write_text("ha")
        die()

    assert in_a_process(lambda: made_once("data", half)) == -signal.SIGKILL
    assert not (cache / "data").exists() and len(list(cache.iterdir())) == 2
    folder = made_once("data", lambda folder: (folder / "picture").write_text("whole"))
    assert (folder / "picture").read_text() == "whole" and list(cache.iterdir()) == [folder]


def test_of_many_who_need_the_same_data_one_makes_them_also_when_others_are_killed_over_it(
    cache: Path, tmp_path: Path
) -> None:
    killed = tmp_path / "killed"
    begin = multiprocessing.get_context("fork").Barrier(6)

    def make(folder: Path) -> None:
        with killed.open("a") as log:
            log.write("x")
        (folder / "picture").write_text("half")
        if len(killed.read_text()) < 4:
            die()
        (folder / "picture").write_text("whole")

    def need() -> None:
        begin.wait()
        assert (made_once("data", make) / "picture").read_text() == "whole"

    processes = [multiprocessing.get_context("fork").Process(target=need) for _ in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert sorted(process.exitcode or 0 for process in processes) == [-signal.SIGKILL] * 3 + [0] * 3
    assert killed.read_text() == "xxxx" and [path.name for path in cache.iterdir()] == ["data"]


def test_data_for_which_there_is_no_room_are_not_there_at_all_and_the_error_names_them(cache: Path) -> None:
    def make(folder: Path) -> None:
        (folder / "picture").write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left on device") as caught:
        made_once("data", make)
    assert caught.value.filename == str(cache / "data") and not list(cache.iterdir())


# --- the folder of results


def test_a_second_grader_is_refused_in_a_sentence_and_changes_nothing(tmp_path: Path) -> None:
    with held(tmp_path):
        (tmp_path / UNFINISHED).touch()
        with pytest.raises(InUse) as caught, held(tmp_path):
            pass
        assert (tmp_path / UNFINISHED).exists()
    assert f"another autograder (process {os.getpid()} on " in str(caught.value)
    assert str(caught.value).endswith("wait until it has ended, or name another folder with --out")


def test_after_a_grader_nothing_but_results_is_in_the_folder(tmp_path: Path) -> None:
    with held(tmp_path / "out"):
        assert (tmp_path / "out" / LOCK).exists()
    assert not list((tmp_path / "out").iterdir())


def test_what_a_killed_grader_has_half_written_is_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "anna").mkdir()
    for place in (tmp_path, tmp_path / "anna"):
        (place / UNFINISHED).touch()
        (place / ".hidden").touch()
    with held(tmp_path):
        pass
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".hidden", ".hidden", "anna"]


def test_one_waits_for_the_jobs_of_a_grader_that_was_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listening, talking = os.pipe()

    def be_killed() -> None:
        os.close(talking)
        with held(tmp_path):
            if os.fork() == 0:  # a job, which ends when it is told to
                os.read(listening, 1)
                os._exit(0)
            die()

    assert in_a_process(be_killed) == -signal.SIGKILL
    waits: list[float] = []

    def wait(seconds: float) -> None:
        if not waits:
            os.close(talking)
        waits.append(seconds)

    monkeypatch.setattr(results_folder.time, "sleep", wait)
    with held(tmp_path) as folder:
        folder.check()
    assert waits
    os.close(listening)


def test_for_a_job_that_hangs_one_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = take(tmp_path / LOCK, wait=False)  # by whom, nobody has written
    now = [0.0]
    monkeypatch.setattr(results_folder.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(results_folder.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    with pytest.raises(InUse, match="another autograder is writing"), held(tmp_path):
        pass
    lock.release()


def test_a_grader_on_another_machine_is_not_taken_for_one_that_was_killed(tmp_path: Path) -> None:
    lock = take(tmp_path / LOCK, wait=False)
    os.write(lock.descriptor, b"1 elsewhere")
    with pytest.raises(InUse, match="process 1 on elsewhere"), held(tmp_path):
        pass
    lock.release()


@pytest.mark.parametrize("again", [False, True])
def test_a_folder_that_was_removed_is_noticed_also_where_a_new_one_has_its_name(again: bool, tmp_path: Path) -> None:
    with held(tmp_path / "out") as folder:
        folder.check()
        (tmp_path / "out").rename(tmp_path / "gone")
        if again:
            (tmp_path / "out").mkdir()
        with pytest.raises(FileNotFoundError, match="removed or replaced"):
            folder.check()


# --- temporary folders


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@contextmanager
def a_killed_run_in(temporary: Path) -> Iterator[Path]:
    def run() -> None:
        with temporary_folders_in_one():
            (Path(tempfile.mkdtemp()) / "file").touch()
            die()

    assert in_a_process(run) == -signal.SIGKILL
    (left,) = temporary.iterdir()
    assert left.name.startswith(PREFIX) and len(list(left.rglob("*"))) == 3
    yield left


def test_temporary_folders_of_a_run_are_gone_at_its_end_and_later_ones_lie_elsewhere(temporary: Path) -> None:
    with temporary_folders_in_one() as folder:
        assert Path(tempfile.mkdtemp()).parent == folder
    assert not list(temporary.iterdir())
    assert Path(tempfile.mkdtemp()).parent == temporary


def test_temporary_folders_of_a_killed_run_are_removed_by_the_next(temporary: Path) -> None:
    with a_killed_run_in(temporary) as left, temporary_folders_in_one() as folder:
        assert list(temporary.iterdir()) == [folder] and folder != left


def test_temporary_folders_of_a_run_that_goes_on_are_left_alone(temporary: Path) -> None:
    with temporary_folders_in_one() as one, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(temporary))
        with temporary_folders_in_one() as other:
            assert {one, other} == set(temporary.iterdir())


def test_a_link_that_is_called_like_such_a_folder_is_not_followed(temporary: Path) -> None:
    (temporary / "theirs").mkdir()
    (temporary / "theirs" / "file").touch()
    (temporary / f"{PREFIX}x").symlink_to(temporary / "theirs")
    with temporary_folders_in_one():
        pass
    assert [path.name for path in (temporary / "theirs").iterdir()] == ["file"]
