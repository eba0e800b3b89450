"""Gradings recorded once and replayed without any process: what workers said is kept, and can be changed on the way.

A recording holds, for every worker of a grading, what it was asked and every byte that it answered. In a replay the
same judge asks the same questions, and workers without a process give it the recorded bytes, by way of the very code
that reads from a real one. Where a changed answer leads the judge to ask something that was never recorded, it finds
the worker dead.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

from autograder import grading
from autograder.boundary import workers
from autograder.boundary.workers import Died, OutOfTime, Reply, Template, Worker
from autograder.evidence import training
from autograder.evidence.classroom import Classroom
from autograder.grading import Graded, Grader
from autograder.program.understanding import Understanding
from autograder.rubric import Limits
from autograder.session import Setup
from autograder.submission.bundle import Bundle

# After so many messages in answer to one question, a worker that never ends is taken for one whose time is up.
MOST_MESSAGES = 400
# What differs from one run to the next.
_PASSING = ("seconds", "path")


@dataclass(frozen=True)
class Exchange:
    """A request and every message that came in answer to it. key: tells requests apart."""

    operation: str
    key: str
    messages: tuple[bytes, ...]


@dataclass
class Recording:
    """A grading. scripts: for each worker its exchanges; honest: what came out of it."""

    bundle: Bundle
    only: str
    scripts: list[list[Exchange]]
    honest: Graded

    @property
    def mebibytes(self) -> int:
        """How much was said in it."""
        return sum(len(message) for script in self.scripts for e in script for message in e.messages) >> 20

    @property
    def places(self) -> list[tuple[int, int]]:
        """Worker and number of each exchange."""
        return [(worker, number) for worker, script in enumerate(self.scripts) for number in range(len(script))]


def _key(operation: str, parameters: Mapping[str, Any]) -> str:
    told = {name: value for name, value in parameters.items() if name not in _PASSING}
    return hashlib.sha256(json.dumps([operation, told], sort_keys=True, default=str).encode()).hexdigest()


# --- recording


class RecordingTemplate(Template):
    """Forks workers as ever, and writes down what they say."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self.scripts: list[list[Exchange]] = []

    def fork(self, *args: Any, **named: Any) -> Worker:
        worker = super().fork(*args, **named)
        script: list[Exchange] = []
        self.scripts.append(script)
        heard = bytearray()
        ends: list[int] = []
        read, request = worker._read, worker.request

        def listening(count: int) -> bytes:
            # The two lengths of a message are the only thing that is read in one piece of sixteen bytes.
            if count == 16 and _ends_here(heard, ends):
                ends.append(len(heard))
            part = read(count)
            heard.extend(part)
            return part

        def asked(operation: str, parameters: Mapping[str, Any], *rest: Any, **further: Any) -> Reply:
            heard.clear()
            ends.clear()
            try:
                return request(operation, parameters, *rest, **further)
            finally:
                bounds = [*ends, len(heard)]
                messages = tuple(bytes(heard[a:b]) for a, b in pairwise(bounds) if b > a)
                script.append(Exchange(operation, _key(operation, parameters), messages))

        worker._read, worker.request = listening, asked  # type: ignore[method-assign]
        return worker


def _ends_here(heard: bytearray, ends: list[int]) -> bool:
    """Whether all bytes heard since the last message began are that message, and whole."""
    start = ends[-1] if ends else 0
    if len(heard) == start:
        return not ends or start == 0
    text, blob = (int.from_bytes(heard[start + at : start + at + 8], "little") for at in (0, 8))
    return len(heard) == start + 16 + text + blob


def recorded(setup: Setup, bundle: Bundle, only: str, template: RecordingTemplate) -> Recording:
    """Grade a submission with real workers, and write down what they say."""
    template.scripts = []
    honest = Grader(setup.data_set, setup.rubric, setup.seed, [only], template, at_once=1).grade(bundle)
    return Recording(bundle, only, template.scripts, honest)


# --- replaying

Change = Callable[[tuple[bytes, ...]], Iterator[bytes]]


