"""Question 3a: the submission's own training on coded pictures, watched step by step."""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from autograder.evidence.accuracy import GRADERS_GENERATORS
from autograder.evidence.classroom import Classroom
from autograder.evidence.data import training_students
from autograder.evidence.kinds import NoEvidence
from autograder.evidence.laboratory import Laboratory, Raised, Unavailable, raised_evidence
from autograder.evidence.orders import Lesson, Order, Trained
from autograder.evidence.pairs import generator
from autograder.evidence.running import no_training, ordered_calls, problem_words, run_somehow, run_training, trainer
from autograder.evidence.training_kinds import OtherSize, TrainingRun
from autograder.evidence.training_record import training_record
from autograder.program.names import Role
from autograder.program.parameters import ExampleCall, meaning_of, resolved_names
from autograder.program.training import Trainer, TrainingCall
from autograder.verdict import Outcome

MOST_STEPS, MOST_LONG_STEPS, MOST_SHORT_STEPS = 60, 130, 10
LEAST_SECONDS = 5.0
LARGE_BATCH = 40
CAREFUL_RATE = 0.0005


def collect(laboratory: Laboratory) -> Iterator[TrainingRun | NoEvidence]:
    """The training with the submission's own pair generators, then with right ones in their place."""
    function = trainer(laboratory)
    if isinstance(function, NoEvidence):
        yield function
        return
    classroom = Classroom(laboratory.seed, training_students(laboratory))
    observation = _Observation(laboratory, classroom, function)
    own = observation.record()
    yield own
    if isinstance(own, TrainingRun) and _loss_rises(own):
        # Coded pictures have more contrast than photographs, so a rate that is well chosen for these may be too high.
        yield replace(observation, settings={"learning_rate": CAREFUL_RATE}).record()
    replaced = {}
    for role, kind in ((Role.SAME, "same"), (Role.DIFFERENT, "different")):
        found = generator(laboratory, role)
        if found is not None:
            replaced[found.name] = kind
    if replaced and not (isinstance(own, TrainingRun) and _learns_from_pairs(own)):
        yield replace(observation, replaced=replaced).record()


def _loss_rises(run: TrainingRun) -> bool:
    losses = [batch.loss for batch in run.batches]
    return bool(losses) and not losses[-1] <= losses[0] + 0.1


def _learns_from_pairs(run: TrainingRun) -> bool:
    """Whether every example is a pair or a wrong pair of one student, so that right generators would change nothing."""
    return bool(run.batches) and all(
        not batch.unreadable and all("&" not in key for key in batch.different) for batch in run.batches
    )


