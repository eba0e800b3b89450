"""What the drawn shoes promise to whoever trains or tests on them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fixtures.catalogue import course_photographs
from fixtures.shoes import write_shoes
from reference.data import get_organized_data

COUNTS = {"train": 3, "test_w": 1, "test_m": 1}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def shoes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shoes")
    write_shoes(folder, **COUNTS)
    return folder


def test_the_files_are_called_as_in_the_courses_data(shoes):
    expected = {f"{photograph.shoe.folder}/{photograph.file_name}" for photograph in course_photographs(**COUNTS)}
    assert set(contents(shoes)) == expected
    assert len(expected) == 6 * sum(COUNTS.values())


def test_every_file_is_an_opaque_png_of_224_by_224_whatever_its_name_says(shoes):
    paths = [path for path in shoes.rglob("*") if path.is_file()]
    assert {path.suffix for path in paths} == {".jpg", ".png"}
    for path in paths:
        with Image.open(path) as picture:
            assert (picture.format, picture.mode, picture.size) == ("PNG", "RGBA", (224, 224))
            assert picture.getchannel("A").getextrema() == (255, 255)


def test_the_same_seed_draws_the_same_bytes(shoes, tmp_path):
    write_shoes(tmp_path, **COUNTS)
    assert contents(tmp_path) == contents(shoes)


def test_another_seed_draws_other_pictures_everywhere(shoes, tmp_path):
    write_shoes(tmp_path, train=1, test_w=1, test_m=1, seed=1)
    first, second = contents(shoes), contents(tmp_path)
    assert second and all(first[name] != second[name] for name in second)


def test_a_student_is_drawn_alike_however_many_others_there_are(shoes, tmp_path):
    write_shoes(tmp_path, train=1, test_w=1, test_m=1)
    few, many = contents(tmp_path), contents(shoes)
    assert few and all(many[name] == few[name] for name in few)


def test_no_two_pictures_are_the_same(shoes):
    pictures = contents(shoes)
    assert len(set(pictures.values())) == len(pictures)


def test_more_students_than_the_course_had_are_refused(tmp_path):
    with pytest.raises(ValueError, match="test_w has 1 to 10 students, not 11"):
        write_shoes(tmp_path, test_w=11)
    assert not list(tmp_path.iterdir())


def test_the_reference_loads_them(shoes):
    data = get_organized_data(shoes / "train")
    assert data.shape == (COUNTS["train"], 3, 2, 224, 224, 3)
    assert data.min() >= -0.5 and data.max() <= 0.5
    assert data.max() - data.min() > 0.5  # neither black throughout nor divided by 255 twice


def test_the_photographs_of_one_student_share_the_floor_and_those_of_two_do_not(shoes):
    data = get_organized_data(shoes / "train")
    # The mean colour of a corner where no shoe ever lies: [students, photographs, colours].
    corners = data[:, :, :, :24, :24].mean(axis=(3, 4)).reshape(COUNTS["train"], 6, 3)
    within = np.abs(corners - corners.mean(axis=1, keepdims=True)).mean()
    between = np.abs(corners.mean(axis=1) - corners.mean(axis=(0, 1))).mean()
    assert within < between / 3


def test_a_right_shoe_mirrors_its_left_shoe_more_than_that_of_another_pair(shoes):
    data = np.concatenate([get_organized_data(shoes / folder) for folder in COUNTS])
    left, right = data[:, :, 0], data[:, :, 1]
    # Whole pictures are compared; the shoes of a pair lie almost alike, since the camera is held alike.
    own = np.abs(left - right).mean()
    others = np.abs(left - np.roll(right, 1, axis=1)).mean()
    assert own < 0.8 * others
