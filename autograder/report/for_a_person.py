"""What in a class needs a person: found in the results, and sorted by what there is to do."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autograder.checks import CHECKS
from autograder.program.names import Role
from autograder.report.about import ROLES_OF_QUESTION
from autograder.report.code import others_in_words
from autograder.report.tallies import Results, is_unreadable
from autograder.verdict import Outcome


@dataclass(frozen=True)
class Item:
    """One thing to look at. folder: of the submission's results; words: what is known; checks: which it is about, none
    where it is about the whole."""

    folder: str
    words: str
    checks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Concern:
    """Things to look at for one reason. advice: what to do about it."""

    title: str
    advice: str
    items: tuple[Item, ...]


def concerns(results: Results) -> list[Concern]:
    """What needs a person, the most urgent first; what does not occur is left out."""
    found = [Concern(title, advice, tuple(_items(find, results))) for title, advice, find in _KINDS]
    return [concern for concern in found if concern.items]


_Found = Iterator[tuple[str, tuple[str, ...]]]


def _items(find: Callable[[Mapping[str, Any]], _Found], results: Results) -> Iterator[Item]:
    for folder, result in results.items():
        for words, checks in find(result):
            yield Item(folder, words, () if 1 < len(checks) == len(result["checks"]) else checks)


def _unreadable(result: Mapping[str, Any]) -> _Found:
    if is_unreadable(result):
        yield result["notes"][0], ()


def _with(outcome: Outcome) -> Callable[[Mapping[str, Any]], _Found]:
    """What has some verdict, each sentence once for all checks that say it."""

    def find(result: Mapping[str, Any]) -> _Found:
        checks: dict[str, list[str]] = {}
        for id, entry in result["checks"].items():
            if entry["verdict"] == outcome:
                checks.setdefault(entry["observed"], []).append(id)
        yield from ((words, tuple(ids)) for words, ids in checks.items())

    return find


def _held(result: Mapping[str, Any]) -> _Found:
    """Automatic checks whose points a person has to give, since the code reaches for the process that it runs in."""
    for words, ids in _with(Outcome.MANUAL)(result):
        automatic = tuple(id for id in ids if id in CHECKS and CHECKS[id].automatic)
        if automatic:
            yield words, automatic


def _uncertain(result: Mapping[str, Any]) -> _Found:
    """Roles that one definition plays together, and those for which another one could be meant as well, where the one
    that was taken has not earned everything."""
    roles = {Role(role): entry for role, entry in result["resolved"].items() if role in set(Role)}
    played: dict[tuple[str, int], list[Role]] = {}
    for role, entry in roles.items():
        played.setdefault((entry["name"], entry["cell"]), []).append(role)
    for (name, cell), together in played.items():
        if len(together) > 1:
            yield f"`{name}` in cell {cell} was taken for {' and for '.join(together)}", ()
    for role, entry in roles.items():
        lost = _not_passed(result, [question for question, played in ROLES_OF_QUESTION.items() if role in played])
        if lost and (others := others_in_words(entry.get("others", ()))):
            words = f"`{entry['name']}` in cell {entry['cell']} was taken for {role}; {others} could be meant as well"
            yield words, lost


def _not_passed(result: Mapping[str, Any], questions: Collection[str]) -> tuple[str, ...]:
    """The checks of some questions that no person has to make and that did not pass."""
    asked = [
        id for id in result["checks"] if id in CHECKS and CHECKS[id].question in questions and CHECKS[id].automatic
    ]
    return tuple(id for id in asked if result["checks"][id]["verdict"] != Outcome.PASS)


def _notes(result: Mapping[str, Any]) -> _Found:
    """What the grader has noted on the whole, where that is not all there is."""
    if not is_unreadable(result) and not any(e["verdict"] == Outcome.ERROR for e in result["checks"].values()):
        yield from ((note, ()) for note in result["notes"])


def _blank(result: Mapping[str, Any]) -> _Found:
    """Questions that ask for words, below which there are none."""
    manual = _not_marked(result)
    blank = tuple(id for id, entry in manual.items() if "answer" in entry and not entry["answer"]["text"].strip())
    if blank:
        yield "", blank


def _without_pictures(result: Mapping[str, Any]) -> _Found:
    """Questions that ask for pictures, for which there are none."""
    manual = _not_marked(result)
    empty = tuple(id for id, e in manual.items() if "answer" not in e and "pictures" in e and not e["pictures"])
    if empty:
        yield "", empty


def _not_marked(result: Mapping[str, Any]) -> dict[str, Any]:
    """What waits for a person who has not given points yet."""
    return {id: entry for id, entry in _entries(result, Outcome.MANUAL).items() if "marked" not in entry}


def _entries(result: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
    return {id: entry for id, entry in result["checks"].items() if entry["verdict"] == outcome}


_AGAIN = "The same command tries these again; please report what remains."
_KINDS = (
    (
        "Could not be read",
        "Nothing of these was graded. Ask for the file again, or see what was handed in.",
        _unreadable,
    ),
    ("The grader itself failed", _AGAIN, _with(Outcome.ERROR)),
    ("Ran out of time", "The code was ended at a limit; the limits are in rubric.toml.", _with(Outcome.TIMEOUT)),
    ("Reaches for the grader", "Look at the code, and give the points where it means no harm.", _held),
    ("Uncertain which part is which", "Where something else was meant, say so in overrides.toml.", _uncertain),
    ("Taken or left out", "Where you would decide otherwise, say so in overrides.toml.", _notes),
    ("Blank answers", "Nothing but the handout's own words was found there.", _blank),
    ("No pictures", "No picture is saved there that could be meant.", _without_pictures),
)
