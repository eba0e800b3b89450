"""Gradescope's `results.json`."""

from collections.abc import Mapping
from typing import Any

from autograder.boundary.sandbox import Sandbox
from autograder.checks import CHECKS
from autograder.evidence.training_kinds import TestRun
from autograder.report.formats.shown import Shown, paragraphs
from autograder.report.inert import one_line
from autograder.report.record import as_json
from autograder.report.table import UNCAGED

# What is measured on the test sets is shown when grades are published. Students may hand in again and again, and a test
# accuracy that one sees each time is one that one ends up tuning for. Gradescope hides the total along with it.
HIDDEN, SHOWN = "after_published", "visible"


def gradescope_json(shown: Shown) -> str:
    """One test for each check. Where a person gives the points, it is a notice without a score."""
    numbers: dict[str, int] = {}
    tests = []
    for id, entry in shown.checks.items():
        question = shown.questions[id]
        numbers[question] = numbers.get(question, 0) + 1
        tests.append(_test(id, entry, question, numbers[question]))
    results: dict[str, Any] = {
        "output": _output(shown, tests),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": SHOWN,
        "stdout_visibility": "hidden",
        "tests": tests,
    }
    if not any("score" in test for test in tests):
        results["score"] = 0  # there has to be one
    return as_json(results)


def _test(id: str, entry: Mapping[str, Any], question: str, number: int) -> dict[str, Any]:
    verdict, said = entry["verdict"], paragraphs(entry)
    test: dict[str, Any] = {"number": f"{question.removeprefix('q')}.{number}", "name": id, "tags": [question]}
    if CHECKS[id].automatic:
        test |= {"score": entry["points"], "max_score": entry["possible"]}
    test["status"] = "passed" if verdict in ("pass", "manual") else "failed"
    if verdict not in ("pass", "fail"):
        said = [f"{verdict}:", *said] if len(said) > 1 else [f"{verdict}: {''.join(said)}"]
    test["output"] = "\n".join(said)
    test["visibility"] = HIDDEN if CHECKS[id].evidence is TestRun else SHOWN
    return test


def _output(shown: Shown, tests: list[dict[str, Any]]) -> str:
    """What is said of the whole: nothing that tells the points of a hidden check."""
    visible = [test for test in tests if test["visibility"] == SHOWN and "score" in test]
    earned, possible = (sum(test[key] for test in visible) for key in ("score", "max_score"))
    lines = [f"{earned:g} of {possible:g} automatic points"]
    if any(test["visibility"] == HIDDEN for test in tests):
        lines[0] += ", without those for the test sets, which are shown when grades are published"
    waiting = sum(entry["possible"] for entry in shown.checks.values() if entry["verdict"] == "manual")
    lines += [f"{waiting:g} points are for a person to give"] if waiting else []
    lines += [one_line(f"Note: {note}") for note in shown.result["notes"]]
    lines += [UNCAGED] if shown.result["grader"]["sandbox"] == Sandbox.NONE else []
    return "\n".join(lines)
