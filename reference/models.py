"""Questions 2a and 2b: two networks that differ in one line, and one of them is much better."""

import torch
from torch import Tensor, nn

from reference.data import HEIGHT


def keeping_spread(layer: nn.Conv2d | nn.Linear) -> nn.Module:
    """Start a layer with weights so large that rectified values stay spread as far as they are (He et al., 2015).

    PyTorch starts them less than half as large. After five layers two pictures would look nearly the same to the last
    one, and training would begin with a long walk along a plateau.
    """
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return layer


def convolution_block(in_channels: int, out_channels: int, kernel_size: int) -> nn.Sequential:
    """Convolve, halve height and width, and rectify: [B, in, H, W] to [B, out, H / 2, W / 2].

    With a padding of (k - 1) / 2 the convolution keeps the size, so that only the pooling shrinks the picture. The
    largest of four values stays the largest when all are rectified, so pooling may come first, and then there is only
    a quarter left to rectify.
    """
    return nn.Sequential(
        keeping_spread(nn.Conv2d(in_channels, out_channels, kernel_size, padding=(kernel_size - 1) // 2)),
        nn.MaxPool2d(2),
        nn.ReLU(),
    )


class CNN(nn.Module):
    """Look at both shoes in one tall picture, [B, 3, 448, 224], and give two logits, [B, 2]: different, same.

    Args: n: channels after the first convolution; kernel_size: 3 or 5 (odd, so that the padding is exact).
    """

    def __init__(self, n: int = 6, kernel_size: int = 3) -> None:
        super().__init__()
        self.features = nn.Sequential(
            convolution_block(3, n, kernel_size),  # [B, n, 224, 112]
            convolution_block(n, 2 * n, kernel_size),  # [B, 2n, 112, 56]
            convolution_block(2 * n, 4 * n, kernel_size),  # [B, 4n, 56, 28]
            convolution_block(4 * n, 8 * n, kernel_size),  # [B, 8n, 28, 14]
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            keeping_spread(nn.Linear(8 * n * 28 * 14, 100)),
            nn.BatchNorm1d(100),  # takes away what all pictures share, such as the floor
            nn.ReLU(),
            nn.Linear(100, 2),
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.features(images))


class CNNChannel(nn.Module):
    """Lay the two shoes over each other as six channels, [B, 6, 224, 224], and give two logits, [B, 2].

    A convolution sees only a small neighbourhood. In the tall picture of `CNN`, the toe of the left shoe and the toe
    of the right one are 224 rows apart and meet only in the linear layers; laid over each other, the very first
    filter can compare their colours. That is the whole difference, and it is a large one.

    Args: n: channels after the first convolution; kernel_size: 3 or 5 (odd, so that the padding is exact).
    """

    def __init__(self, n: int = 6, kernel_size: int = 3) -> None:
        super().__init__()
        self.features = nn.Sequential(
            convolution_block(6, n, kernel_size),  # [B, n, 112, 112]
            convolution_block(n, 2 * n, kernel_size),  # [B, 2n, 56, 56]
            convolution_block(2 * n, 4 * n, kernel_size),  # [B, 4n, 28, 28]
            convolution_block(4 * n, 8 * n, kernel_size),  # [B, 8n, 14, 14]
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            keeping_spread(nn.Linear(8 * n * 14 * 14, 100)),
            nn.BatchNorm1d(100),  # takes away what all pictures share, such as the floor
            nn.ReLU(),
            nn.Linear(100, 2),
        )

    def forward(self, images: Tensor) -> Tensor:
        upper = images[:, :, :HEIGHT]  # [B, 3, 224, 224]
        lower = images[:, :, HEIGHT:]
        return self.classifier(self.features(torch.cat([upper, lower], dim=1)))
