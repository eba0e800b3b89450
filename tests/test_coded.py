"""A coded picture says which shoe it is, whatever a submission did to it on the way."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from fixtures.catalogue import FOLDERS, Shoe, course_photographs
from fixtures.coded import (
    BLACK,
    CODE_COLOURS,
    PALETTE,
    SIZE,
    WHITE,
    Codebook,
    normalised,
    write_coded_picture,
)

SHOES = [photograph.shoe for photograph in course_photographs()]
CODEBOOK = Codebook(SHOES, seed=5)

shoes = st.sampled_from(SHOES)
seeds = st.integers(0, 2**32 - 1)


def scaled(shoe: Shoe) -> NDArray[np.float32]:
    """A shoe's picture on the scale of the assignment, [224, 224, 3]."""
    return normalised(CODEBOOK.picture(shoe))


def read(picture: NDArray[np.generic]) -> Shoe | None:
    return CODEBOOK.read(picture[None])[0]


@given(shoes, st.booleans(), st.booleans(), st.integers(0, 3), st.booleans())
@settings(max_examples=25, deadline=None)
def test_flips_quarter_turns_and_reversed_channels_leave_the_code(
    shoe: Shoe, upside_down: bool, mirrored: bool, turns: int, reversed_channels: bool
) -> None:
    picture = np.rot90(scaled(shoe), turns)
    picture = picture[:: -1 if upside_down else 1, :: -1 if mirrored else 1, :: -1 if reversed_channels else 1]
    assert read(picture) == shoe


@given(shoes, st.floats(-12, 12), st.sampled_from([Image.Resampling.NEAREST, Image.Resampling.BILINEAR]))
@settings(max_examples=20, deadline=None)
def test_a_turn_by_a_few_degrees_leaves_the_code(shoe: Shoe, degrees: float, method: Image.Resampling) -> None:
    turned = Image.fromarray(CODEBOOK.picture(shoe)).rotate(degrees, resample=method)
    assert read(normalised(np.asarray(turned))) == shoe


@given(shoes, st.data())
@settings(max_examples=25, deadline=None)
def test_no_crop_is_read_as_another_shoe_and_a_large_one_is_read(shoe: Shoe, data: st.DataObject) -> None:
    height, width = data.draw(st.integers(64, SIZE)), data.draw(st.integers(64, SIZE))
    top, left = data.draw(st.integers(0, SIZE - height)), data.draw(st.integers(0, SIZE - width))
    found = read(scaled(shoe)[top : top + height, left : left + width])
    assert found in (shoe, None)
    if min(height, width) >= 128:
        assert found == shoe


@given(shoes, seeds)
@settings(max_examples=20, deadline=None)
def test_noise_of_three_hundredths_leaves_the_code(shoe: Shoe, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 0.03, (SIZE, SIZE, 3))
    assert read(scaled(shoe) + noise) == shoe


@given(shoes, st.floats(1e-3, 1e3), st.floats(-100, 100))
@settings(max_examples=25, deadline=None)
def test_another_linear_scale_leaves_the_code(shoe: Shoe, factor: float, offset: float) -> None:
    assert read(scaled(shoe).astype(np.float64) * factor + offset * factor) == shoe


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float16", "float32", "float64"])
def test_any_kind_of_number_is_read(dtype: str) -> None:
    pictures = np.array([CODEBOOK.picture(shoe) for shoe in SHOES[:6]])
    assert CODEBOOK.read(pictures.astype(dtype)) == tuple(SHOES[:6])


@given(shoes, st.integers(0, 3), st.integers(0, 3))
@settings(max_examples=20, deadline=None)
def test_every_fourth_pixel_is_enough(shoe: Shoe, row: int, column: int) -> None:
    assert read(scaled(shoe)[row::4, column::4]) == shoe


def test_two_pictures_divided_by_255_once_more_are_still_read() -> None:
    pictures = np.array([CODEBOOK.picture(shoe) for shoe in SHOES[:4]])
    assert CODEBOOK.read(pictures / 255 / 255 - 0.5) == tuple(SHOES[:4])


# What is no picture of a shoe


def test_two_halves_of_different_pictures_are_hardly_ever_taken_for_one_of_them() -> None:
    pictures = np.stack([scaled(shoe) for shoe in CODEBOOK.shoes[:200]])[:, ::4, ::4]
    stacked = np.concatenate((pictures[:-1, :28], pictures[1:, 28:]), axis=1)
    beside = np.concatenate((pictures[:-1, :, :28], pictures[1:, :, 28:]), axis=2)
    taken = [shoe for mixed in (stacked, beside) for shoe in CODEBOOK.read(mixed) if shoe is not None]
    assert len(taken) <= 4


