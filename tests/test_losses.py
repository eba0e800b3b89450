"""Which loss a training minimises, told from gradients alone, with torch's own autograd as the oracle."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from autograder.evidence.losses import (
    BINARY,
    CROSS_ENTROPY,
    NEGATED,
    NLL_ON_RAW,
    ON_SIGMOID,
    ON_SOFTMAX,
    SQUARED,
    UNKNOWN,
    LossSeen,
    are_probabilities,
    read_loss,
)

Tensor = torch.Tensor
Loss = Callable[[Tensor, Tensor], Tensor]


def read(outputs: Tensor, labels: Tensor, loss: Loss) -> LossSeen:
    """What is read from a loss of a model's outputs, its gradient computed by torch."""
    outputs = outputs.detach().clone().requires_grad_()
    loss(outputs, labels).backward()
    assert outputs.grad is not None
    return read_loss(outputs.detach().double().numpy(), outputs.grad.double().numpy())


def drawn(seed: int, classes: int = 2, examples: int = 24) -> tuple[Tensor, Tensor]:
    """Logits of a model that is neither blind nor all-knowing, and labels of which both kinds occur."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(examples, classes, generator=generator) * 1.5
    labels = torch.randint(classes, (examples,), generator=generator)
    labels[:classes] = torch.arange(classes)
    return logits, labels


def onehot(logits: Tensor, labels: Tensor) -> Tensor:
    return F.one_hot(labels, logits.shape[1]).to(logits.dtype)


def by_hand(logits: Tensor, labels: Tensor) -> Tensor:
    return -logits.log_softmax(1)[torch.arange(len(labels)), labels].mean()


def in_two_halves(logits: Tensor, labels: Tensor) -> Tensor:
    same = labels == 1
    return F.cross_entropy(logits[same], labels[same]) + F.cross_entropy(logits[~same], labels[~same])


CROSS_ENTROPIES: dict[str, Loss] = {
    "the mean": F.cross_entropy,
    "the sum": lambda z, y: F.cross_entropy(z, y, reduction="sum"),
    "each alone, then their mean": lambda z, y: F.cross_entropy(z, y, reduction="none").mean(),
    "divided by something": lambda z, y: F.cross_entropy(z, y) / 7,
    "targets with one 1 in each row": lambda z, y: F.cross_entropy(z, onehot(z, y)),
    "NLLLoss of log_softmax": lambda z, y: torch.nn.NLLLoss()(z.log_softmax(1), y),
    "written by hand": by_hand,
    "written by hand with targets": lambda z, y: -(onehot(z, y) * z.log_softmax(1)).sum(1).mean(),
    "of log_softmax": lambda z, y: F.cross_entropy(z.log_softmax(1), y),
}
# Logits so far apart leave float32 gradients of rounding alone.
LOGITS = arrays_of.arrays(
    np.float32, st.tuples(st.integers(1, 12), st.integers(2, 3)), elements=st.floats(-6, 6, width=32)
)
SEEDS = st.integers(0, 10_000)


# Cross-entropy, whatever way it is written


@pytest.mark.parametrize("way", CROSS_ENTROPIES)
@given(values=LOGITS, data=st.data())
def test_cross_entropy_is_recognised_on_any_logits_and_its_labels_are_read(way: str, values: Any, data: Any) -> None:
    assume(not are_probabilities(values))
    labels = data.draw(st.lists(st.integers(0, values.shape[1] - 1), min_size=len(values), max_size=len(values)))
    # A loss divided by ten of a model that is sure of the wrong answer throughout is one with smoothed labels, too.
    assume(len(values) < 4 or (values.argmax(axis=1) == labels).any())
    seen = read(torch.from_numpy(values), torch.tensor(labels), CROSS_ENTROPIES[way])
    assert seen == LossSeen(CROSS_ENTROPY, tuple(labels))


@pytest.mark.parametrize("weights", [(1.0, 3.0), (0.2, 0.8), (5.0, 5.0)])
@given(seed=SEEDS)
def test_classes_may_weigh_differently(weights: tuple[float, float], seed: int) -> None:
    logits, labels = drawn(seed)
    seen = read(logits, labels, lambda z, y: F.cross_entropy(z, y, torch.tensor(weights)))
    assert seen == LossSeen(CROSS_ENTROPY, tuple(labels.tolist()))


@given(seed=SEEDS)
def test_the_losses_of_pairs_and_wrong_pairs_may_be_added_up(seed: int) -> None:
    logits, labels = drawn(seed)
    assert read(logits, labels, in_two_halves) == LossSeen(CROSS_ENTROPY, tuple(labels.tolist()))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@given(seed=st.integers(0, 10_000))
def test_labels_of_a_squared_error_are_read_right_where_outputs_are_beyond_them(reduction: str, seed: int) -> None:
    outputs, labels = drawn(seed)
    seen = read(outputs * 3, labels, lambda z, y: F.mse_loss(z, onehot(z, y), reduction=reduction))
    assert seen == LossSeen(SQUARED, tuple(labels.tolist()))


@pytest.mark.parametrize("smoothing", [0.05, 0.1, 0.2])
@given(seed=st.integers(0, 10_000))
def test_labels_are_read_right_where_smoothing_pushes_a_sure_model_back(smoothing: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(16) % 2
    sure = F.one_hot(labels, 2) * 8.0 + torch.randn(16, 2, generator=generator)
    seen = read(sure, labels, lambda z, y: F.cross_entropy(z, y, label_smoothing=smoothing))
    assert seen == LossSeen(CROSS_ENTROPY, tuple(labels.tolist()))


@pytest.mark.parametrize("smoothing", [0.01, 0.05, 0.1, 0.2, 0.3])
@given(seed=SEEDS)
def test_smoothed_labels_are_still_labels(smoothing: float, seed: int) -> None:
    logits, labels = drawn(seed)
    # None is more certain than the smoothed target asks for.
    logits = logits.clamp(-0.4, 0.4)
    seen = read(logits, labels, lambda z, y: F.cross_entropy(z, y, label_smoothing=smoothing))
    assert seen == LossSeen(CROSS_ENTROPY, tuple(labels.tolist()))


@given(seed=SEEDS)
def test_a_model_that_ends_in_a_log_softmax_is_trained_with_either_loss(seed: int) -> None:
    logits, labels = drawn(seed)
    outputs = logits.log_softmax(1)
    for loss in (F.nll_loss, F.cross_entropy, lambda z, y: -z[torch.arange(len(y)), y].mean()):
        assert read(outputs, labels, loss) == LossSeen(CROSS_ENTROPY, tuple(labels.tolist()))


@given(seed=SEEDS)
def test_a_model_that_ends_in_a_softmax_whose_logarithm_the_loss_takes_is_right(seed: int) -> None:
    logits, labels = drawn(seed)
    seen = read(logits.softmax(1), labels, lambda p, y: F.nll_loss(p.log(), y))
    assert seen == LossSeen(CROSS_ENTROPY, tuple(labels.tolist()))


@given(seed=SEEDS, apart=st.booleans())
def test_one_output_with_binary_cross_entropy_is_the_cross_entropy_of_that_model(seed: int, apart: bool) -> None:
    logits, labels = drawn(seed)
    one = logits[:, :1] if apart else logits[:, :1] - logits[:, 1:]
    seen = read(one, labels, lambda z, y: F.binary_cross_entropy_with_logits(z[:, 0], y.float()))
    assert seen == LossSeen(CROSS_ENTROPY, tuple(labels.tolist()))
    seen = read(one.sigmoid(), labels, lambda p, y: F.binary_cross_entropy(p[:, 0], y.float()))
    assert seen == LossSeen(CROSS_ENTROPY, tuple(labels.tolist()))


@given(seed=SEEDS)
def test_examples_that_no_gradient_reaches_have_no_label(seed: int) -> None:
    logits, labels = drawn(seed)
    heard = torch.arange(len(labels)) % 3 > 0
    seen = read(logits, labels, lambda z, y: F.cross_entropy(z[heard], y[heard]))
    assert seen.form == CROSS_ENTROPY
    assert seen.labels == tuple(label if hear else -1 for label, hear in zip(labels.tolist(), heard, strict=True))


@given(seed=SEEDS)
def test_what_is_read_of_an_example_does_not_depend_on_its_place(seed: int) -> None:
    logits, labels = drawn(seed)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    straight, shuffled = (read(logits[o], labels[o], F.cross_entropy) for o in (torch.arange(len(labels)), order))
    assert shuffled.labels == tuple(straight.labels[place] for place in order.tolist())


# Other losses


OTHERS: dict[str, tuple[Loss, str]] = {
    "softmax first": (lambda z, y: F.cross_entropy(z.softmax(1), y), ON_SOFTMAX),
    "sigmoid first": (lambda z, y: F.cross_entropy(z.sigmoid(), y), ON_SIGMOID),
    "NLLLoss without a log_softmax": (lambda z, y: F.nll_loss(z, y), NLL_ON_RAW),
    "each output by itself": (lambda z, y: F.binary_cross_entropy_with_logits(z, onehot(z, y)), BINARY),
    "squared, of softmax": (lambda z, y: F.mse_loss(z.softmax(1), onehot(z, y)), f"{SQUARED} of softmax outputs"),
}


@pytest.mark.parametrize("way", OTHERS)
@given(seed=SEEDS)
def test_another_loss_is_called_by_its_name_and_its_labels_are_read(way: str, seed: int) -> None:
    logits, labels = drawn(seed)
    loss, name = OTHERS[way]
    assert read(logits, labels, loss) == LossSeen(name, tuple(labels.tolist()))


@given(seed=SEEDS)
def test_a_loss_with_its_sign_turned_round_pulls_towards_the_other_answer(seed: int) -> None:
    logits, labels = drawn(seed)
    assert read(logits, labels, lambda z, y: -F.cross_entropy(z, y)) == LossSeen(NEGATED, tuple((1 - labels).tolist()))


@given(seed=SEEDS)
def test_the_squared_error_is_called_by_its_name(seed: int) -> None:
    logits, labels = drawn(seed)
    seen = read(logits.clamp(-0.2, 0.7), labels, lambda z, y: F.mse_loss(z, onehot(z, y)))
    assert seen == LossSeen(SQUARED, tuple(labels.tolist()))
    one = read(logits[:, :1].sigmoid(), labels, lambda z, y: F.mse_loss(z[:, 0], y.float()))
    assert one == LossSeen(SQUARED, tuple(labels.tolist()))


@given(seed=SEEDS)
def test_cross_entropy_of_a_model_that_ends_in_a_softmax_is_no_cross_entropy(seed: int) -> None:
    logits, labels = drawn(seed)
    assert read(logits.softmax(1), labels, F.cross_entropy) == LossSeen(ON_SOFTMAX, tuple(labels.tolist()))


@given(seed=SEEDS)
def test_the_negative_of_softmax_outputs_is_no_cross_entropy(seed: int) -> None:
    logits, labels = drawn(seed)
    assert read(logits.softmax(1), labels, F.nll_loss) == LossSeen(NLL_ON_RAW, tuple(labels.tolist()))


@pytest.mark.parametrize(
    "loss",
    [
        lambda z, y: z.pow(2).mean(),
        lambda z, y: F.l1_loss(z.softmax(1), onehot(z, y)),
        lambda z, y: F.multi_margin_loss(z, y),
        lambda z, y: F.cross_entropy(z, y) + z.pow(2).mean(),
    ],
    ids=["no label in it", "absolute error", "margin", "cross-entropy and something"],
)
@given(seed=SEEDS)
def test_what_has_no_name_is_not_taken_for_cross_entropy(loss: Loss, seed: int) -> None:
    logits, labels = drawn(seed)
    assert read(logits, labels, loss).form != CROSS_ENTROPY


@given(seed=SEEDS)
def test_exchanged_labels_are_read_as_they_were_used(seed: int) -> None:
    logits, labels = drawn(seed)
    assert read(logits, labels, lambda z, y: F.cross_entropy(z, 1 - y)).labels == tuple((1 - labels).tolist())


# Garbage


@given(
    outputs=arrays_of.arrays(
        np.float64,
        st.tuples(st.integers(0, 4), st.integers(1, 4)) | arrays_of.array_shapes(min_dims=1, max_dims=3, max_side=4),
        elements=st.floats(),
    ),
    data=st.data(),
)
@example(outputs=np.zeros((3, 2)), data=None)
def test_whatever_arrives_there_is_an_answer_with_a_label_for_each_example(outputs: Any, data: Any) -> None:
    gradients = outputs
    if data is not None:
        shape = data.draw(st.just(outputs.shape) | arrays_of.array_shapes(max_dims=3, max_side=4))
        gradients = data.draw(arrays_of.arrays(np.float64, shape, elements=st.floats()))
    with np.errstate(all="ignore"):
        seen = read_loss(outputs, gradients)
    assert len(seen.labels) == len(outputs)
    assert all(-1 <= label < max(2, outputs.shape[-1]) for label in seen.labels)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_outputs_that_are_no_numbers_tell_nothing(value: float) -> None:
    outputs = np.array([[0.3, -0.2], [value, 1.0]])
    assert read_loss(outputs, np.array([[0.5, -0.5], [-0.5, 0.5]])) == LossSeen(UNKNOWN, (-1, -1))


def test_a_gradient_that_is_no_number_takes_nothing_from_the_other_examples() -> None:
    logits, labels = drawn(7)
    gradients = ((logits.softmax(1) - onehot(logits, labels)) / len(labels)).double().numpy()
    gradients[3] = np.nan
    seen = read_loss(logits.double().numpy(), gradients)
    assert seen.form == CROSS_ENTROPY
    assert seen.labels == tuple(-1 if place == 3 else label for place, label in enumerate(labels.tolist()))


@pytest.mark.parametrize(
    ("outputs", "gradients"), [((3, 2), (3,)), ((3, 2), (2, 2)), ((3, 2), (3, 1)), ((3,), (3,)), ((3, 2, 2), (3, 2, 2))]
)
def test_gradients_of_another_shape_tell_nothing(outputs: tuple[int, ...], gradients: tuple[int, ...]) -> None:
    assert read_loss(np.ones(outputs), np.ones(gradients)) == LossSeen(UNKNOWN, (-1, -1, -1))


def test_without_any_gradient_nothing_is_said() -> None:
    assert read_loss(np.ones((4, 2)), np.zeros((4, 2))) == LossSeen(UNKNOWN, (-1,) * 4)
