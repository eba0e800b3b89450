"""Question 3a, from what was seen of a training to its verdicts."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograder.checks import CHECKS, judge
from autograder.checks.curves import (
    agrees,
    curves,
    printed_series,
    reports_running_accuracy,
    reports_something_else,
    says_training_accuracy,
    tracked,
)
from autograder.checks.training import period
from autograder.evidence import losses
from autograder.evidence.kinds import NoEvidence
from autograder.evidence.trace import Printed, Save, Series
from autograder.evidence.training_kinds import Batch, Evaluation, OtherSize, TrainingRun
from autograder.program.training_text import TrainingText
from autograder.verdict import Outcome, Verdict

PASS, PARTIAL, FAIL, SKIPPED = Outcome.PASS, Outcome.PARTIAL, Outcome.FAIL, Outcome.SKIPPED
CODE = re.compile(r"\b(np|torch|nn|optim|optimizer)\.|\w\[|=|\bdef\b|\bfor \w+ in\b")
TRAINING_CHECKS = tuple(id for id, check in CHECKS.items() if check.evidence is TrainingRun)

STUDENTS = (1, 2, 3, 4)
PAIRS = tuple(f"u{s} {pair} left+u{s} {pair} right" for s in STUDENTS for pair in (1, 2, 3))
WRONG_PAIRS = tuple(f"u{s} {pair} left+u{s} {pair % 3 + 1} right" for s in STUDENTS for pair in (1, 2, 3))
EPOCHS, STEPS_AN_EPOCH = 4, 3
MOMENTS = tuple(STEPS_AN_EPOCH * (epoch + 1) for epoch in range(EPOCHS))
# How many of twelve pairs and of twelve wrong pairs were right after each epoch; no two curves are alike.
TRAIN_RIGHT = ((7, 6), (8, 9), (11, 9), (12, 11))
VALID_RIGHT = ((5, 7), (8, 7), (7, 10), (9, 8))


def share(right: Sequence[tuple[int, int]]) -> tuple[float, ...]:
    return tuple((pairs + wrong) / 24 for pairs, wrong in right)


TRAIN, VALID = share(TRAIN_RIGHT), share(VALID_RIGHT)
POSITIVES = tuple(pairs / 12 for pairs, _ in VALID_RIGHT)


def batch(**facts: Any) -> Batch:
    """A step as it should be: four pairs and four wrong pairs, labelled right, downhill in training mode."""
    whole: dict[str, Any] = {
        "same": PAIRS[:4],
        "different": WRONG_PAIRS[:4],
        "unreadable": 0,
        "wrong_labels": 0,
        "labelled": 8,
        "unused": 0,
        "right": 6,
        "size": 8,
        "training": True,
        "cleared": True,
        "gradient": 1.0,
        "change": 0.1,
        "downhill": 0.5,
        "loss": 0.6,
    }
    return Batch(**(whole | facts))


def shuffled(seed: int, epochs: int = EPOCHS, keys: tuple[str, ...] = PAIRS) -> list[tuple[str, ...]]:
    """Batches of four, in another order every epoch."""
    random = Random(seed)
    order = [random.sample(keys, len(keys)) for _ in range(epochs)]
    return [tuple(keys[start : start + 4]) for keys in order for start in range(0, len(keys), 4)]


def epochs_alike(keys: tuple[str, ...] = PAIRS) -> list[tuple[str, ...]]:
    return [keys[start : start + 4] for start in range(0, len(keys), 4)] * EPOCHS


def batches(same: Sequence[tuple[str, ...]], different: Sequence[tuple[str, ...]], **facts: Any) -> tuple[Batch, ...]:
    steps = len(same)
    return tuple(
        batch(
            same=pairs,
            different=wrong,
            size=len(pairs) + len(wrong),
            labelled=len(pairs) + len(wrong),
            unused=0,
            # Sixes, sevens and eights that no accuracy after an epoch looks like.
            right=(6, 5, 7, 7, 6, 6, 8, 7, 6, 8, 8, 7)[step % 12],
            loss=0.7 - 0.5 * step / steps,
            **facts,
        )
        for step, (pairs, wrong) in enumerate(zip(same, different, strict=True))
    )


def evaluations(whose: str, right: Sequence[tuple[int, int]], **facts: Any) -> tuple[Evaluation, ...]:
    how = {"in_evaluation_mode": True} | facts
    return tuple(Evaluation(at, whose, (p, 12), (w, 12), **how) for at, (p, w) in zip(MOMENTS, right, strict=True))


def series(numbers: Sequence[float], name: str = "returned[0]", source: str = "returned") -> Series:
    return Series(source, name, tuple(numbers))


def run(**facts: Any) -> TrainingRun:
    """A training without any mistake: four epochs of three batches, both accuracies after each, returned and saved."""
    whole: dict[str, Any] = {
        "name": "train",
        "cell": 9,
        "settings": "batch size 8, epochs 4",
        "examples": 12,
        "batches": batches(shuffled(1), shuffled(2, keys=WRONG_PAIRS)),
        "stepped": True,
        "evaluations": evaluations("train", TRAIN_RIGHT) + evaluations("valid", VALID_RIGHT),
        "loss": losses.CROSS_ENTROPY,
        "functions": ("NllLossBackward0",),
        "layouts": ("upright",),
        "looked_at": ("upright",),
        "refused": (),
        "scrambled": False,
        "held": 12,
        "parameters": 12,
        "saves": tuple(Save(at, "a state_dict", fits=True, trained=True) for at in MOMENTS),
        "series": (series(TRAIN), series(VALID, "returned[1]")),
        "printed": (),
        "finished": True,
        "problem": "",
    }
    return replace(TrainingRun(**whole), **facts) if facts else TrainingRun(**whole)


RIGHT = run()


def verdict(check: str, seen: TrainingRun) -> Verdict:
    said = judge(CHECKS[f"train.{check}"], {TrainingRun: seen}, {})
    assert not CODE.search(said.hint), "a hint asks or names an idea; it does not give code away"
    if said.outcome in (PARTIAL, FAIL):
        assert said.observed and said.expected
    return said


def not_passing(seen: TrainingRun) -> set[str]:
    names = (id.removeprefix("train.") for id in TRAINING_CHECKS)
    return {name for name in names if verdict(name, seen).outcome is not PASS}


# All of them


def test_every_part_of_question_3a_is_judged() -> None:
    asked = "runs loss batches labels shuffle layout updates mode report curve checkpoint".split()
    assert set(TRAINING_CHECKS) == {f"train.{name}" for name in asked}


@pytest.mark.parametrize("check", TRAINING_CHECKS)
def test_a_right_training_passes_without_a_remark(check: str) -> None:
    said = verdict(check.removeprefix("train."), RIGHT)
    assert (said.outcome, said.remark) == (PASS, "")


@pytest.mark.parametrize("check", TRAINING_CHECKS)
@pytest.mark.parametrize("outcome", [Outcome.MISSING, Outcome.TIMEOUT, Outcome.FAIL])
def test_without_evidence_the_verdict_says_why_there_is_none(check: str, outcome: Outcome) -> None:
    said = judge(CHECKS[check], {TrainingRun: NoEvidence(outcome, "`train` is still to be written")}, {})
    assert (said.outcome, said.observed) == (outcome, "`train` is still to be written")


MISTAKES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "it stops": ({"problem": "a ValueError in line 3", "finished": False}, {"runs"}),
    "softmax twice": ({"loss": losses.ON_SOFTMAX}, {"loss"}),
    "uphill": ({"loss": losses.NEGATED}, {"updates"}),
    "an optimizer of another model": ({"held": 0}, {"updates"}),
    "scrambled": ({"scrambled": True}, {"layout"}),
    "one order": ({"batches": batches(epochs_alike(), epochs_alike(WRONG_PAIRS))}, {"shuffle"}),
    "exchanged labels": (
        {"batches": tuple(replace(b, wrong_labels=b.labelled) for b in RIGHT.batches)},
        {"labels"},
    ),
    "never in training mode again": (
        {"batches": tuple(replace(b, training=n < 3) for n, b in enumerate(RIGHT.batches))},
        {"mode"},
    ),
    "gradients that pile up": (
        {"batches": tuple(replace(b, cleared=n == 0) for n, b in enumerate(RIGHT.batches))},
        {"updates"},
    ),
    "no validation": ({"evaluations": evaluations("train", TRAIN_RIGHT)}, {"report"}),
    "nothing returned": ({"series": ()}, {"curve"}),
    "nothing saved": ({"saves": ()}, {"checkpoint"}),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_one_mistake_costs_one_check(mistake: str) -> None:
    facts, costs = MISTAKES[mistake]
    assert not_passing(run(**facts)) == costs


def test_another_way_to_run_it_is_remarked_with_every_verdict() -> None:
    seen = run(remark="Measured with right generators in the place of its own")
    assert all("right generators" in verdict(id.removeprefix("train."), seen).remark for id in TRAINING_CHECKS)


# train.runs


def test_a_training_that_stops_fails_and_its_place_is_told() -> None:
    said = verdict("runs", run(problem="a ValueError in line 3 of cell 9", stopped_after=12))
    assert said.outcome is FAIL
    assert said.observed == "after 12 steps with batch size 8, epochs 4, a ValueError in line 3 of cell 9"
    assert "where does it stop?" in said.hint


def test_the_hint_of_the_problem_itself_goes_first() -> None:
    assert verdict("runs", run(problem="a ValueError", hint="Which axis?")).hint == "Which axis?"


def test_what_stops_before_the_first_step_fails_once_and_hides_the_rest() -> None:
    seen = run(batches=(), evaluations=(), series=(), saves=(), loss=losses.NOTHING, problem="a RuntimeError")
    assert verdict("runs", seen).observed == "before its first step, a RuntimeError"
    for other in ("loss", "batches", "labels", "shuffle", "layout", "updates", "mode", "report", "curve", "checkpoint"):
        said = verdict(other, replace(seen, finished=False))
        assert said.outcome is SKIPPED, other
        assert said.observed.endswith("see train.runs")


def test_a_network_that_refuses_colours_last_fails_the_layout_too() -> None:
    seen = run(batches=(), problem="a RuntimeError", layouts=(), looked_at=("channels last",))
    assert verdict("layout", seen).outcome is SKIPPED
    said = verdict("layout", replace(seen, refused=("channels last",)))
    assert said.outcome is FAIL
    assert "does not take them" in said.observed


def test_a_short_last_batch_that_stops_training_costs_one_check() -> None:
    seen = run(problem="a ValueError", stopped_after=2, mended=True)
    said = verdict("runs", seen)
    assert said.outcome is FAIL
    assert "shorter than the others" in said.hint
    for other in ("report", "curve", "checkpoint", "updates"):
        assert verdict(other, seen).outcome is PASS, other


@pytest.mark.parametrize("check", ["report", "curve", "checkpoint"])
def test_what_comes_after_the_place_where_training_stops_is_not_judged(check: str) -> None:
    seen = run(problem="a TypeError", stopped_after=3, evaluations=(), series=(), saves=(), finished=False)
    said = verdict(check, seen)
    assert said.outcome is SKIPPED
    assert said.observed == "not looked at, since training stopped after 3 steps: see train.runs"


def test_one_step_is_told_as_one_step() -> None:
    said = verdict("runs", run(problem="an IndexError", stopped_after=1, settings=""))
    assert said.observed == "after 1 step with its own settings, an IndexError"


def test_breaking_at_another_size_only_is_partly_right() -> None:
    others = (OtherSize(8, 7, ""), OtherSize(12, 7, "a RuntimeError in line 5"))
    said = verdict("runs", run(others=others))
    assert said.outcome is PARTIAL
    assert said.observed == "with batches of 12 and 7 students, it stopped: a RuntimeError in line 5"
    said = verdict("runs", run(others=(OtherSize(None, 7, "a RuntimeError"),)))
    assert said.observed.startswith("with another number of examples and 7 students")


def test_other_sizes_without_a_problem_pass() -> None:
    assert verdict("runs", run(others=(OtherSize(8, 7, ""),))).outcome is PASS


# train.loss


@pytest.mark.parametrize(
    ("form", "hint"),
    [
        (losses.ON_SOFTMAX, "already contains a softmax"),
        (losses.ON_SIGMOID, "numbers between 0 and 1"),
        (losses.NLL_ON_RAW, "logarithms of probabilities"),
        (losses.SQUARED, "Which loss does the handout ask for?"),
        (f"{losses.SQUARED} of softmax outputs", "Which loss does the handout ask for?"),
    ],
)
def test_another_loss_fails_and_is_named(form: str, hint: str) -> None:
    said = verdict("loss", run(loss=form))
    assert said.outcome is FAIL
    assert said.observed == f"the gradients that reach the model's output are those of {form}"
    assert hint in said.hint


def test_binary_cross_entropy_of_two_outputs_is_partly_right() -> None:
    assert verdict("loss", run(loss=losses.BINARY)).outcome is PARTIAL


@pytest.mark.parametrize(
    ("functions", "words"), [(("MeanBackward0",), "MeanBackward0"), (("",), "no function of torch")]
)
def test_a_loss_without_a_name_is_told_by_its_function(functions: tuple[str, ...], words: str) -> None:
    said = verdict("loss", run(loss=losses.UNKNOWN, functions=functions))
    assert said.outcome is FAIL
    assert f"(the loss is {words})" in said.observed


def test_the_direction_of_the_steps_is_not_a_question_of_the_loss() -> None:
    assert verdict("loss", run(loss=losses.NEGATED)).outcome is PASS


# train.batches


@given(seed=st.integers(0, 1000), size=st.integers(1, 6))
def test_halves_of_any_size_pass(seed: int, size: int) -> None:
    random = Random(seed)
    halves = [(tuple(random.sample(PAIRS, size)), tuple(random.sample(WRONG_PAIRS, size))) for _ in range(9)]
    said = verdict("batches", run(batches=batches(*zip(*halves, strict=True)), examples=0))
    assert (said.outcome, said.remark) == (PASS, "")


def test_batches_of_one_kind_alone_fail_although_all_of_them_are_balanced() -> None:
    nothing: list[tuple[str, ...]] = [()]
    seen = run(batches=batches(nothing * 2 + shuffled(1)[:2], shuffled(2, keys=WRONG_PAIRS)[:2] + nothing * 2))
    said = verdict("batches", seen)
    assert said.outcome is FAIL
    assert said.observed == "the first batches held 0 and 4, 0 and 4, 4 and 0 (pairs and wrong pairs)"


@pytest.mark.parametrize(("same", "different"), [(3, 5), (5, 3), (4, 6)])
def test_more_of_one_kind_in_every_batch_fails_and_both_are_counted(same: int, different: int) -> None:
    seen = run(batches=batches([PAIRS[:same]] * 10, [WRONG_PAIRS[:different]] * 10))
    said = verdict("batches", seen)
    assert said.outcome is FAIL
    assert said.observed == (f"of the examples in 10 batches, {10 * same} were pairs and {10 * different} wrong pairs")


@pytest.mark.parametrize(("same", "different"), [(3, 2), (2, 3), (1, 2)])
def test_a_batch_of_an_odd_size_may_have_one_more_of_a_kind(same: int, different: int) -> None:
    seen = run(batches=batches([PAIRS[:same]] * 10, [WRONG_PAIRS[:different]] * 10), examples=0)
    assert verdict("batches", seen).outcome is PASS


def test_halves_that_are_equal_on_average_pass_with_a_remark() -> None:
    sizes = [(3, 5), (5, 3), (4, 4), (3, 5), (5, 3)]
    seen = run(batches=batches([PAIRS[:s] for s, _ in sizes], [WRONG_PAIRS[:d] for _, d in sizes]), examples=0)
    said = verdict("batches", seen)
    assert said.outcome is PASS
    assert "equal on average only" in said.remark


def test_a_training_that_leaves_out_most_examples_passes_with_a_remark() -> None:
    seen = run(batches=batches([PAIRS[:4]] * 9, [WRONG_PAIRS[:4]] * 9))
    assert "Of 24 examples, training only ever saw 8." in verdict("batches", seen).remark
    assert verdict("batches", replace(seen, finished=False)).remark == ""


@pytest.mark.parametrize("check", ["batches", "labels", "shuffle"])
def test_what_cannot_be_read_is_not_judged_but_where_it_belongs(check: str) -> None:
    unread = tuple(batch(same=(), different=(), unreadable=8, labelled=0) for _ in range(12))
    said = verdict(check, run(batches=unread))
    assert said.outcome is SKIPPED
    assert "see train.layout" in said.observed
    assert "layout" in not_passing(run(batches=unread))


def test_a_few_pictures_that_cannot_be_read_hinder_nothing() -> None:
    some = tuple(replace(b, unreadable=3, size=b.size + 3) for b in RIGHT.batches)
    assert not not_passing(run(batches=some))


# train.labels


@pytest.mark.parametrize("wrong", [1, 5, 95])
def test_a_wrong_label_fails_and_is_counted(wrong: int) -> None:
    counts = [min(8, max(0, wrong - 8 * number)) for number in range(12)]
    seen = run(batches=tuple(replace(b, wrong_labels=w) for b, w in zip(RIGHT.batches, counts, strict=True)))
    said = verdict("labels", seen)
    assert said.outcome is FAIL
    assert said.observed == f"{wrong} of 96 examples were trained with the wrong label"
    assert "after shuffling" in said.hint


def test_exchanged_labels_are_asked_about_as_such() -> None:
    said = verdict("labels", run(batches=tuple(replace(b, wrong_labels=8) for b in RIGHT.batches)))
    assert said.outcome is FAIL
    assert "all labels were exchanged" in said.observed
    assert said.hint == "Which output means same?"


def test_labels_that_reach_nothing_are_no_pass() -> None:
    said = verdict("labels", run(batches=tuple(replace(b, labelled=0) for b in RIGHT.batches)))
    assert said.outcome is FAIL
    assert "no gradient reached the model's output" in said.observed


# train.shuffle


@given(seed=st.integers(0, 10_000))
def test_any_shuffling_passes(seed: int) -> None:
    seen = run(batches=batches(shuffled(seed), shuffled(seed + 1, keys=WRONG_PAIRS)))
    assert verdict("shuffle", seen).outcome is PASS


def test_one_order_for_all_epochs_fails_and_its_length_is_told() -> None:
    said = verdict("shuffle", run(batches=batches(epochs_alike(), epochs_alike(WRONG_PAIRS))))
    assert said.outcome is FAIL
    assert said.observed == "the same batches came again, in the same order, every 3 steps"


@pytest.mark.parametrize("ordered", ["pairs", "wrong pairs"])
def test_shuffling_one_of_two_arrays_is_partly_right(ordered: str) -> None:
    same = epochs_alike() if ordered == "pairs" else shuffled(1)
    different = epochs_alike(WRONG_PAIRS) if ordered == "wrong pairs" else shuffled(2, keys=WRONG_PAIRS)
    said = verdict("shuffle", run(batches=batches(same, different)))
    assert said.outcome is PARTIAL
    assert said.observed.startswith(f"the {ordered} came in the same order in every epoch")


def test_one_epoch_shows_no_order_that_comes_again() -> None:
    assert verdict("shuffle", run(batches=RIGHT.batches[:3])).outcome is PASS


@given(seed=st.integers(0, 10_000), epochs=st.integers(2, 5))
def test_a_shuffled_order_has_no_period(seed: int, epochs: int) -> None:
    assert period(shuffled(seed, epochs)) == 0


@given(
    seed=st.integers(0, 1000),
    keys=st.integers(2, 12),
    size=st.integers(1, 5),
    epochs=st.integers(2, 5),
    cut=st.integers(0, 11),
)
def test_a_repeated_order_has_its_own_length_wherever_it_is_cut_off(
    seed: int, keys: int, size: int, epochs: int, cut: int
) -> None:
    order = Random(seed).sample(PAIRS, keys)
    once = [tuple(order[start : start + size]) for start in range(0, keys, size)]
    seen = (once * epochs + once[: cut % len(once)]) if len(once) > 1 else once * epochs
    assert period(seen) == len(once)


@given(seed=st.integers(0, 1000), again=st.booleans())
def test_shuffling_within_a_batch_changes_nothing(seed: int, again: bool) -> None:
    plain = epochs_alike() if again else shuffled(seed)
    random = Random(seed)
    assert period([tuple(random.sample(keys, len(keys))) for keys in plain]) == period(plain)


def test_where_one_batch_holds_everything_its_order_counts() -> None:
    random = Random(3)
    assert period([tuple(random.sample(PAIRS, 12)) for _ in range(4)]) == 0
    assert period([PAIRS] * 4) == 1


@pytest.mark.parametrize("count", [0, 1, 6])
def test_nothing_at_all_has_no_period(count: int) -> None:
    assert period([()] * count) == 0


# train.layout


def test_numbers_in_the_order_of_memory_fail_with_a_question_about_shapes() -> None:
    said = verdict("layout", run(scrambled=True))
    assert said.outcome is FAIL
    assert "giving an array another shape" in said.hint


def test_pictures_turned_in_training_only_fail_and_both_layouts_are_told() -> None:
    said = verdict("layout", run(layouts=("sideways",), looked_at=("upright",)))
    assert said.outcome is FAIL
    assert said.observed == "training shows the model pictures sideways, evaluation shows them upright"


@pytest.mark.parametrize(
    ("layouts", "looked_at"),
    [(("sideways",), ("sideways",)), (("upright",), ()), (("upright",), ("upright", "sideways")), (("stacked",),) * 2],
)
def test_any_layout_that_is_the_same_in_training_and_evaluation_passes(
    layouts: tuple[str, ...], looked_at: tuple[str, ...]
) -> None:
    assert verdict("layout", run(layouts=layouts, looked_at=looked_at)).outcome is PASS


# train.updates


def with_each(**facts: Any) -> TrainingRun:
    return run(batches=tuple(replace(b, **facts) for b in RIGHT.batches))


def test_an_optimizer_that_holds_another_models_weights_fails() -> None:
    said = verdict("updates", run(held=0))
    assert said.outcome is FAIL
    assert "holds no weight of the model" in said.observed


@pytest.mark.parametrize(("gradient", "words"), [(0.0, "all gradients were zero"), (1.0, "stayed as they were")])
def test_weights_that_stay_fail_and_why_is_told(gradient: float, words: str) -> None:
    said = verdict("updates", with_each(change=0.0, gradient=gradient))
    assert said.outcome is FAIL
    assert words in said.observed
    assert ("zero" in said.observed) == (gradient == 0)


def test_a_change_that_is_no_number_is_no_change() -> None:
    assert verdict("updates", with_each(change=float("nan"))).outcome is FAIL


def test_gradients_that_are_never_cleared_fail_and_are_counted() -> None:
    seen = run(batches=tuple(replace(b, cleared=None if n == 0 else False) for n, b in enumerate(RIGHT.batches)))
    said = verdict("updates", seen)
    assert said.outcome is FAIL
    assert said.observed == "in 11 of 12 steps, the gradients of the step before were still there"


def test_gradients_of_which_nothing_was_seen_are_not_held_against_anybody() -> None:
    assert verdict("updates", with_each(cleared=None, downhill=None)).outcome is PASS


def test_a_loop_without_optimizer_steps_fails_updates_alone() -> None:
    still = run(batches=tuple(replace(b, change=0.0) for b in RIGHT.batches), stepped=False)
    assert verdict("updates", still).observed == "no optimizer step was taken"
    for other in ("runs", "loss", "batches", "labels", "shuffle", "layout", "mode", "report", "curve", "checkpoint"):
        assert verdict(other, still).outcome is PASS, other


def test_batches_left_out_of_every_step_fail_it_as_where_the_step_is_behind_the_loop() -> None:
    said = verdict("updates", with_each(unused=24))
    assert said.outcome is FAIL
    assert "before each step, about 24 other examples went through the model" in said.observed


def test_batches_left_out_now_and_then_are_some_measurement_and_no_mistake() -> None:
    seen = run(batches=tuple(replace(b, unused=24 * (n % 3 == 0)) for n, b in enumerate(RIGHT.batches)))
    assert verdict("updates", seen).outcome is PASS


def test_a_loss_that_reaches_no_weight_is_the_fault_of_updates_and_of_nothing_else() -> None:
    nothing = tuple(replace(b, labelled=0, change=0.0, gradient=0.0) for b in RIGHT.batches)
    seen = run(batches=nothing, loss=losses.NOTHING)
    assert "all gradients were zero" in verdict("updates", seen).observed
    for other in ("loss", "labels"):
        said = verdict(other, seen)
        assert said.outcome is SKIPPED
        assert said.observed.endswith("see train.updates")


def test_steps_uphill_fail() -> None:
    assert "went uphill" in verdict("updates", with_each(downhill=-0.4)).observed
    assert "went uphill" in verdict("updates", run(loss=losses.NEGATED)).observed


def test_single_steps_against_the_gradient_are_momentum() -> None:
    seen = run(batches=tuple(replace(b, downhill=-0.2 if n % 3 == 0 else 0.3) for n, b in enumerate(RIGHT.batches)))
    assert verdict("updates", seen).outcome is PASS


def with_losses(*values: float) -> TrainingRun:
    return run(batches=tuple(replace(b, loss=value) for b, value in zip(RIGHT.batches, values, strict=True)))


def test_a_loss_that_rises_fails_and_both_values_are_told() -> None:
    said = verdict("updates", with_losses(*[0.7] * 3, *[2.0] * 6, *[4.0] * 3))
    assert said.outcome is FAIL
    assert said.observed == "the loss rose from 0.7 to 4 within 12 steps"


def test_a_loss_that_is_no_number_at_the_end_fails() -> None:
    assert verdict("updates", with_losses(*[0.7] * 9, *[float("nan")] * 3)).outcome is FAIL


@pytest.mark.parametrize("late", [0.1, 0.69, 0.8, 1.1])
def test_a_loss_that_falls_or_stays_about_as_it_is_passes(late: float) -> None:
    assert verdict("updates", with_losses(*[0.7] * 9, *[late] * 3)).outcome is PASS


# train.mode


@pytest.mark.parametrize(("first", "count"), [(1, 12), (4, 9), (12, 1)])
def test_a_step_in_evaluation_mode_fails_and_the_first_one_is_told(first: int, count: int) -> None:
    seen = run(batches=tuple(replace(b, training=n < first) for n, b in enumerate(RIGHT.batches, start=1)))
    said = verdict("mode", seen)
    assert said.outcome is FAIL
    assert said.observed == f"{count} of 12 steps were taken in evaluation mode, beginning with step {first}"


def in_mode(evaluation: bool, **facts: Any) -> tuple[Evaluation, ...]:
    return tuple(replace(e, in_evaluation_mode=evaluation, **facts) for e in RIGHT.evaluations)


def test_measuring_in_training_mode_passes_with_a_remark() -> None:
    said = verdict("mode", run(evaluations=in_mode(False)))
    assert said.outcome is PASS
    assert "noisy" in said.remark


@pytest.mark.parametrize(
    "moments",
    [(), in_mode(False, at=0), in_mode(False, whose="other"), (*in_mode(False), in_mode(True)[0])],
    ids=["nothing was measured", "before training only", "of nobody known", "one of them in evaluation mode"],
)
def test_the_remark_is_for_those_who_never_switch(moments: tuple[Evaluation, ...]) -> None:
    assert verdict("mode", run(evaluations=moments)).remark == ""


# train.report


def test_a_global_validation_set_passes_with_a_remark() -> None:
    said = verdict("report", run(valid_on_globals=True))
    assert said.outcome is PASS
    assert "global array" in said.remark


def test_none_of_the_two_accuracies_fails_and_both_are_named() -> None:
    said = verdict("report", run(evaluations=(), series=()))
    assert said.outcome is FAIL
    assert said.observed.count("was not measured during training") == 2


@pytest.mark.parametrize(("whose", "other"), [("train", "validation"), ("valid", "training")])
def test_one_of_two_accuracies_is_partly_right_and_the_other_is_named(whose: str, other: str) -> None:
    only = tuple(e for e in RIGHT.evaluations if e.whose == whose)
    said = verdict("report", run(evaluations=only, series=()))
    assert said.outcome is PARTIAL
    assert f"the accuracy on the {other} data was not measured" in said.observed


LAST = tuple(e for e in RIGHT.evaluations if e.at == MOMENTS[-1])


def test_accuracies_measured_once_at_the_end_of_training_track_nothing() -> None:
    said = verdict("report", run(evaluations=LAST, series=()))
    assert said.outcome is FAIL
    assert said.observed.count("was measured once") == 2


def test_accuracies_measured_once_in_a_training_that_was_ended_early_might_have_been_measured_again() -> None:
    assert verdict("report", run(evaluations=LAST, series=(), finished=False)).outcome is PARTIAL


def test_losses_on_both_sets_are_no_accuracies() -> None:
    seen = run(series=(series((0.7, 0.5, 0.3, 0.2)),), text=TrainingText(answers=False))
    said = verdict("report", seen)
    assert said.outcome is FAIL
    assert said.observed == "losses were tracked, and no accuracy was"


def test_a_text_in_which_no_answer_is_found_says_nothing_against_numbers_that_are_accuracies() -> None:
    assert verdict("report", run(text=TrainingText(answers=False))).outcome is PASS


def test_a_test_set_in_the_place_of_the_validation_data_is_named() -> None:
    seen = run(evaluations=evaluations("train", TRAIN_RIGHT) + evaluations("test", VALID_RIGHT))
    said = verdict("report", seen)
    assert said.outcome is PARTIAL
    assert "a test set was measured in its place" in said.observed


def test_one_kind_of_example_alone_is_told() -> None:
    valid = tuple(replace(e, different=(0, 0)) for e in evaluations("valid", VALID_RIGHT))
    said = verdict("report", run(evaluations=evaluations("train", TRAIN_RIGHT) + valid))
    assert said.outcome is PARTIAL
    assert "the accuracy on the validation data was measured on one kind of example only" in said.observed


def running(size: int) -> list[float]:
    steps = RIGHT.batches
    return [sum(b.right for b in steps[s : s + size]) / (8 * size) for s in range(0, len(steps), size)]


@pytest.mark.parametrize("numbers", [running(1), running(3), running(2)], ids=["each step", "epoch", "every other"])
def test_the_accuracy_on_the_batches_themselves_counts_as_training_accuracy(numbers: list[float]) -> None:
    seen = run(evaluations=evaluations("valid", VALID_RIGHT), series=(series(numbers), series(VALID, "returned[1]")))
    assert reports_running_accuracy(seen)
    assert verdict("report", seen).outcome is PASS


def test_numbers_of_another_kind_are_no_running_accuracy() -> None:
    assert not reports_running_accuracy(RIGHT)
    assert not reports_running_accuracy(run(series=(), printed=()))
    assert not reports_running_accuracy(run(batches=()))


@pytest.mark.parametrize("name", ["train accuracy", "returned.train_acc", "history.tr_acc"])
def test_numbers_that_are_called_training_accuracy_are_believed(name: str) -> None:
    seen = run(evaluations=evaluations("valid", VALID_RIGHT), series=(series((0.51, 0.62), name),))
    assert says_training_accuracy(seen)
    assert verdict("report", seen).outcome is PASS


@pytest.mark.parametrize("name", ["train_loss", "val_acc", "returned[0]", "training.val_acc", "train time"])
def test_numbers_that_are_called_something_else_are_not(name: str) -> None:
    assert not says_training_accuracy(run(series=(series((0.51, 0.62), name),)))


NAMES = {"by place": ("returned[0]", "returned[1]"), "by name": ("returned.train_acc", "returned.val_acc")}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_a_validation_curve_that_is_the_training_accuracy_is_found_out(names: tuple[str, str]) -> None:
    seen = run(series=(series(TRAIN, names[0]), series(TRAIN, names[1])))
    said = verdict("report", seen)
    assert said.outcome is PARTIAL
    assert said.observed == "what is reported as validation accuracy is the training accuracy"


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_a_validation_curve_of_the_pairs_alone_is_found_out(names: tuple[str, str]) -> None:
    seen = run(series=(series(TRAIN, names[0]), series(POSITIVES, names[1])))
    said = verdict("report", seen)
    assert said.outcome is PARTIAL
    assert said.observed == "what is reported as validation accuracy is the accuracy on pairs alone"


def test_a_training_accuracy_under_the_name_of_a_validation_is_found_in_print_too() -> None:
    lines = "\n".join(f"epoch {n}: train acc {a:.3f}, val acc {a:.3f}" for n, a in enumerate(TRAIN))
    assert reports_something_else(run(series=(), printed=(Printed(12, lines),))) == "the training accuracy"


def test_somebodys_own_measure_is_no_reason_to_doubt() -> None:
    seen = run(series=(series(TRAIN, "train_acc"), series((0.1, 0.2, 0.3, 0.4), "val_score")))
    assert reports_something_else(seen) == ""


@given(permuted=st.permutations([TRAIN, VALID, POSITIVES, tuple(wrong / 12 for _, wrong in VALID_RIGHT)]))
def test_the_order_of_what_is_returned_is_the_students_choice(permuted: list[tuple[float, ...]]) -> None:
    seen = run(series=tuple(series(numbers, f"returned[{place}]") for place, numbers in enumerate(permuted)))
    assert reports_something_else(seen) == ""


def test_without_both_accuracies_there_is_nothing_to_confuse() -> None:
    alone = run(evaluations=evaluations("valid", VALID_RIGHT), series=(series(TRAIN), series(TRAIN, "returned[1]")))
    assert reports_something_else(alone) == ""


# What curves agree with

ACCURACIES = st.lists(st.integers(14, 24).map(lambda right: right / 24), min_size=2, max_size=8)
FORMS = {
    "fractions": lambda truth: truth,
    "percent": lambda truth: [100 * t for t in truth],
    "errors": lambda truth: [1 - t for t in truth],
    "rounded percent": lambda truth: [round(100 * t, 1) for t in truth],
    "with the accuracy before training": lambda truth: [0.5, *truth],
    "without the first moment": lambda truth: truth[1:],
    "without the last moment": lambda truth: truth[:-1],
}


@pytest.mark.parametrize("form", FORMS)
@given(truth=ACCURACIES)
def test_a_report_agrees_with_its_accuracies_in_any_form(form: str, truth: list[float]) -> None:
    reported = FORMS[form](truth)
    assume(len(reported) > 1)
    assert agrees(series(reported), truth, RIGHT)


@given(thirds=st.lists(st.tuples(*[st.integers(14, 24)] * 3), min_size=2, max_size=4))
def test_every_third_moment_agrees(thirds: list[tuple[int, int, int]]) -> None:
    truth = [right / 24 for third in thirds for right in third]
    assert agrees(series(truth[2::3]), truth, RIGHT)


@pytest.mark.parametrize("form", FORMS)
@given(right=st.permutations(range(14, 25)), count=st.integers(3, 8), data=st.data())
def test_one_other_number_does_not_agree(form: str, right: list[int], count: int, data: Any) -> None:
    truth, other = [r / 24 for r in right[:count]], right[count] / 24
    # A moment that is not shown tells nothing.
    place = data.draw(st.integers(1, count - 2) if form.startswith("without") else st.integers(0, count - 1))
    reported = FORMS[form]([*truth[:place], other, *truth[place + 1 :]])
    assert not agrees(series(reported), truth, RIGHT)


@given(truth=ACCURACIES, source=st.sampled_from(["returned", "printed", "drawn"]))
def test_two_digits_are_enough_in_print_only(truth: list[float], source: str) -> None:
    rounded = [round(t, 2) for t in truth]
    exact = all(abs(r - t) < 2e-3 for r, t in zip(rounded, truth, strict=True))
    assert agrees(series(rounded, source=source), truth, RIGHT) == (source == "printed" or exact)


@pytest.mark.parametrize("numbers", [(), (-0.5, 0.5), (0.5, 1000.0), (float("nan"), 0.5), (float("inf"), 0.5)], ids=str)
def test_numbers_that_are_no_accuracies_agree_with_nothing(numbers: tuple[float, ...]) -> None:
    assert not agrees(series(numbers), (0.5, 0.5), RIGHT)
    assert not agrees(series((0.5, 0.5)), (), RIGHT)


@given(
    numbers=st.lists(st.floats(), max_size=6), truth=st.lists(st.floats(0, 1), max_size=6), source=st.sampled_from("rp")
)
def test_any_numbers_are_compared_without_an_error(numbers: list[float], truth: list[float], source: str) -> None:
    assert agrees(series(numbers, source=source), truth, RIGHT) in (True, False)


# How an accuracy was tracked


@given(both=st.integers(0, 4), one=st.integers(0, 4))
def test_moments_are_counted_by_the_kinds_of_examples(both: int, one: int) -> None:
    full = [Evaluation(at, "valid", (7, 12), (6, 12), True) for at in range(both)]
    half = [Evaluation(at, "valid", (7, 12), (0, 0), True) for at in range(one)]
    seen = tracked(run(evaluations=(*full, *half, *evaluations("train", TRAIN_RIGHT)), series=()), "valid")
    assert (seen.moments, seen.one_kind, seen.reported) == (both, one, frozenset())


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [(POSITIVES, "pairs"), ([wrong / 12 for _, wrong in VALID_RIGHT], "wrong pairs"), (VALID, "mean")],
)
def test_what_was_reported_is_told_by_kind(numbers: Sequence[float], kind: str) -> None:
    assert kind in tracked(run(series=(series(numbers),)), "valid").reported
    assert tracked(run(series=(series(numbers),)), "train").reported == frozenset()


def test_an_accuracy_over_unequal_kinds_may_be_pooled() -> None:
    uneven = tuple(
        Evaluation(at, "valid", (p, 12), (w, 24), True) for at, (p, w) in zip(MOMENTS, VALID_RIGHT, strict=True)
    )
    pooled = [(p + w) / 36 for p, w in VALID_RIGHT]
    assert tracked(run(evaluations=uneven, series=(series(pooled),)), "valid").reported == {"pooled"}


# What was printed


def test_printed_numbers_are_gathered_by_the_words_in_front_of_them() -> None:
    lines = "Epoch 1: train accuracy 50.0%, val accuracy: 41.7 %\nEpoch 2: train accuracy 62.5%, val accuracy: 58.3 %\n"
    found = {s.name: s.numbers for s in printed_series(run(printed=(Printed(3, lines),)))}
    assert found == {
        "epoch": (1.0, 2.0),
        "train accuracy": (0.5, 0.625),
        "val accuracy": pytest.approx((0.417, 0.583)),
    }


@given(truth=ACCURACIES, form=st.sampled_from(["val acc: {:.4f}", "Epoch {n} | Val Acc = {:.1%}", "{n}) val acc {}"]))
def test_an_accuracy_that_is_printed_after_each_epoch_is_found(truth: list[float], form: str) -> None:
    notes = tuple(Printed(3 * n, form.format(t, n=n) + "\n") for n, t in enumerate(truth))
    found = [s for s in printed_series(run(printed=notes)) if s.name.endswith("val acc")]
    assert len(found) == 1
    assert agrees(found[0], truth, RIGHT)


@given(text=st.text(max_size=80))
def test_whatever_is_printed_is_read_without_an_error(text: str) -> None:
    for found in printed_series(run(printed=(Printed(1, text), Printed(2, text)))):
        assert len(found.numbers) > 1 and found.source == "printed"


def test_a_word_that_is_printed_once_is_no_curve() -> None:
    assert printed_series(run(printed=(Printed(12, "final accuracy 0.93"),))) == []


# train.curve


@pytest.mark.parametrize(
    "left",
    [
        series(VALID, "history.val_acc"),
        series(VALID, "history", "kept"),
        series(VALID, "validation", "drawn"),
        series([0.7 - 0.01 * n for n in range(12)], "losses"),
    ],
    ids=["returned", "kept", "drawn", "of losses"],
)
def test_a_curve_passes_wherever_it_is_left(left: Series) -> None:
    assert verdict("curve", run(series=(left,))).outcome is PASS


@pytest.mark.parametrize(
    "left",
    [series((0.7, 0.8), "best"), series((3, 6, 9, 12), "returned.iters"), series(range(4), "history.epochs")],
    ids=["two numbers for four moments", "iterations alone", "epochs alone"],
)
def test_numbers_that_are_no_curve_fail(left: Series) -> None:
    said = verdict("curve", run(series=(left,)))
    assert said.outcome is FAIL
    assert "nothing with the course of the training" in said.observed


def test_the_last_numbers_of_a_training_are_no_curve_because_they_stand_in_a_row() -> None:
    assert not curves(run(series=(series((0.9, 0.8, 0.1), "returned"),), returns_numbers=True))
    assert curves(run(series=(series((0.9, 0.8, 0.1), "returned"),)))


@pytest.mark.parametrize("text", [TrainingText(returns=True), TrainingText(draws=True)])
def test_a_training_that_was_ended_early_is_judged_by_its_text(text: TrainingText) -> None:
    said = verdict("curve", run(series=(), finished=False, text=text))
    assert said.outcome is PASS
    assert "ended before its own end" in said.remark
    assert verdict("curve", run(series=(), finished=True, text=text)).outcome is FAIL
    assert verdict("curve", run(series=(), finished=False)).outcome is FAIL


# train.checkpoint


def saved(*steps: int, fits: bool = True, trained: bool = True) -> tuple[Save, ...]:
    return tuple(Save(step, "a state_dict", fits, trained) for step in steps)


@pytest.mark.parametrize("steps", [(3,), (11,), (3, 6, 9, 12)])
def test_weights_saved_before_the_last_step_pass(steps: tuple[int, ...]) -> None:
    assert verdict("checkpoint", run(saves=saved(*steps))).outcome is PASS


def test_one_save_after_the_last_step_is_partly_right() -> None:
    said = verdict("checkpoint", run(saves=saved(12), text=TrainingText(saves="after")))
    assert said.outcome is PARTIAL
    assert said.observed == "the weights were saved once, after the last step"


def test_the_best_epoch_may_be_the_last() -> None:
    assert verdict("checkpoint", run(saves=saved(12), text=TrainingText(saves="inside"))).outcome is PASS


def test_a_training_that_was_ended_early_has_saved_before_its_end() -> None:
    assert verdict("checkpoint", run(saves=saved(12), finished=False)).outcome is PASS


@pytest.mark.parametrize(
    ("saves", "words"),
    [
        (saved(3, trained=False), "only the weights with which the training began"),
        (saved(3, fits=False), "(a state_dict) does not fit the model"),
        ((), "no weights were saved"),
    ],
)
def test_what_is_no_state_of_the_training_fails_and_is_told(saves: tuple[Save, ...], words: str) -> None:
    said = verdict("checkpoint", run(saves=saves))
    assert said.outcome is FAIL
    assert words in said.observed


def test_a_condition_that_was_not_met_while_it_was_watched_passes_with_a_remark() -> None:
    said = verdict("checkpoint", run(saves=(), text=TrainingText(saves="inside")))
    assert said.outcome is PASS
    assert "condition was not met" in said.remark


def test_saving_that_was_still_to_come_is_partly_right() -> None:
    assert verdict("checkpoint", run(saves=(), text=TrainingText(saves="after"), finished=False)).outcome is PARTIAL


def test_weights_saved_by_the_notebook_once_training_has_returned_are_partly_right() -> None:
    assert verdict("checkpoint", run(saves=(), text=TrainingText(saves="outside"))).outcome is PARTIAL


def test_weights_that_never_move_are_saved_all_the_same() -> None:
    still = tuple(replace(b, change=0.0) for b in RIGHT.batches)
    assert verdict("checkpoint", run(batches=still, saves=saved(3, 6, trained=False))).outcome is PASS
    assert verdict("checkpoint", run(batches=still, saves=saved(0, trained=False))).outcome is FAIL
    assert verdict("checkpoint", run(saves=saved(3, 6, trained=False))).outcome is FAIL


def test_the_end_of_a_longer_watch_is_the_one_that_counts() -> None:
    seen = run(saves=saved(100), later=RIGHT.batches * 11)
    assert verdict("checkpoint", seen).outcome is PASS
    assert verdict("checkpoint", replace(seen, saves=saved(132))).outcome is PARTIAL


# The curve that is shown beside the verdicts


def test_the_curve_of_a_training_holds_its_losses_and_both_accuracies() -> None:
    curve = RIGHT.curves["training"]
    assert curve.losses == tuple(b.loss for b in RIGHT.batches)
    lines = {label: ([at for at, _ in points], [value for _, value in points]) for label, points in curve.accuracies}
    assert lines == {
        "training students": (list(MOMENTS), pytest.approx(TRAIN)),
        "validation students": (list(MOMENTS), pytest.approx(VALID)),
    }


def test_accuracies_of_another_watch_are_not_drawn_into_it() -> None:
    assert run(later=RIGHT.batches).curves["training"].accuracies == ()


@given(right=st.integers(0, 12), wrong=st.integers(0, 30))
def test_pairs_and_wrong_pairs_weigh_alike_in_an_accuracy(right: int, wrong: int) -> None:
    assert Evaluation(0, "valid", (right, 12), (wrong, 30), True).accuracy == (right / 12 + wrong / 30) / 2
    assert Evaluation(0, "valid", (right, 12), (0, 0), True).accuracy == right / 12
    assert Evaluation(0, "valid", (0, 0), (0, 0), True).accuracy == 0


# Numbers that are some of those which were measured


@pytest.mark.parametrize("step", [2, 3])
@pytest.mark.parametrize("from_the_first", [True, False])
def test_accuracies_reported_every_few_epochs_are_those_accuracies(step: int, from_the_first: bool) -> None:
    truth = (0.5, 0.55, 0.62, 0.6, 0.71, 0.68, 0.8)
    start = 0 if from_the_first else step - 1
    assert agrees(series(truth[start::step]), truth, RIGHT)
    assert not agrees(series([number + 0.05 for number in truth[start::step]]), truth, RIGHT)


def test_one_loss_that_is_no_number_is_an_accident_and_many_are_a_failure() -> None:
    once = tuple(replace(b, loss=math.nan if n == 1 else b.loss) for n, b in enumerate(RIGHT.batches))
    assert verdict("updates", run(batches=once)).outcome is PASS
    since = tuple(replace(b, loss=math.nan if n > 5 else b.loss) for n, b in enumerate(RIGHT.batches))
    assert verdict("updates", run(batches=since)).observed == "the loss is no number any more"


def test_a_loss_is_not_said_to_rise_where_training_stopped_after_a_few_steps() -> None:
    rising = tuple(replace(b, loss=0.7 + n) for n, b in enumerate(RIGHT.batches))
    assert verdict("updates", run(batches=rising)).outcome is FAIL
    assert verdict("updates", run(batches=rising[:3], problem="a TypeError", stopped_after=3)).outcome is PASS
