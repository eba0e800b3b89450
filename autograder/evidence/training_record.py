"""What a watched training comes down to: a record of what reached the optimizer, in terms of shoes and labels."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder.evidence.classroom import Classroom
from autograder.evidence.exam import answers_of
from autograder.evidence.laboratory import Laboratory
from autograder.evidence.losses import CROSS_ENTROPY, NEGATED, NOTHING, UNKNOWN, read_loss
from autograder.evidence.orders import Trained
from autograder.evidence.running import problem_words
from autograder.evidence.trace import CLEARED, Pass, Step, Trace
from autograder.evidence.training_kinds import Batch, Evaluation, Labelled, TrainingRun
from autograder.program.training import Trainer
from autograder.program.training_text import training_text
from fixtures.catalogue import Shoe

Kind = tuple[Shoe, Shoe]
# A picture for which there was no room any more shows nothing.
UNREAD = (None, None)
# Of each kind in the batch that is shown.
MOST_SHOWN = 2
# So much of pictures is read together: more would only fill the memory.
AT_ONCE_BYTES = 2**24


class _Reader:
    """Reads the pictures of a training."""

    def __init__(self, classroom: Classroom, trained: Trained) -> None:
        self._shoes: dict[int, tuple[Shoe | None, Shoe | None]] = {}
        groups: dict[tuple[int, ...], list[int]] = {}
        for number, picture in trained.pictures.items():
            groups.setdefault(picture.shape, []).append(number)
        for alike in groups.values():
            count = max(1, AT_ONCE_BYTES // trained.pictures[alike[0]].nbytes)
            for start in range(0, len(alike), count):
                numbers = alike[start : start + count]
                stacked = np.stack([trained.pictures[number] for number in numbers])
                tops, bottoms = (classroom.codebook.read(stacked[:, side]) for side in (0, 1))
                self._shoes |= dict(zip(numbers, zip(tops, bottoms, strict=True), strict=True))
        passes = _training_passes(trained.trace) or list(trained.trace.evaluations)
        self.scrambled = self._readable(passes, stored=True) > 0.8 and self._readable(passes, stored=False) < 0.2

    def _readable(self, passes: Sequence[Pass], stored: bool) -> float:
        numbers = [number for p in passes for number in (p.stored if stored else p.ids)]
        return sum(None not in self._shoes.get(number, UNREAD) for number in numbers) / max(1, len(numbers))

    def kinds(self, seen: Pass) -> list[Kind | None]:
        """For each picture its two shoes, None where they cannot be read or are one and the same."""
        numbers = seen.stored if self.scrambled and seen.stored else seen.ids
        found: list[Kind | None] = []
        for number in numbers:
            top, bottom = self._shoes.get(number, UNREAD)
            found.append((top, bottom) if top is not None and bottom is not None and top != bottom else None)
        return found


def _is_pair(kind: Kind) -> bool:
    return kind[0].student == kind[1].student and kind[0].pair == kind[1].pair


def _key(kind: Kind) -> str:
    """A name for an example, the same whichever shoe is on top; with "&" where it mixes two students."""
    first, second = sorted(kind)
    joint = "+" if first.student == second.student and first.side != second.side else "&"
    return f"{first}{joint}{second}"


# Outputs and gradients come from a worker, and may be as large as a number can be.
@np.errstate(all="ignore")
def training_record(laboratory: Laboratory, classroom: Classroom, function: Trainer, trained: Trained) -> TrainingRun:
    """Read what was noted of a training on a classroom's data."""
    trace, reader = trained.trace, _Reader(classroom, trained)
    passes = _training_passes(trace)
    trained_on = {classroom.whose(k[0]) for p in passes for k in reader.kinds(p) if k}
    validated = {classroom.whose(k[0]) for p in trace.evaluations for k in reader.kinds(p) if k}
    first = trace.steps[0] if trace.steps else None
    loss = _loss_form(trace)
    # Where the notebook loops over single epochs, it measures itself what its function does not.
    by_epoch = trained.call is not None and trained.call.repeated
    used = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in trained.used.items() if _is_number(value))
    return TrainingRun(
        name=function.candidate.name,
        cell=function.candidate.cell,
        settings=used,
        examples=3 * _students_in(passes, reader),
        batches=tuple(_batch(step, reader, classroom, loss) for step in trace.steps),
        stepped=trace.stepped,
        evaluations=_evaluations(classroom, reader, trace),
        loss=loss,
        functions=tuple(dict.fromkeys(step.function for step in trace.steps)),
        layouts=tuple(dict.fromkeys(p.layout for p in passes)),
        looked_at=tuple(dict.fromkeys(p.layout for p in trace.evaluations)),
        refused=tuple(dict.fromkeys(p.layout for p in trace.evaluations if not p.outputs)),
        scrambled=reader.scrambled,
        held=first.held if first else 0,
        parameters=first.parameters if first else 0,
        saves=trace.saves,
        series=trace.series,
        printed=trace.printed,
        finished=trained.ended == "by itself" and trained.problem is None,
        problem=problem_words(trained),
        stopped_after=len(trace.steps) if trace.stepped else 0,
        hint=trained.stopped.hint if trained.stopped is not None else "",
        on_globals=trained.replaced_data and ("train", False) not in trained_on and ("train", True) in trained_on,
        valid_on_globals=not by_epoch
        and trained.replaced_data
        and ("valid", False) not in validated
        and ("valid", True) in validated,
        returns_numbers=trained.returned is not None and trained.returned.kind == "tuple",
        text=training_text(laboratory.understanding, function.candidate.position, trained.call),
        shown=first_examples(trace.steps, reader.kinds, loss),
        remark=trained.remark,
    )


