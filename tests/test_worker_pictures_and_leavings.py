"""What is seen of a training from within: the shoes in a batch, the curves and the weights that are left behind."""

from collections import OrderedDict, deque, namedtuple
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograder.worker.leavings import MOST_NUMBERS, MOST_SERIES, growing, series_in, weights_in
from autograder.worker.pictures import SMALLEST_SIDE, Shown, arranged, pictures_among, shoes_in

LAYOUTS = (
    "upright",
    "sideways",
    "channels last",
    "channels last, sideways",
    "stacked",
    "stacked, channels last",
    "the two shoes apart",
)


def photographs(count: int, height: int = 224, width: int = 224, seed: int = 0) -> torch.Tensor:
    """Left above right shoes of noise, [count, 3, 2 * height, width]."""
    return torch.rand(count, 3, 2 * height, width, generator=torch.Generator().manual_seed(seed)) - 0.5


def in_layout(layout: str, images: torch.Tensor) -> Shown:
    """What it takes to hand pictures of this size to a model in this layout."""
    return Shown(layout, (int(images.shape[2]), int(images.shape[3])), np.zeros((0, 2, 0, 0, 3), np.float16))


def shown(*tensors: torch.Tensor) -> Shown:
    found = shoes_in(list(tensors))
    assert found is not None
    return found


