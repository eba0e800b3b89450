"""What the class page finds in the results of a class: the commonest messages, and what needs a person."""

from typing import Any

import pytest
from made_results import class_of, result

from autograder.boundary.sandbox import Sandbox
from autograder.checks import CHECKS
from autograder.grading import check_questions, faulty, unreadable
from autograder.marking.marks import Mark, key_of, with_marks
from autograder.report.class_page import class_page, report_address
from autograder.report.for_a_person import concerns
from autograder.report.result import result_of
from autograder.report.tallies import MOST_EXAMPLES, MOST_MESSAGES, alike, tallies
from autograder.rubric import DEFAULT_RUBRIC, Rubric, read_rubric
from autograder.submission.notebook import Unreadable
from autograder.verdict import Exhibit, Outcome, Verdict, failed, missing, passed, skipped


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    return read_rubric(DEFAULT_RUBRIC, check_questions())


# Messages


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("108 of 216 examples", "4 of 216 examples", True),
        ("the shape [102, 3, 2, 224, 224, 4]", "the shape [328, 2, 224]", True),
        ("values lie in [-0.5, 1e-3]", "values lie in [-0.25, 2.5]", True),
        ("u001, u003 and 16 more are in both", "u015 and 8 more are in both", True),
        ("`fit` raised ValueError", "`train_net` raised ValueError", True),
        ("of type float32", "of type float64", False),
        ("u001 is in both", "row 1 is in both", False),
        ("`fit` raised ValueError", "`fit` raised TypeError", False),
    ],
)
def test_messages_are_alike_where_only_numbers_and_names_differ(one: str, other: str, same: bool) -> None:
    assert (alike(one) == alike(other)) is same


def test_the_commonest_messages_come_first_in_their_commonest_wording_with_examples(rubric: Rubric) -> None:
    said = ["five columns", "9 rows", "3 rows", "7 rows", "3 rows", "five columns"]
    (tally,) = tallies(class_of(rubric, *({"same.shape": failed("six", observed)} for observed in said)))
    assert [(m.text, m.count, m.varies, m.examples) for m in tally.messages] == [
        ("3 rows", 4, True, ("s1", "s2", "s3")),
        ("five columns", 2, False, ("s0", "s5")),
    ]
    assert MOST_EXAMPLES == 3


def test_the_same_words_of_another_verdict_are_another_message(rubric: Rubric) -> None:
    results = class_of(rubric, {"same.shape": failed("six", "none")}, {"same.shape": missing("six", "none")})
    assert [message.verdict for message in tallies(results)[0].messages] == ["fail", "missing"]


def test_how_many_messages_are_left_out_is_said(rubric: Rubric) -> None:
    kinds = [{"same.shape": failed("six", "x" * (1 + number))} for number in range(MOST_MESSAGES + 2)]
    results = class_of(rubric, *kinds)
    assert (len(tallies(results)[0].messages), tallies(results)[0].other_messages) == (MOST_MESSAGES, 2)
    assert "and 2 other messages" in class_page(results, rubric.questions)


def test_what_passed_was_skipped_is_for_a_person_or_could_not_be_read_has_no_message(rubric: Rubric) -> None:
    check = CHECKS["same.shape"]
    quiet = [passed("six", observed="a"), skipped("b"), Verdict(Outcome.MANUAL, observed="c"), Verdict(Outcome.ERROR)]
    results = class_of(rubric, *({check.id: verdict} for verdict in quiet))
    graded = unreadable("zoe", "d", Unreadable("zoe.ipynb is empty"), [check])
    results["zoe"] = result_of(graded, rubric, "d2", 7, Sandbox.CAGE)
    assert [tally.messages for tally in tallies(results)] == [()]


# What needs a person


def titles(rubric: Rubric, found: dict[str, Any]) -> list[str]:
    return [concern.title for concern in concerns({"anna": found, "berta": result(rubric)})]


def test_nothing_needs_a_person_where_all_is_well(rubric: Rubric) -> None:
    assert concerns({"anna": result(rubric)}) == []
    assert "Nothing but the answers and pictures" in class_page({"anna": result(rubric)}, rubric.questions)


def test_what_could_not_be_read_is_listed_once_with_the_reason(rubric: Rubric) -> None:
    graded = unreadable("anna", "d", Unreadable("a.ipynb is empty"), [CHECKS[id] for id in rubric.points])
    found = result_of(graded, rubric, "d2", 7, Sandbox.CAGE)
    (concern,) = concerns({"anna": found})
    assert concern.title == "Could not be read"
    assert [(item.folder, item.words, item.checks) for item in concern.items] == [("anna", "a.ipynb is empty", ())]


def test_a_notebook_in_which_nothing_was_done_is_not_unreadable(rubric: Rubric) -> None:
    words = "`generate_same_pair` is still to be written"
    assert titles(rubric, result(rubric, {"same.shape": missing("", words), "same.content": missing("", words)})) == []


