"""How the values of pictures are spread, beside those that they should have."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.evidence.kinds import Spread

# Of right values, five of the 256 intensities fall into each.
BINS = 51
# Every second row and column is enough to see a form by, and takes a quarter of the time.
STEP = 2
# What more digits would say, nobody sees in a picture.
DIGITS = 4


@np.errstate(all="ignore")
def spread_of(pictures: NDArray[Any], asked: NDArray[np.float32]) -> Spread | None:
    """Both in the same bins, which reach from the least to the greatest of all values; None where there is no number.

    Args: pictures: [..., height, width, 3] as a submission made them, of any real dtype; asked: [M, height, width, 3].
    """
    seen, right = _numbers(pictures), _numbers(asked)
    if not seen.size or not right.size:
        return None
    least, greatest = float(right.min()), float(right.max())
    low, high = min(least, float(seen.min())), max(greatest, float(seen.max()))
    if not low < high or not np.isfinite(high - low):
        return None
    return Spread(
        round(low, DIGITS),
        round(high, DIGITS),
        _shares(seen, low, high),
        _shares(right, low, high),
        round(least, DIGITS),
        round(greatest, DIGITS),
    )


def _numbers(pictures: NDArray[Any]) -> NDArray[np.float64]:
    values = np.asarray(pictures[..., ::STEP, ::STEP, :], dtype=np.float64).ravel()
    return values[np.isfinite(values)]


def _shares(values: NDArray[np.float64], low: float, high: float) -> tuple[float, ...]:
    # Right values are half an intensity away from all edges, so that none crosses one by being rounded.
    bins = np.floor((values - low) / (high - low) * BINS + 0.1).astype(np.int64).clip(0, BINS - 1)
    return tuple(round(float(share), DIGITS) for share in np.bincount(bins, minlength=BINS) / values.size)
