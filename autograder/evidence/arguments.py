"""Which argument goes to which parameter: by meaning, then by place, then as the notebook itself does it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.program.parameters import UNKNOWN, ExampleCall, Parameter, meaning_of

Reference = dict[str, Any]
# What a parameter of a model gets where neither a default nor the notebook says anything.
STANDARD = {
    "n": 4,
    "kernel_size": 3,
    "padding": 1,
    "output_size": 2,
    "hidden": 100,
    "dropout": 0.2,
    "batch_size": 8,
    "device": "cpu",
    "verbose": False,
    "input_size": 448 * 224 * 3,
}


class CannotCall(Exception):
    """A required parameter has no argument; carries the parameter's name."""

    def __init__(self, parameter: str) -> None:
        super().__init__(parameter)
        self.parameter = parameter


@dataclass(frozen=True)
class Arguments:
    """What a function is called with, as references for the worker."""

    positional: tuple[Reference, ...] = ()
    named: tuple[tuple[str, Reference], ...] = ()

    def request(self) -> dict[str, Any]:
        return {"arguments": list(self.positional), "named": dict(self.named)}

    def __str__(self) -> str:
        parts = [str(reference.get("value", reference.get("tuple", "..."))) for reference in self.positional]
        parts += [f"{name}={reference.get('value', reference.get('tuple', '...'))}" for name, reference in self.named]
        return f"({', '.join(parts)})"


def matched(
    parameters: Sequence[Parameter],
    main: Mapping[str, Reference],
    further: Mapping[str, Reference] | None = None,
    decided: Mapping[str, Any] | None = None,
) -> Arguments:
    """Give every main argument to the parameter that means it, else to the next one that must be filled.

    Args: main: by meaning, in the usual order; further: for parameters of these meanings, if there are any; decided:
        by parameter, whatever else would be given.
    Raises: CannotCall when a required parameter is left over.
    """
    chosen: dict[str, Reference] = {name: _reference(value) for name, value in (decided or {}).items()}
    waiting = dict(main)
    for parameter in parameters:
        meaning = meaning_of(parameter.name)
        if meaning is not None and meaning in waiting and parameter.name not in chosen:
            chosen[parameter.name] = waiting.pop(meaning)
    for parameter in parameters:
        if parameter.name in chosen or parameter.kind.startswith("variadic"):
            continue
        meaning = meaning_of(parameter.name)
        if further and meaning is not None and meaning in further:
            chosen[parameter.name] = further[meaning]
        elif parameter.required and waiting:
            chosen[parameter.name] = waiting.pop(next(iter(waiting)))
        elif parameter.required and meaning is not None and meaning in STANDARD:
            chosen[parameter.name] = _reference(STANDARD[meaning])
        elif parameter.required:
            raise CannotCall(parameter.name)
    return _in_order(parameters, chosen, list(waiting.values()))


def model_arguments(
    parameters: Sequence[Parameter],
    examples: Sequence[ExampleCall],
    six_channels: bool,
    decided: Mapping[str, Any] | None = None,
) -> Iterator[Arguments]:
    """Ways to build a model, the likeliest first: by meaning with the notebook's help, as it does itself, plainly.

    Args: decided: by parameter, what an instructor says; then there is no other way.
    """
    if decided:
        yield matched(parameters, {}, None, decided)
        return
    seen: list[Arguments] = []
    for arguments in _ways(parameters, examples, six_channels):
        if arguments not in seen:
            seen.append(arguments)
            yield arguments


def _ways(parameters: Sequence[Parameter], examples: Sequence[ExampleCall], six_channels: bool) -> Iterator[Arguments]:
    standard = {**STANDARD, "in_channels": 6 if six_channels else 3}
    by_name = [_by_name(parameters, example) for example in examples]
    chosen: dict[str, Reference] = {}
    possible = True
    for parameter in parameters:
        meaning = meaning_of(parameter.name)
        if parameter.kind.startswith("variadic"):
            continue
        if parameter.has_default and meaning in ("n", "kernel_size", "hidden", "dropout", "output_size"):
            continue
        shown = next((values[parameter.name] for values in by_name if parameter.name in values), UNKNOWN)
        if shown is not UNKNOWN:
            chosen[parameter.name] = _reference(shown)
        elif parameter.required:
            if meaning not in standard:
                possible = False
                break
            chosen[parameter.name] = _reference(standard[meaning])
    if possible:
        yield _in_order(parameters, chosen, [])
    for example in examples:
        if example.is_known:
            named = tuple((name, _reference(value)) for name, value in example.keyword.items())
            yield Arguments(tuple(_reference(value) for value in example.positional), named)
    if not any(parameter.required for parameter in parameters):
        yield Arguments()
    unknown = [p for p in parameters if p.required and meaning_of(p.name) not in standard]
    if unknown:
        # A number of channels is the likeliest thing that a model wants to be told.
        guess = {p.name: _reference(standard.get(meaning_of(p.name) or "", 4)) for p in parameters if p.required}
        yield _in_order(parameters, guess, [])


def _by_name(parameters: Sequence[Parameter], example: ExampleCall) -> dict[str, Any]:
    plain = [p.name for p in parameters if not p.kind.startswith("variadic")]
    values = dict(zip(plain, example.positional, strict=False)) | example.keyword
    return {name: value for name, value in values.items() if value is not UNKNOWN}


def _reference(value: Any) -> Reference:
    return {"tuple": list(value)} if isinstance(value, tuple) else {"value": value}


def _in_order(parameters: Sequence[Parameter], chosen: Mapping[str, Reference], rest: list[Reference]) -> Arguments:
    positional: list[Reference] = []
    named: list[tuple[str, Reference]] = []
    unbroken = True
    for parameter in parameters:
        if parameter.kind == "variadic positional":
            positional += rest
            rest = []
        if parameter.name not in chosen:
            unbroken = False
            continue
        if parameter.kind == "positional only" or (unbroken and parameter.kind == "positional or keyword"):
            positional.append(chosen[parameter.name])
        else:
            named.append((parameter.name, chosen[parameter.name]))
    return Arguments(tuple(positional), tuple(named))
