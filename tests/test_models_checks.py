"""Questions 2a and 2b, from the layers that were executed to verdicts.

Most layers are told in numbers, the rest are real ones that `observed` runs and watches.
"""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from autograder.boundary.replies import FORWARD
from autograder.checks import CHECKS, judge
from autograder.evidence.kinds import ChannelRun, CnnRun, Convolution, NoEvidence
from autograder.evidence.layers import read_layers
from autograder.verdict import Outcome
from autograder.worker.observing import run_model

PASS, FAIL = Outcome.PASS, Outcome.FAIL
CODE = re.compile(r"\b(np|torch|nn|self)\.|\w[\[(]|=|\bdef\b|\bfor \w+ in\b")
TALL, SQUARE = (448, 224), (224, 224)
CNN_CHECKS = ("cnn.forward", "cnn.architecture", "cnn.padding")
CHANNEL_CHECKS = ("channel.forward", "channel.architecture", "channel.concat", "channel.padding")


def chain(channels, size, kernels=(5,) * 4, paddings=None, strides=(1,) * 4, pools=(2,) * 4, at_last=()):
    """Executed convolutions, each followed by a pooling; at_last: what shrinks the map further after the last."""
    layers = []
    for number, (inward, outward) in enumerate(pairwise(channels)):
        kernel, stride, pool = kernels[number], strides[number], pools[number]
        padding = paddings[number] if paddings else (kernel - 1) // 2
        after = tuple((length + 2 * padding - kernel) // stride + 1 for length in size)
        following = tuple(length // pool for length in after)
        shrinks = (("max_pool2d", after, following),) if pool > 1 else ()
        square, pads = (kernel, kernel), (padding, padding)
        layers.append(
            Convolution(inward, outward, square, (stride, stride), size, after, following, shrinks, padding=pads)
        )
        size = following
    for name, smaller in at_last:
        shrinks = (*layers[-1].shrinks, (name, layers[-1].following, smaller))
        layers[-1] = replace(layers[-1], following=smaller, shrinks=shrinks)
    return tuple(layers)


def run(kind, convolutions, linears=((4, 100), (100, 2)), **facts):
    usual = {"orientation": "upright", "batch": 3, "output": (3, 2), "output_kind": "logits", "separate": True}
    usual |= {"name": "CNN", "arguments": "(n=4)", "entering": "stacked"}
    return kind(convolutions=convolutions, linears=linears, **usual | facts)


def cnn(channels=(3, 4, 8, 16, 32), linears=((4, 100), (100, 2)), **layers):
    return run(CnnRun, chain(channels, TALL, **layers), linears)


def channel(channels=(6, 4, 8, 16, 32), linears=((4, 100), (100, 2)), **layers):
    return run(ChannelRun, chain(channels, SQUARE, **layers), linears)


def verdict(check, seen):
    said = judge(CHECKS[check], {type(seen): seen}, {})
    assert not CODE.search(said.hint), "a hint asks or names an idea; it does not give code away"
    return said


def failing(seen):
    """The checks that a run fails, each with what is observed and a hint."""
    checks = CNN_CHECKS if isinstance(seen, CnnRun) else CHANNEL_CHECKS
    verdicts = {check: verdict(check, seen) for check in checks}
    assert all(said.observed and said.hint for said in verdicts.values() if said.outcome is FAIL)
    return {check for check, said in verdicts.items() if said.outcome is FAIL}


def test_the_two_models_of_the_handout_pass_every_check_without_a_remark():
    for checks, seen in ((CNN_CHECKS, cnn()), (CHANNEL_CHECKS, channel())):
        assert not failing(seen)
        assert not any(verdict(check, seen).remark for check in checks)


@pytest.mark.parametrize("check", CNN_CHECKS + CHANNEL_CHECKS)
@pytest.mark.parametrize("outcome", [Outcome.MISSING, Outcome.TIMEOUT, Outcome.FAIL])
def test_without_a_run_the_verdict_says_why_there_is_none(check, outcome):
    said = judge(CHECKS[check], {CHECKS[check].evidence: NoEvidence(outcome, "`CNN` is still to be written")}, {})
    assert (said.outcome, said.observed) == (outcome, "`CNN` is still to be written")


def test_another_way_into_the_model_is_remarked_with_every_verdict():
    seen = run(CnnRun, chain((3, 4, 8, 16, 32), TALL), remark="All of cells 4, 5 was run")
    assert all("cells 4, 5" in verdict(check, seen).remark for check in CNN_CHECKS)


# forward


@pytest.mark.parametrize(("orientation", "remark"), [("sideways", "width before height"), ("channels last", "axes")])
def test_the_pipelines_own_order_of_axes_passes_with_a_remark(orientation, remark):
    said = verdict("cnn.forward", run(CnnRun, (), orientation=orientation))
    assert said.outcome is PASS
    assert remark in said.remark


@pytest.mark.parametrize(
    ("output", "hint"),
    [
        ((3, 1), "How many classes are there?"),
        ((3,), "How many classes are there?"),
        ((1, 2), "first axis should still count the pictures"),
        ((3, 7, 2), "first axis should still count the pictures"),
        ((3, 10), "How many does your last layer give?"),
        ((), "How many does your last layer give?"),
    ],
)
@pytest.mark.parametrize(("check", "kind"), [("cnn.forward", CnnRun), ("channel.forward", ChannelRun)])
def test_another_output_fails_and_its_shape_is_told(check, kind, output, hint):
    said = verdict(check, run(kind, (), output=output))
    assert said.outcome is FAIL
    assert said.observed == f"3 pictures give logits of shape {list(output)}"
    assert hint in said.hint


def test_an_output_that_is_no_tensor_is_told_by_its_type():
    said = verdict("cnn.forward", run(CnnRun, (), output=(), output_kind="tuple"))
    assert said.outcome is FAIL
    assert "tuple" in said.observed


def test_logits_that_depend_on_the_rest_of_the_batch_fail():
    said = verdict("cnn.forward", run(CnnRun, (), separate=False))
    assert said.outcome is FAIL
    assert "change with the other pictures of its batch" in said.observed


# architecture


@pytest.mark.parametrize("n", [1, 7, 64])
def test_any_n_is_right(n):
    assert not failing(cnn((3, n, 2 * n, 4 * n, 8 * n)))
    assert not failing(channel((6, n, 2 * n, 4 * n, 8 * n)))


@pytest.mark.parametrize("channels", [(3, 4, 8, 16), (3, 4, 8, 16, 32, 64)])
def test_another_number_of_convolutions_is_counted(channels):
    seen = cnn(channels, kernels=(5,) * 5, strides=(1,) * 5, pools=(2,) * 5)
    said = verdict("cnn.architecture", seen)
    assert said.outcome is FAIL
    assert said.observed == f"{len(channels) - 1} convolutions are executed in CNN(n=4)"


def test_no_convolution_fails_architecture_and_padding_and_is_not_a_pass():
    assert failing(run(CnnRun, ())) == {"cnn.architecture", "cnn.padding"}


@pytest.mark.parametrize("channels", [(3, 4, 8, 16, 16), (3, 4, 4, 4, 4), (3, 8, 16, 32, 60)])
def test_channels_that_do_not_double_fail_architecture_only_and_the_chain_is_told(channels):
    seen = cnn(channels)
    assert failing(seen) == {"cnn.architecture"}
    said = verdict("cnn.architecture", seen)
    assert " - ".join(map(str, channels)) in said.observed
    assert "Which one does not?" in said.hint


def test_three_channels_into_the_first_convolution_of_the_channel_model_are_asked_about():
    said = verdict("channel.architecture", channel((3, 4, 8, 16, 32)))
    assert said.outcome is FAIL
    assert "3 - 4 - 8 - 16 - 32" in said.observed
    assert "What reaches the first convolution" in said.hint


@pytest.mark.parametrize("without", [1, 2, 3, 4])
def test_a_missing_pooling_fails_architecture_only_and_its_place_is_told(without):
    pools = tuple(1 if number == without else 2 for number in (1, 2, 3, 4))
    seen = cnn(pools=pools)
    assert failing(seen) == {"cnn.architecture"}
    said = verdict("cnn.architecture", seen)
    assert f"after convolution {without}, " in said.observed
    assert "followed by one downsampling" in said.hint


def test_pooling_by_four_fails_architecture_only_and_both_sizes_are_told():
    seen = channel(pools=(2, 4, 2, 2))
    assert failing(seen) == {"channel.architecture"}
    said = verdict("channel.architecture", seen)
    assert "after convolution 2, 112 x 112 becomes 28 x 28" in said.observed
    assert "Once halved is enough" in said.hint


def test_convolutions_that_halve_by_their_stride_pass():
    seen = cnn(strides=(2,) * 4, pools=(1,) * 4)
    assert seen.convolutions[-1].following == (28, 14)
    assert not failing(seen)


@pytest.mark.parametrize("twice", [1, 2, 3, 4])
def test_a_stride_and_a_pooling_halve_twice_and_the_stride_is_told(twice):
    seen = cnn(strides=tuple(2 if number == twice else 1 for number in (1, 2, 3, 4)))
    assert failing(seen) == {"cnn.architecture"}
    assert f"convolution {twice} has the stride 2 x 2" in verdict("cnn.architecture", seen).observed


def test_poolings_that_round_down_pass():
    assert "cnn.architecture" not in failing(cnn(paddings=(1, 1, 1, 1)))


@pytest.mark.parametrize(
    ("linears", "told"),
    [
        (((4, 100),), "linear layers of 100 units"),
        (((4, 2),), "linear layers of 2 units"),
        (((4, 128), (128, 2)), "linear layers of 128 and 2 units"),
        (((4, 100), (100, 100), (100, 2)), "linear layers of 100 and 100 and 2 units"),
        ((), "linear layers of no units"),
    ],
)
def test_other_linear_layers_fail_architecture_only_and_are_told(linears, told):
    seen = cnn(linears=linears)
    assert failing(seen) == {"cnn.architecture"}
    assert told in verdict("cnn.architecture", seen).observed


# padding


@pytest.mark.parametrize("kernel", [3, 5])
def test_kernels_of_3_and_5_pass_without_a_remark(kernel):
    said = verdict("cnn.padding", cnn(kernels=(kernel,) * 4))
    assert (said.outcome, said.remark) == (PASS, "")
    assert "28 x 14 map" in said.observed


def test_kernels_of_7_pass_with_a_remark():
    seen = channel(kernels=(7,) * 4)
    assert not failing(seen)
    assert "kernel of 7" in verdict("channel.padding", seen).remark


@pytest.mark.parametrize("kernel", [1, 2, 4, 6, 9])
def test_other_kernels_fail_padding_and_their_size_is_told(kernel):
    seen = cnn(kernels=(5, 5, kernel, 5))
    assert "cnn.padding" in failing(seen)
    assert f"convolution 3 has a kernel of {kernel} x {kernel}" in verdict("cnn.padding", seen).observed


def test_a_kernel_that_is_no_square_fails():
    first, *others = chain((3, 4, 8, 16, 32), TALL)
    said = verdict("cnn.padding", run(CnnRun, (replace(first, kernel=(3, 5)), *others)))
    assert said.outcome is FAIL
    assert "3 x 5" in said.observed


@pytest.mark.parametrize("without", [1, 2, 3, 4])
def test_a_missing_padding_fails_padding_only_and_its_place_is_told(without):
    seen = channel(paddings=tuple(0 if number == without else 2 for number in (1, 2, 3, 4)))
    assert failing(seen) == {"channel.padding"}
    said = verdict("channel.padding", seen)
    assert said.observed.startswith(f"convolution {without}, with a kernel of 5 and a padding of 0, turns ")
    assert "Without padding" in said.hint


def test_no_padding_anywhere_fails_padding_only():
    assert failing(cnn(paddings=(0,) * 4)) == {"cnn.padding"}


def test_too_much_padding_fails_padding_only_and_the_growth_is_told():
    seen = cnn(kernels=(3,) * 4, paddings=(2,) * 4)
    assert failing(seen) == {"cnn.padding"}
    said = verdict("cnn.padding", seen)
    assert "turns 448 x 224 into 450 x 226" in said.observed
    assert "grows here" in said.hint


@pytest.mark.parametrize("name", ["adaptive_avg_pool2d", "avg_pool2d", "mean"])
def test_a_global_pooling_before_the_linear_layers_fails_padding_only_and_the_map_is_told(name):
    seen = channel(at_last=((name, (1, 1)),))
    assert failing(seen) == {"channel.padding"}
    assert verdict("channel.padding", seen).observed == "the map before the linear layers is 1 x 1"


def test_a_global_pooling_behind_strided_convolutions_fails_padding_only():
    seen = cnn(strides=(2,) * 4, pools=(1,) * 4, at_last=(("adaptive_avg_pool2d", (1, 1)),))
    assert failing(seen) == {"cnn.padding"}


# concat


def test_shoes_that_are_rescaled_on_their_way_pass_with_a_remark():
    said = verdict("channel.concat", run(ChannelRun, (), entering="scaled"))
    assert said.outcome is PASS
    assert "rescaled" in said.remark


@pytest.mark.parametrize(
    ("entering", "observed", "hint"),
    [
        ("unseen", "no convolution was seen", "call a convolution at all"),
        ("one shoe twice", "the same shoe arrives twice", "Which rows"),
        ("mixed", "the six channels are not those of the two shoes", "Where does the upper shoe end?"),
        ("3 channels of 448 x 224 reach the first convolution", "3 channels of 448 x 224", "Which axis of [B, 3"),
    ],
)
def test_anything_but_two_stacked_shoes_fails_and_is_told(entering, observed, hint):
    said = verdict("channel.concat", run(ChannelRun, (), entering=entering))
    assert said.outcome is FAIL
    assert observed in said.observed
    assert hint in said.hint


# Real layers, run and watched


def observed(*layers, kind=CnnRun, size=TALL):
    """The run of some layers, or of a module, as the grader sees it."""
    torch.manual_seed(0)
    model = layers[0] if len(layers) == 1 else nn.Sequential(*layers)
    images = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 6 if kind is ChannelRun else 3, *size))
    structure, arrays = run_model(model, images.astype(np.float32))
    return run(kind, *read_layers(FORWARD.read(structure, arrays).events), output=tuple(structure["shape"]), batch=2)


