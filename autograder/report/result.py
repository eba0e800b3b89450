"""`result.json`, the interface to other programs, and beside it `report.html` for people and `timings.json`."""

import json
import os
import tempfile
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from autograder.boundary.sandbox import Sandbox
from autograder.checks import CHECKS
from autograder.grading import Graded, earned
from autograder.report.curves import curve_files, curve_numbers, curve_picture
from autograder.report.inert import inert_json, printable
from autograder.report.page import report_page
from autograder.rubric import Rubric
from autograder.secret import fingerprint
from autograder.verdict import Exhibit

SCHEMA = 1


def result_of(graded: Graded, rubric: Rubric, data_digest: str, seed: int, sandbox: Sandbox) -> dict[str, Any]:
    """A submission's result as JSON values; the same submission, grader, data and seed give the same one.

    `possible` counts the checks that were asked for: all 100 points, or fewer with `--only`.
    """
    checks: dict[str, Any] = {}
    for id, verdict in graded.verdicts.items():
        checks[id] = {
            "verdict": verdict.outcome.value,
            "points": _number(earned(rubric, id, verdict)),
            "possible": rubric.points[id],
            "message": verdict.message,
            "expected": verdict.expected,
            "observed": verdict.observed,
            "hint": verdict.hint,
        }
        if verdict.remark:
            checks[id]["remark"] = verdict.remark
        if verdict.exhibit:
            checks[id] |= _exhibited(verdict.exhibit)
    automatic = {id: entry for id, entry in checks.items() if CHECKS[id].automatic}
    return {
        "schema": SCHEMA,
        "submission": graded.name,
        "digest": graded.digest,
        "grader": {
            "version": grader_version(),
            "rubric": rubric.digest,
            "data": data_digest,
            "seed": fingerprint(seed),
            "sandbox": sandbox.value,
        },
        "points": _total(checks, "points"),
        "possible": _total(checks, "possible"),
        "automatic": {"points": _total(automatic, "points"), "possible": _total(automatic, "possible")},
        "resolved": {role: dict(entry) for role, entry in graded.resolved.items()},
        "notes": list(graded.notes),
        "curves": {name: curve_numbers(curve) for name, curve in sorted(graded.curves.items())},
        "checks": checks,
    }


def _exhibited(exhibit: Exhibit) -> dict[str, Any]:
    """`answer` where a check asks for words, and `pictures`: each one's cell, its number there from 1, and its kind."""
    said: dict[str, Any] = {}
    if exhibit.text is not None:
        said["answer"] = {"cells": list(exhibit.cells), "text": printable(exhibit.text)}
    said["pictures"] = [{"cell": cell, "number": number, "kind": kind} for cell, number, kind in exhibit.pictures]
    return said


def grader_version() -> str:
    """The version of this package."""
    try:
        return version("shoe-pair-autograder")
    except PackageNotFoundError:
        return "not installed"


def _total(checks: Mapping[str, Mapping[str, Any]], key: str) -> float:
    return _number(sum(entry[key] for entry in checks.values()))


def _number(points: float) -> float:
    # Thirds of points must not end as 0.30000000000000004 in a file that is compared byte by byte.
    return round(float(points), 6)


def as_json(value: Mapping[str, Any]) -> str:
    """JSON as it is written to files: stable, readable, inert in a terminal, with a newline at the end."""
    return inert_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"


def write_result(folder: Path, result: Mapping[str, Any], graded: Graded) -> None:
    """Write `result.json`, `report.html`, `timings.json` and a picture of each learning curve; each is there as a whole
    or not at all.

    The result comes last, so that where it is, everything is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("curve-*.png"):
        old.unlink()
    for name, file in curve_files(graded.curves).items():
        _write(folder / file, curve_picture(f"{result['submission']}: {name}", graded.curves[name]))
    write_text(folder / "timings.json", as_json({"seconds": {name: round(s, 3) for name, s in graded.seconds.items()}}))
    write_text(folder / "report.html", report_page(result))
    write_text(folder / "result.json", as_json(result))


def write_text(path: Path, text: str) -> None:
    """Write a file of text by renaming a finished one into its place."""
    # A lone surrogate, as a file name or a notebook may hold one, is no UTF-8; it is written as an escape.
    _write(path, text.encode("utf-8", errors="backslashreplace"))


def _write(path: Path, content: bytes) -> None:
    descriptor, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(unfinished).chmod(0o644)
        Path(unfinished).replace(path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
