"""The `result.json` of Classroom 50, which took the place of GitHub Classroom."""

import re
from typing import Any

from autograder.checks import CHECKS
from autograder.report.formats.shown import Shown, paragraphs
from autograder.report.record import as_json

# What its runner says of a submission, by the key under which the result repeats it.
VARIABLES = {
    "classroom": "CLASSROOM",
    "assignment": "ASSIGNMENT",
    "owner": "USERNAME",
    "submission": "SUBMISSION_TAG",
    "commit": "COMMIT_URL",
    "release": "RELEASE_URL",
    "review": "REVIEW_URL",
}
# Only whole numbers are points there, and a quarter of one is possible here.
PARTS_OF_A_POINT = 100
_TIME = re.compile(r"(\d{4})\D?(\d\d)\D?(\d\d)\D?(\d\d)\D?(\d\d)\D?(\d\d)")


class NotInClassroom50(Exception):
    """The environment is not the one that Classroom 50 runs an autograder in; the message is one sentence."""


def classroom50_json(shown: Shown) -> str:
    """The automatic checks with their points as whole hundredths; the words stand beside them.

    Raises: NotInClassroom50.
    """
    environment = shown.environment
    absent = [variable for variable in VARIABLES.values() if not environment.get(variable)]
    if absent:
        raise NotInClassroom50(
            f"--format classroom50 takes the submission's names from the environment, and {', '.join(absent)} "
            f"{'is' if len(absent) == 1 else 'are'} not set"
        )
    tests = [_test(id, shown) for id in shown.checks if CHECKS[id].automatic]
    result: dict[str, Any] = {
        "schema": "classroom50/result/v1",
        **{key: environment[variable] for key, variable in VARIABLES.items()},
        "assignment_type": environment.get("ASSIGNMENT_TYPE") or "individual",
        "datetime": _time(environment["SUBMISSION_TAG"]),
        "score": sum(test["score"] for test in tests),
        "max-score": sum(test["max-score"] for test in tests),
        "tests": tests,
    }
    return as_json(result)


def _test(id: str, shown: Shown) -> dict[str, Any]:
    entry = shown.checks[id]
    return {
        "test-name": id,
        "passed": entry["verdict"] == "pass",
        "score": round(entry["points"] * PARTS_OF_A_POINT),
        "max-score": round(entry["possible"] * PARTS_OF_A_POINT),
        "question": shown.questions[id],
        "output": "\n".join(paragraphs(entry)),
    }


def _time(tag: str) -> str:
    """The commit's time from a tag such as submit/2026-11-20T10-00-00Z-0a1b2c3."""
    found = _TIME.search(tag)
    if found is None:
        raise NotInClassroom50(f"SUBMISSION_TAG is {tag!r}, and should be submit/ with a time and the commit")
    year, month, day, hour, minute, second = found.groups()
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}Z"
