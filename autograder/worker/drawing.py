"""Notes the numbers of curves that are drawn or written to a file, whoever draws them."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

import numpy as np

from autograder.worker.leavings import MOST_NUMBERS

MOST_LINES = 8
Note = Callable[[dict[str, Any]], None]


def watched_plot(plot: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """`Axes.plot`, with a note of every line and of the words around it."""

    @wraps(plot)
    def watched(axes: Any, *args: Any, **named: Any) -> Any:
        lines = plot(axes, *args, **named)
        for line in lines[:MOST_LINES]:
            words = f"{line.get_label()} {axes.get_title()} {axes.get_ylabel()}"[:160]
            # Dates and words are drawn as well, and are no numbers.
            with suppress(TypeError, ValueError):
                note({"kind": "drawn", "name": words, "numbers": _numbers(line.get_ydata())})
        return lines

    return watched


def watched_table(save: Callable[..., Any], place: int, note: Note) -> Callable[..., Any]:
    """`numpy.savetxt` or `numpy.save`, with a note of what the argument at a place holds."""

    @wraps(save)
    def watched(*args: Any, **named: Any) -> Any:
        result = save(*args, **named)
        with suppress(IndexError, TypeError, ValueError):
            note({"kind": "drawn", "name": str(args[0])[:120], "numbers": _numbers(args[place])})
        return result

    return watched


def _numbers(values: Any) -> list[float]:
    return [float(number) for number in np.asarray(values, dtype=float).reshape(-1)[:MOST_NUMBERS]]
