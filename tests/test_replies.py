"""What a worker may answer: a record, or one kind of refusal, whatever it says."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograder.boundary.checked import NotAnAnswer, Operation, clean
from autograder.boundary.notes import TRAIN, arguments_told, outputs_shown, read_note
from autograder.boundary.replies import (
    ARRAYS,
    CALL,
    DESCRIBE,
    FORWARD,
    SIGNATURE,
    Fault,
    fetch,
    part_shape,
    pictures_shown,
    read_envelope,
    trained,
    with_weights,
)
from autograder.boundary.weights import OPEN_WEIGHTS, fit_weights

NUMBER = {"kind": "number", "value": 0.5}
CONVOLUTION = {"kind": "convolution", "before": [3, 3, 8, 8], "after": [3, 4, 8, 8], "weight": [4, 3, 3, 3]}
CONVOLUTION |= {"stride": [1, 1], "padding": [1, 1]}
LINEAR = {"kind": "linear", "in": 64, "out": 2, "map": [3, 4, 8, 8]}
RESIZE = {"kind": "resize", "name": "max_pool2d", "before": [3, 4, 8, 8], "after": [3, 4, 4, 4]}
FORWARD_REPLY = {"events": [CONVOLUTION, RESIZE, LINEAR], "kind": "logits", "shape": [3, 2]}
LOGITS = {"output": np.zeros((3, 2), np.float32), "alone": np.zeros((2, 2), np.float32)}
PARAMETER = {"name": "data", "kind": "positional or keyword", "has_default": False, "default": None}
ENDING = {"ended": "by itself", "seconds": 1.5, "watching": 0.5, "returned": NUMBER, "series": []}
OPENED = {"states": [{"place": "", "sizes": {"n": 8}}], "devices": []}
FITTING = {"fits": [0], "not_finite": {}, "likeness": 1.0, "differences": [], "different": 0}
EVALUATION = {"evaluation": np.zeros((5, 2), np.float32)}


def refused(operation: Operation[Any], structure: Mapping[str, Any], arrays: Mapping[str, Any] | None = None) -> bool:
    try:
        operation.read(structure, dict(arrays or {}))
    except NotAnAnswer:
        return True
    return False


# What is right is read


@pytest.mark.parametrize(
    ("operation", "structure", "arrays"),
    [
        (CALL, {"value": NUMBER}, {}),
        (DESCRIBE, {"value": {"kind": "array", "dtype": "float32", "shape": [2, 3], "items": [NUMBER] * 6}}, {}),
        (DESCRIBE, {"value": {"kind": "dict", "length": 1, "keys": ["a"], "items": [{"kind": "none"}]}}, {}),
        (fetch((2, 3)), {}, {"array": np.zeros((2, 3), np.uint8)}),
        (SIGNATURE, {"parameters": [PARAMETER]}, {}),
        (ARRAYS, {"names": ["train_data"]}, {}),
        (FORWARD, FORWARD_REPLY, LOGITS),
        (FORWARD, {"events": [], "kind": "NoneType", "shape": [], "stopped": {"type": "ValueError"}}, {}),
        (TRAIN, ENDING, {}),
        (
            TRAIN,
            ENDING | {"problem": {"type": "ValueError", "message": "m", "cell": 3, "line": 1, "function": "f"}},
            {},
        ),
        (trained(5), {}, EVALUATION),
        (trained(5), {}, {}),
        (with_weights(5), {}, EVALUATION),
        (OPEN_WEIGHTS, OPENED, {}),
        (OPEN_WEIGHTS, {"problem": {"kind": "cut off"}}, {}),
        (fit_weights(1), FITTING, {}),
    ],
)
def test_what_a_worker_answers_is_read(operation: Operation[Any], structure: Any, arrays: Any) -> None:
    assert not refused(operation, structure, arrays)


def test_what_travels_besides_a_reply_does_it_no_harm() -> None:
    more = {"value": NUMBER, "printed": "epoch 1", "remarks": [], "absent_modules": []}
    assert CALL.read(more, {}).number == 0.5


def test_an_exception_keeps_its_place() -> None:
    error = {"type": "ValueError", "message": "two\nlines", "module": "helpers", "line": 3, "function": "f"}
    assert read_envelope({"error": error}).error == Fault("ValueError", "two lines", None, "helpers", 3, "f")


# What is not is refused


@pytest.mark.parametrize(
    ("operation", "right", "arrays", "changes"),
    [
        (CALL, {"value": NUMBER}, {}, {"value": [None, 3, "number", [], {}, {"kind": "god"}, {"kind": ["number"]}]}),
        (
            DESCRIBE,
            {"value": NUMBER},
            {},
            {
                "value": [
                    {"kind": "number"},
                    {"kind": "number", "value": "many"},
                    {"kind": "array", "shape": [-1], "dtype": "float32"},
                    {"kind": "array", "shape": [2.5], "dtype": "float32"},
                    {"kind": "array", "shape": [10**400], "dtype": "float32"},
                    {"kind": "array", "shape": [1] * 70, "dtype": "float32"},
                    {"kind": "list", "items": [NUMBER] * 17},
                    {"kind": "list", "length": 10**12},
                ]
            },
        ),
        (SIGNATURE, {"parameters": [PARAMETER]}, {}, {"parameters": [None, {}, [{}], [PARAMETER | {"kind": "odd"}]]}),
        (ARRAYS, {"names": ["a"]}, {}, {"names": [None, "names", [3], {"a": 1}]}),
        (
            FORWARD,
            FORWARD_REPLY,
            LOGITS,
            {
                "events": [None, [{}], [CONVOLUTION | {"stride": [0, 1]}], [CONVOLUTION | {"before": [3, 3]}]],
                "shape": [None, [3, 3], [3], [-3, 2]],
                "kind": [None, "list"],
                "stopped": ["stopped", {"cell": "first"}],
            },
        ),
        (
            TRAIN,
            ENDING,
            {},
            {
                "ended": [None, "well", 3],
                "seconds": [None, -1.0, float("nan"), float("inf"), "1", True],
                "watching": [-1.0],
                "returned": [None, {}],
                "problem": ["none", []],
                "series": [None, 3, [3], [{}], [{"name": "a", "numbers": ["x"]}]],
            },
        ),
        (
            OPEN_WEIGHTS,
            OPENED,
            {},
            {"states": [None, [], [{}], [{"place": "", "sizes": {"n": -1}}]], "problem": [{"kind": "cut off"}]},
        ),
        (
            fit_weights(1),
            FITTING,
            {},
            {"fits": [None, [1], [-1], []], "likeness": [2.0, float("nan")], "not_finite": [{"first": {}}, {"0": {}}]},
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Operation) else "",
)
def test_a_reply_with_one_part_that_cannot_be_is_refused(
    operation: Operation[Any], right: dict[str, Any], arrays: Any, changes: Mapping[str, list[Any]]
) -> None:
    assert not refused(operation, right, arrays)
    for key, values in changes.items():
        for value in values:
            assert refused(operation, right | {key: value}, arrays), f"{key} may not be {value!r}"


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((5, 2), np.complex64),
        np.zeros((5, 2), np.int64),
        np.zeros((4, 2), np.float32),
        np.zeros((5, 0), np.float32),
        np.zeros(5, np.float32),
        np.zeros((5, 2, 1), np.float32),
    ],
    ids=["complex", "whole numbers", "one picture less", "no answers", "one axis", "three axes"],
)
def test_answers_that_are_not_those_to_the_pictures_shown_are_refused(array: Any) -> None:
    for operation in (trained(5), with_weights(5)):
        assert refused(operation, {}, {"evaluation": array})
    with pytest.raises(NotAnAnswer):
        outputs_shown({"step": 10}, {"evaluation": array}, 5)
    with pytest.raises(NotAnAnswer):
        outputs_shown({"step": 10}, EVALUATION | {"batch statistics": array}, 5)


def test_of_answers_only_the_two_modes_count_that_a_network_has() -> None:
    many = {f"guess {number}": np.zeros((5, 2), np.float32) for number in range(9)}
    step, outputs = outputs_shown({"step": 10}, EVALUATION | many, 5)
    assert (step, list(outputs)) == (10, ["evaluation"])


def test_a_shape_without_the_array_that_has_it_is_refused() -> None:
    wrong = {"output": np.zeros((3, 7), np.float32)}
    assert refused(FORWARD, FORWARD_REPLY, wrong)
    assert refused(FORWARD, FORWARD_REPLY, {})


@pytest.mark.parametrize("array", [None, np.zeros((2, 4)), np.zeros((3, 2)), np.zeros((2, 3), np.complex64)])
def test_a_part_of_an_array_has_the_shape_that_was_asked_for(array: Any) -> None:
    assert refused(fetch((2, 3)), {}, {} if array is None else {"array": array})


@given(st.lists(st.integers(0, 9), min_size=1, max_size=3), st.data())
def test_the_shape_of_a_part_is_known_before_it_comes(shape: list[int], data: st.DataObject) -> None:
    bound = st.none() | st.integers(0, 12)
    index = [data.draw(st.tuples(bound, bound, st.none() | st.integers(1, 4))) for _ in shape]
    assert part_shape(shape, index) == np.zeros(shape)[tuple(slice(*bounds) for bounds in index)].shape


@pytest.mark.parametrize("model", [None, -1, 4, 1.0, "0", 10**400])
def test_pictures_are_shown_to_a_model_that_there_is(model: Any) -> None:
    images = {"images": np.zeros((2, 3, 112, 56), np.float32)}
    assert pictures_shown({"question": "answers", "model": 3}, images, 4)[0] == 3
    with pytest.raises(NotAnAnswer):
        pictures_shown({"question": "answers", "model": model}, images, 4)


@pytest.mark.parametrize("shape", [(2,), (20_000, 1, 1, 1), (900, 3, 112, 56)], ids=["one axis", "many", "much"])
def test_more_pictures_at_once_than_a_batch_has_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(NotAnAnswer):
        pictures_shown({"question": "answers", "model": 0}, {"images": np.zeros(shape, np.float32)}, 4)


# Texts are short, clean and of one line


def test_texts_are_cut_and_cleaned() -> None:
    error = {"type": "E" * 10**6, "message": "\x1b[31mred\ud800\x00" + "x" * 10**6}
    fault = read_envelope({"error": error, "remarks": ["\x07"] * 10**4, "absent_modules": ["\n"] * 10**4}).error
    assert fault is not None
    assert len(fault.type) <= 80 and len(fault.message) <= 400
    assert fault.message.isprintable()
    fault.message.encode()


@given(st.text(st.characters(codec=None)))
@example("\ud800")
@example("line\r\nline\u2028\x85")
def test_a_clean_text_can_be_printed_and_written(text: str) -> None:
    assert clean(text).isprintable()
    assert len(clean(text).encode()) >= len(text)
    if text.isprintable():
        assert clean(text) == text


# Whatever comes is a record or refused

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
READERS: tuple[tuple[Callable[[Any], Any], dict[str, Any]], ...] = (
    (lambda told: CALL.read(told, {}), {"value": {"kind": "list", "length": 1, "items": [NUMBER], "shape": [1]}}),
    (lambda told: SIGNATURE.read(told, {}), {"parameters": [PARAMETER]}),
    (lambda told: FORWARD.read(told, dict(LOGITS)), FORWARD_REPLY),
    (lambda told: TRAIN.read(told, {}), ENDING | {"series": [{"name": "a", "numbers": [1]}]}),
    (lambda told: OPEN_WEIGHTS.read(told, {}), OPENED),
    (lambda told: fit_weights(1).read(told, {}), FITTING),
    (read_envelope, {"error": {"type": "E", "message": "m", "cell": 1, "line": 2}, "remarks": ["a"]}),
    (arguments_told, {"arguments": {"data": NUMBER}}),
    (lambda told: read_note(told, {}), {"events": [], "printed": "a"}),
)


@given(which=st.sampled_from(READERS), path=st.lists(st.integers(0, 9), max_size=4), value=JSON)
def test_a_value_that_anybody_made_up_is_part_of_a_record_or_refused(
    which: tuple[Callable[[Any], Any], dict[str, Any]], path: list[int], value: Any
) -> None:
    read, right = which
    told = json.loads(json.dumps(right))
    place, key = told, next(iter(told))
    for step in path:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = keys[step % len(keys)]
        if not isinstance(place[key], dict | list) or not place[key]:
            break
        place, inner = place[key], place[key]
        key = next(iter(inner)) if isinstance(inner, dict) else 0
    place[key] = value
    try:
        read(told)
    except NotAnAnswer:
        return


@pytest.mark.parametrize("read", [read for read, _ in READERS])
@pytest.mark.parametrize("value", [None, 3, "text", [], [1]], ids=repr)
def test_what_is_no_object_is_refused(read: Callable[[Any], Any], value: Any) -> None:
    with pytest.raises(NotAnAnswer):
        read(value)


def test_a_value_within_a_thousand_others_is_refused() -> None:
    value: dict[str, Any] = {"kind": "list"}
    for _ in range(900):
        value = {"kind": "list", "items": [value]}
    assert refused(CALL, {"value": value})


# Pictures in notes


@pytest.mark.parametrize(
    ("ids", "pictures"),
    [
        (np.arange(2), np.zeros((2, 1, 4, 4, 3))),
        (np.arange(2), np.zeros((2, 2, 4, 4, 4))),
        (np.arange(2), np.zeros((2, 2, 0, 4, 3))),
        (np.arange(2), np.zeros((2, 2, 1, 5000, 3))),
        (np.arange(2), np.zeros((2, 2, 300, 300, 3), np.float32)),
        (np.arange(2), np.zeros((2, 2, 4, 4, 3), np.complex64)),
        (np.arange(-1, 1), np.zeros((2, 2, 4, 4, 3))),
        (np.arange(2.0), np.zeros((2, 2, 4, 4, 3))),
    ],
    ids=["one shoe", "four colours", "no height", "endless", "large", "complex", "negative ids", "ids with fractions"],
)
def test_pictures_that_show_no_two_shoes_are_refused(ids: Any, pictures: Any) -> None:
    with pytest.raises(NotAnAnswer):
        read_note({"events": []}, {"ids0": ids, "pictures0": pictures})
