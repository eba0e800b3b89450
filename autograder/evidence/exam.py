"""Asking a model about pictures whose labels it never sees."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.boundary.replies import Said
from autograder.evidence.gallery import Place, all_combinations, examples

# What was right, and of how many.
Count = tuple[int, int]
# A network that is asked twice, with its pictures exchanged, has two last layers, which differ in few answers.
LEAST_AGREEMENT = 0.75
NOT_ITS_LAYERS = "Many of the model's answers are not those of its layers; what its last layer says was judged."


def answers_of(outputs: NDArray[Any]) -> NDArray[Any]:
    """1 for "same" and 0 for "different": the larger of two outputs, or the sign of a single one.

    Args: outputs: [B, K].
    """
    return outputs.argmax(axis=1) if outputs.shape[1] > 1 else (outputs[:, 0] > 0).astype(int)


def believed(said: Said) -> tuple[NDArray[Any], bool]:
    """What to take for the outputs of a model, [M, K], and whether they are those that it gave.

    What follows the last layer, such as a softmax, changes no answer. Where many answers are others all the same, they
    come from somewhere else than the network, and it is the network that is asked.
    """
    if said.last_layer is None:
        return said.outputs, True
    agree = float((answers_of(said.outputs) == answers_of(said.last_layer)).mean()) >= LEAST_AGREEMENT
    return (said.outputs if agree else said.last_layer), agree


def balanced(result: tuple[Count, Count]) -> float:
    """The mean of the accuracies on pairs and on wrong pairs."""
    return sum(right / max(1, count) for right, count in result) / 2


class Exam:
    """All pairs and wrong pairs of some sets of students as pictures, in an order drawn by lot, judged here.

    images: float32 [M, 3, 448, 224].
    """

    def __init__(self, sets: Sequence[NDArray[np.float32]], lot: np.random.Generator) -> None:
        """Args: sets: [N, 3, 2, 224, 224, 3] each."""
        entries = [(number, place) for number, data in enumerate(sets) for place in all_combinations(len(data))]
        self._entries = [entries[index] for index in lot.permutation(len(entries))]
        self._sets = len(sets)
        self.images = np.concatenate([examples(sets[number], [place]) for number, place in self._entries])

    def answers(self, outputs: NDArray[Any]) -> list[list[tuple[Place, bool]]]:
        """For each set every place in it, ascending, and whether the answer there was "same"."""
        found: list[list[tuple[Place, bool]]] = [[] for _ in range(self._sets)]
        for (number, place), answer in zip(self._entries, answers_of(outputs), strict=True):
            found[number].append((place, bool(answer)))
        return [sorted(answers) for answers in found]

    def results(
        self, outputs: NDArray[Any], asked: Callable[[Place], bool] = lambda place: True
    ) -> list[tuple[Count, Count]]:
        """For each set what was right of the pairs and of the wrong pairs that are asked for."""
        counts = np.zeros((self._sets, 2, 2), dtype=int)
        for (number, place), answer in zip(self._entries, answers_of(outputs), strict=True):
            is_pair = place[1] == place[2]
            if asked(place):
                counts[number, 0 if is_pair else 1] += [int(answer) == int(is_pair), 1]
        return [((int(p[0]), int(p[1])), (int(w[0]), int(w[1]))) for p, w in counts]
