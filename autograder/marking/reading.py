"""Reads copies of `marking.csv` as they come back from spreadsheets, and refuses what it does not understand with the
line at fault.

Programs change more than their users do: the separator, line ends, quotes, `2.50` into `2.5` or `2,5`, a name such as
`007` into `7`. So the key of a line says which answer it is about, and what else stands there has to agree with it.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NamedTuple

from autograder.marking.marks import Mark
from autograder.marking.sheet import COLUMNS, KEY, Line, points_cell
from autograder.report.inert import csv_cell_read_back, one_line

_SEPARATORS = ",;\t"
_NEEDED = ("submission", "check", "points", "comment", KEY)
_NUMBER = re.compile(r"[0-9]{1,4}(?:[.,][0-9]{1,6})?|[.,][0-9]{1,6}")
# Of a mark that is to be taken back; an empty cell says nothing, so that several people can fill in a copy each.
UNMARKED = "unmarked"
_SAVE_AS = "save it as 'CSV UTF-8' (LibreOffice: Text CSV, character set Unicode UTF-8)"
_MOST_SHOWN = 60


class NotUnderstood(ValueError):
    """A file of marks is refused as a whole; faults: a sentence each, with the line in the file."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class Row(NamedTuple):
    """What stands in a line of the file, by column; number: of its first line in the file, from 1."""

    number: int
    cells: Mapping[str, str]

    @property
    def points(self) -> str:
        return self.cells["points"].strip()

    @property
    def comment(self) -> str:
        comment = self.cells["comment"].replace("\r\n", "\n").replace("\r", "\n")
        return csv_cell_read_back(comment) if comment.strip() else ""

    @property
    def key(self) -> str:
        return self.cells[KEY].strip()


@dataclass(frozen=True)
class Given:
    """What a file of marks says. marks: by submission and check; None where a mark is taken back; waiting: the lines
    that have a comment and no points yet."""

    marks: Mapping[tuple[str, str], Mark | None] = field(default_factory=dict)
    waiting: tuple[int, ...] = ()


def number_of_points(cell: str) -> float | None:
    """The number in a cell, whichever sign the program writes before decimals; None where there is none."""
    return float(cell.replace(",", ".")) if _NUMBER.fullmatch(cell) else None


def read_given(content: bytes, lines: Sequence[Line]) -> Given:
    """The marks in a copy of `marking.csv`.

    Args: lines: all that there is to mark now.
    Raises: NotUnderstood, with every fault that was found.
    """
    reader = _Reader(lines)
    for row in rows_of(content):
        reader.read(row)
    if reader.faults:
        raise NotUnderstood(reader.faults)
    return Given(reader.marks, tuple(reader.waiting))


