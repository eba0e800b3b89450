"""What of a submission each check speaks of: which roles, and so which cells."""

import re
from collections.abc import Mapping
from typing import Any

from autograder.program.names import Role

# By the id of a check or the first part of that, the likeliest role first.
ROLES: dict[str, tuple[Role, ...]] = {
    "data": (Role.LOAD, Role.TRAIN_DATA),
    "data.split": (Role.VALID_DATA, Role.TRAIN_DATA, Role.LOAD),
    "same": (Role.SAME,),
    "different": (Role.DIFFERENT,),
    "cnn": (Role.CNN,),
    "channel": (Role.CHANNEL,),
    "accuracy": (Role.ACCURACY,),
    "train": (Role.TRAIN,),
    "overfit.cnn": (Role.CNN, Role.TRAIN),
    "overfit.channel": (Role.CHANNEL, Role.TRAIN),
    "test": (Role.CHANNEL, Role.TRAIN),
}
# What a question as a whole is about, where its checks speak of code.
ROLES_OF_QUESTION: dict[str, tuple[Role, ...]] = {
    "q1a": (Role.LOAD, Role.TRAIN_DATA, Role.VALID_DATA, Role.TEST_W, Role.TEST_M),
    "q1b": (Role.SAME,),
    "q1c": (Role.DIFFERENT,),
    "q2a": (Role.CNN,),
    "q2b": (Role.CHANNEL,),
    "q2d": (Role.ACCURACY,),
    "q3a": (Role.TRAIN,),
}
# As an exception's place ends what was observed.
IN_CELL = re.compile(r"\(cell (\d{1,6}), line (\d{1,6})\)\W*$")


def roles_of(check: str) -> tuple[Role, ...]:
    """The roles of whose code a check speaks, the likeliest first."""
    return ROLES.get(check) or ROLES.get(check.partition(".")[0], ())


def cells_of(check: str, entry: Mapping[str, Any], result: Mapping[str, Any]) -> tuple[int, ...]:
    """The cells that a check speaks of: where code stopped, else where an answer or pictures are, else where the first
    of its roles is written; none where that is in no cell.

    Args: entry: what the result says of the check.
    """
    if stopped := IN_CELL.search(entry["observed"]):
        return (int(stopped[1]),)
    if answered := cells_of_answer(entry):
        return answered
    for role in roles_of(check):
        written = result.get("code", {}).get(role.value)
        if written is not None:
            return (written["cell"],) if "cell" in written else ()
    return ()


def cells_of_answer(entry: Mapping[str, Any]) -> tuple[int, ...]:
    """The cells in which what a person marks stands: words first, then pictures."""
    words, pictures = entry.get("answer", {}).get("cells", ()), entry.get("pictures", ())
    return tuple(dict.fromkeys([*words, *(picture["cell"] for picture in pictures)]))
