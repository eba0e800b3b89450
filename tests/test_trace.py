"""The notes of a training: whatever a worker sends, they become frozen records or one kind of refusal."""

import json
from collections.abc import Sequence
from dataclasses import FrozenInstanceError
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograder.boundary.checked import NotAnAnswer
from autograder.boundary.notes import series_left
from autograder.evidence import trace
from autograder.evidence.orders import Lesson, Order, Trained
from autograder.evidence.trace import Pass, Printed, Recorder, Save, Series, Trace

PICTURES: dict[str, Any] = {"ids0": np.arange(8), "pictures0": np.zeros((8, 2, 56, 56, 3), dtype=np.float16)}
OUTPUTS = [[0.1, 0.2], [0.3, -0.4]]
GRADIENTS = [[0.5, -0.5], [-0.25, 0.25]]


def forward(number: int, ids: Sequence[Any] = (0, 1), training: bool = True, **facts: Any) -> dict[str, Any]:
    event = {"kind": "forward", "pass": number, "training": training, "layout": "upright"}
    return event | {"ids": list(ids), "outputs": OUTPUTS} | facts


def backward(*numbers: int, **facts: Any) -> dict[str, Any]:
    event = {"kind": "backward", "loss": 0.7, "function": "NllLossBackward0", "left over": None}
    return event | {"gradients": {str(number): GRADIENTS for number in numbers}} | facts


def step(**facts: Any) -> dict[str, Any]:
    event = {"kind": "step", "training": [True], "gradient": 1.0, "change": 0.1, "downhill": 0.9}
    return event | {"held": 12, "parameters": 12, "rate": 0.001} | facts


def save(**facts: Any) -> dict[str, Any]:
    return {"kind": "save", "what": "a state_dict", "fits": True, "trained": True} | facts


def drawn(**facts: Any) -> dict[str, Any]:
    return {"kind": "drawn", "name": "accuracy", "numbers": [0.5, 0.75]} | facts


def recorder(*events: dict[str, Any]) -> Recorder:
    made = Recorder()
    made.take({"events": list(events)}, dict(PICTURES))
    return made


def recorded(*events: dict[str, Any]) -> Trace:
    return recorder(*events).trace()


# What events become


def test_nothing_noted_is_an_empty_trace() -> None:
    assert Recorder().trace() == Trace()


def test_a_forward_and_a_backward_pass_and_a_step_are_one_step() -> None:
    (seen,) = recorded(forward(1), backward(1), step()).steps
    assert seen.passes == (
        Pass(0, "upright", True, (0, 1), (), ((0.1, 0.2), (0.3, -0.4)), gradients=((0.5, -0.5), (-0.25, 0.25))),
    )
    assert (seen.number, seen.training, seen.left_over, seen.backward_passes) == (1, True, None, 1)
    assert (seen.gradient, seen.change, seen.downhill, seen.rate) == (1.0, 0.1, 0.9, 0.001)
    assert (seen.held, seen.parameters, seen.loss, seen.function) == (12, 12, 0.7, "NllLossBackward0")


def test_steps_are_numbered_and_each_has_its_own_passes() -> None:
    seen = recorded(*(event for n in (1, 2, 3) for event in (forward(n, (n,)), backward(n), step())))
    assert [s.number for s in seen.steps] == [1, 2, 3]
    assert [[p.ids for p in s.passes] for s in seen.steps] == [[(1,)], [(2,)], [(3,)]]
    assert [p.step for s in seen.steps for p in s.passes] == [0, 1, 2]
    assert seen.evaluations == ()


def test_a_pass_that_no_gradient_came_back_through_is_an_evaluation() -> None:
    seen = recorded(forward(1), forward(2, (2, 3), False), backward(1), step(), forward(3, (4,), False))
    assert [p.ids for s in seen.steps for p in s.passes] == [(0, 1)]
    assert [(p.step, p.ids, p.training, p.gradients) for p in seen.evaluations] == [
        (0, (2, 3), False, ()),
        (1, (4,), False, ()),
    ]


@given(order=st.permutations(range(1, 7)), taught=st.sets(st.integers(1, 6)))
def test_evaluations_stand_in_the_order_in_which_they_were_made(order: list[int], taught: set[int]) -> None:
    seen = recorded(*(forward(n, (n,)) for n in order), backward(*sorted(taught)), step())
    assert {p.ids[0] for p in seen.steps[0].passes} == taught
    assert [p.ids[0] for p in seen.evaluations] == [n for n in range(1, 7) if n not in taught]


