"""Questions 3b and 4a: what was learnt by heart, how accurate it is on strangers' shoes, what the notebook claims."""

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from autograder.checks import CHECKS, judge
from autograder.checks.declare import Settings
from autograder.checks.testing import interval
from autograder.evidence import training_kinds as kinds
from autograder.evidence.claims import claimed_accuracy
from autograder.evidence.exam import Exam
from autograder.evidence.gallery import STEP, Gallery, Place, all_combinations, examples
from autograder.evidence.kinds import NoEvidence
from autograder.evidence.testing import MOST_RIGHT, MOST_WRONG, some_answers
from autograder.program.names import Role
from autograder.program.understanding import Understanding
from autograder.rubric import DEFAULT_THRESHOLDS
from autograder.submission.bundle import Bundle
from autograder.submission.notebook import Cell, read_statements
from autograder.verdict import Outcome, Verdict
from fixtures import catalogue

PASS, PARTIAL, FAIL = Outcome.PASS, Outcome.PARTIAL, Outcome.FAIL
CODE = re.compile(r"\b(np|torch|nn|optim)\.|\w\[|=|\bdef\b|\bfor \w+ in\b")
MEMORIES = {"overfit.channel": kinds.ChannelMemory, "overfit.cnn": kinds.CnnMemory}
USUAL = Settings()
OVERFIT, TEST = tuple(MEMORIES), ("test.women", "test.men")


def said_of(check: str, seen: Any, settings: Settings = USUAL) -> Verdict:
    said = judge(CHECKS[check], {CHECKS[check].evidence or type(seen): seen}, {}, settings)
    assert not CODE.search(said.hint), "a hint asks or names an idea; it does not give code away"
    return said


# Question 3b


def attempt(reached: int | None, **facts: Any) -> kinds.MemoryTry:
    """A training on five triplets that the judge saw know enough after so many steps."""
    whole: dict[str, Any] = {
        "settings": "batch size 30, learning rate 0.001",
        "seed": 0,
        "best": 0.8 if reached is None else 0.96,
        "steps": 300 if reached is None else reached,
        "ended": "steps" if reached is None else "enough",
        "problem": "",
        "curve": kinds.Curve((0.7, 0.1), (("five triplets", ((10, 0.6),)),)),
    }
    return kinds.MemoryTry(reached=reached, **(whole | facts))


def memorised(check: str, *tries: kinds.MemoryTry, settings: Settings = USUAL, remark: str = "") -> Verdict:
    return said_of(check, MEMORIES[check]("CNN", tries, remark), settings)


@pytest.mark.parametrize("check", OVERFIT)
@pytest.mark.parametrize(
    ("reached", "outcome"), [(10, PASS), (99, PASS), (100, PASS), (101, PARTIAL), (300, PARTIAL), (301, FAIL)]
)
def test_a_hundred_steps_earn_full_points_and_three_hundred_some(check: str, reached: int, outcome: Outcome) -> None:
    said = memorised(check, attempt(reached))
    assert said.outcome is outcome
    assert "90% of the pairs and wrong pairs of five students" in said.expected


@pytest.mark.parametrize("check", OVERFIT)
def test_what_is_never_known_by_heart_fails_and_the_best_accuracy_is_told(check: str) -> None:
    said = memorised(check, attempt(None))
    assert said.outcome is FAIL
    assert said.observed == "80% at best, after 300 steps with batch size 30, learning rate 0.001"
    assert "dropout or weight decay" in said.hint


def test_the_steps_and_the_settings_are_told_with_a_pass_and_with_half_of_one() -> None:
    assert memorised("overfit.cnn", attempt(40)).observed == (
        "96% after 40 steps with batch size 30, learning rate 0.001"
    )
    said = memorised("overfit.cnn", attempt(140, settings=""))
    assert said.observed == "96% only after 140 steps with the notebook's own settings"
    assert said.hint == "Which learning rate and batch size make it quicker?"


@given(
    reached=st.lists(st.integers(10, 500) | st.none(), min_size=1, max_size=6), order=st.randoms(use_true_random=False)
)
def test_the_quickest_of_all_draws_counts_wherever_it_stands(reached: list[int | None], order: Any) -> None:
    quickest = min((r for r in reached if r is not None), default=None)
    order.shuffle(reached)
    expected = FAIL if quickest is None or quickest > 300 else PARTIAL if quickest > 100 else PASS
    assert memorised("overfit.cnn", *map(attempt, reached)).outcome is expected


