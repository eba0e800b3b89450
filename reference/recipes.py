"""The two ways to train that `python -m reference` knows: as the handout describes it, and as well as we can."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from reference.beyond import BEST, BEST_CNN, Recipe, ask_by, build_network, train_by_recipe
from reference.beyond.network import NETWORKS
from reference.training import LearningCurve, print_epoch, train


@dataclass(frozen=True)
class PlainRecipe:
    """The settings of question 3a's training; `reference/experiments` tells how they were chosen."""

    model: str = "CNNChannel"
    n: int = 8
    kernel_size: int = 3
    epochs: int = 10
    batch_size: int = 16
    learning_rate: float = 0.002
    weight_decay: float = 0.0


# By name, and by the network that is trained; CNN asks for more channels, since it has to find more by itself.
RECIPES: dict[str, dict[str, PlainRecipe | Recipe]] = {
    "plain": {"CNNChannel": PlainRecipe(), "CNN": PlainRecipe(model="CNN", n=16)},
    "best": {"CNNChannel": BEST, "CNN": BEST_CNN},
}


def train_network(
    recipe: PlainRecipe | Recipe,
    train_data: NDArray[np.float32],
    valid_data: NDArray[np.float32],
    report: Callable[[LearningCurve], None] = print_epoch,
    device: str = "cpu",
) -> tuple[nn.Module, LearningCurve]:
    """Train a new network by a recipe; the network and its curve. `np.random.seed` and `torch.manual_seed` repeat it.

    Args: train_data, valid_data: [N, 3, 2, 224, 224, 3]; device: where a `Recipe` trains; the plain training, as the
        assignment has it, knows only the processor.
    """
    if isinstance(recipe, Recipe):
        network = build_network(recipe, device)
        curve = train_by_recipe(network, recipe, train_data, valid_data, report)
        return ask_by(recipe, network), curve
    network = NETWORKS[recipe.model](recipe.n, recipe.kernel_size)
    curve = train(
        network,
        train_data,
        valid_data,
        batch_size=recipe.batch_size,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        epochs=recipe.epochs,
        report=report,
    )
    return network, curve
