"""Which lines of a text are headings of questions, in the many ways in which students leave or rewrite them.

A place is a question such as "q1d", or "q1" before its first part, or "" before the first question.
"""

import re
from dataclasses import dataclass

PARTS = {"1": "abcde", "2": "abcd", "3": "abcd", "4": "abc"}
WRITTEN = ("q1d", "q1e", "q2c", "q2d", "q3c")
MOST_LETTERS = 300  # a longer line is a paragraph
_TITLES = {
    "1": r"data|data (?:pre)?processing|loading (?:the )?data",
    "2": r"convolutional (?:neural )?networks?",
    "3": r"training",
    "4": r"testing",
}
_HEBREW = dict(zip("אבגדה", "abcde", strict=True))

_GAP = r"[\s*_`~]{0,8}"
_QUESTION = rf"(?:question|exercise|exercice|problem|task|שאלה|q){_GAP}(?:n°|no\.?|number|מספר)?{_GAP}[.:#]?{_GAP}"
_PART = rf"(?:sub-?part|sub-?question|part(?:ie)?|section|סעיף|חלק){_GAP}[.:#]?{_GAP}"
_LETTER = r"([a-eא-ה])(?![^\W_])'?"
_NUMBER = r"([1-4])"
# What follows a heading that is no sentence: nothing, or a sign. Where a line is marked as a heading, any word may.
_SIGN = r"(?=\s*(?:$|[-–—:.,;)\]|=<>(])|(?<!\s)[*_])"
_WORD = r"(?![^\W_])"

_WITH_PART = [
    # 1d, Q1.d, 1-d; 1 (d), Question 2. (c); Question 2, part c; Question 1 d, Question 1.4
    rf"(?:{_QUESTION}|{_PART})?{_NUMBER}[-.]?{_LETTER}{_GAP}[)\]]?",
    rf"(?:{_QUESTION}|{_PART})?{_NUMBER}{_GAP}[-.,:–—)]?{_GAP}[(\[]{_GAP}{_LETTER}{_GAP}[)\]]",
    rf"(?:{_QUESTION})?{_NUMBER}{_GAP}[-.,:–—(]*{_GAP}{_PART}[(\[]?{_GAP}{_LETTER}{_GAP}[)\]]?+",
    rf"{_QUESTION}{_NUMBER}(?:{_GAP}[-–—:,.]{_GAP}|{_GAP})(?:{_LETTER}|([1-5]){_WORD})",
]
_PART_ALONE = [rf"{_PART}[(\[]?{_GAP}(?:{_LETTER}|([1-5]){_WORD}){_GAP}[)\]]?+"]
_QUESTION_ALONE = [rf"{_QUESTION}{_NUMBER}{_WORD}(?!{_GAP}[(\[]{_GAP}{_LETTER}{_GAP}[)\]])"]


def _either(patterns: list[str]) -> tuple[list[re.Pattern[str]], list[re.Pattern[str]]]:
    """The patterns for ordinary lines, and those for lines that are marked as headings."""
    plain = [re.compile(pattern + _SIGN, re.IGNORECASE) for pattern in patterns]
    return plain, [re.compile(pattern + _WORD, re.IGNORECASE) for pattern in patterns]


_FULL, _PARTIAL, _WHOLE = _either(_WITH_PART), _either(_PART_ALONE), _either(_QUESTION_ALONE)
_BARE = re.compile(rf"[(\[]?{_GAP}{_LETTER}{_GAP}[)\]]|{_LETTER}[.:)]?", re.IGNORECASE)
_NUMBERED_TITLE = re.compile(rf"(?:{_PART})?{_NUMBER}{_GAP}[-.:)–—]*{_GAP}(.+)", re.IGNORECASE)
_ITEM = re.compile(rf"[(\[]?{_LETTER}[)\]]{_GAP}(?=\S)|{_LETTER}[.:]\s+(?=\S)")
_POINTS = re.compile(
    r"[\s\-–—:.,(\[*_]*\d{1,2}(?:\.\d+)?\s*(?:%|points?\b|pts?\b|marks?\b|נק\w*)['\s)\]*_:.]*",
    re.IGNORECASE,
)
_LAST_POINTS = re.compile(
    r"[\s\-–—(\[]{1,5}\d{1,2}(?:\.\d+)?\s{0,3}(?:%|points?|pts?|marks?)[)\]*_.:]{0,5}$", re.IGNORECASE
)
_DIMENSIONS = re.compile(r"\dd\s", re.IGNORECASE)
_LEAD = re.compile(r"[\s>#▼▾▶►→•+\-*_`~|]*")
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,200}>")
_HEADING_TAG = re.compile(r"<h[1-6]\b", re.IGNORECASE)


@dataclass(frozen=True)
class Heading:
    """A line that says where a question begins. rest: what else stands in it; titled: marked as a heading."""

    place: str
    rest: str
    titled: bool


