"""Weights go to the model that they fit, however they were saved; those that fit none say what is in the way."""

import argparse
import collections
import datetime
import io
import os
import pickle
import sys
import types
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from autograder.boundary.workers import Template
from autograder.datasets import CodedData, Photographs, read_data_set
from autograder.evidence.laboratory import Laboratory
from autograder.evidence.submitted_weights import Submitted, try_weights
from autograder.grading import check_questions
from autograder.program.understanding import Understanding
from autograder.rubric import DEFAULT_RUBRIC, read_rubric
from autograder.submission.bundle import bundle_of_cells
from autograder.submission.decisions import Decisions

UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"
# Networks as small as they may be: what counts here is which is which.
NETWORKS = """
import torch
from torch import nn

class CNN(nn.Module):
    def __init__(self, n=2, kernel_size=3):
        super().__init__()
        self.conv1 = nn.Conv2d(3, n, kernel_size, padding=(kernel_size - 1) // 2)
        self.bn1 = nn.BatchNorm2d(n)
        self.fc1 = nn.Linear(n * 14 * 7, 5)
        self.fc2 = nn.Linear(5, 2)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 32)
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))

class CNNChannel(nn.Module):
    def __init__(self, n=2, kernel_size=3):
        super().__init__()
        self.conv1 = nn.Conv2d(6, n, kernel_size, padding=(kernel_size - 1) // 2)
        self.fc1 = nn.Linear(n * 7 * 7, 5)
        self.fc2 = nn.Linear(5, 2)

    def forward(self, x):
        x = torch.cat([x[:, :, :224], x[:, :, 224:]], dim=1)
        x = torch.max_pool2d(torch.relu(self.conv1(x)), 32)
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))
"""
functions = types.ModuleType("functions")
exec(NETWORKS, functions.__dict__)
IMAGES = np.random.default_rng(1).uniform(-0.5, 0.5, size=(3, 3, 448, 224)).astype(np.float32)
Try = Callable[..., Submitted]
State = dict[str, Any]


