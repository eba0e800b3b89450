"""What a check says: a frozen record that the terminal, the CSV file, pytest and the notebook all show alike."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Outcome(StrEnum):
    """The kinds of verdict, as they appear in `result.json`."""

    PASS = "pass"
    PARTIAL = "partial"
    FAIL = "fail"
    MISSING = "missing"
    SKIPPED = "skipped"
    TIMEOUT = "timeout"
    MANUAL = "manual"
    ERROR = "error"


@dataclass(frozen=True)
class Exhibit:
    """What a person looks at who marks a check: cells and text of an answer, None where the check asks for no words,
    and pictures as (cell, number within the cell, kind). All of it is a stranger's text."""

    cells: tuple[int, ...] = ()
    text: str | None = None
    pictures: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True)
class Verdict:
    """An outcome and its words.

    expected: the assignment's sentence; observed: only what was measured; hint: a question or an idea, in at most two
    sentences, that does not give the code away; remark: what is worth knowing although it costs nothing; exhibit: what
    a person has to see who marks it.
    """

    outcome: Outcome
    expected: str = ""
    observed: str = ""
    hint: str = ""
    remark: str = ""
    exhibit: Exhibit | None = None

    @property
    def message(self) -> str:
        """The verdict in one paragraph."""
        if self.outcome is Outcome.PASS:
            return self.remark or self.expected
        parts = [self.observed, f"Expected: {self.expected}." if self.expected else "", self.hint, self.remark]
        return " ".join(_sentence(part) for part in parts if part)

    def noting(self, remark: str) -> "Verdict":
        """The same verdict with one more remark."""
        if not remark or remark in self.remark:
            return self
        return replace(self, remark=" ".join(part for part in (self.remark, _sentence(remark)) if part))


def passed(expected: str, observed: str = "", remark: str = "") -> Verdict:
    return Verdict(Outcome.PASS, expected, observed, remark=remark)


def partial(expected: str, observed: str, hint: str = "", remark: str = "") -> Verdict:
    return Verdict(Outcome.PARTIAL, expected, observed, hint, remark)


def failed(expected: str, observed: str, hint: str = "", remark: str = "") -> Verdict:
    return Verdict(Outcome.FAIL, expected, observed, hint, remark)


def missing(expected: str, observed: str, hint: str = "") -> Verdict:
    return Verdict(Outcome.MISSING, expected, observed, hint)


def skipped(observed: str) -> Verdict:
    return Verdict(Outcome.SKIPPED, observed=observed)


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "?", "!", ":")) else text + "."
