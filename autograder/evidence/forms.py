"""How the values of a picture come from its 8-bit pixels: as the assignment asks, or in one of the usual other ways."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

# One rounding of float32 is 3e-8; half precision rounds to 2.4e-4 near 0.5. The nearest wrong form, dividing by 256,
# differs by up to 4e-3.
CLOSE = 1e-5
CLOSE_IN_HALF_PRECISION = 4e-4

Pixels = NDArray[Any]
FORMS: dict[str, Callable[[Pixels], Pixels]] = {
    "exact": lambda p: p / 255 - 0.5,
    "divided twice": lambda p: p / 255 / 255 - 0.5,
    "not shifted": lambda p: p / 255,
    "not divided": lambda p: p - 0.5,
    "raw": lambda p: p,
    "divided twice, not shifted": lambda p: p / 255 / 255,
    "divided by 256": lambda p: p / 256 - 0.5,
    "to -1..1": lambda p: p / 127.5 - 1,
    "blue first": lambda p: p[..., ::-1] / 255 - 0.5,
}
# Seen on every fourth pixel these would compare other pixels, so they are looked for in whole pictures.
WHOLE_FORMS: dict[str, Callable[[Pixels], Pixels]] = {
    "transposed": lambda p: p.transpose(1, 0, 2) / 255 - 0.5,
    "mirrored": lambda p: p[:, ::-1] / 255 - 0.5,
    "mirrored ": lambda p: p[::-1] / 255 - 0.5,
    "mirrored  ": lambda p: p[::-1, ::-1] / 255 - 0.5,
}


def closeness(dtype: str) -> float:
    """How far a value of this type may be from the exact one."""
    return CLOSE_IN_HALF_PRECISION if "16" in dtype else CLOSE


@np.errstate(all="ignore")
def form_of(picture: Pixels, pixels: Pixels, close: float, forms: dict[str, Callable[[Pixels], Pixels]]) -> str:
    """How the values of a picture come from its 8-bit pixels."""
    wide = pixels.astype(np.float64)
    for name, form in forms.items():
        expected = form(wide)
        # Pixel values are compared by whole steps, normalised ones by rounding.
        allowed = 0.01 if name in ("raw", "not divided") else close
        if name.startswith("divided twice"):
            allowed = min(allowed, 2e-6)
        if expected.shape == picture.shape and np.abs(expected - picture).max() <= allowed:
            return name.strip()
    return "unknown"
