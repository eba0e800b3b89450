"""Where each question stands in a notebook, and what the student wrote there in words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from autograder.submission.handouts import is_prompt, own_words
from autograder.submission.headings import WRITTEN, Heading, item_letter, read_heading, read_item
from autograder.submission.notebook import Cell, Statement
from autograder.submission.passages import Passage, read_passages

MOST_TEXT = 6000
CUT = "\n\n[...]"
# A comment among code is taken for an answer only where it is as long as a sentence or stands below a heading.
_LEAST_WORDS_IN_CODE = 8
_LEAST_WORDS_IN_A_TITLE = 6
_ENOUGH_HEADINGS = 3
_RULE = re.compile(r"\s*([-=_*#])\1{2,}\s*")
_NEW_PARAGRAPH = re.compile(r"\s*(?:[-*+>|]|\d{1,2}[.)])\s")


@dataclass(frozen=True)
class Answer:
    """What a student wrote below one question's heading. text: at most `MOST_TEXT` letters of it; words: of all."""

    cells: tuple[int, ...] = ()
    text: str = ""
    words: int = 0


@dataclass(frozen=True)
class Reading:
    """A notebook by questions, such as "q1d"; "" is what stands before the first of them.

    answers: where something was written; code is no answer, and of questions about code neither are comments. asked:
    the cells in which a question is asked, by its heading or by the handout's own words. places: where each cell
    stands at its end, by its number.
    """

    answers: Mapping[str, Answer] = field(default_factory=dict)
    asked: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    places: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Part:
    """A student's words in one paragraph. apart: whether an empty line is above it."""

    cell: int
    place: str
    text: str
    words: int
    apart: bool


def read_answers(cells: Sequence[Cell], statements: Sequence[Statement]) -> Reading:
    """Find the questions and what was written below each of them."""
    passages = read_passages(cells, statements)
    walk = _Walk(_has_headings(cells, passages))
    places: dict[int, str] = {}
    written: dict[str, list[_Part]] = {}
    for cell in cells:
        if cell.question:
            walk.reach(cell.question, cell.number)
        for passage in passages.get(cell.number, ()):
            own, headed = walk.through(passage)
            if passage.in_code and not headed and sum(part.words for part in own) < _LEAST_WORDS_IN_CODE:
                continue
            for part in own:
                if part.words and (part.place in WRITTEN or not passage.in_code):
                    written.setdefault(part.place, []).append(part)
        places[cell.number] = walk.place
    answers = {place: _answer(parts) for place, parts in written.items()}
    return Reading(answers, {place: tuple(dict.fromkeys(of)) for place, of in walk.asked.items()}, places)


def _has_headings(cells: Sequence[Cell], passages: Mapping[int, Sequence[Passage]]) -> bool:
    """Whether the text cells say where questions begin; then comments among code do not."""
    text_cells = [cell for cell in cells if cell.kind != "code"]
    lines = (line for cell in text_cells for passage in passages[cell.number] for line in passage.text.split("\n"))
    count = sum(bool(cell.question) for cell in text_cells) + sum(bool(read_heading(line, "q1")) for line in lines)
    return count >= _ENOUGH_HEADINGS


class _Walk:
    """A way through a notebook that knows at which question it has arrived."""

    def __init__(self, has_headings: bool) -> None:
        self.place = ""
        self.asked: dict[str, list[int]] = {}
        self._has_headings = has_headings

    def reach(self, place: str, cell: int) -> None:
        self.place = place
        self.asked.setdefault(place, []).append(cell)

    def through(self, passage: Passage) -> tuple[list[_Part], bool]:
        """A passage's paragraphs without the handout's words; and whether any words there ask for an answer."""
        found: list[_Part] = []
        headed = False
        for heading, paragraph in self._paragraphs(passage):
            if heading:
                self.reach(heading.place, passage.cell)
            own = own_words(paragraph)
            # The handout's own words tell better than a heading, which may have been renumbered or deleted.
            if own.asked and self.place not in own.asked and self._is_new(own.asked[0]):
                self.reach(own.asked[0], passage.cell)
            headed = headed or heading is not None or own.prompted
            if heading and heading.titled and own.words < _LEAST_WORDS_IN_A_TITLE:
                continue
            apart = paragraph.startswith("\n") or not found
            found.append(_Part(passage.cell, self.place, own.text, own.words, apart))
        return found, headed

    def _is_new(self, place: str) -> bool:
        """Whether a question can begin here: one that was asked before and is no written one is only spoken of."""
        return place >= self.place or place not in self.asked or place in WRITTEN

    def _paragraphs(self, passage: Passage) -> Iterator[tuple[Heading | None, str]]:
        """Paragraphs, each with the heading that it begins with, and with an empty line first where one is above."""
        lines: list[str] = []
        heading: Heading | None = None
        all_lines = passage.text.split("\n")
        listed = bool({"a", "b"} & {item_letter(line) for line in all_lines})
        above = "\n"
        for line in all_lines:
            empty = not line.strip() or bool(_RULE.fullmatch(line))
            found = self._heading(line, heading.place if heading else self.place, passage, listed)
            if found or empty or _NEW_PARAGRAPH.match(line) or is_prompt(line):
                if lines or heading:
                    yield heading, "\n".join(lines)
                lines, heading = [], None
            if found and found.titled:
                yield found, found.rest
            elif not found and is_prompt(line):
                yield None, line
            elif empty:
                above = "\n"
            elif found:
                heading, lines = found, [found.rest] if found.rest else []
            else:
                lines.append(above + line if not lines else line)
                above = ""
        if lines or heading:
            yield heading, "\n".join(lines)

    def _heading(self, line: str, place: str, passage: Passage, listed: bool) -> Heading | None:
        if passage.in_code and self._has_headings:
            return None
        found = read_heading(line, place)
        if not found and not listed and not passage.in_code:
            found = read_item(line, place)
        return found if found and self._is_new(found.place) else None


def _answer(parts: list[_Part]) -> Answer:
    text = "".join(("\n\n" if part.apart else "\n") + part.text for part in parts).lstrip("\n")
    if len(text) > MOST_TEXT:
        text = text[: MOST_TEXT - len(CUT)] + CUT
    return Answer(tuple(dict.fromkeys(part.cell for part in parts)), text, sum(part.words for part in parts))
