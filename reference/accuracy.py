"""Question 2d: how often a model is right, on pairs and on wrong pairs apart."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from reference.pairs import generate_different_pair, generate_same_pair


def get_accuracy(model: nn.Module, data: NDArray[np.float32], batch_size: int = 50) -> tuple[float, float]:
    """Measure a model on every pair of a data set and on as many wrong pairs.

    The two are kept apart because one number hides too much: a model that always says "same" is right half of the
    time and yet knows nothing, and whoever relies on it may mind one kind of mistake far more than the other.

    Args: data: [N, 3, 2, 224, 224, 3].
    Returns: accuracy on pairs, accuracy on wrong pairs; fractions in [0, 1].
    """
    correct_same = count_answers(model, generate_same_pair(data), answer=1, batch_size=batch_size)
    correct_different = count_answers(model, generate_different_pair(data), answer=0, batch_size=batch_size)
    examples = 3 * len(data)
    return correct_same / examples, correct_different / examples


def count_answers(model: nn.Module, images: NDArray[np.float32], answer: int, batch_size: int) -> int:
    """Count for how many images, [M, 448, 224, 3], the larger logit is that of `answer`."""
    was_training = model.training
    model.eval()
    count = 0
    with torch.no_grad():
        for start in range(0, len(images), batch_size):
            batch = torch.from_numpy(images[start : start + batch_size]).permute(0, 3, 1, 2)  # [B, 3, 448, 224]
            count += int((model(batch).argmax(dim=1) == answer).sum())
    # Whoever was training goes on training; without this line, dropout would stay off after the first evaluation.
    model.train(was_training)
    return count
