"""`graded.json`: what a result was made from, so that a later run can tell whether it still holds.

It lies beside the result and is written last, with the fingerprints of the files that it speaks of. Where it is missing
or any of them is another one, by whatever accident or hand, there is no finished result.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.report.files import as_bytes
from autograder.report.inert import inert_json

RECORD = "graded.json"
RESULT = "result.json"
PRINTED = "printed.txt"
SCHEMA = 1
# What is compared with the same submission graded elsewhere or again, and so can be spoken of.
_NOT_COMPARED = ("timings.json", PRINTED)


def as_json(value: Mapping[str, Any]) -> str:
    """JSON as it is written to files: stable, readable, inert in a terminal, with a newline at the end."""
    return inert_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"


def record_of(made_from: Mapping[str, Any], contents: Mapping[str, bytes]) -> bytes:
    """The record of a result; contents: of its files by name."""
    files = {name: _fingerprint(content) for name, content in contents.items() if name not in _NOT_COMPARED}
    return as_bytes(as_json({"schema": SCHEMA, "made_from": made_from, "files": files}))


def recorded_result(folder: Path, made_from: Mapping[str, Any]) -> dict[str, Any] | None:
    """The finished result in a folder, where there is one that was made from just this and nobody has touched it."""
    try:
        record = (folder / RECORD).read_bytes()
        contents = {name: (folder / name).read_bytes() for name in json.loads(record)["files"]}
        # Texts are compared, and no values: to Python, 1 is the same as 1.0 and as true, and to a check it need not be.
        if record != record_of(made_from, contents):
            return None
        result = json.loads(contents[RESULT])
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return result if isinstance(result, dict) else None


def record_of_changed(folder: Path, changed: Mapping[str, bytes]) -> bytes | None:
    """The record of a finished result of which some files are about to change by our own hand; None where there is no
    finished result, or another hand has changed it.

    Args: changed: the new contents of files that the record speaks of, by name.
    """
    try:
        record = json.loads((folder / RECORD).read_bytes())
        made_from, names = record["made_from"], list(record["files"])
        if recorded_result(folder, made_from) is None:
            return None
        return record_of(made_from, {name: (folder / name).read_bytes() for name in names} | dict(changed))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def has_record(folder: Path) -> bool:
    """Whether there may be a finished result."""
    return (folder / RECORD).is_file()


def _fingerprint(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
