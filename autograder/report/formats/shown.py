"""What every format makes its text of, and the words that they share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from autograder.report.inert import printable
from autograder.report.places import Place

PARTIAL, UNJUDGED = "partial", ("pass", "manual", "skipped")


@dataclass(frozen=True)
class Shown:
    """A result and what else may be said of it.

    questions: by check id, in the rubric's order; places: by check id, where the code stands; environment: variables of
    the service that asks.
    """

    result: Mapping[str, Any]
    questions: Mapping[str, str]
    places: Mapping[str, Place] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def checks(self) -> Mapping[str, Mapping[str, Any]]:
        checks: Mapping[str, Mapping[str, Any]] = self.result["checks"]
        return checks


def paragraphs(entry: Mapping[str, Any]) -> list[str]:
    """What was seen, what was expected, the hint and the remark, each as printable text; those that there are.

    Of a check that passed, what it asks for; of one that was not judged, why.
    """
    if entry["verdict"] == "pass":
        parts = [entry["expected"], entry.get("remark", "")]
    elif entry["verdict"] in UNJUDGED:
        parts = [entry["observed"]]
    else:
        expected = f"Expected: {entry['expected']}" if entry["expected"] else ""
        parts = [entry["observed"], expected, entry["hint"], entry.get("remark", "")]
    return [printable(part) for part in parts if part]


def worst_first(shown: Shown) -> list[str]:
    """The checks that did not pass: those that earned nothing before partial ones, then by the points that are lost."""
    lost = {id: entry["possible"] - entry["points"] for id, entry in shown.checks.items()}
    failed = [id for id, entry in shown.checks.items() if entry["verdict"] not in UNJUDGED]
    return sorted(failed, key=lambda id: (shown.checks[id]["verdict"] == PARTIAL, -lost[id]))


def points_of(entry: Mapping[str, Any]) -> str:
    """Such as "1 of 2 points"."""
    return f"{entry['points']:g} of {entry['possible']:g} point{'' if entry['possible'] == 1 else 's'}"
