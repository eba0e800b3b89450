"""Which definition plays which role, whatever its author called it.

By exact name first, then by known aliases, then by words in the name, then by what the code does. Within one of these
the last definition wins, as it would in the notebook. What is a mere skeleton is told apart from what is not there.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from autograder.program.behaviour import Definitions, called, calls_in, does, fits, is_instance, trains
from autograder.program.bindings import effects_of
from autograder.program.names import ARRAYS, MODELS, Role, has_telling_words, is_usual_name, plain
from autograder.program.skeletons import is_placeholder, is_skeleton, is_small_part_of_itself
from autograder.program.slicing import Dependencies
from autograder.submission.notebook import body_of


@dataclass(frozen=True)
class Candidate:
    """A definition that may play a role.

    position: of the definition among the statements; end: where the name is bound again, to something else, None
    where it never is; how: why it was taken; rank: how much tells for it, 0 where that is most.
    """

    role: Role
    name: str
    position: int
    cell: int
    how: str
    skeleton: bool = False
    end: int | None = None
    rank: int = 0

    @property
    def key(self) -> str:
        """What the definition is kept under in a worker."""
        return f"{self.name}@{self.end}"


def find_roles(
    dependencies: Dependencies,
    modules: Mapping[str, Definitions] | None = None,
    decided: Mapping[Role, str] | None = None,
) -> dict[Role, tuple[Candidate, ...]]:
    """For every role its candidates, the most likely one first.

    Args: modules: what the Python files beside the notebook define, by module name; decided: the names that an
        instructor says play a role.
    """
    decided = decided or {}
    every = _every_definition(dependencies, modules or {})
    # What a class from a file beside the notebook inherits from is known in that file.
    last: Definitions = {name: found for module in (modules or {}).values() for name, found in module.items()}
    last |= {name: found[-1] for name, found in every.items()}
    handed_over = _handed_to_training(dependencies, last)
    found: dict[Role, tuple[Candidate, ...]] = {}
    for role in Role:
        ranked = []
        for name, definitions in every.items():
            for place, (position, node) in enumerate(definitions):
                if role in decided:
                    rank, how = 0, "its name" if name == decided[role] else ""
                elif name in decided.values():
                    continue
                else:
                    rank, how = _rank(role, name, node, last, handed_over)
                if not how or (role in ARRAYS and dependencies.trains(position)):
                    continue
                end = definitions[place + 1][0] if place + 1 < len(definitions) else None
                if role in MODELS and is_instance(node):
                    # A model is judged as it was made; what trains it later is no part of it.
                    end = dependencies.trained_from(name, position, end)
                skeleton = is_skeleton(node) or (role in MODELS and _is_made_of_skeleton(node, position, every))
                cell = dependencies.statements[position].cell
                candidate = Candidate(role, name, position, cell, how, skeleton, end, rank)
                # A skeleton that is left over, under a name of the handout, must not hide the work done elsewhere; nor
                # must `train_data = train_data[:5]`, the few triplets of a sanity check, or `cnn = CNN()`, a model that
                # somebody may have trained.
                later = is_small_part_of_itself(node, name) or (role in MODELS and is_instance(node))
                ranked.append(((skeleton, later, rank, -position), candidate))
        found[role] = tuple(candidate for _, candidate in sorted(ranked, key=lambda pair: pair[0]))
    return _one_role_each(found)


def _every_definition(
    dependencies: Dependencies, modules: Mapping[str, Definitions]
) -> dict[str, list[tuple[int, ast.stmt]]]:
    """Every name bound at top level with all its definitions, in order; for an import from a file beside the
    notebook, what that file defines stands for it."""
    every: dict[str, list[tuple[int, ast.stmt]]] = {}
    for position, (statement, effects) in enumerate(zip(dependencies.statements, dependencies.effects, strict=True)):
        for name in effects.binds | effects.may_bind:
            node = _imported_definition(statement.node, name, modules) or statement.node
            every.setdefault(name, []).append((position, node))
        for site in effects.calls:
            # `load()` with `global train_data` inside binds that name as well, whatever stood for it until then.
            for name in dependencies.mutated_through(site):
                if all(is_placeholder(node) for _, node in every.get(name, ())):
                    every.setdefault(name, []).append((position, statement.node))
    return every


def _is_made_of_skeleton(node: ast.stmt, position: int, every: Mapping[str, list[tuple[int, ast.stmt]]]) -> bool:
    """Whether a statement makes a model of a class that is still to be written: `channel = CNNChannel(n=8)`."""
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
        return False
    before = [definition for place, definition in every.get(called(node.value), ()) if place < position]
    return bool(before) and is_skeleton(before[-1])


def _imported_definition(node: ast.stmt, name: str, modules: Mapping[str, Definitions]) -> ast.stmt | None:
    """What a file beside the notebook defines under a name that a statement takes out of it, perhaps in a `try`."""
    for child in ast.walk(node) if isinstance(node, ast.ImportFrom | ast.Try | ast.If) else ():
        if not isinstance(child, ast.ImportFrom) or child.module is None or child.module not in modules:
            continue
        original = next((alias.name for alias in child.names if (alias.asname or alias.name) == name), None)
        if original is None and any(alias.name == "*" for alias in child.names):
            original = name
        found = modules[child.module].get(original or "", (0, None))[1]
        if found is not None:
            return found
    return None


def definitions_in(source: str) -> Definitions:
    """What a Python file defines at its top level; nothing where it does not parse."""
    found: Definitions = {}
    for position, node in enumerate(body_of(source)):
        for name in effects_of(node).binds:
            found[name] = (position, node)
    return found


def _handed_to_training(dependencies: Dependencies, definitions: Definitions) -> dict[str, Role]:
    """Names that the notebook passes to its training function as training or validation data."""
    handed: dict[str, Role] = {}
    trainers = {name: node for name, (_, node) in definitions.items() if trains(node, definitions)}
    for statement in dependencies.statements:
        for call in calls_in(statement.node):
            node = trainers.get(called(call))
            if not isinstance(node, ast.FunctionDef):
                continue
            arguments = dict(zip((a.arg for a in node.args.args), call.args, strict=False))
            arguments |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
            for parameter, value in arguments.items():
                for role in (Role.TRAIN_DATA, Role.VALID_DATA):
                    if isinstance(value, ast.Name) and (
                        is_usual_name(role, parameter) or plain(parameter) == plain(role)
                    ):
                        handed[value.id] = role
    return handed


def _rank(
    role: Role, name: str, node: ast.stmt, definitions: Definitions, handed_over: Mapping[str, Role]
) -> tuple[int, str]:
    """How likely a name plays a role (0 is likeliest) and why; "" where it does not."""
    if not fits(role, node, definitions):
        return 0, ""
    if name == role.value:
        return 0, "its name"
    if plain(name) == plain(role.value):
        return 1, "its name"
    # Of several names that would do, the one that the notebook trains with is meant.
    if is_usual_name(role, name):
        return 2 if handed_over.get(name) is role else 3, "a usual name"
    if has_telling_words(role, name):
        return 4 if handed_over.get(name) is role else 5, "words in its name"
    if handed_over.get(name) is role or does(role, node, definitions):
        return 6, "what its code does"
    return 0, ""


def _one_role_each(found: dict[Role, tuple[Candidate, ...]]) -> dict[Role, tuple[Candidate, ...]]:
    """Take names out of roles in which they only might be where another role has them for sure."""
    strength = {"its name": 0, "a usual name": 1, "words in its name": 2, "what its code does": 3}
    best: dict[tuple[str, int], int] = {}
    for candidates in found.values():
        for candidate in candidates:
            key = candidate.name, candidate.position
            best[key] = min(best.get(key, 9), strength[candidate.how])
    return {
        role: tuple(c for c in candidates if strength[c.how] == best[c.name, c.position])
        for role, candidates in found.items()
    }
