"""Weights that were handed in, fitted to a model: which of its entries each of theirs is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from torch.nn.parameter import is_lazy

from autograder.worker.opening import OpenedWeights, State

_MOST_DIFFERENCES = 3
_MOST_CHARACTERS = 200
# The parts of a name that wrappers add: nn.DataParallel, torch.compile.
_WRAPPERS = frozenset({"module", "_orig_mod"})
# A buffer that only some versions of PyTorch and some ways of saving keep, and that changes no output.
_COUNTER = "num_batches_tracked"
Sizes = dict[str, list[int] | None]


@dataclass(frozen=True)
class Comparison:
    """How a state and a model agree. names: for keys of the model those of the state; differences: what is in the way,
    as the judge is told; likeness: the share of all entries that agree."""

    names: dict[str, str]
    differences: tuple[dict[str, Any], ...]
    likeness: float


def facts_of(opened: OpenedWeights) -> dict[str, Any]:
    """What the judge is told of a file."""
    if opened.problem is not None:
        return {"problem": opened.problem}
    states = [{"place": state.place, "sizes": _telling_sizes(state)} for state in opened.states]
    return {"states": states, "devices": opened.devices}


def _telling_sizes(state: State) -> dict[str, int]:
    """What the weights tell of the arguments that their model was built with, by the meaning of the parameter."""
    kernels = [tensor for tensor in state.tensors.values() if tensor.dim() == 4]
    matrices = [tensor for tensor in state.tensors.values() if tensor.dim() == 2]
    sizes = {}
    if kernels:
        sizes = {"n": kernels[0].shape[0], "in_channels": kernels[0].shape[1], "kernel_size": kernels[0].shape[-1]}
        sizes["padding"] = (sizes["kernel_size"] - 1) // 2
    if matrices:
        sizes |= {"hidden": matrices[0].shape[0], "output_size": matrices[-1].shape[0]}
    return sizes


def fitting(opened: OpenedWeights, model: torch.nn.Module) -> dict[str, Any]:
    """Which states of a file a model can be given, and what is in the way of the one that comes nearest."""
    compared = [compare(state, model) for state in opened.states]
    fits = [number for number, comparison in enumerate(compared) if not comparison.differences]
    nearest = max(compared, key=lambda comparison: comparison.likeness)
    ruined = {str(number): entry for number in fits if (entry := _not_finite(opened.states[number]))}
    return {
        "fits": fits,
        "not_finite": ruined,
        "likeness": nearest.likeness,
        "differences": list(nearest.differences[:_MOST_DIFFERENCES]),
        "different": len(nearest.differences),
    }


def give(model: torch.nn.Module, state: State) -> None:
    """Load a state that fits into a model."""
    names = compare(state, model).names
    values = model.state_dict()
    values.update({ours: state.tensors[theirs] for ours, theirs in names.items()})
    model.load_state_dict(values)


def compare(state: State, model: torch.nn.Module) -> Comparison:
    """How a state and a model agree."""
    ours: Sizes = {name: _size(value) for name, value in model.state_dict().items() if isinstance(value, torch.Tensor)}
    theirs: Sizes = {name: _size(value) for name, value in state.tensors.items()}
    names = _same_names(list(ours), list(theirs)) if state.named else _in_order(list(ours), list(theirs), model)
    differences: list[dict[str, Any]] = []
    agreeing = 0
    for name, size in ours.items():
        if name not in names:
            if not name.endswith(_COUNTER):
                differences.append({"kind": "absent", "name": name[:_MOST_CHARACTERS]})
        elif size is None or size == theirs[names[name]]:
            agreeing += 1
        else:
            differences.append(
                {"kind": "size", "name": name[:_MOST_CHARACTERS], "model": size, "file": theirs[names[name]]}
            )
    unused = [name for name in theirs if name not in set(names.values()) and not name.endswith(_COUNTER)]
    differences += [{"kind": "unused", "name": name[:_MOST_CHARACTERS]} for name in unused]
    if not names:
        first = {"name": next(iter(ours), "")[:_MOST_CHARACTERS], "other": next(iter(theirs))[:_MOST_CHARACTERS]}
        differences.insert(0, {"kind": "names" if state.named else "list", **first, "length": len(theirs)})
    return Comparison(names, tuple(differences), agreeing / max(1, len(ours) + len(unused)))


def _size(value: torch.Tensor) -> list[int] | None:
    # A lazy layer takes the size of what it is given.
    return None if is_lazy(value) else list(value.shape)


def _same_names(ours: Sequence[str], theirs: Sequence[str]) -> dict[str, str]:
    """For keys of a model those of a state, whatever wrapper either was in."""
    best: dict[str, str] = {}
    for mine, other in product(_views(ours), _views(theirs)):
        found = {mine[name]: other[name] for name in mine if name in other}
        if len(found) > len(best):
            best = found
    return best


def _views(names: Sequence[str]) -> Iterator[dict[str, str]]:
    """Ways to write a list of names: as they are, without wrappers, without a part that all begin with."""
    yield {name: name for name in names}
    inner = {".".join(part for part in name.split(".") if part not in _WRAPPERS): name for name in names}
    if len(inner) == len(names):
        yield inner
    for _ in range(2):
        firsts = {name.partition(".")[0] for name in inner}
        if len(firsts) != 1 or not all("." in name for name in inner):
            return
        inner = {name.partition(".")[2]: whole for name, whole in inner.items()}
        yield inner


def _in_order(ours: Sequence[str], theirs: Sequence[str], model: torch.nn.Module) -> dict[str, str]:
    """A list of tensors is what `parameters()` or `state_dict().values()` gave."""
    parameters = [name for name, _ in model.named_parameters()]
    for names in (ours, parameters):
        if len(names) == len(theirs) and (names is ours or not list(model.buffers())):
            return dict(zip(names, theirs, strict=True))
    return {}


def _not_finite(state: State) -> dict[str, Any] | None:
    names = [name for name, tensor in state.tensors.items() if not _finite(tensor)]
    return {"name": names[0][:_MOST_CHARACTERS], "count": len(names), "of": len(state.tensors)} if names else None


def _finite(tensor: torch.Tensor) -> bool:
    return not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())
