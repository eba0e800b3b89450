"""What the text of a training says it does, for what a training that is stopped early can no longer show."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograder.program.behaviour import called, calls_in
from autograder.program.names import Role
from autograder.program.training import TrainingCall
from autograder.program.understanding import Understanding

_ANSWERS = frozenset("argmax topk argsort sort round eq gt ge lt le sign bincount".split())
_SAVES = frozenset(("save", "dump", "save_file"))


@dataclass(frozen=True)
class TrainingText:
    """returns, draws: whether a function returns something, or plots; saves: where it saves: "inside" its loops,
    "after" them, "outside" where only the notebook does so, once the function has returned, or ""; answers: whether
    there is anything in it, or in what it calls, that turns outputs into answers: without that, nothing it measures
    is an accuracy; measures_by: what the notebook's accuracy function is called, where the training uses it;
    measures: for how many different data."""

    returns: bool = False
    draws: bool = False
    saves: str = ""
    answers: bool = True
    measures_by: str = ""
    measures: int = 0


def training_text(understanding: Understanding, position: int, call: TrainingCall | None) -> TrainingText:
    """What the text of the function at a position says, and of the notebook behind the call of it."""
    node = understanding.dependencies.statements[position].node
    if not isinstance(node, ast.FunctionDef):
        return TrainingText()
    parts = [node] if call is None else [node, understanding.dependencies.statements[call.position].node]
    reached = list(_reached(understanding, parts))
    accuracy = understanding.first(Role.ACCURACY)
    used = accuracy is not None and any(getattr(other, "name", "") == accuracy.name for other in reached)
    return TrainingText(
        returns=any(
            isinstance(child, ast.Return) and child.value is not None and not isinstance(child.value, ast.Constant)
            for child in ast.walk(node)
        ),
        draws=any(called(made) == "plot" for made in calls_in(node)),
        saves=_saves(node) or ("outside" if call is not None and _saves_later(understanding, call) else ""),
        # What a module of the submission's own does is not read here.
        answers=bool(understanding.bundle.modules.sources) or any(map(_turns_into_answers, reached)),
        measures_by=accuracy.name if accuracy is not None and used else "",
        measures=len(_measured(reached, accuracy.name)) if accuracy is not None and used else 0,
    )


def _saves(node: ast.FunctionDef) -> str:
    if not _has_save(node):
        return ""
    loops = [child for child in ast.walk(node) if isinstance(child, ast.For | ast.While)]
    return "inside" if any(_has_save(loop) for loop in loops) else "after"


def _saves_later(understanding: Understanding, call: TrainingCall) -> bool:
    """Whether the notebook saves weights in or behind the statement that trains, outside of any function."""
    statements = understanding.dependencies.statements[call.position :]
    return any(
        _has_save(statement.node)
        for statement in statements
        if not isinstance(statement.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    )


def _measured(reached: Sequence[ast.stmt], accuracy: str) -> set[str]:
    """What the accuracy function is given besides the model, in the training and in what it calls."""
    calls = [call for part in reached for call in calls_in(part) if called(call) == accuracy]
    return {ast.unparse(call.args[1]) for call in calls if len(call.args) > 1}


def _has_save(node: ast.AST) -> bool:
    """`torch.save(...)`, `pickle.dump(...)`; what numpy saves are no weights."""
    return any(
        called(call) in _SAVES
        and not (isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") in ("np", "numpy"))
        for call in calls_in(node)
    )


def _reached(understanding: Understanding, parts: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements and the definitions that they mention, directly or through others."""
    definitions: dict[str, ast.stmt] = {}
    for statement in understanding.dependencies.statements:
        if isinstance(statement.node, ast.FunctionDef | ast.ClassDef):
            definitions[statement.node.name] = statement.node
    waiting, seen = list(parts), list(parts)
    while waiting:
        here = waiting.pop()
        yield here
        names = {child.id for child in ast.walk(here) if isinstance(child, ast.Name)}
        names |= {child.attr for child in ast.walk(here) if isinstance(child, ast.Attribute)}
        for name in sorted(names & definitions.keys()):
            if not any(definitions[name] is other for other in seen):
                seen.append(definitions[name])
                waiting.append(definitions[name])


def _turns_into_answers(node: ast.stmt) -> bool:
    """The place of the larger output, or a comparison whose result is no mere condition."""
    conditions = {
        id(child.test) for child in ast.walk(node) if isinstance(child, ast.If | ast.While | ast.IfExp | ast.Assert)
    }
    for child in ast.walk(node):
        if isinstance(child, ast.Call) and called(child) in _ANSWERS:
            return True
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute) and child.func.attr == "max":
            return True
        if isinstance(child, ast.Call) and "acc" in (called(child) or "").lower():
            return True
        if isinstance(child, ast.Compare) and id(child) not in conditions and not _is_of_constants(child):
            return True
    return False


def _is_of_constants(node: ast.Compare) -> bool:
    """`x is None`, `__name__ == "__main__"`: nothing is counted by these."""
    return any(isinstance(side, ast.Constant) and not isinstance(side.value, int | float) for side in node.comparators)
