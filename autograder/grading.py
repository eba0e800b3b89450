"""The whole way from a submission to its result, in one place: read this first.

A path becomes a bundle of cells (`submission`); its text is understood as roles and dependencies (`program`); workers
run what a role needs (`boundary`, `worker`) and what they answer becomes evidence (`evidence`); each check turns the
evidence that it names into a verdict (`checks`); the rubric turns verdicts into points, and a report shows them
(`report`).
"""

import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from autograder.boundary.sandbox import Sandbox
from autograder.boundary.showing import NotebookAsHtml, notebook_as_html
from autograder.boundary.workers import Template
from autograder.checks import CHECKS, Check, Settings, chosen_checks, judge
from autograder.checks.held import held
from autograder.datasets import CodedData, DataSet, Photographs
from autograder.evidence import accuracy, data, memorising, models, pairs, testing, training, written
from autograder.evidence.figures import Figure, figures_of
from autograder.evidence.kinds import (
    AccuracyRuns,
    ChannelRun,
    CnnRun,
    DifferentPairs,
    LoadedData,
    NoEvidence,
    SamePairs,
    Written,
    stopped,
)
from autograder.evidence.laboratory import Laboratory
from autograder.evidence.photographs import photographs_of
from autograder.evidence.training_kinds import ChannelMemory, CnnMemory, Curve, TestRun, TrainingRun
from autograder.program.excerpts import Excerpt, excerpts
from autograder.program.reaching import reaches
from autograder.program.rivals import rivals_of
from autograder.program.understanding import Understanding
from autograder.rubric import Rubric
from autograder.submission.bundle import Bundle
from autograder.submission.notebook import Unreadable
from autograder.verdict import Outcome, Verdict

# The quick ones first, so that a person sees the first verdict soon.
COLLECTORS: dict[type, Callable[[Laboratory], Iterator[Any]]] = {
    Written: written.collect,
    SamePairs: pairs.collect_same,
    DifferentPairs: pairs.collect_different,
    AccuracyRuns: accuracy.collect,
    CnnRun: models.collect_cnn,
    ChannelRun: models.collect_channel,
    LoadedData: data.collect,
}
# Those that train take long and need nothing of each other, so they run side by side, each in workers of its own. The
# longest begins first.
TRAINING_COLLECTORS: dict[type, Callable[[Laboratory], Iterator[Any]]] = {
    TestRun: testing.collect,
    TrainingRun: training.collect,
    CnnMemory: memorising.collect_cnn,
    ChannelMemory: memorising.collect_channel,
}
MOST_AT_ONCE = 4
AS_EXECUTED = (
    "From top to bottom the notebook stops, so its cells were run in the order of their numbers, as they were last run."
)
OnVerdict = Callable[[Check, Verdict], None]
Value = TypeVar("Value")


@dataclass(frozen=True)
class Graded:
    """A submission's verdicts by check id, in the rubric's order; resolved: by role, what was taken for it and what
    else could be meant; code: the text of what was taken; figures: by question, what of the evidence one sees at a
    glance.

    curves: of the trainings that were run, by name; seconds: of wall-clock time by kind of evidence, and printed: what
    the submission wrote to its standard output, by the function that was tried, which are no part of the result. Nor
    are, for a page: pictures of the shoes that the figures name (JPEG), by name, and the notebook, None where none
    is wanted or it could not be made. bundle: what was graded, None where there was nothing.
    """

    name: str
    digest: str
    verdicts: Mapping[str, Verdict]
    resolved: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    curves: Mapping[str, Curve] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    printed: Mapping[str, str] = field(default_factory=dict)
    bundle: Bundle | None = None
    notebook: NotebookAsHtml | None = None
    code: Mapping[str, Excerpt] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict)


