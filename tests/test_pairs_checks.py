"""Questions 1b and 1c, from evidence to verdict: rows of two shoes, told as "u007 1 left above u007 1 right"."""

import re

import pytest
from hypothesis import given
from hypothesis.strategies import permutations

from autograder.checks import CHECKS, judge
from autograder.evidence.kinds import GROUPED, OTHER_COUNT, DifferentPairs, NoEvidence, SamePairs
from autograder.verdict import Outcome
from fixtures.catalogue import SIDES, Shoe

PASS, PARTIAL, FAIL = Outcome.PASS, Outcome.PARTIAL, Outcome.FAIL
CODE = re.compile(r"\b(np|torch|nn|os)\.|\w[\[(]|=|\bdef\b|\bfor \w+ in\b")
KINDS = {"same": SamePairs, "different": DifferentPairs}


def shoe(words):
    """The shoe that words such as "u007 1 left" speak of, None for "unknown"."""
    if words == "unknown":
        return None
    student, pair, side = words.split()
    return Shoe("train", int(student[1:]), int(pair), SIDES.index(side))


def row(words):
    top, bottom = words.split(" above ")
    return shoe(top), shoe(bottom)


def right_pairs(students):
    return [
        row(f"u{student:03d} {pair} left above u{student:03d} {pair} right")
        for student in range(1, students + 1)
        for pair in (1, 2, 3)
    ]


def wrong_pairs(students):
    return [
        row(f"u{student:03d} {pair} left above u{student:03d} {pair % 3 + 1} right")
        for student in range(1, students + 1)
        for pair in (1, 2, 3)
    ]


def mirrored(rows):
    """The same rows with the right shoe above the left one."""
    return [(top._replace(side=1), bottom._replace(side=0)) for top, bottom in rows]


def verdict(check, *draws, students=3, damaged=(), shape=None, layout="as asked", **facts):
    """The verdict on one or more draws of rows."""
    shape = shape or (3 * students, 448, 224, 3)
    seen = KINDS[check.split(".")[0]](shape, layout, tuple(map(tuple, draws)), damaged, students, **facts)
    said = judge(CHECKS[check], {type(seen): seen}, {})
    assert not CODE.search(said.hint), "a hint asks or names an idea; it does not give code away"
    return said


@pytest.mark.parametrize("check", ["same.shape", "same.content", "different.shape", "different.content"])
@pytest.mark.parametrize("outcome", [Outcome.MISSING, Outcome.TIMEOUT, Outcome.FAIL])
def test_without_evidence_the_verdict_says_why_there_is_none(check, outcome):
    nothing = NoEvidence(outcome, "`generate_same_pair` is still to be written")
    said = judge(CHECKS[check], {KINDS[check.split(".")[0]]: nothing}, {})
    assert (said.outcome, said.observed) == (outcome, "`generate_same_pair` is still to be written")


# same.shape and different.shape


@pytest.mark.parametrize("check", ["same.shape", "different.shape"])
class TestShape:
    def test_three_tall_pictures_for_each_student_pass(self, check):
        said = verdict(check, students=4)
        assert said.outcome is PASS
        assert "[12, 448, 224, 3] for 4 students" in said.expected

    def test_another_number_of_rows_fails(self, check):
        said = verdict(check, shape=(18, 448, 224, 3), layout=OTHER_COUNT)
        assert said.outcome is FAIL
        assert said.observed == "the shape [18, 448, 224, 3]"
        assert "how many times does your innermost loop run" in said.hint

    @pytest.mark.parametrize(
        ("shape", "layout"),
        [
            ((9, 3, 448, 224), "channels come first"),
            ((9, 3, 224, 448), "channels come first and width before height"),
        ],
    )
    def test_the_same_pictures_in_another_layout_are_partly_right(self, check, shape, layout):
        said = verdict(check, shape=shape, layout=layout)
        assert said.outcome is PARTIAL
        assert said.observed == f"the shape {list(shape)}: {layout}"

    def test_an_axis_of_its_own_for_the_three_examples_of_a_student_fails(self, check):
        said = verdict(check, shape=(3, 3, 448, 224, 3), layout=GROUPED)
        assert said.outcome is FAIL
        assert said.observed == f"the shape [3, 3, 448, 224, 3]: {GROUPED}"

    def test_a_number_of_students_written_in_is_partly_right_and_the_number_is_told(self, check):
        said = verdict(check, students=113, only_this_size=True)
        assert said.outcome is PARTIAL
        assert "for 113 students only" in said.observed

    def test_shoes_side_by_side_fail_with_a_question_about_the_axis(self, check):
        said = verdict(check, shape=(9, 224, 448, 3), layout="")
        assert said.outcome is FAIL
        assert "side by side" in said.hint

    @pytest.mark.parametrize("shape", [(9,), (3, 2, 224, 224, 3), (9, 448, 224, 4)])
    def test_any_other_shape_fails_and_is_told(self, check, shape):
        said = verdict(check, shape=shape, layout="")
        assert said.outcome is FAIL
        assert said.observed == f"the shape {list(shape)}"
        assert "which axis counts the examples?" in said.hint


