"""Methods of a notebook's own classes that do what the assignment asks of a function.

Who writes classes for everything has `PairMaker.same(data)` in the place of `generate_same_pair(data)`. Such a method
is made a function by a statement behind the notebook's own: `generate_same_pair = PairMaker.same`.
"""

import ast
from collections.abc import Collection, Iterator, Sequence

from autograder.program.names import Role, has_telling_words, is_usual_name
from autograder.program.parameters import meaning_of
from autograder.submission.notebook import Statement

# What each function is given in the assignment, by meaning, in the order in which it is given.
_GIVEN = {
    Role.SAME: ("data",),
    Role.DIFFERENT: ("data",),
    Role.ACCURACY: ("model", "data"),
}


def methods_as_functions(statements: Sequence[Statement], unfilled: Collection[Role]) -> Iterator[Statement]:
    """For each role that nothing plays yet, a statement that makes a function of the method which may."""
    for role in (role for role in _GIVEN if role in unfilled):
        texts = [text for statement in statements for text in _as_functions(statement.node, role)]
        if texts:
            source = f"{role.value} = {texts[-1]}"
            yield Statement(-1, 1, source + "\n", ast.parse(source).body[0])


def _as_functions(node: ast.stmt, role: Role) -> Iterator[str]:
    if not isinstance(node, ast.ClassDef):
        return
    methods = [child for child in node.body if isinstance(child, ast.FunctionDef)]
    start = next((method for method in methods if method.name == "__init__"), None)
    for method in methods:
        if is_usual_name(role, method.name) or has_telling_words(role, method.name):
            text = _call(node.name, start, method, _GIVEN[role])
            if text is not None:
                yield text


def _call(owner: str, start: ast.FunctionDef | None, method: ast.FunctionDef, given: Sequence[str]) -> str | None:
    """An expression for the function, or None where it is not clear what an instance is made with."""
    decorators = {getattr(decorator, "id", getattr(decorator, "attr", "")) for decorator in method.decorator_list}
    if decorators & {"staticmethod", "classmethod"}:
        return f"{owner}.{method.name}"
    if decorators & {"property", "cached_property"}:
        return None
    waiting = list(given)
    making = _taken(start, waiting) if start is not None else []
    if making is None:
        return None
    if not making:
        return f"{owner}().{method.name}"
    calling = _taken(method, waiting)
    if calling is None:
        return None
    return f"lambda {', '.join(given)}: {owner}({', '.join(making)}).{method.name}({', '.join(calling)})"


def _taken(function: ast.FunctionDef, waiting: list[str]) -> list[str] | None:
    """Which of the waiting arguments a function takes for its parameters; None where one is left without."""
    arguments = [*function.args.posonlyargs, *function.args.args][1:]
    required = arguments[: max(0, len(arguments) - len(function.args.defaults))]
    taken = []
    for argument in required:
        meaning = meaning_of(argument.arg)
        if meaning in ("train_data", "valid_data"):
            meaning = "data"
        if meaning not in waiting:
            return None
        waiting.remove(meaning)
        taken.append(meaning)
    return taken