def test_where_none_reaches_it_the_nearest_counts_and_the_tries_are_counted() -> None:
    said = memorised("overfit.channel", attempt(None, best=0.6), attempt(None, best=0.85), attempt(None, best=0.7))
    assert said.observed.startswith("85% at best")
    assert said.observed.endswith("(the best of 3 trainings)")


@pytest.mark.parametrize(("best", "coin"), [(0.5, True), (0.55, True), (0.56, False), (0.89, False)])
def test_the_answers_of_a_coin_are_asked_about(best: float, coin: bool) -> None:
    assert memorised("overfit.cnn", attempt(None, best=best)).hint.startswith("The answers are those of a coin") is coin


def test_a_training_that_never_begins_fails_with_its_problem_alone() -> None:
    said = memorised("overfit.cnn", attempt(None, best=0.0, steps=0, ended="by itself", problem="a TypeError"))
    assert (said.outcome, said.observed, said.hint) == (FAIL, "a TypeError", "")


def test_a_problem_on_the_way_is_told_after_what_was_reached() -> None:
    said = memorised("overfit.cnn", attempt(None, best=0.7, steps=20, ended="by itself", problem="an IndexError"))
    assert said.observed.startswith("70% at best, after 20 steps") and said.observed.endswith("; then an IndexError")


@pytest.mark.parametrize("ended", ["seconds", "clock"])
def test_a_model_whose_steps_take_long_is_told_so(ended: str) -> None:
    assert "one step of this model takes long" in memorised("overfit.cnn", attempt(None, ended=ended)).observed
    assert "takes long" not in memorised("overfit.cnn", attempt(None)).observed


def test_an_instructor_decides_what_quick_is() -> None:
    slow = Settings(thresholds=replace(DEFAULT_THRESHOLDS, memorising_steps=200, memorised=0.8))
    assert memorised("overfit.cnn", attempt(150)).outcome is PARTIAL
    said = memorised("overfit.cnn", attempt(150), settings=slow)
    assert said.outcome is PASS
    assert "80%" in said.expected and "within 200 steps" in said.expected


@pytest.mark.parametrize("name", ["CNN", "CNNChannel"])
def test_the_curve_of_the_best_draw_is_kept(name: str) -> None:
    best = attempt(30, curve=kinds.Curve((0.5,), ()))
    memory = kinds.Memory(name, (attempt(None), best, attempt(90)))
    assert memory.curves == {f"memorising-{name}": best.curve}


# Question 4a


def on_strangers(pairs: tuple[int, int] = (30, 40), wrong: tuple[int, int] = (60, 80), **facts: Any) -> kinds.TestSet:
    return kinds.TestSet(pairs, wrong, **facts)


PERFECT = on_strangers((40, 40), (80, 80))


def exam(check: str, seen: kinds.TestSet, settings: Settings = USUAL, **facts: Any) -> Verdict:
    """The verdict on one test set, where the other one was answered without a mistake."""
    whole: dict[str, Any] = {"model": "CNNChannel", "source": "its own training, 400 steps", "steps": 400, "valid": 0.9}
    whole |= {"women": PERFECT, "men": PERFECT} | {check.removeprefix("test."): seen} | facts
    return said_of(check, kinds.TestRun(**whole), settings)


@pytest.mark.parametrize("check", TEST)
@pytest.mark.parametrize(
    ("pairs", "wrong", "outcome"),
    [
        (40, 80, PASS),
        (30, 60, PASS),
        (29, 61, PARTIAL),
        (30, 59, PARTIAL),
        (29, 60, PARTIAL),
        (20, 80, PASS),
        (26, 52, PARTIAL),
        (26, 51, FAIL),
        (25, 52, FAIL),
        (0, 80, FAIL),
        (0, 0, FAIL),
    ],
)
def test_three_quarters_earn_full_points_and_two_thirds_nearly_some(
    check: str, pairs: int, wrong: int, outcome: Outcome
) -> None:
    assert exam(check, on_strangers((pairs, 40), (wrong, 80))).outcome is outcome


