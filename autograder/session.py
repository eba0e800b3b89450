"""What every face of the grader does first: find the rubric, the data, and a grader for them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.boundary.sandbox import Sandbox, best_sandbox, why_no_cage
from autograder.checks import CHECKS, chosen_checks
from autograder.datasets import DataSet, UnusableData, read_data_set, synthetic_data
from autograder.grading import MOST_AT_ONCE, Graded, Grader, OnVerdict, check_questions, faulty, unreadable
from autograder.overrides import OverridesError, decisions_for, read_overrides
from autograder.program.choice import the_submission
from autograder.report.result import result_of
from autograder.rubric import DEFAULT_RUBRIC, Rubric, RubricError, read_rubric
from autograder.submission.bundle import Bundle, digest_of, read_bundles, submission_name
from autograder.submission.decisions import Decisions
from autograder.submission.notebook import NothingThere, Unreadable


class CannotGrade(Exception):
    """The command itself is wrong: no such data, a broken rubric, an unknown check. The message is one sentence."""


@dataclass(frozen=True)
class Setup:
    """What a grading is done with."""

    data_set: DataSet
    rubric: Rubric
    seed: int
    only: tuple[str, ...]
    device: str = "cpu"
    overrides: Mapping[str, Decisions] = field(default_factory=dict)
    sandbox: Sandbox = Sandbox.NONE

    @property
    def questions(self) -> dict[str, str]:
        return self.rubric.questions

    def grader(self, at_once: int = MOST_AT_ONCE, pages: bool = False) -> Grader:
        return Grader(self.data_set, self.rubric, self.seed, self.only, None, self.device, self.sandbox, at_once, pages)

    def result(self, graded: Graded) -> dict[str, Any]:
        return result_of(graded, self.rubric, self.data_set.digest, self.seed, self.sandbox)


def prepare(
    data: Path | None = None,
    seed: int = 0,
    only: Collection[str] = (),
    rubric: Path = DEFAULT_RUBRIC,
    device: str = "cpu",
    overrides: Path | None = None,
    sandbox: Sandbox | None = None,
) -> Setup:
    """Read rubric and data.

    Args: data: a folder with train, test_w and test_m; None for the synthetic shoes, made once into a cache; device:
        where networks are computed, "cpu" or "cuda"; overrides: the file with an instructor's decisions on single
        submissions, which need not be there; sandbox: what submissions are kept in, None for the best there is.
    Raises: CannotGrade.
    """
    sandbox = best_sandbox() if sandbox is None else sandbox
    if sandbox is Sandbox.CAGE and why_no_cage():
        raise CannotGrade(
            f"there is no cage for strangers' code here: {why_no_cage()}. With --no-sandbox it runs with all that the "
            "account of the grader may do"
        )
    if sandbox is Sandbox.CAGE and device == "cuda":
        raise CannotGrade("a GPU cannot be reached from within the cage; --device cuda needs --no-sandbox")
    if device not in ("cpu", "cuda"):
        raise CannotGrade(f"the device is {device!r}, and can be cpu or cuda")
    prefixes = tuple(part.strip() for part in only if part.strip())
    for prefix in prefixes:
        if not chosen_checks([prefix]):
            known = ", ".join(dict.fromkeys(id.split(".")[0] for id in CHECKS))
            raise CannotGrade(f"no check begins with {prefix!r}; there are {known}")
    try:
        return Setup(
            read_data_set(data if data is not None else synthetic_data()),
            read_rubric(rubric, check_questions()),
            seed,
            prefixes,
            device,
            read_overrides(overrides) if overrides is not None else {},
            sandbox,
        )
    except (UnusableData, RubricError, OverridesError) as problem:
        raise CannotGrade(str(problem)) from problem
    except OSError as problem:
        raise CannotGrade(f"{problem.filename or data} cannot be used: {problem.strerror or problem}") from problem


def read_submission(path: Path, setup: Setup) -> Bundle:
    """What is graded of a submission; raises Unreadable where there is nothing."""
    decided = decisions_for(setup.overrides, path)
    return the_submission(read_bundles(path, setup.rubric.limits.notebook_mebibytes, decided))


def grade_path(path: Path, setup: Setup, grader: Grader, on_verdict: OnVerdict = lambda check, verdict: None) -> Graded:
    """Grade one submission; raises Unreadable where there is nothing to grade."""
    return grader.grade(read_submission(path, setup), on_verdict)


def grade_what_is_there(
    path: Path, setup: Setup, grader: Grader, on_verdict: OnVerdict = lambda check, verdict: None
) -> Graded:
    """Grade one submission; one that cannot be read gets a result that says so. Raises NothingThere."""
    try:
        return grade_path(path, setup, grader, on_verdict)
    except NothingThere:
        raise
    except Unreadable as problem:
        return _unread(path, problem, grader)


def grade_path_or_say_why(path: Path, setup: Setup, grader: Grader) -> Graded:
    """Grade one submission of a class; one that cannot be read gets a result that says so.

    Nor is a link read: in a folder of submissions it may be a student's, and lead to somebody else's work.
    """
    if path.is_symlink():
        problem = Unreadable(f"{path.name} is a link to another place; put the file itself into the folder")
        return unreadable(submission_name(path), "", problem, grader.checks)
    try:
        return grade_path(path, setup, grader)
    except Unreadable as problem:
        return _unread(path, problem, grader)
    except Exception as fault:  # a fault of ours must not cost the others their results
        return faulty(submission_name(path), fault, grader.checks)


def _unread(path: Path, problem: Unreadable, grader: Grader) -> Graded:
    try:
        digest = digest_of(path)
    except OSError:
        digest = ""
    return unreadable(submission_name(path), digest, problem, grader.checks)
