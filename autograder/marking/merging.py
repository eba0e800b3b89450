"""Marks in a folder of results: put where they are shown, and added to from a copy of `marking.csv`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.marking.kept import CannotMark, TheClass, read_class, read_marks, write_class, write_marks
from autograder.marking.marks import Mark, Marks, set_aside, with_marks
from autograder.marking.reading import UNMARKED, Given, NotUnderstood, Row, number_of_points, read_given, rows_of
from autograder.marking.sheet import SHEET, lines_of, sheet_of
from autograder.report.class_page import CLASS_PAGE, class_page
from autograder.report.files import write_text
from autograder.report.grades import grades_csv
from autograder.report.record import RESULT, as_json
from autograder.report.result import as_read, write_changed_result
from autograder.results_folder import held


@dataclass(frozen=True)
class Shown:
    """What was written of a class. results: with their marks, in the order of the class; remarks: sentences for whoever
    marks."""

    results: tuple[dict[str, Any], ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Taken:
    """What taking marks over has come to, in numbers of lines. given: in the file; changed: that were not known
    before, or otherwise; waiting: answers of the class that nobody has marked; remarks: sentences for whoever marks."""

    given: int
    changed: int
    waiting: int
    remarks: tuple[str, ...]


def show_marks(
    results_folder: Path,
    results: Sequence[Mapping[str, Any]],
    questions: Mapping[str, str],
    marks: Marks,
    before: Marks | None = None,
) -> Shown:
    """Put marks on results, and write all that speaks of the whole class; what is already so is left as it is.

    Args: questions: the question of every check, in the order of the rubric; before: the marks that were shown so far,
        where they were others.
    Raises: OSError.
    """
    shown = tuple(_shown(results_folder, result, marks.get(result["submission"], {})) for result in results)
    write_text(results_folder / "grades.csv", grades_csv(shown, questions))
    write_text(results_folder / CLASS_PAGE, class_page({one["submission"]: one for one in shown}, questions))
    write_class(results_folder, TheClass(tuple(result["submission"] for result in shown), questions))
    remarks = list(_remarks_on(shown, marks))
    sheet = results_folder / SHEET
    if lost := _said_only_there(sheet, (marks, before or {})):
        remarks.append(f"{sheet} is left as it is, since {lost}; take it over with `autograder marks`")
    else:
        write_text(sheet, sheet_of(lines_of(shown, questions, marks)))
    return Shown(shown, tuple(remarks))


def take_marks(results_folder: Path, sheet: Path) -> Taken:
    """Take the marks in a copy of `marking.csv` over into a folder of results: all of them, or none.

    What this writes first is the file of all marks; where it is ended after that, the same command completes it, and so
    does the next `grade`.
    Raises: NotUnderstood, CannotMark, InUse, OSError.
    """
    read_class(results_folder)  # before a lock is made in a folder that is something else
    content = sheet.read_bytes()
    with held(results_folder) as folder:
        the_class = read_class(results_folder)
        results = [_result(results_folder / name / RESULT, name, the_class) for name in the_class.submissions]
        before = read_marks(results_folder)
        given = read_given(content, lines_of(results, the_class.questions))
        marks = _merged(before, given)
        folder.check()
        if marks != before:
            write_marks(results_folder, marks)
        shown = show_marks(results_folder, results, the_class.questions, marks, before)
    changed = sum(before.get(name, {}).get(check) != mark for (name, check), mark in given.marks.items())
    unmarked = sum(line.mark is None for line in lines_of(shown.results, the_class.questions, marks))
    return Taken(len(given.marks), changed, unmarked, (*_remarks_on_file(given), *shown.remarks))


def _merged(before: Marks, given: Given) -> Marks:
    merged = {name: dict(of_one) for name, of_one in before.items()}
    for (name, check), mark in given.marks.items():
        of_one = merged.setdefault(name, {})
        if mark is not None:
            of_one[check] = mark
        else:
            of_one.pop(check, None)
    return {name: of_one for name, of_one in merged.items() if of_one}


def _shown(results_folder: Path, result: Mapping[str, Any], marks: Mapping[str, Mark]) -> dict[str, Any]:
    if not marks and not any("marked" in entry for entry in result["checks"].values()):
        return dict(result)
    marked = with_marks(result, marks)
    if as_json(marked) != as_json(result):
        write_changed_result(results_folder / result["submission"], marked)
    return as_read(marked)


def _result(path: Path, name: str, the_class: TheClass) -> dict[str, Any]:
    try:
        result = json.loads(path.read_bytes())
        # Where a run of `grade` was ended in the middle, results may be of another rubric than the class.
        if result["submission"] != name or not result["checks"].keys() <= the_class.questions.keys():
            raise ValueError("it belongs to something else")
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as problem:
        raise CannotMark(
            f"{path} is not the result that `autograder grade` has written; run that command once more, and mark then"
        ) from problem
    checked: dict[str, Any] = result
    return checked


# --- what a person has to know


def _remarks_on(results: Sequence[Mapping[str, Any]], marks: Marks) -> Iterator[str]:
    for result in results:
        for reason, checks in set_aside(result, marks.get(result["submission"], {})).items():
            which = "the mark" if len(checks) == 1 else "the marks"
            yield f"{result['submission']}: {which} on {', '.join(checks)} cannot be applied: {reason}"


def _remarks_on_file(given: Given) -> Iterator[str]:
    if given.waiting:
        lines = f"line{'s' * (len(given.waiting) > 1)} {', '.join(map(str, given.waiting))}"
        yield f"a comment without points was left where it is, in {lines}; a mark needs both or points alone"


def _said_only_there(sheet: Path, known: Sequence[Marks]) -> str:
    """Why a file that a person may have filled in cannot be written anew without a loss; empty where it can.

    Args: known: the marks that hold now, and those that it may have been written with.
    """
    try:
        rows = list(rows_of(sheet.read_bytes()))
    except FileNotFoundError:
        return ""
    except NotUnderstood as problem:
        return f"it was changed and cannot be read ({problem.faults[0]})"
    every = {(mark.key, mark.points, mark.comment) for marks in known for by in marks.values() for mark in by.values()}
    keys = {mark.key for by in known[0].values() for mark in by.values()}
    for row in rows:
        if not _known(row, every, keys):
            return f"what line {row.number} says has not been taken over yet"
    return ""


def _known(row: Row, every: set[tuple[str, float, str]], keys: set[str]) -> bool:
    if not row.points:
        return not row.comment
    if row.points.lower() == UNMARKED:
        return row.key not in keys
    points = number_of_points(row.points)
    return points is not None and (row.key, points, row.comment) in every
