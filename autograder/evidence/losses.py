"""Which loss a training minimises, and which labels it uses, read from what reaches the optimizer.

Whatever way a loss is written, its gradient with respect to the model's outputs tells what it is. For cross-entropy
on logits z with label y it is softmax(z) - onehot(y) for each example, times one factor for the whole batch (or one
for each class, where classes are weighted); for any other loss it is something else. The label is the class whose
output a step of descent would raise.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]
# Gradients are float32, and so are the outputs from which they are computed anew here.
CLOSE = 0.01
# What is nearly learnt gives gradients that are mostly rounding.
_TOO_SMALL = 1e-3
_SAME_TARGET, _FEWEST_ROWS = 2e-3, 4
# How many batches a loss may be divided by whose gradients are added up for one step.
_ACCUMULATED = (1, 2, 3, 4, 5, 6, 8, 10, 16)
_SMOOTHINGS = (0.1, 0.05, 0.2, 0.01, 0.02, 0.15, 0.3)

CROSS_ENTROPY = "cross-entropy"
ON_SOFTMAX = "cross-entropy of softmax outputs"
ON_SIGMOID = "cross-entropy of sigmoid outputs"
NLL_ON_RAW = "the negative of the output itself, without a log-softmax"
BINARY = "binary cross-entropy of each output by itself"
SQUARED = "the squared error"
NEGATED = "cross-entropy with the sign turned round"
UNKNOWN = "something else"
NOTHING = "nothing: no gradient reaches the output"


@dataclass(frozen=True)
class LossSeen:
    """form: one of the names above; labels: for each example the class towards which it is pulled, -1 where it is not;
    if the sign of the loss is turned round, that is the other class."""

    form: str
    labels: tuple[int, ...]


@np.errstate(all="ignore")
def read_loss(outputs: Table, gradients: Table) -> LossSeen:
    """Recognise a loss.

    Args: outputs: [B, K] of the model; gradients: [B, K] of the loss with respect to them.
    """
    outputs, gradients = np.asarray(outputs, dtype=float), np.asarray(gradients, dtype=float)
    if outputs.shape != gradients.shape or outputs.ndim != 2 or not outputs.size or not np.isfinite(outputs).all():
        return LossSeen(UNKNOWN, (-1,) * len(outputs))
    if outputs.shape[1] == 1:
        return _read_single(outputs[:, 0], gradients[:, 0])
    silent = ~np.isfinite(gradients).all(axis=1) | (np.abs(gradients).max(axis=1) == 0)
    smoothed = _smoothed_labels(outputs, gradients)
    if smoothed is not None:
        return LossSeen(CROSS_ENTROPY, tuple(int(label) for label in smoothed))
    squared = _labels_of_squares(outputs, gradients)
    if squared is not None:
        return LossSeen(SQUARED, tuple(int(label) for label in squared))
    form = _form(outputs[~silent], gradients[~silent])
    return LossSeen(form, tuple(int(label) for label in np.where(silent, -1, gradients.argmin(axis=1))))


def _smoothed_labels(outputs: Table, gradients: Table) -> NDArray[np.int64] | None:
    """The labels of a cross-entropy with smoothed labels, None where it is not one.

    softmax(z) - gradient * factor is what an example was to become, the factor being the size of the batch for a mean
    and 1 for a sum: rows that are all alike but for the place of the largest. The sign of the gradient alone would
    not tell, since smoothing pushes a model back that is too sure of the right answer.
    """
    size, probabilities = len(outputs), _softmax(outputs)
    largest = [1 - smoothing + smoothing / outputs.shape[1] for smoothing in _SMOOTHINGS]
    for factor in _multiples(size, 1) if size >= _FEWEST_ROWS else ():
        wanted = probabilities - factor * gradients
        top = wanted.max(axis=1)
        if np.ptp(top) < 2 * _SAME_TARGET and any(np.abs(top - one).max() < _SAME_TARGET for one in largest):
            return np.asarray(wanted.argmax(axis=1))
    return None


def _labels_of_squares(outputs: Table, gradients: Table) -> NDArray[np.int64] | None:
    """The labels of a squared error on one-hot labels, None where it is not one.

    The sign of the gradient alone would not tell, since an output above 1 is pushed back.
    """
    size = outputs.shape[0]
    factors = _multiples(size, size / 2, size * outputs.shape[1] / 2, 0.5, 1)
    for factor in factors if size >= _FEWEST_ROWS else ():
        wanted = outputs - factor * gradients
        labels = wanted.argmax(axis=1)
        if np.abs(wanted - np.eye(outputs.shape[1])[labels]).max() < _SAME_TARGET:
            return np.asarray(labels)
    return None


def _multiples(*factors: float) -> list[float]:
    """Factors by which a loss may be divided, also where it is divided again since gradients are accumulated."""
    return [factor * batches for batches in _ACCUMULATED for factor in factors]


def _form(outputs: Table, gradients: Table) -> str:
    if not len(outputs):
        return UNKNOWN
    labels = gradients.argmin(axis=1)
    probabilities = are_probabilities(outputs)
    # What is nearly learnt has gradients of which rounding leaves one side only.
    clear = np.abs(gradients).max(axis=1) > _TOO_SMALL * np.abs(gradients).max()
    outputs, gradients, labels = outputs[clear], gradients[clear], labels[clear]
    if np.abs(_softmax(outputs) - np.eye(outputs.shape[1])[labels]).max() < _TOO_SMALL:
        return CROSS_ENTROPY
    single = (np.abs(gradients) > 1e-6 * np.abs(gradients).max(axis=1, keepdims=True)).sum(axis=1) == 1
    if single.all():
        # Only the output of the label counts: a negative log-likelihood of whatever the model gives.
        if np.abs(_logsumexp(outputs)).max() < 1e-3:
            return CROSS_ENTROPY
        chosen = outputs[np.arange(len(outputs)), labels]
        factors = -gradients[np.arange(len(outputs)), labels] * chosen
        if probabilities and np.ptp(factors) < CLOSE * abs(factors.mean()):
            return CROSS_ENTROPY
        return NLL_ON_RAW
    if probabilities and _fits(outputs, gradients, labels, _of_softmax):
        return ON_SOFTMAX
    if any(_fits(outputs, gradients, labels, _of_softmax, smoothing) for smoothing in (0.0, *_SMOOTHINGS)):
        return CROSS_ENTROPY
    if _fits(outputs, -gradients, gradients.argmax(axis=1), _of_softmax):
        return NEGATED
    for name, direction in _OTHERS.items():
        if _fits(outputs, gradients, labels, direction):
            return name
    return UNKNOWN


def are_probabilities(outputs: Table) -> bool:
    """Whether rows are non-negative and add up to 1, as those of a softmax do."""
    return bool((outputs >= 0).all() and np.abs(outputs.sum(axis=1) - 1).max() < 1e-4)


def _fits(
    outputs: Table,
    gradients: Table,
    labels: NDArray[np.int64],
    direction: Callable[[Table, Table], Table],
    smoothing: float = 0.0,
) -> bool:
    """Whether gradients are a loss's direction times one positive factor for each class."""
    classes = outputs.shape[1]
    targets = np.eye(classes)[labels] * (1 - smoothing) + smoothing / classes
    expected = direction(outputs, targets)
    lengths = (expected**2).sum(axis=1)
    clear = np.sqrt(lengths) > _TOO_SMALL
    if not clear.any():
        return True
    factors = (gradients * expected).sum(axis=1)[clear] / lengths[clear]
    rest = np.linalg.norm(gradients[clear] - factors[:, None] * expected[clear], axis=1)
    if (factors <= 0).any() or (rest > CLOSE * np.linalg.norm(gradients[clear], axis=1)).any():
        return False
    groups = [factors[labels[clear] == label] for label in set(labels[clear].tolist())]
    return all(np.ptp(group) <= CLOSE * group.mean() for group in groups)