def without_tags(text: str) -> str:
    """A text in which an HTML tag is an asterisk, as emphasis is in Markdown."""
    return _TAG.sub("*", text)


def read_heading(line: str, place: str) -> Heading | None:
    """The heading in a line, given the place before it."""
    if len(line) > 50 * MOST_LETTERS:
        return None
    plain = without_tags(line)
    lead = _LEAD.match(plain)
    start = lead.end() if lead else 0
    titled = "#" in plain[:start] or bool(_HEADING_TAG.search(line[:MOST_LETTERS]))
    bold = "*" in plain[:start] or "__" in plain[:start]
    text = plain[start:].rstrip()
    for find in (_full, _partial, _whole):
        if found := find(text, place, titled):
            return found
    return _bare(text, place, titled, bold) or (_title(text, place) if titled or bold else None)


def item_letter(line: str) -> str:
    """The letter of a line such as `(d) Because ...`, "" where it has none."""
    found = _ITEM.match(line, _lead_end(line))
    return _letter(found) if found else ""


def read_item(line: str, place: str) -> Heading | None:
    """A line such as `(d) Because ...` as a heading: only where a written part of the same question comes next."""
    found = _ITEM.match(line, _lead_end(line))
    next_place = f"{place[:2]}{_letter(found)}" if found and place else ""
    if found and next_place in WRITTEN and next_place > place:
        return Heading(next_place, line[found.end() :], False)
    return None


def _lead_end(line: str) -> int:
    lead = _LEAD.match(line)
    return lead.end() if lead else 0


def _full(text: str, place: str, titled: bool) -> Heading | None:
    for pattern in _FULL[0]:
        if (found := pattern.match(text)) and (letter := _letter(found)) in PARTS[found[1]]:
            return Heading(f"q{found[1]}{letter}", _rest(text, found), titled)
    # Words follow: "2D convolutions" is no part of question 2, "Q2(a) is worse" speaks of one, "Q2(c) Because" is one.
    for pattern in _FULL[1]:
        if not (found := pattern.match(text)) or (letter := _letter(found)) not in PARTS[found[1]]:
            continue
        reached = f"q{found[1]}{letter}"
        if (titled and not _DIMENSIONS.match(text)) or (found[0][-1] in ")]" and reached in WRITTEN):
            return Heading(reached, _rest(text, found), titled)
    return None


def _partial(text: str, place: str, titled: bool) -> Heading | None:
    for pattern in _PARTIAL[titled]:
        found = pattern.match(text)
        if not found or (titled and _title(text, place)):
            continue
        if reached := _after(place, _letter(found)):
            return Heading(reached, _rest(text, found), titled)
    return None


def _whole(text: str, place: str, titled: bool) -> Heading | None:
    for pattern in _WHOLE[titled]:
        if found := pattern.match(text):
            return Heading(f"q{found[1]}", _rest(text, found), titled)
    return None


def _bare(text: str, place: str, titled: bool, bold: bool) -> Heading | None:
    """A letter and nothing else but points: `(d)`, `d)`, and `d` where it is marked."""
    found = _BARE.match(text)
    if not found:
        return None
    rest = _rest(text, found)
    parenthesised = found[0][-1] in ")]"
    if (parenthesised and (titled or bold or not rest)) or (not rest and (titled or bold)):
        # A bare letter is often an item of a list, so it opens no new question and goes back to no earlier part.
        reached = f"q{place[1:2] or 1}{_letter(found)}"
        reached = reached if _letter(found) in PARTS[reached[1]] and reached >= place else ""
        return Heading(reached, rest, titled) if reached else None
    return None


def _title(text: str, place: str) -> Heading | None:
    """A question's title; without its number only where it leads on, since an answer may have such parts, too."""
    numbered = _NUMBERED_TITLE.match(text)
    words = numbered[2] if numbered else text
    words = _POINTS.sub("", words[:MOST_LETTERS]).strip(" *_.:-–—#")
    for number, titles in _TITLES.items():
        leads_on = numbered[1] == number if numbered else number > place[1:2]
        if leads_on and re.fullmatch(titles, words, re.IGNORECASE):
            return Heading(f"q{number}", "", True)
    return None


def _letter(found: re.Match[str]) -> str:
    said = next((group for group in found.groups()[::-1] if group), "").lower()
    said = _HEBREW.get(said, said)
    return "abcde"[int(said) - 1] if said.isdigit() else said


def _after(place: str, letter: str) -> str:
    """Where a part begins whose question is not named: here, or in the next question where letters start anew."""
    number, part = (place[1], place[2:]) if place else ("1", "")
    if part and letter < part and letter == "a" and number < "4":
        number = str(int(number) + 1)
    return f"q{number}{letter}" if letter in PARTS[number] else ""


def _rest(text: str, found: re.Match[str]) -> str:
    rest = text[found.end() :]
    points = _POINTS.match(rest)
    rest = _LAST_POINTS.sub("", rest[points.end() :] if points else rest)
    return rest.strip().lstrip("-–—:.,;)]|*_= ")
