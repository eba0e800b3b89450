"""Workers that lie: recorded gradings are replayed with a word changed, and the submission gains nothing by it.

`python -m benchmarks.fuzzed_replies` tries thousands of lies on more gradings.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.boundary.pipe import packed
from autograder.grading import Graded
from autograder.session import Setup
from autograder.verdict import Outcome
from benchmarks.fuzzed_replies import SMALL, Liars, recordings
from benchmarks.mutations import Messages, opened
from benchmarks.replayed import Recording, Replay

FAIL, TIMEOUT = Outcome.FAIL, Outcome.TIMEOUT
Lie = Callable[[Messages], Iterator[bytes]]


@pytest.fixture(scope="module")
def told(setup: Setup, tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    return recordings(setup, SMALL, tmp_path_factory.mktemp("honest"))


@pytest.fixture(scope="module")
def liars(told: list[Recording], setup: Setup) -> Liars:
    return Liars(told, setup)


@pytest.fixture(scope="module")
def replays(told: list[Recording], setup: Setup) -> dict[str, Replay]:
    return {recording.only: Replay(recording, setup) for recording in told}


def lying(replay: Replay, operation: str, lie: Lie, which: int = 0) -> Graded:
    """The grading in which one exchange of an operation, the first or another, is a lie."""
    scripts = replay.recording.scripts
    places = [(w, n) for w, n in replay.recording.places if scripts[w][n].operation == operation]
    return replay.graded(places[which], lie)


def saying(**changes: Any) -> Lie:
    """The last message with other words in it."""

    def lie(messages: Messages) -> Iterator[bytes]:
        structure, arrays = opened(messages[-1])
        return iter([*messages[:-1], packed(structure | changes, arrays)])

    return lie


def showing(name: str, change: Callable[[Any], Any]) -> Lie:
    """The first message with another array in it."""

    def lie(messages: Messages) -> Iterator[bytes]:
        structure, arrays = opened(messages[0])
        return iter([packed(structure, arrays | {name: change(arrays[name])}), *messages[1:]])

    return lie


def bytes_of(content: bytes) -> Lie:
    return lambda messages: iter([content])


def test_a_replay_without_a_lie_is_the_same_grading(replays: dict[str, Replay]) -> None:
    for replay in replays.values():
        assert replay.graded().verdicts == replay.recording.honest.verdicts
        assert all(verdict.outcome is Outcome.PASS for verdict in replay.graded().verdicts.values())


@given(case=st.integers(0, 2**40))
@settings(max_examples=40)
def test_no_lie_stops_the_grader_or_earns_anything(case: int, liars: Liars) -> None:
    found = liars.found(case)
    assert not found.faults, f"{found.case}: {found.faults}"
    assert not found.gains, f"{found.case}: {found.gains}"


ENDLESS = packed({"question": "answers", "model": 0}, {"images": np.zeros((1, 3, 112, 56), np.float32)})


@pytest.mark.parametrize(
    ("only", "operation", "lie", "words"),
    [
        ("same", "call", bytes_of(b""), "ended its process"),
        ("same", "call", bytes_of(b"\xff" * 40), "answered with something that is no message"),
        ("same", "call", bytes_of(packed({"value": {}})[:-1]), "ended its process"),
        ("same", "call", bytes_of(packed({})), "answered with something that is no answer"),
        ("same", "call", saying(value={"kind": "number", "value": 10**400}), "that is no answer"),
        ("same", "call", saying(error={"cell": "\ud800"}), "that is no answer"),
        ("same", "call", saying(question="answers"), "that is no message (an unexpected question)"),
        ("same", "signature", saying(parameters=[{"name": "data"}]), "that is no answer"),
        ("same", "run", saying(absent_modules=7), "that is no answer"),
        ("same", "fetch", showing("array", lambda a: a[:-1]), "that is no answer"),
        ("same", "fetch", showing("array", lambda a: a.astype(np.complex64)), "that is no answer"),
        ("cnn", "forward", saying(events=[{"kind": "convolution"}]), "that is no answer"),
        ("cnn", "forward", saying(shape=[3, 3]), "that is no answer"),
        ("cnn", "forward", showing("output", lambda a: a[:0]), "that is no answer"),
        ("accuracy", "call", showing("images", lambda a: a[0]), "that is no message"),
        ("accuracy", "call", showing("images", lambda a: a[:, :, :0]), "was shown"),
        ("accuracy", "call", saying(value={"kind": "list", "length": 2, "items": [3]}), "that is no answer"),
    ],
)
def test_what_is_no_answer_fails_with_a_sentence(
    only: str, operation: str, lie: Lie, words: str, replays: dict[str, Replay]
) -> None:
    which = -1 if (only, operation) == ("accuracy", "call") else 0
    verdict = next(iter(lying(replays[only], operation, lie, which).verdicts.values()))
    assert verdict.outcome is FAIL
    assert words in verdict.observed
    assert verdict.hint.endswith("?")


def test_a_worker_that_asks_without_end_runs_out_of_time(
    replays: dict[str, Replay], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.replayed.MOST_MESSAGES", 30)
    graded = lying(replays["accuracy"], "call", lambda messages: itertools.repeat(ENDLESS), -1)
    assert graded.verdicts["accuracy.values"].outcome is TIMEOUT


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_pictures_with_a_few_pixels_that_are_none_are_no_whole_pictures(
    value: float, replays: dict[str, Replay]
) -> None:
    def spoilt(array: Any) -> Any:
        other = array.copy()
        other[:, 3, 3] = value
        return other

    verdict = lying(replays["same"], "fetch", showing("array", spoilt)).verdicts["same.content"]
    assert verdict.outcome is FAIL


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e308, -1e308])
def test_a_number_beyond_all_bounds_makes_a_short_message_and_valid_json(
    value: float, replays: dict[str, Replay], setup: Setup
) -> None:
    pair = [{"kind": "number", "value": value}] * 2
    graded = lying(replays["accuracy"], "call", saying(value={"kind": "tuple", "length": 2, "items": pair}), -1)
    verdict = graded.verdicts["accuracy.values"]
    assert verdict.outcome is FAIL
    assert len(verdict.observed) < 300
    json.dumps(setup.result(graded), allow_nan=False)


def test_words_of_a_worker_reach_a_verdict_short_and_clean(replays: dict[str, Replay]) -> None:
    error = {"type": "\x1b[2JError" * 1000, "message": "\ud800\u202e\n" * 10**5, "cell": 2, "line": 1}
    verdict = lying(replays["same"], "call", saying(error=error)).verdicts["same.shape"]
    assert verdict.outcome is FAIL
    assert len(verdict.observed) < 500
    assert verdict.observed.isprintable()


def test_folders_of_workers_that_lied_are_removed(replays: dict[str, Replay], tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(tmp_path))
        lying(replays["same"], "call", bytes_of(packed({})))
    assert not list(tmp_path.iterdir())
