"""Times that are measured in turn, and the ratios that are made of them."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Seconds = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Aim:
    """What a ratio is to reach: at least `number`, or at most."""

    number: float
    at_least: bool

    def said(self, ratio: float) -> str:
        """The aim, and whether a ratio meets it."""
        met = ratio >= self.number if self.at_least else ratio <= self.number
        return f"aim: at {'least' if self.at_least else 'most'} {self.number:g}, {'met' if met else 'not met'}"


def stopwatch(work: Callable[[], object]) -> float:
    """Wall-clock seconds that some work takes, until what it gives back is there; that is dropped off the clock."""
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    del result
    return seconds


def in_turn(ways: Mapping[str, Callable[[], object]], rounds: int) -> Seconds:
    """Seconds of every way, one for each round. All have their turn in a round before the next one begins.

    Whatever else a machine does slows down neighbours in time alike; what is compared has to be neighbours.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, work in ways.items():
            seconds[name].append(stopwatch(work))
    return seconds


def ratio(seconds: Seconds, longer: str, shorter: str) -> float:
    """How many times as long one way takes as another: the median of the ratios of all rounds."""
    return statistics.median(one / other for one, other in zip(seconds[longer], seconds[shorter], strict=True))


def listed(seconds: Seconds) -> str:
    """A line for the record: the median of every way, with the least and the most."""
    return "; ".join(
        f"{name} {statistics.median(all_of_it):.2f} s ({min(all_of_it):.2f} to {max(all_of_it):.2f})"
        for name, all_of_it in seconds.items()
    )