@pytest.fixture(scope="module")
def tried(small_data: Path, shared_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Try:
    """Tries files of weights, by name, on the networks of a notebook."""
    rubric = read_rubric(DEFAULT_RUBRIC, check_questions())
    data = read_data_set(small_data)

    def run(files: Mapping[str, Any], *cells: str, layout: str = "upright", **decided: Any) -> Submitted:
        folder = tmp_path_factory.mktemp("weights")
        weights = {}
        for name, content in files.items():
            weights[name] = folder / name
            weights[name].write_bytes(content if isinstance(content, bytes) else saved(content))
        bundle = bundle_of_cells(list(cells) or [NETWORKS], "small", {})
        bundle = replace(bundle, weights=weights, decided=Decisions(**decided))
        parts = Understanding(bundle), CodedData(data, 0), rubric, 0, Photographs(data)
        return try_weights(Laboratory(shared_template, *parts), IMAGES, layout)

    return run


def saved(content: Any, **how: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, **how)
    return buffer.getvalue()


def network(name: str, **arguments: Any) -> nn.Module:
    torch.manual_seed(1)
    made: nn.Module = getattr(functions, name)(**arguments)
    return made.eval()


def state(name: str, **arguments: Any) -> State:
    return dict(network(name, **arguments).state_dict())


def answers(model: nn.Module) -> np.ndarray[Any, Any]:
    with torch.no_grad():
        found: np.ndarray[Any, Any] = model(torch.from_numpy(IMAGES)).numpy()
    return found


def problem(submitted: Submitted) -> str:
    """What is said of the only file, best.pk, which cannot be used."""
    assert not submitted.answers
    (remark,) = submitted.remarks
    start = "The submitted weights best.pk could not be used: "
    assert remark.startswith(start)
    return remark.removeprefix(start)


def channel() -> State:
    return state("CNNChannel")


# However weights are saved


@pytest.mark.parametrize("name", ["CNN", "CNNChannel"])
def test_weights_are_matched_to_the_model_that_they_fit(name: str, tried: Try) -> None:
    (found,) = tried({"any name at all": state(name)}).answers
    assert (found.model, found.source) == (name, "any name at all")
    assert np.allclose(found.said.outputs, answers(network(name)), atol=1e-5)


def wrapped(prefix: str) -> State:
    return {prefix + key: value for key, value in channel().items()}


def optimizer() -> torch.optim.Optimizer:
    """One that has made a step, so that it holds tensors of the sizes of weights."""
    model = network("CNNChannel")
    made = torch.optim.Adam(model.parameters())
    model(torch.from_numpy(IMAGES)).sum().backward()
    made.step()
    return made


def settings() -> State:
    """What stands beside weights in checkpoints, and can do nothing when it is read."""
    return {
        "losses": np.arange(3.0),
        "best": np.float64(0.5),
        "step": np.int64(3),
        "names": np.array(["a", 1], dtype=object),
        "arguments": argparse.Namespace(lr=0.001),
        "more": types.SimpleNamespace(batch=30),
        "where": Path("models") / "best.pk",
        "history": collections.defaultdict(list, {"train": [0.1]}),
        "last": collections.deque([0.1, 0.2]),
        "when": datetime.datetime(2024, 3, 1),
    }


WAYS: dict[str, Callable[[], Any]] = {
    "an OrderedDict": lambda: network("CNNChannel").state_dict(),
    "nn.DataParallel": lambda: wrapped("module."),
    "torch.compile": lambda: wrapped("_orig_mod."),
    "both": lambda: wrapped("_orig_mod.module."),
    "DataParallel within": lambda: {key.replace(".", ".module.", 1): value for key, value in channel().items()},
    "a trainer's attribute": lambda: wrapped("net."),
    "a checkpoint": lambda: {"epoch": 3, "model_state_dict": channel(), "loss": torch.tensor(0.3)},
    "a checkpoint with an optimizer": lambda: {
        "optimizer": optimizer().state_dict(),
        "state_dict": channel(),
    },
    "a checkpoint within another": lambda: {"best": {"model": channel(), "accuracy": 0.8}},
    "a checkpoint with much beside": lambda: {"net": channel(), **settings()},
    "the same by pickle.dump": lambda: pickle.dumps({"net": channel(), "losses": np.arange(3.0)}),
    "a list": lambda: [3, channel(), [0.5, 0.6]],
    "the tensors alone": lambda: list(channel().values()),
    "the parameters alone": lambda: list(network("CNNChannel").parameters()),
    "float64": lambda: {key: value.double() for key, value in channel().items()},
    "parameters": lambda: {key: nn.Parameter(value) for key, value in channel().items()},
    "arrays of numpy": lambda: {key: value.numpy() for key, value in channel().items()},
    "a counter of batches too many": lambda: {**channel(), "bn1.num_batches_tracked": torch.tensor(3)},
    "safetensors": lambda: safetensors.torch.save(channel()),
    "torch.save before 1.6": lambda: saved(channel(), _use_new_zipfile_serialization=False),
    "pickle.dump": lambda: pickle.dumps(channel()),
}


@pytest.mark.parametrize("way", WAYS)
def test_weights_are_used_however_they_were_saved(way: str, tried: Try) -> None:
    submitted = tried({"best.pk": WAYS[way]()})
    assert submitted.remarks == ()
    (found,) = submitted.answers
    assert found.source == "best.pk"
    assert np.allclose(found.said.outputs, answers(network("CNNChannel")), atol=1e-5)


def test_half_precision_is_precise_enough(tried: Try) -> None:
    (found,) = tried({"best.pk": {key: value.half() for key, value in channel().items()}}).answers
    assert np.allclose(found.said.outputs, answers(network("CNNChannel")), atol=1e-2)


def test_a_counter_of_batches_may_be_absent(tried: Try) -> None:
    weights = {key: value for key, value in state("CNN").items() if "num_batches" not in key}
    (found,) = tried({"best.pk": weights}).answers
    assert found.model == "CNN"


def on_a_gpu(content: bytes) -> bytes:
    """The same file as a machine with a GPU writes it: each storage names its device, a text with its length."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for entry in old.namelist():
            part = old.read(entry)
            if entry.endswith("data.pkl"):
                cpu, cuda = b"X\x03\0\0\0cpu", b"X\x06\0\0\0cuda:0"
                assert cpu in part
                part = part.replace(cpu, cuda)
            new.writestr(entry, part)
    return buffer.getvalue()


def test_weights_from_a_gpu_are_read_onto_the_processor_and_that_is_said(tried: Try) -> None:
    content = on_a_gpu(saved(channel()))
    with pytest.raises(RuntimeError, match="CUDA"):
        torch.load(io.BytesIO(content), weights_only=True)
    submitted = tried({"best.pk": content})
    assert np.allclose(submitted.answers[0].said.outputs, answers(network("CNNChannel")), atol=1e-5)
    assert submitted.remarks == ("The weights in best.pk were saved on `cuda`; they were read onto the processor.",)


# Which model, built with what


@pytest.mark.parametrize("name", ["CNN", "CNNChannel"])
def test_a_width_and_a_kernel_that_stand_nowhere_in_the_notebook_are_taken_from_the_weights(
    name: str, tried: Try
) -> None:
    (found,) = tried({"best.pk": state(name, n=3, kernel_size=5)}).answers
    assert found.model == name
    assert np.allclose(found.said.outputs, answers(network(name, n=3, kernel_size=5)), atol=1e-5)


def test_where_an_instructor_has_decided_on_the_arguments_the_weights_decide_on_none(tried: Try) -> None:
    words = problem(tried({"best.pk": state("CNNChannel", n=3)}, arguments={"CNNChannel": {"n": 4}}))
    assert "`conv1.weight` is [3, 6, 3, 3] in the file and [4, 6, 3, 3] in `CNNChannel`" in words


def test_a_parameter_whose_name_tells_nothing_is_taken_from_a_call_in_the_notebook(tried: Try) -> None:
    cells = [
        NETWORKS.replace("n=2", "zeta=2").replace("(n ", "(zeta ").replace(" n,", " zeta,").replace("d(n)", "d(zeta)")
    ]
    submitted = tried({"best.pk": state("CNNChannel", n=3)}, *cells, "model = CNNChannel(zeta=3)")
    assert [found.model for found in submitted.answers] == ["CNNChannel"]


def test_a_file_with_the_weights_of_both_models_serves_both(tried: Try) -> None:
    submitted = tried({"both.pk": {"wide": channel(), "tall": state("CNN")}})
    assert {(found.model, found.source) for found in submitted.answers} == {
        ("CNN", "both.pk, tall"),
        ("CNNChannel", "both.pk, wide"),
    }


def test_names_out_of_a_file_do_no_harm_in_a_sentence(tried: Try) -> None:
    submitted = tried({"a\nb.pk": {"\x1b[31m" + "w" * 100: channel(), "tall": state("CNN")}, "\n.pk": b""})
    assert {found.source for found in submitted.answers} == {
        f"a?b.pk, {UNPRINTABLE}[31m{'w' * 35}...{'w' * 15}",
        "a?b.pk, tall",
    }
    assert submitted.remarks == ("The submitted weights ?.pk could not be used: the file is empty.",)


def test_a_file_with_the_weights_of_several_epochs_offers_all_of_them(tried: Try) -> None:
    submitted = tried({"epochs.pk": [channel(), {key: value * 0 for key, value in channel().items()}]})
    assert [found.source for found in submitted.answers] == ["epochs.pk, 0", "epochs.pk, 1"]
    assert not np.any(submitted.answers[1].said.outputs)


def test_weights_of_a_model_that_was_only_tried_find_it(tried: Try) -> None:
    other = NETWORKS.replace("CNNChannel", "CNNChannelWide").replace(", 5)", ", 9)").replace("(5, ", "(9, ")
    weights = {"fc1.weight": torch.zeros(9, 98), "fc1.bias": torch.zeros(9), "fc2.weight": torch.zeros(2, 9)}
    submitted = tried({"best.pk": channel() | weights}, NETWORKS, other)
    assert [found.model for found in submitted.answers] == ["CNNChannelWide"]


def test_layers_that_learn_their_size_from_the_first_picture_take_it_from_the_weights(tried: Try) -> None:
    lazy = NETWORKS.replace("nn.Linear(n * 7 * 7, 5)", "nn.LazyLinear(5)")
    (found,) = tried({"best.pk": channel()}, lazy).answers
    assert np.allclose(found.said.outputs, answers(network("CNNChannel")), atol=1e-5)


def test_pictures_are_handed_over_as_the_submission_does_it(tried: Try) -> None:
    sideways = NETWORKS.replace("x = torch.cat", "x = x.transpose(2, 3)\n        x = torch.cat")
    (found,) = tried({"best.pk": channel()}, sideways, layout="sideways").answers
    assert np.allclose(found.said.outputs, answers(network("CNNChannel")), atol=1e-5)


# What cannot be used

ALONE = "save the weights alone, with `torch.save(model.state_dict(), path)`."


def without(key: str) -> State:
    return {name: value for name, value in channel().items() if name != key}


MISFITS: dict[str, tuple[Callable[[], Any], str]] = {
    "another size": (
        lambda: channel() | {"fc1.weight": torch.ones(5, 50)},
        "`fc1.weight` is [5, 50] in the file and [5, 98] in `CNNChannel`.",
    ),
    "another size and a width that stands nowhere": (
        lambda: state("CNNChannel", n=3) | {"fc1.weight": torch.ones(5, 50)},
        "`fc1.weight` is [5, 50] in the file and [5, 147] in `CNNChannel`.",
    ),
    "a size of CNN": (
        lambda: state("CNN") | {"fc1.weight": torch.ones(5, 50), "fc1.bias": torch.ones(6)},
        "`fc1.weight` is [5, 50] in the file and [5, 196] in `CNN` (1 more entry differs).",
    ),
    "a layer less": (lambda: without("fc2.bias"), "`CNNChannel` has `fc2.bias`, and the file has not."),
    "layers more": (
        lambda: channel() | {f"fc3.{name}": torch.ones(2) for name in ("weight", "bias", "scale")},
        "the file has `fc3.weight`, and `CNNChannel` has not (2 more entries differ).",
    ),
    "another network": (
        lambda: {"layer.weight": torch.ones(3, 3)},
        "they begin with `layer.weight` and those of `CNN` with `conv1.weight`.",
    ),
    "names that are none": (
        lambda: {"\x1b[31m\n" + "a" * 100: torch.ones(3, 3)},
        f"they begin with `{UNPRINTABLE}[31m {'a' * 34}...{'a' * 15}` and those of `CNN` with `conv1.weight`.",
    ),
    "a list": (
        lambda: [torch.ones(3, 3), torch.ones(3)],
        "they are a list of 2 tensors without names, and those of `CNN` are others.",
    ),
}


@pytest.mark.parametrize("case", MISFITS)
def test_weights_of_another_architecture_say_what_differs(case: str, tried: Try) -> None:
    content, words = MISFITS[case]
    assert problem(tried({"best.pk": content()})) == f"they fit no model of the submission: {words}"


class Payload:
    """A pickle that would write a file, were it ever loaded."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> Any:
        # By a shell, since a worker keeps what Python opens within its own folder.
        return os.system, (f"touch '{self._path}'",)


PROBLEMS: dict[str, tuple[Callable[[], Any], str]] = {
    "a dictionary of accuracies": (
        lambda: {"train": [0.5], "valid": [0.4], "lr": 0.1, "batch": 3, "seed": 1},
        f"the file holds a dictionary of `train`, `valid`, `lr`, `batch` and 1 more, and no weights in it; {ALONE}",
    ),
    "the same by pickle.dump": (
        lambda: pickle.dumps({"valid": [0.4]}),
        f"the file holds a dictionary of `valid`, and no weights in it; {ALONE}",
    ),
    "an empty dictionary": (dict, f"the file holds an empty dictionary; {ALONE}"),
    "a number": (lambda: 0.93, f"the file holds no weights but a value of the kind `float`; {ALONE}"),
    "an optimizer's state": (
        lambda: optimizer().state_dict(),
        f"the file holds the state of an optimizer and no weights; {ALONE}",
    ),
    "an optimizer": (
        lambda: {"model": channel(), "optimizer": torch.optim.SGD(network("CNN").parameters())},
        "the file also holds an object of the class `SGD`, and opening that would run code of the file's own; " + ALONE,
    ),
    "half a file of long ago": (
        lambda: saved(channel(), _use_new_zipfile_serialization=False)[:-500],
        "the file is cut off; was it still being written or copied?",
    ),
    "half a pickle": (
        lambda: pickle.dumps(channel())[:500],
        "the file is cut off; was it still being written or copied?",
    ),
    "a pickle of nothing": (lambda: b"\x80\x04\xff.", "the file is damaged, or nothing that `torch.save` writes."),
    "another protocol": (
        lambda: saved(channel(), pickle_protocol=4),
        "the file was written with a `pickle_protocol` that PyTorch does not read safely; leave that argument out.",
    ),
    "NaN": (
        lambda: channel() | {"fc2.bias": torch.tensor([1.0, float("nan")]), "fc1.bias": torch.full((5,), float("inf"))},
        "2 of 6 tensors, `fc1.bias` first, hold NaN or infinity; had the loss become NaN before they were saved?",
    ),
    "nothing": (lambda: b"", "the file is empty."),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_a_file_that_cannot_be_used_says_why(case: str, tried: Try) -> None:
    content, words = PROBLEMS[case]
    assert problem(tried({"best.pk": content()})) == words


@pytest.mark.filterwarnings("ignore:Couldn't retrieve source code")
@pytest.mark.parametrize("how", ["torch.save", "torch.save before 1.6", "pickle.dump", "in a checkpoint"])
def test_a_whole_model_is_refused_by_the_name_of_its_class(
    how: str, tried: Try, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "functions", functions)
    model = network("CNN")
    content = {
        "torch.save": lambda: saved(model),
        "torch.save before 1.6": lambda: saved(model, _use_new_zipfile_serialization=False),
        "pickle.dump": lambda: pickle.dumps(model),
        "in a checkpoint": lambda: saved({"epoch": 3, "model": model}),
    }[how]()
    words = "the file holds a whole model of the class `CNN`, and opening that would run code of the file's own; "
    assert problem(tried({"best.pk": content})) == words + ALONE


@pytest.mark.parametrize("how", ["torch.save", "pickle.dump", "within a tensor", "beside weights"])
def test_what_a_pickle_would_call_is_named_and_never_run(how: str, tried: Try, tmp_path: Path) -> None:
    trace = tmp_path / "it ran"
    payload = Payload(trace)
    content = {
        "torch.save": lambda: saved(payload),
        "pickle.dump": lambda: pickle.dumps(payload),
        "within a tensor": lambda: pickle.dumps(_Inner(pickle.dumps(payload, 2))),
        "beside weights": lambda: saved({**channel(), "more": payload}),
    }[how]()
    said = problem(tried({"best.pk": content}))
    assert not trace.exists()
    if how == "within a tensor":
        assert said == "the file is damaged, or nothing that `torch.save` writes."
    else:
        assert said == f"opening the file would call `posix.system`, which no weights need; {ALONE}"


class _Inner:
    """Another pickle in the place where `pickle.dump` puts the numbers of a tensor."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __reduce__(self) -> Any:
        return torch.storage._load_from_bytes, (self._content,)


def test_a_file_with_a_problem_costs_no_other(tried: Try) -> None:
    files = {
        "a.pk": b"",
        "b.pk": {"loss": [1.0]},
        "c.pk": channel(),
        "d.pk": {"x": torch.ones(2)},
        "e.pk": state("CNN"),
    }
    submitted = tried(files)
    assert [found.source for found in submitted.answers] == ["c.pk", "e.pk"]
    assert [remark.split()[3] for remark in submitted.remarks] == ["a.pk", "b.pk", "d.pk"]


# Models that are not there


def test_weights_without_their_class_say_that_the_class_is_not_there(tried: Try) -> None:
    submitted = tried({"best.pk": channel()}, "from ML_DL_Functions3 import CNN, CNNChannel")
    assert not submitted.answers
    assert submitted.remarks == (
        "The weights best.pk are there, but the model that they belong to is not: `CNN` needs the module "
        "ML_DL_Functions3, and there is no file ML_DL_Functions3.py in the submission.",
    )


def test_weights_without_any_model_say_so(tried: Try) -> None:
    assert tried({"best.pk": channel()}, "a = 1").remarks == (
        "The weights best.pk are there, but the model that they belong to is not: `CNNChannel` was not found, under "
        "this name or another.",
    )


def test_weights_of_a_model_that_is_still_to_be_written_say_so(tried: Try) -> None:
    skeleton = "from torch import nn\nclass CNNChannel(nn.Module):\n    def __init__(self):\n        pass\n"
    (remark,) = tried({"best.pk": channel()}, skeleton).remarks
    assert remark.endswith("the model that they belong to is not: `CNNChannel` is still to be written.")


def test_where_one_model_cannot_be_built_and_the_other_does_not_fit_both_are_said(tried: Try) -> None:
    broken = NETWORKS.replace("super().__init__()", "super().__init__()\n        raise ValueError('no')", 1)
    words = problem(tried({"best.pk": state("CNN")}, broken))
    assert words.startswith(
        "they fit no model of the submission: `conv1.weight` is [2, 3, 3, 3] in the file and [2, 6, 3"
    )
    assert "; and `CNN` stopped with ValueError: no (cell 0, line " in words


def test_a_model_that_cannot_be_built_is_what_is_in_the_way(tried: Try) -> None:
    broken = NETWORKS.replace("super().__init__()", "super().__init__()\n        raise ValueError('no')")
    words = problem(tried({"best.pk": channel()}, broken))
    assert words.startswith("`CNN` stopped with ValueError: no (cell 0, line ")
