"""Code in a notebook that does not run: in comments, in strings, in cells that are skipped, under `if False:`.

The handout advises to save the arrays once and to load them from then on, so that the code which made them is often put
to sleep. Woken up, it keeps its cell and its line.
"""

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.submission.notebook import Cell, Statement, body_of, read_statements

# Longer runs of comments than anybody writes by hand are left asleep: finding code in them takes long.
_LONGEST = 200
# `%%script false`, `%%script echo skipped`: the cell is handed to a program that makes nothing of it.
_SKIPPED_CELL = re.compile(r"\s*%%(?:script\s+(?:--\S+\s+)*(?:false|true|echo|:)(?:\s.*)?|(?:skip|echo|false)\b.*)$")
_FENCE = re.compile(r"```(?:python|py)?[^\S\n]*\n(.*?)```", re.DOTALL)
_WORK = ast.Assign | ast.AugAssign | ast.For | ast.While | ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
_WORK_TOO = ast.With | ast.If | ast.Try | ast.Delete


@dataclass(frozen=True)
class Dormant:
    """A piece of code that does not run. where: in words; statements: as they would stand in their cell."""

    where: str
    statements: tuple[Statement, ...]


def dormant_code(cells: tuple[Cell, ...], statements: tuple[Statement, ...]) -> Iterator[Dormant]:
    """The pieces of code that do not run, in the order of the notebook."""
    for cell in cells:
        own = [statement for statement in statements if statement.cell == cell.number]
        if cell.kind != "code":
            yield from _in_text(cell)
        elif _SKIPPED_CELL.match(cell.source.split("\n", 1)[0]):
            lines = cell.source.split("\n")
            yield from _awake(cell, "\n".join(["", *lines[1:]]), f"in cell {cell.number}, which is skipped")
        else:
            yield from _in_comments(cell, own)
            yield from _in_strings(cell, own)
            yield from _under_conditions(own)


def _in_text(cell: Cell) -> Iterator[Dormant]:
    if cell.kind == "raw":
        yield from _awake(cell, cell.source, f"in cell {cell.number}, which is no code cell")
        return
    for found in _FENCE.finditer(cell.source):
        above = cell.source[: found.start(1)].count("\n")
        yield from _awake(cell, "\n" * above + found[1], f"in the text of cell {cell.number}")


def _in_comments(cell: Cell, own: list[Statement]) -> Iterator[Dormant]:
    lines = cell.source.split("\n")
    inside = {
        line
        for statement in own
        for line in range(statement.line, statement.line + max(1, statement.source.count("\n")))
    }
    for start, end in _runs_of_comments(lines, inside):
        bare = textwrap.dedent("\n".join(_uncommented(line) for line in lines[start:end])).split("\n")
        for first, last in _runs_of_code(bare):
            text = "\n" * (start + first) + "\n".join(bare[first:last])
            yield from _awake(cell, text, f"in comments in cell {cell.number}")


def _runs_of_comments(lines: list[str], inside: set[int]) -> Iterator[tuple[int, int]]:
    start: int | None = None
    for number, line in enumerate([*lines, "end"]):
        is_comment = line.lstrip().startswith("#") and number + 1 not in inside
        if is_comment and start is None:
            start = number
        elif start is not None and not is_comment and line.strip():
            yield start, min(number, start + _LONGEST)
            start = None


def _uncommented(line: str) -> str:
    found = re.match(r"(\s*)#+( ?)(.*)", line)
    # One blank behind the sign belongs to the sign; with it or without, all lines of a run are moved alike by `dedent`.
    return found[1] + found[2] + found[3] if found else ""


def _runs_of_code(lines: list[str]) -> Iterator[tuple[int, int]]:
    """The longest runs of lines that are code, from the top."""
    first = 0
    while first < len(lines):
        if not lines[first].strip() or lines[first][0].isspace():
            first += 1
            continue
        # A run can only end where the next line is not indented any deeper.
        ends = [n for n in range(len(lines), first, -1) if n == len(lines) or not lines[n][:1].isspace()]
        last = next((end for end in ends if _is_code("\n".join(lines[first:end]))), None)
        if last is not None:
            yield first, last
        first = last if last is not None else first + 1


def _in_strings(cell: Cell, own: list[Statement]) -> Iterator[Dormant]:
    for statement in own:
        node = statement.node
        value = node.value if isinstance(node, ast.Expr | ast.Assign) else None
        if not isinstance(value, ast.Constant) or not isinstance(value.value, str) or "\n" not in value.value:
            continue
        text = textwrap.dedent(value.value)
        if _is_code(text):
            yield from _awake(cell, "\n" * (statement.line - 1) + text, f"in a string in cell {cell.number}")


def _under_conditions(own: list[Statement]) -> Iterator[Dormant]:
    """The branches of a top-level `if`, each for itself: which one runs may depend on what was saved before."""
    for statement in own:
        if not isinstance(statement.node, ast.If):
            continue
        for branch in (statement.node.body, statement.node.orelse):
            parts = tuple(
                Statement(statement.cell, node.lineno, ast.unparse(node) + "\n", node)
                for node in branch
                if not isinstance(node, ast.Pass)
            )
            if parts:
                yield Dormant(f"under a condition in cell {statement.cell}", parts)


def _awake(cell: Cell, text: str, where: str) -> Iterator[Dormant]:
    if not _is_code(text):
        return
    statements, _ = read_statements((Cell(cell.number, "code", text),))
    if statements:
        yield Dormant(where, statements)


def _is_code(text: str) -> bool:
    """Whether a text is Python that does something; words such as `done` or `Note: later` parse, too."""
    return any(
        isinstance(node, _WORK | _WORK_TOO) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
        for node in body_of(text)
    )
