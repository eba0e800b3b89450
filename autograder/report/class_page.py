"""`index.html`: the results of a class on one page, from which an instructor knows in minutes where to look.

It is made of the results alone. Its one script sorts the table of submissions; without it nothing is missing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from autograder.boundary.sandbox import Sandbox
from autograder.report.distribution import Distribution, distribution
from autograder.report.for_a_person import concerns
from autograder.report.html_pages import rendered
from autograder.report.tallies import Results, tallies
from autograder.verdict import Outcome

CLASS_PAGE = "index.html"
_NO_QUESTION = "others"


@dataclass(frozen=True)
class Points:
    """Points in one cell of the table. kind: "full", "part" or "none"; waits: whether a person has to give more."""

    earned: float
    kind: str
    waits: bool


@dataclass(frozen=True)
class Row:
    """A submission in the table. questions: None where a question was not asked for."""

    folder: str
    total: Points
    automatic: Points
    questions: tuple[Points | None, ...]


def class_page(results: Results, questions: Mapping[str, str]) -> str:
    """The results of a class as an HTML page, to lie beside their folders; the same results give the same page.

    Args: results: by the name of their folder, in the order of the table; questions: the question of every check, in
        the order of the rubric.
    """
    asked = {questions.get(id, _NO_QUESTION) for result in results.values() for id in result["checks"]}
    columns = [name for name in dict.fromkeys([*questions.values(), _NO_QUESTION]) if name in asked]
    return rendered(
        "class.html",
        styles=("base.css", "class.css"),
        scripts=("class.js",),
        possible=_most(results, lambda result: result["possible"]),
        automatic=_most(results, lambda result: result["automatic"]["possible"]),
        uncaged=sum(result["grader"]["sandbox"] == Sandbox.NONE for result in results.values()),
        distributions=_distributions(results),
        concerns=concerns(results),
        columns={name: _possible(results, questions, name) for name in columns},
        rows=[_row(folder, result, questions, columns) for folder, result in results.items()],
        tallies=tallies(results),
        outcomes=[outcome.value for outcome in Outcome],
        address=report_address,
        questions_of=lambda ids: list(dict.fromkeys(questions.get(id, _NO_QUESTION) for id in ids)),
    )


def report_address(folder: str, question: str = "") -> str:
    """The relative address of a submission's report, or of a question within it."""
    address = f"./{quote(folder, safe='', errors='replace')}/report.html"
    return f"{address}#{quote(question)}" if question else address


def _distributions(results: Results) -> list[Distribution]:
    """That of the automatic points, and that of all points as soon as a person has given some."""
    automatic = {folder: result["automatic"] for folder, result in results.items()}
    kinds = {"Automatic points": automatic, "All points": results}
    if all(automatic[folder]["points"] == result["points"] for folder, result in results.items()):
        del kinds["All points"]
    found = (
        distribution(title, [one["points"] for one in points.values()], _most(points, lambda one: one["possible"]))
        for title, points in kinds.items()
    )
    return [one for one in found if one is not None]


def _row(folder: str, result: Mapping[str, Any], questions: Mapping[str, str], columns: Sequence[str]) -> Row:
    entries = result["checks"].values()
    automatic = result["automatic"]
    return Row(
        folder,
        _points(result["points"], result["possible"], _waits(entries)),
        _points(automatic["points"], automatic["possible"], False),
        tuple(_of_question(_entries(result, questions, name)) for name in columns),
    )


def _of_question(entries: Sequence[Mapping[str, Any]]) -> Points | None:
    if not entries:
        return None
    earned, possible = (round(sum(entry[key] for entry in entries), 6) for key in ("points", "possible"))
    return _points(earned, possible, _waits(entries))


def _points(earned: float, possible: float, waits: bool) -> Points:
    return Points(earned, "full" if earned >= possible else "part" if earned else "none", waits)


def _waits(entries: Iterable[Mapping[str, Any]]) -> bool:
    return any(entry["verdict"] == Outcome.MANUAL and "marked" not in entry for entry in entries)


def _entries(result: Mapping[str, Any], questions: Mapping[str, str], question: str) -> list[Mapping[str, Any]]:
    return [entry for id, entry in result["checks"].items() if questions.get(id, _NO_QUESTION) == question]


def _most(results: Results, possible: Callable[[Mapping[str, Any]], float]) -> float:
    """The points there are to earn: the same for all, unless results of other runs lie among them."""
    return max(map(possible, results.values()), default=0)


def _possible(results: Results, questions: Mapping[str, str], question: str) -> float:
    return _most(results, lambda result: round(sum(e["possible"] for e in _entries(result, questions, question)), 6))
