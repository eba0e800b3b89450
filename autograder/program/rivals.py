"""What else could have been meant for a role: definitions that tell as much for it as the one that was taken."""

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from autograder.program.behaviour import is_instance
from autograder.program.names import MODELS, Role
from autograder.program.roles import Candidate
from autograder.program.understanding import Understanding

MOST_RIVALS = 4
# Each of these is followed through the notebook, and there is no limit to what a notebook may define.
_MOST_LOOKED_AT = 12
# Nothing is judged by who loads: what counts are the arrays, which say where they come from.
_NOT_JUDGED = (Role.LOAD,)


def rivals_of(
    understanding: Understanding, tried: Mapping[Role, Mapping[str, Any]], ruled_out: Collection[tuple[Role, str]] = ()
) -> dict[str, dict[str, Any]]:
    """For each role for which something else could be meant as well, `others`: the name and the cell of each.

    Args: tried: by role, `name` and `cell` of what was taken for it, where that was run; ruled_out: names that were
        tried for a role and are something else, unless that holds of what was taken, too.
    """
    found: dict[str, dict[str, Any]] = {}
    for role, entry in tried.items():
        names = {name for other, name in ruled_out if other is role}
        likely = rivals(understanding, role, entry["name"], names if entry["name"] not in names else ())
        if likely:
            found[role.value] = {"others": [{"name": rival.name, "cell": rival.cell} for rival in likely]}
    return found


def rivals(
    understanding: Understanding, role: Role, taken: str, something_else: Collection[str] = ()
) -> Sequence[Candidate]:
    """The candidates for a role that are at least as likely as the one of a name, the likeliest first.

    No rivals are a helper that it calls and a wrapper around it, nor an array that one of the two is made of; a model
    made of a class; the variable of a loop; and an earlier definition of the same name, since the last one counts. Of
    what was found only by what it makes or holds, none are known.

    Args: something_else: names that are known to be no rivals.
    """
    candidates = [candidate for candidate in understanding.roles[role] if not candidate.skeleton]
    chosen = next((candidate for candidate in candidates if candidate.name == taken), None)
    if chosen is None or role in _NOT_JUDGED:
        return ()
    by_name = {candidate.name: candidate for candidate in reversed(candidates)}
    likely = [c for c in candidates if by_name[c.name] is c and c is not chosen and c.rank <= chosen.rank]
    likely = [candidate for candidate in likely if candidate.name not in something_else]
    return tuple(islice(_apart(understanding, chosen, likely[:_MOST_LOOKED_AT]), MOST_RIVALS))


def _apart(understanding: Understanding, chosen: Candidate, likely: Sequence[Candidate]) -> Iterator[Candidate]:
    """Those candidates that neither need the chosen one nor are needed by it."""
    needed = set(understanding.narrow([chosen]).positions) if likely else set()
    for candidate in likely:
        node = understanding.dependencies.statements[candidate.position].node
        passing = isinstance(node, ast.For) or (candidate.role in MODELS and is_instance(node))
        if passing or candidate.position in needed:
            continue
        if chosen.position not in understanding.narrow([candidate]).positions:
            yield candidate
