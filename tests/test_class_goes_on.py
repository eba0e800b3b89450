"""Whatever ends a class, the same command goes on where it was; only the grading itself is not the real one here."""

import csv
import errno
import json
import os
import resource
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from autograder import temporary, whole_class
from autograder.cli import app
from autograder.grading import Graded, Grader
from autograder.report import files
from autograder.results_folder import held
from autograder.session import Setup
from autograder.submission.bundle import digest_of
from autograder.verdict import Outcome, Verdict, passed

ONLY = "same.shape"


@pytest.fixture(autouse=True)
def temporary_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    yield
    assert not list((tmp_path / "temporary").iterdir())


@dataclass
class Class:
    """The command on a class. happens: what the job at a submission does, by the submission's name; it may return a
    verdict or a note."""

    folder: Path
    out: Path
    data: Path
    log: Path
    happens: dict[str, Callable[[], object]] = field(default_factory=dict)

    def graded(self, path: Path, setup: Setup, grader: Grader) -> Graded:
        with self.log.open("a") as file:
            file.write(f"{path.stem}\n")
        outcome = self.happens.get(path.stem, lambda: None)()
        verdict = outcome if isinstance(outcome, Verdict) else passed("all is well", observed=path.read_text())
        notes = (outcome,) if isinstance(outcome, str) else ()
        return Graded(path.stem, digest_of(path), {ONLY: verdict}, notes=notes)

    def grade(self, *more: str) -> Result:
        self.log.write_text("")
        command = ["grade", self.folder, "--out", self.out, "--data", self.data, "--only", ONLY, "--seed", 0, *more]
        return CliRunner().invoke(app, [str(part) for part in command])

    def at_work(self) -> list[str]:
        """The submissions that the last command has graded."""
        return self.log.read_text().split()

    def result(self, name: str) -> dict[str, Any]:
        result: dict[str, Any] = json.loads((self.out / name / "result.json").read_text())
        return result

    def files(self) -> dict[str, bytes]:
        paths = [path for path in self.out.rglob("*") if path.is_file() and path.name != "timings.json"]
        return {str(path.relative_to(self.out)): path.read_bytes() for path in paths}


@pytest.fixture
def class_of_three(tmp_path: Path, small_data: Path, monkeypatch: pytest.MonkeyPatch) -> Class:
    folder = tmp_path / "class"
    folder.mkdir()
    for name in ("anna", "berta", "clara"):
        (folder / f"{name}.py").write_text(f"# {name}\n")
    found = Class(folder, tmp_path / "out", small_data, tmp_path / "log")
    monkeypatch.setattr(whole_class, "grade_path_or_say_why", found.graded)
    monkeypatch.setattr(Setup, "grader", lambda setup, at_once, pages: nullcontext())
    return found


def test_the_same_command_grades_nothing_again_and_ends_in_the_same_files_and_table(class_of_three: Class) -> None:
    first = class_of_three.grade()
    assert first.exit_code == 0 and class_of_three.at_work() == ["anna", "berta", "clara"]
    files = class_of_three.files()
    for name in ("grades.csv", "index.html"):
        (class_of_three.out / name).unlink()
    second = class_of_three.grade()
    assert class_of_three.at_work() == [] and class_of_three.files() == files
    assert second.stdout == first.stdout
    assert "3 of 3 submissions were graded before and are kept" in second.stderr and "kept" not in first.stderr


def test_what_was_not_finished_is_graded_and_stands_beside_the_rest(class_of_three: Class) -> None:
    class_of_three.grade()
    files = class_of_three.files()
    (class_of_three.out / "berta" / "graded.json").unlink()
    class_of_three.grade("--jobs", "2")
    assert class_of_three.at_work() == ["berta"] and class_of_three.files() == files


def test_on_wish_all_is_graded_anew_and_a_run_that_was_ended_over_it_is_continued(class_of_three: Class) -> None:
    class_of_three.grade()
    class_of_three.happens["berta"] = no_room_for_files
    assert "kept" not in class_of_three.grade("--fresh").stderr
    assert class_of_three.at_work() == ["anna", "berta"]
    class_of_three.happens.clear()
    assert "1 of 3 submissions were graded before" in class_of_three.grade().stderr
    assert class_of_three.at_work() == ["berta", "clara"]


