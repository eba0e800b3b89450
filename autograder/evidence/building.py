"""Building a submission's model in whichever way works."""

from collections.abc import Callable
from typing import TypeVar

from autograder.evidence.arguments import Reference, model_arguments
from autograder.evidence.laboratory import Bench, Laboratory, Raised
from autograder.program.names import Role
from autograder.program.parameters import example_calls
from autograder.program.roles import Candidate

_T = TypeVar("_T")


def with_model(
    laboratory: Laboratory,
    bench: Bench,
    candidate: Candidate,
    role: Role,
    use: Callable[[Reference], _T | None],
    draw: int = 0,
) -> _T | None:
    """What `use` makes of a model, the first time that this is something; None where there is no way to build one.

    Args: candidate: a model, or what makes one; use: is given the model as a reference; draw: which draw of random
        numbers its weights come from.
    Raises: Raised, the first exception where no way worked.
    """
    itself: Reference = {"kept": candidate.key}
    if bench.ask("describe", {"value": itself}).structure["value"]["kind"] == "model":
        return use(itself)
    parameters = bench.signature(itself)
    shown = example_calls(laboratory.understanding.dependencies, candidate.name)
    first: Raised | None = None
    for arguments in model_arguments(parameters, shown, role is Role.CHANNEL, laboratory.understanding.arguments(role)):
        try:
            bench.ask("call", {"function": itself, **arguments.request(), "keep": "model", "draw": draw})
            made = use({"kept": "model"})
        except Raised as raised:
            first = first or raised
            continue
        if made is not None:
            return made
    if first is not None:
        raise first
    return None