class ReplayedTemplate(Template):
    """Forks workers without a process. `change` is done to the messages of one exchange."""

    def __init__(self, recording: Recording, limits: Limits) -> None:
        self.recording = recording
        self._limits = limits
        self._closed = False
        self.processor_seconds = 0.0
        self.begin(None, None)

    def begin(self, place: tuple[int, int] | None, change: Change | None) -> None:
        """Replay from the start, with the messages at a place changed."""
        self._unused = list(enumerate(self.recording.scripts))
        self._place, self._change = place, change
        self.changed = False

    def fork(self, *args: Any, **named: Any) -> Worker:
        return ReplayedWorker(self, self._limits)

    def script_for(self, key: str) -> tuple[int, list[Exchange]] | None:
        """The next worker that was asked this first, or the last one that ever was."""
        for entry in self._unused:
            if entry[1] and entry[1][0].key == key:
                self._unused.remove(entry)
                return entry
        alike = [entry for entry in enumerate(self.recording.scripts) if entry[1] and entry[1][0].key == key]
        return alike[-1] if alike else None

    def messages_at(self, place: tuple[int, int]) -> Iterator[bytes]:
        messages = self.recording.scripts[place[0]][place[1]].messages
        if place == self._place and self._change is not None:
            self.changed = True
            return self._change(messages)
        return iter(messages)

    def reap(self, pid: int) -> int:
        return 0

    def close(self) -> None:
        self._closed = True


class _NoConnection:
    """The judge's end of a pipe at whose other end there is nobody."""

    def setblocking(self, flag: bool) -> None: ...

    def close(self) -> None: ...


class ReplayedWorker(Worker):
    """A worker without a process."""

    def __init__(self, template: ReplayedTemplate, limits: Limits) -> None:
        scratch = Path(tempfile.mkdtemp(prefix="autograder-replayed-"))
        super().__init__(template, 0, _NoConnection(), scratch, limits)  # type: ignore[arg-type]
        self._replayed = template
        self._script: tuple[int, list[Exchange]] | None = None
        self._used: set[int] = set()
        self._incoming: Iterator[bytes] = iter(())
        self._rest = b""
        self._count = 0

    def request(self, operation: str, parameters: Mapping[str, Any], *rest: Any, **named: Any) -> Reply:
        self._incoming, self._rest, self._count = self._answers(operation, _key(operation, parameters)), b"", 0
        return super().request(operation, parameters, *rest, **named)

    def _answers(self, operation: str, key: str) -> Iterator[bytes]:
        if self._script is None:
            self._script = self._replayed.script_for(key)
        worker, script = self._script or (0, [])
        alike = [number for number, exchange in enumerate(script) if exchange.key == key]
        like = alike or [number for number, exchange in enumerate(script) if exchange.operation == operation]
        for number in [n for n in like if n not in self._used] or like[-1:]:
            self._used.add(number)
            return self._replayed.messages_at((worker, number))
        return iter(())

    def _read(self, count: int) -> bytes:
        while len(self._rest) < count:
            self._count += 1
            if self._count > MOST_MESSAGES:
                raise OutOfTime("took longer than a replay may take")
            part = next(self._incoming, None)
            if part is None:
                raise Died(self._last_words())
            self._rest += part
        part, self._rest = self._rest[:count], self._rest[count:]
        return part

    def _write(self, message: bytes) -> None: ...

    def _kill(self) -> None: ...

    def close(self) -> None:
        super().close()
        shutil.rmtree(self.scratch, ignore_errors=True)


class Replay:
    """A recording that can be graded again and again."""

    def __init__(self, recording: Recording, setup: Setup) -> None:
        self.recording = recording
        self.template = ReplayedTemplate(recording, setup.rubric.limits)
        self._grader = Grader(setup.data_set, setup.rubric, setup.seed, [recording.only], self.template, at_once=1)

        self._understanding = Understanding(recording.bundle)
        self._classroom = cache(Classroom)

    def graded(self, place: tuple[int, int] | None = None, change: Change | None = None) -> Graded:
        """What comes out when the messages at a place are changed."""
        self.template.begin(place, change)
        # A text is understood the same way every time, and the same pictures are drawn; all the rest takes less long.
        understood = mock.patch.object(grading, "Understanding", lambda bundle: self._understanding)
        # Nobody reads what is sent to a worker that is none.
        unsent = mock.patch.object(workers, "packed", lambda *message: b"")
        drawn = mock.patch.object(training, "Classroom", self._classroom)
        with understood, unsent, drawn:
            return self._grader.grade(self.recording.bundle)
