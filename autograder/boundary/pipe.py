"""Messages between judge and worker: JSON for structure, safetensors for arrays, and never pickle.

A message is two lengths of eight bytes, then the JSON, then the arrays. Whoever reads one takes nothing in it for
granted: every length is looked at before anything of that length is read or made.
"""

import json
import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

_LENGTHS = struct.Struct("<QQ")
_HEADER_LENGTH = struct.Struct("<Q")
LARGEST_STRUCTURE = 8 * 2**20
LARGEST_ARRAYS = 2**31
# What a worker has to send is small beside the photographs that it is given: a batch of small pictures, logits.
LARGEST_ARRAYS_OF_A_REPLY = 2**28
# safetensors alone would read a list of arrays of 100 MB, and make an object of every entry.
LARGEST_LIST_OF_ARRAYS = 2**16
# An array without elements may claim any length on its other axes, and whoever counts along them would not come back.
LONGEST_AXIS = 2**31
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


def receive(read: Callable[[int], bytes], largest_arrays: int = LARGEST_ARRAYS) -> tuple[dict[str, Any], Arrays]:
    """The next message. Its structure may still hold anything that JSON can, NaN and lone surrogates included; its
    arrays are of numbers or truth values.

    Args: read: gives exactly as many bytes as asked for, or raises what it likes; largest_arrays: how many bytes of
        arrays there may be.
    Raises: Garbled when the bytes are no message or announce more than there may be.
    """
    text_length, blob_length = _LENGTHS.unpack(read(_LENGTHS.size))
    if text_length > LARGEST_STRUCTURE or blob_length > largest_arrays:
        raise Garbled(f"a message of {text_length} and {blob_length} bytes is announced")
    try:
        structure = json.loads(read(text_length))
    except (ValueError, RecursionError) as problem:
        raise Garbled("the structure of a message is no JSON") from problem
    if not isinstance(structure, dict):
        raise Garbled("the structure of a message is no object")
    if not blob_length:
        return structure, {}
    return structure, _arrays(read(blob_length))


def _arrays(blob: bytes) -> Arrays:
    if len(blob) < _HEADER_LENGTH.size or _HEADER_LENGTH.unpack_from(blob)[0] > LARGEST_LIST_OF_ARRAYS:
        raise Garbled("the arrays of a message cannot be read")
    try:
        arrays = safetensors.numpy.load(blob)
    except Exception as problem:  # safetensors raises various kinds for bytes that are none of its own
        raise Garbled("the arrays of a message cannot be read") from problem
    if any(length > LONGEST_AXIS for array in arrays.values() for length in array.shape):
        raise Garbled("the arrays of a message cannot be read")
    return arrays
