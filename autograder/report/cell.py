"""The result as a student sees it below a cell of a notebook."""

import io
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console

from autograder.boundary.sandbox import Sandbox
from autograder.report.inert import html_text
from autograder.report.table import UNCAGED, result_table

# Wide enough for sentences, narrow enough for nbgrader, which cuts off what is longer than its lines.
_WIDTH = 80
# Each can be read on white and on black, since a notebook may be either.
_COLOURS = {
    "pass": "#2a8f43",
    "partial": "#b7791f",
    "fail": "#d9483b",
    "missing": "#a855c7",
    "timeout": "#d9483b",
    "error": "#d9483b",
}
_LEFT = "text-align:left;vertical-align:top"


def cell_text(result: Mapping[str, Any], questions: Mapping[str, str]) -> str:
    """The table as plain text, for a terminal and for nbgrader."""
    # Without a word about it, rich would find the notebook and show an output of its own.
    console = Console(width=_WIDTH, file=io.StringIO(), force_jupyter=False, color_system=None)
    with console.capture() as capture:
        console.print(result_table(result, questions))
    return capture.get()


def cell_html(result: Mapping[str, Any], heading: str) -> str:
    """A heading, one row a check, and what else is worth knowing; the text of a submission appears as text."""
    titles = "".join(f'<th style="{_LEFT}">{title}</th>' for title in ("check", "verdict", "points", "what was seen"))
    rows, before = "", list[str]()
    for id, entry in result["checks"].items():
        words = [word for word in _words(entry) if word]
        # Where one reason fails all checks of a function, it is said once.
        rows += _row(id, entry, [word for word in words if word not in before] or words)
        before = words
    remarks = [f"Note: {note}" for note in result["notes"]]
    if result["grader"]["sandbox"] == Sandbox.NONE:
        remarks.append(UNCAGED)
    below = "".join(f"<div><bdi>{html_text(remark)}</bdi></div>" for remark in remarks)
    return f"<div><b>{html_text(heading)}</b></div><table><tr>{titles}</tr>{rows}</table>{below}"


def _row(id: str, entry: Mapping[str, Any], words: list[str]) -> str:
    verdict = html_text(entry["verdict"])
    if colour := _COLOURS.get(entry["verdict"]):
        verdict = f'<b style="color:{colour}">{verdict}</b>'
    text = "<br>".join(f"<bdi>{html_text(part)}</bdi>" for part in words)
    cells = (html_text(id), verdict, f"{entry['points']:g}/{entry['possible']:g}", text)
    return "<tr>" + "".join(f'<td style="{_LEFT}">{cell}</td>' for cell in cells) + "</tr>"


def _words(entry: Mapping[str, Any]) -> Iterator[str]:
    remark = entry.get("remark", "")
    if entry["verdict"] == "pass":
        yield from (entry["expected"], remark)
    elif entry["verdict"] in ("skipped", "manual"):
        yield entry["observed"]
    else:
        yield entry["observed"]
        yield f"Expected: {entry['expected']}" if entry["expected"] else ""
        yield from (entry["hint"], remark)