@pytest.mark.parametrize("check", TEST)
def test_each_test_set_is_judged_by_itself(check: str) -> None:
    assert exam(check, on_strangers((0, 40), (0, 80))).outcome is FAIL
    other = next(name for name in TEST if name != check)
    assert exam(check, PERFECT).outcome is exam(other, PERFECT).outcome is PASS


@given(pairs=st.integers(0, 40), wrong=st.integers(0, 80))
def test_pairs_and_wrong_pairs_weigh_alike(pairs: int, wrong: int) -> None:
    seen = on_strangers((pairs, 40), (wrong, 80))
    assert seen.accuracy == pytest.approx((2 * pairs + wrong) / 160)
    said = exam("test.men", seen)
    assert said.observed.startswith(f"{seen.accuracy:.1%} ({pairs} of 40 pairs, {wrong} of 80 wrong pairs;")


@given(right=st.lists(st.integers(0, 40), min_size=2, max_size=2))
def test_more_right_answers_never_earn_less(right: list[int]) -> None:
    fewer, more = sorted(right)
    order = (FAIL, PARTIAL, PASS)
    verdicts = [exam("test.women", on_strangers((count, 40))).outcome for count in (fewer, more)]
    assert order.index(verdicts[0]) <= order.index(verdicts[1])


def test_the_model_and_where_its_weights_are_from_are_told_with_every_outcome() -> None:
    for pairs, wrong in ((40, 80), (28, 56), (1, 2)):
        said = exam("test.women", on_strangers((pairs, 40), (wrong, 80)), source="the submitted weights best.pk")
        assert said.observed.endswith("CNNChannel with the submitted weights best.pk")


def test_a_pass_shows_its_number() -> None:
    said = exam("test.women", on_strangers((36, 40), (72, 80)))
    assert said.message.startswith("90.0% (36 of 40 pairs, 72 of 80 wrong pairs; from so few, 81% to 95%)")


@pytest.mark.parametrize(
    ("pairs", "wrong", "coin"), [(20, 40, True), (0, 80, True), (21, 43, True), (23, 46, False), (16, 32, False)]
)
def test_the_answers_of_a_coin_on_a_test_set_are_asked_about(pairs: int, wrong: int, coin: bool) -> None:
    assert ("answers of a coin" in exam("test.men", on_strangers((pairs, 40), (wrong, 80))).hint) is coin


def test_an_instructor_decides_what_is_accurate() -> None:
    strict = Settings(thresholds=replace(DEFAULT_THRESHOLDS, test_full=0.95, test_partial=0.85))
    seen = on_strangers((36, 40), (72, 80))
    assert (exam("test.men", seen).outcome, exam("test.men", seen, strict).outcome) == (PASS, PARTIAL)
    assert "at least 95% of the test set" in exam("test.men", seen, strict).expected


@pytest.mark.parametrize(
    ("claimed", "words"),
    [
        (0.78, "The notebook's own output (cell 12) says 78.0%, which agrees."),
        (0.99, "The notebook's own output (cell 12) says 99.0%; that is another number."),
        (0.5, "The notebook's own output (cell 12) says 50.0%; that is another number."),
    ],
)
@pytest.mark.parametrize(("pairs", "wrong"), [(30, 60), (28, 56)])
def test_what_the_notebook_claims_is_compared_and_costs_nothing(
    claimed: float, words: str, pairs: int, wrong: int
) -> None:
    silent = exam("test.women", on_strangers((pairs, 40), (wrong, 80)))
    said = exam("test.women", on_strangers((pairs, 40), (wrong, 80), claimed=claimed, claimed_in=12))
    assert said.outcome is silent.outcome
    assert said.remark.endswith(words)
    assert "notebook" not in silent.remark


@pytest.mark.parametrize("check", (*OVERFIT, *TEST))
@pytest.mark.parametrize("outcome", [Outcome.MISSING, Outcome.TIMEOUT, Outcome.FAIL])
def test_without_evidence_the_verdict_says_why_there_is_none(check: str, outcome: Outcome) -> None:
    said = said_of(check, NoEvidence(outcome, "`train` is still to be written"))
    assert (said.outcome, said.observed) == (outcome, "`train` is still to be written")


# How sure an accuracy is