def test_gradients_gathered_over_several_passes_are_one_step() -> None:
    (seen,) = recorded(
        forward(1), backward(1, **{"left over": 0.25}), forward(2, (2,)), backward(2, loss=0.5), step()
    ).steps
    assert [p.ids for p in seen.passes] == [(0, 1), (2,)]
    assert (seen.backward_passes, seen.left_over) == (2, 0.25)
    assert seen.loss == pytest.approx(1.2)


def test_a_step_that_no_backward_pass_led_to_is_a_step_all_the_same() -> None:
    (seen,) = recorded(step(downhill=None)).steps
    assert (seen.passes, seen.loss, seen.function, seen.downhill, seen.backward_passes) == ((), 0, "", None, 0)


@pytest.mark.parametrize("modes", [(True, True), (True, False), (False, False)])
def test_a_step_is_in_training_mode_where_all_of_it_was(modes: tuple[bool, bool]) -> None:
    passes = [forward(n, training=mode) for n, mode in enumerate(modes)]
    (seen,) = recorded(*passes, backward(0, 1), step(training=list(modes))).steps
    assert seen.training is all(modes)


def test_a_loss_that_is_no_tensor_counts_nothing() -> None:
    assert recorded(forward(1), backward(1, loss=None), step()).steps[0].loss == 0


def test_gradients_of_a_pass_that_nobody_saw_are_passed_over() -> None:
    (seen,) = recorded(backward(99), step()).steps
    assert (seen.passes, seen.backward_passes) == ((), 1)


def test_saves_and_print_know_how_many_steps_were_taken() -> None:
    made = recorder(save(), forward(1), backward(1), step(), save(what="a model", fits=False, trained=False))
    made.take({"events": [], "printed": "epoch 1"}, {})
    seen = made.trace()
    assert seen.saves == (Save(0, "a state_dict", True, True), Save(1, "a model", False, False))
    assert seen.printed == (Printed(1, "epoch 1"),)


def test_series_are_drawn_returned_or_kept() -> None:
    made = recorder(drawn())
    entries = [("returned[1]", [1, 2]), ("history.acc", [0.5, 0.75])]
    made.end(series_left({"series": [{"name": name, "numbers": numbers} for name, numbers in entries]}))
    assert made.trace().series == (
        Series("drawn", "accuracy", (0.5, 0.75)),
        Series("returned", "returned[1]", (1.0, 2.0)),
        Series("kept", "history.acc", (0.5, 0.75)),
    )


def test_numbers_that_are_none_are_noted_as_they_are() -> None:
    seen = recorded(forward(1, outputs=[[float("nan"), float("inf")]] * 2), backward(1, loss=float("nan")), step())
    assert np.isnan(seen.steps[0].loss) and np.isnan(seen.steps[0].passes[0].outputs[0][0])


@given(cuts=st.sets(st.integers(1, 8)))
def test_it_makes_no_difference_how_events_are_divided_into_messages(cuts: set[int]) -> None:
    events = [forward(1), backward(1), step(), save(), forward(2, (3,)), drawn(), forward(3), backward(3), step()]
    made = recorder()
    bounds = [0, *sorted(cuts), len(events)]
    for start, end in pairwise(bounds):
        made.take({"events": events[start:end]}, {})
    assert made.trace() == recorded(*events)


def test_a_picture_travels_once_and_is_known_from_then_on() -> None:
    made = Recorder()
    for key, number in (("0", 0), ("1", 5)):
        made.take({"events": []}, {f"ids{key}": np.array([number]), f"pictures{key}": np.ones((1, 2, 4, 4, 3))})
    made.take({"events": [forward(1, (0, 5), stored=[5, 0])]}, {})
    assert set(made.pictures) == {0, 5}
    (seen,) = made.trace().evaluations
    assert (seen.ids, seen.stored) == ((0, 5), (5, 0))


def test_beginning_anew_forgets_what_happened_but_no_picture() -> None:
    made = recorder(forward(1), backward(1), step(), save(), drawn(), forward(2))
    made.restart()
    assert (made.trace(), made.steps) == (Trace(), 0)
    made.take({"events": [forward(1), backward(1), step()]}, {})
    assert made.steps == 1