# same.content


def test_every_pair_once_passes_without_a_remark():
    said = verdict("same.content", right_pairs(students=3))
    assert (said.outcome, said.remark) == (PASS, "")


@given(permutations(right_pairs(students=3)))
def test_the_order_of_the_pairs_is_the_students_choice(rows):
    assert verdict("same.content", rows).outcome is PASS


def test_an_order_of_its_own_is_remarked():
    assert "order of their own" in verdict("same.content", right_pairs(students=3)[::-1]).remark


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        ("u007 1 left above u012 1 right", "which are no pair"),
        ("u007 1 left above u007 2 right", "which are no pair"),
        ("u007 1 left above u007 1 left", "twice the same shoe"),
        ("unknown above u007 1 right", "an unknown picture above u007 1 right"),
        ("u007 1 left above unknown", "u007 1 left above an unknown picture"),
    ],
)
def test_one_slip_among_eighteen_pairs_is_found_in_its_row(slip, words):
    said = verdict("same.content", [*right_pairs(students=6), row(slip)], students=7)
    assert said.outcome is FAIL
    assert said.observed.startswith("row 18 is ") and words in said.observed
    assert said.hint


def test_shoes_of_two_students_are_no_pair_and_the_message_names_both():
    observed = verdict("same.content", [row("u007 1 left above u012 1 right")]).observed
    assert "u007" in observed and "u012" in observed


def test_a_pair_that_comes_twice_in_the_place_of_another_is_counted():
    rows = right_pairs(students=3)
    rows[4] = rows[3]
    said = verdict("same.content", rows)
    assert said.outcome is FAIL
    assert said.observed == "pair 1 of u002 comes 2 times, and 1 never"


def test_a_pair_that_is_left_out_is_counted():
    said = verdict("same.content", right_pairs(students=3)[:-1])
    assert said.outcome is FAIL
    assert "and 1 never" in said.observed


def test_pictures_that_are_changed_on_the_way_fail_in_the_first_such_row():
    said = verdict("same.content", right_pairs(students=3), damaged=(4, 5))
    assert said.outcome is FAIL
    assert said.observed == "row 4 does not show its two photographs as they are"


def test_sides_exchanged_in_all_pairs_are_partly_right_and_the_hint_says_why():
    said = verdict("same.content", mirrored(right_pairs(students=3)))
    assert said.outcome is PARTIAL
    assert said.observed == "in every row the right shoe lies above the left one"
    assert "gives the label away" in said.hint


def test_sides_exchanged_in_some_pairs_are_partly_right_and_counted():
    rows = right_pairs(students=3)
    said = verdict("same.content", [*rows[:5], *mirrored(rows[5:])])
    assert said.outcome is PARTIAL
    assert said.observed == "the left shoe lies above in 5 of 9 rows, the right one in the others"


@given(permutations([*right_pairs(students=2), row("u003 1 left above u003 3 right"), *right_pairs(students=2)]))
def test_a_wrong_pair_is_found_wherever_it_stands(rows):
    said = verdict("same.content", rows)
    assert said.outcome is FAIL
    assert "u003 1 left above u003 3 right" in said.observed


# different.content


def test_wrong_pairs_of_one_student_pass_without_a_remark():
    said = verdict("different.content", wrong_pairs(students=3))
    assert (said.outcome, said.remark) == (PASS, "")


