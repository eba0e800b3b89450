"""Whether the accuracies that a training reports are those that it had: its curves beside the answers of the model."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from autograder.evidence.trace import Series
from autograder.evidence.training_kinds import Evaluation, TrainingRun

# Fractions are compared to a thousandth, printed percentages to half of one.
CLOSE, CLOSE_IN_PRINT = 2e-3, 6e-3
_WORDS_OR_NUMBER = re.compile(r"([A-Za-z_][A-Za-z_ .-]*)|(?<![\w.])(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?) ?(%?)")
_VALIDATION = re.compile(r"(?<![a-z])(val|valid|validation|dev|test)(?![b-km-z])", re.IGNORECASE)
_TRAINING = re.compile(r"(?<![a-z])(train|training|tr)(?![b-z])", re.IGNORECASE)
_LOSS = re.compile(r"loss|cost|err", re.IGNORECASE)
KINDS = ("mean", "pairs", "wrong pairs", "pooled")


@dataclass(frozen=True)
class Tracked:
    """What is known of one of the two accuracies.

    moments: how often it was computed on both kinds of examples; one_kind: how often on one kind only; reported: as
    which of `KINDS` it was reported, empty where no report agrees with it.
    """

    moments: int
    one_kind: int
    reported: frozenset[str]


def tracked(run: TrainingRun, whose: str) -> Tracked:
    """How one of the two accuracies was computed and reported."""
    moments = [evaluation for evaluation in run.evaluations if evaluation.whose == whose]
    both = [e for e in moments if e.same[1] and e.different[1]]
    truths = _truths(both)
    reported = frozenset(
        kind for kind, truth in truths.items() for series in all_series(run) if agrees(series, truth, run)
    )
    return Tracked(len(both), len(moments) - len(both), reported)


def reports_something_else(run: TrainingRun) -> str:
    """What is called validation accuracy although it is another number, in words; "" where nothing is."""
    valid = _truths([e for e in run.evaluations if e.whose == "valid" and e.same[1] and e.different[1]])
    train = _truths([e for e in run.evaluations if e.whose == "train" and e.same[1] and e.different[1]])
    if not valid or not train:
        return ""
    everywhere = {kind for s in all_series(run) for kind, truth in valid.items() if agrees(s, truth, run)}
    alone = f"the accuracy on {min(everywhere)} alone" if everywhere in ({"pairs"}, {"wrong pairs"}) else ""
    called = [s for s in all_series(run) if _VALIDATION.search(_last_part(s.name)) and not _LOSS.search(s.name)]
    if called:
        if any(agrees(s, truth, run) for s in called for truth in valid.values()):
            return alone
        # Numbers that are neither are somebody's own measure, and no reason to doubt.
        return "the training accuracy" if any(agrees(s, t, run) for s in called for t in train.values()) else ""
    unnamed = [s for s in run.series if s.source != "drawn" and len(s.numbers) > 1 and not _TRAINING.search(s.name)]
    as_valid = {kind for s in unnamed for kind, truth in valid.items() if agrees(s, truth, run)}
    as_train = [s for s in unnamed if any(agrees(s, truth, run) for truth in train.values())]
    if not as_valid and len(as_train) > 1:
        return "the training accuracy"
    return alone


def reports_running_accuracy(run: TrainingRun) -> bool:
    """Whether a series is the accuracy on the batches of training themselves, step by step or added up."""
    steps = [(batch.right, batch.size) for batch in run.batches]
    if not steps:
        return False
    single = [right / max(1, size) for right, size in steps]
    so_far = [right / max(1, size) for right, size in accumulate(steps, lambda a, b: (a[0] + b[0], a[1] + b[1]))]
    truths = [single, so_far]
    ends = sorted({e.at for e in run.evaluations if e.at})
    for length in {len(s.numbers) for s in all_series(run)}:
        if 0 < length <= len(steps) and len(steps) % length == 0:
            size = len(steps) // length
            truths.append([_pooled(steps[start : start + size]) for start in range(0, len(steps), size)])
            truths.append([sum(single[start : start + size]) / size for start in range(0, len(steps), size)])
    if ends:
        bounds = list(zip([0, *ends], ends, strict=False))
        truths.append([_pooled(steps[a:b]) for a, b in bounds])
        truths.append([sum(single[a:b]) / max(1, b - a) for a, b in bounds])
    return any(agrees(s, truth, run) for s in all_series(run) for truth in truths if len(truth) > 1)


def says_training_accuracy(run: TrainingRun) -> bool:
    """Whether numbers are named as a training accuracy, whatever examples they were counted on."""
    return any(
        _TRAINING.search(s.name)
        and not _LOSS.search(s.name)
        and not _VALIDATION.search(_last_part(s.name))
        and re.search(r"acc", s.name, re.IGNORECASE)
        and len(s.numbers) > 1
        for s in all_series(run)
    )


def curves(run: TrainingRun) -> list[Series]:
    """The series that are curves: a number for each step, or for each time that something was measured."""
    moments = {e.at for e in run.evaluations}
    found = []
    for series in run.series:
        bare = run.returns_numbers and series.name == "returned"
        counts = series.name.rsplit(".", 1)[-1].lower() in ("iters", "iterations", "epochs", "steps", "iter", "epoch")
        if len(series.numbers) >= min(3, max(2, len(moments))) and not bare and not counts:
            found.append(series)
    return found


def all_series(run: TrainingRun) -> list[Series]:
    """Everything that was reported in numbers: returned, kept, drawn and printed."""
    return [*run.series, *printed_series(run)]


def printed_series(run: TrainingRun) -> list[Series]:
    """The numbers of printed lines, gathered by the words in front of them; a second number behind the same words is a
    series of its own, as in `valid 71.0/68.5`."""
    found: dict[str, list[float]] = {}
    for printed in run.printed:
        for line in printed.text.splitlines()[:200]:
            label, place = "", 0
            for words, number, percent in _WORDS_OR_NUMBER.findall(line[:400]):
                if words:
                    label, place = " ".join(words.lower().split()), 0
                    continue
                value = float(number) / (100 if percent else 1)
                found.setdefault(label if not place else f"{label} ({place + 1})", []).append(value)
                place += 1
    return [Series("printed", name, tuple(numbers)) for name, numbers in found.items() if len(numbers) > 1]


def agrees(series: Series, truth: Sequence[float], run: TrainingRun) -> bool:
    """Whether a series is this accuracy, as fractions, percent or errors, at all moments or at some of them."""
    numbers = list(series.numbers)
    if not numbers or not truth or not all(0 <= number <= 100.01 for number in numbers):
        return False
    if max(numbers) > 1.01:
        numbers = [number / 100 for number in numbers]
    close = CLOSE_IN_PRINT if series.source == "printed" else CLOSE
    for values in (numbers, [1 - number for number in numbers]):
        if len(values) == len(truth) and _alike(values, truth, close):
            return True
        if len(values) < len(truth) and len(values) > 1:
            if _alike(values, truth[-len(values) :], close) or _alike(values, truth[: len(values)], close):
                return True
            if any(_alike(values, part, close) for part in _every_few(truth)):
                return True
        if len(values) > len(truth) > 1 and _alike(values[-len(truth) :], truth, close):
            return True
    return False


def _every_few(truth: Sequence[float]) -> Iterator[Sequence[float]]:
    """Every second number, every third one and so on, from the first one or from the end of the first few."""
    for step in range(2, len(truth)):
        yield truth[::step]
        yield truth[step - 1 :: step]


def _alike(values: Sequence[float], truth: Sequence[float], close: float) -> bool:
    return len(values) == len(truth) and all(abs(v - t) <= close for v, t in zip(values, truth, strict=True))


def _truths(evaluations: Iterable[Evaluation]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for e in evaluations:
        pairs, wrong = e.same[0] / max(1, e.same[1]), e.different[0] / max(1, e.different[1])
        pooled = (e.same[0] + e.different[0]) / max(1, e.same[1] + e.different[1])
        for kind, value in zip(KINDS, ((pairs + wrong) / 2, pairs, wrong, pooled), strict=True):
            found[kind].append(value)
    return found if found["mean"] else {}


def _pooled(steps: Sequence[tuple[int, int]]) -> float:
    return sum(right for right, _ in steps) / max(1, sum(size for _, size in steps))


def _last_part(name: str) -> str:
    return name.rsplit(".", 1)[-1]
