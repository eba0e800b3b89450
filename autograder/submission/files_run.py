"""Statements that run another file of the submission, or load it by its path: what they mean as plain Python."""

import ast
import copy
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from autograder.submission.notebook import Statement
from autograder.submission.python_text import MOST_LETTERS

# A shell line such as `!python3 -u "prepare.py" data/`.
_SCRIPT_LINE = re.compile(r"\s*python[\d.]*(?:\s+-\w+)*\s+(\"[^\"]+\.py\"|'[^']+\.py'|\S+\.py)(.*)$")
_LOADING = ("spec_from_file_location", "SourceFileLoader", "load_source")
_LONGEST_LINE = 1000


def files_meant(node: ast.stmt) -> list[str]:
    """The Python files that a statement loads, or runs, by their paths."""
    run = _file_run(node)
    scripts = [found[1].strip("\"'") for text in texts_in(node) if (found := _script_line(text))]
    return [*files_loaded(node), *scripts, *([run] if run is not None else [])]


def _script_line(text: str) -> re.Match[str] | None:
    return _SCRIPT_LINE.match(text) if len(text) <= _LONGEST_LINE else None


def files_loaded(node: ast.AST) -> list[str]:
    """The Python files that a statement loads as modules by their paths."""
    calls = [c for c in ast.walk(node) if isinstance(c, ast.Call) and called(c) in _LOADING]
    return [text for call in calls for text in texts_in(call) if text.strip().endswith(".py")]


def texts_in(node: ast.AST) -> list[str]:
    """The strings within a node."""
    return [c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str)]


def called(call: ast.Call) -> str:
    """The last name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def with_files_run(statements: Iterable[Statement], sources: Mapping[str, str]) -> tuple[Statement, ...]:
    """Statements in which running another file is plain Python, so that what comes of it is known like anything else.

    `%run helpers.py` and `exec(open("helpers.py").read())` import what the file defines; `!python prepare.py data` runs
    its code by itself.

    Args: sources: the text of each file, by the name under which it can be imported.
    """
    made = []
    scripts = _Scripts(sources)
    for statement in statements:
        file = _file_run(statement.node)
        module = identifier(file) if file is not None else ""
        if module in sources:
            source = f"from {module} import *"
            statement = replace(statement, source=source + "\n", node=ast.parse(source).body[0])
        elif ".system(" in statement.source and (node := scripts.visit(copy.deepcopy(statement.node))):
            ast.fix_missing_locations(node)
            statement = replace(statement, source=ast.unparse(node) + "\n", node=node)
        made.append(statement)
    return tuple(made)


class _Scripts(ast.NodeTransformer):
    """Puts the code of a file in the place of a shell line that runs it."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources
        self._letters_left = MOST_LETTERS

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        texts = texts_in(node)
        found = _script_line(texts[0]) if called(node) == "system" and texts else None
        module = identifier(found[1].strip("\"'")) if found else ""
        self._letters_left -= len(self._sources.get(module, ""))
        if found is None or module not in self._sources or self._letters_left < 0:
            return node
        try:
            words = shlex.split(found[2])
        except ValueError:
            words = found[2].split()
        text = f"import sys\nsys.argv = {[module + '.py', *words]!r}\n{self._sources[module]}"
        return ast.parse(f"exec({text!r}, {{'__name__': '__main__'}})", mode="eval").body


def identifier(file: str) -> str:
    """A name under which a file can be imported, whatever it is called."""
    return re.sub(r"\W|^(?=\d)", "_", PurePosixPath(file).name.removesuffix(".py").removesuffix(".ipynb"))


def _file_run(node: ast.stmt) -> str | None:
    """The file whose code a statement runs as if it stood there."""
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return None
    call = node.value
    texts = texts_in(call)
    if called(call) == "run_line_magic" and texts[:1] == ["run"] and len(texts) > 1:
        try:
            words = [word for word in shlex.split(texts[1]) if not word.startswith("-")]
        except ValueError:
            words = texts[1].split()
        return words[0] if words else None
    if called(call) in ("exec", "run_path", "execfile"):
        return next((text for text in texts if text.strip().endswith((".py", ".ipynb"))), None)
    return None