def test_who_hands_in_again_is_graded_again(class_of_three: Class) -> None:
    class_of_three.grade()
    (class_of_three.folder / "clara.py").write_text("# better\n")
    class_of_three.grade()
    assert class_of_three.at_work() == ["clara"]
    assert b"# better" in class_of_three.files()["clara/result.json"]


def test_who_hands_in_something_else_while_being_graded_is_graded_again_even_if_it_was_only_for_a_moment(
    class_of_three: Class,
) -> None:
    handed_in = class_of_three.folder / "clara.py"
    before = handed_in.read_text()
    class_of_three.happens["clara"] = lambda: handed_in.write_text("# for a moment\n")
    class_of_three.grade()
    class_of_three.happens.clear()
    handed_in.write_text(before)
    class_of_three.grade()
    assert class_of_three.at_work() == ["clara"]


def test_where_the_grader_itself_failed_it_says_so_and_tries_again(class_of_three: Class) -> None:
    class_of_three.happens["anna"] = lambda: Verdict(Outcome.ERROR, observed="the grader itself failed")
    done = class_of_three.grade()
    assert done.exit_code == 0 and "it failed itself on 1 of them; the same command grades these again" in done.stderr
    class_of_three.happens.clear()
    assert "failed" not in class_of_three.grade().stderr and class_of_three.at_work() == ["anna"]


def test_what_a_job_was_at_when_it_was_killed_is_graded_again(class_of_three: Class) -> None:
    class_of_three.grade()
    undisturbed = class_of_three.files()
    shutil.rmtree(class_of_three.out)
    class_of_three.happens["berta"] = lambda: os.kill(os.getpid(), signal.SIGKILL)
    class_of_three.grade()
    lost = class_of_three.result("berta")["checks"][ONLY]
    assert lost["verdict"] == "error" and "Killed" in lost["observed"]
    class_of_three.happens.clear()
    class_of_three.grade()
    assert class_of_three.at_work() == ["berta"] and class_of_three.files() == undisturbed


