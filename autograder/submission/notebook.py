"""From the bytes of a notebook or script to cells, and from cells to statements."""

import ast
import json
import re
import warnings
from dataclasses import dataclass
from typing import Any

import nbformat

from autograder.submission.inert import inert
from autograder.submission.pictures import saved_pictures
from autograder.submission.python_text import MOST_LETTERS, MOST_STATEMENTS, NotPython, Rewriter, body_of, parsed

__all__ = ["Cell", "Statement", "Unparsed", "Unreadable", "as_python", "body_of", "read_cells", "read_statements"]

# Cell magics whose body is ordinary Python; the body of any other (%%bash, %%html, %%R) is another language.
PYTHON_CELL_MAGICS = frozenset({"time", "timeit", "capture", "prun", "memit", "debug", "python", "python3"})
# `%time data = load()` runs its line like any other.
_TIMED_LINE = re.compile(r"^([ \t]*)%(?:time|timeit)[ \t]+(?=\S)", re.MULTILINE)
# `%pylab inline` imports all of numpy and pyplot, and both by their short names.
_PYLAB_LINE = re.compile(r"^%pylab\b.*$", re.MULTILINE)
_PYLAB = "import numpy, matplotlib, numpy as np, matplotlib.pyplot as plt; from matplotlib.pylab import *"
MOST_OUTPUT = 20_000
MOST_CELLS = 5_000
# Brackets in a file, each of which may be an object in memory that is a hundred times as large.
_MOST_PARTS = 1_000_000
_LARGEST_COUNT = 10**9
_QUESTION = re.compile(r"q[1-4][a-e]?")
SCRIPT_CELL = re.compile(r"^# ?(?:%%|In\[[\d ]*\]:|<codecell>).*$", re.MULTILINE)


class Unreadable(ValueError):
    """There is no notebook to grade; the message is one sentence for the person who handed it in.

    Whatever names of files are in it, it is one line of signs that can be seen.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(inert(sentence))


class NothingThere(Unreadable):
    """What was named is not there: not whoever handed in is at fault, but whoever named it."""


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook. number: its place, counted from 0 over all cells; kind: "code" or "markdown"; output: the
    text of what it printed when it was saved; executed: how many cells had been run when it was, itself counted;
    question: such as "q1d", where the template or a tag says so; pictures: the kind of each picture that is saved in
    it, such as "image/png"."""

    number: int
    kind: str
    source: str
    output: str = ""
    executed: int | None = None
    question: str = ""
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Statement:
    """A top-level statement of a code cell. line: its first line within the cell, counted from 1."""

    cell: int
    line: int
    source: str
    node: ast.stmt


@dataclass(frozen=True)
class Unparsed:
    """A code cell that is no Python; reason: why, in words."""

    cell: int
    reason: str


def read_cells(content: bytes, name: str) -> tuple[Cell, ...]:
    """The cells of a notebook (`.ipynb`, any format version) or of a Python script.

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
    cells = _script_cells(text) if is_script else _notebook_cells(text, name)
    if not any(cell.kind == "code" and cell.source.strip() for cell in cells):
        raise Unreadable(f"{name} has no code cell with anything in it")
    return cells


def _notebook_cells(text: str, name: str) -> tuple[Cell, ...]:
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
    cells = _raw_cells(_upgraded(content))
    if cells is None:
        raise Unreadable(f"{name} is JSON, but no notebook: it has no list of cells")
    if len(cells) > MOST_CELLS:
        raise Unreadable(f"{name} has {len(cells)} cells, more than the {MOST_CELLS} that are read")
    return tuple(_notebook_cell(number, cell) for number, cell in enumerate(cells))


def _notebook_cell(number: int, cell: dict[str, Any]) -> Cell:
    source = _joined(cell.get("source", cell.get("input", "")))
    output, pictures = _printed(cell.get("outputs")), saved_pictures(cell, source)
    executed = _counted(cell.get("execution_count", cell.get("prompt_number")))
    kind = cell.get("cell_type")
    return Cell(
        number, kind if isinstance(kind, str) else "", source, output, executed, _named_question(cell), pictures
    )


def _named_question(cell: dict[str, Any]) -> str:
    """The question that a cell's metadata names: our template's, or a tag."""
    metadata = cell.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    ours, tags = metadata.get("shoe_pairs"), metadata.get("tags")
    named = [ours.get("question")] if isinstance(ours, dict) else []
    named += tags if isinstance(tags, list) else []
    return next((name for name in named if isinstance(name, str) and _QUESTION.fullmatch(name)), "")


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


def _raw_cells(content: dict[str, Any]) -> list[dict[str, Any]] | None:
    cells = content.get("cells")
    if cells is None and isinstance(content.get("worksheets"), list):
        lists = [sheet.get("cells") for sheet in content["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for found in lists if isinstance(found, list) for cell in found]
    if not isinstance(cells, list):
        return None
    return [cell for cell in cells if isinstance(cell, dict)]


def _joined(source: Any) -> str:
    if isinstance(source, list):
        return "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""


def _counted(count: Any) -> int | None:
    return count if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < _LARGEST_COUNT else None


def _printed(outputs: Any) -> str:
    """The text among a cell's outputs, of any of the forms that notebooks have had; bounded."""
    parts: list[str] = []
    for output in outputs[:MOST_OUTPUT] if isinstance(outputs, list) else []:
        if isinstance(output, dict):
            data = output.get("data")
            parts.append(_joined(output.get("text")))
            parts.append(_joined(data.get("text/plain")) if isinstance(data, dict) else "")
    return "\n".join(part[:MOST_OUTPUT] for part in parts if part)[:MOST_OUTPUT]


