"""What GitHub Actions shows: annotations beside the code, and a summary of the job.

A summary is Markdown, and so may be what a submission says. Here it is made of blocks of HTML without an empty line in
them, in which nothing is Markdown any more; what is left is to escape HTML, and to keep names of people, of tickets and
of pictures from becoming links.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from autograder.boundary.sandbox import Sandbox
from autograder.report.formats.shown import PARTIAL, UNJUDGED, Shown, paragraphs, points_of, worst_first
from autograder.report.inert import html_text, one_line, printable
from autograder.report.places import Place
from autograder.report.table import UNCAGED, summary
from autograder.report.tallies import is_unreadable

# A summary that is larger is left out as a whole; there may be something in its file already.
MOST_BYTES = 1000 * 1024
# How long one paragraph may be, tried until all of them fit.
_LENGTHS = (8000, 1000, 100)
_LONGEST_MESSAGE = 4000
_SIGNS = {
    "pass": "✅",
    "partial": "🟡",
    "fail": "❌",
    "missing": "❔",
    "timeout": "⏱️",
    "error": "⚠️",
    "skipped": "⏭️",
    "manual": "✍️",
}
# GitHub makes links of @names, of #12, GH-12 and addresses, and pictures of :words:, wherever they stand. The hash
# within an escaped sign is none of these.
_LINKED = re.compile(r"(@|(?<!&)#|\bGH-)(?=\w)|(:)(?=[\w+-]+:|//)|(\bwww)(?=\.)", re.IGNORECASE)
_WORD_JOINER = "\N{WORD JOINER}"


def annotations(shown: Shown) -> str:
    """One workflow command a line for each check that did not pass, the worst first, since GitHub shows ten of a kind:
    an error, or a warning where something was earned. One error for all where there was nothing to grade."""
    if is_unreadable(shown.result):
        return _not_read(shown)
    return "".join(f"{_annotation(shown, id)}\n" for id in worst_first(shown))


def _not_read(shown: Shown) -> str:
    (note,) = shown.result["notes"]
    title = f"all checks: missing, {points_of(shown.result)}"
    return f"{_command('error', title, next(iter(shown.places.values()), None), printable(note))}\n"


def _annotation(shown: Shown, id: str) -> str:
    entry = shown.checks[id]
    title = f"{id}: {entry['verdict']}, {points_of(entry)}"
    kind = "warning" if entry["verdict"] == PARTIAL else "error"
    return _command(kind, title, shown.places.get(id), "\n".join(paragraphs(entry)))


def _command(kind: str, title: str, place: Place | None, message: str) -> str:
    properties: dict[str, str] = {}
    if place is not None:
        properties["file"] = place.file
        if place.line is not None:
            properties["line"] = str(place.line)
        if place.cell is not None:
            title += f" (cell {place.cell})"
    properties["title"] = title
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {listed}::{_message(message[:_LONGEST_MESSAGE])}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(one_line(text)).replace(":", "%3A").replace(",", "%2C")


def job_summary(shown: Shown, most_bytes: int = MOST_BYTES) -> str:
    """The result as GitHub's Markdown: points per question, then every check with what was seen and the hints.

    Args: most_bytes: of UTF-8. Where long texts have to be cut for that, they end in three dots.
    """
    text = ""
    for longest in _LENGTHS:
        text = "\n\n".join(_blocks(shown, longest)) + "\n\n"
        if len(text.encode()) <= most_bytes:
            return text
    return text.encode()[:most_bytes].decode(errors="ignore")


def _blocks(shown: Shown, longest: int) -> Iterator[str]:
    result = shown.result
    yield f"<h3>{_inert(result['submission'], longest)}</h3>"
    yield f"<p>{_inert(summary(result), longest)}</p>"
    yield _table(("question", "points", "of"), _questions(shown))
    rows = [(id, *_check(shown, id, longest)) for id, entry in shown.checks.items() if entry["verdict"] != "pass"]
    if rows:
        yield _table(("check", "verdict", "points", "what was seen"), rows)
    passed = [(id, *_check(shown, id, longest)) for id, entry in shown.checks.items() if entry["verdict"] == "pass"]
    if passed:
        table = _table(("check", "verdict", "points", "what was asked for"), passed)
        yield f"<details><summary>{len(passed)} checks passed</summary>{table}</details>"
    notes = [_inert(f"Note: {note}", longest) for note in result["notes"]]
    if result["grader"]["sandbox"] == Sandbox.NONE:
        notes.append(UNCAGED)
    if notes:
        yield "<ul>" + "".join(f"<li>{note}</li>" for note in notes) + "</ul>"


def _questions(shown: Shown) -> Iterator[tuple[str, str, str]]:
    for question in dict.fromkeys(shown.questions.values()):
        entries = [entry for id, entry in shown.checks.items() if shown.questions[id] == question]
        if entries:
            earned, possible = (sum(entry[key] for entry in entries) for key in ("points", "possible"))
            manual = sum(entry["possible"] for entry in entries if entry["verdict"] == "manual")
            waiting = f" ({manual:g} for a person to give)" if manual else ""
            yield question, f"{earned:g}", f"{possible:g}{waiting}"


def _check(shown: Shown, id: str, longest: int) -> tuple[str, str, str]:
    entry: Mapping[str, Any] = shown.checks[id]
    place = shown.places.get(id)
    parts = [_inert(part, longest) for part in paragraphs(entry)]
    if place is not None and entry["verdict"] not in UNJUDGED:
        where = place.file + ("" if place.cell is None else f", cell {place.cell}")
        parts.append(f"<em>{_inert(where, longest)}</em>")
    verdict = f"{_SIGNS[entry['verdict']]} {entry['verdict']}"
    return verdict, f"{entry['points']:g}/{entry['possible']:g}", "<br>".join(parts)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    titles = "".join(f"<th>{title}</th>" for title in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f"<table>\n<tr>{titles}</tr>\n{body}</table>"


def _inert(text: str, longest: int) -> str:
    """Text within a block of HTML, in one line of it."""
    shown = text if len(text) <= longest else text[:longest] + "..."
    return _LINKED.sub(rf"\g<0>{_WORD_JOINER}", html_text(shown)).replace("\n", "<br>")
