"""Marks on a result: for what they hold, and what they change."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autograder.submission.answers import CUT
from autograder.verdict import Outcome


@dataclass(frozen=True)
class Mark:
    """What a person gives for one check of one submission; key: that of the line of `marking.csv`, see `key_of`."""

    points: float
    comment: str
    key: str


# By submission and check.
Marks = Mapping[str, Mapping[str, Mark]]


def waits_for_a_person(entry: Mapping[str, Any]) -> bool:
    """Whether a check of a result is marked by hand; so are a few that are automatic, see `checks/held.py`."""
    return bool(entry["verdict"] == Outcome.MANUAL.value)


def key_of(result: Mapping[str, Any], check: str) -> str:
    """What a mark holds for: this answer to this question by this submission.

    Words are the same answer wherever they stand. Of pictures, of code that a person is to look at and of answers that
    are too long, a result does not hold all, so there any change of the submission makes another answer.
    Returns: letters, and a dash, first, so that no spreadsheet takes it for a number or a date.
    """
    entry = result["checks"][check]
    words = entry["answer"]["text"] if "answer" in entry else None
    all_is_here = words is not None and not words.endswith(CUT) and not entry["pictures"]
    submission = "" if all_is_here else result["digest"]
    answer = json.dumps([result["submission"], check, words, submission])
    return f"key-{hashlib.sha256(answer.encode()).hexdigest()[:16]}"


def why_not(result: Mapping[str, Any], check: str, mark: Mark) -> str:
    """Why a mark does not hold for a result; empty where it does."""
    entry = result["checks"][check]
    if not waits_for_a_person(entry):
        return f"no person marks what is {entry['verdict']}"
    if key_of(result, check) != mark.key:
        return "the answer has changed since"
    if mark.points > entry["possible"]:
        return f"{mark.points:g} points are more than the {entry['possible']:g} that are possible"
    return ""


def set_aside(result: Mapping[str, Any], marks: Mapping[str, Mark]) -> dict[str, list[str]]:
    """The marks that do not hold for a result: their checks, by the reason. What was not graded this time is none."""
    reasons: dict[str, list[str]] = {}
    for check in (check for check in marks if check in result["checks"]):
        if reason := why_not(result, check, marks[check]):
            reasons.setdefault(reason, []).append(check)
    return reasons


def with_marks(result: Mapping[str, Any], marks: Mapping[str, Mark]) -> dict[str, Any]:
    """A result with those of the marks that hold for it, and no others, whichever were on it before.

    The points of a marked check are those given; its verdict stays `manual`, and `marked` holds points and comment. The
    total changes with them, the automatic points do not. Without marks, it is the result that was graded.
    """
    checks: dict[str, dict[str, Any]] = {}
    for id, entry in result["checks"].items():
        checks[id] = {key: value for key, value in entry.items() if key != "marked"}
        if "marked" in entry:
            checks[id]["points"] = 0.0  # what a check for a person earns by itself
        mark = marks.get(id)
        if mark is not None and not why_not(result, id, mark):
            checks[id] |= {"points": mark.points, "marked": {"points": mark.points, "comment": mark.comment}}
    # As all sums of a result: see `report/result.py`.
    return {**result, "points": round(float(sum(entry["points"] for entry in checks.values())), 6), "checks": checks}
