"""The text that people wrote into a notebook: its text cells, and comments and strings in its code cells."""

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograder.submission.headings import read_heading
from autograder.submission.notebook import Cell, Statement
from autograder.submission.pictures import without_pictures

# Nobody writes a book into a notebook; what is longer is something else, and reading it would take long.
MOST_OF_A_CELL = 100_000
MOST_OF_ALL = 1_000_000
_LEAST_ASSIGNED_WORDS = 4  # of a string that has a name: most of them are paths
_DEEPEST = 30
_SHOWING = frozenset({"print", "display", "Markdown", "HTML", "pprint", "printmd", "display_markdown"})
_COMMENT = re.compile(r"#+!?(?:@(?:title|markdown|param))?[ \t]?")
_CODE_SIGNS = re.compile(r"[=(\[]|\bimport\b|\.\w+\.|\breturn\b")
_QUESTION_NAME = re.compile(r"(?:^|_)q?([1-4])_?([a-e])$", re.IGNORECASE)  # answer_1d = "..."
_PATH = re.compile(r"\s*(?:[A-Za-z]:[/\\]|\.{0,2}[/\\~]|https?:)")
_MAGIC = re.compile(r"\s*[%!]")


@dataclass(frozen=True)
class Passage:
    """Some lines of text in one cell.

    in_code: whether it stands among code, where most comments speak of the code; text_cell: whether its cell is one.
    """

    cell: int
    text: str
    in_code: bool = False
    text_cell: bool = False


def read_passages(cells: Sequence[Cell], statements: Sequence[Statement]) -> dict[int, tuple[Passage, ...]]:
    """The passages of each cell, by its number and in their order; at most so many letters as a person would read."""
    of_cell: dict[int, list[Statement]] = {}
    for statement in statements:
        of_cell.setdefault(statement.cell, []).append(statement)
    found: dict[int, tuple[Passage, ...]] = {}
    left = MOST_OF_ALL
    for cell in cells:
        source = cell.source if cell.kind == "code" else without_pictures(cell.source)
        source = _tidy(source)[: min(left, MOST_OF_A_CELL)]
        left -= len(source)
        if cell.kind == "code":
            found[cell.number] = tuple(_in_code(cell.number, source, of_cell.get(cell.number, [])))
        else:
            found[cell.number] = (Passage(cell.number, source, text_cell=True),)
    return found


def _tidy(text: str) -> str:
    """Text with one kind of line end and of space, and without signs that are not seen."""
    text = re.sub(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]", "\n", text)
    return re.sub(r"[^\S\n]", " ", re.sub(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\xad]", "", text))


def _in_code(cell: int, source: str, statements: Sequence[Statement]) -> Iterator[Passage]:
    lines = source.split("\n")
    if source.strip() and not statements:
        # Nothing but comments, or no Python: then perhaps words without a sign that they are.
        in_code = any(looks_like_code(line) for line in lines)
        yield _comment(cell, [_uncommented(line) for line in lines if not _MAGIC.match(line)], in_code)
        return
    said = {statement.line: _said(statement.node) for statement in statements}
    # `print(answer)` says nothing new where `answer` is a text of this cell.
    named = {_target(statement.node) for statement in statements if said[statement.line]}
    said |= {statement.line: "" for statement in statements if _shown_name(statement.node) in named}
    in_code = any(text is None for text in said.values())
    inside = {line for s in statements for line in range(s.line, s.line + _height(s))}
    comment: list[str] = []
    for number, line in enumerate(lines, start=1):
        if number not in inside and (line.startswith("#") or (comment and not line.strip())):
            comment.append(_uncommented(line))
            continue
        if comment:
            yield _comment(cell, comment, in_code)
            comment = []
        if spoken := said.get(number):
            yield Passage(cell, _tidy(spoken)[:MOST_OF_A_CELL], in_code)
    if comment:
        yield _comment(cell, comment, in_code)


def _height(statement: Statement) -> int:
    return statement.source.count("\n") or 1


def _comment(cell: int, lines: list[str], in_code: bool) -> Passage:
    return Passage(cell, "\n".join(line for line in lines if not looks_like_code(line)), in_code)


def _uncommented(line: str) -> str:
    """A comment without its sign; `# ## Question 1`, as notebooks are exported, stays a heading."""
    return _COMMENT.sub("", line, count=1)


def looks_like_code(line: str) -> bool:
    """Whether a line of a comment is code that somebody has switched off."""
    line = line.strip()
    if len(line) > 300 or not _CODE_SIGNS.search(line) or read_heading(line, ""):
        return False
    for attempt in (line, f"{line} pass", f"{line})"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(attempt)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        # "(d)" and "CNN (ours)" are words, although Python could read them.
        return not all(isinstance(node, ast.Expr) and _is_bare(node.value) for node in tree.body)
    return False


def _is_bare(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Constant)
    return isinstance(node, ast.Name | ast.Constant | ast.Tuple)


def _said(node: ast.stmt) -> str | None:
    """The text that a statement is, prints or gives a name to; "" where that says little; None where it is code."""
    if isinstance(node, ast.Expr):
        return _text(node.value, 0)
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        text = _text(node.value, 0)
        if text is None or len(text.split()) < _LEAST_ASSIGNED_WORDS or _PATH.match(text):
            return None
        asked = _QUESTION_NAME.search(_target(node))
        return f"Question {asked[1]}{asked[2]}\n{text}" if asked else text
    return "" if isinstance(node, ast.Pass | ast.Import | ast.ImportFrom) else None


def _target(node: ast.stmt) -> str:
    """The name that a statement gives, "" where it gives none or several."""
    targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [None])
    return targets[0].id if isinstance(targets[0], ast.Name) else ""


def _shown_name(node: ast.stmt) -> str | None:
    """The name in a statement such as `print(answer)` or `answer`."""
    value = node.value if isinstance(node, ast.Expr) else None
    if isinstance(value, ast.Call) and len(value.args) == 1 and isinstance(value.func, ast.Name | ast.Attribute):
        value = value.args[0]
    return value.id if isinstance(value, ast.Name) else None


def _text(node: ast.expr, depth: int) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if depth > _DEEPEST:
        return None
    parts: list[ast.expr] = []
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [node.left, node.right]
    elif isinstance(node, ast.Tuple | ast.List):
        parts = node.elts
    elif isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        parts = node.args if name in _SHOWING else []
    texts = [_text(part, depth + 1) for part in parts]
    whole = [text for text in texts if text is not None]
    joined = "" if isinstance(node, ast.BinOp) else "\n"
    return joined.join(whole) if whole and len(whole) == len(texts) else None