class _Reader:
    """Collects marks and faults, row by row."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._by_key = {line.key: line for line in lines}
        self._checks: dict[str, list[str]] = {}
        for line in lines:
            self._checks.setdefault(line.submission, []).append(line.check)
        self.marks: dict[tuple[str, str], Mark | None] = {}
        self._marked_in: dict[tuple[str, str], int] = {}
        self.waiting: list[int] = []
        self.faults: list[str] = []

    def read(self, row: Row) -> None:
        if not row.points:
            if row.comment:
                self.waiting.append(row.number)
            return
        line = self._by_key.get(row.key)
        fault = self._unknown(row) if line is None else self._at_odds(row, line) or self._wrong_points(row, line)
        if line is not None and not fault:
            fault = self._take(row, line)
        if fault:
            self.faults.append(f"line {row.number}: {fault}")

    def _unknown(self, row: Row) -> str:
        """Why no answer has the key of a row."""
        name, check = csv_cell_read_back(row.cells["submission"]), row.cells["check"].strip()
        if name not in self._checks:
            return f"no submission with answers to mark is called {_quoted(name)}{_meant(name, self._checks)}"
        if check not in self._checks[name]:
            known = self._checks[name]
            return f"{_quoted(check)} is no check that a person marks in {_quoted(name)}{_meant(check, known)}"
        if not row.key:
            return f"the column '{KEY}' is empty; copy the whole line anew from marking.csv in the folder of results"
        return (
            f"the answer of {_quoted(name)} to {check} is not the one that this line was written for; mark it in the "
            "marking.csv that lies in the folder of results, and empty the points here"
        )

    def _at_odds(self, row: Row, line: Line) -> str:
        name, check = csv_cell_read_back(row.cells["submission"]), row.cells["check"].strip()
        # A name that nobody has was changed by a program; one that another has was moved here, as by sorting.
        if check == line.check and (name == line.submission or name not in self._checks):
            return ""
        return (
            f"it says {_quoted(name)} and {_quoted(check)}, but its key is of {_quoted(line.submission)} and "
            f"{line.check}; sort whole lines, and leave the key as it is"
        )

    def _wrong_points(self, row: Row, line: Line) -> str:
        if row.points.lower() == UNMARKED:
            return ""
        points = number_of_points(row.points)
        if points is not None and points <= line.possible:
            return ""
        return (
            f"the points for {line.check} of {_quoted(line.submission)} are {_quoted(row.points)}; give a number from "
            f"0 to {points_cell(line.possible)}, '{UNMARKED}' to take a mark back, or leave the cell empty"
        )

    def _take(self, row: Row, line: Line) -> str:
        points = number_of_points(row.points)
        mark = Mark(points, row.comment, line.key) if points is not None else None
        place = line.submission, line.check
        if place in self.marks and self.marks[place] != mark:
            return (
                f"{line.check} of {_quoted(line.submission)} is marked in line {self._marked_in[place]}, too, and "
                "otherwise; leave one of the two"
            )
        self.marks[place] = mark
        self._marked_in.setdefault(place, row.number)
        return ""


# --- the file


def rows_of(content: bytes) -> Iterator[Row]:
    """The rows of a copy of `marking.csv`, without those in which nothing stands.

    Raises: NotUnderstood.
    """
    text = io.StringIO(_decoded(content), newline="")
    separator = _separator(text.readline())
    text.seek(0)
    reader = csv.reader(text, delimiter=separator, strict=True)
    names: list[str] = []
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as problem:
            raise NotUnderstood([f"line {number}: the file is not whole from here on ({problem})"]) from problem
        if not names:
            names = _titles(cells)
        elif any(cell.strip() for cell in cells):
            if any(cell.strip() for cell in cells[len(names) :]):
                sentence = f"line {number}: there are {len(cells)} cells, but {len(names)} columns have a title"
                raise NotUnderstood([f"{sentence}; see whether a quote is missing"])
            filled = [*cells, *[""] * (len(names) - len(cells))]
            yield Row(number, dict(zip(names, filled, strict=False)))
    if not names:
        raise NotUnderstood(["line 1: the file is empty; fill in a copy of the marking.csv in the folder of results"])


def _decoded(content: bytes) -> str:
    if content.startswith(b"PK"):
        raise NotUnderstood([f"line 1: this is a spreadsheet (xlsx or ods); {_SAVE_AS}"])
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise NotUnderstood([f"line 1: this is UTF-16 text; {_SAVE_AS}"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        number = content.count(b"\n", 0, problem.start) + 1
        raise NotUnderstood([f"line {number}: there are letters that are not UTF-8; {_SAVE_AS}"]) from problem


def _separator(titles: str) -> str:
    """What stands between the titles, of which none holds any separator."""
    return max(_SEPARATORS, key=titles.count)


def _titles(cells: Sequence[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    altered = next((name for name in names if name.startswith("key") and name != KEY), None)
    if altered is not None:
        raise NotUnderstood(
            [
                f"line 1: the title '{KEY}' has become {_quoted(altered)}, so letters of other alphabets are lost in "
                f"this file; take the file from before that, and {_SAVE_AS}"
            ]
        )
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        listed = ", ".join(f"'{name}'" for name in missing)
        raise NotUnderstood([f"line 1: no column is called {listed}; the columns are {', '.join(COLUMNS)}"])
    doubled = [name for name in _NEEDED if names.count(name) > 1]
    if doubled:
        raise NotUnderstood([f"line 1: more than one column is called {_quoted(doubled[0])}; leave one of them"])
    return names


def _quoted(text: str) -> str:
    shown = one_line(text)
    return f"'{shown[:_MOST_SHOWN]}...'" if len(shown) > _MOST_SHOWN else f"'{shown}'"


def _meant(text: str, known: Sequence[str] | Mapping[str, object]) -> str:
    near = get_close_matches(text, list(known), 1)
    return f"; did you mean {_quoted(near[0])}?" if near else ""
