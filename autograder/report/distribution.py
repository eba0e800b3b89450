"""How the points of a class are spread: quartiles, and a histogram as the page draws it."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

_WIDTHS = (0.5, 1, 2, 5, 10, 20, 50, 100)
_MOST_BARS = 20
# The drawing, in units that are pixels where it is as wide as on a small screen.
WIDTH, HEIGHT = 400, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 8, 46, 26
_MOST_LABELS = 12


@dataclass(frozen=True)
class Bar:
    """How many have at least `low` and less than `high` points; the last bar holds those with all points, too.

    x, y, width, height: its place in the drawing; label: what stands at its left edge, "" where there is no room.
    """

    low: float
    high: float
    count: int
    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True)
class Distribution:
    """The points of a class. quartiles: least, lower quartile, median, upper quartile, greatest; places: theirs in the
    drawing."""

    title: str
    possible: float
    quartiles: tuple[float, ...]
    places: tuple[float, ...]
    bars: tuple[Bar, ...]


def distribution(title: str, points: Sequence[float], possible: float) -> Distribution | None:
    """How points are spread from 0 to `possible`; None where there are none."""
    if not points or possible <= 0:
        return None
    width = next((width for width in _WIDTHS if possible / width <= _MOST_BARS), possible / _MOST_BARS)
    number = max(1, -int(-possible // width))
    counts = [0] * number
    for earned in points:
        counts[min(max(int(earned // width), 0), number - 1)] += 1
    unit = (WIDTH - _LEFT - _RIGHT) / (number * width)
    found = _quartiles(points)
    places = tuple(round(_LEFT + unit * value, 2) for value in found)
    return Distribution(title, possible, found, places, _bars(counts, width, unit))


def _quartiles(points: Sequence[float]) -> tuple[float, ...]:
    # Of one submission, all five are its points.
    quartiles = statistics.quantiles(points, method="inclusive") if len(points) > 1 else [points[0]] * 3
    return tuple(round(float(value), 3) for value in (min(points), *quartiles, max(points)))


def _bars(counts: Sequence[int], width: float, unit: float) -> tuple[Bar, ...]:
    every = -(-len(counts) // _MOST_LABELS)
    room, highest = HEIGHT - _TOP - _BOTTOM, max(counts)
    bars = []
    for place, count in enumerate(counts):
        height = round(room * count / highest, 2)
        x, y = round(_LEFT + place * width * unit, 2), round(HEIGHT - _BOTTOM - height, 2)
        low, high = place * width, (place + 1) * width
        bars.append(Bar(low, high, count, x, y, round(width * unit, 2), height, "" if place % every else f"{low:g}"))
    return tuple(bars)
