"""Reads the reference: its definitions as they are written or with their bodies to fill in, and their imports."""

import ast
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from student_template.handout import region


@dataclass(frozen=True)
class Definition:
    """A function, a class or a constant of the reference.

    place: module and line, so that several can be put into the reference's own order; text: its lines, with the
    comment right above; imports: what its module imports, by the name that the import binds.
    """

    place: tuple[str, int]
    node: ast.stmt
    text: str
    imports: dict[str, "Import"]


@dataclass(frozen=True, order=True)
class Import:
    """One imported name: `import module as alias` where `name` is empty, else `from module import name as alias`."""

    module: str
    name: str = ""
    alias: str = ""

    @property
    def bound(self) -> str:
        """The name by which code calls it."""
        return self.alias or self.name or self.module.partition(".")[0]


def read_definitions(package: str = "reference") -> dict[str, Definition]:
    """All top-level definitions of a package by name. The package is read, never imported."""
    specification = find_spec(package)
    if specification is None or not specification.submodule_search_locations:
        raise ModuleNotFoundError(f"there is no package {package} to read")
    definitions = {}
    for path in sorted(Path(specification.submodule_search_locations[0]).glob("[!_]*.py")):
        code = path.read_text(encoding="utf-8")
        tree, lines = ast.parse(code), code.splitlines()
        imports = {one.bound: one for one in read_imports(code) if one.module.partition(".")[0] != package}
        for node in tree.body:
            for name in bound_names(node):
                definition = Definition((path.stem, node.lineno), node, _lines_of(node, lines), imports)
                definitions[name] = definition
    return definitions


def bound_names(node: ast.stmt) -> list[str]:
    """The names that a top-level statement defines; none for imports and docstrings."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)]
    return []


def in_order(definitions: Iterable[Definition]) -> list[Definition]:
    """Each definition once, as the reference orders them; `LEFT` and `RIGHT` are one statement."""
    return sorted({one.place: one for one in definitions}.values(), key=lambda one: one.place)


def join(texts: Iterable[tuple[ast.stmt, str]]) -> str:
    """Statements as one cell: functions and classes two lines apart, constants together."""
    cell, previous = "", None
    for node, text in texts:
        if previous is not None:
            constants = isinstance(previous, ast.Assign) and isinstance(node, ast.Assign)
            cell += "\n\n\n" if not constants else "\n\n" if text.startswith("#") else "\n"
        cell, previous = cell + text, node
    return cell


def to_fill_in(definition: Definition, question: str, docstring: str = "", below: str = "") -> str:
    """A definition whose bodies are regions: in the solution they are the reference's, and the student gets errors that
    name the task. Signature and docstring stand outside, the same for both.

    Args: docstring: stands in place of the reference's own one, which may say how things are done; below: what the
        solution needs besides, at the end of the last region.
    Raises: TypeError for what has no body to leave out: a constant, or a class with more in it than methods.
    """
    node = definition.node
    below = f"\n\n\n{below}" if below else ""
    if isinstance(node, ast.FunctionDef):
        return _function_to_fill_in(definition, node, f"Question {question}: write {node.name}", docstring, below)
    if not isinstance(node, ast.ClassDef):
        raise TypeError(f"{definition.text} is no function or class")
    methods = [part for part in node.body if isinstance(part, ast.FunctionDef)]
    if not methods or len(methods) < len(node.body) - (ast.get_docstring(node) is not None):
        raise TypeError(f"{node.name} has more in it than methods")
    parts = [_signature(definition, node) + "\n" + _docstring(definition, node, docstring)]
    for method in methods:
        task = f"Question {question}: write {node.name}.{method.name}"
        last = below if method is methods[-1] else ""
        parts.append(_function_to_fill_in(definition, method, task, below=last))
    return "\n\n".join(part.rstrip("\n") for part in parts)


def read_imports(code: str) -> list[Import]:
    """The imports at the top level of some code, one entry for each name."""
    found = []
    for node in ast.parse(code).body:
        if isinstance(node, ast.Import):
            found += [Import(one.name, alias=one.asname or "") for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [Import(node.module or "", one.name, one.asname or "") for one in node.names]
    return found


def needed_imports(text: str, definitions: Iterable[Definition]) -> set[Import]:
    """What a cell made of these definitions has to import."""
    used = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    available = {name: one for definition in definitions for name, one in definition.imports.items()}
    return {one for name, one in available.items() if name in used}


def write_imports(imports: Iterable[Import]) -> str:
    """The imports as code: the standard library first, whole modules before single names."""
    groups: dict[bool, list[str]] = {True: [], False: []}
    names: dict[str, list[str]] = {}
    for one in sorted(set(imports), key=lambda one: (one.module.lower(), one)):
        alias = f" as {one.alias}" if one.alias else ""
        if one.name:
            names.setdefault(one.module, []).append(one.name + alias)
        else:
            groups[_is_standard(one.module)].append(f"import {one.module}{alias}")
    for module, bound in names.items():
        groups[_is_standard(module)].append(f"from {module} import {', '.join(bound)}")
    return "\n\n".join("\n".join(group) for group in groups.values() if group)


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def _lines_of(node: ast.stmt, lines: list[str]) -> str:
    """The source of a statement with its decorators and the comment right above it."""
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)]) - 1
    while first > 0 and lines[first - 1].startswith("#"):
        first -= 1
    return "\n".join(lines[first : node.end_lineno])


def _text_between(definition: Definition, first: int, last: int) -> str:
    """Lines of the module, counted as the syntax tree counts them; the definition must hold them."""
    lines = definition.text.splitlines()
    offset = (definition.node.end_lineno or 0) - len(lines) + 1
    return "\n".join(lines[first - offset : last - offset + 1])


def _signature(definition: Definition, node: ast.FunctionDef | ast.ClassDef) -> str:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return _text_between(definition, first, _body_start(definition, node) - 1)


def _body_start(definition: Definition, node: ast.FunctionDef | ast.ClassDef) -> int:
    """The line after the signature; comments above the first statement belong to the body."""
    line = node.body[0].lineno
    while _text_between(definition, line - 1, line - 1).lstrip().startswith("#"):
        line -= 1
    return line


def _docstring(definition: Definition, node: ast.FunctionDef | ast.ClassDef, instead: str) -> str:
    """The docstring with its quotes and its indentation; empty where there is none."""
    if instead:
        return textwrap.indent(instead, " " * (node.col_offset + 4))
    if ast.get_docstring(node) is None:
        return ""
    return _text_between(definition, node.body[0].lineno, node.body[0].end_lineno or 0)


def _function_to_fill_in(
    definition: Definition, node: ast.FunctionDef, task: str, docstring: str = "", below: str = ""
) -> str:
    parts = _signature(definition, node), _docstring(definition, node, docstring)
    indent = " " * (node.col_offset + 4)
    first = _body_start(definition, node) if ast.get_docstring(node) is None else (node.body[0].end_lineno or 0) + 1
    body = _text_between(definition, first, node.end_lineno or 0)
    filled = region(body + below, f'{indent}raise NotImplementedError("{task}")', indent, "" if below else indent)
    return "\n".join([*(part for part in parts if part), filled])