@given(st.lists(shoes, min_size=2, max_size=2, unique=True))
@settings(max_examples=10, deadline=None)
def test_the_mean_of_two_pictures_is_neither_of_them(pair: list[Shoe]) -> None:
    assert read((scaled(pair[0]) + scaled(pair[1])) / 2) not in pair


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_noise_alone_is_no_shoe(seed: int) -> None:
    assert read(np.random.default_rng(seed).uniform(-0.5, 0.5, (SIZE, SIZE, 3))) is None


@pytest.mark.parametrize("value", [0.0, -0.5, 0.5, np.nan, np.inf, -np.inf, 1e30])
def test_a_picture_of_one_value_is_no_shoe(value: float) -> None:
    assert CODEBOOK.read(np.full((2, 64, 64, 3), value)) == (None, None)


@pytest.mark.parametrize(
    ("shape", "count"),
    [((0, 64, 64, 3), 0), ((2, 0, 64, 3), 2), ((2, 64, 64), 2), ((2, 64, 64, 4), 2), ((2, 3, 64, 64), 2), ((), 0)],
)
def test_what_has_not_the_shape_of_pictures_holds_no_shoe(shape: tuple[int, ...], count: int) -> None:
    assert CODEBOOK.read(np.zeros(shape)) == (None,) * count


def test_one_broken_picture_leaves_the_others_readable() -> None:
    pictures = np.array([scaled(shoe) for shoe in SHOES[:3]])
    pictures[1] = np.nan
    assert CODEBOOK.read(pictures) == (SHOES[0], None, SHOES[2])


# Codes and pictures


@given(seeds)
@settings(max_examples=5, deadline=None)
def test_any_two_codes_share_at_most_two_colours_and_none_is_grey(seed: int) -> None:
    codes = Codebook(SHOES[:120], seed)._codes
    assert codes.shape == (120, 5)
    sets = [frozenset(code) for code in CODE_COLOURS[codes].tolist()]
    assert all(len(code) == 5 for code in sets)
    assert all(len(one & other) <= 2 for one, other in combinations(sets, 2))
    assert not {colour for code in sets for colour in code if len(set(PALETTE[colour])) == 1}


def test_all_shoes_of_the_course_have_codes_that_share_at_most_two_colours() -> None:
    members = np.zeros((len(SHOES), 60), dtype=int)
    np.put_along_axis(members, CODEBOOK._codes, 1, axis=1)
    shared = members @ members.T
    np.fill_diagonal(shared, 0)
    assert shared.max() <= 2


def test_two_seeds_give_different_codes_and_one_seed_the_same_pictures() -> None:
    few = SHOES[:20]
    first, again, other = Codebook(few, 1), Codebook(few, 1), Codebook(few, 2)
    assert all(np.array_equal(first.picture(shoe), again.picture(shoe)) for shoe in few)
    assert not any(np.array_equal(first.picture(shoe), other.picture(shoe)) for shoe in few)
    assert not set(map(frozenset, first._codes.tolist())) & set(map(frozenset, other._codes.tolist()))


@given(shoes)
@settings(max_examples=20, deadline=None)
def test_a_picture_has_the_full_range_in_every_channel(shoe: Shoe) -> None:
    picture = CODEBOOK.picture(shoe)
    assert (picture.shape, picture.dtype) == ((SIZE, SIZE, 3), np.uint8)
    assert picture.min(axis=(0, 1)).tolist() == [0, 0, 0]
    assert picture.max(axis=(0, 1)).tolist() == [255, 255, 255]
    assert {BLACK, WHITE}.isdisjoint(CODE_COLOURS)


@given(shoes, st.sampled_from([(0, 1), (1, 0)]))
@settings(max_examples=10, deadline=None)
def test_a_shift_by_one_pixel_shows_in_the_values(shoe: Shoe, shift: tuple[int, int]) -> None:
    picture = CODEBOOK.picture(shoe)
    assert (np.roll(picture, shift, axis=(0, 1)) != picture).any(axis=2).mean() > 0.4


def test_the_array_holds_student_pair_and_side_in_order() -> None:
    students = (("test_m", 5), ("test_w", 11))
    array = CODEBOOK.array(students)
    assert (array.shape, array.dtype) == ((2, 3, 2, SIZE, SIZE, 3), np.float32)
    assert (array.min(), array.max()) == (-0.5, 0.5)
    found = CODEBOOK.read(array.reshape(12, SIZE, SIZE, 3))
    assert found == tuple(
        Shoe(folder, number, pair, side) for folder, number in students for pair in (1, 2, 3) for side in (0, 1)
    )


