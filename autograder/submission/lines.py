"""From a line of a cell to the line of its file, so that a forge can show where it stands.

In a notebook that is a line of its JSON: the one on which the string begins that holds the cell's line. No JSON string
goes on over a line, so where the strings begin is all that has to be found.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from autograder.submission.notebook_file import SCRIPT_CELL

_DECODER = json.JSONDecoder()
_BLANKS = re.compile(r"[ \t\n\r]*")
_LINE_ENDS = re.compile(r"\r\n|\r|\n")


def file_line(content: bytes, cell: int, line: int) -> int | None:
    """The line of a notebook's or script's file, counted from 1, on which a line of a cell stands.

    Args: cell: counted from 0 over all cells; line: from 1; one behind the last is taken for the last.
    Returns: None where the file has no such cell.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    if text.lstrip()[:1] != "{":
        return _line_of_script(text, cell, line)
    try:
        cells = _cells(text)
        return _line_of_notebook(text, cells[cell], line) if 0 <= cell < len(cells) else None
    except (ValueError, IndexError, RecursionError):  # whoever graded it has read it in another way
        return None


def cells_in(content: bytes) -> int:
    """How many cells a notebook's file has; 0 where it is no notebook."""
    try:
        return len(_cells(content.decode("utf-8-sig")))
    except (ValueError, IndexError, RecursionError):
        return 0


def _line_of_script(text: str, cell: int, line: int) -> int | None:
    # A cell's first line is what is left of the line of its marker.
    starts = [0, *(marker.end() for marker in SCRIPT_CELL.finditer(text))]
    if not 0 <= cell < len(starts):
        return None
    return text.count("\n", 0, starts[cell]) + line


def _line_of_notebook(text: str, cell: int, line: int) -> int:
    """Args: cell: where its JSON object begins."""
    pieces = list(_pieces(text, cell))
    source = "".join(piece for piece, _ in pieces)
    starts = [0, *(end.end() for end in _LINE_ENDS.finditer(source))]
    wanted, begins, read = starts[min(line, len(starts)) - 1], cell, 0
    for piece, start in pieces:
        begins = start
        read += len(piece)
        if wanted < read:
            break
    return text.count("\n", 0, begins) + 1


def _pieces(text: str, cell: int) -> Iterator[tuple[str, int]]:
    """The strings of a cell's source, each with where it begins in the text."""
    members = dict(_members(text, cell))
    at = members.get("source", members.get("input"))
    if at is None:
        return
    for start in _items(text, at) if text[at] == "[" else (at,):
        if text[start] == '"':
            yield _DECODER.raw_decode(text, start)[0], start


def _cells(text: str) -> list[int]:
    """Where each cell's JSON object begins. Raises: ValueError or IndexError, where the text is no notebook."""
    notebook = _after_blanks(text, 0)
    if text[notebook] != "{":
        raise ValueError("a notebook is a JSON object")
    members = dict(_members(text, notebook))
    # In format 3, cells lie in sheets.
    sheets = [members] if "cells" in members else []
    if not sheets and "worksheets" in members:
        sheets = [dict(_members(text, at)) for at in _items(text, members["worksheets"]) if text[at] == "{"]
    lists = [sheet["cells"] for sheet in sheets if "cells" in sheet]
    return [at for found in lists if text[found] == "[" for at in _items(text, found) if text[at] == "{"]


def _members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """The keys of the JSON object that begins at a place, each with where its value begins."""
    at = _after_blanks(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _after_blanks(text, _after_blanks(text, at) + 1)
        yield key, at
        at = _next(text, at)


def _items(text: str, at: int) -> Iterator[int]:
    """Where each value of the JSON array begins that begins at a place."""
    at = _after_blanks(text, at + 1)
    while text[at] != "]":
        yield at
        at = _next(text, at)


def _next(text: str, at: int) -> int:
    """Where the next one begins behind a value, or what holds them all ends."""
    value: tuple[Any, int] = _DECODER.raw_decode(text, at)
    end = _after_blanks(text, value[1])
    return _after_blanks(text, end + 1) if text[end] == "," else end


def _after_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at