def conv(inward, outward, kernel=3, padding=1, **named):
    return nn.Conv2d(inward, outward, kernel, padding=padding, **named)


def head(height=28, width=14, channels=16):
    return nn.Flatten(), nn.Linear(height * width * channels, 100), nn.ReLU(), nn.Linear(100, 2)


def pool():
    return nn.MaxPool2d(2)


def last_blocks():
    """All but the first block of a right model with n = 2."""
    return conv(2, 4), nn.ReLU(), pool(), conv(4, 8), nn.ReLU(), pool(), conv(8, 16), nn.ReLU(), pool()


def test_a_right_model_is_seen_as_right():
    seen = observed(conv(3, 2), nn.ReLU(), pool(), *last_blocks(), *head())
    assert not failing(seen)
    assert "3 - 2 - 4 - 8 - 16, 100, 2" in verdict("cnn.architecture", seen).observed


def test_batch_norm_dropout_and_other_activations_are_free():
    first = conv(3, 2), nn.BatchNorm2d(2), nn.LeakyReLU(), nn.Dropout2d(), pool()
    assert not failing(observed(*first, *last_blocks(), nn.Dropout(), *head()))


@pytest.mark.parametrize(
    "padding", [nn.ZeroPad2d(1), nn.ReflectionPad2d(1), nn.ReplicationPad2d(1), nn.ConstantPad2d(1, 0.5)]
)
def test_padding_as_a_layer_of_its_own_counts_as_padding(padding):
    second = padding, conv(2, 4, padding=0), nn.ReLU(), pool()
    last = padding, conv(8, 16, padding=0), nn.ReLU(), pool()
    seen = observed(conv(3, 2), pool(), *second, conv(4, 8), pool(), *last, *head())
    assert [layer.padding for layer in seen.convolutions] == [(1, 1)] * 4
    assert not failing(seen)


