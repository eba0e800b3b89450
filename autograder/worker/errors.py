"""Exceptions of a submission, told in words."""

import traceback
from typing import Any


def describe_error(problem: BaseException) -> dict[str, Any]:
    """An exception in words and with the place in the submission where it came from."""
    place: dict[str, Any] = {}
    for frame in traceback.extract_tb(problem.__traceback__):
        if frame.filename.startswith("<cell ") and frame.filename[6:-1].isdigit():
            place = {"cell": int(frame.filename[6:-1]), "line": frame.lineno, "function": frame.name}
        elif frame.filename.startswith("<module "):
            place = {"module": frame.filename[8:-1], "line": frame.lineno, "function": frame.name}
    try:
        message = str(problem)[:400]
    except Exception:
        message = ""
    return {"type": type(problem).__name__, "message": message, **place}
