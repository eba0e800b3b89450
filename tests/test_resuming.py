"""What is finished is kept, and nothing that is out of date: on what a class goes on after whatever ended it."""

import csv
import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from autograder import resuming, whole_class
from autograder.cli import app
from autograder.evidence.training_kinds import Curve
from autograder.grading import Graded, Grader
from autograder.report.result import as_read, write_result
from autograder.resuming import finished_result, made_from
from autograder.rubric import DEFAULT_RUBRIC
from autograder.session import Setup, prepare
from autograder.submission.bundle import digest_of
from autograder.submission.decisions import Decisions
from autograder.verdict import Outcome, Verdict, passed

ONLY = "same.shape"
CURVE = Curve((0.7, 0.5), (("five triplets", ((2, 0.9),)),))


# --- whether a result still holds


@dataclass
class Work:
    """A submission, how it is graded, and a finished result of it."""

    path: Path
    setup: Setup
    results: Path

    def finish(self, **curves: Curve) -> dict[str, Any]:
        graded = Graded("anna", digest_of(self.path), {ONLY: passed("all is well")}, curves=curves)
        result = self.setup.result(graded)
        write_result(self.results, result, graded, made_from(self.path, self.setup))
        return as_read(result)

    def finished(self) -> dict[str, Any] | None:
        return finished_result(self.results, self.path, self.setup)


@pytest.fixture
def work(tmp_path: Path, small_data: Path) -> Work:
    path = tmp_path / "anna"
    path.mkdir()
    (path / "work.py").write_text("x = 1\n")
    return Work(path, prepare(small_data, only=[ONLY]), tmp_path / "results" / "anna")


def test_a_finished_result_holds_and_is_read_as_it_was_written(work: Work) -> None:
    assert work.finished() is None
    result = work.finish()
    assert work.finished() == result and result["checks"][ONLY]["verdict"] == "pass"


def test_a_result_holds_as_well_for_a_setup_that_was_read_anew(work: Work, small_data: Path) -> None:
    result = work.finish()
    work.setup = prepare(small_data, only=[ONLY])
    assert work.finished() == result


def another_rubric(work: Work) -> None:
    path = work.path.parent / "rubric.toml"
    path.write_text(DEFAULT_RUBRIC.read_text() + "\n# a remark\n")
    work.setup = prepare(work.setup.data_set.folder, only=[ONLY], rubric=path)


def another_photograph(work: Work) -> None:
    copied = work.path.parent / "data"
    shutil.copytree(work.setup.data_set.folder, copied)
    first, second, *_ = sorted((copied / "train").iterdir())
    first.write_bytes(second.read_bytes())
    work.setup = prepare(copied, only=[ONLY])


def a_file(name: str, text: str) -> Callable[[Work], None]:
    def write(work: Work) -> None:
        (work.path / name).write_text(text)

    return write


def another_setup(**changes: Any) -> Callable[[Work], None]:
    def change(work: Work) -> None:
        work.setup = replace(work.setup, **changes)

    return change


def another_name(work: Work) -> None:
    work.path = work.path.rename(work.path.with_name("anna.folder"))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(a_file("work.py", "x = 2\n"), id="the submission"),
        pytest.param(a_file("more.py", ""), id="a file beside it"),
        pytest.param(another_name, id="its name"),
        pytest.param(another_rubric, id="the rubric"),
        pytest.param(another_photograph, id="the data"),
        pytest.param(another_setup(seed=1), id="the seed"),
        pytest.param(another_setup(only=("same",)), id="the checks"),
        pytest.param(another_setup(device="cuda"), id="the device"),
        pytest.param(another_setup(overrides={"anna": Decisions(notebook="work.py")}), id="a decision"),
    ],
)
def test_a_result_holds_no_more_once_anything_has_changed_that_it_depends_on(
    change: Callable[[Work], None], work: Work
) -> None:
    work.finish()
    change(work)
    assert work.finished() is None


@pytest.mark.parametrize("part", ["code_digest", "libraries_digest"])
def test_a_result_holds_no_more_for_another_grader_or_other_libraries(
    part: str, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    work.finish()
    monkeypatch.setattr(resuming, part, lambda: "another")
    assert work.finished() is None


def test_a_decision_about_another_submission_changes_nothing(work: Work) -> None:
    result = work.finish()
    work.setup = replace(work.setup, overrides={"berta": Decisions(notebook="work.py")})
    assert work.finished() == result


def test_a_decision_that_is_equal_to_python_but_not_the_same_is_another_one(work: Work) -> None:
    work.setup = replace(work.setup, overrides={"anna": Decisions(arguments={"CNN": {"n": 1}})})
    work.finish()
    work.setup = replace(work.setup, overrides={"anna": Decisions(arguments={"CNN": {"n": True}})})
    assert work.finished() is None


@pytest.mark.parametrize("name", ["result.json", "curve-training.png", "graded.json"])
@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-9])])
def test_a_result_of_which_a_file_is_gone_or_cut_off_holds_no_more(
    name: str, harm: Callable[[Path], object], work: Work
) -> None:
    work.finish(training=CURVE)
    assert work.finished() is not None
    harm(work.results / name)
    assert work.finished() is None


