"""Messages between judge and worker: JSON for structure, safetensors for arrays, and never pickle.

A message is two lengths of eight bytes, then the JSON, then the arrays.
"""

import json
import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

_LENGTHS = struct.Struct("<QQ")
LARGEST_STRUCTURE = 8 * 2**20
LARGEST_ARRAYS = 2**31
Arrays = dict[str, NDArray[Any]]
# Behind the name of a model's outputs: those of its last linear layer.
LAST_LAYER = ", last layer"


class Garbled(Exception):
    """What came over the pipe is no message."""


def packed(structure: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]] | None = None) -> bytes:
    """A message as bytes."""
    text = json.dumps(structure, allow_nan=True).encode()
    blob = b""
    if arrays:
        blob = safetensors.numpy.save({name: np.asarray(array, order="C") for name, array in arrays.items()})
    return _LENGTHS.pack(len(text), len(blob)) + text + blob


def receive(read: Callable[[int], bytes]) -> tuple[dict[str, Any], Arrays]:
    """The next message.

    Args: read: gives exactly as many bytes as asked for, or raises what it likes.
    Raises: Garbled when the bytes are no message or announce more than there may be.
    """
    text_length, blob_length = _LENGTHS.unpack(read(_LENGTHS.size))
    if text_length > LARGEST_STRUCTURE or blob_length > LARGEST_ARRAYS:
        raise Garbled(f"a message of {text_length} and {blob_length} bytes is announced")
    try:
        structure = json.loads(read(text_length))
    except (ValueError, RecursionError) as problem:
        raise Garbled("the structure of a message is no JSON") from problem
    if not isinstance(structure, dict):
        raise Garbled("the structure of a message is no object")
    if not blob_length:
        return structure, {}
    blob = read(blob_length)
    try:
        return structure, safetensors.numpy.load(blob)
    except Exception as problem:  # safetensors raises various kinds for bytes that are none of its own
        raise Garbled("the arrays of a message cannot be read") from problem