def upright_shoes(images: torch.Tensor) -> np.ndarray[Any, Any]:
    """[B, 2, height, width, 3] of pictures [B, 3, 448, 224], of every so many pixels in half precision."""
    halves = torch.stack(images.chunk(2, dim=2), dim=1).permute(0, 1, 3, 4, 2)
    step = max(1, min(halves.shape[2:4]) // SMALLEST_SIDE)
    return halves[:, :, ::step, ::step].numpy().astype(np.float16)


# Batches of pictures


@pytest.mark.parametrize("layout", LAYOUTS)
@given(count=st.integers(1, 3), height=st.integers(40, 120), narrower=st.integers(0, 30), seed=st.integers(0, 99))
@settings(max_examples=20)
def test_shoes_are_found_again_in_whatever_layout_they_are_given(
    layout: str, count: int, height: int, narrower: int, seed: int
) -> None:
    images = photographs(count, height, max(40, height - narrower), seed)
    seen = shown(*arranged(images, in_layout(layout, images)))
    shoes = seen.shoes.transpose(0, 1, 3, 2, 4) if "sideways" in layout else seen.shoes
    assert (seen.layout, seen.size) == (layout, tuple(images.shape[2:]))
    assert np.array_equal(shoes, upright_shoes(images))


@pytest.mark.parametrize("layout", LAYOUTS)
@given(height=st.integers(40, 120), seed=st.integers(0, 99))
@settings(max_examples=10)
def test_other_pictures_are_handed_over_as_those_before(layout: str, height: int, seed: int) -> None:
    first, others = photographs(2, height, height, seed), photographs(3, height, height, seed + 1)
    batch = arranged(first, in_layout(layout, first))
    again = arranged(others, shown(*batch))
    assert shown(*again).layout == layout
    assert all(a.shape[1:] == b.shape[1:] and len(a) == 3 for a, b in zip(again, batch, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(arranged(first, shown(*batch)), batch, strict=True))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_model_of_smaller_pictures_is_shown_smaller_ones(layout: str) -> None:
    small = photographs(1, 56, 56)
    batch = arranged(small, in_layout(layout, small))
    again = arranged(photographs(2), shown(*batch))
    assert [tensor.shape[1:] for tensor in again] == [tensor.shape[1:] for tensor in batch]
    assert shown(*again).shoes.mean() == pytest.approx(upright_shoes(photographs(2)).mean(), abs=0.01)


def test_where_nothing_is_known_pictures_are_handed_over_upright() -> None:
    images = photographs(2, 40, 40)
    assert arranged(images, None) == (images,)


def test_the_two_shoes_may_come_in_one_array_with_an_axis_of_its_own() -> None:
    images = photographs(2, 64, 64)
    seen = shown(torch.stack(images.chunk(2, dim=2), dim=1))
    assert seen.layout == "the two shoes apart"
    assert np.array_equal(seen.shoes, upright_shoes(images))


def test_a_single_picture_is_a_batch_of_one() -> None:
    image = photographs(1, 64, 64)
    assert np.array_equal(shown(image[0]).shoes, upright_shoes(image))


def test_a_second_argument_of_another_kind_changes_nothing() -> None:
    images = photographs(2, 64, 64)
    assert shown(images, photographs(1, 40, 40)).layout == "upright"


@pytest.mark.parametrize(
    "shape", [(2, 4, 448, 224), (2, 448, 224), (2, 3, 78, 78), (2, 3, 5, 448, 224), (2, 1, 448, 224)], ids=str
)
def test_a_shape_that_holds_no_two_shoes_shows_none(shape: tuple[int, ...]) -> None:
    assert shoes_in([torch.zeros(shape)]) is None


def test_only_tensors_that_can_be_pictures_are_looked_at() -> None:
    images, labels, features = photographs(2, 64, 64), torch.zeros(2), torch.zeros(2, 16, 112, 56)
    assert pictures_among([labels, images, features, 7, None, "images", [images]]) == [images]
    for layout in LAYOUTS:
        batch = arranged(images, in_layout(layout, images))
        assert pictures_among(batch) == list(batch)


def test_large_pictures_travel_small() -> None:
    shoes = shown(photographs(1)).shoes
    assert (shoes.shape, shoes.dtype) == ((1, 2, 56, 56, 3), np.dtype(np.float16))


@pytest.mark.parametrize("value", [1e30, -1e30, float("inf")])
def test_values_beyond_half_precision_are_cut(value: float) -> None:
    images = photographs(1)
    images[0, 0, 0, 0] = value
    assert np.isfinite(shown(images).shoes).all()


def test_looking_leaves_a_batch_as_it_is_and_part_of_its_graph() -> None:
    images = photographs(1, 64, 64).requires_grad_()
    before = images.detach().clone()
    seen = shown(images)
    seen.shoes[:] = 0
    assert torch.equal(images.detach(), before) and images.requires_grad


def stored_upright(images: torch.Tensor) -> torch.Tensor:
    """The same pictures with channels last, as they lie in memory before anybody exchanges axes."""
    return images.permute(0, 2, 3, 1).contiguous()


@pytest.mark.parametrize("shape", [(-1, 3, 448, 224), (-1, 3, 224, 448)], ids=["upright", "sideways"])
@given(count=st.integers(1, 3), seed=st.integers(0, 99))
@settings(max_examples=8)
def test_what_another_shape_has_scrambled_is_whole_in_the_order_of_memory(
    shape: tuple[int, ...], count: int, seed: int
) -> None:
    images = photographs(count, seed=seed)
    seen = shown(stored_upright(images).view(shape))
    assert not np.array_equal(seen.shoes, upright_shoes(images))
    assert seen.as_stored is not None
    assert np.array_equal(seen.as_stored, upright_shoes(images))


def test_axes_that_were_exchanged_leave_no_other_order_to_read() -> None:
    images = photographs(2)
    seen = shown(stored_upright(images).permute(0, 3, 1, 2))
    assert np.array_equal(seen.shoes, upright_shoes(images))
    assert seen.as_stored is None


def test_pictures_of_another_size_have_no_other_order_either() -> None:
    assert shown(photographs(2, 64, 64)).as_stored is None


# Curves


@dataclass
class History:
    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)


class Tracker:
    def __init__(self, **kept: Any) -> None:
        vars(self).update(kept)


def kind(value: Any) -> str:
    return type(value).__name__


class Table:
    """As pandas has it."""

    columns = ("loss",)

    def to_dict(self, form: str) -> dict[str, list[float]]:
        assert form == "list"
        return {"loss": LOSSES}


Table.__module__ = "pandas.core.frame"
Result = namedtuple("Result", "train valid")
LOSSES, TRAIN, VALID = [0.75, 0.5, 0.25], [0.5, 0.75, 1.0], [0.5, 0.625, 0.75]


def found(value: Any) -> dict[str, list[float]]:
    """The series in what a training returned, by their paths."""
    return {entry["name"].removeprefix("it"): entry["numbers"] for entry in series_in(value, "it")}


@pytest.mark.parametrize(
    ("value", "series"),
    [
        (LOSSES, {"": LOSSES}),
        (tuple(LOSSES), {"": LOSSES}),
        (deque(LOSSES), {"": LOSSES}),
        ((TRAIN, VALID), {"[0]": TRAIN, "[1]": VALID}),
        (Result(TRAIN, VALID), {"[0]": TRAIN, "[1]": VALID}),
        (("model", (TRAIN, [VALID])), {"[1][0]": TRAIN, "[1][1][0]": VALID}),
        ({"train": TRAIN, "valid": VALID}, {".train": TRAIN, ".valid": VALID}),
        (OrderedDict(a={"b": TRAIN}), {".a.b": TRAIN}),
        ({1: 0.5, 2: 0.75}, {"": [0.5, 0.75]}),
        (History(LOSSES, TRAIN), {".loss": LOSSES, ".accuracy": TRAIN}),
        (Tracker(loss=LOSSES, other="text"), {".loss": LOSSES}),
        (Tracker(deep=Tracker(loss=LOSSES)), {".deep.loss": LOSSES}),
        (SimpleNamespace(loss=LOSSES), {".loss": LOSSES}),
        (Table(), {".loss": LOSSES}),
        (np.array(LOSSES), {"": LOSSES}),
        (torch.tensor(LOSSES), {"": LOSSES}),
        (torch.tensor(LOSSES, requires_grad=True), {"": LOSSES}),
        ([torch.tensor(loss) for loss in LOSSES], {"": LOSSES}),
        ([torch.tensor(loss, requires_grad=True) for loss in LOSSES], {"": LOSSES}),
        ([np.float32(loss) for loss in LOSSES], {"": LOSSES}),
        ([1, 2, 3], {"": [1.0, 2.0, 3.0]}),
    ],
    ids=kind,
)
def test_every_row_of_numbers_is_found_with_the_way_to_it(value: Any, series: dict[str, list[float]]) -> None:
    seen = found(value)
    assert {name: seen.get(name) for name in series} == series
    # What is found besides are the same numbers, read across.
    assert all("[:, " in name for name in seen if name not in series)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (list(zip(TRAIN, VALID, strict=True)), ("[:, 0]", "[:, 1]")),
        ([list(pair) for pair in zip(TRAIN, VALID, strict=True)], ("[:, 0]", "[:, 1]")),
        ([{"train": t, "valid": v} for t, v in zip(TRAIN, VALID, strict=True)], (".train", ".valid")),
        ([(t, v, "saved") for t, v in zip(TRAIN, VALID, strict=True)], ("[:, 0]", "[:, 1]")),
        (np.array([TRAIN, VALID]).T, ("[1: 0]", "[1: 1]")),
        (np.array([TRAIN, VALID]), ("[0: 0]", "[0: 1]")),
        (torch.tensor([TRAIN, VALID]), ("[0: 0]", "[0: 1]")),
    ],
    ids="tuples,lists,dictionaries,with a word,columns,rows,a tensor".split(","),
)
def test_one_entry_for_each_epoch_holds_as_many_curves_as_an_entry_has_numbers(
    value: Any, names: tuple[str, str]
) -> None:
    series = found(value)
    assert [series[name] for name in names] == [TRAIN, VALID]


