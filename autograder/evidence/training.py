"""Question 3a: the submission's own training on coded pictures, watched step by step."""

import ast
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.evidence.accuracy import GRADERS_GENERATORS
from autograder.evidence.exam import answers_of
from autograder.evidence.kinds import NoEvidence
from autograder.evidence.laboratory import Laboratory, Unavailable
from autograder.evidence.losses import CROSS_ENTROPY, UNKNOWN, read_loss
from autograder.evidence.pairs import generator
from autograder.evidence.running import (
    Lesson,
    Order,
    Trained,
    no_training,
    ordered_calls,
    problem_words,
    run_somehow,
    run_training,
    trainer,
)
from autograder.evidence.trace import Pass, Step, Trace
from autograder.evidence.training_kinds import Batch, Evaluation, OtherSize, TrainingRun
from autograder.program.behaviour import called, calls_in
from autograder.program.names import Role
from autograder.program.parameters import ExampleCall, meaning_of, resolved_names
from autograder.program.training import Trainer, TrainingCall
from fixtures.catalogue import Shoe
from fixtures.coded import Codebook

FEWEST_STUDENTS, MOST_STUDENTS = 6, 42
VALID_STUDENTS = 5
USUAL_BATCH = 16
# Enough steps to see an order come back, gradients pile up, a mode that is never restored.
FEWEST_STEPS, FEWEST_EPOCHS = 16, 3
MOST_STEPS = 60
LARGE_BATCH = 40
# With more weights than this in its convolutions (n = 20 at 3 x 3, n = 9 at 7 x 7), a model takes long for every step.
HEAVY = 150_000
CAREFUL_RATE = 0.0005
# Gradients that are not cleared have the length of a gradient; rounding leaves none at all.
CLEARED = 1e-12
_FIRST_NUMBER = 1000
Kind = tuple[Shoe, Shoe]


class Classroom:
    """Imaginary students with coded pictures: those that a training is given, and others under the global names, so
    that code which uses a global array in the place of its parameter is found out."""

    def __init__(self, seed: int) -> None:
        numbers = range(_FIRST_NUMBER, _FIRST_NUMBER + 2 * (MOST_STUDENTS + VALID_STUDENTS))
        shoes = [Shoe("train", number, pair, side) for number in numbers for pair in (1, 2, 3) for side in (0, 1)]
        self.codebook = Codebook(shoes, seed + 7)
        everyone = self.codebook.students("train")
        self._valid, self._global_valid = everyone[:VALID_STUDENTS], everyone[VALID_STUDENTS : 2 * VALID_STUDENTS]
        self._train = everyone[2 * VALID_STUDENTS : 2 * VALID_STUDENTS + MOST_STUDENTS]
        self._global_train = everyone[2 * VALID_STUDENTS + MOST_STUDENTS :]

    def train(self, count: int) -> NDArray[np.float32]:
        return self.codebook.array(self._train[:count])

    @cached_property
    def valid(self) -> NDArray[np.float32]:
        return self.codebook.array(self._valid)

    def under_names(self, names: Mapping[str, Role], count: int) -> dict[str, NDArray[np.float32]]:
        """Arrays of the other students, under what a submission calls its own."""
        train, valid = self.codebook.array(self._global_train[:count]), self.codebook.array(self._global_valid)
        return {name: train if role is Role.TRAIN_DATA else valid for name, role in names.items()}

    def whose(self, shoe: Shoe) -> tuple[str, bool]:
        """Whether a shoe belongs to a training or a validation student, and whether under a global name."""
        student = shoe.folder, shoe.student
        for whose, students, is_global in (
            ("train", self._train, False),
            ("train", self._global_train, True),
            ("valid", self._valid, False),
            ("valid", self._global_valid, True),
        ):
            if student in students:
                return whose, is_global
        return "other", False


def collect(laboratory: Laboratory) -> Iterator[TrainingRun | NoEvidence]:
    """The training with the submission's own pair generators, then with right ones in their place."""
    function = trainer(laboratory)
    if isinstance(function, NoEvidence):
        yield function
        return
    own = _collect(laboratory, function, {})
    yield own
    if isinstance(own, TrainingRun) and _loss_rises(own):
        # Coded pictures have more contrast than photographs, so a rate that is well chosen for these may be too high.
        yield _collect(laboratory, function, {}, {"learning_rate": CAREFUL_RATE})
    replaced = {}
    for role, kind in ((Role.SAME, "same"), (Role.DIFFERENT, "different")):
        found = generator(laboratory, role)
        if found is not None:
            replaced[found.name] = kind
    if replaced and not (isinstance(own, TrainingRun) and _learns_from_pairs(own)):
        yield _collect(laboratory, function, replaced)


def _loss_rises(run: TrainingRun) -> bool:
    losses = [batch.loss for batch in run.batches]
    return not losses[-1] <= losses[0] + 0.1


