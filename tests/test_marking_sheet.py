"""marking.csv goes out to spreadsheets and comes back: nothing is lost, and what is not understood is refused."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.boundary.sandbox import Sandbox
from autograder.grading import Graded, check_questions
from autograder.marking.marks import Mark, key_of, set_aside, with_marks
from autograder.marking.reading import NotUnderstood, read_given
from autograder.marking.sheet import COLUMNS, KEY, Line, lines_of, sheet_of
from autograder.report.inert import csv_cell_read_back, csv_cell_to_be_read_back, printable
from autograder.report.result import as_read, result_of
from autograder.rubric import DEFAULT_RUBRIC, read_rubric
from autograder.verdict import Exhibit, Outcome, Verdict, passed

RUBRIC = read_rubric(DEFAULT_RUBRIC, check_questions())
ANSWER = Exhibit(cells=(4,), text="They share the floor.")
PICTURES = Exhibit(pictures=((7, 1, "image/png"), (7, 2, "image/png"), (9, 1, "image/png")))
HEBREW = "יפה, אבל למה?"


def by_hand(exhibit: Exhibit | None) -> Verdict:
    return Verdict(Outcome.MANUAL, observed="for a person", exhibit=exhibit)


def result(name: str = "anna", digest: str = "d1", **verdicts: Verdict) -> dict[str, Any]:
    """A result in which 1d and 1e are answered, and two men's examples and one other are shown."""
    every = {
        "same.shape": passed("three for each student"),
        "written.q1d": by_hand(ANSWER),
        "written.q1e": by_hand(Exhibit(text="")),
        "examples.men": by_hand(PICTURES),
    } | {id.replace("_", ".", 1): verdict for id, verdict in verdicts.items()}
    return as_read(result_of(Graded(name, digest, every), RUBRIC, "d2", 7, Sandbox.CAGE))


CLASS = [result("anna"), result("berta")]
LINES = lines_of(CLASS, RUBRIC.questions)


