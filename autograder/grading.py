"""The whole way from a submission to its result, in one place: read this first.

A path becomes a bundle of cells (`submission`); its text is understood as roles and dependencies (`program`); workers
run what a role needs (`boundary`, `worker`) and what they answer becomes evidence (`evidence`); each check turns the
evidence that it names into a verdict (`checks`); the rubric turns verdicts into points, and a report shows them
(`report`).
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.boundary.workers import Template
from autograder.checks import CHECKS, Check, Settings, chosen_checks, judge
from autograder.datasets import CodedData, DataSet
from autograder.evidence import accuracy, data, models, pairs
from autograder.evidence.kinds import (
    AccuracyRuns,
    ChannelRun,
    CnnRun,
    DifferentPairs,
    LoadedData,
    NoEvidence,
    SamePairs,
)
from autograder.evidence.laboratory import Laboratory
from autograder.program.understanding import Understanding
from autograder.rubric import Rubric
from autograder.submission.bundle import Bundle
from autograder.submission.notebook import Unreadable
from autograder.verdict import Outcome, Verdict

# The quick ones first, so that a person sees the first verdict soon.
COLLECTORS: dict[type, Callable[[Laboratory], Iterator[Any]]] = {
    SamePairs: pairs.collect_same,
    DifferentPairs: pairs.collect_different,
    AccuracyRuns: accuracy.collect,
    CnnRun: models.collect_cnn,
    ChannelRun: models.collect_channel,
    LoadedData: data.collect,
}
OnVerdict = Callable[[Check, Verdict], None]


@dataclass(frozen=True)
class Graded:
    """A submission's verdicts by check id, in the rubric's order; resolved: by role, what was taken for it.

    seconds: of wall-clock time by kind of evidence; they are no part of the result.
    """

    name: str
    digest: str
    verdicts: Mapping[str, Verdict]
    resolved: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)


class Grader:
    """Grades submissions one after another on one data set; its template process is shared by all of them."""

    def __init__(
        self,
        data_set: DataSet,
        rubric: Rubric,
        seed: int,
        only: Collection[str] = (),
        template: Template | None = None,
    ) -> None:
        self.data_set = data_set
        self.rubric = rubric
        self.seed = seed
        self.checks = tuple(sorted(chosen_checks(only), key=lambda c: list(rubric.points).index(c.id)))
        self._coded = CodedData(data_set, seed)
        self._template = template or Template(rubric.limits)

    def sibling(self, data_set: DataSet, only: Collection[str]) -> "Grader":
        """A grader for other checks or other data on the same template process."""
        return Grader(data_set, self.rubric, self.seed, only, self._template)

    def grade(self, bundle: Bundle, on_verdict: OnVerdict = lambda check, verdict: None) -> Graded:
        """Collect evidence and judge it; verdicts are reported as they come."""
        understanding = Understanding(bundle)
        laboratory = Laboratory(self._template, understanding, self._coded, self.rubric.limits, self.seed)
        settings = Settings(self.rubric.imread_gave_bytes)
        verdicts: dict[str, Verdict] = {}
        seconds: dict[str, float] = {}
        for check in (c for c in self.checks if c.evidence is None):
            verdicts[check.id] = judge(check, {}, verdicts, settings)
            on_verdict(check, verdicts[check.id])
        for kind, collect in COLLECTORS.items():
            checks = [check for check in self.checks if check.evidence is kind]
            if not checks:
                continue
            started = time.monotonic()
            found = self._best(checks, kind, collect(laboratory), settings)
            seconds[kind.__name__] = time.monotonic() - started
            for check in checks:
                verdicts[check.id] = found[check.id]
                on_verdict(check, found[check.id])
        ordered = {check.id: verdicts[check.id] for check in self.checks}
        resolved = understanding.declared() | laboratory.resolved
        named = {role.value: resolved[role] for role in sorted(resolved)}
        return Graded(bundle.name, bundle.digest, ordered, named, notes_on(bundle), seconds)

    def _best(self, checks: list[Check], kind: type, variants: Iterator[Any], settings: Settings) -> dict[str, Verdict]:
        """The verdicts on the first evidence that is right throughout, else on the one that earns most points."""
        best: dict[str, Verdict] = {}
        most = -1.0
        try:
            for evidence in variants:
                verdicts: dict[str, Verdict] = {}
                for check in checks:
                    verdicts[check.id] = judge(check, {kind: evidence}, verdicts, settings)
                points = sum(earned(self.rubric, check.id, verdicts[check.id]) for check in checks)
                if points > most:
                    best, most = verdicts, points
                if all(verdict.outcome is Outcome.PASS for verdict in verdicts.values()):
                    break
                if isinstance(evidence, NoEvidence) and evidence.outcome is Outcome.MISSING:
                    break
        except Exception as fault:  # a fault of ours must cost no other check and no other submission
            message = f"the grader itself failed with {type(fault).__name__}: {fault}"
            return {check.id: Verdict(Outcome.ERROR, observed=message[:400]) for check in checks}
        return best

    def close(self) -> None:
        """End the template process."""
        self._template.close()

    @property
    def processor_seconds(self) -> float:
        """Processor time of the workers so far; after `close` also that of the template process."""
        return self._template.processor_seconds

    def __enter__(self) -> "Grader":
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()


def unreadable(name: str, digest: str, problem: Unreadable, checks: Collection[Check]) -> Graded:
    """The result of a submission in which there is nothing to grade: missing everywhere, for one reason."""
    verdicts = {check.id: Verdict(Outcome.MISSING, observed=str(problem)) for check in checks}
    return Graded(name, digest, verdicts, notes=(str(problem),))


def faulty(name: str, fault: Exception, checks: Collection[Check]) -> Graded:
    """The result where the grader itself failed before it could judge anything."""
    message = f"the grader itself failed with {type(fault).__name__}: {fault}"[:400]
    verdicts = {check.id: Verdict(Outcome.ERROR, observed=message) for check in checks}
    return Graded(name, "", verdicts, notes=(message,))


def earned(rubric: Rubric, check: str, verdict: Verdict) -> float:
    """The points of a verdict."""
    if verdict.outcome is Outcome.PASS:
        return rubric.points[check]
    if verdict.outcome is Outcome.PARTIAL:
        return rubric.points[check] * rubric.partial_credit
    return 0.0


def notes_on(bundle: Bundle) -> tuple[str, ...]:
    """What is worth saying about a bundle as a whole."""
    return tuple(f"cell {cell.cell} was left out: {cell.reason}" for cell in bundle.unparsed)


def check_questions() -> dict[str, str]:
    """The question of every declared check, as the rubric is compared with it."""
    return {check.id: check.question for check in CHECKS.values()}


def read_folder_entries(folder: Path) -> list[Path]:
    """The submissions in a folder: every entry that is not hidden, by name."""
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith((".", "__MACOSX")))