def test_what_the_grader_failed_on_and_what_ran_out_of_time_is_listed_with_its_checks(rubric: Rubric) -> None:
    assert titles(rubric, result_of(faulty("a", ValueError(), list(CHECKS.values())), rubric, "", 7, Sandbox.CAGE)) == [
        "The grader itself failed"
    ]
    slow = Verdict(Outcome.TIMEOUT, observed="longer than 60 seconds")
    found = result(rubric, {"train.runs": slow, "data.shape": passed("four"), "data.values": slow})
    (concern,) = concerns({"anna": found})
    assert concern.title == "Ran out of time"
    assert [(i.words, i.checks) for i in concern.items] == [("longer than 60 seconds", ("train.runs", "data.values"))]


def test_automatic_checks_that_were_left_to_a_person_are_listed(rubric: Rubric) -> None:
    held = Verdict(Outcome.MANUAL, observed="it looks like pass, but ...")
    assert titles(rubric, result(rubric, {"cnn.forward": held})) == ["Reaches for the grader"]


NET1, NET2, OTHER = {"name": "Net1", "cell": 3}, {"name": "Net2", "cell": 4}, {"name": "Net3", "cell": 9}


@pytest.mark.parametrize(
    ("resolved", "found"),
    [
        ({"CNN": NET1, "CNNChannel": NET1}, [("`Net1` in cell 3 was taken for CNN and for CNNChannel", ())]),
        ({"CNN": NET1, "CNNChannel": NET2}, []),
        ({"of the future": NET1 | {"others": [NET2]}}, []),
    ],
)
@pytest.mark.parametrize("verdict", [passed(""), failed("", "raised")])
def test_roles_are_uncertain_where_one_thing_plays_two(
    rubric: Rubric, resolved: dict[str, Any], found: list[tuple[str, tuple[str, ...]]], verdict: Verdict
) -> None:
    results = {"anna": result(rubric, {"cnn.forward": verdict, "same.shape": passed("")}, resolved=resolved)}
    assert [(item.words, item.checks) for concern in concerns(results) for item in concern.items] == found


def test_what_else_could_be_meant_is_told_only_where_what_was_taken_has_not_earned_everything(rubric: Rubric) -> None:
    resolved = {"CNN": NET1 | {"others": [NET2, OTHER]}}
    words = "`Net1` in cell 3 was taken for CNN; `Net2` in cell 4 and `Net3` in cell 9 could be meant as well"
    for verdict, found in ((failed("", "raised"), [(words, ("cnn.forward",))]), (passed(""), [])):
        results = {"anna": result(rubric, {"cnn.forward": verdict, "same.shape": passed("")}, resolved=resolved)}
        assert [(item.words, item.checks) for concern in concerns(results) for item in concern.items] == found


def test_notes_on_what_was_taken_are_listed(rubric: Rubric) -> None:
    (concern,) = concerns({"anna": result(rubric, notes=("of 2 notebooks a.ipynb was taken", "cell 3 was left out"))})
    assert concern.title == "Taken or left out" and [item.words for item in concern.items] == [
        "of 2 notebooks a.ipynb was taken",
        "cell 3 was left out",
    ]


def test_blank_answers_and_missing_pictures_are_listed_by_question(rubric: Rubric) -> None:
    verdicts = {
        "written.q1d": Verdict(Outcome.MANUAL, exhibit=Exhibit(text=" \n")),
        "written.q1e": Verdict(Outcome.MANUAL, exhibit=Exhibit((3,), "They share it")),
        "written.q2c": Verdict(Outcome.MANUAL, exhibit=Exhibit(text="")),
        "curves.shown": Verdict(Outcome.MANUAL, exhibit=Exhibit()),
        "examples.men": Verdict(Outcome.MANUAL, exhibit=Exhibit(pictures=((3, 1, "image/png"),))),
    }
    found = concerns({"anna": result(rubric, verdicts)})
    assert [(concern.title, concern.items[0].checks) for concern in found] == [
        ("Blank answers", ("written.q1d", "written.q2c")),
        ("No pictures", ("curves.shown",)),
    ]
    page = class_page({"anna": result(rubric, verdicts)}, rubric.questions)
    assert all(f'href="{report_address("anna", question)}"' in page for question in ("q1d", "q2c", "q3d"))


def test_what_a_person_has_marked_waits_for_nobody_any_more(rubric: Rubric) -> None:
    verdicts = {
        "written.q1d": Verdict(Outcome.MANUAL, exhibit=Exhibit(text="")),
        "curves.shown": Verdict(Outcome.MANUAL, exhibit=Exhibit()),
    }
    anna = result(rubric, verdicts)
    marks = {id: Mark(0, "", key_of(anna, id)) for id in verdicts}
    assert len(concerns({"anna": anna})) == 2 and not concerns({"anna": with_marks(anna, marks)})


def test_that_there_was_no_sandbox_is_said(rubric: Rubric) -> None:
    results = {"anna": result(rubric), "berta": result(rubric, sandbox=Sandbox.NONE)}
    assert "1 of them was graded without a sandbox" in class_page(results, rubric.questions)
    assert "sandbox" not in class_page({"anna": result(rubric)}, rubric.questions)
