"""Building a submission's model in whichever way works."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from autograder.boundary.replies import CALL, DESCRIBE, Fault
from autograder.evidence.arguments import Arguments, Reference, model_arguments, rebuilt
from autograder.evidence.laboratory import Bench, Laboratory, Raised
from autograder.program.names import Role
from autograder.program.parameters import ExampleCall, Parameter, example_calls
from autograder.program.roles import Candidate

_T = TypeVar("_T")


def with_model(
    laboratory: Laboratory,
    bench: Bench,
    candidate: Candidate,
    role: Role,
    use: Callable[[Reference], _T | None],
    draw: int = 0,
    known: Sequence[Mapping[str, Any]] = (),
) -> _T | None:
    """What `use` makes of a model, the first time that this is something; None where there is no way to build one.

    Args: candidate: a model, or what makes one; use: is given the model as a reference; draw: which draw of random
        numbers its weights come from; known: arguments by the meaning of their parameters, for what the notebook's own
        ways of building do not lead to.
    Raises: Raised, the first exception where no way worked.
    """
    itself: Reference = {"kept": candidate.key}
    facts = bench.ask(DESCRIBE, {"value": itself})
    if facts.kind == "stand-in":
        raise Raised(Fault("ModuleNotFoundError"), [facts.module])
    if facts.kind == "model":
        return use(itself)
    parameters = bench.signature(itself)
    shown = example_calls(laboratory.understanding.dependencies, candidate.name)
    first: Raised | None = None
    for arguments in _ways(parameters, shown, role, known, laboratory.understanding.arguments(role)):
        try:
            bench.ask(CALL, {"function": itself, **arguments.request(), "keep": "model", "draw": draw})
            made = use({"kept": "model"})
        except Raised as raised:
            first = first or raised
            continue
        if made is not None:
            return made
    if first is not None:
        raise first
    return None


def _ways(
    parameters: Sequence[Parameter],
    shown: Sequence[ExampleCall],
    role: Role,
    known: Sequence[Mapping[str, Any]],
    decided: Mapping[str, Any],
) -> Iterator[Arguments]:
    usual = list(model_arguments(parameters, shown, role is Role.CHANNEL, decided))
    yield from usual
    seen = list(usual)
    # Where an instructor has decided on the arguments, weights decide on none.
    for facts in known if not decided else ():
        for arguments in usual:
            changed = rebuilt(arguments, parameters, facts)
            if changed not in seen:
                seen.append(changed)
                yield changed