@pytest.mark.parametrize(
    "value",
    [
        *(None, 0.9, "0.5 0.7", b"12", True, [], {}, [None, None], ["a", "b"], [True, False], [1j, 2j], History),
        *(torch.zeros(()), torch.zeros(2, 3, 4), np.array(["a", "b"]), torch.nn.Linear(2, 2), object(), lambda: 1),
    ],
    ids=kind,
)
def test_what_holds_no_row_of_numbers_gives_none(value: Any) -> None:
    assert found(value) == {}


def test_containers_within_themselves_are_walked_through_once() -> None:
    ring: list[Any] = [TRAIN]
    ring.append(ring)
    kept: dict[str, Any] = {"train": VALID}
    kept["all"] = kept
    tracker = Tracker(loss=LOSSES)
    tracker.self = tracker  # type: ignore[attr-defined]
    assert found((ring, kept, tracker)) == {"[0][0]": TRAIN, "[1].train": VALID, "[2].loss": LOSSES}


def test_what_lies_too_deep_is_left() -> None:
    value: Any = LOSSES
    for _ in range(50):
        value = [value]
    assert found(value) == {}


def test_rows_are_cut_and_counted() -> None:
    assert len(found([0.5] * 5000)[""]) == MOST_NUMBERS
    assert len(series_in([[1.0, 2.0, n] for n in range(500)], "it")) == MOST_SERIES
    assert all(len(entry["name"]) <= 120 for entry in series_in({"a" * 500: LOSSES}, "it"))


