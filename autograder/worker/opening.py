"""Files of weights that were handed in, opened without running anything that they hold."""

import argparse
import datetime
import io
import pathlib
import pickle
import pickletools
import types
import warnings
import zipfile
from _codecs import encode
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch

from autograder.submission.weights import Form

# The last states of a file are the ones that were trained longest.
MOST_STATES = 8
MOST_NAMES = 4
_MOST_PARTS = 200
_DEEPEST = 4
_LARGEST_PICKLE = 16 * 2**20


@dataclass(frozen=True)
class State:
    """The weights of one network within a file. place: the way to them, "" where the file is nothing else; named:
    whether their keys are names rather than places in a list."""

    place: str
    tensors: dict[str, torch.Tensor]
    named: bool = True


class OpenedWeights:
    """The states in a file; problem: why there are none, as a structure that the judge puts into words; devices:
    where the tensors were when they were saved."""

    def __init__(self, path: Path, form: Form) -> None:
        self.problem: dict[str, Any] | None = None
        self.states: list[State] = []
        self._locations: set[str] = set()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                saved = self._opened(path, form)
            self.states = list(states_in(saved))[-MOST_STATES:]
            if not self.states:
                self.problem = {"kind": "no weights", **what_is(saved)}
        except Exception as problem:  # whatever wrote this file may have made it break a reader in any way
            self.problem = _problem_with(path, form, problem)

    @property
    def devices(self) -> list[str]:
        return sorted({location.split(":")[0] for location in self._locations} - {"cpu"})

    def _opened(self, path: Path, form: Form) -> Any:
        if form is Form.SAFETENSORS:
            return safetensors.torch.load(path.read_bytes())
        if form is Form.PICKLE:
            with path.open("rb") as file:
                return _TensorUnpickler(file, self._on_the_processor).load()
        torch.serialization.add_safe_globals(list(_HARMLESS.values()))
        return torch.load(path, map_location=self._on_the_processor, weights_only=True)

    def _on_the_processor(self, storage: Any, location: str) -> Any:
        self._locations.add(str(location)[:20])
        return storage


# --- what may be in a file


