"""Reads the answers in words and the saved pictures out of a submission, for a person to mark. Nothing is run."""

import re
from collections.abc import Iterator

from autograder.evidence.kinds import SavedPicture, Written
from autograder.evidence.laboratory import Laboratory
from autograder.program.displays import Shown, shown_by_cells
from autograder.submission.answers import read_answers
from autograder.submission.bundle import Bundle

_WOMEN = re.compile(r"(?i:women|female|test_?w)(?![a-z])")
_MEN = re.compile(r"(?:(?<![A-Za-z])men|(?<!WO)(?:Men|MEN)|(?i:test_?m)|(?<![A-Za-z])male|(?i:test_?men))(?![a-z])")
_MOST_READ = 100_000


def collect(laboratory: Laboratory) -> Iterator[Written]:
    """The evidence for all questions that a person marks."""
    yield written_in(laboratory.understanding.bundle)


def written_in(bundle: Bundle) -> Written:
    """What is written and shown in a submission, by questions."""
    reading = read_answers(bundle.cells, bundle.statements)
    shown = shown_by_cells(bundle.statements, bundle.modules.sources.values())
    pictures = tuple(
        SavedPicture(
            cell.number,
            number,
            kind,
            reading.places.get(cell.number, ""),
            shown.get(cell.number, Shown.UNKNOWN),
            _whose_shoes(cell.source[:_MOST_READ]),
        )
        for cell in bundle.cells
        for number, kind in enumerate(cell.pictures, start=1)
    )
    has_outputs = any(cell.output or cell.pictures for cell in bundle.cells)
    has_text_cells = any(cell.kind != "code" for cell in bundle.cells)
    return Written(reading.answers, reading.asked, pictures, has_text_cells, has_outputs)


def _whose_shoes(source: str) -> str:
    """The shoes of which a cell's code speaks, "" where it speaks of both or of neither."""
    women, men = bool(_WOMEN.search(source)), bool(_MEN.search(source))
    if women == men:
        return ""
    return "women" if women else "men"
