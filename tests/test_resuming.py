"""Whether a finished result still holds: as long as nothing has changed that it depends on, and not a moment longer."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from autograder import resuming
from autograder.boundary.sandbox import Sandbox
from autograder.evidence.training_kinds import Curve
from autograder.grading import Graded
from autograder.report.result import as_read, write_result
from autograder.resuming import finished_result, made_from
from autograder.rubric import DEFAULT_RUBRIC
from autograder.session import Setup, prepare
from autograder.submission.bundle import digest_of
from autograder.submission.decisions import Decisions
from autograder.verdict import passed

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


def another_sandbox(work: Work) -> None:
    (other,) = set(Sandbox) - {work.setup.sandbox}
    work.setup = replace(work.setup, sandbox=other)


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
        pytest.param(another_sandbox, id="the sandbox"),
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
    assert sorted(path.name for path in work.results.iterdir()) == [
        "graded.json",
        "report.html",
        "report.json",
        "result.json",
        "timings.json",
    ]
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
