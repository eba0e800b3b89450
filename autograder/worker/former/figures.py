"""What was meant by methods and arguments of drawing that Matplotlib and Pillow have no more."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from autograder.worker.former.entries import Note

# --- Matplotlib


def styles_of_then(use: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """`plt.style.use("seaborn-whitegrid")`."""
    there = sys.modules["matplotlib.style"].available

    def today(style: Any) -> Any:
        now = style.replace("seaborn", "seaborn-v0_8", 1) if isinstance(style, str) else style
        if not isinstance(style, str) or not style.startswith("seaborn") or style in there or now not in there:
            return style
        note()
        return now

    @wraps(use)
    def used(style: Any, *rest: Any, **named: Any) -> Any:
        return use([today(s) for s in style] if isinstance(style, list | tuple) else today(style), *rest, **named)

    return used


def axes_with_projection(find: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """`figure.gca(projection="3d")`, which made axes."""

    @wraps(find)
    def found(*figure: Any, **named: Any) -> Any:
        if not named:
            return find(*figure)
        note()
        current = figure[0] if figure else sys.modules["matplotlib.pyplot"].gcf()
        return current.add_subplot(**named)

    return found


def colours_of_canvas(canvas: Any) -> bytes:
    """`canvas.tostring_rgb()`: the drawn picture without its alpha channel."""
    return np.asarray(canvas.buffer_rgba())[..., :3].tobytes()


def set_colour_cycle(axes: Any, colours: Any) -> None:
    """`axes.set_color_cycle(["r", "b"])`."""
    axes.set_prop_cycle(color=colours)


def register_colours(name: Any = None, cmap: Any = None, **how: Any) -> None:
    """`cm.register_cmap(name, colours)`."""
    sys.modules["matplotlib"].colormaps.register(cmap, name=name, force=True)


legend_handles = property(lambda legend: legend.legend_handles)


def nothing(*args: Any, **named: Any) -> None:
    """What had an effect once and has none today."""


# --- Pillow


def size_of_drawn(draw: Any, text: str, font: Any = None, **how: Any) -> tuple[int, int]:
    """`draw.textsize(text)`: width and height, from the origin on."""
    _, _, right, bottom = draw.textbbox((0, 0), text, font, **how)
    return int(right), int(bottom)


def size_of_text(font: Any, text: str, *rest: Any, **how: Any) -> tuple[int, int]:
    """`font.getsize(text)`."""
    _, _, right, bottom = font.getbbox(text)
    return int(right), int(bottom)


def is_image(value: Any) -> bool:
    """`Image.isImageType(value)`."""
    return hasattr(value, "im")
