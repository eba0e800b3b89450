"""How a check is declared, and how verdicts follow from evidence.

A check is one function from evidence to a verdict, declared with its id, its question, what must have passed before
it is worth a look, and the kind of evidence it reads. It opens no file, runs nothing and has no clock.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from autograder.evidence.kinds import NoEvidence
from autograder.rubric import DEFAULT_THRESHOLDS, Thresholds
from autograder.verdict import Outcome, Verdict, skipped


@dataclass(frozen=True)
class Settings:
    """What the rubric lets an instructor decide about a verdict itself."""

    imread_gave_bytes: bool = False
    thresholds: Thresholds = DEFAULT_THRESHOLDS


@dataclass(frozen=True)
class Check:
    """A declared check. evidence: the class it reads, None where nothing is collected yet or a person grades."""

    id: str
    question: str
    title: str
    judge: Callable[..., Verdict]
    needs: tuple[str, ...] = ()
    evidence: type | None = None
    automatic: bool = True
    wants_settings: bool = False


CHECKS: dict[str, Check] = {}
_GOOD_ENOUGH = (Outcome.PASS, Outcome.PARTIAL)


def check(
    id: str,
    question: str,
    needs: tuple[str, ...] = (),
    evidence: type | None = None,
    automatic: bool = True,
    wants_settings: bool = False,
) -> Callable[[Callable[..., Verdict]], Callable[..., Verdict]]:
    """Declare the decorated function as the judge of a check; the first line of its docstring is the title."""

    def declare(judge: Callable[..., Verdict]) -> Callable[..., Verdict]:
        if id in CHECKS:
            raise ValueError(f"two checks are called {id}")
        for other in needs:
            if other not in CHECKS:
                raise ValueError(f"{id} needs {other}, which is not declared before it")
        title = (judge.__doc__ or "").strip().splitlines()[0].rstrip(".")
        CHECKS[id] = Check(id, question, title, judge, needs, evidence, automatic, wants_settings)
        return judge

    return declare


def judge(
    check: Check, evidence: Mapping[type, Any], earlier: Mapping[str, Verdict], settings: Settings = Settings()
) -> Verdict:
    """The verdict of one check.

    Args: evidence: by kind; a `NoEvidence` says why there is none; earlier: verdicts of the checks it needs.
    """
    for needed in check.needs:
        if needed in earlier and earlier[needed].outcome not in _GOOD_ENOUGH:
            return _behind(needed, earlier[needed])
    if check.evidence is None:
        return check.judge()
    seen = evidence[check.evidence]
    if isinstance(seen, NoEvidence):
        return Verdict(seen.outcome, _expected(check.title), seen.observed, seen.hint)
    verdict = check.judge(seen, settings) if check.wants_settings else check.judge(seen)
    return verdict.noting(getattr(seen, "remark", ""))


def _expected(title: str) -> str:
    """A title within a sentence: `CNN` and its like keep their capitals."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def _behind(needed: str, verdict: Verdict) -> Verdict:
    # A function that is not there is missing for each of its checks; "skipped" would sound as if it had been seen.
    if verdict.outcome is Outcome.MISSING:
        return Verdict(Outcome.MISSING, "", verdict.observed, verdict.hint)
    return skipped(f"not looked at, since {needed} comes first")


def chosen_checks(prefixes: Collection[str] = ()) -> tuple[Check, ...]:
    """All checks, or those whose id begins with one of the prefixes (`data`, `cnn.padding`) or has that question."""
    wanted = tuple(
        c for c in CHECKS.values() if not prefixes or any(_matches(c, prefix.strip()) for prefix in prefixes)
    )
    needed = {other for c in wanted for other in c.needs}
    return tuple(c for c in CHECKS.values() if c in wanted or c.id in needed)


def _matches(check: Check, prefix: str) -> bool:
    return check.id == prefix or check.id.startswith(prefix + ".") or check.question == prefix
