"""Cross-validation over students: how good a recipe is on shoes of people whom the network has never met."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from reference.beyond import Recipe, ask_by
from reference.beyond.batches import WRONG_PAIRS, as_pictures
from reference.data import LEFT, RIGHT, split_by_student
from reference.experiments.trials import Trial
from reference.recipes import PlainRecipe, train_network

FOLDS = 3
SEED = 0  # of the folds, the weights and the batches; the same for all, so that all experiments meet the same strangers


@dataclass(frozen=True)
class Measured:
    """One training of an experiment, and what its network says to the fold that was held out.

    accuracy: mean of right pairs and wrong pairs, a fraction in [0, 1], of all three right and all six wrong pairs of
        every student held out; cross_entropy: of the same examples, pairs and wrong pairs weighing alike. It tells
        more than the accuracy where two recipes differ by little, since it counts by how much, not only whether, an
        answer is right; one_view: the accuracy without asking several times.
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


def training_of(recipe: PlainRecipe | Recipe) -> PlainRecipe | Recipe:
    """The recipe as far as its training goes: two that only ask the finished network otherwise have the same."""
    return replace(recipe, four_views=False, other_sizes=0.0) if isinstance(recipe, Recipe) else recipe


def measure(trials: Sequence[Trial], data: NDArray[np.float32], fold: int, device: str = "cpu") -> list[Measured]:
    """Train on all folds but one and measure on that one.

    All trials have the same training (`training_of`), so it is done once, and what is different between them is not
    the luck of another training.

    The plain recipe keeps the weights of its best epoch, judged by a tenth of the students it might have learned from,
    the best recipe keeps the last weights: nothing is chosen by those it is measured on.

    Args: data: [N, 3, 2, 224, 224, 3], the train folder.
    """
    held_out = held_out_students(len(data), fold)
    others = data[np.setdiff1d(np.arange(len(data)), held_out)]
    training = training_of(trials[0].recipe)
    learning, validating = (others, others[:0]) if isinstance(training, Recipe) else split_by_student(others)
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    started = time.perf_counter()
    network, curve = train_network(training, learning, validating, lambda curve: None, device)
    seconds = time.perf_counter() - started
    one_view, _ = quality(network, data[held_out])
    last_epoch = len(curve.losses) // len(curve.train_accuracies)
    measured = []
    for trial in trials:
        asked = ask_by(trial.recipe, network) if isinstance(trial.recipe, Recipe) else network
        accuracy, cross_entropy = quality(asked, data[held_out])
        measured.append(
            Measured(
                experiment=trial.name,
                fold=fold,
                accuracy=round(accuracy, 4),
                cross_entropy=round(cross_entropy, 4),
                one_view=round(one_view, 4),
                train_loss=round(float(np.mean(curve.losses[-last_epoch:])), 4),
                seconds=round(seconds),
                device=device,
                settings=trial.settings(),
            )
        )
    return measured


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
