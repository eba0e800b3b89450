"""Question 1a, from evidence to verdict: what is said of arrays that are right, nearly right, and wrong."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis.strategies import permutations

from autograder.checks import CHECKS, Settings, judge
from autograder.evidence.kinds import VALUE_FORMS, LoadedArray, LoadedData, NoEvidence
from autograder.verdict import Outcome, failed, missing, partial
from fixtures.catalogue import SIDES, Shoe

PASS, PARTIAL, FAIL = Outcome.PASS, Outcome.PARTIAL, Outcome.FAIL
FOLDERS = {"train": (1, 3, 4, 6, 52), "test_w": (11, 14), "test_m": (2, 5)}
CODE = re.compile(r"\b(np|torch|nn|os)\.|\w[\[(]|=|\bdef\b|\bfor \w+ in\b")
LEFT, RIGHT = 0, 1


def shoe(words, folder="train"):
    """The shoe that words such as "u007 1 left" speak of."""
    student, pair, side = words.split()
    return Shoe(folder, int(student[1:]), int(pair), SIDES.index(side))


def array(students, folder="train", **facts):
    """What a right loader makes of some students; facts: what is different about it."""
    places = tuple(
        tuple(tuple(Shoe(folder, number, pair, side) for side in (LEFT, RIGHT)) for pair in (1, 2, 3))
        for number in students
    )
    right = {"dtype": "float32", "shape": (len(places), 3, 2, 224, 224, 3), "low": -0.5, "high": 0.5, "form": "exact"}
    return LoadedArray("", "", places=places, **right | facts)


def with_pictures(array, pictures):
    """The array with other shoes, or None, at some places."""
    places = [[list(sides) for sides in pairs] for pairs in array.places]
    for (row, pair, side), seen in pictures.items():
        places[row][pair][side] = seen
    return replace(array, places=tuple(tuple(map(tuple, pairs)) for pairs in places))


def absent(outcome=Outcome.MISSING, observed="was not found, under this name or another"):
    return LoadedArray("", "", NoEvidence(outcome, observed))


def loaded(remark="", reads_with_matplotlib=False, **arrays):
    """The four arrays: right ones, but for those that are given."""
    right = {
        "train_data": array([1, 3, 4]),
        "valid_data": array([6, 52]),
        "test_w": array(FOLDERS["test_w"], "test_w"),
        "test_m": array(FOLDERS["test_m"], "test_m"),
    }
    named = tuple(replace(given, role=role, name=role) for role, given in (right | arrays).items())
    return LoadedData(named, FOLDERS, (1, 3, 4, 6), remark, reads_with_matplotlib)


def verdict(check, seen, earlier=None, **settings):
    said = judge(CHECKS[check], {LoadedData: seen}, earlier or {}, Settings(**settings))
    assert not CODE.search(said.hint), "a hint asks or names an idea; it does not give code away"
    return said


@pytest.mark.parametrize("check", ["data.shape", "data.values", "data.order", "data.split"])
def test_four_right_arrays_pass_each_check_without_a_remark(check):
    said = verdict(check, loaded())
    assert (said.outcome, said.remark) == (PASS, "")


@pytest.mark.parametrize("check", ["data.shape", "data.values", "data.order", "data.split"])
def test_which_delivery_of_the_data_was_used_is_told_with_every_verdict(check):
    assert "ends in .jpg" in verdict(check, loaded(remark="Loaded from a copy that ends in .jpg")).remark


@pytest.mark.parametrize("check", ["data.shape", "data.values", "data.order", "data.split"])
@pytest.mark.parametrize("outcome", [Outcome.MISSING, Outcome.TIMEOUT, Outcome.FAIL, Outcome.ERROR])
def test_without_evidence_every_check_says_why_there_is_none(check, outcome):
    said = verdict(check, NoEvidence(outcome, "`train_data` is still to be written", "Where is it?"))
    assert (said.outcome, said.observed, said.hint) == (outcome, "`train_data` is still to be written", "Where is it?")


@pytest.mark.parametrize("check", ["data.values", "data.order", "data.split"])
def test_arrays_of_a_wrong_shape_are_not_looked_into(check):
    said = verdict(check, loaded(), {"data.shape": failed("six axes", "five axes")})
    assert said.outcome is Outcome.SKIPPED
    assert "data.shape comes first" in said.observed


@pytest.mark.parametrize("check", ["data.values", "data.order", "data.split"])
def test_arrays_that_are_missing_are_missing_for_each_check_rather_than_skipped(check):
    said = verdict(check, loaded(), {"data.shape": missing("four arrays", "`train_data` is still to be written")})
    assert (said.outcome, said.observed) == (Outcome.MISSING, "`train_data` is still to be written")


def test_arrays_of_partly_right_shape_are_looked_into():
    assert verdict("data.values", loaded(), {"data.shape": partial("", "")}).outcome is PASS


# data.shape


@pytest.mark.parametrize(
    ("shape", "hint"),
    [
        ((3, 3, 2, 224, 224, 4), "alpha"),
        ((3, 6, 224, 224, 3), "Which axis of your array counts students"),
        ((18, 224, 224, 3), "Each needs one of its own"),
        ((3, 2, 3, 224, 224, 3), "Which of the six axes has another length"),
        ((3, 3, 2, 224, 200, 3), "Which of the six axes has another length"),
        ((0,), "Not one photograph arrived"),
    ],
)
def test_another_shape_fails_and_names_the_array_and_its_shape(shape, hint):
    said = verdict("data.shape", loaded(valid_data=array([], shape=shape)))
    assert said.outcome is FAIL
    assert said.observed == f"valid_data has the shape {list(shape)}"
    assert hint in said.hint


@pytest.mark.parametrize("empty", [("test_w",), ("test_m",), ("train_data", "valid_data")])
def test_a_test_set_without_rows_fails_as_do_both_halves_of_the_split(empty):
    said = verdict("data.shape", loaded(**dict.fromkeys(empty, array([]))))
    assert said.outcome is FAIL
    assert said.observed == f"{empty[0]} has the shape [0, 3, 2, 224, 224, 3]"
    assert "Not one photograph arrived" in said.hint


@pytest.mark.parametrize("name", ["train_data", "valid_data"])
def test_one_half_of_the_split_without_rows_is_a_matter_of_the_split_alone(name):
    seen = loaded(**{name: array([])})
    said = verdict("data.split", seen)
    assert (said.outcome, said.observed) == (FAIL, f"{name} is empty")
    assert all(verdict(check, seen).outcome is PASS for check in ("data.shape", "data.values", "data.order"))


def test_one_array_of_four_missing_fails_and_says_which():
    said = verdict("data.shape", loaded(test_m=absent(observed="`test_m` was not found, under this name or another")))
    assert said.outcome is FAIL
    assert "`test_m` was not found" in said.observed


@pytest.mark.parametrize("outcome", [Outcome.MISSING, Outcome.TIMEOUT, Outcome.FAIL])
def test_four_arrays_missing_are_judged_by_why_they_are(outcome):
    gone = absent(outcome, "`train_data` is still to be written")
    said = verdict("data.shape", loaded(train_data=gone, valid_data=gone, test_w=gone, test_m=gone))
    assert (said.outcome, said.observed) == (outcome, "`train_data` is still to be written")


# data.values


@pytest.mark.parametrize(
    ("form", "hint"),
    [
        ("not shifted", "One step of the normalisation is still to come"),
        ("not divided", "before you subtract 0.5"),
        ("raw", "as they were in the file"),
        ("divided twice, not shifted", "right after reading it"),
        ("divided by 256", "Which divisor does that?"),
        ("to -1..1", "How much do yours span?"),
        ("blue first", "are the colours the same?"),
        ("transposed", "Which axis of the array counts rows"),
        ("mirrored", "into the same direction?"),
    ],
)
def test_values_of_another_form_fail_and_the_message_names_the_form_and_the_span(form, hint):
    said = verdict("data.values", loaded(test_w=array([11, 14], "test_w", form=form, low=-0.25, high=0.75)))
    assert said.outcome is FAIL
    assert said.observed == f"values of test_w lie in [-0.25, 0.75] (float32): they are {VALUE_FORMS[form]}"
    assert hint in said.hint


def test_values_of_no_known_form_fail_without_a_guess_at_their_form():
    said = verdict("data.values", loaded(train_data=array([1], form="unknown", low=0, high=7)))
    assert said.outcome is FAIL
    assert "[0, 7]" in said.observed and "not those of the photographs" in said.observed
    assert "Take one pixel" in said.hint


@pytest.mark.parametrize("dtype", ["uint8", "int64", "bool"])
@pytest.mark.parametrize("form", ["raw", "unknown"])
def test_whole_numbers_fail_and_the_message_names_their_type(dtype, form):
    said = verdict("data.values", loaded(train_data=array([1], form=form, dtype=dtype, low=0, high=255)))
    assert said.outcome is FAIL
    assert dtype in said.observed
    assert "holds no fractions" in said.hint


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_any_type_that_holds_fractions_is_right(dtype):
    assert verdict("data.values", loaded(train_data=array([1, 3, 4], dtype=dtype))).outcome is PASS


def test_values_divided_twice_fail_and_the_remark_tells_in_which_terms_they_were_right():
    twice = array([1], form="divided twice", low=-0.5, high=-0.4961)
    said = verdict("data.values", loaded(reads_with_matplotlib=True, train_data=twice))
    assert said.outcome is FAIL
    assert "[-0.5, -0.4961]" in said.observed and "already returned 0..1" in said.observed
    assert "before 3.3" in said.remark


def test_values_divided_twice_pass_with_a_remark_where_the_rubric_grades_old_terms():
    twice = {"form": "divided twice", "low": -0.5, "high": -0.4961}
    seen = loaded(reads_with_matplotlib=True, train_data=array([1, 3, 4], **twice))
    said = verdict("data.values", seen, imread_gave_bytes=True)
    assert said.outcome is PASS
    assert "before 3.3" in said.remark


def test_values_divided_twice_without_matplotlib_are_no_fault_of_matplotlib():
    seen = loaded(train_data=array([1, 3, 4], form="divided twice", low=-0.5, high=-0.4961))
    said = verdict("data.values", seen, imread_gave_bytes=True)
    assert said.outcome is FAIL
    assert "imread" not in said.message and "3.3" not in said.message


@pytest.mark.parametrize("form", [form for form in VALUE_FORMS if form not in ("exact", "divided twice")])
def test_old_terms_excuse_no_other_form(form):
    assert verdict("data.values", loaded(train_data=array([1], form=form)), imread_gave_bytes=True).outcome is FAIL


def test_old_terms_change_nothing_for_right_values():
    said = verdict("data.values", loaded(), imread_gave_bytes=True)
    assert (said.outcome, said.remark) == (PASS, "")


def test_one_picture_of_other_values_among_many_right_ones_is_found_at_its_place():
    said = verdict("data.values", loaded(train_data=array([1, 3, 4], strange=((2, 1, RIGHT),))))
    assert said.outcome is FAIL
    assert said.observed.startswith("train_data[2, 1, 1] differ")


def test_a_last_row_left_at_its_initial_value_fails_with_its_first_place_and_how_many_more():
    left_alone = tuple((1, pair, side) for pair in range(3) for side in (LEFT, RIGHT))
    said = verdict("data.values", loaded(valid_data=array([6, 52], strange=left_alone)))
    assert said.outcome is FAIL
    assert "valid_data[1, 0, 0] and 5 more" in said.observed
    assert "ever written to" in said.hint


# data.order


@pytest.mark.parametrize("name", ["test_w", "test_m"])
def test_rows_of_a_test_set_out_of_order_fail_and_the_first_ones_are_shown(name):
    students = FOLDERS[name][::-1]
    said = verdict("data.order", loaded(**{name: array(students, name)}))
    assert said.outcome is FAIL
    assert f"of {name} are u{students[0]:03d}, u{students[1]:03d}" in said.observed


def test_a_split_that_shuffles_students_passes_with_a_remark():
    said = verdict("data.order", loaded(train_data=array([4, 1, 6]), valid_data=array([52, 3])))
    assert said.outcome is PASS
    assert "shuffles the students" in said.remark


def test_rows_as_the_folder_lists_them_fail_everywhere():
    seen = loaded(train_data=array([4, 1, 3]), test_w=array([14, 11], "test_w"), test_m=array([5, 2], "test_m"))
    said = verdict("data.order", seen)
    assert said.outcome is FAIL
    assert "train_data are u004, u001, u003" in said.observed
    assert "In which order does a folder list its files?" in said.hint


def test_a_row_that_mixes_two_students_fails_with_the_row_and_both_students():
    slip = {(2, 0, RIGHT): shoe("u006 1 right")}
    said = verdict("data.order", loaded(train_data=with_pictures(array([1, 3, 4]), slip)))
    assert said.outcome is FAIL
    assert said.observed == "row 2 of train_data mixes students u004, u006"


def test_right_shoes_at_index_0_throughout_are_told_as_one_mistake():
    exchanged = {
        (row, pair, side): Shoe("test_m", number, pair + 1, 1 - side)
        for row, number in enumerate(FOLDERS["test_m"])
        for pair in range(3)
        for side in (LEFT, RIGHT)
    }
    said = verdict("data.order", loaded(test_m=with_pictures(array(FOLDERS["test_m"], "test_m"), exchanged)))
    assert said.outcome is FAIL
    assert said.observed == "left and right are swapped: index 0 of test_m holds right shoes"


def test_sides_exchanged_for_one_pair_are_found_at_their_place_and_counted():
    exchanged = {(1, 2, LEFT): shoe("u003 3 right"), (1, 2, RIGHT): shoe("u003 3 left")}
    said = verdict("data.order", loaded(train_data=with_pictures(array([1, 3, 4]), exchanged)))
    assert said.outcome is FAIL
    assert said.observed == "train_data[1, 2, 0] holds a right shoe, as do 1 others"


def test_a_pair_at_the_index_of_another_is_found_at_its_place():
    exchanged = {(0, 0, RIGHT): shoe("u006 2 right"), (0, 1, RIGHT): shoe("u006 1 right")}
    said = verdict("data.order", loaded(valid_data=with_pictures(array([6, 52]), exchanged)))
    assert said.outcome is FAIL
    assert said.observed == "valid_data[0, 0, 1] holds u006 2 right, a shoe of pair 2, and 1 other places differ too"


def test_a_single_shoe_of_another_pair_is_told_without_a_count_of_others():
    seen = loaded(test_w=with_pictures(array([11, 14], "test_w"), {(1, 2, LEFT): shoe("u014 1 left", "test_w")}))
    said = verdict("data.order", seen)
    assert said.outcome is FAIL
    assert said.observed == "test_w[1, 2, 0] holds u014 1 left, a shoe of pair 1"


def test_a_row_that_cannot_be_read_is_shown_as_unknown_among_rows_out_of_order():
    empty = dict.fromkeys([(1, pair, side) for pair in range(3) for side in (LEFT, RIGHT)])
    rows = with_pictures(array([5, 8, 2], "test_m"), empty)
    assert "u005, ?, u002" in verdict("data.order", loaded(test_m=rows)).observed


@pytest.mark.parametrize("check", ["data.order", "data.split"])
def test_pictures_that_cannot_be_recognised_are_in_no_place_and_left_to_the_check_of_values(check):
    blurred = dict.fromkeys([(0, pair, side) for pair in range(3) for side in (LEFT, RIGHT)])
    said = verdict(check, loaded(valid_data=with_pictures(array([6]), blurred)))
    assert said.outcome is Outcome.SKIPPED
    assert "the pictures in valid_data cannot be recognised any more" in said.observed


def test_a_row_left_at_its_initial_value_is_no_mistake_of_order():
    empty = dict.fromkeys([(2, pair, side) for pair in range(3) for side in (LEFT, RIGHT)])
    assert verdict("data.order", loaded(train_data=with_pictures(array([1, 3, 4]), empty))).outcome is PASS


def test_test_sets_under_each_others_names_are_partly_right():
    seen = loaded(test_w=array(FOLDERS["test_m"], "test_m"), test_m=array(FOLDERS["test_w"], "test_w"))
    said = verdict("data.order", seen)
    assert said.outcome is PARTIAL
    assert said.observed == "test_w holds the photographs of the folder test_m"
    assert "each under the other's name" in said.hint


@pytest.mark.parametrize("name", ["test_w", "test_m"])
def test_a_test_set_of_training_photographs_fails_and_names_the_folder(name):
    said = verdict("data.order", loaded(**{name: array(FOLDERS["train"])}))
    assert said.outcome is FAIL
    assert said.observed == f"{name} holds the photographs of the folder train"


# data.split


@given(permutations(FOLDERS["train"]))
def test_who_is_in_train_and_who_in_valid_is_the_students_choice(students):
    seen = loaded(train_data=array(students[:3]), valid_data=array(students[3:]))
    assert verdict("data.split", seen).outcome is PASS


def test_a_student_on_both_sides_fails_by_name():
    said = verdict("data.split", loaded(train_data=array([1, 3, 4, 6])))
    assert said.outcome is FAIL
    assert said.observed == "u006 is in both train_data and valid_data"


def test_many_students_on_both_sides_are_counted():
    said = verdict("data.split", loaded(train_data=array(FOLDERS["train"]), valid_data=array(FOLDERS["train"])))
    assert "u001, u003, u004 and 2 more are in both" in said.observed


def test_a_student_of_a_mixed_row_who_lies_on_both_sides_fails():
    mixed = with_pictures(array([1, 3, 4]), {(2, 2, RIGHT): shoe("u006 3 right")})
    assert "u006 is in both" in verdict("data.split", loaded(train_data=mixed)).observed


def test_a_student_between_the_two_slices_fails_by_name_and_the_sizes_are_told():
    said = verdict("data.split", loaded(train_data=array([1, 3])))
    assert said.outcome is FAIL
    assert said.observed == "u004 is in neither; 2 students for training and 2 for validation"


def test_a_student_in_two_rows_fails_by_name():
    said = verdict("data.split", loaded(train_data=array([1, 3, 3, 4])))
    assert said.outcome is FAIL
    assert said.observed == "u003 fills 2 rows of train_data"


def test_students_of_a_test_set_in_train_fail_by_name_and_the_split_alone():
    seen = loaded(train_data=array(FOLDERS["test_w"], "test_w"))
    said = verdict("data.split", seen)
    assert said.outcome is FAIL
    assert said.observed == "u011, u014 are not in the train folder"
    assert verdict("data.order", seen).outcome is PASS


def test_a_row_that_was_never_filled_stands_for_the_student_who_is_lost():
    empty = dict.fromkeys([(2, pair, side) for pair in range(3) for side in (LEFT, RIGHT)])
    assert verdict("data.split", loaded(train_data=with_pictures(array([1, 3, 4]), empty))).outcome is PASS
    said = verdict("data.split", loaded(train_data=with_pictures(array([1, 3, 4]), empty), valid_data=array([52])))
    assert said.outcome is FAIL
    assert "u004, u006 are in neither" in said.observed


def test_the_student_whose_files_end_in_png_may_be_left_out_with_a_remark():
    said = verdict("data.split", loaded(valid_data=array([6])))
    assert said.outcome is PASS
    assert "u052" in said.remark and ".png" in said.remark


def test_leaving_out_another_student_besides_the_one_in_png_fails_for_the_other_alone():
    said = verdict("data.split", loaded(train_data=array([1, 3]), valid_data=array([6])))
    assert said.outcome is FAIL
    assert said.observed.startswith("u004 is in neither")


@pytest.mark.parametrize("name", ["train_data", "valid_data"])
def test_half_of_a_split_is_judged_by_why_the_other_half_is_not_there(name):
    said = verdict("data.split", loaded(**{name: absent(observed=f"`{name}` was not found")}))
    assert (said.outcome, said.observed) == (Outcome.MISSING, f"`{name}` was not found")


def test_test_sets_have_no_part_in_the_split():
    assert verdict("data.split", loaded(test_w=absent(), test_m=absent())).outcome is PASS