@dataclass(frozen=True)
class _Observation:
    """One way to watch a submission's training.

    replaced: functions that are exchanged for right ones, name to "same" or "different"; settings: by meaning, in the
    place of the notebook's.
    """

    laboratory: Laboratory
    classroom: Classroom
    function: Trainer
    replaced: Mapping[str, str] | None = None
    settings: Mapping[str, Any] | None = None

    def record(self) -> TrainingRun | NoEvidence:
        """Run the training as the notebook does, and again where that leaves something unseen."""
        laboratory, function = self.laboratory, self.function
        calls = sorted(
            ordered_calls(laboratory, function, None, False),
            # One of a loop over many settings comes last: the first of these need not be a good one.
            key=lambda call: (call.repeated, _is_slow(call, function, laboratory)),
        )
        batch = next((size for call in calls if (size := _batch_size(call.example, function, laboratory))), None)
        names = function.arrays(laboratory.understanding)
        order = Order(
            MOST_STEPS,
            self._seconds_left(),
            partial(self.classroom.lesson, settings=self.settings),
            self.classroom.under_names(names, batch),
        )
        try:
            trained, _ = run_somehow(laboratory, function, calls, order, self.replaced)
        except Unavailable as unavailable:
            return unavailable.reason
        laboratory.watch_seconds_left -= trained.seconds
        laboratory.resolved[Role.TRAIN] = {
            "name": function.candidate.name,
            "cell": function.candidate.cell,
            "parameters": resolved_names(list(trained.arguments)),
        }
        run = self._seen_without_steps(trained) if not trained.trace.steps else self._seen(trained)
        if isinstance(run, TrainingRun) and self.replaced:
            run = replace(run, remark=f"{run.remark} {GRADERS_GENERATORS}".strip())
        return run

    def _seconds_left(self) -> float:
        return max(LEAST_SECONDS, self.laboratory.watch_seconds_left)

    def _record(self, trained: Trained) -> TrainingRun:
        return training_record(self.laboratory, self.classroom, self.function, trained)

    def _again(self, trained: Trained, steps: int, lesson: Callable[[int | None, int], Lesson]) -> Trained | None:
        """The same training on other data; None where it does not even begin."""
        order = replace(trained.order, steps=steps, seconds=self._seconds_left(), lesson=lesson)
        try:
            other, _ = run_training(self.laboratory, self.function, trained.call, order, self.replaced)
        except Unavailable:
            return None
        self.laboratory.watch_seconds_left -= other.seconds
        return other

    def _seen_without_steps(self, trained: Trained) -> TrainingRun | NoEvidence:
        """What there is to say where training stopped before its first step, or never took one."""
        if trained.stopped is None and trained.problem is not None:
            why = raised_evidence(self.function.candidate.name, Raised(trained.problem))
            return why if why.outcome is not Outcome.FAIL else replace(self._record(trained), hint=why.hint)
        if trained.stopped is None and trained.trace.evaluations:
            return self._record(trained)
        return no_training(self.function, trained)

    def _seen(self, trained: Trained) -> TrainingRun:
        run = self._record(trained)
        if self.laboratory.watch_seconds_left <= 0:
            return run
        if run.problem:
            return self._with_whole_batches(trained, run)
        run = self._with_patience(trained, run)
        return replace(run, others=self._at_other_sizes(trained))

    def _with_whole_batches(self, trained: Trained, run: TrainingRun) -> TrainingRun:
        """A training that a short last batch stops goes on without one, and all else can be seen."""
        lesson = partial(self.classroom.lesson, settings=self.settings, whole=True)
        other = self._again(trained, MOST_STEPS, lesson)
        if other is None or problem_words(other) or len(other.trace.steps) <= len(run.batches):
            return run
        seen = self._with_patience(other, self._record(other))
        return replace(seen, problem=run.problem, stopped_after=run.stopped_after, hint=run.hint, mended=True)

    def _with_patience(self, trained: Trained, run: TrainingRun) -> TrainingRun:
        """The same run with what shows only after many steps, where a loop measures or saves but every fifty."""
        moments = {evaluation.at for evaluation in run.evaluations if evaluation.whose == "valid"}
        saved = any(save.fits and save.trained for save in run.saves) or not run.text.saves
        if (len(moments) > 1 and saved) or "batch_size" not in trained.used:
            return run
        other = self._again(trained, MOST_LONG_STEPS, lambda size, weights: self.classroom.long_lesson())
        if other is None or problem_words(other) or len(other.trace.steps) <= len(run.batches):
            return run
        seen = self._record(other)
        if not saved and not any(save.fits and save.trained for save in seen.saves) and len(moments) > 1:
            return run
        kept = {"loss", "batches", "shown", "layouts", "scrambled", "settings", "examples"}
        kept |= {"held", "parameters", "functions"}
        return replace(seen, **{name: getattr(run, name) for name in kept}, later=seen.batches)

    def _at_other_sizes(self, trained: Trained) -> tuple[OtherSize, ...]:
        """Whether it also runs where the last batch is a short one."""
        used = trained.used.get("batch_size")
        size = None if used is None else 8 if used != 8 else 12
        lesson = self.classroom.short_lesson(size)
        other = self._again(trained, MOST_SHORT_STEPS, lambda batch, weights: lesson)
        if other is None:
            return ()
        # What merely took too long, or had no batch to take, says nothing about sizes.
        problem = problem_words(other) if other.problem is not None else ""
        wrong = sum(batch.wrong_labels for batch in self._record(other).batches)
        return (OtherSize(size, len(lesson.train), problem, wrong),)


def _batch_size(example: ExampleCall | None, function: Trainer, laboratory: Laboratory) -> int | None:
    """The batch size of a call as far as the text tells: an argument, or the parameter's default."""
    node = laboratory.understanding.dependencies.statements[function.candidate.position].node
    if not isinstance(node, ast.FunctionDef):
        return None
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    values: dict[str, Any] = {}
    for argument, default in zip(reversed(node.args.args), reversed(node.args.defaults), strict=False):
        values[argument.arg] = getattr(default, "value", None)
    if example is not None:
        values |= dict(zip(names, example.positional, strict=False)) | example.keyword
    for name, value in values.items():
        if meaning_of(name) == "batch_size" and isinstance(value, int) and 0 < value < 10_000:
            return value
    return None


def _is_slow(call: TrainingCall, function: Trainer, laboratory: Laboratory) -> bool:
    size = _batch_size(call.example, function, laboratory)
    return size is None or size > LARGE_BATCH
