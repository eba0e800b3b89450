"""One epoch of training: the handout's way, the reference, and nothing but steps on tensors that are there already."""

import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.reference import handout
from benchmarks.reference.figures import Aim, listed, ratio
from reference import (
    CNNChannel,
    generate_different_pair,
    generate_same_pair,
    get_organized_data,
    split_by_student,
    training,
)
from reference.beyond.memory import keep_freed_memory

FASTER, ABOVE_STEPS = Aim(2, at_least=True), Aim(1.2, at_least=False)

# 102 students' 306 pairs are 17 times 18: neither way has a last batch that is smaller, or leaves one out.
BATCH_SIZE = 36


class SidewaysChannel(CNNChannel):
    """The reference's network for pictures on their side, [B, 3, 224, 448], which the handout makes.

    It is the same network but for where the two shoes are cut apart.
    """

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.features(torch.cat([images[..., :224], images[..., 224:]], dim=1)))


class Clock:
    """Seconds of a training's second epoch, and how many of them went into accuracies.

    The first epoch warms up, and has in it what is done once a training. `training_in` is the module in which the
    training looks up `get_accuracy`.
    """

    def __init__(self, training_in: ModuleType) -> None:
        self._module = training_in
        self._measuring = 0.0
        self._ends: list[tuple[float, float]] = []

    def time(self, train: Callable[[Callable[..., None]], object]) -> tuple[float, float]:
        """Train for two epochs, with something to call after each; seconds of steps, seconds of accuracies."""
        with mock.patch.object(self._module, "get_accuracy", self._timed(self._module.get_accuracy)):
            train(lambda *_: self._ends.append((time.perf_counter(), self._measuring)))
        (began, measured), (ended, measured_in_all) = self._ends
        measuring = measured_in_all - measured
        return ended - began - measuring, measuring

    def _timed(self, get_accuracy: Callable[..., tuple[float, float]]) -> Callable[..., tuple[float, float]]:
        def timed(*arguments: object) -> tuple[float, float]:
            started = time.perf_counter()
            accuracies = get_accuracy(*arguments)
            self._measuring += time.perf_counter() - started
            return accuracies

        return timed


def batches_in_memory(train_data: NDArray[np.float32]) -> list[tuple[Tensor, Tensor]]:
    """All batches of an epoch: images [B, 3, 448, 224] in the memory format in which the reference makes them."""
    half = BATCH_SIZE // 2
    same, different = generate_same_pair(train_data), generate_different_pair(train_data)
    labels = torch.cat([torch.ones(half), torch.zeros(half)]).long()
    return [
        (
            torch.from_numpy(np.concatenate([same[start : start + half], different[start : start + half]])).permute(
                0, 3, 1, 2
            ),
            labels,
        )
        for start in range(0, len(same), half)
    ]


def bare_steps(batches: list[tuple[Tensor, Tensor]]) -> float:
    """Seconds of forward, backward and step on batches in memory."""
    model, loss_function = CNNChannel(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    started = time.perf_counter()
    for images, labels in batches:
        loss = loss_function(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.perf_counter() - started


def measure(data: Path, rounds: int) -> None:
    """Print how one epoch compares, at equal layers and batches.

    The handout's epochs come first: the reference's command keeps freed memory, and that holds for a process for good.
    """
    train_data, valid_data = split_by_student(get_organized_data(data / "train"))
    wide_train, wide_valid = train_data.astype(np.float64), valid_data.astype(np.float64)
    batches = batches_in_memory(train_data)
    steps: dict[str, list[float]] = {"handout": [], "reference": [], "steps in memory": []}
    epochs: dict[str, list[float]] = {"handout": [], "reference": []}

    def record(name: str, timed: tuple[float, float]) -> None:
        stepping, measuring = timed
        steps[name].append(stepping)
        epochs[name].append(stepping + measuring)

    for _ in range(rounds):
        record(
            "handout",
            Clock(handout).time(
                lambda report: handout.train(
                    SidewaysChannel(), wide_train, wide_valid, report, BATCH_SIZE, epochs=2, evaluate_every=None
                )
            ),
        )
    keep_freed_memory()
    for _ in range(rounds):
        record(
            "reference",
            Clock(training).time(
                lambda report: training.train(
                    CNNChannel(), train_data, valid_data, batch_size=BATCH_SIZE, epochs=2, report=report
                )
            ),
        )
        steps["steps in memory"].append(bare_steps(batches))
    faster, above = ratio(steps, "handout", "reference"), ratio(steps, "reference", "steps in memory")
    in_all = ratio(epochs, "handout", "reference")
    print(f"one epoch of CNNChannel, batches of {BATCH_SIZE}, {rounds} times each, {torch.get_num_threads()} threads:")
    print(f"  steps: {faster:.1f} times as fast as the handout's way ({FASTER.said(faster)})")
    print(f"  steps: {above:.2f} times as long as on tensors in memory ({ABOVE_STEPS.said(above)})")
    print(f"  steps, and accuracies once: {in_all:.1f} times as fast as the handout's way ({FASTER.said(in_all)})")
    print(f"  steps alone: {listed(steps)}")
    print(f"  with accuracies of train and validation once: {listed(epochs)}")
