"""Steps of a training: how the weights of each layer move, and by how much as the training goes on."""

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Muon
from torch.optim.lr_scheduler import OneCycleLR

from reference.beyond.recipe import Recipe


class Steps:
    """An optimizer for all weights of a network, under a one-cycle schedule that ends after so many steps.

    Biases, batch norm and the last layer are AdamW's. Where the recipe asks for orthogonal steps, the filters and the
    first linear layer are Muon's (K. Jordan et al., 2024). A layer's averaged gradient is a matrix with a row for each
    filter, and most of its length lies in a few directions, such as what light shoes and dark shoes have in common.
    Muon keeps the directions and makes all of them about equally long, so that what is rare is learned as fast as what
    is common.
    """

    def __init__(self, network: nn.Module, recipe: Recipe, steps: int) -> None:
        self.network = network
        *inner, _ = [weights for weights in network.parameters() if weights.ndim > 1]
        of_muon = inner if recipe.orthogonal else []
        others = [weights for weights in network.parameters() if not any(weights is one for one in of_muon)]
        self.adamw = AdamW(others, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
        self.orthogonal = OrthogonalSteps(of_muon, recipe.orthogonal) if of_muon else None
        self.schedules = [OneCycleLR(self.adamw, recipe.learning_rate, total_steps=steps)]
        if self.orthogonal:
            muon = self.orthogonal.muon
            self.schedules.append(OneCycleLR(muon, recipe.orthogonal, total_steps=steps, cycle_momentum=False))

    def step(self, loss: Tensor) -> None:
        """Move all weights against the gradient of this loss."""
        self.network.zero_grad()
        loss.backward()
        self.adamw.step()
        if self.orthogonal:
            self.orthogonal.step()
        for schedule in self.schedules:
            schedule.step()


class OrthogonalSteps:
    """Muon for weights of any shape. PyTorch's takes matrices only, so each step goes through a copy that is one."""

    def __init__(self, weights: list[nn.Parameter], learning_rate: float) -> None:
        self.weights = weights
        self.matrices = [nn.Parameter(one.detach().flatten(1).clone()) for one in weights]
        self.muon = Muon(self.matrices, lr=learning_rate, weight_decay=0.0)

    @torch.no_grad()
    def step(self) -> None:
        """Move the weights by their gradients."""
        for one, matrix in zip(self.weights, self.matrices, strict=True):
            matrix.grad = None if one.grad is None else one.grad.flatten(1)
        self.muon.step()
        for one, matrix in zip(self.weights, self.matrices, strict=True):
            one.copy_(matrix.view_as(one))
