"""A submission's code as it stands in its report: coloured by kind of word, and nothing but text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograder.program.names import Role
from autograder.report.inert import printable

if TYPE_CHECKING:
    from markupsafe import Markup

# What the checks of a question speak of.
ROLES: dict[str, tuple[Role, ...]] = {
    "q1a": (Role.LOAD, Role.TRAIN_DATA, Role.VALID_DATA, Role.TEST_W, Role.TEST_M),
    "q1b": (Role.SAME,),
    "q1c": (Role.DIFFERENT,),
    "q2a": (Role.CNN,),
    "q2b": (Role.CHANNEL,),
    "q2d": (Role.ACCURACY,),
    "q3a": (Role.TRAIN,),
}


@dataclass(frozen=True)
class Listing:
    """A piece of code; place: in words, where it stands, and what else could be meant."""

    place: str
    source: "Markup"
    cut: bool


def listings(
    question: str, code: Mapping[str, Mapping[str, Any]], resolved: Mapping[str, Mapping[str, Any]]
) -> Sequence[Listing]:
    """What the checks of a question speak of, in the order of the submission; pieces that follow each other are one.

    Args: code, resolved: by role, as a result has them.
    """
    wanted: dict[tuple[str, int, int], dict[str, Any]] = {}
    for role in (role for role in ROLES.get(question, ()) if role in code):
        piece = wanted.setdefault(_position(code[role]), {**code[role], "others": []})
        piece["others"] += resolved.get(role, {}).get("others", ())
    pieces: list[dict[str, Any]] = []
    for _, piece in sorted(wanted.items()):
        if pieces and _follows(pieces[-1], piece):
            source, others = f"{pieces[-1]['source']}\n{piece['source']}", [*pieces[-1]["others"], *piece["others"]]
            pieces[-1] |= {"source": source, "cut": piece.get("cut", False), "others": others}
        else:
            pieces.append(dict(piece))
    return [
        Listing(_place(piece) + _others(piece), highlighted(piece["source"]), piece.get("cut", False))
        for piece in pieces
    ]


def highlighted(source: str) -> "Markup":
    """Python as HTML, its words in spans whose classes begin with `py-`; all of it escaped and printable."""
    from markupsafe import Markup
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    formatter = HtmlFormatter(nowrap=True, classprefix="py-")
    coloured = highlight(printable(source).rstrip(), PythonLexer(stripnl=False, ensurenl=False), formatter)
    return Markup(coloured.rstrip("\n"))


def _position(piece: Mapping[str, Any]) -> tuple[str, int, int]:
    return piece["file"], piece.get("cell", -1), piece["line"]


def _follows(before: Mapping[str, Any], piece: Mapping[str, Any]) -> bool:
    file, cell, line = _position(before)
    return (file, cell, line + before["source"].count("\n") + 1) == _position(piece)


def _place(piece: Mapping[str, Any]) -> str:
    where = f"cell {piece['cell']}" if "cell" in piece else piece["file"]
    return where + (f", from line {piece['line']}" if piece["line"] > 1 else "")


def _others(piece: Mapping[str, Any]) -> str:
    listed = others_in_words(piece["others"])
    return f" ({listed} could be meant as well)" if listed else ""


def others_in_words(others: Sequence[Mapping[str, Any]]) -> str:
    """Definitions that could be meant as well as the one that was taken: each one's name and cell, counted from 0."""
    return " and ".join(f"`{other['name']}` in cell {other['cell']}" for other in others)