def _softmax(values: Table) -> Table:
    raised = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _logsumexp(values: Table) -> Table:
    top = values.max(axis=1)
    return np.asarray(top + np.log(np.exp(values - top[:, None]).sum(axis=1)))


def _sigmoid(values: Table) -> Table:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -500, 500))))


def _of_softmax(outputs: Table, targets: Table) -> Table:
    return _softmax(outputs) - targets


def _through_softmax(probabilities: Table, inner: Table) -> Table:
    return np.asarray(probabilities * (inner - (inner * probabilities).sum(axis=1, keepdims=True)))


def _twice(outputs: Table, targets: Table) -> Table:
    first = _softmax(outputs)
    return _through_softmax(first, _softmax(first) - targets)


def _after_sigmoid(outputs: Table, targets: Table) -> Table:
    first = _sigmoid(outputs)
    return np.asarray(first * (1 - first) * (_softmax(first) - targets))


def _squared_after_softmax(outputs: Table, targets: Table) -> Table:
    first = _softmax(outputs)
    return _through_softmax(first, first - targets)


_OTHERS: dict[str, Callable[[Table, Table], Table]] = {
    ON_SOFTMAX: _twice,
    ON_SIGMOID: _after_sigmoid,
    BINARY: lambda outputs, targets: _sigmoid(outputs) - targets,
    SQUARED: lambda outputs, targets: outputs - targets,
    f"{SQUARED} of softmax outputs": _squared_after_softmax,
}


def _read_single(outputs: Table, gradients: Table) -> LossSeen:
    """One output for each picture: binary cross-entropy is then the cross-entropy of that model."""
    labels = (gradients < 0).astype(int)
    silent = gradients == 0
    seen = tuple(int(label) for label in np.where(silent, -1, labels))
    for name, expected in (
        (CROSS_ENTROPY, _sigmoid(outputs) - labels),
        (CROSS_ENTROPY, (outputs - labels) / np.maximum(outputs * (1 - outputs), 1e-12)),
        (SQUARED, outputs - labels),
    ):
        clear = ~silent & (np.abs(expected) > _TOO_SMALL)
        factors = gradients[clear] / expected[clear]
        if len(factors) and (factors > 0).all() and np.ptp(factors) <= CLOSE * factors.mean():
            return LossSeen(name, seen)
    return LossSeen(UNKNOWN, seen)
