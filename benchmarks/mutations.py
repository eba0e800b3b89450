"""Lies that a worker may tell, drawn by lot from what honest workers have said: on three levels.

bytes: what travels is flipped, cut, doubled; values: what is said is deleted, retyped, exaggerated, exchanged, and
arrays get other shapes, types and numbers; operations: whole messages are those of another request, come twice, too
late, or without end.
"""

import itertools
import json
import random
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autograder.boundary.pipe import Arrays, packed, receive

LEVELS = ("bytes", "values", "operations")
Messages = tuple[bytes, ...]
_DEEP: list[Any] = []
for _ in range(400):
    _DEEP = [_DEEP]
# Values that break readers who have not thought of them.
STRANGE: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31 + 1,
    2**63,
    10**400,
    -0.5,
    1e300,
    float("nan"),
    float("inf"),
    float("-inf"),
    "",
    "nan",
    "x" * 200_000,
    "\x1b[31m\ud800\u202e\x00",
    "number",
    [],
    {},
    [[]],
    [None],
    {"": None},
    _DEEP,
    list(range(3000)),
    [[0.5] * 9] * 300,
    {"kind": "number"},
    {"kind": "array", "shape": [2**31] * 3, "dtype": "float32"},
)


def changed(messages: Messages, others: Sequence[bytes], level: str, draw: random.Random) -> Iterator[bytes]:
    """The messages of one exchange with one of them, or their order, changed. others: messages of other exchanges."""
    if level == "operations":
        return _as_another(messages, others, draw)
    at = draw.randrange(max(1, len(messages)))
    change = _other_bytes if level == "bytes" else _other_values
    whole = [change(message, draw) if number == at else message for number, message in enumerate(messages)]
    return iter(whole)


# --- bytes


def _other_bytes(message: bytes, draw: random.Random) -> bytes:
    content = bytearray(message)
    at = draw.randrange(len(content))
    # The lengths and the first words are where most is decided.
    if draw.random() < 0.5:
        at = min(at, draw.randrange(200))
    kind = draw.randrange(8)
    if kind == 0:
        content[at] ^= 1 << draw.randrange(8)
    elif kind == 1:
        del content[at:]
    elif kind == 2:
        del content[at : at + draw.randrange(1, 40)]
    elif kind == 3:
        content[at:at] = draw.randbytes(draw.randrange(1, 40))
    elif kind == 4:
        content[at:at] = content[max(0, at - 60) : at]
    elif kind == 5:
        content[:16] = struct.pack("<QQ", *(draw.choice((0, 1, 2**20, 2**28, 2**31, 2**63)) for _ in range(2)))
    elif kind == 6:
        content[at : at + 8] = draw.randbytes(8)
    else:
        content = bytearray(draw.randbytes(draw.randrange(400)))
    return bytes(content)


# --- values


def opened(message: bytes) -> tuple[dict[str, Any], Arrays]:
    rest = memoryview(message)

    def read(count: int) -> bytes:
        nonlocal rest
        part, rest = bytes(rest[:count]), rest[count:]
        return part

    structure, arrays = receive(read)
    return structure, dict(arrays)


