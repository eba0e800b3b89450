"""What goes beyond the assignment: new examples keep their answers, and every choice has its runs."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from torch import Tensor, nn

from reference import CNNChannel, get_organized_data
from reference.__main__ import main
from reference.beyond import Recipe, SeveralViews, ask_by, build_network, train_by_recipe
from reference.beyond.batches import batches_of_an_epoch, change_alike, draw_batches
from reference.beyond.steps import OrthogonalSteps, Steps
from reference.beyond.views import at_size
from reference.experiments.__main__ import LOG, read_log, trained_together
from reference.experiments.measuring import FOLDS, held_out_students, measure
from reference.experiments.results import results_page
from reference.experiments.trials import Trial, read_chapters
from reference.recipes import RECIPES

UNCHANGED = Recipe(exchange=False, mirror=False, turn=0, zoom=0, shift=0, permute_colours=0, light=0, hide=0)
STUDENTS = 7


@pytest.fixture(scope="module")
def numbered_shoes() -> Tensor:
    """Shoes of one colour each, which says whose they are: 100 for each student, 10 for each pair, 1 for the right."""
    students, pairs, sides = torch.arange(STUDENTS), torch.arange(3), torch.arange(2)
    numbers = 100 * students[:, None, None] + 10 * pairs[:, None] + sides
    return numbers[..., None, None, None].expand(-1, -1, -1, 224, 224, 3).float()


def shoes_of(images: Tensor) -> list[tuple[int, int]]:
    """The numbers of the upper and of the lower shoe of each image, [B, 3, 448, 224]."""
    return [(int(image[0, 0, 0]), int(image[0, -1, 0])) for image in images]


def test_an_epoch_shows_every_right_pair_once_and_as_many_wrong_pairs(numbered_shoes: Tensor) -> None:
    recipe = replace(UNCHANGED, batch_size=6)
    batches = list(draw_batches(numbered_shoes, recipe))
    right = [shoes for images, labels in batches for shoes in shoes_of(images[labels == 1])]
    wrong = [shoes for images, labels in batches for shoes in shoes_of(images[labels == 0])]
    assert sorted(right) == [
        (100 * student + 10 * pair, 100 * student + 10 * pair + 1) for student in range(STUDENTS) for pair in range(3)
    ]
    assert len(wrong) == len(right)
    assert len(batches) == batches_of_an_epoch(STUDENTS, recipe)


@pytest.mark.parametrize(("any_wrong_pair", "ways"), [(True, 6), (False, 3)])
def test_a_wrong_pair_is_a_left_and_a_right_shoe_of_two_pairs_of_one_student(
    any_wrong_pair: bool, ways: int, numbered_shoes: Tensor
) -> None:
    torch.manual_seed(0)
    recipe = replace(UNCHANGED, batch_size=42, any_wrong_pair=any_wrong_pair)
    seen = set()
    for _ in range(4):
        for images, labels in draw_batches(numbered_shoes, recipe):
            for upper, lower in shoes_of(images[labels == 0]):
                assert upper // 100 == lower // 100, "one student"
                assert (upper % 10, lower % 10) == (0, 1), "a left shoe above a right one"
                seen.add((upper % 100 // 10, lower % 100 // 10))
    assert len(seen) == ways
    assert all(left != right for left, right in seen)


@pytest.mark.parametrize(
    "change",
    [
        {"exchange": True},
        {"mirror": True},
        {"permute_colours": 1.0},
        {"upside_down": True},
        {"turn": 20.0},
        {"zoom": 0.2},
        {"shift": 0.1},
        {"light": 0.2},
        {"hide": 0.3},
    ],
    ids=lambda change: next(iter(change)),
)
def test_two_pictures_that_are_alike_stay_alike_however_they_are_changed(change: dict[str, object]) -> None:
    recipe = replace(UNCHANGED, **change)  # type: ignore[arg-type]
    picture = torch.rand(4, 1, 224, 224, 3)
    different = False
    for seed in range(8):
        torch.manual_seed(seed)
        changed = change_alike(picture.repeat(1, 2, 1, 1, 1), recipe)
        assert torch.equal(changed[:, 0], changed[:, 1])
        different |= not torch.equal(changed[:, 0], picture[:, 0])
    assert different != ("exchange" in change), "the picture itself is changed by all but an exchange of places"


def test_a_hidden_place_is_a_grey_square_inside_the_picture(numbered_shoes: Tensor) -> None:
    shoes = torch.ones(5, 2, 224, 224, 3)
    hidden = change_alike(shoes, replace(UNCHANGED, hide=0.25)) == 0
    assert hidden.sum(dim=(2, 3, 4)).tolist() == [[56 * 56 * 3] * 2] * 5
    for rows in (hidden.any(dim=3)[:, 0, :, 0], hidden.any(dim=2)[:, 0, :, 0]):
        assert rows.sum(dim=1).tolist() == [56] * 5, "as high as wide"


@pytest.mark.parametrize("model", ["CNN", "CNNChannel"])
def test_a_network_of_differences_has_next_to_nothing_to_say_of_equal_shoes_before_it_learns(model: str) -> None:
    torch.manual_seed(0)
    network = build_network(Recipe(model=model)).eval()
    meeting = network.features[0][0] if model == "CNNChannel" else network.classifier[1]
    torch.nn.init.zeros_(meeting.bias)
    found: list[Tensor] = []
    meeting.register_forward_hook(lambda layer, given, output: found.append(output))
    shoe = torch.rand(2, 3, 28, 28).repeat_interleave(8, dim=2).repeat_interleave(8, dim=3) - 0.5
    network(torch.cat([shoe, shoe], dim=2))
    network(torch.cat([shoe, shoe.flip(3)], dim=2))
    # Not quite nothing: where one shoe ends and the other begins, a filter sees both.
    alike, unlike = (float(output.detach().abs().mean()) for output in found)
    assert alike < unlike / 3


def test_a_training_without_validation_students_has_no_validation_accuracies(small_data: Path) -> None:
    data = get_organized_data(small_data / "test_w")
    recipe = Recipe(epochs=2, batch_size=6)
    curve = train_by_recipe(build_network(recipe), recipe, data, data[:0], report=lambda curve: None)
    assert (len(curve.train_accuracies), curve.valid_accuracies) == (2, [])


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_an_orthogonal_step_goes_about_as_far_in_every_direction_that_the_gradient_has(
    memory_format: torch.memory_format,
) -> None:
    torch.manual_seed(0)
    filters = nn.Parameter(torch.randn(4, 6, 3, 3).to(memory_format=memory_format))
    before = filters.detach().clone()
    rows, _, columns = torch.linalg.svd(torch.randn(4, 54), full_matrices=False)
    gradient = rows @ torch.diag(torch.tensor([1.0, 0.5, 0.2, 0.1])) @ columns
    filters.grad = gradient.view_as(filters).to(memory_format=memory_format)
    OrthogonalSteps([filters], learning_rate=0.02).step()
    step = (before - filters.detach()).flatten(1) / 0.02
    # Muon's few iterations leave each length between about 0.7 and 1.2.
    assert all(0.6 < length < 1.3 for length in torch.linalg.svdvals(step))
    along = (rows.T @ step @ columns.T).diagonal()
    assert (along > 0.6).all(), "against the gradient, in each of its directions"


@pytest.mark.parametrize(("orthogonal", "by_muon"), [(0.02, 5), (0.0, 0)])
def test_every_weight_takes_part_in_a_step_and_muon_has_the_filters_and_the_first_linear_layer(
    orthogonal: float, by_muon: int
) -> None:
    torch.manual_seed(0)
    recipe = Recipe(orthogonal=orthogonal)
    network = build_network(recipe)
    before = [weights.detach().clone() for weights in network.parameters()]
    steps = Steps(network, recipe, steps=2)
    steps.step(nn.functional.cross_entropy(network(torch.rand(4, 3, 448, 224) - 0.5), torch.tensor([0, 1, 0, 1])))
    assert not any(torch.equal(old, new) for old, new in zip(before, network.parameters(), strict=True))
    inner = [network.features[block][0] for block in range(4)] + [network.classifier[1]]
    assert (steps.orthogonal.weights if steps.orthogonal else []) == [layer.weight for layer in inner][:by_muon]


def test_all_learning_rates_rise_to_the_recipe_s_and_end_next_to_zero() -> None:
    recipe = Recipe(orthogonal=0.02, learning_rate=0.003)
    network = build_network(recipe)
    steps = Steps(network, recipe, steps=10)
    rates = []
    for _ in range(9):
        rates.append([schedule.get_last_lr()[0] for schedule in steps.schedules])
        steps.step(sum((weights.sum() for weights in network.parameters()), start=torch.zeros(())))
    adamw, muon = zip(*rates, strict=True)
    assert (max(adamw), max(muon)) == pytest.approx((0.003, 0.02))
    assert adamw[-1] < 0.003 / 20 and muon[-1] < 0.02 / 20


@pytest.mark.parametrize("other_sizes", [0.0, 0.07])
def test_several_views_make_the_answer_independent_of_order_and_mirror(other_sizes: float) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 2, 5, stride=4), nn.Tanh(), nn.Flatten(), nn.LazyLinear(2))
    images = torch.rand(3, 3, 448, 224)
    exchanged = torch.cat([images[:, :, 224:], images[:, :, :224]], dim=2)
    views = SeveralViews(network, other_sizes)
    answer = views(images)
    assert torch.allclose(answer.exp().sum(dim=1), torch.ones(3))
    for same in (exchanged, images.flip(3), exchanged.flip(3)):
        assert torch.allclose(views(same), answer, atol=1e-6)
    assert not torch.allclose(network(exchanged), network(images), atol=1e-3)


def test_a_recipe_asks_its_network_once_or_in_four_views_of_each_size() -> None:
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))
    asked: list[Tensor] = []
    network.register_forward_pre_hook(lambda network, given: asked.extend(given))
    counts = []
    for recipe in (replace(UNCHANGED, four_views=False), UNCHANGED, replace(UNCHANGED, other_sizes=0.1)):
        asked.clear()
        ask_by(recipe, network)(torch.rand(2, 3, 448, 224))
        counts.append(len(asked))
        assert {tuple(images.shape) for images in asked} == {(2, 3, 448, 224)}
    assert counts == [1, 4, 12]


@pytest.mark.parametrize(("size", "side"), [(1, 80), (1.25, 100), (0.8, 64)])
def test_at_another_size_each_shoe_is_that_much_larger_about_the_middle_of_its_own_picture(
    size: float, side: int
) -> None:
    shoe = torch.zeros(1, 3, 224, 224)
    shoe[:, :, 72:152, 72:152] = 1
    upper, lower = at_size(torch.cat([shoe, 2 * shoe], dim=2), size).split(224, dim=2)
    assert torch.equal(lower, 2 * upper)
    middle = slice(112 - side // 2, 112 + side // 2)
    sized = torch.zeros(1, 3, 224, 224)
    sized[:, :, middle, middle] = 1
    assert torch.equal(upper.round(), sized)


def test_the_same_seed_gives_the_same_network(small_data: Path) -> None:
    data = get_organized_data(small_data / "test_w")
    recipe = Recipe(epochs=2, batch_size=6)  # the averaged weights begin in the second epoch

    def trained() -> dict[str, Tensor]:
        torch.manual_seed(3)
        network = build_network(recipe)
        train_by_recipe(network, recipe, data[:2], data[2:], report=lambda curve: None)
        return network.state_dict()

    first, second = trained(), trained()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_command_writes_the_outcome_with_its_accuracies_as_fractions(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES["best"], "CNNChannel", Recipe(epochs=1, batch_size=6))
    written = tmp_path / "outcome.json"
    main(data=small_data, recipe="best", seed=1, out=tmp_path / "runs", json_file=written)
    outcome = json.loads(written.read_text())
    assert list(outcome) == ["recipe", "seed", "seconds", "valid", "test_w", "test_m", "parameters"]
    assert (outcome["recipe"], outcome["seed"]) == ("best", 1)
    assert all(0 <= outcome[name] <= 1 for name in ("valid", "test_w", "test_m"))
    weights = torch.load(tmp_path / "runs" / "best_CNNChannel.pk", weights_only=True)
    CNNChannel(n=8).load_state_dict(weights)
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {
        "best_CNNChannel.pk",
        "best_CNNChannel_learning_curve.png",
        "best_CNNChannel_test_m.png",
        "best_CNNChannel_test_w.png",
    }


def test_a_folder_without_test_sets_is_refused_before_anything_is_trained(small_data: Path, tmp_path: Path) -> None:
    (tmp_path / "train").symlink_to(small_data / "train")
    with pytest.raises(typer.BadParameter, match="no test_w and no test_m"):
        main(data=tmp_path, out=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_the_folds_hold_every_student_out_once() -> None:
    folds = [held_out_students(113, fold) for fold in range(FOLDS)]
    assert sorted(np.concatenate(folds)) == list(range(113))


def test_experiments_that_only_ask_otherwise_are_measured_on_one_training(small_data: Path) -> None:
    data = get_organized_data(small_data / "test_w")
    once = Recipe(epochs=1, batch_size=6, four_views=False)
    trials = [Trial(str(recipe), {}, recipe) for recipe in (once, replace(once, four_views=True), replace(once, n=6))]
    together = list(trained_together([(trial, 1) for trial in trials] + [(trials[0], 2)]))
    assert together == [(trials[:2], 1), (trials[2:], 1), (trials[:1], 2)]
    asked_once, asked_four_times = measure(trials[:2], data, fold=1)
    assert asked_once.accuracy == asked_once.one_view == asked_four_times.one_view
    assert asked_once.train_loss == asked_four_times.train_loss
    assert asked_once.cross_entropy != asked_four_times.cross_entropy


def test_the_log_has_every_experiment_on_all_its_folds_with_the_settings_that_it_ran_with() -> None:
    trials = {trial.name: (trial, chapter.folds) for chapter in read_chapters() for trial in chapter.trials}
    log = read_log(LOG)
    folds: dict[str, list[int]] = {name: [] for name in trials}
    for run in log:
        assert run.settings == trials[run.experiment][0].settings(), f"{run.experiment} has changed since it ran"
        folds[run.experiment].append(run.fold)
    assert {name: sorted(seen) for name, seen in folds.items()} == {
        name: list(range(count)) for name, (_, count) in trials.items()
    }


def test_the_page_of_results_is_what_the_log_says() -> None:
    page = LOG.with_name("results.md").read_text(encoding="utf-8")
    assert page == results_page(read_chapters(), read_log(LOG)), "run: python -m reference.experiments --data DIR"


def test_an_experiment_with_a_setting_that_does_not_exist_is_named(tmp_path: Path) -> None:
    file = tmp_path / "experiments.toml"
    file.write_text(
        '[[chapter]]\ntitle = "one"\nabout = ""\nfolds = 1\nrecipe = "best"\nnetwork = "CNN"\n'
        "[chapter.trials]\nodd = { depth = 3 }\n"
    )
    with pytest.raises(ValueError, match=r"experiments\.toml, experiment odd: .*depth"):
        read_chapters(file)