def test_records_do_not_change_when_more_is_noted() -> None:
    made = recorder(forward(1), backward(1), step())
    before = made.trace()
    made.take({"events": [save(), forward(2), backward(2), step()]}, {})
    assert (len(before.steps), before.saves) == (1, ())
    with pytest.raises(FrozenInstanceError):
        before.steps[0].loss = 0.0  # type: ignore[misc]


# What is no trace


MALFORMED: dict[str, Any] = {
    "another kind": {"kind": "confession"},
    "no kind": {"pass": 1},
    "no object": "forward",
    "a kind that is none": {"kind": ["forward"]},
    "a picture that was never sent": forward(1, (99,)),
    "the same in memory": forward(1, stored=[99]),
    "an id that is none": forward(1, ids=["first"]),
    "outputs in one row": forward(1, outputs=[0.1, 0.2]),
    "outputs that are none": forward(1, outputs=[["high"]]),
    "no outputs": forward(1, outputs=None),
    "an endless number": forward(1, ids=[float("inf")]),
    "too large a number": forward(1, outputs=[[10**400]]),
    "gradients in a list": backward(gradients=[1, 2]),
    "gradients of no pass": backward(gradients={"first": []}),
    "a step without a change": {key: value for key, value in step().items() if key != "change"},
    "a change that is none": step(change="far"),
    "a mode that is none": step(training=None),
    "a save of nothing": {"kind": "save"},
    "a drawing of words": drawn(numbers=["a", "b"]),
    "a drawing with rows of their own": drawn(numbers=[[1, 2], [3]]),
}


@pytest.mark.parametrize("event", MALFORMED.values(), ids=MALFORMED)
def test_an_event_that_is_none_is_refused(event: Any) -> None:
    with pytest.raises(NotAnAnswer):
        recorder(event)


def test_a_backward_pass_whose_loss_is_none_is_refused_at_its_step() -> None:
    with pytest.raises(NotAnAnswer):
        recorder(backward(loss="low"), step())


@pytest.mark.parametrize("structure", [{}, {"events": None}, {"events": 3}, [], None, "events"], ids=repr)
def test_a_message_without_events_is_refused(structure: Any) -> None:
    with pytest.raises(NotAnAnswer):
        Recorder().take(structure, {})


@pytest.mark.parametrize(
    "arrays",
    [
        {"ids0": np.arange(2)},
        {"ids0": np.arange(2), "pictures0": np.zeros((3, 2))},
        {"ids0": np.array([np.nan]), "pictures0": np.zeros((1, 2))},
        {"ids0": np.zeros((2, 2)), "pictures0": np.zeros((2, 2))},
        {"ids0": np.array(1), "pictures0": np.array(1)},
    ],
    ids=["ids alone", "another number of pictures", "an id that is none", "a table of ids", "no row"],
)
def test_pictures_that_do_not_belong_to_their_numbers_are_refused(arrays: Any) -> None:
    with pytest.raises(NotAnAnswer):
        Recorder().take({"events": []}, arrays)


@pytest.mark.parametrize(
    "told",
    [{"series": 3}, {"series": None}, {"series": [3]}, {"series": [{}]}, {"series": [{"name": "a"}]}, [], None]
    + [{"series": [{"name": "a", "numbers": numbers}]} for numbers in (["x"], [[1], [2, 3]], {"a": 1}, "abc")],
    ids=repr,
)
def test_an_end_that_is_none_is_refused(told: Any) -> None:
    with pytest.raises(NotAnAnswer):
        Recorder().end(series_left(told))


def test_an_end_without_series_leaves_none() -> None:
    made = Recorder()
    made.end(series_left({}))
    assert made.trace().series == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4) | st.sampled_from(["0", "1"]), inner, max_size=3)
    ),
    max_leaves=8,
)
EVENTS = (forward(1, stored=[1, 0]), backward(1), step(), save(), drawn())
KEYS = sorted({key for event in EVENTS for key in event} - {"kind"})


@given(changes=st.lists(st.tuples(st.sampled_from(EVENTS), st.dictionaries(st.sampled_from(KEYS), JSON)), max_size=4))
@example(changes=[(step(), {"held": 10**400}), (step(), {"held": float("inf")})])
def test_events_that_anybody_made_up_become_records_or_are_refused(changes: list[Any]) -> None:
    events = [json.loads(json.dumps(event | change)) for event, change in changes]
    try:
        seen = recorded(*events, forward(2), backward(2), step())
    except NotAnAnswer:
        return
    assert isinstance(seen, Trace)
    for name in ("steps", "evaluations", "saves", "series", "printed"):
        assert isinstance(getattr(seen, name), tuple)
    assert all(isinstance(number, float) for s in seen.series for number in s.numbers)