def _other_values(message: bytes, draw: random.Random) -> bytes:
    structure, arrays = opened(message)
    if arrays and draw.random() < 0.4:
        _change_array(arrays, draw)
    else:
        parent, key = draw.choice(list(_places(structure)))
        _change_value(parent, key, draw)
    return packed(structure, arrays)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place within a value where another may stand; of long lists the first and the last few."""
    keys: list[Any] = []
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = sorted({*range(min(len(value), 4)), *range(max(0, len(value) - 4), len(value))})
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _change_value(parent: Any, key: Any, draw: random.Random) -> None:
    value, kind = parent[key], draw.randrange(7)
    if kind == 0:
        del parent[key]
    elif kind == 1 and isinstance(value, int | float):
        parent[key] = draw.choice((-value, value * 10, value + 1, value - 1, value * 10**9, float(value), str(value)))
    elif kind == 1 and isinstance(value, str):
        parent[key] = draw.choice((value * 1000, value[:-1], value.upper(), f"{value}\x1b[2J"))
    elif kind == 2 and isinstance(value, list):
        parent[key] = draw.choice((value * 2, value[:-1], value[::-1], value * 500 if len(value) < 20 else [], [value]))
    elif kind == 3 and isinstance(parent, dict):
        parent[draw.choice(("kind", "error", "value", "question", "note", "events", "\ud800"))] = parent.pop(key)
    elif kind == 4:
        other = draw.choice(list(parent) if isinstance(parent, dict) else range(len(parent)))
        parent[key], parent[other] = parent[other], parent[key]
    elif kind == 5 and isinstance(parent, list) and len(parent) < 50:
        parent[key:key] = [value] * draw.choice((1, 300))
    else:
        parent[key] = draw.choice(STRANGE)


def _change_array(arrays: Arrays, draw: random.Random) -> None:
    name = draw.choice(sorted(arrays))
    array = arrays[name]
    kind = draw.randrange(10)
    if kind == 0:
        del arrays[name]
    elif kind == 1:
        arrays[draw.choice(("array", "images", "evaluation", "ids0", "idsx", "pictures0", "x" * 500))] = arrays.pop(
            name
        )
    elif kind == 2:
        arrays[name] = array.astype(draw.choice(("bool", "int8", "uint64", "float16", "float64", "complex64")))
    elif kind == 3:
        arrays[name] = array[: len(array) // 2] if array.ndim else np.zeros((0, 5))
    elif kind == 4:
        arrays[name] = draw.choice((array.T, array[None], array.reshape(-1), array.reshape(-1, 1)))
    elif kind == 5:
        arrays[name] = np.zeros(draw.choice(((0,), (0, 2**30), (2, 0, 3), (), (1,) * 30)), dtype=array.dtype)
    elif kind == 6:
        arrays[name] = np.full(array.shape, draw.choice((0, 1, -1, 99)), dtype=array.dtype)
    elif kind == 7 and array.dtype.kind == "f":
        other = array.copy()
        some = np.asarray(
            [draw.random() < draw.choice((0.01, 0.5, 1)) for _ in range(max(1, other.size))][: other.size]
        )
        other.reshape(-1)[some] = draw.choice((np.nan, np.inf, -np.inf, np.finfo(other.dtype).max))
        arrays[name] = other
    elif kind == 8 and array.ndim:
        arrays[name] = np.repeat(array, 3, axis=draw.randrange(array.ndim))
    else:
        second = draw.choice(sorted(arrays))
        arrays[name], arrays[second] = arrays[second], arrays[name]


# --- operations


def _as_another(messages: Messages, others: Sequence[bytes], draw: random.Random) -> Iterator[bytes]:
    def one_of_others() -> bytes:
        return draw.choice(others)

    at = draw.randrange(max(1, len(messages)))
    changes: tuple[Callable[[], Iterator[bytes]], ...] = (
        lambda: iter([one_of_others()]),
        lambda: iter([*messages[:at], one_of_others(), *messages[at + 1 :]]),
        lambda: iter([*messages[:at], one_of_others(), *messages[at:]]),
        lambda: iter([*messages[: at + 1], *messages[at:]]),
        lambda: iter([*messages[:at], *messages[at + 1 :]]),
        lambda: iter(messages[::-1]),
        lambda: iter(draw.sample(messages, len(messages))),
        lambda: itertools.chain(messages[:at], itertools.repeat(messages[at])),
        lambda: itertools.repeat(one_of_others()),
        lambda: iter([*messages[:at], packed({})]),
        lambda: iter([*messages[:at], packed(json.loads('{"question": "look", "step": 10}'))]),
        lambda: itertools.chain(messages[:at], itertools.repeat(packed({"note": "training", "events": []}))),
    )
    return draw.choice(changes)()
