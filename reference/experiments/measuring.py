"""Cross-validation over students: how good a recipe is on shoes of people whom the network has never met."""

import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from reference.beyond import FourViews, Recipe
from reference.beyond.batches import WRONG_PAIRS, as_pictures
from reference.data import LEFT, RIGHT, split_by_student
from reference.experiments.trials import Trial
from reference.recipes import train_network

FOLDS = 3
SEED = 0  # of the folds, the weights and the batches; the same for all, so that all experiments meet the same strangers


@dataclass(frozen=True)
class Measured:
    """One training of an experiment, and what its network says to the fold that was held out.

    accuracy: mean of right pairs and wrong pairs, a fraction in [0, 1], of all three right and all six wrong pairs of
        every student held out; cross_entropy: of the same examples, pairs and wrong pairs weighing alike. It tells
        more than the accuracy where two recipes differ by little, since it counts by how much, not only whether, an
        answer is right; one_view: the accuracy without asking four times.
    train_loss: mean over the last epoch; seconds: of the training.
    """

    experiment: str
    fold: int
    accuracy: float
    cross_entropy: float
    one_view: float
    train_loss: float
    seconds: float
    device: str
    settings: dict[str, object]


def measure(trial: Trial, data: NDArray[np.float32], fold: int, device: str = "cpu") -> Measured:
    """Train on all folds but one and measure on that one.

    The plain recipe keeps the weights of its best epoch, judged by a tenth of the students it might have learned from,
    the best recipe keeps the last weights: nothing is chosen by those it is measured on.

    Args: data: [N, 3, 2, 224, 224, 3], the train folder.
    """
    held_out = held_out_students(len(data), fold)
    others = data[np.setdiff1d(np.arange(len(data)), held_out)]
    learning, validating = (others, others[:0]) if isinstance(trial.recipe, Recipe) else split_by_student(others)
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    started = time.perf_counter()
    network, curve = train_network(trial.recipe, learning, validating, lambda curve: None, device)
    seconds = time.perf_counter() - started
    accuracy, cross_entropy = quality(network, data[held_out])
    alone = network.network if isinstance(network, FourViews) else network
    last_epoch = len(curve.losses) // len(curve.train_accuracies)
    return Measured(
        experiment=trial.name,
        fold=fold,
        accuracy=round(accuracy, 4),
        cross_entropy=round(cross_entropy, 4),
        one_view=round(quality(alone, data[held_out])[0], 4),
        train_loss=round(float(np.mean(curve.losses[-last_epoch:])), 4),
        seconds=round(seconds),
        device=device,
        settings=trial.settings(),
    )


def held_out_students(students: int, fold: int) -> NDArray[np.int64]:
    """The rows of the students of one fold; everybody is in exactly one."""
    return np.random.default_rng(SEED).permutation(students)[fold::FOLDS]


def quality(network: nn.Module, data: NDArray[np.float32]) -> tuple[float, float]:
    """Accuracy and cross-entropy on all right and all wrong pairs of some students, [N, 3, 2, 224, 224, 3]."""
    shoes = torch.from_numpy(data)
    pairs = torch.stack([shoes[:, :, LEFT], shoes[:, :, RIGHT]], dim=2)  # [N, 3, 2, 224, 224, 3]
    wrong = torch.stack([shoes[:, WRONG_PAIRS[:, 0], LEFT], shoes[:, WRONG_PAIRS[:, 1], RIGHT]], dim=2)
    same, different = answers(network, pairs), answers(network, wrong)
    accuracy = ((same.argmax(dim=1) == 1).float().mean() + (different.argmax(dim=1) == 0).float().mean()) / 2
    cross_entropy = -(same.log_softmax(dim=1)[:, 1].mean() + different.log_softmax(dim=1)[:, 0].mean()) / 2
    return float(accuracy), float(cross_entropy)


def answers(network: nn.Module, shoes: Tensor, batch_size: int = 50) -> Tensor:
    """Logits, [M, 2], for M = N x K examples, [N, K, 2, 224, 224, 3]."""
    network.eval()
    with torch.no_grad():
        return torch.cat([network(batch).cpu() for batch in as_pictures(shoes).split(batch_size)])