def wilson(share: float, count: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval as the solutions for p of (share - p)**2 = z**2 p (1 - p) / count."""
    a, b, c = 1 + z**2 / count, -(2 * share + z**2 / count), share**2
    root = math.sqrt(b**2 - 4 * a * c)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def test_the_interval_is_the_one_in_the_tables() -> None:
    # Computed by hand for 51 right of 60.
    assert wilson(51 / 60, 60) == pytest.approx((0.7389, 0.9190), abs=5e-4)
    assert interval(on_strangers((26, 30), (50, 60))) == pytest.approx(wilson(51 / 60, 60))


def test_wrong_pairs_of_the_same_shoes_make_it_no_surer() -> None:
    assert interval(on_strangers((26, 30), (500, 600))) == pytest.approx(interval(on_strangers((26, 30), (50, 60))))


@given(count=st.integers(1, 200), data=st.data())
def test_the_interval_holds_the_accuracy_and_stays_between_none_and_all(count: int, data: Any) -> None:
    pairs, wrong = data.draw(st.integers(0, count)), data.draw(st.integers(0, 2 * count))
    seen = on_strangers((pairs, count), (wrong, 2 * count))
    low, high = interval(seen)
    assert 0 <= low < high <= 1
    assert low - 1e-9 <= seen.accuracy <= high + 1e-9
    assert (low, high) == pytest.approx(wilson(seen.accuracy, 2 * count), abs=1e-7)


@given(share=st.integers(0, 10), count=st.integers(1, 20), more=st.integers(2, 10))
def test_the_interval_shrinks_with_more_examples(share: int, count: int, more: int) -> None:
    few, many = (interval(on_strangers((share * n, 10 * n), (share * 2 * n, 20 * n))) for n in (count, more * count))
    assert many[1] - many[0] < few[1] - few[0]


@given(count=st.integers(1, 100), data=st.data())
def test_the_interval_of_wrong_answers_is_that_of_right_ones_from_the_other_end(count: int, data: Any) -> None:
    pairs, wrong = data.draw(st.integers(0, count)), data.draw(st.integers(0, 2 * count))
    low, high = interval(on_strangers((pairs, count), (wrong, 2 * count)))
    low_of_wrong, high_of_wrong = interval(on_strangers((count - pairs, count), (2 * count - wrong, 2 * count)))
    assert (low_of_wrong, high_of_wrong) == pytest.approx((1 - high, 1 - low))


# What a notebook's outputs claim


def understood(*cells: tuple[str, str]) -> Understanding:
    """A notebook of (code, output) cells."""
    made = tuple(Cell(number, "code", source, output) for number, (source, output) in enumerate(cells))
    statements, unparsed = read_statements(made)
    return Understanding(Bundle("anna", "d1", "anna.ipynb", made, statements, unparsed))


def claim(role: Role, *cells: tuple[str, str]) -> tuple[float, int] | None:
    return claimed_accuracy(understood(*cells), role)


@pytest.mark.parametrize(
    ("output", "women"),
    [
        ("Test accuracy on women's shoes: 85.0%", 0.85),
        ("test_w accuracy: 0.85", 0.85),
        ("women acc = 85", 0.85),
        ("Female test set: 0.8 and 0.9", 0.85),
        ("accuracy on test_w: (0.8, 0.9)", 0.85),
        ("Test accuracy women: 100%", 1.0),
        ("ladies: 85 % correct", 0.85),
    ],
)
def test_an_accuracy_that_names_its_test_set_is_found(output: str, women: float) -> None:
    assert claim(Role.TEST_W, ("evaluate()", output)) == (pytest.approx(women), 0)
    assert claim(Role.TEST_M, ("evaluate()", output)) is None


@pytest.mark.parametrize(
    ("output", "share"),
    [
        ("women's test: 51 of 60 correct", 0.85),
        ("women's test accuracy 51/60", 0.85),
        ("test women: pairs 27 out of 30, wrong pairs 24 out of 30", 0.85),
        ("women's test: 85.0% (51/60)", 0.85),
    ],
)
def test_so_many_of_so_many_is_a_claim_as_well(output: str, share: float) -> None:
    assert claim(Role.TEST_W, ("evaluate()", output)) == (pytest.approx(share), 0)


def test_each_test_set_has_its_own_claim() -> None:
    output = "women's test accuracy: 0.81\nmen's test accuracy: 0.77\n"
    assert claim(Role.TEST_W, ("evaluate()", output)) == (0.81, 0)
    assert claim(Role.TEST_M, ("evaluate()", output)) == (0.77, 0)


def test_a_line_that_speaks_of_both_sets_claims_nothing_for_either() -> None:
    output = "test accuracy, men and women: 0.81"
    assert claim(Role.TEST_W, ("evaluate()", output)) is claim(Role.TEST_M, ("evaluate()", output)) is None


@pytest.mark.parametrize(("role", "name"), [(Role.TEST_W, "test_w"), (Role.TEST_M, "test_men")])
def test_a_cell_that_speaks_of_one_test_set_alone_tells_what_its_output_is_about(role: Role, name: str) -> None:
    other = Role.TEST_M if role is Role.TEST_W else Role.TEST_W
    cell = f"print('accuracy', get_accuracy(model, {name}))", "accuracy (0.9, 0.8)"
    assert claim(role, ("a = 1", ""), cell) == (pytest.approx(0.85), 1)
    assert claim(other, cell) is None


def test_a_cell_that_speaks_of_both_sets_needs_lines_that_tell_them_apart() -> None:
    source = "for data in (test_w, test_m): print('accuracy', get_accuracy(model, data))"
    assert claim(Role.TEST_W, (source, "accuracy 0.9\naccuracy 0.8")) is None


def test_the_last_claim_counts() -> None:
    cells = ("a()", "women accuracy 0.61"), ("b()", "women accuracy 0.72\nwomen accuracy 0.83"), ("c()", "")
    assert claim(Role.TEST_W, *cells) == (0.83, 1)


@pytest.mark.parametrize(
    "output",
    ["", "women", "women: accuracy", "there are 40 women", "women loss 0.3", "women test time 0.01 s"],
)
def test_an_output_without_an_accuracy_claims_nothing(output: str) -> None:
    assert claim(Role.TEST_W, ("evaluate()", output)) is None


def test_what_stands_in_text_cells_is_no_output() -> None:
    cells = (Cell(0, "markdown", "women accuracy 0.9", "women accuracy 0.9"), Cell(1, "code", "a = 1"))
    statements, _ = read_statements(cells)
    assert claimed_accuracy(Understanding(Bundle("a", "d", "a.ipynb", cells, statements)), Role.TEST_W) is None


@given(output=st.text(max_size=60), number=st.integers(0, 150))
def test_any_output_is_read_and_a_claim_is_a_fraction(output: str, number: int) -> None:
    found = claim(Role.TEST_W, ("evaluate()", f"women test {output} {number}%"))
    assert found is None or (0.2 <= found[0] <= 1 and found[1] == 0)


# Shoes recognised by their looks

PHOTOGRAPHS = (np.random.default_rng(5).random((3, 3, 2, 224, 224, 3), dtype=np.float32) - 0.5).astype(np.float32)
PLACES = st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2))
Shoe = tuple[int, int, int]


def small(top: Shoe, bottom: Shoe, sideways: bool = False) -> NDArray[np.float16]:
    """What travels of an example: every fourth pixel of its two shoes, in half precision."""
    shoes = np.stack([PHOTOGRAPHS[shoe][::STEP, ::STEP] for shoe in (top, bottom)])
    return (shoes.transpose(0, 2, 1, 3) if sideways else shoes).astype(np.float16)


def left_and_right(place: Place) -> tuple[Shoe, Shoe]:
    student, left, right = place
    return (student, left, 0), (student, right, 1)


@pytest.mark.parametrize("sideways", [False, True], ids=["upright", "sideways"])
@given(places=st.lists(PLACES, max_size=6), swapped=st.booleans())
@settings(max_examples=15)
def test_wrong_pairs_are_recognised_and_pairs_are_none(places: list[Place], swapped: bool, sideways: bool) -> None:
    seen = {}
    for number, place in enumerate(places):
        left, right = left_and_right(place)
        seen[number] = small(right, left, sideways) if swapped else small(left, right, sideways)
    assert Gallery(PHOTOGRAPHS).wrong_pairs(seen) == {place for place in places if place[1] != place[2]}


@given(
    shoes=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 1)), min_size=2, max_size=2),
)
@settings(max_examples=30)
def test_two_shoes_that_are_no_left_and_right_of_one_student_are_no_wrong_pair(shoes: list[Shoe]) -> None:
    first, second = shoes
    found = Gallery(PHOTOGRAPHS).wrong_pairs({0: small(first, second)})
    is_one = first[0] == second[0] and first[1] != second[1] and first[2] != second[2]
    assert len(found) == is_one


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: picture[:, ::-1],
        lambda picture: picture[..., ::-1],
        lambda picture: -picture,
        lambda picture: picture + np.float16(0.01),
        lambda picture: np.full_like(picture, np.nan),
        lambda picture: np.zeros_like(picture),
        lambda picture: picture[:, :28],
        lambda picture: picture[:, :, :, 0],
    ],
    ids="upside down,other colours,a negative,lighter,no numbers,black,half,grey".split(","),
)
def test_a_picture_that_was_changed_is_not_invented(change: Any) -> None:
    gallery = Gallery(PHOTOGRAPHS)
    picture = small((0, 0, 0), (0, 1, 1))
    assert gallery.wrong_pairs({0: picture}) == {(0, 0, 1)}
    assert gallery.wrong_pairs({1: change(picture)}) == set()


def test_no_pictures_are_no_wrong_pairs() -> None:
    assert Gallery(PHOTOGRAPHS).wrong_pairs({}) == set()


def test_a_student_has_three_pairs_and_six_wrong_pairs() -> None:
    places = all_combinations(4)
    assert len(places) == len(set(places)) == 36
    assert sum(left == right for _, left, right in places) == 12
    assert {student for student, _, _ in places} == {0, 1, 2, 3}


@given(places=st.lists(PLACES, max_size=4))
@settings(max_examples=15)
def test_an_example_is_the_left_shoe_above_the_right_one(places: list[Place]) -> None:
    images = examples(PHOTOGRAPHS, places)
    assert images.shape == (len(places), 3, 448, 224) and images.dtype == np.float32
    for image, place in zip(images.transpose(0, 2, 3, 1), places, strict=True):
        left, right = left_and_right(place)
        assert np.array_equal(image[:224], PHOTOGRAPHS[left]) and np.array_equal(image[224:], PHOTOGRAPHS[right])


# Which answers are shown


def test_answers_are_told_by_set_and_place_in_whatever_order_they_were_given() -> None:
    sets = [np.zeros((students, 3, 2, 224, 224, 3), np.float32) for students in (1, 2)]
    for number, data in enumerate(sets):
        # What the model says "same" of: pairs of the first set, and every example of the second set's last student.
        data[-1, :, :, 0, 0, 0] = 1 if number else np.arange(1, 4)[:, None]
    exam = Exam(sets, np.random.default_rng(4))
    same = (exam.images[:, 0, 0, 0] == exam.images[:, 0, 224, 0]) & (exam.images[:, 0, 0, 0] > 0)
    first, second = exam.answers(np.stack([~same, same], axis=1).astype(np.float32))
    assert first == [((0, left, right), left == right) for left in range(3) for right in range(3)]
    assert second == [(place, place[0] == 1) for place in all_combinations(2)]


@example([left != right for _, left, right in all_combinations(5)])
@given(st.lists(st.booleans(), max_size=40))
def test_a_few_answers_are_shown_with_both_kinds_of_mistakes_where_there_are(said: list[bool]) -> None:
    places = all_combinations(5)
    answers = [
        kinds.Answered(catalogue.Shoe("test_w", row, left + 1, 0), catalogue.Shoe("test_w", row, right + 1, 1), same)
        for (row, left, right), same in zip(places, said, strict=False)
    ]
    shown = some_answers(answers)
    wrong, right = ([a for a in answers if a.is_right == is_right] for is_right in (False, True))
    expected = [False] * min(len(wrong), MOST_WRONG) + [True] * min(len(right), MOST_RIGHT)
    assert [answer.is_right for answer in shown] == expected
    assert len(set(shown)) == len(shown) and set(shown) <= set(answers)
    assert {a.same for a in shown if not a.is_right} == {a.same for a in wrong}