@pytest.mark.parametrize("padding", ["same", 2])
def test_padding_may_be_left_to_the_convolution(padding):
    assert not failing(observed(conv(3, 2, 5, padding), pool(), *last_blocks(), *head()))


@pytest.mark.parametrize(
    "halving",
    [
        nn.AvgPool2d(2),
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.AdaptiveAvgPool2d((224, 112)),
        nn.Upsample(scale_factor=0.5),
    ],
)
def test_any_way_of_halving_is_a_downsampling(halving):
    assert not failing(observed(conv(3, 2), nn.ReLU(), halving, *last_blocks(), *head()))


def test_convolutions_with_a_stride_of_two_are_a_downsampling():
    blocks = [conv(inward, outward, stride=2) for inward, outward in pairwise((3, 2, 4, 8, 16))]
    assert not failing(observed(*blocks, *head()))


def test_layers_written_as_functions_are_seen():
    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = nn.ParameterList(torch.randn(o, i, 3, 3) for i, o in pairwise((3, 2, 4, 8, 16)))
            self.unused = nn.Conv2d(16, 32, 3)
            self.hidden, self.last = nn.Linear(28 * 14 * 16, 100), nn.Parameter(torch.randn(100, 2))

        def forward(self, x):
            for weight in self.weights:
                x = functional.max_pool2d(torch.relu(functional.conv2d(x, weight, padding=1)), 2)
            return self.hidden(x.flatten(1)).relu() @ self.last

    assert not failing(observed(Functional()))


