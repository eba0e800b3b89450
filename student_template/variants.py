"""What the functions-file revision changes in signatures of the reference, so that nothing is written twice."""

import ast
import re
from collections.abc import Collection
from dataclasses import replace

from student_template.source import Definition


def without_arguments(network: Definition) -> Definition:
    """A class built without arguments: what were the defaults of `__init__` becomes the first line of its body.

    Raises: TypeError where there is nothing to do that with: no `__init__`, or parameters that have no default
        or go by keyword only.
    """
    method = next((part for part in getattr(network.node, "body", []) if getattr(part, "name", "") == "__init__"), None)
    if not isinstance(method, ast.FunctionDef):
        raise TypeError(f"{network.text.splitlines()[0]} has no __init__")
    _, *parameters = method.args.args
    if len(parameters) != len(method.args.defaults) or method.args.kwonlyargs:
        raise TypeError(f"{network.text.splitlines()[0]} has parameters without a place for their defaults")
    lines = network.text.splitlines()
    offset = (network.node.end_lineno or 0) - len(lines)
    signature = slice(method.lineno - offset - 1, method.body[0].lineno - offset - 1)
    names = ", ".join(parameter.arg for parameter in parameters)
    values = ", ".join(ast.unparse(value) for value in method.args.defaults)
    result = f" -> {ast.unparse(method.returns)}" if method.returns else ""
    first = [f"        {names} = {values}"] if names else []
    lines[signature] = [f"    def __init__(self){result}:", *first]
    return _with_text(network, "\n".join(lines))


def with_global_defaults(function: Definition, names: Collection[str]) -> Definition:
    """A function of which some parameters take the global variables of their own names if nothing is given."""
    lines = function.text.splitlines()
    offset = (function.node.end_lineno or 0) - len(lines)
    assert isinstance(function.node, ast.FunctionDef)
    # From the last to the first, lest an insertion move the places of others.
    for parameter in reversed([one for one in function.node.args.args if one.arg in names]):
        line, column = (parameter.end_lineno or 0) - offset - 1, parameter.end_col_offset or 0
        lines[line] = f"{lines[line][:column]} = {parameter.arg}{lines[line][column:]}"
    return _with_text(function, "\n".join(lines))


def called(function: Definition, name: str) -> Definition:
    """A function under another name; one that calls itself would go on calling the old one."""
    return _with_text(function, re.sub(r"^def \w+\(", f"def {name}(", function.text, count=1, flags=re.MULTILINE))


def _with_text(definition: Definition, text: str) -> Definition:
    return replace(definition, node=ast.parse(text).body[0], text=text)
