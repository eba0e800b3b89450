"""Question 3b: whether a network and its training can learn five students' pairs by heart."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.boundary.pipe import Arrays
from autograder.evidence.exam import NOT_ITS_LAYERS, Exam, balanced, believed
from autograder.evidence.gallery import Gallery, Place
from autograder.evidence.kinds import NoEvidence
from autograder.evidence.laboratory import Laboratory, Unavailable
from autograder.evidence.orders import Lesson, Look, Order, Trained
from autograder.evidence.running import no_training, ordered_calls, problem_words, run_somehow, trainer
from autograder.evidence.trace import Recorder
from autograder.evidence.training_kinds import ChannelMemory, CnnMemory, Curve, Memory, MemoryTry
from autograder.program.names import Role
from autograder.program.training import Trainer

STUDENTS = 5
SEEDS = 3
LOOK_EVERY = 10
# The settings at which the handout's models memorise: all examples in one batch, Adam at its usual rate.
USUAL = {"batch_size": 30, "learning_rate": 0.001}
LONG = {"epochs": 1000, "iterations": 1000}


def collect_channel(laboratory: Laboratory) -> Iterator[Memory | NoEvidence]:
    """`CNNChannel` on five triplets."""
    yield _collect(laboratory, Role.CHANNEL, ChannelMemory)


def collect_cnn(laboratory: Laboratory) -> Iterator[Memory | NoEvidence]:
    """`CNN` on five triplets."""
    yield _collect(laboratory, Role.CNN, CnnMemory)


def _collect(laboratory: Laboratory, role: Role, kind: type[Memory]) -> Memory | NoEvidence:
    function = trainer(laboratory)
    if isinstance(function, NoEvidence):
        return function
    model = laboratory.found(role)
    if isinstance(model, NoEvidence):
        return model
    school = _School(laboratory, role, function)
    try:
        tries = school.tries()
    except Unavailable as unavailable:
        return unavailable.reason
    if isinstance(tries, NoEvidence):
        return tries
    return kind(model.name, tuple(tries), school.remark)


class _School:
    """The tries of one model, one after another, until one is good enough or the time is up."""

    def __init__(self, laboratory: Laboratory, role: Role, function: Trainer) -> None:
        students = laboratory.photographs.students("train")
        order = np.random.default_rng([laboratory.seed, 11]).permutation(len(students))
        chosen = sorted(students[index] for index in order[:STUDENTS])
        self._data = laboratory.photographs.array("train", chosen)
        self._laboratory = laboratory
        self._role = role
        self._function = function
        self._calls = ordered_calls(laboratory, function, role, few=True)
        self._thresholds = laboratory.rubric.thresholds
        self._left = laboratory.rubric.training.memorising_seconds
        self.remark = ""

    def tries(self) -> Sequence[MemoryTry] | NoEvidence:
        found: list[MemoryTry] = []
        partial, full = self._thresholds.memorising_partial_steps, self._thresholds.memorising_steps
        first, trained = self._try({}, 0, partial)
        if not trained.stepped:
            return no_training(self._function, trained)
        found.append(first)
        self.remark = trained.remark
        own_is_usual = all(trained.used.get(name) == value for name, value in USUAL.items())
        own_only = not set(USUAL) & set(trained.used)
        for settings, seed in [*(({}, seed) for seed in range(1, SEEDS)), *((USUAL, seed) for seed in range(SEEDS))]:
            if any(t.reached is not None and t.reached <= full for t in found) or self._left <= 0:
                break
            if settings and (own_is_usual or own_only):
                break
            reached = any(t.reached is not None for t in found)
            found.append(self._try(settings, seed, partial if settings and not seed and not reached else full)[0])
        return found

    def _try(self, settings: dict[str, float], seed: int, steps: int) -> tuple[MemoryTry, Trained]:
        watching = _Watching(self._data, self._thresholds.memorised)
        lesson = Lesson(self._data, self._data[:2], {**LONG, **settings})
        names = self._function.arrays(self._laboratory.understanding)
        order = Order(
            steps,
            self._left,
            lambda size, weights: lesson,
            {name: self._data if role is Role.TRAIN_DATA else self._data[:2] for name, role in names.items()},
            model=self._role,
            draw=seed,
            look=Look(watching.exam.images, LOOK_EVERY, watching.judged, statistics=True),
        )
        trained, _ = run_somehow(self._laboratory, self._function, self._calls, order)
        if not watching.its_own:
            trained = replace(trained, remark=f"{trained.remark} {NOT_ITS_LAYERS}".strip())
        self._left -= max(trained.seconds, 0.1 * steps / 100)
        losses = tuple(step.loss for step in trained.trace.steps)
        curve = Curve(losses, (("five triplets", tuple(watching.points)),))
        used = {name: trained.used[name] for name in USUAL if name in trained.used}
        words = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in used.items())
        return MemoryTry(
            settings=words,
            seed=seed,
            reached=watching.reached,
            best=max((accuracy for _, accuracy in watching.points), default=0.0),
            steps=len(losses),
            ended=trained.ended,
            problem=problem_words(trained),
            curve=curve,
        ), trained


class _Watching:
    """Looks at a model on the pairs it learns and on those wrong pairs that it was really shown."""

    def __init__(self, data: NDArray[np.float32], wanted: float) -> None:
        self._gallery = Gallery(data)
        self._wanted = wanted
        self.exam = Exam([data], np.random.default_rng([len(data), 17]))
        self.points: list[tuple[int, float]] = []
        self.reached: int | None = None
        self.its_own = True

    def judged(self, step: int, recorder: Recorder, outputs: Arrays) -> tuple[bool, bool]:
        shown = self._gallery.wrong_pairs(recorder.pictures)
        modes = [name for name in ("evaluation", "batch statistics") if name in outputs]
        tables = [believed(outputs, name) for name in modes]
        self.its_own = self.its_own and all(its_own for _, its_own in tables)
        accuracy = max(self._accuracy(table, shown) for table, _ in tables)
        self.points.append((step, accuracy))
        if accuracy >= self._wanted and self.reached is None:
            self.reached = step
        return False, self.reached is not None

    def _accuracy(self, outputs: NDArray[Any], shown: set[Place]) -> float:
        """Of the wrong pairs those count that were shown, or all where none could be made out."""

        def asked(place: Place) -> bool:
            return place[1] == place[2] or not shown or place in shown

        return balanced(self.exam.results(outputs, asked)[0])