def test_the_students_of_a_folder_ascend() -> None:
    backwards = Codebook(SHOES[::-1], seed=0)
    assert backwards.students("test_w") == tuple(
        ("test_w", number) for number in (11, 14, 33, 36, 45, 60, 79, 95, 110, 120)
    )
    assert backwards.students("nowhere") == ()


@pytest.mark.parametrize("like", [("PNG", "RGBA"), ("PNG", "RGB"), ("JPEG", "RGB")], ids=" ".join)
def test_a_saved_picture_is_what_it_stands_for_and_still_read(tmp_path, like: tuple[str, str]) -> None:
    path = tmp_path / "u002_1_left_m.jpg"
    write_coded_picture(CODEBOOK, SHOES[-1], path, like)
    with Image.open(path) as picture:
        assert (picture.format, picture.mode, picture.size) == (*like, (SIZE, SIZE))
        assert read(normalised(np.asarray(picture.convert("RGB")))) == SHOES[-1]


def test_normalised_values_are_rounded_once() -> None:
    values = np.arange(256, dtype=np.uint8)
    assert normalised(values).dtype == np.float32
    assert np.array_equal(normalised(values), (np.arange(256, dtype=np.float64) / 255 - 0.5).astype(np.float32))


# The course's photographs


def test_there_are_as_many_photographs_as_the_course_had() -> None:
    photographs = course_photographs()
    assert len(photographs) == 6 * (113 + 10 + 10)
    assert len({p.shoe for p in photographs}) == len({(p.shoe.folder, p.file_name) for p in photographs}) == 798
    students = {folder: {p.shoe.student for p in photographs if p.shoe.folder == folder} for folder in FOLDERS}
    assert {folder: len(found) for folder, found in students.items()} == {"train": 113, "test_w": 10, "test_m": 10}
    assert len(set.union(*students.values())) == 133, "no student is in two folders"


def test_the_numbers_of_a_folder_have_gaps_and_ascend() -> None:
    numbers = [p.shoe.student for p in course_photographs() if p.shoe.folder == "train"][::6]
    assert numbers == sorted(set(numbers))
    assert (numbers[0], numbers[-1]) == (1, 133)
    assert {2, 5, 11, 14} & set(numbers) == set()


def test_the_names_say_student_pair_side_and_kind() -> None:
    names = [p.file_name for p in course_photographs() if p.shoe.student == 4]
    assert names == [
        "u004_1_left_m.jpg",
        "u004_1_right_m.jpg",
        "u004_2_left_w.jpg",
        "u004_2_right_w.jpg",
        "u004_3_left_w.jpg",
        "u004_3_right_w.jpg",
    ]
    for photograph in course_photographs():
        student, pair, side, _ = photograph.file_name.split("_")
        assert str(photograph.shoe) == f"{student} {pair} {side}"


def test_women_hand_in_womens_shoes_and_men_mens_in_the_tests() -> None:
    kinds = {p.shoe.folder: set() for p in course_photographs()}
    for photograph in course_photographs():
        kinds[photograph.shoe.folder].add(photograph.file_name.split("_")[3][0])
    assert kinds == {"train": {"m", "w"}, "test_w": {"w"}, "test_m": {"m"}}


@given(st.integers(1, 113), st.integers(1, 10), st.integers(1, 10))
@settings(max_examples=30, deadline=None)
def test_fewer_on_request_are_as_many_as_asked_for_and_always_with_the_png(
    train: int, test_w: int, test_m: int
) -> None:
    photographs = course_photographs(train, test_w, test_m)
    students = {folder: {p.shoe.student for p in photographs if p.shoe.folder == folder} for folder in FOLDERS}
    assert [len(students[folder]) for folder in FOLDERS] == [train, test_w, test_m]
    assert {p.shoe.student for p in photographs if p.file_name.endswith(".png")} == {52}
    assert set(photographs) <= set(course_photographs())
    assert [p.shoe[1:] for p in photographs if p.shoe.folder == "train"] == sorted(
        p.shoe[1:] for p in photographs if p.shoe.folder == "train"
    )


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"train": 0}, "train has 1 to 113 students, not 0"),
        ({"train": 114}, "train has 1 to 113 students, not 114"),
        ({"test_m": -1}, "test_m has 1 to 10 students, not -1"),
    ],
)
def test_a_count_that_cannot_be_is_refused(counts: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        course_photographs(**counts)
