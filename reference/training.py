"""Question 3a: training, half of every batch pairs and half wrong pairs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from reference.accuracy import get_accuracy
from reference.pairs import generate_different_pair, generate_same_pair


@dataclass
class LearningCurve:
    """What a training went through: a loss for each step, accuracies (fractions in [0, 1]) after each epoch."""

    losses: list[float] = field(default_factory=list)
    train_accuracies: list[float] = field(default_factory=list)
    valid_accuracies: list[float] = field(default_factory=list)


def print_epoch(curve: LearningCurve) -> None:
    """Report the epoch that has just ended in one line."""
    print(
        f"epoch {len(curve.train_accuracies):3d}   loss {curve.losses[-1]:.4f}   "
        f"train {curve.train_accuracies[-1]:6.1%}   validation {curve.valid_accuracies[-1]:6.1%}"
    )


def train(
    model: nn.Module,
    train_data: NDArray[np.float32],
    valid_data: NDArray[np.float32],
    batch_size: int = 16,
    learning_rate: float = 0.001,
    weight_decay: float = 0.0,
    epochs: int = 5,
    checkpoint_path: str | Path | None = None,
    report: Callable[[LearningCurve], None] = print_epoch,
) -> LearningCurve:
    """Train a model with Adam on cross-entropy and leave it with the weights that did best on the validation data.

    Args: train_data, valid_data: [N, 3, 2, 224, 224, 3]; batch_size: even; checkpoint_path: where the best weights
        so far are saved (a `state_dict`), nowhere if None; report: called after every epoch.
    """
    same = generate_same_pair(train_data)
    different = generate_different_pair(train_data)
    half = batch_size // 2
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, weight_decay=weight_decay)
    curve = LearningCurve()
    best_weights = None

    for _ in range(epochs):
        model.train()
        # A new order every epoch, and for pairs and wrong pairs apart, so that no two batches are ever alike.
        order_same, order_different = np.random.permutation(len(same)), np.random.permutation(len(different))
        for start in range(0, len(same), half):
            batch_same = same[order_same[start : start + half]]
            batch_different = different[order_different[start : start + half]]
            images = np.concatenate([batch_same, batch_different])  # [B, 448, 224, 3]
            labels = np.concatenate([np.ones(len(batch_same)), np.zeros(len(batch_different))])  # [B]

            logits = model(torch.from_numpy(images).permute(0, 3, 1, 2))  # [B, 3, 448, 224] to [B, 2]
            loss = loss_function(logits, torch.from_numpy(labels).long())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            curve.losses.append(loss.item())

        curve.train_accuracies.append(sum(get_accuracy(model, train_data)) / 2)
        curve.valid_accuracies.append(sum(get_accuracy(model, valid_data)) / 2)
        report(curve)
        # The epoch with the best validation accuracy wins; later ones may only have learnt their examples by heart.
        if curve.valid_accuracies[-1] == max(curve.valid_accuracies):
            best_weights = {name: weight.clone() for name, weight in model.state_dict().items()}
            if checkpoint_path is not None:
                torch.save(best_weights, checkpoint_path)

    if best_weights is not None:
        model.load_state_dict(best_weights)
    return curve


def plot_learning_curve(curve: LearningCurve, title: str = "Learning curve") -> None:
    """Draw the loss of every step and the accuracies of every epoch into a new figure."""
    _, (loss_axes, accuracy_axes) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    loss_axes.set(title=title, xlabel="step", ylabel="cross-entropy")
    loss_axes.plot(curve.losses)
    epochs = range(1, len(curve.train_accuracies) + 1)
    accuracy_axes.set(title="Accuracy", xlabel="epoch", ylabel="mean of pairs and wrong pairs", ylim=(0, 1.02))
    accuracy_axes.plot(epochs, curve.train_accuracies, label="train")
    accuracy_axes.plot(epochs, curve.valid_accuracies, label="validation")
    accuracy_axes.legend(loc="lower right")
