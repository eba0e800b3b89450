"""What a notebook's own outputs say about test accuracy."""

import re

from autograder.program.names import Role, has_telling_words, words
from autograder.program.understanding import Understanding

_NUMBER = re.compile(r"(?<![\w.])(\d{1,3}(?:\.\d+)?)\s*(%?)(?![\w.]*\d)")
_COUNT = re.compile(r"(?<![\w.])(\d{1,4})\s*(?:/|of|out of)\s*(\d{1,4})(?![\w.]*\d)")
_OTHER = {Role.TEST_W: Role.TEST_M, Role.TEST_M: Role.TEST_W}
_SIGNS = {
    Role.TEST_W: re.compile(r"\b(women|woman|female|ladies|test_?w)\w*", re.IGNORECASE),
    Role.TEST_M: re.compile(r"\b(men|man|male|test_?m)\w*", re.IGNORECASE),
}
_ACCURACY = re.compile(r"acc|%|correct|test", re.IGNORECASE)


def claimed_accuracy(understanding: Understanding, role: Role) -> tuple[float, int] | None:
    """The accuracy on a test set that an output claims, 0 to 1, and its cell; None where none can be told.

    A line of output counts that names the test set, or stands below a cell that speaks of this test set alone. Two
    numbers are the accuracies on pairs and on wrong pairs, and their mean is what is claimed.
    """
    found = None
    for cell in understanding.bundle.cells:
        if cell.kind != "code" or not cell.output:
            continue
        alone = _speaks_of(cell.source, role) and not _speaks_of(cell.source, _OTHER[role])
        for line in cell.output.splitlines()[:400]:
            own, other = bool(_SIGNS[role].search(line)), bool(_SIGNS[_OTHER[role]].search(line))
            if not _ACCURACY.search(line) or other or not (own or alone):
                continue
            numbers = _fractions(line)
            if numbers:
                found = (sum(numbers[:2]) / len(numbers[:2]) if len(numbers) == 2 else numbers[0]), cell.number
    return found


def _fractions(line: str) -> list[float]:
    """The numbers of a line that can be accuracies: percentages, fractions with decimals, or so many of so many."""
    line = _COUNT.sub(lambda count: f"{_share(count):.6f}", line)
    found = []
    for digits, percent in _NUMBER.findall(line):
        value = float(digits)
        if percent or value > 1:
            value /= 100
        elif "." not in digits:
            continue
        if 0.2 <= value <= 1:
            found.append(value)
    return found


def _share(count: re.Match[str]) -> float:
    """`51 of 60` as a fraction; what is no part of anything as 0."""
    part, whole = int(count[1]), int(count[2])
    return part / whole if 0 < part <= whole else 0.0


def _speaks_of(source: str, role: Role) -> bool:
    names = set(re.findall(r"[A-Za-z_]\w*", source))
    return any(has_telling_words(role, name) or (name.lower() == role.value and words(name)) for name in names)