class Grader:
    """Grades submissions one after another on one data set; its template process is shared by all of them."""

    def __init__(
        self,
        data_set: DataSet,
        rubric: Rubric,
        seed: int,
        only: Collection[str] = (),
        template: Template | None = None,
        device: str = "cpu",
        sandbox: Sandbox | None = None,
        at_once: int = MOST_AT_ONCE,
        pages: bool = False,
    ) -> None:
        """Args: sandbox: None for the best there is; at_once: how many trainings of a submission may run side by side,
        if there are processors for them; pages: whether what is graded will be shown with its notebook."""
        self.data_set = data_set
        self.rubric = rubric
        self.seed = seed
        self.checks = checks_to_judge(rubric, only)
        self._pages = pages
        self._coded = CodedData(data_set, seed)
        self._photographs = Photographs(data_set)
        self._template = template or Template(rubric.limits, device, sandbox)
        self._lanes = max(1, min(at_once, MOST_AT_ONCE, os.cpu_count() or 1))

    def sibling(self, data_set: DataSet, only: Collection[str]) -> "Grader":
        """A grader for other checks or other data on the same template process."""
        return Grader(data_set, self.rubric, self.seed, only, self._template)

    def grade(self, bundle: Bundle, on_verdict: OnVerdict = lambda check, verdict: None) -> Graded:
        """Collect evidence and judge it; verdicts are reported as they come."""
        understanding = Understanding(bundle)
        laboratory = Laboratory(self._template, understanding, self._coded, self.rubric, self.seed, self._photographs)
        settings = Settings(self.rubric.imread_gave_bytes, self.rubric.thresholds)
        progress = _Progress(on_verdict)
        reached = reaches(bundle)
        for check in (c for c in self.checks if c.evidence is None):
            progress.told(check, judge(check, {}, progress.verdicts, settings))

        def look_into(kind: type, collect: Callable[[Laboratory], Iterator[Any]]) -> None:
            checks = [check for check in self.checks if check.evidence is kind]
            if not checks:
                return
            started = time.monotonic()
            found, evidence = self._best(checks, kind, collect, laboratory, settings)
            progress.collected(kind, evidence, time.monotonic() - started)
            for check in checks:
                progress.told(check, held(kind, found[check.id], reached))

        for kind, collect in COLLECTORS.items():
            look_into(kind, collect)
        with ThreadPoolExecutor(self._lanes) as lanes:
            try:
                for done in [lanes.submit(look_into, *entry) for entry in TRAINING_COLLECTORS.items()]:
                    done.result()
            except BaseException:
                # Nobody waits for the end of a training after Ctrl-C: without workers, the lanes end at once.
                lanes.shutdown(wait=False, cancel_futures=True)
                self.close()
                raise
        progress.seconds["processor time of the submission's own code"] = sum(laboratory.own_seconds)
        ordered = {check.id: progress.verdicts[check.id] for check in self.checks}
        resolved = understanding.declared() | laboratory.resolved
        tried = {role: entry for role, entry in resolved.items() if role in laboratory.tried}
        rivals = _or_nothing(lambda: rivals_of(understanding, tried, laboratory.ruled_out))
        named = {role.value: resolved[role] | rivals.get(role.value, {}) for role in sorted(resolved)}
        return Graded(
            bundle.name,
            bundle.digest,
            ordered,
            named,
            notes_on(bundle),
            progress.curves,
            progress.seconds,
            laboratory.printed,
            bundle,
            self._as_html(bundle),
            _or_nothing(lambda: {role.value: found for role, found in excerpts(understanding, resolved).items()}),
            progress.figures,
            _or_nothing(lambda: photographs_of(progress.figures, self._photographs)) if self._pages else {},
        )

    def _as_html(self, bundle: Bundle) -> NotebookAsHtml | None:
        if not self._pages:
            return None
        try:
            return notebook_as_html(self._template, bundle.files, self.rubric.limits.notebook_mebibytes * 2**20)
        except Exception:  # as of all that is only shown
            return None

    def _best(
        self,
        checks: list[Check],
        kind: type,
        collect: Callable[[Laboratory], Iterator[Any]],
        laboratory: Laboratory,
        settings: Settings,
    ) -> tuple[dict[str, Verdict], Any]:
        """The verdicts on the first evidence that is right throughout, else on the one that earns most points."""
        best: dict[str, Verdict] = {}
        most, chosen = -1.0, None
        try:
            for evidence in _readings(collect, laboratory):
                verdicts: dict[str, Verdict] = {}
                for check in checks:
                    verdicts[check.id] = judge(check, {kind: evidence}, verdicts, settings)
                points = sum(earned(self.rubric, check.id, verdicts[check.id]) for check in checks)
                if points > most:
                    best, most, chosen = verdicts, points, evidence
                if all(verdict.outcome is Outcome.PASS for verdict in verdicts.values()):
                    break
                if isinstance(evidence, NoEvidence) and evidence.outcome is Outcome.MISSING:
                    break
        except Exception as fault:  # a fault of ours must cost no other check and no other submission
            message = f"the grader itself failed with {type(fault).__name__}: {fault}"
            return {check.id: Verdict(Outcome.ERROR, observed=message[:400]) for check in checks}, None
        return best, chosen

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


def _readings(collect: Callable[[Laboratory], Iterator[Any]], laboratory: Laboratory) -> Iterator[Any]:
    """The evidence on a notebook from top to bottom; where that failed, also in the order in which it was run."""
    seen: Any = None
    for seen in collect(laboratory):
        yield seen
    if stopped(seen) and laboratory.as_executed is not None:
        for seen in collect(laboratory.as_executed):
            yield seen if isinstance(seen, NoEvidence) else replace(seen, remark=f"{seen.remark} {AS_EXECUTED}".strip())


class _Progress:
    """What has been found out of a submission so far, also by several threads at once."""

    def __init__(self, on_verdict: OnVerdict) -> None:
        self.verdicts: dict[str, Verdict] = {}
        self.curves: dict[str, Curve] = {}
        self.figures: dict[str, Figure] = {}
        self.seconds: dict[str, float] = {}
        self._on_verdict = on_verdict
        self._one_at_a_time = threading.Lock()

    def told(self, check: Check, verdict: Verdict) -> None:
        with self._one_at_a_time:
            self.verdicts[check.id] = verdict
            self._on_verdict(check, verdict)

    def collected(self, kind: type, evidence: Any, seconds: float) -> None:
        with self._one_at_a_time:
            self.seconds[kind.__name__] = seconds
            self.curves |= getattr(evidence, "curves", {})
            self.figures |= _or_nothing(lambda: figures_of(evidence))


def _or_nothing(make: Callable[[], Mapping[str, Value]]) -> Mapping[str, Value]:
    """What is only shown: where we fail to make it, that costs nobody a verdict."""
    try:
        return make()
    except Exception:
        return {}


def checks_to_judge(rubric: Rubric, only: Collection[str]) -> tuple[Check, ...]:
    """All checks, or those of some prefixes with what they need, in the rubric's order."""
    return tuple(sorted(chosen_checks(only), key=lambda check: list(rubric.points).index(check.id)))


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
    return (*bundle.notes, *(f"cell {cell.cell} was left out: {cell.reason}" for cell in bundle.unparsed))


def check_questions() -> dict[str, str]:
    """The question of every declared check, as the rubric is compared with it."""
    return {check.id: check.question for check in CHECKS.values()}
