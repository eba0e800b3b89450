"""From the bytes of a notebook or script to its cells as the file holds them, in whatever format."""

import json
import re
import warnings
from typing import Any

import nbformat

from autograder.submission.inert import inert

MOST_CELLS = 5_000
# Brackets in a file, each of which may be an object in memory that is a hundred times as large.
_MOST_PARTS = 1_000_000
SCRIPT_CELL = re.compile(r"^# ?(?:%%|In\[[\d ]*\]:|<codecell>).*$", re.MULTILINE)


class Unreadable(ValueError):
    """There is no notebook to grade; the message is one sentence for the person who handed it in.

    Whatever names of files are in it, it is one line of signs that can be seen.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(inert(sentence))


class NothingThere(Unreadable):
    """What was named is not there: not whoever handed in is at fault, but whoever named it."""


def raw_cells(content: bytes, name: str) -> list[dict[str, Any]]:
    """The cells of a notebook or script as its file holds them: any of their parts may be missing, or anything at all.

    Raises: Unreadable.
    """
    if not content.strip():
        raise Unreadable(f"{name} is empty; was it still being saved when it was handed in?")
    if content[:5] == b"%PDF-":
        raise Unreadable(f"{name} is a PDF, whatever its name says; hand in the notebook file itself")
    if content[:4] in (b"Rar!", b"7z\xbc\xaf") or content[:2] == b"\x1f\x8b":
        raise Unreadable(f"{name} is an archive of a kind that is not unpacked; hand in a zip archive or the files")
    if content[:2] == b"PK":
        raise Unreadable(f"{name} is a zip archive, whatever its name says; unpack it first")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        if name.endswith(".ipynb") or b"\0" in content:
            reason = f"{name} is not text (byte {problem.start} is no UTF-8), so it is no notebook"
            raise Unreadable(reason) from problem
        text = content.decode("latin-1")  # comments in an older encoding cost nobody a script
    is_script = not name.endswith(".ipynb") and text.lstrip()[:1] != "{"
    return _script_cells(text) if is_script else _notebook_cells(text, name)


def _notebook_cells(text: str, name: str) -> list[dict[str, Any]]:
    if text.count("[") + text.count("{") > _MOST_PARTS:
        raise Unreadable(
            f"{name} has more than a million brackets in it; clear the outputs of its cells and save it again"
        )
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as problem:
        if text.lstrip()[:1] == "{":
            raise Unreadable(
                f"{name} is cut off or damaged: {_json_words(problem)}; save and hand it in again"
            ) from None
        raise Unreadable(f"{name} is no notebook: a notebook file is JSON and begins with a brace") from None
    if not isinstance(content, dict):
        raise Unreadable(f"{name} is JSON, but no notebook")
    cells = _listed_cells(_upgraded(content))
    if cells is None:
        raise Unreadable(f"{name} is JSON, but no notebook: it has no list of cells")
    if len(cells) > MOST_CELLS:
        raise Unreadable(f"{name} has {len(cells)} cells, more than the {MOST_CELLS} that are read")
    return cells


def _json_words(problem: Exception) -> str:
    if isinstance(problem, json.JSONDecodeError):
        return f"{problem.msg.lower().removesuffix(' starting at')} in line {problem.lineno}"
    return "it is nested too deeply" if isinstance(problem, RecursionError) else "it is no valid JSON"


def _upgraded(content: dict[str, Any]) -> dict[str, Any]:
    """The notebook in format 4, or as it is where nbformat cannot make sense of it: its cells are there anyway."""
    if content.get("nbformat") == 4:
        return content  # nbformat would copy all of it and change nothing
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return nbformat.convert(nbformat.from_dict(content), 4)
    except Exception:  # nbformat raises whatever its conversion stumbles over
        return content


def _listed_cells(content: dict[str, Any]) -> list[dict[str, Any]] | None:
    cells = content.get("cells")
    if cells is None and isinstance(content.get("worksheets"), list):
        lists = [sheet.get("cells") for sheet in content["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for found in lists if isinstance(found, list) for cell in found]
    if not isinstance(cells, list):
        return None
    return [cell for cell in cells if isinstance(cell, dict)]


def joined(source: Any) -> str:
    """A text as notebooks hold it, in one piece or as a list of lines; "" for anything else."""
    if isinstance(source, list):
        return "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""


def _script_cells(text: str) -> list[dict[str, Any]]:
    """A script as cells: at `# %%` or `# In[3]:` markers where it has any, else as one cell."""
    return [{"cell_type": "code", "source": part} for part in SCRIPT_CELL.split(text)]