def _learns_from_pairs(run: TrainingRun) -> bool:
    """Whether every example is a pair or a wrong pair of one student, so that right generators would change nothing."""
    return all(not batch.unreadable and all("&" not in key for key in batch.different) for batch in run.batches)


def _collect(
    laboratory: Laboratory,
    function: Trainer,
    replaced: Mapping[str, str],
    settings: Mapping[str, Any] | None = None,
) -> TrainingRun | NoEvidence:
    classroom = Classroom(laboratory.seed)
    calls = sorted(
        ordered_calls(laboratory, function, None, False),
        # One of a loop over many settings comes last: the first of these need not be a good one.
        key=lambda call: (call.repeated, _is_slow(call, function, laboratory)),
    )
    batch = next((size for call in calls if (size := _batch_size(call.example, function, laboratory))), None)
    order = Order(
        MOST_STEPS,
        max(5.0, laboratory.watch_seconds_left),
        lambda size, weights: _lesson(classroom, size, weights, settings or {}),
        classroom.under_names(function.arrays(laboratory.understanding), _students_for(batch or USUAL_BATCH)),
    )
    try:
        trained, _ = run_somehow(laboratory, function, calls, order, replaced)
        laboratory.watch_seconds_left -= trained.seconds
    except Unavailable as unavailable:
        return unavailable.reason
    laboratory.resolved[Role.TRAIN] = {
        "name": function.candidate.name,
        "cell": function.candidate.cell,
        "parameters": resolved_names(list(trained.arguments)),
    }
    if not trained.trace.steps:
        return no_training(function, trained)
    run = _run_record(laboratory, classroom, function, trained)
    if not run.problem and laboratory.watch_seconds_left > 0:
        run = _with_patience(laboratory, classroom, function, trained, replaced, run)
        run = replace(run, others=_at_other_sizes(laboratory, classroom, function, trained, replaced))
    if replaced:
        run = replace(run, remark=f"{run.remark} {GRADERS_GENERATORS}".strip())
    return run


# --- what a training is given


