"""The text of what was taken for each role, for a person to read beside the verdicts on it."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autograder.program.names import Role
from autograder.program.understanding import Understanding

# A longer definition is cut; whoever reads that far opens the file itself.
MOST_LINES = 200
MOST_LETTERS = 12_000


@dataclass(frozen=True)
class Excerpt:
    """A definition as a submission has it.

    file: its name within the submission; cell: counted from 0, None in a file without cells; line: the first one,
    counted from 1 within the cell or file; source: the text; cut: whether its end is left out.
    """

    file: str
    cell: int | None
    line: int
    source: str
    cut: bool = False


def excerpts(understanding: Understanding, resolved: Mapping[Role, Mapping[str, Any]]) -> dict[Role, Excerpt]:
    """The definition behind each role, as far as there is one to show; where nothing was taken for a role, what is
    still to be written there.

    Args: resolved: by role, `name` and `cell` of what was taken for it.
    """
    unwritten = {role: stub for role in Role if role not in resolved and (stub := understanding.skeleton(role))}
    places = {role: (entry["name"], entry["cell"]) for role, entry in resolved.items()}
    places |= {role: (stub.name, stub.cell) for role, stub in unwritten.items()}
    found = {role: _excerpt(understanding, *place) for role, place in places.items()}
    return {role: excerpt for role, excerpt in found.items() if excerpt is not None}


def _excerpt(understanding: Understanding, name: str, cell: int) -> Excerpt | None:
    dependencies = understanding.dependencies
    positions = [
        position
        for position, statement in enumerate(dependencies.statements)
        if statement.cell == cell and name in dependencies.effects[position].binds
    ]
    if not positions:  # as of a name that came with `from nets import *`
        modules = understanding.bundle.modules.sources
        return next((found for module in modules if (found := _defined_in(understanding, module, name))), None)
    statement = dependencies.statements[positions[-1]]
    if isinstance(statement.node, ast.ImportFrom):
        return _imported(understanding, statement.node, name)
    return _cut(Excerpt(understanding.bundle.notebook, cell, statement.line, statement.source))


def _imported(understanding: Understanding, node: ast.ImportFrom, name: str) -> Excerpt | None:
    original = next((alias.name for alias in node.names if (alias.asname or alias.name) == name), name)
    return _defined_in(understanding, node.module or "", original)


def _defined_in(understanding: Understanding, module: str, name: str) -> Excerpt | None:
    """A definition in a file beside the notebook."""
    modules = understanding.bundle.modules
    source = modules.sources.get(module)
    defined = understanding.definitions_of(module).get(name) if source is not None else None
    if source is None or defined is None:
        return None
    definition = defined[1]
    decorators = getattr(definition, "decorator_list", [])
    first = min([definition.lineno, *(decorator.lineno for decorator in decorators)])
    lines = source.splitlines()[first - 1 : definition.end_lineno]
    return _cut(Excerpt(modules.files.get(module, module), None, first, "\n".join(lines)))


def _cut(excerpt: Excerpt) -> Excerpt:
    lines = excerpt.source.rstrip().split("\n")
    text = "\n".join(lines[:MOST_LINES])[:MOST_LETTERS]
    return Excerpt(excerpt.file, excerpt.cell, excerpt.line, text, text != "\n".join(lines))
