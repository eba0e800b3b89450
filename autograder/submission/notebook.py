"""The cells of a notebook or script, and the statements in them."""

import ast
import re
from dataclasses import dataclass
from typing import Any

from autograder.submission.inert import inert
from autograder.submission.notebook_file import NothingThere, Unreadable, joined, raw_cells
from autograder.submission.pictures import saved_pictures
from autograder.submission.python_text import MOST_LETTERS, MOST_STATEMENTS, NotPython, Rewriter, body_of, parsed

__all__ = [
    "Cell",
    "NothingThere",
    "Statement",
    "Unparsed",
    "Unreadable",
    "as_python",
    "body_of",
    "read_cells",
    "read_statements",
]

# Cell magics whose body is ordinary Python; the body of any other (%%bash, %%html, %%R) is another language.
PYTHON_CELL_MAGICS = frozenset({"time", "timeit", "capture", "prun", "memit", "debug", "python", "python3"})
# `%time data = load()` runs its line like any other.
_TIMED_LINE = re.compile(r"^([ \t]*)%(?:time|timeit)[ \t]+(?=\S)", re.MULTILINE)
# `%pylab inline` imports all of numpy and pyplot, and both by their short names.
_PYLAB_LINE = re.compile(r"^%pylab\b.*$", re.MULTILINE)
_PYLAB = "import numpy, matplotlib, numpy as np, matplotlib.pyplot as plt; from matplotlib.pylab import *"
MOST_OUTPUT = 20_000
_LARGEST_COUNT = 10**9
_QUESTION = re.compile(r"q[1-4][a-e]?")


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
    cells = tuple(_cell(number, cell) for number, cell in enumerate(raw_cells(content, name)))
    if not any(cell.kind == "code" and cell.source.strip() for cell in cells):
        raise Unreadable(f"{name} has no code cell with anything in it")
    return cells


def _cell(number: int, cell: dict[str, Any]) -> Cell:
    source = joined(cell.get("source", cell.get("input", "")))
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


def _counted(count: Any) -> int | None:
    return count if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < _LARGEST_COUNT else None


def _printed(outputs: Any) -> str:
    """The text among a cell's outputs, of any of the forms that notebooks have had; bounded."""
    parts: list[str] = []
    for output in outputs[:MOST_OUTPUT] if isinstance(outputs, list) else []:
        if isinstance(output, dict):
            data = output.get("data")
            parts.append(joined(output.get("text")))
            parts.append(joined(data.get("text/plain")) if isinstance(data, dict) else "")
    return "\n".join(part[:MOST_OUTPUT] for part in parts if part)[:MOST_OUTPUT]


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