def _students_for(batch: int) -> int:
    """As many students as two batches and more need, if possible so that the last batch is a whole one."""
    half = max(1, batch // 2)
    least = min(MOST_STUDENTS, max(FEWEST_STUDENTS, math.ceil(2 * half / 3)))
    even = (count for count in range(least, min(2 * least, MOST_STUDENTS) + 1) if 3 * count % half == 0)
    return next(even, least)


def _lesson(classroom: Classroom, batch: int | None, weights: int, settings: Mapping[str, Any]) -> Lesson:
    batch = batch or USUAL_BATCH
    half = max(1, batch // 2)
    heavy = weights > HEAVY
    students = max(FEWEST_STUDENTS, math.ceil(2 * half / 3)) if heavy else _students_for(batch)
    students = min(students, MOST_STUDENTS)
    steps = max(1, math.ceil(3 * students / half))
    epochs = FEWEST_EPOCHS if heavy else max(FEWEST_EPOCHS, math.ceil(FEWEST_STEPS / steps))
    length = {"epochs": epochs, "iterations": epochs * steps - 1}
    return Lesson(classroom.train(students), classroom.valid, length | dict(settings))


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


def _with_patience(
    laboratory: Laboratory,
    classroom: Classroom,
    function: Trainer,
    trained: Trained,
    replaced: Mapping[str, str],
    run: TrainingRun,
) -> TrainingRun:
    """The same run with what shows only after many steps, where a loop measures or saves but every fifty."""
    moments = {evaluation.at for evaluation in run.evaluations if evaluation.whose == "valid"}
    saved = any(save.fits and save.trained for save in run.saves) or not run.text_saves
    if (len(moments) > 1 and saved) or "batch_size" not in trained.used:
        return run
    settings = {"epochs": 20, "iterations": 119, "batch_size": 4}
    lesson = Lesson(classroom.train(4), classroom.valid[:3], settings)
    longer = replace(
        trained.order, steps=130, seconds=laboratory.watch_seconds_left, lesson=lambda size, weights: lesson
    )
    try:
        other, _ = run_training(laboratory, function, trained.call, longer, replaced)
        laboratory.watch_seconds_left -= other.seconds
    except Unavailable:
        return run
    if problem_words(other) or len(other.trace.steps) <= len(run.batches):
        return run
    seen = _run_record(laboratory, classroom, function, other)
    if not saved and not any(save.fits and save.trained for save in seen.saves) and len(moments) > 1:
        return run
    kept = {"loss", "batches", "layouts", "scrambled", "settings", "examples", "held", "parameters", "functions"}
    return replace(seen, **{name: getattr(run, name) for name in kept}, patient_steps=len(seen.batches))


def _at_other_sizes(
    laboratory: Laboratory,
    classroom: Classroom,
    function: Trainer,
    trained: Trained,
    replaced: Mapping[str, str],
) -> tuple[OtherSize, ...]:
    """Whether it also runs where the last batch is a short one."""
    used = trained.used.get("batch_size")
    size = None if used is None else 8 if used != 8 else 12
    settings: dict[str, Any] = {"epochs": 1, "iterations": 7}
    if size is not None:
        settings["batch_size"] = size
    lesson = Lesson(classroom.train(7), classroom.valid[:3], settings)
    short = replace(
        trained.order, steps=10, seconds=max(5.0, laboratory.watch_seconds_left), lesson=lambda batch, weights: lesson
    )
    try:
        other, _ = run_training(laboratory, function, trained.call, short, replaced)
    except Unavailable as unavailable:
        return (OtherSize(size, 7, unavailable.reason.observed),)
    # What merely took too long, or had no batch to take, says nothing about sizes.
    return (OtherSize(size, 7, problem_words(other) if other.problem is not None else ""),)


# --- what was seen


class _Reader:
    """Reads the pictures of a training."""

    def __init__(self, classroom: Classroom, trained: Trained) -> None:
        self._shoes: dict[int, tuple[Shoe | None, Shoe | None]] = {}
        groups: dict[tuple[int, ...], list[int]] = {}
        for number, picture in trained.pictures.items():
            groups.setdefault(picture.shape, []).append(number)
        for numbers in groups.values():
            stacked = np.stack([trained.pictures[number] for number in numbers]).astype(np.float32)
            tops, bottoms = (classroom.codebook.read(stacked[:, side]) for side in (0, 1))
            self._shoes |= dict(zip(numbers, zip(tops, bottoms, strict=True), strict=True))
        passes = [p for step in trained.trace.steps for p in step.passes] or list(trained.trace.evaluations)
        self.scrambled = self._readable(passes, stored=True) > 0.8 and self._readable(passes, stored=False) < 0.2

    def _readable(self, passes: Sequence[Pass], stored: bool) -> float:
        numbers = [number for p in passes for number in (p.stored if stored else p.ids)]
        return sum(None not in self._shoes[number] for number in numbers) / max(1, len(numbers))

    def kinds(self, seen: Pass) -> list[Kind | None]:
        """For each picture its two shoes, None where they cannot be read or are one and the same."""
        numbers = seen.stored if self.scrambled and seen.stored else seen.ids
        found: list[Kind | None] = []
        for number in numbers:
            top, bottom = self._shoes[number]
            found.append((top, bottom) if top is not None and bottom is not None and top != bottom else None)
        return found


def _is_pair(kind: Kind) -> bool:
    return kind[0].student == kind[1].student and kind[0].pair == kind[1].pair


def _key(kind: Kind) -> str:
    """A name for an example, the same whichever shoe is on top; with "&" where it mixes two students."""
    first, second = sorted(kind)
    joint = "+" if first.student == second.student and first.side != second.side else "&"
    return f"{first}{joint}{second}"


def _run_record(laboratory: Laboratory, classroom: Classroom, function: Trainer, trained: Trained) -> TrainingRun:
    trace, reader = trained.trace, _Reader(classroom, trained)
    passes = [p for step in trace.steps for p in step.passes]
    trained_on = {classroom.whose(k[0]) for p in passes for k in reader.kinds(p) if k}
    looked = _evaluations(classroom, reader, trace)
    validated = {classroom.whose(k[0]) for p in trace.evaluations for k in reader.kinds(p) if k}
    text = _text_facts(laboratory, function)
    first = trace.steps[0]
    used = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in trained.used.items() if _is_number(value))
    return TrainingRun(
        name=function.candidate.name,
        cell=function.candidate.cell,
        settings=used,
        examples=3 * _students_in(passes, reader),
        batches=tuple(_batch(step, reader) for step in trace.steps),
        evaluations=looked,
        loss=_loss_form(trace),
        functions=tuple(dict.fromkeys(step.function for step in trace.steps)),
        layouts=tuple(dict.fromkeys(p.layout for p in passes)),
        looked_at=tuple(dict.fromkeys(p.layout for p in trace.evaluations)),
        scrambled=reader.scrambled,
        held=first.held,
        parameters=first.parameters,
        backward_passes=max(step.backward_passes for step in trace.steps),
        saves=trace.saves,
        series=trace.series,
        printed=trace.printed,
        finished=trained.ended == "by itself" and trained.problem is None,
        problem=problem_words(trained),
        hint=trained.stopped.hint if trained.stopped is not None else "",
        on_globals=trained.replaced_data and ("train", False) not in trained_on and ("train", True) in trained_on,
        valid_on_globals=trained.replaced_data and ("valid", False) not in validated and ("valid", True) in validated,
        returns_numbers=trained.returned.get("kind") == "tuple",
        text_returns=text[0],
        text_draws=text[1],
        text_saves=text[2],
        remark=trained.remark,
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _students_in(passes: Sequence[Pass], reader: _Reader) -> int:
    return len({kind[0].student for seen in passes for kind in reader.kinds(seen) if kind})


def _batch(step: Step, reader: _Reader) -> Batch:
    same: list[str] = []
    different: list[str] = []
    unreadable = wrong = labelled = right = size = 0
    for seen in step.passes:
        outputs, gradients = np.array(seen.outputs), np.array(seen.gradients)
        labels = read_loss(outputs, gradients).labels
        answers = answers_of(outputs)
        for kind, label, answer in zip(reader.kinds(seen), labels, answers, strict=False):
            size += 1
            right += int(answer) == label
            if kind is None:
                unreadable += 1
                continue
            (same if _is_pair(kind) else different).append(_key(kind))
            labelled += label >= 0
            wrong += label >= 0 and label != int(_is_pair(kind))
    return Batch(
        same=tuple(same),
        different=tuple(different),
        unreadable=unreadable,
        wrong_labels=wrong,
        labelled=labelled,
        right=right,
        size=size,
        training=step.training,
        cleared=None if step.left_over is None else step.left_over <= CLEARED,
        gradient=step.gradient,
        change=step.change,
        downhill=step.downhill,
        loss=step.loss,
    )


def _evaluations(classroom: Classroom, reader: _Reader, trace: Trace) -> tuple[Evaluation, ...]:
    """The answers between steps, added up for each moment and each set of students."""
    counts: dict[tuple[int, str], list[int]] = {}
    modes: dict[tuple[int, str], bool] = {}
    for seen in trace.evaluations:
        outputs = np.array(seen.outputs)
        if outputs.ndim != 2:
            continue
        answers = answers_of(outputs)
        for kind, answer in zip(reader.kinds(seen), answers, strict=False):
            whose = classroom.whose(kind[0])[0] if kind else "other"
            key = seen.step, whose
            count = counts.setdefault(key, [0, 0, 0, 0])
            modes[key] = modes.get(key, True) and not seen.training
            if kind:
                is_pair = _is_pair(kind)
                count[0 if is_pair else 2] += int(answer) == int(is_pair)
                count[1 if is_pair else 3] += 1
    return tuple(
        Evaluation(at, whose, (c[0], c[1]), (c[2], c[3]), modes[at, whose]) for (at, whose), c in counts.items()
    )


def _loss_form(trace: Trace) -> str:
    """The form of the loss over all steps: cross-entropy only where every step says so."""
    forms: list[str] = []
    pooled: dict[int, tuple[list[Any], list[Any], list[Any]]] = {}
    for seen in (p for step in trace.steps for p in step.passes):
        outputs, gradients = np.array(seen.outputs), np.array(seen.gradients)
        if outputs.shape != gradients.shape or outputs.ndim != 2 or not np.abs(gradients).max(initial=0):
            continue
        forms.append(read_loss(outputs, gradients).form)
        rows = pooled.setdefault(outputs.shape[1], ([], [], []))
        rows[0].append(outputs)
        rows[1].append(gradients * len(outputs))
        rows[2].append(gradients)
    if not forms:
        return UNKNOWN
    others = [form for form in forms if form != CROSS_ENTROPY]
    if len(others) > len(forms) // 10:
        return max(set(others), key=others.count)
    # Early on, when all answers are near a half, one loss looks like another; over all steps it does not.
    for rows in pooled.values():
        wholes = [read_loss(np.concatenate(rows[0]), np.concatenate(part)).form for part in rows[1:]]
        if CROSS_ENTROPY not in wholes:
            named = [form for form in wholes if form != UNKNOWN]
            return named[0] if named else CROSS_ENTROPY
    return CROSS_ENTROPY


def _text_facts(laboratory: Laboratory, function: Trainer) -> tuple[bool, bool, str]:
    """What a function's text does: returns something, draws, saves weights ("inside" or "after" its loops, or "")."""
    node = laboratory.understanding.dependencies.statements[function.candidate.position].node
    if not isinstance(node, ast.FunctionDef):
        return False, False, ""
    returns = any(
        isinstance(child, ast.Return) and child.value is not None and not isinstance(child.value, ast.Constant)
        for child in ast.walk(node)
    )
    draws = any(called(call) == "plot" for call in calls_in(node))
    saves = ""
    if any(called(call) in ("save", "dump") for call in calls_in(node)):
        loops = [child for child in ast.walk(node) if isinstance(child, ast.For | ast.While)]
        inside = any(called(call) in ("save", "dump") for loop in loops for call in calls_in(loop))
        saves = "inside" if inside else "after"
    return returns, draws, saves
