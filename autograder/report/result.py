"""`result.json`, the interface to other programs; beside it `report.html`, `timings.json` and what was printed."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from autograder.boundary.sandbox import Sandbox
from autograder.checks import CHECKS
from autograder.grading import Graded, earned
from autograder.program.excerpts import Excerpt
from autograder.report.besides import BESIDES, besides_as_json, besides_of, read_besides
from autograder.report.curves import curve_files, curve_numbers, curve_pictures
from autograder.report.files import as_bytes, write_together
from autograder.report.inert import printable
from autograder.report.page import report_page
from autograder.report.record import PRINTED, RECORD, RESULT, as_json, record_of, record_of_changed
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
        "figures": {
            question: [asdict(part) for part in graded.figures[question]] for question in sorted(graded.figures)
        },
        "code": {role: shown(excerpt) for role, excerpt in sorted(graded.code.items())},
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


def shown(excerpt: Excerpt) -> dict[str, Any]:
    """Where a definition stands (`cell`, counted from 0, is absent in a file without cells) and its text."""
    place = {"file": printable(excerpt.file)} | ({} if excerpt.cell is None else {"cell": excerpt.cell})
    return place | {"line": excerpt.line, "source": printable(excerpt.source)} | ({"cut": True} if excerpt.cut else {})


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


def as_read(result: Mapping[str, Any]) -> dict[str, Any]:
    """A result as whoever reads its file has it."""
    read: dict[str, Any] = json.loads(as_bytes(as_json(result)))
    return read


def write_result(
    folder: Path, result: Mapping[str, Any], graded: Graded, made_from: Mapping[str, Any] | None = None
) -> str:
    """Write `result.json`, `report.html`, `report.json`, `timings.json` and a picture of each learning curve; each is
    there as a whole or not at all.

    Args: made_from: all that the result depends on, for the record by which a later run can tell that it still holds;
        None where it is to be graded again.
    Returns: the page.
    Raises: OSError, which names the file; where there was no room, what was there is as it was.
    """
    seconds = {name: round(seconds, 3) for name, seconds in graded.seconds.items()}
    pictures = curve_pictures(result["submission"], graded.curves)
    contents = {file: pictures[name] for name, file in curve_files(graded.curves).items()}
    contents["timings.json"] = as_bytes(as_json({"seconds": seconds}))
    if graded.printed:
        contents[PRINTED] = as_bytes(_printed(graded.printed))
    besides = besides_of(graded)
    contents[BESIDES] = as_bytes(besides_as_json(besides))
    page = report_page(result, pictures, besides)
    contents["report.html"] = as_bytes(page)
    contents[RESULT] = as_bytes(as_json(result))
    if made_from is not None:
        contents[RECORD] = record_of(made_from, contents)
    folder.mkdir(parents=True, exist_ok=True)
    made = [*folder.glob("curve-*.png"), folder / PRINTED]
    old = [path.name for path in made if path.name not in contents]
    # Without its record no result counts, so that whatever ends this in the middle, no two are taken for one.
    write_together(folder, contents, instead_of=[RECORD, *old])
    return page


def page_of(result: Mapping[str, Any], graded: Graded) -> str:
    """The page that `write_result` writes, for whoever wants nothing else."""
    return report_page(result, curve_pictures(result["submission"], graded.curves), besides_of(graded))


def write_changed_result(folder: Path, result: Mapping[str, Any]) -> None:
    """Write `result.json` and `report.html` of a folder again, for a result on which only marks have changed.

    If the result counted as finished, it still does.
    Raises: OSError, which names the file; where there was no room, what was there is as it was.
    """
    beside = {name: folder / file for name, file in curve_files(result["curves"]).items()}
    pictures = {name: path.read_bytes() for name, path in beside.items() if path.is_file()}
    page = report_page(result, pictures, read_besides(folder))
    contents = {"report.html": as_bytes(page), RESULT: as_bytes(as_json(result))}
    record = record_of_changed(folder, contents)
    if record is not None:
        contents[RECORD] = record
    write_together(folder, contents, instead_of=[RECORD])


def _printed(printed: Mapping[str, str]) -> str:
    """What code printed while each of its functions was tried, as a text without anything that a terminal obeys."""
    parts = (f"--- {printable(name)}\n{printable(text).rstrip()}\n" for name, text in sorted(printed.items()))
    return "\n".join(parts)
