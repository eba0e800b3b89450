"""What the pictures of a code cell probably show: read from what the cell calls, also through its own functions."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from autograder.submission.notebook import Statement, body_of

_CURVES = frozenset("plot semilogy semilogx loglog errorbar scatter lineplot relplot step fill_between".split())
_PHOTOGRAPHS = frozenset("imshow matshow fromarray to_pil_image array_to_img cv2_imshow imshow_grid".split())
_LIBRARIES = frozenset("plt matplotlib np torch nn F os pd cv2 sns".split())
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Shown(StrEnum):
    """What a picture seems to show."""

    CURVES = "curves"
    PHOTOGRAPHS = "photographs"
    EITHER = "curves or photographs"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class _Calls:
    draws: frozenset[str]
    names: frozenset[str]


def shown_by_cells(statements: Iterable[Statement], modules: Iterable[str] = ()) -> dict[int, Shown]:
    """By the number of each cell with statements, what is shown when it is run; modules: text of helper modules."""
    statements = tuple(statements)
    drawing = _drawing_functions(
        [statement.node for statement in statements] + [node for text in modules for node in body_of(text)]
    )
    shown: dict[int, set[str]] = {}
    for statement in statements:
        found = shown.setdefault(statement.cell, set())
        if isinstance(statement.node, (*_DEFINITIONS, ast.ClassDef)):
            continue
        calls = _calls_in([statement.node])
        found |= calls.draws
        for name in calls.names:
            found |= drawing.get(name, frozenset())
    return {cell: _in_words(kinds) for cell, kinds in shown.items()}


def _in_words(kinds: set[str]) -> Shown:
    if len(kinds) > 1:
        return Shown.EITHER
    return Shown(kinds.pop()) if kinds else Shown.UNKNOWN


def _drawing_functions(nodes: list[ast.stmt]) -> Mapping[str, frozenset[str]]:
    """The functions and methods that draw, themselves or through others, by their bare names."""
    calls: dict[str, _Calls] = {}
    for node in nodes:
        for definition in _walk([node]):
            if isinstance(definition, _DEFINITIONS):
                earlier = calls.get(definition.name, _Calls(frozenset(), frozenset()))
                own = _calls_in(definition.body)
                calls[definition.name] = _Calls(earlier.draws | own.draws, earlier.names | own.names)
    drawing = {name: own.draws for name, own in calls.items() if own.draws}
    grows = True
    while grows:
        grows = False
        for name, own in calls.items():
            found = drawing.get(name, frozenset()).union(*(drawing.get(called, ()) for called in own.names))
            if found != drawing.get(name, frozenset()):
                drawing[name] = found
                grows = True
    return drawing


def _calls_in(nodes: Iterable[ast.AST]) -> _Calls:
    draws, names = set[str](), set[str]()
    for node in _walk(nodes):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        base = node.func.value if isinstance(node.func, ast.Attribute) else None
        if not (
            isinstance(base, ast.Name) and base.id in _LIBRARIES
        ):  # `plt.show()` is no `show` of the notebook's own
            names.add(name)
        if isinstance(node.func, ast.Attribute) or name.startswith(("im", "cv2")):
            draws |= {str(Shown.CURVES)} if name in _CURVES else set()
            draws |= {str(Shown.PHOTOGRAPHS)} if name in _PHOTOGRAPHS else set()
    return _Calls(frozenset(draws), frozenset(names))


def _walk(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for node in nodes:
        yield from ast.walk(node)
