"""What `scipy.misc` did with pictures: Pillow's work, with rules of its own for types and ranges."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from autograder.worker.former.entries import Note

_FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "cubic": 3}


def imread(name: Any, flatten: bool = False, mode: str | None = None) -> NDArray[Any]:
    """A picture as it is stored, an alpha channel and all; `flatten` makes it grey."""
    with Image.open(name) as stored:
        picture = stored.convert(mode) if mode is not None else stored
        if mode is None and picture.mode == "P":
            picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
        if flatten:
            picture = picture.convert("F")
        elif picture.mode == "1":
            picture = picture.convert("L")
        return np.array(picture)


def bytescale(
    data: NDArray[Any], cmin: float | None = None, cmax: float | None = None, high: int = 255, low: int = 0
) -> NDArray[np.uint8]:
    """The least value becomes `low` and the greatest `high`; bytes stay what they are."""
    if data.dtype == np.uint8:
        return data
    least = data.min() if cmin is None else cmin
    most = data.max() if cmax is None else cmax
    scale = float(most - least) or 1.0
    scaled = (data - least) * (float(high - low) / scale) + low
    return (scaled.clip(low, high) + 0.5).astype(np.uint8)


def toimage(
    arr: Any,
    high: int = 255,
    low: int = 0,
    cmin: float | None = None,
    cmax: float | None = None,
    pal: Any = None,
    mode: str | None = None,
    channel_axis: int | None = None,
) -> Image.Image:
    """A picture of an array; colours may lie on any axis of length 3 or 4."""
    data = np.asarray(arr)
    if data.ndim == 2:
        if mode == "F":
            return Image.fromarray(data.astype(np.float32))
        return Image.fromarray(bytescale(data, cmin, cmax, high, low))
    # Three colours are looked for first, then four; another number of them raised an error then, too.
    axis = channel_axis if channel_axis is not None else data.shape.index(3 if 3 in data.shape else 4)
    return Image.fromarray(np.ascontiguousarray(np.moveaxis(bytescale(data, cmin, cmax, high, low), axis, -1)))


def imresize(arr: Any, size: Any, interp: str = "bilinear", mode: str | None = None) -> NDArray[Any]:
    """Another size: per cent, a factor, or (height, width); values are stretched to 0..255 as `bytescale` does."""
    picture = toimage(arr, mode=mode)
    if isinstance(size, int | np.integer):
        wanted = [int(length * size / 100.0) for length in picture.size]
    elif isinstance(size, float | np.floating):
        wanted = [int(length * size) for length in picture.size]
    else:
        wanted = [int(size[1]), int(size[0])]
    return np.array(picture.resize((wanted[0], wanted[1]), Image.Resampling(_FILTERS[interp])))


def imrotate(arr: Any, angle: float, interp: str = "bilinear") -> NDArray[Any]:
    """Turned against the clock, in degrees."""
    return np.array(toimage(arr).rotate(angle, Image.Resampling(_FILTERS[interp])))


def imsave(name: Any, arr: Any, format: str | None = None) -> None:
    """Save an array as a picture."""
    toimage(arr, channel_axis=2 if np.ndim(arr) == 3 else None).save(name, format)


def grey_as_gray(read: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """`skimage.io.imread(name, as_grey=True)`."""

    @wraps(read)
    def was_read(*args: Any, **named: Any) -> Any:
        if "as_grey" in named:
            note()
            named["as_gray"] = named.pop("as_grey")
        return read(*args, **named)

    return was_read


def grey_as_mode(read: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """`imageio.imread(name, as_gray=True)`."""

    @wraps(read)
    def was_read(*args: Any, **named: Any) -> Any:
        if "as_gray" in named:
            note()
            if named.pop("as_gray"):
                named["mode"] = "F"
        return read(*args, **named)

    return was_read
