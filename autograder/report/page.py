"""`report.html`: a result as a page that runs nothing and shows strangers' text as text.

It is made of the result and the pictures of its curves, and is one file that needs nothing else. What stands between a
submission's text and whoever opens it is in `html_pages.py`.
"""

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.boundary.sandbox import Sandbox
from autograder.checks import CHECKS
from autograder.report.code import Listing, listings
from autograder.report.html_pages import rendered
from autograder.report.table import UNCAGED, summary

_NO_QUESTION = "others"


@dataclass(frozen=True)
class Line:
    """One check as the page shows it; entry: what the result says of it; pictures: where a person finds them."""

    id: str
    title: str
    entry: Mapping[str, Any]
    pictures: str


@dataclass(frozen=True)
class Section:
    """The checks of one question, in the result's order, and the code that they speak of."""

    name: str
    title: str
    lines: tuple[Line, ...]
    code: Sequence[Listing]
    stages: Sequence[Mapping[str, Any]] = ()
    rows: Sequence[Mapping[str, Any]] = ()

    @property
    def points(self) -> float:
        return sum(line.entry["points"] for line in self.lines)

    @property
    def possible(self) -> float:
        return sum(line.entry["possible"] for line in self.lines)

    @property
    def verdicts(self) -> str:
        """How many checks have which verdict: `3 pass, 1 fail`."""
        counted = Counter(line.entry["verdict"] for line in self.lines)
        return ", ".join(f"{count} {verdict}" for verdict, count in counted.items())

    @property
    def all_pass(self) -> bool:
        return all(line.entry["verdict"] == "pass" for line in self.lines)


def report_page(result: Mapping[str, Any], curves: Mapping[str, bytes] | None = None) -> str:
    """A result as an HTML page; the same result gives the same page.

    It shows the learning curves, and says where the pictures of the submission are.

    Args: curves: their pictures (PNG), by name.
    """
    return rendered(
        "result.html",
        styles=("base.css", "result.css"),
        result=result,
        summary=summary(result),
        uncaged=UNCAGED if result["grader"]["sandbox"] == Sandbox.NONE else "",
        sections=_sections(result),
        curves={name: base64.b64encode(picture).decode() for name, picture in sorted((curves or {}).items())},
    )


def _sections(result: Mapping[str, Any]) -> list[Section]:
    by_question: dict[str, list[Line]] = {}
    for id, entry in result["checks"].items():
        known = CHECKS.get(id)  # a result of another version may hold checks that this one does not know
        line = Line(id, known.title if known else id, entry, _where(entry.get("pictures", ())))
        by_question.setdefault(known.question if known else _NO_QUESTION, []).append(line)
    return [
        Section(
            name,
            f"Question {name[1:]}" if name != _NO_QUESTION else "Others",
            tuple(lines),
            listings(name, result.get("code", {}), result.get("resolved", {})),
            *_figures(result.get("figures", {}).get(name, ())),
        )
        for name, lines in by_question.items()
    ]


def _figures(parts: Sequence[Mapping[str, Any]]) -> tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]:
    """The shapes through a network and the rows of a generator, of which a figure is one."""
    return [part for part in parts if "size" in part], [part for part in parts if "upper" in part]


def _where(pictures: Any) -> str:
    """Where pictures are, in words: none of them is shown, since each is a file from a stranger."""
    counted = Counter(picture["cell"] for picture in pictures)
    return ", ".join(f"{count} picture{'s' * (count > 1)} in cell {cell}" for cell, count in counted.items())
