"""A bundle understood: its dependencies and who plays which role."""

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from autograder.program.behaviour import Definitions
from autograder.program.methods import methods_as_functions
from autograder.program.names import ARRAYS, FUNCTIONS, MODELS, Role, has_telling_words, is_usual_name, words
from autograder.program.parameters import resolved_names
from autograder.program.roles import Candidate, definitions_in, find_roles
from autograder.program.skeletons import is_skeleton
from autograder.program.slicing import Dependencies, Slice
from autograder.submission.bundle import Bundle
from autograder.submission.notebook import Statement

FILE_WORDS = ("glob", "listdir", "imread", "open(", "Path(", "scandir", "walk", "load(", "read_")
_MOST_VALUES = 300  # of which each is followed back through the notebook


@dataclass(frozen=True)
class Program:
    """Statements to run in order. required: positions that the slice needs; the others may fail."""

    statements: tuple[dict[str, Any], ...]
    cells: tuple[int, ...]
    positions: tuple[int, ...]
    reads_files: bool
    reads: frozenset[str]
    """Every name that a statement reads, when it runs or later."""


class Understanding:
    """What a bundle's text tells without running it."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._modules = {name: definitions_in(source) for name, source in bundle.modules.sources.items()}
        statements = (*bundle.statements, *self._imports_left_out())
        self.dependencies = Dependencies(statements, self._modules)
        unfilled = [role for role in FUNCTIONS if self.first(role) is None]
        methods = tuple(methods_as_functions(statements, unfilled))
        if methods:
            self.dependencies = Dependencies((*statements, *methods), self._modules)
            del self.roles

    def _imports_left_out(self) -> Iterator[Statement]:
        """Imports of what a file beside the notebook defines, where the notebook uses it as `functions.CNN`; of the
        models even where it does not use them at all."""
        nodes = [statement.node for statement in self.bundle.statements]
        taken = {module for node in nodes for module in _modules_imported_from(node)}
        own = {
            name
            for statement in self.bundle.statements
            for name, (_, node) in definitions_in(statement.source).items()
            if not _renames(node)
        }
        # What is taken out of one file is not looked for in another, such as an old copy of it.
        own |= {name for node in nodes for name in _names_taken(node, self._modules)}
        files = self.bundle.modules.files
        done = {files.get(module) for module in taken}
        for module, file in files.items():
            definitions = self._modules[module]
            is_module = all(part.isidentifier() for part in module.split("."))
            if file in done or not is_module or (file.endswith(".ipynb") and module not in self.bundle.modules.whole):
                continue
            done.add(file)
            if module in self.bundle.modules.whole:
                names = [n for n, (_, node) in definitions.items() if n not in own and _is_definition(node)]
            else:
                names = [role.value for role in MODELS if role.value in definitions and role.value not in own]
            if names:
                source = f"from {module} import {', '.join(names)}"
                yield Statement(-1, 1, source + "\n", ast.parse(source).body[0])

    @cached_property
    def absent_networks(self) -> frozenset[str]:
        """What the models are called that the notebook takes out of a file which was not handed in."""
        if not self.bundle.modules.absent:
            return frozenset()
        found = {role.value for role in MODELS}
        for role in MODELS:
            for candidate in self.roles[role]:
                node = self.dependencies.statements[candidate.position].node
                for child in ast.walk(node):
                    if isinstance(child, ast.ImportFrom) and child.module in self.bundle.modules.absent:
                        found |= {alias.name for alias in child.names if alias.asname or alias.name == candidate.name}
        return frozenset(found)

    def absent_file(self, role: Role) -> str:
        """The module out of which the notebook would take a model, if its file had been handed in, else ""."""
        candidate = self.first(role)
        if role not in MODELS or not self.bundle.modules.absent:
            return ""
        if candidate is None:
            return "" if self.skeleton(role) else self.bundle.modules.absent[0]
        node = self.dependencies.statements[candidate.position].node
        found = [child.module for child in ast.walk(node) if isinstance(child, ast.ImportFrom)]
        return next((module for module in self.bundle.modules.absent if module in found), "")

    @cached_property
    def roles(self) -> dict[Role, tuple[Candidate, ...]]:
        decided = {Role(role): name for role, name in self.bundle.decided.roles.items()}
        return find_roles(self.dependencies, self._modules, decided)

    def definitions_of(self, module: str) -> Definitions:
        """What a file beside the notebook defines, by the name it is imported under; nothing where there is none."""
        return self._modules.get(module, {})

    def arguments(self, role: Role) -> Mapping[str, Any]:
        """What an instructor has decided that a function is given, by parameter."""
        return self.bundle.decided.arguments.get(role.value, {})

    def first(self, role: Role) -> Candidate | None:
        """The likeliest candidate for a role that is no mere skeleton."""
        return next((candidate for candidate in self.roles[role] if not candidate.skeleton), None)

    def skeleton(self, role: Role) -> Candidate | None:
        return next((candidate for candidate in self.roles[role] if candidate.skeleton), None)

    def loading_names(self) -> tuple[Candidate, ...]:
        """Every value at the top level that is made from files without training anything, the last definition of
        each; for arrays whose names tell nothing."""
        found = []
        for name, positions in islice(self._value_bindings().items(), _MOST_VALUES):
            candidate = Candidate(Role.TRAIN_DATA, name, positions[-1], self._cell(positions[-1]), "what it holds")
            positions_needed = self.narrow([candidate]).positions
            text = "".join(self.dependencies.statements[p].source for p in positions_needed)
            if any(word in text for word in FILE_WORDS) and not any(map(self.dependencies.trains, positions_needed)):
                found.append(candidate)
        return tuple(found)

    def values_for(self, role: Role) -> tuple[Candidate, ...]:
        """Values at the top level whose names tell that they may hold what a function of that role makes, and that are
        made of the arrays; those made of training data first."""
        arrays = set(self.array_names())
        found: list[tuple[tuple[bool, int], Candidate]] = []
        for name, positions in islice(self._value_bindings().items(), _MOST_VALUES):
            node = self.dependencies.statements[positions[0]].node
            if not (is_usual_name(role, name) or has_telling_words(role, name)) or name in arrays:
                continue
            end = self.dependencies.trained_from(name, positions[-1])
            cell = self._cell(positions[-1])
            candidate = Candidate(role, name, positions[-1], cell, "its name", is_skeleton(node), end)
            part = self.dependencies.slice([name], arrays, end)
            reads = {read for position in part.positions for read in self.dependencies.effects[position].reads}
            if reads & arrays and not any(map(self.dependencies.trains, part.positions)):
                found.append(((not {"train", "tr"} & set(words(name)), positions[-1]), candidate))
        return tuple(candidate for _, candidate in sorted(found, key=lambda pair: pair[0]))

    def _value_bindings(self) -> dict[str, list[int]]:
        bindings: dict[str, list[int]] = {}
        for position, (statement, effects) in enumerate(
            zip(self.dependencies.statements, self.dependencies.effects, strict=True)
        ):
            if isinstance(statement.node, ast.Assign) and not isinstance(statement.node.value, ast.Lambda):
                for name in effects.binds:
                    bindings.setdefault(name, []).append(position)
        return bindings

    def _cell(self, position: int) -> int:
        return self.dependencies.statements[position].cell

    def array_names(self) -> dict[str, Role]:
        """What the submission calls the four arrays."""
        return {found.name: role for role in ARRAYS if (found := self.first(role))}

    def declared(self) -> dict[Role, dict[str, Any]]:
        """For every role what its likeliest candidate is called, where it stands and what its parameters mean, as far
        as the text tells."""
        found: dict[Role, dict[str, Any]] = {}
        for role in Role:
            candidate = self.first(role)
            if candidate is None:
                continue
            found[role] = {"name": candidate.name, "cell": candidate.cell}
            node = self.dependencies.statements[candidate.position].node
            if isinstance(node, ast.FunctionDef):
                names = [argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)]
                found[role]["parameters"] = resolved_names(names)
        return found

    def narrow(
        self, candidates: Sequence[Candidate], assumed: Collection[str] = (), before: int | None = None
    ) -> Slice:
        """The slice for some definitions, and for what the statement at `before` reads, less other trainings."""
        positions: set[int] = set()
        unresolved: set[str] = set()
        for candidate in candidates:
            part = self.dependencies.slice([candidate.name], assumed, candidate.end)
            positions |= set(part.positions)
            unresolved |= part.unresolved
        if before is not None:
            part = self.dependencies.slice(self.read_by(before), assumed, before)
            positions |= {position for position in part.positions if not self.dependencies.trains(position)}
            unresolved |= part.unresolved
        return Slice(tuple(sorted(positions)), frozenset(unresolved))

    def read_by(self, position: int | None) -> frozenset[str]:
        """The names that a statement reads when it runs, none where there is no statement."""
        return frozenset() if position is None else frozenset(self.dependencies.effects[position].reads)

    def statement(self, position: int) -> dict[str, Any]:
        """A statement as a worker executes it."""
        statement = self.dependencies.statements[position]
        return {"cell": statement.cell, "line": statement.line, "source": statement.source}

    def defined_later(self, name: str, narrow: Slice) -> Slice | None:
        """What makes a name that a slice misses although the notebook defines it, further down than it is used."""
        if not self.dependencies.binds(name):
            return None
        needed = self.dependencies.slice([name])
        return None if set(needed.positions) <= set(narrow.positions) else needed

    def program(
        self,
        narrow: Slice,
        assumed: Collection[str] = (),
        wide: bool = False,
        lenient: bool = False,
        first: Slice | None = None,
    ) -> Program:
        """A slice as a program.

        Args: wide: with what else its cells hold, of which each statement may fail; lenient: any statement may fail;
            first: what runs before everything else, although it stands further down.
        """
        required = set() if lenient else set(narrow.positions)
        positions = self.dependencies.widened(narrow, assumed).positions if wide else narrow.positions
        if first is not None:
            positions = (*first.positions, *(p for p in positions if p not in first.positions))
            required |= set(first.positions)
        statements: list[dict[str, Any]] = []
        for position in positions:
            statement = self.dependencies.statements[position]
            entry: dict[str, Any] = {"cell": statement.cell, "line": statement.line, "source": statement.source}
            if position not in required:
                entry["optional"] = True
            statements.append(entry)
        text = "\n".join(entry["source"] for entry in statements) + "\n".join(self.bundle.modules.sources.values())
        cells = tuple(sorted({entry["cell"] for entry in statements}))
        effects = [self.dependencies.effects[position] for position in positions]
        reads = frozenset(name for e in effects for name in (*e.reads, *e.reads_later, *e.mutates, *e.writes_later))
        return Program(tuple(statements), cells, tuple(positions), any(word in text for word in FILE_WORDS), reads)


def _modules_imported_from(node: ast.AST) -> Iterator[str]:
    """The modules out of which a statement takes names."""
    for child in ast.walk(node):
        if isinstance(child, ast.ImportFrom) and child.module:
            yield child.module


def _names_taken(node: ast.AST, modules: Mapping[str, Definitions]) -> Iterator[str]:
    """The names that a statement takes out of modules of the submission's own."""
    for child in ast.walk(node):
        if isinstance(child, ast.ImportFrom) and child.module in modules:
            for alias in child.names:
                yield from modules[child.module or ""] if alias.name == "*" else [alias.asname or alias.name]


def _renames(node: ast.stmt) -> bool:
    """`CNN = functions.CNN`, alone or several at once: no definition, but another name for one."""
    if not isinstance(node, ast.Assign):
        return False
    values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
    return all(isinstance(value, ast.Attribute) for value in values)


def _is_definition(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.ClassDef)