@given(permutations(wrong_pairs(students=3)))
def test_the_order_of_the_wrong_pairs_is_the_students_choice(rows):
    assert verdict("different.content", rows).outcome is PASS
    assert verdict("different.balance", rows).outcome is PASS


@pytest.mark.parametrize(
    ("slip", "hint"),
    [
        ("u007 1 left above u012 2 right", "the floor alone"),
        ("u007 1 left above u007 1 right", "These two belong together"),
        ("u007 1 left above u007 2 left", "Both are of one side"),
        ("u007 1 left above unknown", "one whole photograph"),
    ],
)
def test_one_slip_among_eighteen_wrong_pairs_is_found_in_its_row(slip, hint):
    said = verdict("different.content", [*wrong_pairs(students=6), row(slip)], students=7)
    assert said.outcome is FAIL
    assert said.observed == f"row 18 is {slip.replace('unknown', 'an unknown picture')}"
    assert hint in said.hint


def test_a_generator_that_draws_its_pairs_is_caught_by_any_draw_that_is_wrong():
    right = wrong_pairs(students=3)
    lucky = [right, right[::-1], [*right[:8], row("u003 3 left above u003 3 right")]]
    said = verdict("different.content", *lucky)
    assert said.outcome is FAIL
    assert "row 8 is u003 3 left above u003 3 right" in said.observed


def test_changed_pictures_fail_among_wrong_pairs_too():
    said = verdict("different.content", wrong_pairs(students=3), damaged=(7,))
    assert said.outcome is FAIL
    assert "row 7" in said.observed


def test_sides_exchanged_in_all_wrong_pairs_are_partly_right():
    said = verdict("different.content", mirrored(wrong_pairs(students=3)))
    assert said.outcome is PARTIAL
    assert "in every row" in said.observed and "gives the label away" in said.hint


def test_sides_drawn_at_random_are_partly_right_and_counted_over_all_draws():
    rows = wrong_pairs(students=3)
    said = verdict("different.content", rows, mirrored(rows))
    assert said.outcome is PARTIAL
    assert "in 9 of 18 rows" in said.observed


# different.balance


def test_three_wrong_pairs_for_each_student_are_balanced():
    assert verdict("different.balance", wrong_pairs(students=3)).outcome is PASS


def test_one_wrong_pair_three_times_fails_and_names_it():
    rows = wrong_pairs(students=3)
    rows[4] = rows[3] = rows[5]
    said = verdict("different.balance", rows)
    assert said.outcome is FAIL
    assert said.observed == "u002 has pair 3 above pair 1 3 times"
    assert "Which comes twice?" in said.hint


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        (wrong_pairs(students=3)[:-1], 2),
        ([*wrong_pairs(students=3), row("u003 1 left above u003 3 right")], 4),
    ],
)
def test_too_few_and_too_many_wrong_pairs_are_counted(rows, count):
    said = verdict("different.balance", rows)
    assert said.outcome is FAIL
    assert said.observed == f"u003 has {count} wrong pairs"


def test_a_student_without_wrong_pairs_fails():
    said = verdict("different.balance", wrong_pairs(students=2))
    assert said.outcome is FAIL
    assert said.observed == "2 of 3 students have wrong pairs"


def test_rows_that_cannot_be_read_count_for_nobody():
    said = verdict("different.balance", [*wrong_pairs(students=3)[:-1], row("unknown above u003 1 right")])
    assert said.observed == "u003 has 2 wrong pairs"


def test_every_draw_is_to_be_balanced():
    rows = wrong_pairs(students=3)
    assert verdict("different.balance", rows, rows[:-1]).outcome is FAIL


def test_a_row_and_its_mirror_image_are_two_rows():
    rows = wrong_pairs(students=1)
    assert verdict("different.balance", [*rows[:2], *mirrored(rows[:1])], students=1).outcome is PASS


@pytest.mark.parametrize("check", ["same.content", "different.content", "different.balance"])
def test_nothing_readable_is_skipped_and_not_passed(check):
    said = verdict(check, shape=(3, 2, 224, 224, 3), layout="")
    assert said.outcome is Outcome.SKIPPED
    assert "the shape comes first" in said.observed


def test_no_rows_are_not_balanced():
    assert verdict("different.balance", []).outcome is Outcome.SKIPPED