@given(structure=JSON, events=st.booleans())
def test_anything_else_is_refused_or_passed_over(structure: Any, events: bool) -> None:
    made = Recorder()
    for take in (
        lambda: made.take({"events": structure} if events else structure, {}),
        lambda: made.end(series_left(structure)),
    ):
        try:
            take()
        except NotAnAnswer:
            continue
        assert isinstance(made.trace(), Trace)


@given(numbers=JSON, name=JSON)
def test_series_of_anything_are_numbers_or_are_refused(numbers: Any, name: Any) -> None:
    made = Recorder()
    try:
        made.end(series_left({"series": [{"name": name, "numbers": numbers}]}))
    except NotAnAnswer:
        return
    assert all(isinstance(number, float) for series in made.trace().series for number in series.numbers)


# How much there may be


def test_more_events_than_a_training_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "MOST_EVENTS", 10)
    made = recorder(*[save()] * 10)
    with pytest.raises(NotAnAnswer):
        made.take({"events": [save()]}, {})


def test_more_pictures_than_a_training_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "MOST_PICTURES", 8)
    made = recorder(save())
    with pytest.raises(NotAnAnswer):
        made.take({"events": [save()]}, {"ids1": np.arange(8, 10), "pictures1": np.zeros((2, 2, 4, 4, 3))})


def test_pictures_for_which_there_is_no_room_are_known_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    one = np.zeros((1, 2, 4, 4, 3), dtype=np.float16)
    monkeypatch.setattr(trace, "MOST_PICTURE_BYTES", 2 * one.nbytes)
    made = Recorder()
    for number in (0, 1, 1, 2):
        made.take({"events": []}, {"ids0": np.array([number]), "pictures0": one})
    assert set(made.pictures) == {0, 1}
    made.take({"events": [forward(1, (2,))]}, {})
    assert made.trace().evaluations[0].ids == (2,)


def test_a_picture_that_is_kept_does_not_keep_its_whole_message() -> None:
    made = recorder()
    assert all(image.base is None for image in made.pictures.values())


@pytest.mark.parametrize(
    ("bound", "most", "events"),
    [
        ("MOST_NOTES", 3, [[]] * 4),
        ("MOST_STEPS", 3, [[step()] * 4]),
        ("MOST_SHOWN", 6, [[forward(1), forward(2)], [forward(3), forward(4, stored=[])]]),
        ("MOST_SHOWN", 6, [[forward(1, stored=[0, 1]), forward(2, stored=[0, 1])]]),
        ("MOST_NUMBERS", 10, [[forward(1), backward(1)], [forward(2)]]),
        ("MOST_NUMBERS", 10, [[backward(1, 2, 3)]]),
    ],
)
def test_more_of_anything_than_a_training_has_is_refused(
    bound: str, most: int, events: list[list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken() -> None:
        made = Recorder()
        made.take({"events": []}, dict(PICTURES))
        for some in events:
            made.take({"events": some}, {})

    taken()
    monkeypatch.setattr(trace, bound, most)
    with pytest.raises(NotAnAnswer, match="than a training has"):
        taken()


def test_a_training_that_is_begun_anew_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "MOST_BEGINNINGS", 3)
    made = Recorder()
    for _ in range(3):
        made.restart()
    with pytest.raises(NotAnAnswer):
        made.restart()


def test_print_is_kept_up_to_a_length_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "MOST_TEXT", 5)
    made = Recorder()
    for text in ("abc", "def", "ghi"):
        made.take({"events": [], "printed": text}, {})
    assert [printed.text for printed in made.trace().printed] == ["abc", "de"]


def test_curves_are_kept_up_to_a_length_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "MOST_SERIES_NUMBERS", 5)
    seen = recorded(drawn(), drawn(name="loss"), drawn(name="more"))
    assert [series.name for series in seen.series] == ["accuracy", "loss"]


@pytest.mark.parametrize("rows", [[[]], [[], []]])
def test_outputs_without_any_number_are_no_outputs(rows: list[list[float]]) -> None:
    assert recorded(forward(1, outputs=rows)).evaluations[0].outputs == ()


