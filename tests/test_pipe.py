"""Messages between judge and worker: what is packed comes out again, and nothing else does any harm."""

import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from autograder.boundary.pipe import (
    LARGEST_ARRAYS,
    LARGEST_LIST_OF_ARRAYS,
    LARGEST_STRUCTURE,
    LONGEST_AXIS,
    Garbled,
    packed,
    receive,
)

DTYPES = ("float32", "float64", "float16", "uint8", "int8", "int16", "int32", "int64", "bool")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
STRUCTURES = st.dictionaries(st.text(max_size=8), JSON, max_size=4)
ARRAYS = st.dictionaries(
    st.text(st.characters(codec="ascii"), min_size=1, max_size=8).filter(lambda name: name != "__metadata__"),
    arrays_of.arrays(st.sampled_from(DTYPES), arrays_of.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4)),
    max_size=3,
)


class HungUp(Exception):
    """The reader's own end."""


def reader(content: bytes) -> Callable[[int], bytes]:
    rest = memoryview(content)

    def read(count: int) -> bytes:
        nonlocal rest
        if len(rest) < count:
            raise HungUp
        part, rest = bytes(rest[:count]), rest[count:]
        return part

    return read


def message(structure: bytes, blob: bytes = b"") -> bytes:
    return struct.pack("<QQ", len(structure), len(blob)) + structure + blob


@given(STRUCTURES, ARRAYS)
@settings(deadline=None)
def test_what_is_packed_comes_out_again(structure: dict[str, Any], arrays: dict[str, Any]) -> None:
    found, made = receive(reader(packed(structure, arrays)))
    assert found == structure
    assert set(made) == set(arrays)
    for name, array in arrays.items():
        assert made[name].dtype == array.dtype
        assert made[name].shape == array.shape
        assert made[name].tobytes() == array.tobytes()


@given(st.lists(STRUCTURES, min_size=2, max_size=4))
@settings(max_examples=30, deadline=None)
def test_messages_one_after_another_are_told_apart(structures: list[dict[str, Any]]) -> None:
    read = reader(b"".join(packed(structure, {"a": np.arange(3)}) for structure in structures))
    assert [receive(read)[0] for _ in structures] == structures
    with pytest.raises(HungUp):
        receive(read)


def test_numbers_that_are_none_come_through() -> None:
    found, made = receive(
        reader(packed({"loss": float("nan"), "best": float("inf")}, {"a": np.array([np.nan, np.inf])}))
    )
    assert np.isnan(found["loss"]) and found["best"] == float("inf")
    assert np.isnan(made["a"][0]) and np.isinf(made["a"][1])


@pytest.mark.parametrize(
    "view", [np.s_[:, ::2], np.s_[::-1], np.s_[..., 0], np.s_[1:, 1:]], ids=["steps", "reversed", "column", "corner"]
)
@pytest.mark.parametrize("turned", [False, True], ids=["", "transposed"])
def test_a_view_comes_through_as_what_it_shows(view: Any, turned: bool) -> None:
    whole = np.arange(24.0).reshape(4, 6)
    part = whole.T[view] if turned else whole[view]
    assert np.array_equal(receive(reader(packed({}, {"a": part})))[1]["a"], part)


def test_no_arrays_are_no_bytes() -> None:
    assert packed({}) == packed({}, {}) == message(b"{}")


@pytest.mark.parametrize("array", [np.array([object()]), np.array(["text"])], ids=["objects", "text"])
def test_what_is_no_number_is_not_packed(array: Any) -> None:
    with pytest.raises(Exception):  # noqa: B017  (safetensors' own kind; what matters is that it never leaves)
        packed({}, {"a": array})


# What a worker under a submission's control may send


@pytest.mark.parametrize(
    ("text_length", "blob_length"),
    [(LARGEST_STRUCTURE + 1, 0), (2, LARGEST_ARRAYS + 1), (2**64 - 1, 2**64 - 1), (0, 2**63)],
)
def test_a_message_announced_too_large_is_refused_before_it_is_read(text_length: int, blob_length: int) -> None:
    asked = []
    read = reader(struct.pack("<QQ", text_length, blob_length))

    def counting(count: int) -> bytes:
        asked.append(count)
        return read(count)

    with pytest.raises(Garbled, match=f"a message of {text_length} and {blob_length} bytes is announced"):
        receive(counting)
    assert asked == [16]


