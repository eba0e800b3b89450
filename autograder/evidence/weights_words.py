"""What is wrong with weights that were handed in, in sentences; what a worker tells of them is only quoted."""

import sys
from collections.abc import Sequence

from autograder.boundary.weights import Fitting, NotFinite, NotOpened
from autograder.submission.weights import shortened

STATE_DICT = "save the weights alone, with `torch.save(model.state_dict(), path)`"


def not_opened(problem: NotOpened) -> str:
    """Why the worker found no weights in a file."""
    kind = problem.kind
    if kind == "cut off":
        return "the file is cut off; was it still being written or copied?"
    if kind == "protocol":
        return (
            "the file was written with a `pickle_protocol` that PyTorch does not read safely; leave that argument out"
        )
    if kind == "refused" and problem.names:
        return _refused([_quoted(name) for name in problem.names], problem.model)
    if kind == "no weights":
        return _without_weights(problem)
    return "the file is damaged, or nothing that `torch.save` writes"


def _refused(names: Sequence[str], holds_layers: bool) -> str:
    library, _, name = names[0].strip("`").rpartition(".")
    from_python = library.split(".")[0] in sys.stdlib_module_names - {"__main__"}
    if from_python:
        return f"opening the file would call {names[0]}, which no weights need; {STATE_DICT}"
    held = (
        f"holds a whole model of the class `{name}`" if holds_layers else f"also holds an object of the class `{name}`"
    )
    return f"the file {held}, and opening that would run code of the file's own; {STATE_DICT}"


def _without_weights(problem: NotOpened) -> str:
    if problem.holds == "optimizer":
        return f"the file holds the state of an optimizer and no weights; {STATE_DICT}"
    if problem.holds != "dictionary":
        return f"the file holds no weights but a value of the kind {_quoted(problem.holds)}; {STATE_DICT}"
    names, more = list(map(_quoted, problem.names)), max(0, problem.length - len(problem.names))
    if not names:
        return f"the file holds an empty dictionary; {STATE_DICT}"
    listed = ", ".join(names) + (f" and {more} more" if more else "")
    return f"the file holds a dictionary of {listed}, and no weights in it; {STATE_DICT}"


def misfit(found: Fitting, model: str) -> str:
    """What is in the way of weights that come nearest to a model."""
    first = found.differences[0]
    name = _quoted(first.name)
    if first.kind == "names":
        return f"they begin with {_quoted(first.other)} and those of `{model}` with {name}"
    if first.kind == "list":
        return f"they are a list of {first.length} tensors without names, and those of `{model}` are others"
    if first.kind == "size":
        words = f"{name} is {_size(first.file)} in the file and {_size(first.model)} in `{model}`"
    elif first.kind == "absent":
        words = f"`{model}` has {name}, and the file has not"
    else:
        words = f"the file has {name}, and `{model}` has not"
    more = max(0, found.different - 1)
    return words + (f" ({more} more {'entry differs' if more == 1 else 'entries differ'})" if more else "")


def not_finite(entry: NotFinite) -> str:
    """That the numbers of weights which fit are none."""
    return (
        f"{entry.count} of {entry.of} tensors, {_quoted(entry.name)} first, hold NaN or infinity; "
        "had the loss become NaN before they were saved?"
    )


def from_elsewhere(name: str, devices: Sequence[str]) -> str:
    """That weights were saved on a GPU."""
    where = ", ".join(_quoted(device) for device in devices)
    return f"The weights in {name} were saved on {where}; they were read onto the processor."


def _quoted(name: str) -> str:
    return f"`{shortened(name).replace('`', '?')}`"


def _size(size: Sequence[int] | None) -> str:
    return str(list(size or ())[:6])