NUMBERS = st.lists(st.floats(0, 1), min_size=1, max_size=4)
RESULTS = st.recursive(
    NUMBERS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2).map(tuple)
        | st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=2)
        | inner.map(lambda value: Tracker(kept=value))
    ),
    max_leaves=5,
)


def rows_in(value: Any) -> list[list[float]]:
    if isinstance(value, list):
        return [value]
    return [row for part in parts_of(value) for row in rows_in(part)]


def parts_of(value: Any) -> list[Any]:
    if isinstance(value, Tracker):
        return list(vars(value).values())
    return list(value.values() if isinstance(value, dict) else value)


def depth(value: Any) -> int:
    if isinstance(value, list):
        return 0
    return (2 if isinstance(value, Tracker) else 1) + max(map(depth, parts_of(value)))


@given(value=RESULTS)
def test_every_row_is_found_wherever_it_lies(value: Any) -> None:
    rows = rows_in(value)
    assume(depth(value) <= 5)
    series = [entry["numbers"] for entry in series_in(value, "it")]
    assert all(row in series for row in rows)


def test_what_has_grown_can_be_told_from_what_was_there_before() -> None:
    names: dict[str, Any] = {"accs": [0.5], "history": History(), "model": torch.nn.Linear(2, 2), "n": 3, "f": len}
    before = growing(names)
    assert before == {"accs": 1, "history": 0}
    names["history"].loss.extend(LOSSES)
    assert growing(names) == {"accs": 1, "history": 3}


def test_a_container_that_raises_is_passed_over() -> None:
    class Spiteful(dict[str, Any]):
        def items(self) -> Any:
            raise RuntimeError("no")

    assert growing({"a": Spiteful(b=1), "c": [1, 2]}) == {"c": 2}


# Weights

MODEL = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
STATE = MODEL.state_dict()
OPTIMIZER = torch.optim.Adam(MODEL.parameters()).state_dict()


@pytest.mark.parametrize(
    ("saved", "kind"),
    [
        (STATE, "a state_dict"),
        (dict(STATE), "a state_dict"),
        (MODEL, "a model"),
        ({"model": STATE, "epoch": 3}, "a checkpoint"),
        ({"epoch": 3, "net": MODEL}, "a checkpoint"),
        ({"optimizer": OPTIMIZER, "model_state_dict": STATE, "loss": 0.3}, "a checkpoint"),
        ({"all": {"inner": STATE}}, "a checkpoint"),
        ({"loss": torch.tensor(0.3), "model": STATE}, "a checkpoint"),
    ],
    ids="state_dict,dict,model,checkpoint,model in a checkpoint,with an optimizer,deeper,beside a loss".split(","),
)
def test_weights_are_found_in_what_is_saved(saved: Any, kind: str) -> None:
    what, weights = weights_in(saved)
    assert what == kind
    assert set(weights) == set(STATE)
    assert all(torch.equal(weights[name], STATE[name]) for name in STATE)


def test_a_list_of_weights_keeps_their_order() -> None:
    for saved in (list(MODEL.parameters()), tuple(MODEL.parameters())):
        what, weights = weights_in(saved)
        assert what == "a list of weights"
        assert [weights[str(place)].shape for place in range(4)] == [p.shape for p in MODEL.parameters()]


@pytest.mark.parametrize(
    "saved",
    [None, 3, "best.pk", {}, [], {"epoch": 3, "accuracies": [0.5]}, OPTIMIZER, [0.5, torch.zeros(1)], {"a": {}}, set()],
    ids=kind,
)
def test_what_holds_no_weights_is_something_else(saved: Any) -> None:
    assert weights_in(saved) == ("something else", {})


def test_saved_weights_need_not_be_a_dictionary() -> None:
    class Checkpoint(Mapping[str, Any]):
        def __getitem__(self, key: str) -> Any:
            return STATE[key]

        def __iter__(self) -> Any:
            return iter(STATE)

        def __len__(self) -> int:
            return len(STATE)

    assert weights_in(Checkpoint())[0] == "a state_dict"
