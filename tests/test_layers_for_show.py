"""A layer counts where the outputs depend on it, whatever its weights are, and one that is only executed does not."""

import numpy as np
import pytest
import torch
from torch import nn

from autograder.worker.observing import run_model

IMAGES = np.random.default_rng(0).uniform(-0.5, 0.5, size=(3, 3, 448, 224)).astype(np.float32)


class Network(nn.Module):
    """Two convolutions and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, stride=8), nn.Conv2d(4, 8, 3, stride=8)
        self.last = nn.Linear(8 * 7 * 4, 2)

    def layers(self, images: torch.Tensor) -> torch.Tensor:
        return self.last(torch.relu(self.second(torch.relu(self.first(images)))).flatten(1)[:, : 8 * 7 * 4])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images)


class BeginsWithZeros(Network):
    def __init__(self) -> None:
        super().__init__()
        nn.init.zeros_(self.last.weight)


class Frozen(Network):
    def __init__(self) -> None:
        super().__init__()
        self.first.requires_grad_(False)


class Probabilities(Network):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.softmax(self.layers(images), dim=1)


class Certain(Network):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.log_softmax(self.layers(images), dim=1)


class Aside(Network):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.layers(images)
        return self.last(images.flatten(1)[:, : 8 * 7 * 4])


class TimesNothing(Network):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean(dim=(1, 2, 3)).reshape(-1, 1).repeat(1, 2) + 0 * self.layers(images)


class WithoutGradients(Network):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.layers(images)
        return torch.zeros(len(images), 2)


class OnceOnly(Network):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if not torch.is_grad_enabled():
            self.layers(images)
        return torch.zeros(len(images), 2)


def idle(model: nn.Module) -> list[bool]:
    structure, _ = run_model(model, IMAGES)
    return [event.get("idle", False) for event in structure["events"] if event["kind"] != "resize"]


@pytest.mark.parametrize("kind", [Network, BeginsWithZeros, Frozen, Probabilities, Certain])
def test_layers_count_that_the_outputs_depend_on(kind: type[Network]) -> None:
    assert idle(kind()) == [False, False, False]


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        (Aside, [True, True, True, False]),
        (TimesNothing, [True, True, True]),
        (WithoutGradients, [True, True, True]),
        (OnceOnly, [True, True, True]),
    ],
)
def test_layers_that_are_executed_for_show_do_not(kind: type[Network], seen: list[bool]) -> None:
    assert idle(kind())[-1:] == seen[-1:] and idle(kind())[:2] == seen[:2]


@pytest.mark.parametrize("kind", [Network, BeginsWithZeros, Frozen])
def test_looking_changes_neither_weights_nor_what_may_learn(kind: type[Network]) -> None:
    model = kind()
    before = [(parameter.clone(), parameter.requires_grad) for parameter in model.parameters()]
    run_model(model, IMAGES)
    after = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    assert all(torch.equal(a, b) and c == d for (a, c), (b, d) in zip(before, after, strict=True))
    assert all(parameter.grad is None for parameter in model.parameters())
