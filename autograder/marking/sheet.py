"""`marking.csv`: one line for each answer that a person marks, for a spreadsheet program.

Points, comment and key are read back (`reading.py`); all else is there to be read by whoever marks. What may be a
formula has an apostrophe before it.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.marking.marks import Mark, Marks, key_of, waits_for_a_person, why_not
from autograder.report.inert import csv_cell, csv_cell_to_be_read_back

SHEET = "marking.csv"
# The tick is in the title so that a file shows whether letters beyond ASCII have outlived the programs it came through.
KEY = "key \N{CHECK MARK}"
COLUMNS = (
    *("submission", "question", "check", "possible", "seen", "cells", "pictures", "answer", "points", "comment"),
    KEY,
)
# Only by this do spreadsheet programs know without asking that a file is UTF-8.
_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


@dataclass(frozen=True)
class Line:
    """An answer that a person marks. entry: what the result says of it; key: see `key_of`; mark: None until marked."""

    submission: str
    question: str
    check: str
    entry: Mapping[str, Any]
    key: str
    mark: Mark | None = None

    @property
    def possible(self) -> float:
        return float(self.entry["possible"])


def lines_of(
    results: Iterable[Mapping[str, Any]], questions: Mapping[str, str], marks: Marks | None = None
) -> list[Line]:
    """All that a person marks in a class. All answers to one question stand together, since nobody marks alike who
    comes back to a question after an hour.

    Args: questions: the question of every check, in the order of the rubric.
    """
    given = marks or {}
    lines = [line for result in results for line in _lines_of_one(result, questions, given)]
    order = list(questions)
    return sorted(lines, key=lambda line: order.index(line.check))


def _lines_of_one(result: Mapping[str, Any], questions: Mapping[str, str], marks: Marks) -> Iterator[Line]:
    name = result["submission"]
    for check, entry in result["checks"].items():
        if not waits_for_a_person(entry):
            continue
        mark = marks.get(name, {}).get(check)
        holds = mark is not None and not why_not(result, check, mark)
        yield Line(name, questions[check], check, entry, key_of(result, check), mark if holds else None)


def sheet_of(lines: Sequence[Line]) -> str:
    """The file's text; points and comments stand in it where a line is marked."""
    text = io.StringIO()
    writer = csv.writer(text)
    text.write(_BYTE_ORDER_MARK)
    writer.writerow(COLUMNS)
    for line in lines:
        answer = line.entry.get("answer", {"cells": [], "text": ""})
        writer.writerow(
            [
                csv_cell_to_be_read_back(line.submission),
                line.question,
                line.check,
                points_cell(line.possible),
                csv_cell(line.entry["observed"]),
                ", ".join(map(str, answer["cells"])),
                _where(line.entry.get("pictures", ())),
                csv_cell(answer["text"]),
                points_cell(line.mark.points) if line.mark else "",
                csv_cell_to_be_read_back(line.mark.comment) if line.mark else "",
                line.key,
            ]
        )
    return text.getvalue()


def points_cell(points: float) -> str:
    """A number of points as a cell holds it, with as many decimals as it has, and six at most."""
    return f"{points:.6f}".rstrip("0").rstrip(".")


def _where(pictures: Iterable[Mapping[str, Any]]) -> str:
    counted = Counter(picture["cell"] for picture in pictures)
    return ", ".join(f"{count} in cell {cell}" for cell, count in counted.items())
