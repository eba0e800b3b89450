"""The code that the checks of a question speak of, as it stands in a report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograder.highlighting import highlighted
from autograder.report.about import ROLES_OF_QUESTION
from autograder.report.inert import printable

if TYPE_CHECKING:
    from markupsafe import Markup


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
    for role in (role for role in ROLES_OF_QUESTION.get(question, ()) if role in code):
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
        Listing(_place(piece) + _others(piece), highlighted(printable(piece["source"])), piece.get("cut", False))
        for piece in pieces
    ]


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