def _training_passes(trace: Trace) -> list[Pass]:
    return [p for step in trace.steps for p in step.passes]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _students_in(passes: Sequence[Pass], reader: _Reader) -> int:
    return len({kind[0].student for seen in passes for kind in reader.kinds(seen) if kind})


def _batch(step: Step, reader: _Reader, classroom: Classroom, loss: str) -> Batch:
    same: list[str] = []
    different: list[str] = []
    unreadable = wrong = labelled = right = size = 0
    for seen in step.passes:
        outputs = np.array(seen.outputs)
        labels = _labels(seen, loss)
        answers = answers_of(outputs) if outputs.ndim == 2 else np.zeros(0)
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
        unused=_unused(step, reader, classroom),
        right=right,
        size=size,
        training=step.training,
        cleared=None if step.left_over is None else step.left_over <= CLEARED,
        gradient=step.gradient,
        change=step.change,
        downhill=step.downhill,
        loss=step.loss,
    )


def _labels(seen: Pass, loss: str) -> Sequence[int]:
    """The label of each example of a pass, -1 where it cannot be told."""
    outputs, gradients = np.array(seen.outputs), np.array(seen.gradients)
    # A loss with its sign turned round pulls towards the other answer; its labels are right all the same.
    return read_loss(outputs, -gradients if loss == NEGATED else gradients).labels


@np.errstate(all="ignore")
def first_examples(
    steps: Sequence[Step], kinds: Callable[[Pass], Sequence[Kind | None]], loss: str
) -> tuple[Labelled, ...]:
    """A few pairs and a few others of the first batch whose shoes can be read, those with a wrong label first.

    Args: kinds: what reads the shoes of a pass; loss: its form.
    """
    for step in steps:
        read = [
            Labelled(*kind, int(label))
            for seen in step.passes
            for kind, label in zip(kinds(seen), _labels(seen, loss), strict=False)
            if kind is not None
        ]
        if read:
            found = sorted(read, key=lambda example: not example.mislabelled)
            few = [[e for e in found if e.same == same][:MOST_SHOWN] for same in (True, False)]
            return tuple(sorted([*few[0], *few[1]], key=lambda example: not example.mislabelled))
    return ()


def _unused(step: Step, reader: _Reader, classroom: Classroom) -> int:
    """How many examples were shown for learning before a step and then left out of it, though its own are others."""
    used = {kind for seen in step.passes for kind in reader.kinds(seen)}
    left = [kind for seen in step.unused for kind in reader.kinds(seen)]
    if any(kind in used for kind in left):
        return 0
    return sum(kind is not None and classroom.whose(kind[0])[0] == "train" for kind in left)


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
        return NOTHING
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
