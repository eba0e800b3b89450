"""What a training that is watched is given to learn from: imaginary students, and how many of them."""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.evidence.orders import Lesson
from autograder.program.names import Role
from fixtures.catalogue import Shoe
from fixtures.coded import Codebook

FEWEST_STUDENTS, MOST_STUDENTS = 6, 42
VALID_STUDENTS = 5
USUAL_BATCH = 16
# Enough steps to see an order come back, gradients pile up, a mode that is never restored.
FEWEST_STEPS, FEWEST_EPOCHS = 16, 3
# With more weights than this in its convolutions (n = 20 at 3 x 3, n = 9 at 7 x 7), a model takes long for every step.
HEAVY = 150_000
_FIRST_NUMBER = 1000


class Classroom:
    """Imaginary students with coded pictures: those that a training is given, and others under the global names, so
    that code which uses a global array in the place of its parameter is found out.

    Args: own_students: how many students the submission itself trains on, None where that is not known.
    """

    def __init__(self, seed: int, own_students: int | None = None) -> None:
        self._own_students = own_students
        count = 2 * (MOST_STUDENTS + VALID_STUDENTS) + VALID_STUDENTS
        numbers = range(_FIRST_NUMBER, _FIRST_NUMBER + count)
        shoes = [Shoe("train", number, pair, side) for number in numbers for pair in (1, 2, 3) for side in (0, 1)]
        self.codebook = Codebook(shoes, seed + 7)
        everyone = iter(self.codebook.students("train"))
        self._valid, self._global_valid, self._test, self._train, self._global_train = (
            [next(everyone) for _ in range(count)]
            for count in (VALID_STUDENTS, VALID_STUDENTS, VALID_STUDENTS, MOST_STUDENTS, MOST_STUDENTS)
        )

    def train(self, count: int) -> NDArray[np.float32]:
        return self.codebook.array(self._train[:count])

    @cached_property
    def valid(self) -> NDArray[np.float32]:
        return self.codebook.array(self._valid)

    def under_names(self, names: Mapping[str, Role], batch: int | None) -> dict[str, NDArray[np.float32]]:
        """Arrays of the other students, under what a submission calls its own."""
        train = self.codebook.array(self._global_train[: self.students_for(batch or USUAL_BATCH)])
        valid, test = self.codebook.array(self._global_valid), self.codebook.array(self._test)
        arrays = {Role.TRAIN_DATA: train, Role.VALID_DATA: valid, Role.TEST_W: test, Role.TEST_M: test}
        return {name: arrays.get(role, valid) for name, role in names.items()}

    def whose(self, shoe: Shoe) -> tuple[str, bool]:
        """Whether a shoe belongs to a "train", "valid" or "test" student, and whether under a global name."""
        student = shoe.folder, shoe.student
        for whose, students, is_global in (
            ("train", self._train, False),
            ("train", self._global_train, True),
            ("valid", self._valid, False),
            ("valid", self._global_valid, True),
            ("test", self._test, True),
        ):
            if student in students:
                return whose, is_global
        return "other", False

    def students_for(self, batch: int, whole: bool = False) -> int:
        """As many students as two batches and more need, such that the last batch is as long as the submission's own
        last batch is, or a whole one."""
        half = max(1, batch // 2)
        least = min(MOST_STUDENTS, max(FEWEST_STUDENTS, math.ceil(2 * half / 3)))
        own = 0 if whole or self._own_students is None else self._own_students
        # Whether a batch is so many of each kind or so many together is not known; the first count is right for both.
        for size in (batch, half):
            for count in range(least, min(2 * least + size, MOST_STUDENTS) + 1):
                if (3 * count - 3 * own) % size == 0:
                    return count
        return least

    def lesson(
        self, batch: int | None, weights: int, settings: Mapping[str, Any] | None = None, whole: bool = False
    ) -> Lesson:
        """Data for a training that is watched, and how long it is to be.

        Args: batch: the notebook's batch size, None where it is not known; weights: in the convolutions of the model;
            settings: by meaning, in the place of the notebook's; whole: whether to leave no short batch over.
        """
        batch = batch or USUAL_BATCH
        heavy = weights > HEAVY
        students = self.students_for(batch, whole)
        steps = max(1, math.ceil(3 * students / max(1, batch // 2)))
        epochs = FEWEST_EPOCHS if heavy else max(FEWEST_EPOCHS, math.ceil(FEWEST_STEPS / steps))
        length = {"epochs": epochs, "iterations": epochs * steps - 1}
        return Lesson(self.train(students), self.valid, length | dict(settings or {}))

    def long_lesson(self) -> Lesson:
        """Little data and many steps, for what shows only after fifty of them."""
        return Lesson(self.train(4), self.valid[:3], {"epochs": 20, "iterations": 119, "batch_size": 4})

    def short_lesson(self, batch: int | None) -> Lesson:
        """One epoch whose last batch is shorter than the others and holds more than one example of each kind.

        Args: batch: the size of a batch, None where it cannot be chosen.
        """
        settings: dict[str, Any] = {"epochs": 1, "iterations": 7}
        if batch is not None:
            settings["batch_size"] = batch
        students = next((n for n in (6, 7, 8) if batch and 3 * n % (batch // 2) > 1), 7)
        return Lesson(self.train(students), self.valid[:3], settings)
