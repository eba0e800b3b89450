"""Whether a class page says what lies beside it: its numbers, read from the HTML, against the result files.

Nothing here is shared with what makes the page: it is parsed as a browser would, and counted anew.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from autograder.checks import CHECKS

_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_BIN = re.compile(r"([\d.]+) to (less than )?([\d.]+)")
Results = Mapping[str, Mapping[str, Any]]


class Page(HTMLParser):
    """tables: rows of cells, by the id of the table or else its class; headings: those of the third level; links: where
    the names of submissions lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.headings: list[str] = []
        self.links: list[str] = []
        self._rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "table":
            self._rows = self.tables.setdefault(given.get("id") or given.get("class") or "", [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")
        elif tag == "h3":
            self.headings.append("")
        elif tag == "a" and given.get("class") == "name":
            self.links.append(given.get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "h3" in self._open:
            self.headings[-1] += data
        if {"td", "th"} & set(self._open):
            self._rows[-1][-1] += data


def results_in(folder: Path) -> dict[str, dict[str, Any]]:
    """Every result of a class, by the folder that it lies in."""
    return {path.parent.name: json.loads(path.read_bytes()) for path in sorted(folder.glob("*/result.json"))}


def differences(page: Page, results: Results) -> Iterator[str]:
    """Where the page says something else than the results do, in words."""
    yield from _unlike("the verdicts of each check", _verdicts_shown(page), _verdicts(results))
    rows = {row[0].strip(): [cell.strip() for cell in row[1:]] for row in page.tables["table-of-submissions"][1:]}
    yield from _unlike("the points in the table", rows, _points(page, results))
    for number, (low, high, count) in enumerate(_bins(page)):
        points = [result["automatic"]["points"] for result in results.values()]
        inside = sum(low <= one < high or (one == high and _is_last(page, number)) for one in points)
        yield from _unlike(f"the submissions with {low:g} to {high:g} automatic points", count, inside)
    yield from _unlike("how many could not be read", _heading(page, "Could not be read"), _unread(results))
    reports = {f"./{folder}/report.html" for folder in results}
    yield from _unlike("the links to reports", {unquote(link.partition("#")[0]) for link in page.links}, reports)


def _unlike(what: str, shown: Any, counted: Any) -> Iterator[str]:
    if isinstance(shown, Mapping):
        for key in sorted({*shown, *counted}, key=str):
            yield from _unlike(f"{what}, {key}", shown.get(key), counted.get(key))
    elif shown != counted:
        yield f"{what}: the page says {shown}, the results {counted}"


def _verdicts_shown(page: Page) -> dict[tuple[str, str], int]:
    header, *rows = page.tables["table-of-checks"]
    shown: Counter[tuple[str, str]] = Counter()
    for check, *numbers in rows:
        shown.update({(check.split()[-1], v.strip()): int(n) for v, n in zip(header[1:], numbers, strict=True)})
    return dict(+shown)


def _verdicts(results: Results) -> dict[tuple[str, str], int]:
    return dict(Counter((id, e["verdict"]) for result in results.values() for id, e in result["checks"].items()))


def _points(page: Page, results: Results) -> dict[str, list[str]]:
    """Each row of the table as it should be: all points, automatic ones, and those of each question in its column."""
    questions = [f"q{title.split()[0]}" for title in page.tables["table-of-submissions"][0][3:]]
    rows = {}
    for folder, result in results.items():
        every = [(CHECKS[id], entry) for id, entry in result["checks"].items()]
        kinds = [every, [(check, entry) for check, entry in every if check.automatic]]
        kinds += [[(check, entry) for check, entry in every if check.question == question] for question in questions]
        rows[folder] = [_sum([entry for _, entry in kind]) for kind in kinds]
        rows[folder][1] = rows[folder][1].rstrip("+")  # what a person may still give is no automatic point
    return rows


def _sum(entries: Sequence[Mapping[str, Any]]) -> str:
    """Points as a cell shows them, with a plus where a person has some to give."""
    waits = any(entry["verdict"] == "manual" and "marked" not in entry for entry in entries)
    return f"{round(sum(entry['points'] for entry in entries), 6):g}{'+' * waits}" if entries else ""


def _bins(page: Page) -> list[tuple[float, float, int]]:
    """From, to and how many submissions, of each bar of automatic points."""
    found = []
    for title, count in page.tables["bins"][1:]:
        bounds = _BIN.match(title.strip())
        if bounds is not None:
            found.append((float(bounds[1]), float(bounds[3]), int(count)))
    return found


def _is_last(page: Page, number: int) -> bool:
    return number == len(_bins(page)) - 1


def _heading(page: Page, title: str) -> int:
    """The number behind a heading, 0 where there is none."""
    return next((int(words.split()[-1]) for words in page.headings if words.startswith(title)), 0)


def _unread(results: Results) -> int:
    """How many have the same reason everywhere, and nothing else."""
    said = [({e["observed"] for e in r["checks"].values()}, set(r["notes"])) for r in results.values()]
    return sum(len(observed) == 1 and observed == notes for observed, notes in said)
