"""Reads `rubric.toml`, and refuses a broken one with the line at fault."""

import hashlib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_RUBRIC = Path(__file__).with_name("rubric.toml")
TOTAL = 100


class RubricError(ValueError):
    """The rubric cannot be used; the message names the file, the line and what to do."""


@dataclass(frozen=True)
class Limits:
    """Bounds on what a submission may use. Seconds are of wall-clock time, mebibytes are 2**20 bytes."""

    program_seconds: float
    call_seconds: float
    memory_mebibytes: int
    scratch_mebibytes: int
    output_characters: int
    notebook_mebibytes: int


@dataclass(frozen=True)
class Thresholds:
    """What earns full and what partial points. Accuracies are fractions from 0 to 1."""

    memorised: float
    memorising_steps: int
    memorising_partial_steps: int
    test_full: float
    test_partial: float


# What checks go by where they are judged without a rubric; the default rubric says the same.
DEFAULT_THRESHOLDS = Thresholds(0.90, 100, 300, 0.75, 0.65)


@dataclass(frozen=True)
class TrainingBudget:
    """How long a submission's own training is run. Seconds are of processor time, so that they are the same on a busy
    machine; steps are optimizer steps."""

    watch_seconds: float
    memorising_seconds: float
    test_steps: int
    test_seconds: float
    good_enough: float


@dataclass(frozen=True)
class Rubric:
    """points: by check id, in the order of the file; questions: by check id; digest: sha256 of the file."""

    points: dict[str, float]
    questions: dict[str, str]
    partial_credit: float
    imread_gave_bytes: bool
    thresholds: Thresholds
    training: TrainingBudget
    limits: Limits
    digest: str


def read_rubric(path: Path, check_questions: dict[str, str]) -> Rubric:
    """Read and validate a rubric.

    Args: check_questions: the question of every declared check; the rubric has to give points to exactly these.
    Raises: RubricError.
    """
    try:
        content = path.read_bytes()
        text = content.decode()
        table = tomllib.loads(text)
    except OSError as problem:
        raise RubricError(f"{path}: cannot be read ({problem.strerror})") from problem
    except UnicodeDecodeError as problem:
        raise RubricError(f"{path}: is not UTF-8 text") from problem
    except tomllib.TOMLDecodeError as problem:
        raise RubricError(f"{path}: is not valid TOML: {problem}") from problem
    reader = _Reader(path, text)
    reader.only_keys(table, ("partial_credit", "points", "thresholds", "old_terms", "training", "limits"))
    points, questions = reader.points(table.get("points"), check_questions)
    old_terms = reader.section(table, "old_terms", {"imread_gave_bytes": bool})
    thresholds = reader.section(table, "thresholds", dict(Thresholds.__annotations__))
    training = reader.section(table, "training", dict(TrainingBudget.__annotations__))
    limits = reader.section(table, "limits", dict(Limits.__annotations__))
    credit = reader.number(table, "partial_credit", "")
    if credit > 1:
        reader.refuse("partial_credit", f"partial_credit is {credit}, and should be between 0 and 1")
    return Rubric(
        points=points,
        questions=questions,
        partial_credit=credit,
        imread_gave_bytes=old_terms["imread_gave_bytes"],
        thresholds=Thresholds(**thresholds),
        training=TrainingBudget(**training),
        limits=Limits(**limits),
        digest=hashlib.sha256(content).hexdigest(),
    )


class _Reader:
    """Turns tables into values and every mistake into a sentence with its line."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = text.splitlines()

    def refuse(self, key: str, sentence: str) -> None:
        pattern = re.compile(rf"""^\s*\[?(\w+\.)?["']?{re.escape(key)}["']?\s*[\]=]""")
        line = next((number for number, line in enumerate(self._lines, start=1) if pattern.match(line)), None)
        place = f"{self._path}, line {line}" if line else f"{self._path}"
        raise RubricError(f"{place}: {sentence}")

    def only_keys(self, table: dict[str, Any], known: Iterable[str]) -> None:
        known = tuple(known)
        for key in table:
            if key not in known:
                self.refuse(key, f"{key} is not a setting; there are {', '.join(known)}")
        for key in known:
            if key not in table:
                self.refuse(key, f"{key} is missing")

    def number(self, table: dict[str, Any], key: str, within: str) -> float:
        value = table[key]
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            self.refuse(key, f"{within}{key} is {value!r}, and should be a number from 0 upwards")
        return float(value)

    def section(self, table: dict[str, Any], name: str, kinds: dict[str, type]) -> dict[str, Any]:
        section = table[name]
        if not isinstance(section, dict):
            self.refuse(name, f"{name} should be a table, [{name}]")
        self.only_keys(section, kinds)
        values: dict[str, Any] = {}
        for key, kind in kinds.items():
            if kind is bool:
                if not isinstance(section[key], bool):
                    self.refuse(key, f"{key} is {section[key]!r}, and should be true or false")
                values[key] = section[key]
            else:
                values[key] = kind(self.number(section, key, f"{name}: "))
                if not values[key]:
                    self.refuse(key, f"{key} is 0, and nothing could run under it")
        return values

    def points(self, table: Any, check_questions: dict[str, str]) -> tuple[dict[str, float], dict[str, str]]:
        points: dict[str, float] = {}
        questions: dict[str, str] = {}
        if not isinstance(table, dict):
            self.refuse("points", "points should be tables, such as [points.q1a]")
        for question, entries in table.items():
            if not isinstance(entries, dict):
                self.refuse(question, f"{question} should be a table, [points.{question}]")
            for check in entries:
                if check not in check_questions:
                    self.refuse(check, f"{check} is no check of this grader")
                if check_questions[check] != question:
                    self.refuse(check, f"{check} belongs to {check_questions[check]}, not to {question}")
                points[check] = self.number(entries, check, "")
                questions[check] = question
        for check in check_questions:
            if check not in points:
                self.refuse(check, f"the check {check} has no points; add it under [points.{check_questions[check]}]")
        total = sum(points.values())
        if abs(total - TOTAL) > 1e-9:
            self.refuse("points", f"the points add up to {total:g}, and should add up to {TOTAL}")
        return points, questions