def _called(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that PyTorch knows under the name by which files ask for it."""

    def reader(*args: Any) -> Any:
        return function(*args)

    reader.__module__, reader.__name__ = name.rsplit(".", 1)
    reader.__qualname__ = reader.__name__
    return reader


def _harmless() -> dict[str, Any]:
    """What stands beside weights in many a checkpoint and can do nothing when it is read: numpy's numbers and arrays,
    containers, dates, settings, paths. PyTorch alone refuses the whole file for it."""
    reconstruct: Any = np.zeros(1).__reduce__()[0]
    scalar: Any = np.float64(0).__reduce__()[0]
    functions = {f"numpy.{core}.multiarray._reconstruct": reconstruct for core in ("core", "_core")}
    functions |= {f"numpy.{core}.multiarray.scalar": scalar for core in ("core", "_core")}
    functions |= {f"pathlib.{kind}Path": pathlib.PurePosixPath for kind in ("Posix", "PurePosix")}
    functions |= {f"pathlib.{kind}Path": pathlib.PureWindowsPath for kind in ("Windows", "PureWindows")}
    # PyTorch fills no other containers than these two.
    functions |= {"collections.defaultdict": lambda *_: {}, "collections.deque": lambda *_: []}
    classes = [np.ndarray, np.dtype, argparse.Namespace, types.SimpleNamespace, list, dict, tuple, int, float, str]
    classes += [datetime.datetime, datetime.date, datetime.timedelta]
    classes += [getattr(np.dtypes, name) for name in dir(np.dtypes) if name.endswith("DType")]
    named = {name: _called(name, function) for name, function in functions.items()}
    return named | {f"{kind.__module__}.{kind.__qualname__}": kind for kind in classes}


_HARMLESS = _harmless()
# What else `pickle.dump` needs to write down tensors.
_PICKLED = {
    "collections.OrderedDict": OrderedDict,
    "torch._utils._rebuild_tensor_v2": torch._utils._rebuild_tensor_v2,
    "torch._utils._rebuild_parameter": torch._utils._rebuild_parameter,
    "_codecs.encode": encode,
    "builtins.set": set,
    **_HARMLESS,
}


class _TensorUnpickler(pickle.Unpickler):
    """Reads what `pickle.dump` makes of tensors, and refuses every global but the few which that needs."""

    def __init__(self, file: Any, on_the_processor: Callable[[Any, str], Any]) -> None:
        super().__init__(file)
        self._on_the_processor = on_the_processor

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("torch.storage", "_load_from_bytes"):
            # The function of that name would unpickle whatever it is given.
            return self._storage
        if f"{module}.{name}" not in _PICKLED:
            raise pickle.UnpicklingError("refused")
        return _PICKLED[f"{module}.{name}"]

    def _storage(self, content: bytes) -> Any:
        return torch.load(io.BytesIO(content), map_location=self._on_the_processor, weights_only=True)


# --- what is in a file


def states_in(saved: Any, place: str = "", depth: int = 0) -> Iterator[State]:
    """Every set of tensors within what was saved that may be the weights of a network."""
    if depth > _DEEPEST or not isinstance(saved, Mapping | list | tuple) or _is_optimizer(saved):
        return
    named = isinstance(saved, Mapping)
    parts = list(saved.items() if isinstance(saved, Mapping) else enumerate(saved))
    tensors = {str(key): tensor for key, part in parts if (tensor := _as_tensor(part)) is not None}
    # Losses may be tensors, too, but every network has a matrix.
    if any(tensor.dim() > 1 for tensor in tensors.values()):
        yield State(place, tensors, named)
    for key, part in parts[-_MOST_PARTS:]:
        yield from states_in(part, f"{place}.{key}".lstrip("."), depth + 1)


def _is_optimizer(saved: Any) -> bool:
    return isinstance(saved, Mapping) and "param_groups" in saved


def _as_tensor(value: Any) -> torch.Tensor | None:
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return torch.from_numpy(np.array(value, dtype=value.dtype.newbyteorder("=")))
    if isinstance(value, torch.Tensor) and value.layout is torch.strided:
        return None if value.is_quantized or value.is_meta else value.detach()
    return None


def what_is(saved: Any) -> dict[str, Any]:
    """What was saved instead of weights: its type, and the first names in it."""
    if _is_optimizer(saved):
        return {"holds": "optimizer"}
    if isinstance(saved, Mapping):
        return {
            "holds": "dictionary",
            "names": [str(key)[:40] for key in list(saved)[:MOST_NAMES]],
            "length": len(saved),
        }
    return {"holds": type(saved).__name__[:40]}


# --- why a file cannot be opened


def _problem_with(path: Path, form: Form, problem: Exception) -> dict[str, Any]:
    words = f"{type(problem).__name__}: {problem}"
    refused = [name for name in globals_in(path, form) if not _is_allowed(name)]
    if refused and isinstance(problem, pickle.UnpicklingError):
        return {"kind": "refused", "names": refused[:MOST_NAMES], "model": any(map(_is_layer, refused))}
    signs = ("EOFError", "truncated", "Ran out of input", "unexpected EOF", "not fully covered", "read failed")
    if any(sign in words for sign in signs):
        return {"kind": "cut off"}
    # PyTorch reads no other protocol safely than the one it writes by itself.
    if "Unsupported operand" in words:
        return {"kind": "protocol"}
    return {"kind": "damaged"}


def globals_in(path: Path, form: Form) -> list[str]:
    """Every class and function that a file asks for, in order; its pickles are read as text and nothing is made of
    them."""
    try:
        if form is Form.ARCHIVE:
            with zipfile.ZipFile(path) as archive:
                name = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
                with archive.open(name) as file:
                    content = file.read(_LARGEST_PICKLE)
        else:
            with path.open("rb") as file:
                content = file.read(_LARGEST_PICKLE)
    except (OSError, StopIteration, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError):
        return []
    return list(dict.fromkeys(_globals(io.BytesIO(content)))) if form is not Form.SAFETENSORS else []


def _globals(stream: io.BytesIO) -> Iterator[str]:
    texts: list[Any] = ["", ""]
    memo: list[Any] = []
    try:
        # An old file is several pickles, one after another; what follows them is numbers and no pickle.
        while True:
            for operation, argument, _ in pickletools.genops(stream):
                if operation.name == "GLOBAL":
                    # The protocol of `torch.save` calls some modules by what they were called in Python 2.
                    yield str(argument).replace(" ", ".").replace("__builtin__.", "builtins.")
                elif operation.name == "STACK_GLOBAL":
                    yield f"{texts[-2]}.{texts[-1]}"
                elif operation.name == "MEMOIZE":
                    memo.append(texts[-1])
                elif operation.name in ("BINGET", "LONG_BINGET") and isinstance(argument, int):
                    texts.append(memo[argument] if argument < len(memo) else "")
                elif isinstance(argument, str):
                    texts.append(argument)
    except Exception:  # pickletools raises various kinds for what is no pickle
        return


def _is_allowed(name: str) -> bool:
    module = name.rsplit(".", 1)[0]
    ours = name in _PICKLED or name == "torch.storage._load_from_bytes"
    return (
        ours
        or name in ("collections.Counter", "torch.Size", "torch.device")
        or (
            module
            in ("torch", "torch._utils", "torch._tensor", "torch.serialization", "torch.storage", "torch.nn.parameter")
        )
    )


def _is_layer(name: str) -> bool:
    return name.startswith(("torch.nn.modules.", "torchvision.models."))