def test_a_convolution_over_the_whole_map_is_a_linear_layer():
    whole = nn.Conv2d(16, 100, (28, 14)), nn.ReLU(), nn.Conv2d(100, 2, 1), nn.Flatten()
    seen = observed(conv(3, 2), nn.ReLU(), pool(), *last_blocks(), *whole)
    assert not failing(seen)


def test_a_missing_padding_is_seen():
    seen = observed(conv(3, 2, padding=0), nn.ReLU(), pool(), *last_blocks(), *head(27, 13))
    assert failing(seen) == {"cnn.padding"}
    assert "turns 448 x 224 into 446 x 222" in verdict("cnn.padding", seen).observed


def test_a_missing_pooling_is_seen():
    seen = observed(conv(3, 2), nn.ReLU(), *last_blocks(), *head(56, 28))
    assert failing(seen) == {"cnn.architecture"}


def test_a_global_pooling_is_seen():
    seen = observed(conv(3, 2), nn.ReLU(), pool(), *last_blocks(), nn.AdaptiveAvgPool2d(1), *head(1, 1))
    assert failing(seen) == {"cnn.padding"}


def test_a_channel_model_is_seen_from_its_first_convolution_on():
    seen = observed(conv(6, 2), pool(), *last_blocks(), *head(14, 14), kind=ChannelRun, size=SQUARE)
    assert not failing(seen)
    assert "14 x 14 map" in verdict("channel.padding", seen).observed


