"""The loop of question 3a with three changes: drawn batches, steps of another kind and length, averaged weights."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from reference.accuracy import get_accuracy
from reference.beyond.batches import batches_of_an_epoch, draw_batches
from reference.beyond.recipe import Recipe
from reference.beyond.steps import Steps
from reference.training import LearningCurve, print_epoch


def train_by_recipe(
    network: nn.Module,
    recipe: Recipe,
    train_data: NDArray[np.float32],
    valid_data: NDArray[np.float32],
    report: Callable[[LearningCurve], None] = print_epoch,
) -> LearningCurve:
    """Train a network that `build_network` made, and leave it with the averaged weights of the end.

    No epoch is chosen by validation: with a learning rate that ends at zero the last ones hardly differ, and a choice
    among them by a few dozen examples would be a choice by luck. So the validation accuracy of the finished network is
    an honest one.

    It trains where the network lies: on a graphics card, if `build_network` has put it there. The train accuracies of
    the curve are those of the batches as they come, since measuring all training examples
    again after every epoch would take a good part of the time.

    Args: train_data, valid_data: [N, 3, 2, 224, 224, 3]; with valid_data of no students nothing is validated.
    """
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(1 - recipe.averaging), use_buffers=True)
    data = torch.from_numpy(train_data).to(next(network.parameters()).device)
    count = recipe.epochs * batches_of_an_epoch(len(data), recipe)
    steps = Steps(network, recipe, count)
    loss_function = nn.CrossEntropyLoss()
    curve = LearningCurve()

    for _ in range(recipe.epochs):
        network.train()
        correct = seen = 0
        for images, labels in draw_batches(data, recipe):
            logits = network(images)
            labels = labels.to(logits.device)
            loss = loss_function(logits, labels)
            steps.step(loss)
            if recipe.averaging and len(curve.losses) >= count // 2:
                averaged.update_parameters(network)
            curve.losses.append(loss.item())
            correct += int((logits.argmax(dim=1) == labels).sum())
            seen += len(labels)
        curve.train_accuracies.append(correct / seen)
        if len(valid_data):
            curve.valid_accuracies.append(sum(get_accuracy(network, valid_data)) / 2)
        report(curve)
    if recipe.averaging:
        network.load_state_dict(averaged.module.state_dict())
    return curve
