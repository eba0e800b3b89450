"""The assignment's networks, begun and laid out in memory as suits the recipe. Their layers stay what they are."""

import torch
from torch import nn

from reference.beyond.recipe import Recipe
from reference.data import HEIGHT, WIDTH
from reference.models import CNN, CNNChannel

NETWORKS: dict[str, type[CNN] | type[CNNChannel]] = {"CNN": CNN, "CNNChannel": CNNChannel}


def build_network(recipe: Recipe, device: str = "cpu") -> nn.Module:
    """A new network of the assignment's on a device, in the memory format in which its convolutions are fastest.

    Channels-last: where all channels of a pixel lie side by side, a convolution reads them in one go. Pictures may lie
    on another device; they are brought to the network's.
    """
    network = NETWORKS[recipe.model](recipe.n, recipe.kernel_size)
    if recipe.differences:
        start_with_differences(network)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs do not know it
    network.to(device)
    network.register_forward_pre_hook(lambda _, pictures: tuple(picture.to(device) for picture in pictures))
    return network


def start_with_differences(network: CNN | CNNChannel) -> None:
    """Let the layer in which the two shoes meet begin as one shoe minus the other, half of it the other way round.

    Rectified, two such units together tell how far the shoes are apart, which is what the network would have to find
    first. It is where training begins, no more: each weight then goes its own way.
    """
    if isinstance(network, CNNChannel):  # they meet in the first convolution, three channels of either
        convolution = next(part for part in network.modules() if isinstance(part, nn.Conv2d))
        weights = convolution.weight.data  # [n, 6, k, k]
        one, other = weights[:, :3], weights[:, 3:]
    else:  # in the first linear layer, half of the rows of either
        linear = next(part for part in network.modules() if isinstance(part, nn.Linear))
        weights = linear.weight.data.unflatten(1, (-1, 2 * HEIGHT // 16, WIDTH // 16))  # [100, 8n, 28, 14]
        one, other = weights.chunk(2, dim=2)
    other.copy_(-one)
    half = len(weights) // 2
    weights[half : 2 * half] = -weights[:half]