def test_a_pass_that_stops_at_the_first_linear_layer_fails_forward_and_costs_nothing_that_was_seen_before():
    class Stops(nn.Module):
        def __init__(self):
            super().__init__()
            blocks = [(6, 4), (4, 8), (8, 16), (16, 32)]
            self.layers = nn.Sequential(
                *(nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.MaxPool2d(2)) for a, b in blocks)
            )
            self.linear = nn.Linear(7, 100)

        def forward(self, images):
            return self.linear(self.layers(torch.cat([images[:, :, :224], images[:, :, 224:]], 1)).flatten(1))

    structure, arrays = run_model(Stops(), np.zeros((3, 3, 448, 224), dtype=np.float32))
    assert structure["stopped"]["type"] == "RuntimeError" and "output" not in arrays
    assert arrays["first_input"].shape == (1, 6, 224, 224)
    layers = read_layers(FORWARD.read(structure, arrays).events)
    seen = run(
        ChannelRun, *layers, output=(), separate=False, stopped="RuntimeError: shapes do not fit (cell 3, line 9)"
    )
    outcomes = [verdict(check, seen).outcome for check in CHANNEL_CHECKS]
    assert outcomes == [FAIL, Outcome.SKIPPED, PASS, PASS]
    assert "stops with RuntimeError" in verdict("channel.forward", seen).observed


def test_a_pass_that_stops_at_the_first_convolution_shows_what_reached_it():
    structure, arrays = run_model(nn.Conv2d(6, 4, 3), np.zeros((3, 3, 448, 224), dtype=np.float32))
    assert structure["events"] == [] and arrays["first_input"].shape == (1, 3, 448, 224)
    entering = "3 channels of 448 x 224 reach the first convolution"
    seen = run(ChannelRun, (), (), output=(), separate=False, entering=entering, stopped="RuntimeError: 3 channels")
    assert failing(seen) == {"channel.forward", "channel.concat"}
