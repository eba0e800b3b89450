"""What a result depends on, so that a run which was ended goes on where it was, and never with what is out of date."""

import hashlib
import importlib.metadata
import platform
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import autograder
import fixtures
from autograder.grading import Graded, checks_to_judge
from autograder.overrides import decisions_for
from autograder.report.record import has_record, recorded_result
from autograder.session import Setup
from autograder.submission.bundle import digest_of


def made_from(submission: Path, setup: Setup) -> dict[str, Any] | None:
    """All that the result of a submission depends on, as JSON values; None where the submission cannot be read.

    Of the seed only what a result says of it is in here, for it may be a secret.
    """
    try:
        digest = digest_of(submission)
    except OSError:
        return None
    said = setup.result(Graded("", "", {}))
    return {
        # Its name, too: what a file is taken for depends on its ending.
        "submission": {"name": submission.name, "folder": submission.is_dir(), "digest": digest},
        "decisions": asdict(decisions_for(setup.overrides, submission)),
        "grader": said["grader"],
        "checks": [check.id for check in checks_to_judge(setup.rubric, setup.only)],
        "device": setup.device,
        "code": code_digest(),
        "libraries": libraries_digest(),
    }


def finished_result(folder: Path, submission: Path, setup: Setup) -> dict[str, Any] | None:
    """The result of a submission from an earlier run, where it is what grading it now would give."""
    if not has_record(folder):  # which is soon seen, while a submission may be long to read
        return None
    needed = made_from(submission, setup)
    return recorded_result(folder, needed) if needed is not None else None


@cache
def code_digest() -> str:
    """sha256 over this grader's own code: its version says little of a checkout that somebody is working on."""
    total = hashlib.sha256()
    packages = [Path(str(package.__file__)).parent for package in (autograder, fixtures)]
    for folder in packages:
        for path in sorted(path for ending in ("py", "json") for path in folder.rglob(f"*.{ending}")):
            total.update(f"{folder.name}/{path.relative_to(folder)}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


@cache
def libraries_digest() -> str:
    """sha256 over Python's version and those of all installed libraries, any of which a submission may import."""
    found = {f"{library.name}=={library.version}" for library in importlib.metadata.distributions()}
    return hashlib.sha256("\n".join([platform.python_version(), *sorted(found)]).encode()).hexdigest()
