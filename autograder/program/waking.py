"""A notebook as it was before its arrays were saved: the code that made them is woken up in the place of loading them.

Where arrays are loaded from files that were not handed in, and that nothing in the notebook saves, they are lost. What
makes them may still be there: in comments, in a string, or as a function that nobody calls.
"""

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from autograder.program.behaviour import called, calls_in
from autograder.program.names import FUNCTIONS, Role
from autograder.program.saved_files import saved_files
from autograder.program.slicing import Dependencies
from autograder.program.understanding import FILE_WORDS, Understanding
from autograder.submission.bundle import Bundle
from autograder.submission.dormant import Dormant, dormant_code
from autograder.submission.notebook import Statement

_FOLDERS = {Role.TRAIN_DATA: "train", Role.TEST_W: "test_w", Role.TEST_M: "test_m"}
_DATA = "/content/drive/My Drive/data/"


@dataclass(frozen=True)
class Lost:
    """Statements that load arrays from files which are not there. positions: theirs; names: what they bind; files: the
    files, without the kind of library."""

    positions: tuple[int, ...]
    names: frozenset[str]
    files: tuple[str, ...]


def lost_arrays(dependencies: Dependencies) -> Lost:
    """What a notebook loads that it does not save itself."""
    positions, names, files = [], set[str](), set[str]()
    for position, effects in enumerate(dependencies.effects):
        loads = dependencies.loads(position)
        savers = [saver for file in loads for saver in dependencies.savers(file, position)]
        # What is saved under a condition may never be saved at all.
        if loads and all(isinstance(dependencies.statements[saver].node, ast.If) for saver in savers):
            positions.append(position)
            names |= effects.binds | effects.may_bind
            files |= {file.split(":", 1)[1] for file in loads}
    return Lost(tuple(positions), frozenset(names), tuple(sorted(files - {"?", "any"})))


def woken(understanding: Understanding) -> tuple[Bundle, str] | None:
    """The notebook with the code that makes its lost arrays, and where that was, in words; None where nothing is lost
    or nothing was found that makes them."""
    lost = lost_arrays(understanding.dependencies)
    if not lost.positions:
        return None
    bundle = understanding.bundle
    pieces = list(dormant_code(bundle.cells, bundle.statements))
    chosen = _needed(bundle, pieces, lost)
    if chosen:
        made = _with(bundle, chosen, understanding, lost)
        where = ", ".join(list(dict.fromkeys(piece.where for piece in chosen))[:3])
        return made, f"The code that makes the arrays is {where}; it was run in the place of loading them."
    called_now = _with_calls(understanding, lost)
    if called_now is None:
        return None
    made, name = called_now
    return made, f"Nothing calls `{name}`, which makes the arrays; it was called in the place of loading them."


def _needed(bundle: Bundle, pieces: Sequence[Dormant], lost: Lost) -> list[Dormant]:
    """The pieces that make what is lost, and those that they need in turn."""
    missing, saved = set(lost.names), {*lost.files, "?"}
    live = {name for s in bundle.statements for name in _bound(s) if name not in lost.names}
    chosen: list[Dormant] = []
    waiting = list(pieces)
    while True:
        found = [piece for piece in waiting if _makes(piece, missing, saved)]
        if not found:
            return sorted(chosen, key=lambda piece: (piece.statements[0].cell, piece.statements[0].line))
        chosen += found
        waiting = [piece for piece in waiting if piece not in found]
        # What these read and nothing else binds may be asleep, too.
        part = Dependencies([statement for piece in chosen for statement in piece.statements])
        missing |= {name for e in part.effects for name in (*e.reads, *e.reads_later)} - live
        missing -= {name for piece in chosen for s in piece.statements for name in _bound(s)}


def _bound(statement: Statement) -> set[str]:
    effects = Dependencies([statement]).effects[0]
    return effects.binds | effects.may_bind


