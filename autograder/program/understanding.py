"""A bundle understood: its dependencies and who plays which role."""

import ast
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from autograder.program.roles import ARRAYS, Candidate, Role, find_roles
from autograder.program.slicing import Dependencies, Slice
from autograder.submission.bundle import Bundle

_FILE_WORDS = ("glob", "listdir", "imread", "open(", "Path(", "scandir", "walk", "load(", "read_")


@dataclass(frozen=True)
class Program:
    """Statements to run in order. required: positions that the slice needs; the others may fail."""

    statements: tuple[dict[str, Any], ...]
    cells: tuple[int, ...]
    reads_files: bool


class Understanding:
    """What a bundle's text tells without running it."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.dependencies = Dependencies(bundle.statements)

    @cached_property
    def roles(self) -> dict[Role, tuple[Candidate, ...]]:
        return find_roles(self.dependencies)

    def first(self, role: Role) -> Candidate | None:
        """The likeliest candidate for a role that is no mere skeleton."""
        return next((candidate for candidate in self.roles[role] if not candidate.skeleton), None)

    def skeleton(self, role: Role) -> Candidate | None:
        return next((candidate for candidate in self.roles[role] if candidate.skeleton), None)

    def array_names(self) -> dict[str, Role]:
        """What the submission calls the four arrays."""
        return {found.name: role for role in ARRAYS if (found := self.first(role))}

    def narrow(self, names: Sequence[str], assumed: Collection[str] = (), ends: dict[str, int] | None = None) -> Slice:
        """The slice for some names; ends: positions where a name is wanted, if not after the last statement."""
        positions: set[int] = set()
        unresolved: set[str] = set()
        for name in names:
            part = self.dependencies.slice([name], assumed, (ends or {}).get(name))
            positions |= set(part.positions)
            unresolved |= part.unresolved
        return Slice(tuple(sorted(positions)), frozenset(unresolved))

    def program(self, narrow: Slice, assumed: Collection[str] = (), wide: bool = False) -> Program:
        """A slice as a program; wide: with what else its cells hold, of which each statement may fail."""
        required = set(narrow.positions)
        positions = self.dependencies.widened(narrow, assumed).positions if wide else narrow.positions
        statements = []
        for position in positions:
            statement = self.dependencies.statements[position]
            entry = {"cell": statement.cell, "line": statement.line, "source": statement.source}
            statements.append(entry | ({} if position in required else {"optional": True}))
        text = "\n".join(entry["source"] for entry in statements) + "\n".join(self.bundle.modules.values())
        cells = tuple(sorted({entry["cell"] for entry in statements}))
        return Program(tuple(statements), cells, any(word in text for word in _FILE_WORDS))

    def before_truncation(self, name: str) -> int | None:
        """Where an array is wanted whose name is later reused for a small part of itself.

        `train_data = train_data[:5]` in the sanity check is no new train_data. None where nothing of that kind
        follows the definition.
        """
        binders = self.dependencies.binds(name)
        for earlier, later in zip(binders, binders[1:], strict=False):
            if _is_part_of_itself(self.dependencies.statements[later].node, name):
                return later if earlier < later else None
        return None


def _is_part_of_itself(node: ast.stmt, name: str) -> bool:
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Subscript):
        return False
    value = node.value
    if not isinstance(value.value, ast.Name) or value.value.id != name or len(node.targets) != 1:
        return False
    first = value.slice.elts[0] if isinstance(value.slice, ast.Tuple) and value.slice.elts else value.slice
    upper = first.upper if isinstance(first, ast.Slice) else None
    return isinstance(upper, ast.Constant) and isinstance(upper.value, int) and 0 < upper.value <= 30
