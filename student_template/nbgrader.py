"""Metadata by which nbgrader knows our cells (schema version 3), with the points of the rubric."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autograder.checks import CHECKS
from autograder.rubric import DEFAULT_RUBRIC, read_rubric

SCHEMA_VERSION = 3
# Kinds of cells in which the student writes. All other cells are left alone: students may change what is given.
WRITTEN_IN = ("function", "code", "written")


@dataclass(frozen=True)
class Points:
    """Points by question, 0 for one without: what the grader gives, what a person gives for words, and what a person
    gives for pictures that a cell shows."""

    automatic: Mapping[str, float]
    words: Mapping[str, float]
    shown: Mapping[str, float]


def read_points() -> Points:
    """The points of the rubric that comes with the grader."""
    rubric = read_rubric(DEFAULT_RUBRIC, {check.id: check.question for check in CHECKS.values()})
    automatic, words, shown = (defaultdict[str, float](float) for _ in range(3))
    for check in CHECKS.values():
        by_hand = words if check.id.startswith("written.") else shown
        points = automatic if check.automatic else by_hand
        points[check.question] += rubric.points[check.id]
    return Points(automatic, words, shown)


def nbgrader_metadata(kind: str, identifier: str, points: float) -> dict[str, Any]:
    """The key `nbgrader` of a cell's metadata: nothing for a cell that nbgrader need not know.

    Args: kind: as in our own metadata; identifier: unique in the notebook, of letters, digits, `-` and `_`; points: 0
        for a cell that earns none by itself.
    """
    if kind not in (*WRITTEN_IN, "self-check"):
        return {}
    metadata: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "grade_id": identifier,
        "grade": points > 0,
        "solution": kind in WRITTEN_IN,
        "locked": kind == "self-check",
        "task": False,
    }
    return {"nbgrader": metadata | ({"points": points} if points else {})}
