"""What the judge can ask for: run a program, call one of its functions, describe or fetch what came out."""

import __future__

import inspect
import sys
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from autograder.boundary.pipe import Arrays
from autograder.submission.weights import Form
from autograder.worker.devices import Accelerator, run_without_gpu
from autograder.worker.errors import describe_error
from autograder.worker.former import Former
from autograder.worker.known import KnownModel, Pipe, Place
from autograder.worker.looking import look_at
from autograder.worker.observing import run_model
from autograder.worker.opening import OpenedWeights
from autograder.worker.pictures import Shown
from autograder.worker.standins import Anything, Standins, remember_source
from autograder.worker.training import Training, TrainingBench
from autograder.worker.weights import facts_of, fitting, give

if TYPE_CHECKING:
    from autograder.worker.showing import Showing

MOST_ITEMS = 16
_showing: "Showing | None" = None


def make_ready_to_show() -> None:
    """Import what shows notebooks, which takes a third of a second and few workers need."""
    global _showing
    from autograder.worker.showing import Showing

    _showing = Showing()


def _show(request: Mapping[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    if _showing is None:
        make_ready_to_show()
    assert _showing is not None
    return _showing.shown(arrays)


class Workbench:
    """The names of a program, and the values that calls have left."""

    def __init__(self, pipe: Pipe, standins: Standins, former: Former, device: str) -> None:
        self._pipe = pipe
        self._standins = standins
        self._former = former
        self._module = types.ModuleType("__main__")
        sys.modules["__main__"] = self._module
        self._names = self._module.__dict__
        # Scripts ask where they lie.
        self._names["__file__"] = "/content/notebook.py"
        self._accelerator = Accelerator(device)
        self._training: Training | None = None
        self._opened: OpenedWeights | None = None
        self._kept: dict[str, Any] = {}
        self._stored: Arrays = {}
        self._future = 0

    def handle(self, request: Mapping[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        """Do what a request asks for; whatever goes wrong in the submission's code is an answer, too."""
        operations = {
            "run": self._run,
            "call": self._call,
            "describe": self._describe,
            "fetch": self._fetch,
            "signature": self._signature,
            "arrays": self._arrays,
            "store": self._store,
            "forward": self._forward,
            "train": self._train,
            "trained": self._trained,
            "open_weights": self._open_weights,
            "fit_weights": self._fit_weights,
            "weights": self._weights,
            "show": _show,
        }
        try:
            return operations[request["operation"]](request, arrays)
        except BaseException as problem:  # SystemExit and KeyboardInterrupt are a submission's to raise, too
            return {"error": describe_error(problem)}, {}

    def _run(self, request: Mapping[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        for name, key in request.get("given", {}).items():
            array = arrays[key].copy()
            self._names[name] = torch.from_numpy(array) if request.get("tensors") else array
        text = "".join(statement["source"] for statement in request["statements"])
        run_without_gpu(text)
        self._former.read(text)
        replaced = {name: _defined(text) for name, text in request.get("replaced", {}).items()}
        for cell, source in request["cells"].items():
            remember_source(f"<cell {cell}>", source)
        captures = request.get("captures", [])
        for index, statement in enumerate(request["statements"]):
            self._capture(captures, index)
            try:
                self._execute(statement)
            except BaseException:
                if not statement.get("optional"):
                    raise
        self._names.update(replaced)
        self._capture(captures, len(request["statements"]))
        return {}, {}

    def _execute(self, statement: Mapping[str, Any]) -> None:
        # Empty lines in front keep the numbers of lines as they are in the cell.
        text = "\n" * (statement["line"] - 1) + statement["source"]
        compiled = compile(text, f"<cell {statement['cell']}>", "exec", self._future, dont_inherit=True)
        # `from __future__ import annotations` holds for all cells that a notebook runs from then on.
        self._future |= compiled.co_flags & __future__.annotations.compiler_flag
        exec(compiled, self._names)

    def _capture(self, captures: Sequence[Mapping[str, Any]], index: int) -> None:
        """Keep what names stand for before they are bound to something else by the statement at `index`."""
        for capture in captures:
            if capture["before"] == index and capture["name"] in self._names:
                self._kept[capture["as"]] = self._names[capture["name"]]

    def _value(self, reference: Mapping[str, Any], arrays: Arrays) -> Any:
        """The value that a reference in a request stands for."""
        if "name" in reference:
            return self._names[reference["name"]]
        if "kept" in reference:
            if reference["kept"] not in self._kept:
                name = reference["kept"].split("@")[0]
                raise NameError(f"name {name!r} is not defined")
            value = self._kept[reference["kept"]]
            for key in reference.get("item", ()):
                value = value[key]
            return value
        if "array" in reference:
            return arrays[reference["array"]]
        if "stored" in reference:
            array = self._stored[reference["stored"]].astype(reference.get("dtype", "float32"), copy=True)
            return torch.from_numpy(array) if reference.get("tensor") else array
        if "tuple" in reference:
            return tuple(reference["tuple"])
        if "place" in reference:
            return Path(reference["place"]) if reference.get("path") else Place(reference["place"])
        if "known_model" in reference:
            return KnownModel(self._pipe, reference["known_model"], reference.get("outputs", 2))
        return reference["value"]

    def _call(self, request: Mapping[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        function = self._value(request["function"], arrays)
        positional = [self._value(argument, arrays) for argument in request.get("arguments", ())]
        named = {key: self._value(argument, arrays) for key, argument in request.get("named", {}).items()}
        result = function(*positional, **named)
        if inspect.isgenerator(result):
            result = list(result)
        self._kept[request["keep"]] = result
        return {"value": described(result)}, {}

    def _describe(self, request: Mapping[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        return {"value": described(self._value(request["value"], arrays))}, {}

    def _fetch(self, request: Mapping[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        value = self._value(request["value"], arrays)
        index = tuple(slice(*bounds) for bounds in request["index"])
        return {}, {"array": as_array(value, index)}

    def _store(self, request: Mapping[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        """Keep arrays for several calls; each call gets a copy of its own."""
        self._stored.update(arrays)
        return {}, {}

    def _arrays(self, request: Mapping[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        """The names of all values that have as many axes as asked for."""
        found = []
        for name, value in self._names.items():
            facts = described(value) if isinstance(value, np.ndarray | torch.Tensor | list) else {}
            if len(facts.get("shape", ())) == request["axes"]:
                found.append(name)
        return {"names": found}, {}

    def _signature(self, request: Mapping[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        function = self._value(request["function"], arrays)
        parameters = []
        for parameter in inspect.signature(function).parameters.values():
            default = parameter.default
            simple = default if isinstance(default, int | float | str | bool) else None
            parameters.append(
                {
                    "name": parameter.name,
                    "kind": parameter.kind.description.replace("-", " "),
                    "has_default": default is not inspect.Parameter.empty and default is not Ellipsis,
                    "default": simple,
                }
            )
        return {"parameters": parameters}, {}

    def _forward(self, request: Mapping[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        model = self._value(request["model"], arrays)
        return run_model(model, arrays["images"])

    def _train(self, request: Mapping[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        bench = TrainingBench(
            self._names, lambda r: self._value(r, arrays), self._pipe, self._execute, self._accelerator, described
        )
        self._training = Training(bench, request, arrays)
        return self._training.run(), {}

    def _trained(self, request: Mapping[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        """What the model that was trained last says of pictures."""
        if self._training is None:
            raise ValueError("nothing has been trained")
        return {}, self._training.look_again(torch.from_numpy(arrays["images"]))

    def _open_weights(self, request: Mapping[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        """Open a file of weights, for the two operations that follow."""
        self._opened = OpenedWeights(Path(request["path"]), Form(request["form"]))
        return facts_of(self._opened), {}

    def _fit_weights(self, request: Mapping[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        """Which of the opened weights fit one of the submission's models."""
        if self._opened is None:
            raise ValueError("no weights have been opened")
        return fitting(self._opened, self._value(request["model"], arrays)), {}

    def _weights(self, request: Mapping[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        """What a model says of pictures once it has some of the opened weights."""
        if self._opened is None:
            raise ValueError("no weights have been opened")
        model = self._value(request["model"], arrays)
        give(model, self._opened.states[request["state"]])
        # Upright pictures of the usual size, arranged as the submission's own accuracy function hands them over.
        like = Shown(request["layout"], (448, 224), np.zeros(0, dtype=np.float16))
        return {}, look_at(model, torch.from_numpy(arrays["images"]), like, self._accelerator)


def _defined(text: str) -> Any:
    """The function `right` that a text of the judge's defines."""
    names: dict[str, Any] = {"np": np}
    exec(compile(text, "<right>", "exec"), names)
    return names["right"]


def as_array(value: Any, index: tuple[slice, ...]) -> NDArray[Any]:
    """A part of an array, a tensor, or a list of these; 64-bit fractions are rounded to 32."""
    if isinstance(value, torch.Tensor):
        part = value.detach().cpu()[index].numpy()
    elif isinstance(value, np.ndarray):
        part = value[index]
    else:
        rows = [as_array(row, index[1:]) for row in value[index[0]]]
        part = np.stack(rows) if rows else np.empty(0)
    if part.dtype == object:
        part = np.array(part.tolist())
    return part.astype(np.float32) if part.dtype in (np.float64, np.float16) else np.ascontiguousarray(part)


def described(value: Any, depth: int = 0) -> dict[str, Any]:
    """What a value is, in a bounded number of words and numbers."""
    if isinstance(value, Anything):
        return {"kind": "stand-in", "module": str(value._standin_for).split(".")[0]}
    if value is Ellipsis:
        return {"kind": "ellipsis"}
    if value is None:
        return {"kind": "none"}
    if isinstance(value, bool | np.bool_):
        return {"kind": "truth", "value": bool(value)}
    if isinstance(value, int | float | np.number):
        return {"kind": "number", "value": float(value)}
    if isinstance(value, str):
        return {"kind": "text", "value": value[:200]}
    if isinstance(value, np.ndarray | torch.Tensor):
        return _described_array(value)
    if isinstance(value, torch.nn.Module):
        convolutions = [module for module in value.modules() if isinstance(module, torch.nn.Conv2d)]
        weights = sum(int(np.prod(module.weight.shape)) for module in convolutions)
        return {"kind": "model", "type": type(value).__name__, "convolution_weights": weights}
    if isinstance(value, type):
        return {"kind": "class", "type": value.__name__}
    if isinstance(value, Mapping):
        return _described_container("dict", list(value.items()), depth, [str(key)[:100] for key in value])
    if isinstance(value, list | tuple):
        return _described_container("tuple" if isinstance(value, tuple) else "list", list(value), depth)
    if callable(value):
        return {"kind": "callable", "type": getattr(value, "__name__", type(value).__name__)}
    return {"kind": "other", "type": type(value).__name__}


def _described_array(value: Any) -> dict[str, Any]:
    shape = [int(length) for length in value.shape]
    if value.ndim == 0 and not (isinstance(value, np.ndarray) and value.dtype == object):
        return {"kind": "number", "value": float(value)}
    kind = "tensor" if isinstance(value, torch.Tensor) else "array"
    facts = {"kind": kind, "dtype": str(value.dtype).replace("torch.", ""), "shape": shape}
    if int(np.prod(shape)) <= MOST_ITEMS and facts["dtype"] != "object":
        facts["items"] = [{"kind": "number", "value": float(number)} for number in value.reshape(-1)]
    return facts


def _described_container(kind: str, items: list[Any], depth: int, keys: list[str] | None = None) -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": kind, "length": len(items)}
    if keys is not None:
        facts["keys"] = keys[:MOST_ITEMS]
        items = [value for _, value in items]
    if depth < 2:
        facts["items"] = [described(item, depth + 1) for item in items[:MOST_ITEMS]]
    arrays = [item for item in items if isinstance(item, np.ndarray | torch.Tensor)]
    if items and len(arrays) == len(items) and len({tuple(item.shape) for item in items}) == 1:
        facts |= {"shape": [len(items), *items[0].shape], "dtype": str(items[0].dtype).replace("torch.", "")}
    return facts