def cells_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def saved(rows: Sequence[dict[str, str]], separator: str = ",", **how: Any) -> bytes:
    """Rows as a spreadsheet program writes them."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=separator, **how)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def filled(points: str = "1.5", comment: str = "", number: int = 0) -> list[dict[str, str]]:
    """All rows, of which one is filled in."""
    rows = cells_of(sheet_of(LINES))
    rows[number] |= {"points": points, "comment": comment}
    return rows


def faults(content: bytes) -> tuple[str, ...]:
    with pytest.raises(NotUnderstood) as problem:
        read_given(content, LINES)
    return problem.value.faults


# --- what goes out


def test_there_is_a_line_for_all_that_a_person_marks_and_answers_to_one_question_stand_together() -> None:
    rows = cells_of(sheet_of(LINES))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["check"], row["submission"]) for row in rows] == [
        *(("written.q1d", "anna"), ("written.q1d", "berta"), ("written.q1e", "anna"), ("written.q1e", "berta")),
        *(("examples.men", "anna"), ("examples.men", "berta")),
    ]
    assert (rows[0]["question"], rows[0]["possible"], rows[0]["cells"]) == ("q1d", "2", "4")
    assert rows[0]["answer"] == "They share the floor." and rows[2]["answer"] == ""
    assert rows[4]["pictures"] == "2 in cell 7, 1 in cell 9" and rows[0]["pictures"] == ""
    assert {row["points"] + row["comment"] for row in rows} == {""}


def test_what_an_unreadable_submission_did_not_answer_is_nothing_to_mark() -> None:
    missing = Verdict(Outcome.MISSING, observed="it is empty")
    nothing = result(written_q1d=missing, written_q1e=missing, examples_men=missing)
    assert lines_of([nothing], RUBRIC.questions) == []


def test_a_check_that_was_left_to_a_person_is_there_although_it_is_automatic() -> None:
    (line, *_) = lines_of([result(same_shape=by_hand(None))], RUBRIC.questions)
    assert line.check == "same.shape"


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-x", "@SUM(A1)", "a;=1", "a\n=1"])
def test_no_cell_is_a_formula_whoever_wrote_it(formula: str) -> None:
    found = result(formula, written_q1d=by_hand(Exhibit((1,), formula)))
    (line, *_) = lines_of([found], RUBRIC.questions)
    (row,) = cells_of(sheet_of([replace(line, mark=Mark(1.0, formula, line.key))]))
    for column in ("submission", "answer", "comment"):
        assert not any(part.startswith(tuple("=+-@")) for part in row[column].replace(";", "\n").split("\n"))


# --- the round trip

WORDS = st.lists(
    st.sampled_from(["=1+1", "-", "@", "'", '"', ";", ",", "\n", "\t", HEBREW, "👩‍👧", "7", "1e5", " "])
    | st.text(max_size=4),
    max_size=6,
).map("".join)


@given(WORDS)
def test_text_that_is_read_back_is_what_was_shown_and_once_more_as_well(text: str) -> None:
    cell = csv_cell_to_be_read_back(text)
    assert csv_cell_read_back(cell) == printable(text)
    assert csv_cell_to_be_read_back(csv_cell_read_back(cell)) == cell


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 200).map(lambda hundredths: hundredths / 100), WORDS), min_size=6, max_size=6),
    st.sampled_from(",;\t"),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_marks_come_back_as_they_went_out_whatever_a_program_makes_of_separators_quotes_and_line_ends(
    given_marks: list[tuple[float, str]], separator: str, quoting: int, line_end: str, marked_by_bytes: bool
) -> None:
    marks = [
        Mark(points, printable(comment.replace("\r", "\n")) if comment.strip() else "", line.key)
        for line, (points, comment) in zip(LINES, given_marks, strict=True)
    ]
    marks = [replace(mark, comment=mark.comment if mark.comment.strip() else "") for mark in marks]
    out = sheet_of([replace(line, mark=mark) for line, mark in zip(LINES, marks, strict=True)])
    back = saved(cells_of(out), separator, quoting=quoting, lineterminator=line_end)
    read = read_given(b"\xef\xbb\xbf" * marked_by_bytes + back, LINES)
    assert read.marks == {(line.submission, line.check): mark for line, mark in zip(LINES, marks, strict=True)}


@pytest.mark.parametrize(
    ("cell", "points"), [("2", 2.0), ("1.50", 1.5), ("1,5", 1.5), (" 0.25 ", 0.25), (".5", 0.5), ("0", 0.0)]
)
def test_points_are_read_as_any_program_writes_them(cell: str, points: float) -> None:
    (mark,) = read_given(saved(filled(cell)), LINES).marks.values()
    assert mark is not None and mark.points == points


def test_a_name_that_a_spreadsheet_took_for_a_number_is_still_known_by_its_key() -> None:
    lines = lines_of([result("1e5"), result("anna")], RUBRIC.questions)
    rows = cells_of(sheet_of(lines))
    assert rows[0]["submission"] == "'1e5"
    rows[0] |= {"submission": "100000", "points": "2"}
    assert set(read_given(saved(rows), lines).marks) == {("1e5", "written.q1d")}


def test_columns_may_be_moved_and_others_added_and_rows_sorted_or_removed() -> None:
    rows = [{"mine": "x"} | dict(reversed(row.items())) for row in reversed(filled("1", HEBREW)[:3])]
    assert read_given(saved(rows), LINES).marks == {("anna", "written.q1d"): Mark(1.0, HEBREW, LINES[0].key)}


def test_empty_lines_and_columns_that_programs_leave_at_the_end_say_nothing() -> None:
    content = saved(filled("1")).decode().replace("\r\n", ",,\r\n") + ",,,,\r\n\r\n"
    assert len(read_given(content.encode(), LINES).marks) == 1


def test_a_line_without_points_says_nothing_but_its_comment_is_not_forgotten() -> None:
    read = read_given(saved(filled("", "look again")), LINES)
    assert read.marks == {} and read.waiting == (2,)


def test_a_mark_is_taken_back_by_a_word() -> None:
    assert read_given(saved(filled("Unmarked")), LINES).marks == {("anna", "written.q1d"): None}


# --- what is refused


@pytest.mark.parametrize("points", ["-1", "2.01", "two", "nan", "inf", "1.5.2", "02. Mai", "1 2", "+1", "1/2"])
def test_points_have_to_be_a_number_from_nothing_to_what_is_possible(points: str) -> None:
    (fault,) = faults(saved(filled(points)))
    assert fault.startswith(f"line 2: the points for written.q1d of 'anna' are '{points}'; give a number from 0 to 2")


def without_its_key(row: dict[str, str]) -> None:
    row[KEY] = ""


def of_nobody(row: dict[str, str]) -> None:
    row |= {"submission": "ana", KEY: "key-0"}


def of_no_check(row: dict[str, str]) -> None:
    row |= {"check": "writen.q1d", KEY: "key-0"}


def of_an_answer_that_was_another(row: dict[str, str]) -> None:
    row[KEY] = key_of(result(written_q1d=by_hand(Exhibit((4,), "No idea."))), "written.q1d")


def with_the_name_of_another(row: dict[str, str]) -> None:
    row["submission"] = "berta"


def with_the_check_of_another(row: dict[str, str]) -> None:
    row["check"] = "written.q1e"


@pytest.mark.parametrize(
    ("alter", "sentence"),
    [
        (without_its_key, f"the column '{KEY}' is empty; copy the whole line anew"),
        (of_nobody, "no submission with answers to mark is called 'ana'; did you mean 'anna'?"),
        (of_no_check, "'writen.q1d' is no check that a person marks in 'anna'; did you mean 'written.q1d'?"),
        (
            of_an_answer_that_was_another,
            "the answer of 'anna' to written.q1d is not the one that this line was",
        ),
        (with_the_name_of_another, "it says 'berta' and 'written.q1d', but its key is of 'anna' and written.q1d"),
        (with_the_check_of_another, "it says 'anna' and 'written.q1e', but its key is of 'anna' and written.q1d"),
    ],
)
def test_a_line_that_is_not_understood_is_named(alter: Callable[[dict[str, str]], None], sentence: str) -> None:
    rows = filled("1")
    alter(rows[0])
    (fault,) = faults(saved(rows))
    assert fault.startswith("line 2: ") and sentence in fault


def test_a_line_twice_is_refused_if_it_says_two_things() -> None:
    rows = filled("1", HEBREW)
    assert len(read_given(saved([*rows, rows[0]]), LINES).marks) == 1
    (fault,) = faults(saved([*rows, rows[0] | {"points": "2"}]))
    assert fault.startswith("line 8: written.q1d of 'anna' is marked in line 2, too")


def test_all_faults_are_told_with_the_lines_in_which_their_rows_begin() -> None:
    rows = filled("3", "two\nlines")
    rows[1]["points"] = "4"
    assert [fault.partition(":")[0] for fault in faults(saved(rows))] == ["line 2", "line 4"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "line 1: the file is empty"),
        (b"PK\x03\x04 ...", "line 1: this is a spreadsheet"),
        (saved(filled()).decode().encode("utf-16"), "line 1: this is UTF-16 text; save it as 'CSV UTF-8'"),
        (saved(filled("1", "great", 1)).decode().encode("cp1252", "replace"), "line 1: the title"),
        (saved(filled("1", "très bien", 1)).replace("è".encode(), b"\xe8"), "line 3: there are letters that are not"),
        (saved(filled()).decode().encode("ascii", "replace"), f"line 1: the title '{KEY}' has become 'key ?'"),
        (saved(filled()).decode("cp1252").encode(), f"line 1: the title '{KEY}' has become"),
        (saved(filled()).replace(b"points,", b"marks,", 1), "line 1: no column is called 'points'; the columns are"),
        (saved(filled()).replace(b"seen,", b"points,", 1), "line 1: more than one column is called 'points'"),
        (saved(filled("1", "two\nlines", 5)).partition(b"\nlines")[0], "line 7: the file is not whole from here on"),
        (saved(filled("1", "a", 1)).replace(b"1,a,", b"1,a,b,c,"), "line 3: there are 13 cells, but 11 columns"),
    ],
)
def test_a_file_that_is_not_whole_or_lost_letters_is_refused(content: bytes, sentence: str) -> None:
    (fault,) = faults(content)
    assert sentence in fault


def test_what_stands_beside_the_columns_with_a_title_is_refused() -> None:
    titles, *rows = saved(filled()).decode().splitlines()
    content = "\n".join([f"{titles},", *(f"{row}," for row in rows[:-1]), f"{rows[-1]},2"])
    assert faults(content.encode())[0].startswith("line 7: there are 12 cells, but 11 columns have a title")


# --- which answer a mark is for


def key(found: dict[str, Any], check: str = "written.q1d") -> str:
    return key_of(found, check)


def test_words_are_the_same_answer_wherever_they_stand_and_whatever_else_changes() -> None:
    elsewhere = by_hand(replace(ANSWER, cells=(9,)))
    assert key(result(digest="d9", written_q1d=elsewhere)) == key(result())


def test_other_words_and_those_of_others_are_another_answer() -> None:
    other = by_hand(Exhibit((4,), "They share the light."))
    keys = {key(result()), key(result("berta")), key(result(written_q1d=other)), key(result(), "written.q1e")}
    assert len(keys) == 4


@pytest.mark.parametrize(
    ("check", "verdict"),
    [
        ("examples.men", by_hand(PICTURES)),
        ("written.q1d", by_hand(replace(ANSWER, pictures=((5, 1, "image/png"),)))),
        ("written.q1d", by_hand(Exhibit((4,), "long\n\n[...]"))),
        ("same.shape", by_hand(None)),
    ],
)
def test_where_the_result_does_not_hold_all_of_an_answer_any_change_of_the_submission_makes_another(
    check: str, verdict: Verdict
) -> None:
    verdicts: dict[str, Any] = {check.replace(".", "_"): verdict}
    before, after = (result(digest=digest, **verdicts) for digest in ("d1", "d2"))
    assert key(before, check) != key(after, check)


def test_a_mark_of_more_than_the_rubric_gives_now_is_set_aside() -> None:
    found = result()
    marks = {"written.q1d": Mark(2.5, "", key(found)), "written.q1e": Mark(2.0, "fine", key(found, "written.q1e"))}
    assert set_aside(found, marks) == {"2.5 points are more than the 2 that are possible": ["written.q1d"]}
    marked = with_marks(found, marks)
    assert marked["points"] == found["points"] + 2 and "marked" not in marked["checks"]["written.q1d"]
    assert with_marks(marked, {}) == found


def test_no_program_takes_a_key_for_anything_but_text() -> None:
    assert all(line.key.startswith("key-") for line in LINES) and len({line.key for line in LINES}) == len(LINES)
    assert isinstance(LINES[0], Line)
