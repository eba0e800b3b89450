"""`report.html`: a result as a page that runs nothing and shows strangers' text as text.

It is made of the result and the pictures of its curves, and is one file that needs nothing else. What stands between a
submission's text and whoever opens it is in `html_pages.py`.
"""

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograder.boundary.sandbox import Sandbox
from autograder.checks import CHECKS
from autograder.report.about import cells_of
from autograder.report.besides import NOTHING, Besides
from autograder.report.code import Listing, listings
from autograder.report.figures import Figures, figures_in
from autograder.report.html_pages import rendered
from autograder.report.table import UNCAGED, summary
from autograder.report.tallies import is_unreadable
from autograder.verdict import Outcome

if TYPE_CHECKING:
    from markupsafe import Markup

_NO_QUESTION = "others"


@dataclass(frozen=True)
class Line:
    """One check as the page shows it; entry: what the result says of it; pictures: where a person finds them;
    cells: those of the notebook that it speaks of."""

    id: str
    title: str
    entry: Mapping[str, Any]
    pictures: str
    cells: tuple[int, ...]

    @property
    def unmarked(self) -> bool:
        """Whether a person has still to mark it."""
        return bool(self.entry["verdict"] == Outcome.MANUAL.value and "marked" not in self.entry)


@dataclass(frozen=True)
class Section:
    """The checks of one question, in the result's order, the code that they speak of, and what one sees of it."""

    name: str
    title: str
    lines: tuple[Line, ...]
    code: Sequence[Listing]
    figures: Figures

    @property
    def points(self) -> float:
        return sum(line.entry["points"] for line in self.lines)

    @property
    def possible(self) -> float:
        return sum(line.entry["possible"] for line in self.lines)

    @property
    def unmarked(self) -> float:
        """The points that a person has still to give or not."""
        return sum(line.entry["possible"] for line in self.lines if line.unmarked)

    @property
    def verdicts(self) -> str:
        """How many checks have which verdict: `3 pass, 1 fail`."""
        counted = Counter(line.entry["verdict"] for line in self.lines)
        return ", ".join(f"{count} {verdict}" for verdict, count in counted.items())

    @property
    def all_pass(self) -> bool:
        return all(line.entry["verdict"] == "pass" for line in self.lines)


@dataclass(frozen=True)
class NotebookCell:
    """A cell of the notebook as the page shows it. number: counted from 0; content: its HTML, None where there was no
    room for it; lines: the checks that speak of it."""

    number: int
    kind: str
    executed: int | None
    content: "Markup | None"
    lines: tuple[Line, ...]


def report_page(
    result: Mapping[str, Any], curves: Mapping[str, bytes] | None = None, besides: Besides = NOTHING
) -> str:
    """A result as an HTML page; the same result gives the same page.

    Args: curves: their pictures (PNG), by name; besides: what else is shown.
    """
    sections = _sections(result, _as_text(besides.pictures))
    return rendered(
        "result.html",
        styles=("base.css", "result.css", "figures.css", "notebook.css"),
        result=result,
        summary=summary(result),
        unreadable=is_unreadable(result),
        uncaged=UNCAGED if result["grader"]["sandbox"] == Sandbox.NONE else "",
        sections=sections,
        numbers=[cell["cell"] for cell in besides.notebook],
        notebook=_notebook_cells(besides.notebook, [line for section in sections for line in section.lines]),
        curves=_as_text(curves or {}),
    )


def _as_text(pictures: Mapping[str, bytes]) -> dict[str, str]:
    """Pictures as a page holds them, by name."""
    return {name: base64.b64encode(picture).decode() for name, picture in sorted(pictures.items())}


def _sections(result: Mapping[str, Any], pictures: Mapping[str, str]) -> list[Section]:
    by_question: dict[str, list[Line]] = {}
    for id, entry in result["checks"].items():
        known = CHECKS.get(id)  # a result of another version may hold checks that this one does not know
        title = known.title if known else id
        line = Line(id, title, entry, _where(entry.get("pictures", ())), cells_of(id, entry, result))
        by_question.setdefault(known.question if known else _NO_QUESTION, []).append(line)
    return [_section(name, lines, result, pictures) for name, lines in by_question.items()]


def _section(name: str, lines: Sequence[Line], result: Mapping[str, Any], pictures: Mapping[str, str]) -> Section:
    # What else could be meant is of no interest where what was taken is right.
    lost = any(line.entry["verdict"] not in (Outcome.PASS, Outcome.MANUAL) for line in lines)
    return Section(
        name,
        f"Question {name[1:]}" if name != _NO_QUESTION else "Others",
        tuple(lines),
        listings(name, result.get("code", {}), result.get("resolved", {}) if lost else {}),
        figures_in(result.get("figures", {}).get(name, ()), pictures),
    )


def _notebook_cells(shown: Sequence[Mapping[str, Any]], lines: Sequence[Line]) -> list[NotebookCell]:
    from markupsafe import Markup

    by_cell: dict[int, list[Line]] = {}
    for line in lines:
        for cell in line.cells:
            by_cell.setdefault(cell, []).append(line)
    return [
        NotebookCell(
            entry["cell"],
            entry["kind"],
            entry.get("executed"),
            None if entry["html"] is None else Markup(entry["html"]),
            tuple(by_cell.get(entry["cell"], ())),
        )
        for entry in shown
    ]


def _where(pictures: Any) -> str:
    """Where pictures are, in words: none of them is shown, since each is a file from a stranger."""
    counted = Counter(picture["cell"] for picture in pictures)
    return ", ".join(f"{count} picture{'s' * (count > 1)} in cell {cell}" for cell, count in counted.items())
