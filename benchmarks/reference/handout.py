"""The handout's own way, rewritten: the same steps in the same order and types, so that it costs what it costs there.

Nothing here is to be imitated. It is what the reference is measured against: photographs read one by one into float64,
every example copied several times on its way into a batch, pictures lying on their side, accuracies every few steps and
with gradients kept.
"""

import glob
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

SIDES = {"left": 0, "right": 1}


def load(folder: Path) -> NDArray[np.float64]:
    """Load a folder of photographs: [N, 3, 2, 224, 224, 3] in [-0.5, 0.5].

    In two things it does not follow the handout. It takes files of any ending, since the reference does, and one
    student's are called `.png`. And it does not divide by 255: the `imread` of that time gave integers, that of today
    has divided already. Dividing twice is a mistake about values; here only time is compared.
    """
    pattern = str(folder / "u*")
    # Listed three times over, as there; that, too, is what loading costs.
    students: list[int] = []
    data = np.zeros(len(glob.glob(pattern)) // 6 * 18 * 224 * 224).reshape(-1, 3, 2, 224, 224, 3)  # noqa: PTH207
    for file in glob.glob(pattern):  # noqa: PTH207
        student = int(file.split("/")[-1].split("_")[0][1:])
        if student not in students:
            students.append(student)
    rows = {f"u{student:03d}": row for row, student in enumerate(sorted(students))}
    for file in glob.glob(pattern):  # noqa: PTH207
        name, pair, side = file.split("/")[-1].split("_")[:3]
        picture = plt.imread(file)  # [224, 224, 4]
        data[rows[name], int(pair) - 1, SIDES[side], :, :, :] = picture[:, :, :3] - 0.5
    return data


def same_pairs(data: NDArray[np.float64]) -> NDArray[np.float64]:
    """Left above right shoe of every pair: [N, 3, 2, 224, 224, 3] to [3N, 448, 224, 3]."""
    result = np.zeros(len(data) * 3 * 448 * 224 * 3).reshape(len(data) * 3, 448, 224, 3)
    row = 0
    for student in data:
        for pair in student:
            result[row, :, :] = pair.reshape(448, 224, 3)
            row += 1
    return result


def different_pairs(data: NDArray[np.float64]) -> NDArray[np.float64]:
    """Every left shoe above the right one of the next pair: [N, 3, 2, 224, 224, 3] to [3N, 448, 224, 3]."""
    result = np.zeros(len(data) * 3 * 448 * 224 * 3).reshape(len(data) * 3, 448, 224, 3)
    row = 0
    for student in data:
        for pair in range(len(student)):
            result[row, :, :, :] = np.concatenate((student[pair, 0, :, :], student[(pair + 1) % 3, 1, :, :]))
            row += 1
    return result


class ChannelNetwork(nn.Module):
    """The network of the handout's pair of students: [B, 3, 224, 448], shoes on their side, to [B, 2].

    Convolutions without padding, each rectified and then pooled; logarithms of probabilities at the end, of which the
    loss takes the logarithms once more.
    """

    def __init__(self, n: int = 9, kernel_size: int = 7) -> None:
        super().__init__()
        width = 224
        for _ in range(4):
            width = (width - kernel_size + 1) // 2
        self.conv1 = nn.Conv2d(6, n, kernel_size)
        self.conv2 = nn.Conv2d(n, 2 * n, kernel_size)
        self.conv3 = nn.Conv2d(2 * n, 4 * n, kernel_size)
        self.conv4 = nn.Conv2d(4 * n, 8 * n, kernel_size)
        self.fc1 = nn.Linear(8 * n * width * width, 100)
        self.fc2 = nn.Linear(100, 2)

    def forward(self, images: Tensor) -> Tensor:
        shoes = torch.cat((images[:, :, :, :224], images[:, :, :, 224:]), 1)  # [B, 6, 224, 224]
        for convolution in (self.conv1, self.conv2, self.conv3, self.conv4):
            shoes = functional.max_pool2d(functional.relu(convolution(shoes)), kernel_size=2)
        hidden = functional.relu(self.fc1(shoes.view(len(shoes), -1)))
        return functional.log_softmax(self.fc2(hidden), dim=1)


def get_accuracy(model: nn.Module, data: NDArray[np.float64], batch_size: int = 50) -> tuple[float, float]:
    """Accuracy on pairs and on wrong pairs, fractions in [0, 1]; the model is left in evaluation mode."""
    model.eval()
    fractions = []
    for images, answer in ((same_pairs(data), 1), (different_pairs(data), 0)):
        correct = 0
        for start in range(0, len(images), batch_size):
            logits = model(torch.Tensor(images[start : start + batch_size]).transpose(1, 3))
            predicted = logits.max(1, keepdim=True)[1].detach().numpy()
            correct += int((predicted == answer).sum())
        fractions.append(correct / len(images))
    return fractions[0], fractions[1]


def train(
    model: nn.Module,
    train_data: NDArray[np.float64],
    valid_data: NDArray[np.float64],
    report: Callable[[], None],
    batch_size: int = 100,
    learning_rate: float = 0.001,
    epochs: int = 17,
    evaluate_every: int | None = 5,
) -> None:
    """Train as the handout does, all epochs to their end; `report` is called after each.

    Args: train_data, valid_data: [N, 3, 2, 224, 224, 3]; evaluate_every: steps from one look at the accuracies to the
        next; None: one look after every epoch, as the assignment asks, and training mode again after it.
    """
    loss_function = nn.CrossEntropyLoss()
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    different, same = different_pairs(train_data), same_pairs(train_data)
    half, step = batch_size // 2, 0
    for _ in range(epochs):
        order = np.random.permutation(len(different))
        different = different[order]
        same = same[order]
        for start in range(0, len(same) - half + 1, half):
            images, labels = _batch(same[start : start + half, :, :, :], different[start : start + half, :, :, :])
            loss = loss_function(model(images), labels)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            loss.item()
            if evaluate_every and step % evaluate_every == 0:
                get_accuracy(model, train_data)
                get_accuracy(model, valid_data)
            step += 1
        if evaluate_every is None:
            get_accuracy(model, train_data)
            get_accuracy(model, valid_data)
            model.train()
        report()


def _batch(same: NDArray[np.float64], different: NDArray[np.float64]) -> tuple[Tensor, Tensor]:
    """Shuffle half a batch of pairs among half a batch of wrong pairs: [B, 3, 224, 448] and labels, [B]."""
    half = len(same)
    images = np.zeros(2 * half * 448 * 224 * 3).reshape(2 * half, 448, 224, 3)
    labels = np.zeros(2 * half)
    images[0:half, :, :, :] = same
    labels[0:half] = np.ones(half)
    images[half : 2 * half, :, :, :] = different
    labels[half : 2 * half] = np.zeros(half)
    order = np.random.permutation(len(images))
    images = images[order]
    labels = labels[order]
    return torch.Tensor(images).transpose(1, 3), torch.Tensor(labels).long()