def test_a_reply_may_be_allowed_fewer_arrays_than_a_request() -> None:
    content = packed({}, {"a": np.zeros(100)})
    assert receive(reader(content), 2000)[1]["a"].shape == (100,)
    with pytest.raises(Garbled, match="is announced"):
        receive(reader(content), 700)


@pytest.mark.parametrize(
    ("structure", "words"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"{'a': 1}", "is no JSON"),
        (b"\xff\xff", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"1" * 5000, "is no JSON"),
        (b"[1]", "is no object"),
        (b"null", "is no object"),
        (b'"text"', "is no object"),
        (b"NaN", "is no object"),
    ],
    ids=lambda value: None if isinstance(value, str) else repr(value[:8]),
)
def test_a_structure_that_is_no_object_in_json_is_refused(structure: bytes, words: str) -> None:
    with pytest.raises(Garbled, match=words):
        receive(reader(message(structure)))


def tensors(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


F32: dict[str, Any] = {"dtype": "F32", "shape": [1]}
AT_0, AT_2 = {"data_offsets": [0, 4]}, {"data_offsets": [2, 6]}
EMPTY: dict[str, Any] = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}


@pytest.mark.parametrize(
    "blob",
    [
        pytest.param(b"\x00", id="one byte"),
        pytest.param(b"\xff" * 8, id="an endless header"),
        pytest.param(tensors(b"{"), id="a broken header"),
        pytest.param(tensors(b"[]"), id="a header that is a list"),
        pytest.param(tensors({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 4]}}, b"\0" * 4), id="shape"),
        pytest.param(tensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}), id="data left out"),
        pytest.param(tensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 9), id="left over"),
        pytest.param(tensors({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, b"\0" * 4), id="negative"),
        pytest.param(tensors({"a": {"dtype": "O", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 4), id="objects"),
        pytest.param(
            tensors({"a": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 4]}}, b"\0" * 4), id="too many"
        ),
        pytest.param(tensors({"a": {"dtype": "F4", "shape": [2], "data_offsets": [0, 1]}}, b"\0"), id="no numpy kind"),
        pytest.param(b"\x80\x04\x8c\x02os\x94.", id="a pickle"),
        pytest.param(
            tensors({"a": F32 | {"data_offsets": [0, 4]}, "b": F32 | {"data_offsets": [0, 4]}}, b"\0" * 4), id="twice"
        ),
        pytest.param(
            tensors({"a": F32 | {"data_offsets": [0, 4]}, "b": F32 | {"data_offsets": [2, 6]}}, b"\0" * 6), id="overlap"
        ),
        pytest.param(tensors({"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}, b"\0" * 2), id="bfloat16"),
        pytest.param(tensors({"a": {"dtype": "F8_E4M3", "shape": [1], "data_offsets": [0, 1]}}, b"\0"), id="float8"),
        pytest.param(tensors({"a": EMPTY | {"shape": [0, LONGEST_AXIS + 1]}}), id="nothing along an endless axis"),
        pytest.param(tensors({"a": EMPTY | {"shape": [0] + [1] * 70}}), id="seventy axes"),
        pytest.param(tensors({f"a{number}": EMPTY for number in range(3000)}), id="thousands of arrays"),
        pytest.param(tensors(b"{" + b" " * LARGEST_LIST_OF_ARRAYS + b"}"), id="a long list of no arrays"),
    ],
)
def test_arrays_that_are_none_are_refused(blob: bytes) -> None:
    with pytest.raises(Garbled, match="arrays of a message cannot be read"):
        receive(reader(message(b"{}", blob)))


@given(
    st.binary(max_size=80)
    | st.binary(max_size=60).map(message)
    | st.binary(max_size=60).map(lambda b: message(b"{}", b))
)
@example(b"")
@settings(max_examples=200, deadline=None)
def test_random_bytes_are_a_message_or_garbled_or_end_too_soon(content: bytes) -> None:
    try:
        structure, arrays = receive(reader(content))
    except (Garbled, HungUp):
        return
    assert isinstance(structure, dict)
    assert all(isinstance(array, np.ndarray) for array in arrays.values())


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_message_with_one_byte_changed_is_a_message_or_garbled_or_ends_too_soon(data: st.DataObject) -> None:
    content = bytearray(packed({"made": ["a", 1]}, {"a": np.arange(3, dtype=np.float32), "b": np.zeros((2, 2))}))
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        structure, arrays = receive(reader(bytes(content)))
    except (Garbled, HungUp):
        return
    assert isinstance(structure, dict)
    assert all(isinstance(array, np.ndarray) for array in arrays.values())