def test_beginning_anew_counts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "MOST_EVENTS", 10)
    made = recorder(*[save()] * 10)
    made.restart()
    made.take({"events": [save()] * 10}, {})
    with pytest.raises(NotAnAnswer):
        made.take({"events": [save()]}, {})


def test_long_words_are_cut() -> None:
    made = recorder(forward(1, layout="x" * 999), forward(2), backward(2, function="x" * 999), step())
    made.take({"events": [save(what="x" * 999), drawn(name="x" * 999)], "printed": "x" * 10**6}, {})
    seen = made.trace()
    assert len(seen.evaluations[0].layout) < 100 and len(seen.steps[0].function) < 100
    assert len(seen.saves[0].what) < 100 and len(seen.series[0].name) <= 200
    assert len(seen.printed[0].text) == trace.MOST_TEXT


def test_no_more_than_some_hundred_series_are_kept() -> None:
    made = Recorder()
    made.end(series_left({"series": [{"name": "a", "numbers": [1, 2]}] * 5000}))
    assert len(made.trace().series) == 500


# A training that takes no step, or whose gradients never arrive


def test_a_training_without_any_step_has_one_that_moves_nothing_for_each_backward_pass() -> None:
    made = recorder(forward(1), backward(1), forward(2, (2, 3), training=False), save())
    made.take({"events": [forward(3, (4, 5)), backward(3)], "printed": "epoch 1"}, {})
    made.end(series_left({"series": [{"name": "returned", "numbers": [0.7, 0.6]}]}))
    seen = made.trace()
    assert not seen.stepped
    assert [[p.ids for p in s.passes] for s in seen.steps] == [[(0, 1)], [(4, 5)]]
    assert [s.change for s in seen.steps] == [0, 0]
    assert [(p.step, p.ids) for p in seen.evaluations] == [(1, (2, 3))]
    assert seen.saves == (Save(1, "a state_dict", True, True),)
    assert seen.printed == (Printed(2, "epoch 1"),)
    assert seen.series == (Series("returned", "returned", (0.7, 0.6)),)


@pytest.mark.parametrize(("events", "stepped"), [([], False), ([step()], True)])
def test_only_a_network_that_an_optimizer_has_moved_is_examined(events: list[dict[str, Any]], stepped: bool) -> None:
    order = Order(1, 1.0, lambda size, weights: Lesson(np.zeros(0), np.zeros(0)), {})
    seen = recorded(forward(1), backward(1), *events)
    assert len(seen.steps) == 1
    assert Trained(seen, order, None, {}, {}, "by itself").stepped is stepped


def test_steps_of_an_optimizer_are_never_mixed_with_made_up_ones() -> None:
    seen = recorded(forward(1), backward(1), forward(2), backward(2), step())
    assert seen.stepped
    assert len(seen.steps) == 1


def test_a_step_whose_gradients_never_arrived_still_tells_what_was_shown_for_it() -> None:
    seen = recorded(forward(1, (0, 1), learns=True), forward(2, (2, 3), training=False), backward(), step())
    assert [p.ids for p in seen.steps[0].passes] == [(0, 1)]
    assert seen.steps[0].passes[0].gradients == ()
    assert [p.ids for p in seen.evaluations] == [(2, 3)]


def test_what_could_have_taught_something_and_was_left_out_of_a_step_is_told() -> None:
    events = [forward(1, (0, 1), learns=True), forward(2, (2, 3)), forward(3, (4, 5), learns=True), backward(3), step()]
    seen = recorded(*events)
    assert [p.ids for p in seen.steps[0].passes] == [(4, 5)]
    assert [p.ids for p in seen.steps[0].unused] == [(0, 1)]
    assert [p.ids for p in seen.evaluations] == [(0, 1), (2, 3)]


def test_gradients_that_are_cleared_before_the_step_are_left_out_of_it() -> None:
    events = [forward(1, (0, 1)), backward(1), forward(2, (2, 3)), backward(2, **{"left over": 0.0}), step()]
    (seen,) = recorded(*events).steps
    assert [p.ids for p in seen.passes] == [(2, 3)]
    assert [p.ids for p in seen.unused] == [(0, 1)]


def test_gradients_that_are_gathered_all_count() -> None:
    events = [forward(1, (0, 1)), backward(1), forward(2, (2, 3)), backward(2, **{"left over": 0.3}), step()]
    (seen,) = recorded(*events).steps
    assert [p.ids for p in seen.passes] == [(0, 1), (2, 3)]
    assert seen.unused == ()
