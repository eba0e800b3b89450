"""What students can rely on when they read the reference."""

from pathlib import Path

import numpy as np
import pytest
import torch

from fixtures.shoes import write_shoes
from reference import (
    CNN,
    CNNChannel,
    IncompleteStudent,
    UnreadablePhotograph,
    generate_different_pair,
    generate_same_pair,
    get_accuracy,
    get_organized_data,
    split_by_student,
    train,
)


@pytest.fixture(scope="module")
def six_students(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    folder = tmp_path_factory.mktemp("six")
    write_shoes(folder, train=6, test_w=1, test_m=1)
    return get_organized_data(folder / "train")


def test_the_courses_own_examples_are_reproduced_to_within_one_rounding(photographs: Path) -> None:
    data = get_organized_data(photographs / "train")
    examples = sorted((photographs / "loaded_examples").glob("train_*.npy"))
    assert examples
    for path in examples:
        expected = np.load(path)
        student, pair, side = (int(part) for part in path.stem.split("_")[1:])
        assert expected.dtype == np.float64
        assert np.array_equal(data[student, pair, side], expected.astype(np.float32))


def test_the_courses_photographs_are_113_and_10_and_10_students(photographs: Path) -> None:
    shapes = [get_organized_data(photographs / folder).shape for folder in ("train", "test_w", "test_m")]
    assert shapes == [(113, 3, 2, 224, 224, 3), (10, 3, 2, 224, 224, 3), (10, 3, 2, 224, 224, 3)]


def test_a_student_with_a_missing_photograph_is_named(tmp_path: Path) -> None:
    write_shoes(tmp_path, train=2, test_w=1, test_m=1)
    next((tmp_path / "train").glob("u001_2_left_*")).unlink()
    with pytest.raises(IncompleteStudent, match="u001_2_left"):
        get_organized_data(tmp_path / "train")


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    write_shoes(tmp_path, train=1, test_w=1, test_m=1)
    victim = next((tmp_path / "test_m").glob("*_left_m.jpg"))
    victim.write_bytes(b"not a picture")
    with pytest.raises(UnreadablePhotograph, match=victim.name):
        get_organized_data(tmp_path / "test_m")


def test_validation_students_are_in_neither_both_nor_none(six_students: np.ndarray) -> None:
    train_data, valid_data = split_by_student(six_students, 2)
    assert len(train_data) == 4 and len(valid_data) == 2
    rows = {row.tobytes() for row in (*train_data, *valid_data)}
    assert rows == {row.tobytes() for row in six_students}


def test_an_empty_side_is_refused(six_students: np.ndarray) -> None:
    with pytest.raises(ValueError, match="leaves one side empty"):
        split_by_student(six_students, range(6))


def test_a_pair_is_its_left_shoe_above_its_right_shoe(six_students: np.ndarray) -> None:
    same = generate_same_pair(six_students)
    assert same.shape == (18, 448, 224, 3)
    assert np.array_equal(same[7][:224], six_students[2, 1, 0])
    assert np.array_equal(same[7][224:], six_students[2, 1, 1])


def test_a_wrong_pair_takes_its_right_shoe_from_the_students_next_pair(six_students: np.ndarray) -> None:
    different = generate_different_pair(six_students)
    assert different.shape == (18, 448, 224, 3)
    for pair, other in ((0, 1), (1, 2), (2, 0)):
        assert np.array_equal(different[6 + pair][:224], six_students[2, pair, 0])
        assert np.array_equal(different[6 + pair][224:], six_students[2, other, 1])


@pytest.mark.parametrize("model", [CNN, CNNChannel])
@pytest.mark.parametrize("kernel_size", [3, 5])
def test_both_models_give_two_logits_for_any_n_and_kernel(model: type[CNN], kernel_size: int) -> None:
    assert model(n=3, kernel_size=kernel_size)(torch.zeros(2, 3, 448, 224)).shape == (2, 2)


def test_the_accuracy_of_a_model_that_always_says_same_is_one_and_zero(six_students: np.ndarray) -> None:
    class AlwaysSame(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.tensor([[0.0, 1.0]]).repeat(len(images), 1)

    model = AlwaysSame().train()
    assert get_accuracy(model, six_students, batch_size=7) == (1.0, 0.0)
    assert model.training, "an evaluation must leave training mode as it was"


def test_training_lowers_the_loss_reports_every_epoch_and_saves_the_best_weights(
    six_students: np.ndarray, tmp_path: Path
) -> None:
    np.random.seed(0)
    torch.manual_seed(0)
    model = CNNChannel(n=4)
    reported: list[int] = []
    curve = train(
        model,
        six_students[:4],
        six_students[4:],
        batch_size=8,
        epochs=8,
        checkpoint_path=tmp_path / "best.pk",
        report=lambda curve: reported.append(len(curve.valid_accuracies)),
    )
    assert reported == list(range(1, 9))
    assert len(curve.losses) == 8 * 3
    assert np.mean(curve.losses[-3:]) < np.mean(curve.losses[:3])
    saved = torch.load(tmp_path / "best.pk", weights_only=True)
    assert all(torch.equal(saved[name], weight) for name, weight in model.state_dict().items())