@pytest.mark.parametrize("record", ["", "[]", "3", '{"files": 3}', '{"files": {}}', '{"files": {"nothing": ""}}'])
def test_a_record_that_is_none_is_no_reason_to_keep_a_result(record: str, work: Work) -> None:
    work.finish()
    (work.results / "graded.json").write_text(record)
    assert work.finished() is None


def test_pictures_of_an_earlier_result_are_gone_with_it(work: Work) -> None:
    work.finish(training=CURVE)
    work.finish()
    assert sorted(path.name for path in work.results.iterdir()) == ["graded.json", "result.json", "timings.json"]
    assert work.finished() is not None


def test_nothing_of_a_seed_but_what_a_result_says_of_it_is_written(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = 2**127 + 12345
    real = Setup.result

    def discreet(setup: Setup, graded: Graded) -> dict[str, Any]:
        result = real(setup, graded)
        result["grader"]["seed"] = "a fingerprint"
        return result

    monkeypatch.setattr(Setup, "result", discreet)
    work.setup = replace(work.setup, seed=secret)
    work.finish()
    assert work.finished() is not None
    assert not any(str(secret).encode() in path.read_bytes() for path in work.results.iterdir())


# --- a class, of which only the grading itself is not the real one


@dataclass
class Class:
    """The command on a class. happens: what the job at a submission does, by the submission's name."""

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
        return Graded(path.stem, digest_of(path), {ONLY: verdict})

    def grade(self, *more: str) -> Result:
        self.log.write_text("")
        command = ["grade", self.folder, "--out", self.out, "--data", self.data, "--only", ONLY, *more]
        return CliRunner().invoke(app, [str(part) for part in command])

    def at_work(self) -> list[str]:
        """The submissions that the last command has graded."""
        return self.log.read_text().split()

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
    monkeypatch.setattr(Setup, "grader", lambda setup, at_once: nullcontext())
    return found


def test_the_same_command_grades_nothing_again_and_ends_in_the_same_files_and_table(class_of_three: Class) -> None:
    first = class_of_three.grade()
    assert first.exit_code == 0 and class_of_three.at_work() == ["anna", "berta", "clara"]
    files = class_of_three.files()
    (class_of_three.out / "grades.csv").unlink()
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


def test_on_wish_all_is_graded_anew(class_of_three: Class) -> None:
    class_of_three.grade()
    assert "kept" not in class_of_three.grade("--fresh").stderr
    assert class_of_three.at_work() == ["anna", "berta", "clara"]


def test_who_hands_in_again_is_graded_again(class_of_three: Class) -> None:
    class_of_three.grade()
    (class_of_three.folder / "clara.py").write_text("# better\n")
    class_of_three.grade()
    assert class_of_three.at_work() == ["clara"]
    assert b"# better" in class_of_three.files()["clara/result.json"]


def test_who_hands_in_again_while_being_graded_is_graded_again_by_the_next_run(class_of_three: Class) -> None:
    class_of_three.happens["clara"] = lambda: (class_of_three.folder / "clara.py").write_text("# late\n") and None
    class_of_three.grade()
    class_of_three.happens.clear()
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
    lost = json.loads(class_of_three.files()["berta/result.json"])
    assert lost["checks"][ONLY]["verdict"] == "error" and "Killed" in lost["checks"][ONLY]["observed"]
    class_of_three.happens.clear()
    class_of_three.grade()
    assert class_of_three.at_work() == ["berta"] and class_of_three.files() == undisturbed


def test_a_name_with_half_a_pair_of_surrogates_is_the_same_in_grades_of_results_that_were_kept(
    class_of_three: Class,
) -> None:
    odd = "\ud83d\ude00"  # two halves, which a file of JSON cannot tell from the whole
    class_of_three.happens["anna"] = lambda: passed("all is well", observed=odd)
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


@pytest.fixture(autouse=True)
def temporary_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    yield
    assert not list((tmp_path / "temporary").iterdir())
