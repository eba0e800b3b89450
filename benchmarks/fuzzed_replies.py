"""`python -m benchmarks.fuzz --replies N`: what the judging side makes of workers that lie.

A few gradings are recorded (`replayed.py`); then each case replays one of them with one message of one worker changed
(`mutations.py`), and nothing else. Required of every case: no exception reaches the grader, no verdict is `error`, no
warning, the result is valid JSON of bounded texts without control characters, it comes soon, and no check earns more
than it did when the worker told the truth. What a worker tells of itself, such as whether a network was in training
mode, can be told falsely by whoever runs in it; how often a random lie earns something is printed, apart from the rest.
"""

import json
import random
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from autograder.grading import Graded, earned
from autograder.program.choice import the_submission
from autograder.program.excerpts import MOST_LETTERS
from autograder.report.curves import curve_picture
from autograder.report.result import as_json
from autograder.rubric import TrainingBudget
from autograder.session import Setup, prepare
from autograder.submission.bundle import Bundle, read_bundles
from autograder.verdict import Outcome
from benchmarks.mutations import LEVELS, changed
from benchmarks.replayed import Recording, RecordingTemplate, Replay, recorded
from fixtures.compose import read_submissions, solution_notebook, write_notebook
from fixtures.shoes import write_shoes
from reference.models import CNNChannel

# Enough of a training to see all that its checks look at, and little else.
BRIEF = TrainingBudget(watch_seconds=30, memorising_seconds=20, test_steps=20, test_seconds=30, good_enough=0.95)
LONGEST_TEXT = 2500
SLOW_SECONDS = 20.0
WHOLE = "the solution"
WITH_WEIGHTS = "the solution with weights"
GROUPS = ("data", "same", "different", "cnn", "channel", "accuracy")
RECORDED: dict[str, tuple[str, ...]] = {
    WHOLE: (*GROUPS, "train", "overfit.channel", "test.women"),
    WITH_WEIGHTS: ("test.women",),
    "weights-moved-by-hand": ("train",),
    "labels-exchanged": ("train",),
    "optimizer-never-steps": ("train",),
}
SMALL: dict[str, tuple[str, ...]] = {WHOLE: ("same", "cnn", "accuracy")}


@dataclass(frozen=True)
class Found:
    """What came of one case. faults: what must not be; gains: checks that earned more than by the truth."""

    case: str
    faults: tuple[str, ...]
    gains: tuple[str, ...]
    reached: bool
    seconds: float


def brief(setup: Setup) -> Setup:
    """The same with short trainings."""
    return replace(setup, rubric=replace(setup.rubric, training=BRIEF))


def few_shoes(folder: Path) -> Path:
    """Synthetic shoes of so few students that a replay is quick."""
    shoes = folder / "shoes"
    write_shoes(shoes, train=14, test_w=3, test_m=3)
    return shoes


def bundle_of(name: str, folder: Path, setup: Setup) -> Bundle:
    """A sample submission, or the solution with or without weights beside it."""
    if name in (WHOLE, WITH_WEIGHTS):
        path = folder / "solution"
        path.mkdir(exist_ok=True)
        write_notebook(path / "solution.ipynb", solution_notebook())
        if name == WITH_WEIGHTS:
            torch.save(CNNChannel(8).state_dict(), path / "best.pk")
    else:
        path = read_submissions()[name].write(folder)
    return the_submission(read_bundles(path, setup.rubric.limits.notebook_mebibytes))


def recordings(setup: Setup, wanted: dict[str, tuple[str, ...]], folder: Path) -> list[Recording]:
    """Grade submissions by the truth. folder: for what is handed in, to be kept as long as the recordings."""
    made = []
    template = RecordingTemplate(setup.rubric.limits)
    with template:
        for name, groups in wanted.items():
            place = folder / name.replace(" ", "-")
            place.mkdir()
            bundle = bundle_of(name, place, setup)
            made += [recorded(setup, bundle, group, template) for group in groups]
    return made


