"""What was meant in PyTorch, NumPy and Python, where that takes more than the name of something still there."""

import pickle
import sys
import types
from collections.abc import Callable, KeysView
from functools import wraps
from typing import Any

import numpy as np
import torch

from autograder.worker.former.entries import Note

# --- PyTorch


def loads_whole_models(load: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """`torch.load` as it was before PyTorch 2.6: it loads whatever `torch.save` has saved."""

    @wraps(load)
    def loaded(file: Any, *rest: Any, **named: Any) -> Any:
        if named.get("weights_only") is not None:
            return load(file, *rest, **named)
        begin = file.tell() if hasattr(file, "tell") else None
        try:
            return load(file, *rest, **named)
        except pickle.UnpicklingError:
            if begin is not None:
                file.seek(begin)
            # It is the submission's own process that would suffer from what such a file can do.
            whole = load(file, *rest, **{**named, "weights_only": False})
            note()
            return whole

    return loaded


def schedulers_that_tell(module: types.ModuleType, note: Note) -> None:
    """Let every scheduler take `verbose`, by name or where its place was."""
    for kind in list(vars(module).values()):
        if isinstance(kind, type) and issubclass(kind, module.LRScheduler) and "__init__" in vars(kind):
            kind.__init__ = _without_verbose(vars(kind)["__init__"], note)  # type: ignore[misc]


def _without_verbose(make: Callable[..., None], note: Note) -> Callable[..., None]:
    code = getattr(make, "__code__", None)
    names = code.co_varnames[: code.co_argcount] if code is not None else ()
    if "verbose" in names:
        return make

    @wraps(make)
    def made(self: Any, *args: Any, **named: Any) -> None:
        if "verbose" in named:
            note()
            del named["verbose"]
        # `ReduceLROnPlateau` had it in the middle for some time, the others at the end.
        place = next((n for n, value in enumerate(args) if isinstance(value, bool)), None)
        if place is not None and (len(args) >= len(names) or names[place + 1 : place + 2] == ("threshold",)):
            note()
            args = args[:place] + args[place + 1 :]
        make(self, *args, **named)

    return made


def masks_that_subtract(subtract: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """`1 - mask` for a mask of comparisons, which was a tensor of zeros and ones before PyTorch 1.2."""

    @wraps(subtract)
    def subtracted(self: Any, other: Any) -> Any:
        if self.dtype is torch.bool:
            note()
            self = self.to(torch.uint8)
        return subtract(self, other)

    return subtracted


def numbers_with_an_item(item: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """`loss.data[0]`: before PyTorch 0.4, a loss was a tensor of one number."""

    @wraps(item)
    def found(self: Any, key: Any) -> Any:
        if self.dim() == 0 and type(key) is int and key == 0:
            note()
            return self.item()
        return item(self, key)

    return found


def views_of_other_memory(view: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """`x.view(len(x), -1)` behind convolutions of `permute(0, 3, 1, 2)`: their outputs lay in memory in the order of
    their axes before PyTorch 1.5, and lie there with the channels last now."""

    @wraps(view)
    def viewed(self: Any, *shape: Any, **named: Any) -> Any:
        try:
            return view(self, *shape, **named)
        except RuntimeError:
            if self.dim() != 4 or not self.is_contiguous(memory_format=torch.channels_last):
                raise
            note()
            return view(self.contiguous(), *shape, **named)

    return viewed


# --- NumPy


def loads_objects(load: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """`np.load` as it was before NumPy 1.16.3: arrays of objects are loaded without being asked for."""

    @wraps(load)
    def loaded(file: Any, *rest: Any, **named: Any) -> Any:
        if len(rest) > 1 or "allow_pickle" in named:
            return load(file, *rest, **named)
        begin = file.tell() if hasattr(file, "tell") else None
        try:
            found = load(file, *rest, **named)
        except ValueError as problem:
            if "allow_pickle" not in str(problem):
                raise
            if begin is not None:
                file.seek(begin)
            found = load(file, *rest, **named, allow_pickle=True)
            note()
        if isinstance(found, np.lib.npyio.NpzFile):
            found.allow_pickle = True
        return found

    return loaded


def ragged_arrays(make: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """`np.array` of rows of several lengths, which was an array of objects, and `copy=False`, which might copy."""

    @wraps(make)
    def made(*args: Any, **named: Any) -> Any:
        try:
            return make(*args, **named)
        except ValueError as problem:
            if "inhomogeneous" in str(problem) and len(args) < 2 and named.get("dtype") is None:
                note()
                return make(*args, **{**named, "dtype": object})
            if "Unable to avoid copy" in str(problem) and named.get("copy") is False:
                return make(*args, **{**named, "copy": None})
            raise

    return made


def stacks_generators(stack: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """`np.stack(picture for picture in ...)`."""

    @wraps(stack)
    def stacked(arrays: Any, *rest: Any, **named: Any) -> Any:
        if isinstance(arrays, types.GeneratorType | map | filter | zip):
            note()
            arrays = list(arrays)
        return stack(arrays, *rest, **named)

    return stacked


def sorted_rows(values: Any) -> Any:
    """`np.msort(values)`."""
    return np.sort(values, axis=0)


def as_float_array(values: Any, dtype: Any = np.float64) -> Any:
    """`np.asfarray(values)`."""
    return np.asarray(values, dtype=dtype if np.issubdtype(dtype, np.inexact) else np.float64)


def as_scalar(values: Any) -> Any:
    """`np.asscalar(values)`."""
    return values.item()


def random_integers(low: int, high: int | None = None, size: Any = None) -> Any:
    """`np.random.random_integers(low, high)`, the end included."""
    first, last = (1, low) if high is None else (low, high)
    return np.random.randint(first, last + 1, size)


# --- Python


def argument_names(function: Callable[..., Any]) -> Any:
    """`inspect.getargspec(function)`."""
    full = sys.modules["inspect"].getfullargspec(function)
    kind = sys.modules["collections"].namedtuple("ArgSpec", "args varargs keywords defaults")
    return kind(full.args, full.varargs, full.varkw, full.defaults)


def load_source(name: str, path: str) -> types.ModuleType:
    """`imp.load_source(name, path)`."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        source = file.read()
    module = types.ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    exec(compile(source, path, "exec"), vars(module))
    return module


def samples_of_sets(draw: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """`random.sample` of a set or of the keys of a dictionary."""

    @wraps(draw)
    def drawn(population: Any, *rest: Any, **named: Any) -> Any:
        if isinstance(population, set | frozenset | KeysView):
            note()
            population = tuple(population)
        return draw(population, *rest, **named)

    return drawn


def shuffles_with_numbers(shuffle: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """`random.shuffle(rows, random.random)`."""

    @wraps(shuffle)
    def shuffled(rows: Any, draw: Callable[[], float] | None = None) -> None:
        if draw is None:
            return shuffle(rows)
        note()
        for last in reversed(range(1, len(rows))):
            other = int(draw() * (last + 1))
            rows[last], rows[other] = rows[other], rows[last]
        return None

    return shuffled