def test_a_job_that_is_killed_when_it_has_just_finished_a_result_does_not_take_it_along(
    class_of_three: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_by_nobody(result: dict[str, Any]) -> None:
        (class_of_three.out / result["submission"] / ".autograder-unfinished-x").touch()
        os.kill(os.getpid(), signal.SIGKILL)

    with monkeypatch.context() as patch:
        patch.setattr(whole_class, "as_read", read_by_nobody)
        assert class_of_three.grade().exit_code == 0
    assert {entry["verdict"] for entry in class_of_three.result("anna")["checks"].values()} == {"pass"}
    files = class_of_three.files()
    assert not [name for name in files if "unfinished" in name]
    class_of_three.grade()
    assert class_of_three.at_work() == [] and class_of_three.files() == files


def test_text_that_a_file_of_json_cannot_tell_from_another_is_the_same_in_grades_of_results_that_were_kept(
    class_of_three: Class,
) -> None:
    class_of_three.happens["anna"] = lambda: "\ud83d\ude00"  # two halves of a letter, which are read as a whole one
    class_of_three.grade()
    files = class_of_three.files()
    class_of_three.grade()
    assert class_of_three.at_work() == [] and class_of_three.files() == files


def test_each_submission_has_results_of_its_own_however_they_are_called(class_of_three: Class) -> None:
    names = ("anna", "anna.ipynb", "anna.ipynb.zip", "anna.zip")
    for name in names:
        (class_of_three.folder / name).write_text(f"# {name}\n")
    class_of_three.grade()
    rows = list(csv.DictReader((class_of_three.out / "grades.csv").open(newline="")))
    assert [row["submission"] for row in rows] == sorted([*names, "anna.py", "berta", "clara"])
    assert all((class_of_three.out / row["submission"] / "result.json").is_file() for row in rows)


# --- no room, no permission, no folder


def refused_in_a_sentence(done: Result, words: str) -> bool:
    (sentence,) = [line for line in done.stderr.splitlines() if line.startswith("autograder: ")]
    return done.exit_code == 2 and words in sentence and "Traceback" not in done.output


def no_room_for_files() -> None:
    """From now on the kernel writes the first bytes of a file and refuses the rest, here and in no other process."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, resource.RLIM_INFINITY))


def test_a_file_for_which_there_is_no_room_leaves_no_half_and_the_finished_results_as_they_are(
    class_of_three: Class,
) -> None:
    class_of_three.grade()
    undisturbed = class_of_three.files()
    shutil.rmtree(class_of_three.out)
    class_of_three.happens["berta"] = no_room_for_files
    done = class_of_three.grade()
    assert refused_in_a_sentence(done, f"{class_of_three.out / 'berta' / 'report.html'} cannot be written: ")
    assert class_of_three.at_work() == ["anna", "berta"]
    left = class_of_three.files()
    assert set(left) == {"anna/result.json", "anna/report.html", "anna/report.json", "anna/graded.json"}
    assert all(undisturbed[name] == content for name, content in left.items())
    class_of_three.happens.clear()
    class_of_three.grade()
    assert class_of_three.at_work() == ["berta", "clara"] and class_of_three.files() == undisturbed


def test_an_earlier_result_outlives_a_new_one_for_which_there_is_no_room(class_of_three: Class) -> None:
    class_of_three.grade()
    before = class_of_three.files()
    (class_of_three.folder / "anna.py").write_text("# better\n")
    class_of_three.happens["anna"] = no_room_for_files
    assert refused_in_a_sentence(class_of_three.grade(), "cannot be written: ")
    assert class_of_three.files() == before


def test_a_disk_that_says_only_late_that_it_is_full_is_believed(
    class_of_three: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    assert refused_in_a_sentence(class_of_three.grade(), "timings.json cannot be written: No space left on device")
    assert class_of_three.files() == {}


def test_without_room_for_temporary_files_nobody_gets_a_verdict(
    class_of_three: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(class_of_three.folder)
    monkeypatch.setattr(temporary.shutil, "disk_usage", lambda place: usage._replace(free=2**20))
    assert refused_in_a_sentence(class_of_three.grade(), "next to no room is left there for temporary files")
    assert class_of_three.files() == {}


def test_a_temporary_folder_that_is_not_there_is_named(class_of_three: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", "/nowhere")
        done = class_of_three.grade()
    assert refused_in_a_sentence(done, "/nowhere/autograder-new-")


def test_a_job_that_cannot_even_begin_ends_the_class_in_a_sentence(
    class_of_three: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(setup: Setup, at_once: int, pages: bool) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/tmp/autograder-home")

    monkeypatch.setattr(Setup, "grader", no_room)
    assert refused_in_a_sentence(
        class_of_three.grade("--jobs", "2"), "/tmp/autograder-home cannot be written: No space"
    )


def test_results_that_cannot_lie_where_they_should_are_refused_in_a_sentence(class_of_three: Class) -> None:
    class_of_three.out.write_text("a file")
    assert refused_in_a_sentence(class_of_three.grade(), f"{class_of_three.out} cannot be written: File exists")
    assert class_of_three.at_work() == []


def test_a_folder_of_results_that_vanishes_is_missed_and_not_made_anew_with_a_part_of_them(
    class_of_three: Class,
) -> None:
    class_of_three.happens["berta"] = lambda: shutil.rmtree(class_of_three.out)
    done = class_of_three.grade()
    assert refused_in_a_sentence(done, f"{class_of_three.out} cannot be written: the folder of results was removed")
    assert not class_of_three.out.exists()
    class_of_three.happens.clear()
    assert class_of_three.grade().exit_code == 0 and len(class_of_three.files()) == 16


def test_a_second_grader_on_the_same_results_is_refused_and_the_first_goes_on(class_of_three: Class) -> None:
    with held(class_of_three.out):
        assert refused_in_a_sentence(class_of_three.grade(), "is writing its results to")
        assert class_of_three.at_work() == []
    assert class_of_three.grade().exit_code == 0
