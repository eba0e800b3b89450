"""The assignment's networks, begun and laid out in memory as suits the recipe. Their layers stay what they are."""

import torch
from torch import nn

from reference.beyond.recipe import Recipe
from reference.models import CNN, CNNChannel

NETWORKS: dict[str, type[CNN] | type[CNNChannel]] = {"CNN": CNN, "CNNChannel": CNNChannel}


def build_network(recipe: Recipe) -> nn.Module:
    """A new network of the assignment's, in the memory format in which its convolutions are fastest.

    Channels-last: where all channels of a pixel lie side by side, a convolution reads them in one go.
    """
    network = NETWORKS[recipe.model](recipe.n, recipe.kernel_size)
    if recipe.differences and isinstance(network, CNNChannel):
        start_with_differences(network)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs do not know it
    return network


def start_with_differences(network: CNNChannel) -> None:
    """Let every first filter begin as one shoe minus the other, half of them the other way round.

    Rectified, such two filters together tell how far the shoes are apart, which is what the network would have to find
    first. It is where training begins, no more: each weight then goes its own way.
    """
    first_convolution = next(part for part in network.modules() if isinstance(part, nn.Conv2d))
    weights = first_convolution.weight.data  # [n, 6, k, k], three channels of either shoe
    half = len(weights) // 2
    weights[:, 3:] = -weights[:, :3]
    weights[half : 2 * half] = -weights[:half]
