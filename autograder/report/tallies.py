"""What the results of a class have in common, check by check: how many of each verdict, and what was said most."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from autograder.checks import CHECKS
from autograder.report.inert import one_line
from autograder.verdict import Outcome

# By what folder its results lie in.
Results = Mapping[str, Mapping[str, Any]]

MOST_MESSAGES, MOST_EXAMPLES = 5, 3
_LONGEST_MESSAGE = 300
# The others need no words, have them from another check, or have each its own, which a person reads.
_WITH_MESSAGES = (Outcome.PARTIAL, Outcome.FAIL, Outcome.MISSING, Outcome.TIMEOUT)
# Names and numbers, `u001` and its like among them, in which messages differ that say the same. `float32` is a word.
_NAME = re.compile(r"`[^`]*`")
_NUMBER = re.compile(r"(?<![\w.])[-+]?u?\d+(\.\d+)?(e[-+]?\d+)?")
_NUMBERS = re.compile(r"#(, #)+")


@dataclass(frozen=True)
class Message:
    """What a check has said of several submissions. text: the commonest wording; varies: whether there are others;
    examples: the folders of some of them."""

    verdict: str
    text: str
    count: int
    varies: bool
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Tally:
    """A check in a class. counts: of submissions by verdict, zeros included; other_messages: how many kinds of message
    there are besides those listed."""

    id: str
    title: str
    counts: Mapping[str, int]
    messages: tuple[Message, ...]
    other_messages: int


def is_unreadable(result: Mapping[str, Any]) -> bool:
    """Whether there was nothing to grade: everything is missing for one reason, which is the only note."""
    said = {(entry["verdict"], entry["observed"]) for entry in result["checks"].values()}
    return len(result["notes"]) == 1 and said == {(Outcome.MISSING.value, result["notes"][0])}


def counts(results: Results) -> dict[str, dict[str, int]]:
    """How many submissions have which verdict, by check, in the order of the results; zeros included."""
    counted: dict[str, dict[str, int]] = {}
    for result in results.values():
        for id, entry in result["checks"].items():
            counted.setdefault(id, {outcome.value: 0 for outcome in Outcome})[entry["verdict"]] += 1
    return counted


def tallies(results: Results) -> list[Tally]:
    """Every check that was judged, with its counts and its commonest messages."""
    return [_tally(id, by_verdict, results) for id, by_verdict in counts(results).items()]


def alike(message: str) -> str:
    """The same text for messages that differ in their numbers and in what stands in backticks."""
    return _NUMBERS.sub("#", _NUMBER.sub("#", _NAME.sub("`…`", message)))


@dataclass
class _Kind:
    """Messages that are alike, with the folders of those who got them."""

    wordings: Counter[str] = field(default_factory=Counter)
    folders: list[str] = field(default_factory=list)


def _tally(id: str, by_verdict: Mapping[str, int], results: Results) -> Tally:
    kinds: dict[tuple[str, str], _Kind] = {}
    for folder, result in results.items():
        entry = result["checks"].get(id)
        if entry is None or entry["verdict"] not in _WITH_MESSAGES or is_unreadable(result):
            continue
        text = one_line(entry["observed"])
        kind = kinds.setdefault((entry["verdict"], alike(text)), _Kind())
        kind.wordings[text] += 1
        kind.folders.append(folder)
    common = sorted(kinds.items(), key=lambda item: -len(item[1].folders))
    messages = tuple(_message(verdict, kind) for (verdict, _), kind in common[:MOST_MESSAGES])
    known = CHECKS.get(id)  # a result of another version may hold checks that this one does not know
    return Tally(id, known.title if known else id, by_verdict, messages, len(common) - len(messages))


def _message(verdict: str, kind: _Kind) -> Message:
    text = kind.wordings.most_common(1)[0][0]
    shown = text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]}…"
    return Message(verdict, shown, len(kind.folders), len(kind.wordings) > 1, tuple(kind.folders[:MOST_EXAMPLES]))
