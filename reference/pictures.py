"""Questions 4b and 4c: what a network gets right, and what it gets wrong."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from reference.pairs import generate_different_pair, generate_same_pair


def draw_examples(model: nn.Module, data: NDArray[np.float32]) -> None:
    """Draw a pair that the model recognises and, where there is one, an example on which it is wrong.

    Args: data: [N, 3, 2, 224, 224, 3].
    """
    pairs, wrong_pairs = generate_same_pair(data), generate_different_pair(data)
    images = np.concatenate([pairs, wrong_pairs])
    labels = np.repeat([1, 0], len(pairs))
    model.eval()
    with torch.no_grad():
        answers = model(torch.from_numpy(images).permute(0, 3, 1, 2)).argmax(dim=1).numpy()
    recognised = np.flatnonzero((labels == 1) & (answers == 1))
    mistaken = np.flatnonzero(labels != answers)
    _, (right_axes, wrong_axes) = plt.subplots(1, 2, figsize=(5, 5), layout="constrained")
    for axes in (right_axes, wrong_axes):
        axes.axis("off")
    if len(recognised):
        right_axes.imshow(images[recognised[0]] + 0.5)
        right_axes.set_title("right: a pair")
    if len(mistaken):
        wrong_axes.imshow(images[mistaken[0]] + 0.5)
        wrong_axes.set_title("wrong: " + ("different, it says" if labels[mistaken[0]] else "a pair, it says"))
