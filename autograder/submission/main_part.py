"""What a script does when it is run as a program, as statements at its top level.

`if __name__ == "__main__":` holds, and `main()` called there or at the top level does once what its body says; whoever
writes a script in this way has the same names in mind as the author of a notebook.
"""

import ast
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace

from autograder.submission.notebook import Statement
from autograder.submission.python_text import MOST_STATEMENTS, body_of

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def unfolded(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """The statements with those of the main part in the place where they run."""
    if sum(len(getattr(s.node, "body", ())) + 1 for s in statements) > MOST_STATEMENTS:
        return tuple(statements)
    functions = [s for s in statements if isinstance(s.node, ast.FunctionDef) and _is_main(s.node)]
    flat = [inner for statement in statements for inner in _without_guard(statement)]
    calls = [s for s in flat if _calls_main(s.node)]
    if len(functions) != 1 or len(calls) != 1:
        return tuple(flat)
    main, call = functions[0], calls[0]
    given = _given(main, call)
    if given is None:
        return tuple(flat)
    body = [*given, *_body(main)]
    if flat.index(call) != flat.index(main) + 1:
        # What stands between the two runs first.
        body = [replace(statement, cell=call.cell, line=call.line) for statement in body]
    return tuple(inner for s in flat if s is not main for inner in (body if s is call else [s]))


def _without_guard(statement: Statement) -> Iterator[Statement]:
    node = statement.node
    if isinstance(node, ast.If) and _asks_for_main(node.test):
        lines = statement.source.split("\n")
        yield from (_inner(statement, lines, child) for child in node.body)
    else:
        yield statement


def _asks_for_main(test: ast.expr) -> bool:
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = [test.left, *test.comparators]
    name = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    return name and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)


def _is_main(node: ast.FunctionDef) -> bool:
    """Whether a function is called `main` and does, at the top level, what it does inside."""
    if node.name != "main" or node.decorator_list or node.args.vararg or node.args.kwarg:
        return False
    # A return at its very end ends nothing.
    own = _own_nodes(node.body[:-1] if isinstance(node.body[-1], ast.Return) else node.body)
    only_in_functions = (ast.Return, ast.Yield, ast.YieldFrom, ast.Await)
    nonlocals = any(isinstance(child, ast.Nonlocal) for child in ast.walk(node))
    return not nonlocals and not any(isinstance(child, only_in_functions) for child in own)


def _own_nodes(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Nodes and what is in them, but for the insides of functions and classes."""
    for node in nodes:
        yield node
        if not isinstance(node, _SCOPES):
            yield from _own_nodes(list(ast.iter_child_nodes(node)))


def _calls_main(node: ast.stmt) -> bool:
    return _call_of_main(node) is not None


def _call_of_main(node: ast.stmt) -> ast.Call | None:
    """`main()` or `sys.exit(main())`, standing alone."""
    call = node.value if isinstance(node, ast.Expr) else None
    if isinstance(call, ast.Call) and len(call.args) == 1 and isinstance(call.args[0], ast.Call):
        last = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        call = call.args[0] if last == "exit" else call
    is_main = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "main"
    return call if is_main and isinstance(call, ast.Call) else None


def _given(main: Statement, call: Statement) -> list[Statement] | None:
    """Statements that bind what `main` is given to its parameters; None where the text does not tell what that is."""
    made = _call_of_main(call.node)
    assert isinstance(main.node, ast.FunctionDef) and made is not None
    arguments = main.node.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    bound = dict(zip(names[len(names) - len(arguments.defaults) :], arguments.defaults, strict=True))
    bound |= {a.arg: d for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None}
    bound |= dict(zip(names, made.args, strict=False))
    bound |= {keyword.arg: keyword.value for keyword in made.keywords if keyword.arg}
    names += [argument.arg for argument in arguments.kwonlyargs]
    spread = any(isinstance(value, ast.Starred) for value in made.args) or any(not k.arg for k in made.keywords)
    if spread or set(names) != set(bound):
        return None
    texts = [f"{name} = {ast.unparse(bound[name])}\n" for name in names]
    return [replace(call, source=text, node=ast.parse(text).body[0]) for text in texts]


def _body(main: Statement) -> Iterator[Statement]:
    assert isinstance(main.node, ast.FunctionDef)
    lines = main.source.split("\n")
    for child in main.node.body:
        if not isinstance(child, ast.Return | ast.Global):
            yield _inner(main, lines, child)


def _inner(outer: Statement, lines: Sequence[str], node: ast.stmt) -> Statement:
    """A statement within another one, with its own text where that can be cut out, else with one that says the same.

    Args: lines: those of the outer one.
    """
    start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    own = lines[start - outer.line : (node.end_lineno or start) - outer.line + 1]
    text = textwrap.dedent("\n".join(own)) + "\n"
    found = body_of(text)
    # Text in quotes over several lines may have lost its indentation, and a line may hold several statements.
    if [ast.dump(part) for part in found] != [ast.dump(node)]:
        text = ast.unparse(node) + "\n"
    return replace(outer, line=start, source=text, node=node)