class Liars:
    """Cases made of recordings. A case is told by its number: the same number is the same lie."""

    def __init__(self, recordings: Sequence[Recording], setup: Setup) -> None:
        self._setup = setup
        self._replays = [Replay(recording, setup) for recording in recordings]
        self._messages = [
            message
            for recording in recordings
            for script in recording.scripts
            for exchange in script
            for message in exchange.messages
            if len(message) < 2**21
        ]
        # By the truth first: a replay that is not the recording would find nothing.
        self._honest = []
        for replay in self._replays:
            graded = replay.graded()
            if graded.verdicts != replay.recording.honest.verdicts:
                raise RuntimeError(f"the replay of {replay.recording.only} is another grading than what was recorded")
            self._honest.append(self._points(graded))

    def _points(self, graded: Graded) -> dict[str, float]:
        return {id: earned(self._setup.rubric, id, verdict) for id, verdict in graded.verdicts.items()}

    def found(self, case: int) -> Found:
        """Replay one grading with one lie in it."""
        draw = random.Random(case)
        # Gradings in which little is said are replayed quickly, and so more often.
        weights = [1 / (1 + replay.recording.mebibytes) for replay in self._replays]
        number = draw.choices(range(len(self._replays)), weights)[0]
        replay = self._replays[number]
        level = draw.choice(LEVELS)
        place = draw.choice(replay.recording.places)
        operation = replay.recording.scripts[place[0]][place[1]].operation
        name = f"case {case}: {replay.recording.bundle.name}, {replay.recording.only}, {operation}, {level}"
        started = time.monotonic()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                graded = replay.graded(place, lambda messages: changed(messages, self._messages, level, draw))
                faults = list(_faults(self._setup, graded))
            except Exception:
                return Found(name, (traceback.format_exc(limit=-6),), (), True, time.monotonic() - started)
        seconds = time.monotonic() - started
        if seconds > SLOW_SECONDS:
            faults.append(f"took {seconds:.0f} s")
        points, honest = self._points(graded), self._honest[number]
        gains = tuple(id for id in points if points[id] > honest[id])
        return Found(name, tuple(faults), gains, replay.template.changed, seconds)


def _faults(setup: Setup, graded: Graded) -> Iterable[str]:
    for id, verdict in graded.verdicts.items():
        if verdict.outcome is Outcome.ERROR:
            yield f"{id} is an error: {verdict.observed}"
    result = setup.result(graded)
    text = as_json(result)
    json.loads(text, parse_constant=_no_constant)
    text.encode()
    for place, said in _texts(result):
        # Code is read from the submission's files, and not out of replies.
        longest = MOST_LETTERS if place.startswith(".code.") else LONGEST_TEXT
        if len(said) > longest or not said.replace("\n", "").isprintable():
            yield f"the text of {place} has {len(said)} characters: {said[:80]!r}"
    for name, curve in graded.curves.items():
        curve_picture(name, curve)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _texts(value: Any, place: str = "") -> Iterable[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield f"a key of {place}", key
            yield from _texts(part, f"{place}.{key}")
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, place)


def fuzz(replies: int, first: int = 0, data: Path | None = None, wanted: dict[str, tuple[str, ...]] = RECORDED) -> int:
    """Try so many lies and print what came of them; how many cases were not as required."""
    with tempfile.TemporaryDirectory() as folder:
        setup = brief(prepare(data or few_shoes(Path(folder))))
        liars = Liars(recordings(setup, wanted, Path(folder)), setup)
        return report(liars, range(first, first + replies))


def report(liars: Liars, cases: Iterable[int]) -> int:
    """Try cases and print what came of them."""
    count = reached = wrong = 0
    gained: Counter[str] = Counter()
    slowest = 0.0
    for case in cases:
        found = liars.found(case)
        count, reached, slowest = count + 1, reached + found.reached, max(slowest, found.seconds)
        gained.update(found.gains)
        if found.faults:
            wrong += 1
            print(found.case, *found.faults, sep="\n    ")
        elif found.gains:
            print(found.case, f"gains {', '.join(found.gains)}", sep=": ")
    print(f"{count} mutated replies, {reached} of them read by the judge: {wrong} not as required;")
    print(f"checks that earned more than by the truth: {dict(gained) or 'none'}; the slowest took {slowest:.1f} s")
    return wrong
