"""What a training leaves behind: curves that it returns, draws or keeps, and weights that it saves."""

import dataclasses
import types
from collections.abc import Iterator, Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np
import torch

MOST_NUMBERS = 2000
MOST_SERIES = 60
_DEEPEST = 5
_LIBRARIES = ("builtins", "torch", "numpy", "matplotlib", "pandas", "types", "functools")


def series_in(value: Any, name: str) -> list[dict[str, Any]]:
    """Every sequence of numbers within a value, each with the way to it: `history.val_acc`, `result[1]`."""
    found: list[dict[str, Any]] = []
    for path, numbers in _series(value, name, 0, set()):
        if len(found) == MOST_SERIES:
            break
        found.append({"name": path[:120], "numbers": numbers[:MOST_NUMBERS]})
    return found


def _series(value: Any, path: str, depth: int, seen: set[int]) -> Iterator[tuple[str, list[float]]]:
    if depth > _DEEPEST or id(value) in seen or isinstance(value, str | bytes | type):
        return
    seen.add(id(value))
    if type(value).__module__.split(".")[0] == "pandas":
        value = value.to_dict("list") if hasattr(value, "columns") else value.to_list()
    if isinstance(value, np.ndarray | torch.Tensor):
        yield from _columns(value, path)
    elif isinstance(value, Mapping):
        for key, part in list(value.items())[:MOST_SERIES]:
            yield from _series(part, f"{path}.{key}", depth + 1, seen)
        if value and all(_number(part) is not None for part in value.values()):
            yield path, [float(_number(part) or 0) for part in value.values()]
    elif isinstance(value, Sequence) or type(value).__name__ == "deque":
        yield from _of_sequence(list(value), path, depth, seen)
    elif is_own_object(value):
        yield from _series(dict(vars(value)), path, depth + 1, seen)


def _of_sequence(items: list[Any], path: str, depth: int, seen: set[int]) -> Iterator[tuple[str, list[float]]]:
    numbers = [_number(item) for item in items[:MOST_NUMBERS]]
    if items and all(number is not None for number in numbers):
        yield path, [float(number) for number in numbers if number is not None]
        return
    rows = [list(item.values()) if isinstance(item, Mapping) else item for item in items]
    keys = list(items[0]) if items and isinstance(items[0], Mapping) else None
    if rows and all(isinstance(row, list | tuple) and len(row) == len(rows[0]) for row in rows):
        # One entry for each epoch: `[(train, valid), ...]` holds as many curves as an entry has numbers.
        for place in range(len(rows[0]) if len(rows) > 1 and len(rows[0]) <= 8 else 0):
            column = [_number(row[place]) for row in rows[:MOST_NUMBERS]]
            if all(number is not None for number in column):
                label = f"{path}.{keys[place]}" if keys and place < len(keys) else f"{path}[:, {place}]"
                yield label, [float(number) for number in column if number is not None]
    for place, item in enumerate(items[:MOST_SERIES]):
        yield from _series(item, f"{path}[{place}]", depth + 1, seen)


def _columns(value: Any, path: str) -> Iterator[tuple[str, list[float]]]:
    if value.ndim not in (1, 2) or int(np.prod(value.shape)) > 8 * MOST_NUMBERS:
        return
    try:
        plain = value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else value
        table = np.array(plain, dtype=float)
    except (TypeError, ValueError):
        return
    if table.ndim == 1:
        yield path, [float(number) for number in table]
        return
    for axis, rows in (("0", table), ("1", table.T)):
        if len(rows) <= 8:
            yield from ((f"{path}[{axis}: {place}]", [float(n) for n in row]) for place, row in enumerate(rows))


def _number(value: Any) -> float | None:
    if isinstance(value, bool | str):
        return None
    if isinstance(value, Number) and not isinstance(value, complex):
        return float(value)  # type: ignore[arg-type]
    if isinstance(value, np.ndarray | torch.Tensor) and value.ndim == 0:
        try:
            return float(value.detach() if isinstance(value, torch.Tensor) else value)
        except (TypeError, ValueError, RuntimeError):
            return None
    return None


def is_own_object(value: Any) -> bool:
    """Whether a value is an object of a class that the submission itself defines, and no network."""
    kind = type(value)
    if isinstance(value, type | torch.nn.Module) or not hasattr(value, "__dict__"):
        return False
    library = kind.__module__.split(".")[0] in _LIBRARIES and kind is not types.SimpleNamespace
    return dataclasses.is_dataclass(value) or not library


def may_hold_curves(value: Any) -> bool:
    """Whether a training may gather numbers in a value: a list, a dictionary, a table, an object of the submission's
    own."""
    table = type(value).__module__.split(".")[0] == "pandas"
    return isinstance(value, list | dict) or table or is_own_object(value)


def growing(values: Mapping[str, Any]) -> dict[str, int]:
    """How many numbers each list holds now, by name, so that those which a training fills can be told apart."""
    lengths = {}
    for name, value in values.items():
        if may_hold_curves(value):
            try:
                lengths[name] = sum(len(entry["numbers"]) for entry in series_in(value, name))
            except Exception:  # a submission's own containers may raise whatever they like
                continue
    return lengths


def weights_in(saved: Any) -> tuple[str, dict[str, torch.Tensor]]:
    """What kind of thing was saved, and the weights in it: a `state_dict`, a model, or either within a dictionary."""
    if isinstance(saved, torch.nn.Module):
        return "a model", dict(saved.state_dict())
    if isinstance(saved, Mapping):
        tensors = {str(key): value for key, value in saved.items() if isinstance(value, torch.Tensor)}
        if tensors and len(tensors) == len(saved):
            return "a state_dict", tensors
        for value in saved.values():
            _, weights = weights_in(value) if isinstance(value, Mapping | torch.nn.Module) else ("", {})
            if weights:
                return "a checkpoint", weights
    if isinstance(saved, list | tuple):
        tensors = {str(place): value for place, value in enumerate(saved) if isinstance(value, torch.Tensor)}
        if tensors and len(tensors) == len(saved):
            return "a list of weights", tensors
    return "something else", {}
