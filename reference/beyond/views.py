"""Ask a network several times about the same two shoes, and answer by what it says on average."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from reference.beyond.recipe import Recipe
from reference.data import HEIGHT, WIDTH


def ask_by(recipe: Recipe, network: nn.Module) -> nn.Module:
    """A trained network as the recipe asks it: as it is, or in several views."""
    return SeveralViews(network, recipe.other_sizes) if recipe.four_views else network


class SeveralViews(nn.Module):
    """A trained network whose answer is the mean over four views: as they are, mirrored, exchanged, and both.

    Whether two shoes are a pair does not depend on which of them is on top, nor on a mirror. The network's mistakes
    do: where it errs in one view only, the other three outvote it. How large the shoes are in the picture does not
    matter, either, so it may be asked about larger and smaller ones besides, which makes twelve views. It stays one
    network with one set of weights, asked four or twelve times as long.

    Args: other_sizes: by what share both shoes are made larger and smaller; 0 asks at their own size alone.
    """

    def __init__(self, network: nn.Module, other_sizes: float = 0.0) -> None:
        super().__init__()
        self.network = network
        self.sizes = (1.0, 1 - other_sizes, 1 + other_sizes) if other_sizes else (1.0,)

    def forward(self, images: Tensor) -> Tensor:
        """Logarithms of the mean probabilities, [B, 2], for images [B, 3, 448, 224]."""
        views = [view for size in self.sizes for view in four_views(at_size(images, size))]
        return torch.stack([self.network(view).softmax(dim=1) for view in views]).mean(dim=0).log()


def four_views(images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Two shoes each, [B, 3, 448, 224], as they are, exchanged, mirrored, and both."""
    exchanged = torch.cat([images[:, :, HEIGHT:], images[:, :, :HEIGHT]], dim=2)
    return images, exchanged, images.flip(3), exchanged.flip(3)


def at_size(images: Tensor, size: float) -> Tensor:
    """Both shoes of each example, [B, 3, 448, 224], that many times as large, each about the middle of its photograph.

    What is cut off is lost; where there is more to see than there was, the floor goes on, mirrored, as in training.
    """
    if size == 1:
        return images
    shoes = torch.cat([images[:, :, :HEIGHT], images[:, :, HEIGHT:]])  # [2B, 3, 224, 224]
    where_from = torch.tensor([[1 / size, 0.0, 0.0], [0.0, 1 / size, 0.0]], device=images.device)
    grid = functional.affine_grid(
        where_from.expand(len(shoes), 2, 3), [len(shoes), 3, HEIGHT, WIDTH], align_corners=False
    )
    sized = functional.grid_sample(shoes, grid, padding_mode="reflection", align_corners=False)
    return torch.cat(sized.chunk(2), dim=2)
