"""Results with verdicts of a test's own, for tests of what is made of results."""

from collections.abc import Mapping
from typing import Any

from autograder.boundary.sandbox import Sandbox
from autograder.grading import Graded
from autograder.report.result import result_of
from autograder.rubric import Rubric
from autograder.verdict import Verdict, passed

Results = dict[str, dict[str, Any]]


def result(
    rubric: Rubric,
    verdicts: Mapping[str, Verdict] | None = None,
    name: str = "anna",
    resolved: Mapping[str, Mapping[str, Any]] | None = None,
    notes: tuple[str, ...] = (),
    sandbox: Sandbox = Sandbox.CAGE,
) -> dict[str, Any]:
    """A result with these verdicts, by default with one that passed."""
    every = verdicts or {"same.shape": passed("six rows")}
    return result_of(Graded(name, "d1", every, resolved or {}, notes), rubric, "d2", 7, sandbox)


def class_of(rubric: Rubric, *verdicts: Mapping[str, Verdict]) -> Results:
    """A class in which each submission has these verdicts; their folders are called s0, s1, and so on."""
    return {f"s{number}": result(rubric, every, f"s{number}") for number, every in enumerate(verdicts)}
