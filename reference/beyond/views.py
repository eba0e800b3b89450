"""Ask a network four times about the same two shoes, and answer by what it says on average."""

import torch
from torch import Tensor, nn

from reference.data import HEIGHT


class FourViews(nn.Module):
    """A trained network whose answer is the mean over four views: as they are, mirrored, exchanged, and both.

    Whether two shoes are a pair does not depend on which of them is on top, nor on a mirror. The network's mistakes
    do: where it errs in one view only, the other three outvote it. It stays one network with one set of weights,
    asked four times as long.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Logarithms of the mean probabilities, [B, 2], for images [B, 3, 448, 224]."""
        exchanged = torch.cat([images[:, :, HEIGHT:], images[:, :, :HEIGHT]], dim=2)
        views = images, exchanged, images.flip(3), exchanged.flip(3)
        return torch.stack([self.network(view).softmax(dim=1) for view in views]).mean(dim=0).log()
