"""The code that the checks of a question speak of, as it stands in a report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograder.report.about import ROLES_OF_QUESTION
from autograder.report.highlighting import highlighted

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True)
class Listing:
    """A piece of code with where it stands, in words."""

    place: str
    source: "Markup"
    cut: bool


def listings(question: str, code: Mapping[str, Mapping[str, Any]]) -> Sequence[Listing]:
    """What the checks of a question speak of, in the order of the submission; pieces that follow each other are one.

    Args: code: by role, as a result has it.
    """
    wanted = {_position(code[role]): code[role] for role in ROLES_OF_QUESTION.get(question, ()) if role in code}
    pieces: list[dict[str, Any]] = []
    for _, piece in sorted(wanted.items()):
        if pieces and _follows(pieces[-1], piece):
            pieces[-1] |= {"source": f"{pieces[-1]['source']}\n{piece['source']}", "cut": piece.get("cut", False)}
        else:
            pieces.append(dict(piece))
    return [Listing(_place(piece), highlighted(piece["source"]), piece.get("cut", False)) for piece in pieces]


def _position(piece: Mapping[str, Any]) -> tuple[str, int, int]:
    return piece["file"], piece.get("cell", -1), piece["line"]


def _follows(before: Mapping[str, Any], piece: Mapping[str, Any]) -> bool:
    file, cell, line = _position(before)
    return (file, cell, line + before["source"].count("\n") + 1) == _position(piece)


def _place(piece: Mapping[str, Any]) -> str:
    where = f"cell {piece['cell']}" if "cell" in piece else piece["file"]
    return where + (f", from line {piece['line']}" if piece["line"] > 1 else "")