def _script_cells(text: str) -> tuple[Cell, ...]:
    """A script as cells: at `# %%` or `# In[3]:` markers where it has any, else as one cell."""
    parts = SCRIPT_CELL.split(text)
    return tuple(Cell(number, "code", part) for number, part in enumerate(parts))


def read_statements(cells: tuple[Cell, ...]) -> tuple[tuple[Statement, ...], tuple[Unparsed, ...]]:
    """The top-level statements of all code cells, in order, and the cells that are no Python."""
    statements: list[Statement] = []
    unparsed: list[Unparsed] = []
    rewriter, letters_left = Rewriter(), MOST_LETTERS
    for cell in cells:
        if cell.kind != "code" or not cell.source.strip():
            continue
        letters_left -= len(cell.source)
        try:
            if letters_left < 0:
                raise NotPython(f"the notebook has more than the {MOST_LETTERS} letters of code that are read")
            statements += _cell_statements(cell, rewriter, MOST_STATEMENTS - len(statements))
        except NotPython as reason:
            unparsed.append(Unparsed(cell.number, inert(str(reason))))
    return tuple(statements), tuple(unparsed)


def as_python(source: str, rewriter: Rewriter | None = None) -> str:
    """The text of a cell as Python, with as many lines; "" where it is another language or does not parse."""
    try:
        transformed, _ = _parsed_cell(source, rewriter or Rewriter())
    except NotPython:
        return ""
    return transformed


def _parsed_cell(source: str, rewriter: Rewriter) -> tuple[str, ast.Module]:
    """A cell's text as Python, and parsed. Raises: NotPython."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    first = source.lstrip().split("\n", 1)[0]
    if first.startswith("%%"):
        magic = first[2:].split()[0] if first[2:].split() else ""
        if magic not in PYTHON_CELL_MAGICS:
            raise NotPython(f"a cell in another language, %%{magic}")
        source = source.replace(first, "", 1)
    try:
        return source, parsed(source)
    except NotPython:
        pass  # most cells are plain Python; this one may be in the notebook's own language
    # The transformer drops empty lines at the top; lines are numbered as they stand in the cell.
    above = len(source) - len(source.lstrip("\n"))
    source = _PYLAB_LINE.sub(_PYLAB, _TIMED_LINE.sub(r"\1", source[above:]))
    transformed = "\n" * above + rewriter.rewritten(source)
    return transformed, parsed(transformed)


def _cell_statements(cell: Cell, rewriter: Rewriter, most: int) -> list[Statement]:
    transformed, tree = _parsed_cell(cell.source, rewriter)
    if len(tree.body) > most:
        raise NotPython(f"the notebook has more than the {MOST_STATEMENTS} statements that are read")
    # Not splitlines: Python itself ends a line at nothing but a line feed.
    lines = [line + "\n" for line in transformed.split("\n")]
    found = []
    for node in tree.body:
        start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        found.append(Statement(cell.number, start, "".join(lines[start - 1 : node.end_lineno]), node))
    return _without_doubled_lines(found, lines)


def _without_doubled_lines(found: list[Statement], lines: list[str]) -> list[Statement]:
    """Give statements that share a line (`a = 1; b = 2`) only their own part of it."""
    exact = []
    for position, statement in enumerate(found):
        node = statement.node
        neighbours = found[max(0, position - 1) : position] + found[position + 1 : position + 2]
        shares = any(
            other.node.end_lineno == node.lineno or other.node.lineno == node.end_lineno for other in neighbours
        )
        if shares:
            exact.append(Statement(statement.cell, node.lineno, _own_part(lines, node) + "\n", node))
        else:
            exact.append(statement)
    return exact


def _own_part(lines: list[str], node: ast.stmt) -> str:
    """What `ast.get_source_segment` finds, which cuts the whole text into lines anew for each statement."""
    last = node.end_lineno or node.lineno
    own = [line.encode() for line in lines[node.lineno - 1 : last]]
    own[-1] = own[-1][: node.end_col_offset]
    own[0] = own[0][node.col_offset :]
    return b"".join(own).decode()