def _makes(piece: Dormant, names: Collection[str], files: Collection[str]) -> bool:
    """Whether a piece binds one of the names without needing it first, or saves one of the files."""
    dependencies = Dependencies(piece.statements)
    bound = set[str]()
    for position, effects in enumerate(dependencies.effects):
        if dependencies.loads(position) or dependencies.trains(position):
            return False
        new = (effects.binds | effects.may_bind) & set(names)
        if any(not dependencies.mutated(position, name) for name in new - bound - effects.reads):
            return True
        bound |= new
        saves = {file.split(":", 1)[1] for file in effects.files.saves} - {"any"}
        if saves & set(files):
            return True
    return False


def _with(bundle: Bundle, chosen: Sequence[Dormant], understanding: Understanding, lost: Lost) -> Bundle:
    """The bundle with pieces awake, each where it stands; loads of what nobody saves even then are left out."""
    added = [statement for piece in chosen for statement in piece.statements]
    woken_cells = {statement.cell for statement in added}
    order = sorted((*bundle.statements, *added), key=lambda s: (s.cell, s.line))
    dependencies = Dependencies(order)
    saved = {file for position in range(len(order)) for file in dependencies.saves(position)}
    lost_statements = [understanding.dependencies.statements[position] for position in lost.positions]
    kept = []
    for position, statement in enumerate(order):
        unsaved = dependencies.loads(position) and not dependencies.loads(position) & saved
        is_condition = isinstance(statement.node, ast.If) and statement.cell in woken_cells
        if not (any(statement is one for one in lost_statements) and (unsaved or is_condition)):
            kept.append(statement)
    return replace(bundle, statements=tuple(kept))


# --- functions that nobody calls


def _with_calls(understanding: Understanding, lost: Lost) -> tuple[Bundle, str] | None:
    """The bundle with a loading function called where arrays are loaded from files, and the function's name."""
    bundle = understanding.bundle
    roles = {name: role for name, role in understanding.array_names().items() if name in lost.names}
    for statement in _loading_functions(understanding):
        assert isinstance(statement.node, ast.FunctionDef)
        calls = list(_calls(statement.node, roles))
        if not calls:
            continue
        statements: list[Statement] = []
        made = False
        saved = {file.split(":", 1)[1] for file in saved_files(statement.node).saves} & {*lost.files, "?"}
        for position, own in enumerate(bundle.statements):
            if position in lost.positions and not made:
                statements += [replace(own, source=text + "\n", node=ast.parse(text).body[0]) for text in calls]
                made = True
            # What the function saves is loaded as it stands; else its call is in the place of loading.
            if position not in lost.positions or saved:
                statements.append(own)
        return replace(bundle, statements=tuple(statements)), statement.node.name
    return None


def _loading_functions(understanding: Understanding) -> Iterator[Statement]:
    """The notebook's functions that read photographs and that nothing calls."""
    taken = {found.name for role in FUNCTIONS if role is not Role.LOAD and (found := understanding.first(role))}
    statements = understanding.bundle.statements
    everything = {called(call) for statement in statements for call in calls_in(statement.node)}
    for statement in statements:
        node = statement.node
        if not isinstance(node, ast.FunctionDef) or node.name in taken or node.name in everything:
            continue
        needed = understanding.dependencies.slice([node.name]).positions
        text = "".join(understanding.dependencies.statements[position].source for position in needed)
        if any(word in text for word in FILE_WORDS if word != "load("):
            yield statement


def _calls(node: ast.FunctionDef, roles: dict[str, Role]) -> Iterator[str]:
    """Statements that call a loading function for the arrays that are lost: once, or once for each folder."""
    arguments = [*node.args.posonlyargs, *node.args.args]
    required = arguments[: len(arguments) - len(node.args.defaults)]
    returned = [c.value for c in ast.walk(node) if isinstance(c, ast.Return) and c.value is not None]
    if not required:
        names = [getattr(element, "id", "") for element in getattr(returned[-1], "elts", [])] if returned else []
        if names and all(names):
            yield f"{', '.join(names)} = {node.name}()"
        elif not returned:
            yield f"{node.name}()"
    elif len(required) == 1 and returned and Role.VALID_DATA not in roles.values():
        # Where the validation data were a file of their own, nobody knows how they were split off.
        for name, role in roles.items():
            yield f"{name} = {node.name}({_DATA + _FOLDERS[role]!r})"
