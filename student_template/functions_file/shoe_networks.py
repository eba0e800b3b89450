"""The two networks of assignment 3, and who hands it in."""

import torch
from torch import Tensor, nn


HEIGHT = WIDTH = 224


def first_student_number() -> str:
    """The student number of the one partner."""
    return ""


def second_student_number() -> str:
    """The student number of the other partner; empty for somebody who works alone."""
    return ""


class CNN(nn.Module):
    """Look at both shoes in one tall picture, [B, 3, 448, 224], and give two logits, [B, 2]: different, same."""

    def __init__(self) -> None:
        raise NotImplementedError("Question 2a: write CNN.__init__")

    def forward(self, images: Tensor) -> Tensor:
        raise NotImplementedError("Question 2a: write CNN.forward")


class CNNChannel(nn.Module):
    """Lay the two shoes over each other as six channels, [B, 6, 224, 224], and give two logits, [B, 2].

    The pictures come as for `CNN`, [B, 3, 448, 224].
    """

    def __init__(self) -> None:
        raise NotImplementedError("Question 2b: write CNNChannel.__init__")

    def forward(self, images: Tensor) -> Tensor:
        raise NotImplementedError("Question 2b: write CNNChannel.forward")
