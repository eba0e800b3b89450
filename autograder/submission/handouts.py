"""What the handouts say themselves, the course's and our template's: a student's words are what is not among theirs."""

import hashlib
import json
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from autograder.submission.headings import without_tags
from student_template.handout import Revision, read_blocks

# The words are the course's own and are not repeated here; `python -m autograder.submission.handouts TEXTS.toml`
# writes their fingerprints anew, from a table of texts by question.
_COURSE = Path(__file__).with_name("handout.json")
_TEMPLATE = Path(__file__).parents[2] / "student_template" / "handout.md"
EVERYWHERE = "everywhere"
# A sentence is the handout's where at least this share of its words stands in runs of so many that the handout has.
RUN = 4
_SHARE = 0.75
_MOST_CHANGED = 4
_SHORT = 8  # words; a shorter sentence has to be the handout's from end to end
_LEAST_FOR_A_PLACE = 6
_LONGEST_PROMPT = 14
_MOST_OF_A_PROMPT = 200  # letters

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_LINK_TARGET = re.compile(r"(?<=\])\([^()\s]*\)")  # nobody's words; a badge such as Colab's is nothing else
_FORMULA_SIGN = re.compile(r"\\[a-zA-Z]+")
# Where a sentence ends for our purpose: also at a colon and at a dash, as prompts do.
_END = re.compile(r"(?<=[.?!])(?:[*_]+\s*|[\"'»”)]*\s+)|(?<=:)(?![,\]/\d:])[*_\"\s]*|(?<=\S) {1,3}[-–—]{1,2} {1,3}")
_LIST_NUMBER = re.compile(r"\s*\d{1,2}\.\s+")
_PROMPTS = re.compile(
    r"""(?:please\ )?(?:(?:write|type|enter|put|provide|insert|add|fill\ in|give)\ )?
        (?:(?:your|the|an?|own|student|written)\ )*
        (?:explanations?|answers?|solutions?|responses?|replies|reply|text|comments?|code)
        (?:\ (?:goes|go|should\ go|to\ (?:this|the)\ question))?(?:\ (?:here|below|above|in\ this\ cell))*
      |(?:explain|answer|write|provide|your\ answer\ goes)\ (?:here|below)
      |(?:start|begin(?:ning)?|end)\ of\ (?:your\ )?(?:answer|solution|explanation)
      |to\ ?do|tbd|fix\ ?me|fill\ (?:me|this)\ in|your\ turn|double\ click(?:\ or\ enter)?\ to\ edit|ans|a|sol
      |תשובה|התשובה(?:\ שלי|\ שלנו)?|תשובתנו|הסבר|(?:נא\ )?(?:כתבו|לכתוב|רשמו)
       (?:\ את)?(?:\ התשובה|\ תשובתכם)?(?:\ כאן)?
      |(?:votre\ |notre\ |ma\ )?réponse(?:\ ici)?|écrivez\ (?:votre\ réponse\ )?ici""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Own:
    """What is left of a paragraph without the handout's words. asked: questions whose own words stand in it."""

    text: str
    words: int
    asked: tuple[str, ...] = ()
    prompted: bool = False


def words_of(text: str) -> list[str]:
    """The words of a text, in small letters; numbers are words."""
    plain = _FORMULA_SIGN.sub(" ", _LINK_TARGET.sub(" ", without_tags(text))).lower().replace("’", "'")
    return [word for word in (found.strip("_") for found in _WORD.findall(plain)) if word]


def own_words(paragraph: str) -> Own:
    """Take the handout's sentences and its prompts out of a paragraph."""
    kept: list[str] = []
    asked: list[str] = []
    prompted = False
    for sentence in _sentences(paragraph):
        words = words_of(sentence)
        question = _handout_question(words)
        if question is None:
            kept.append(sentence)
            continue
        prompted = prompted or bool(words)
        if question != EVERYWHERE and len(words) >= _LEAST_FOR_A_PLACE:
            asked.append(question)
    text = "".join(kept).strip()
    words = words_of(text)
    return Own(text if words else "", len(words), tuple(dict.fromkeys(asked)), prompted)


def is_prompt(line: str) -> bool:
    """Whether a line asks for an answer, such as `**Write your explanation here:**`, and says nothing else."""
    words = words_of(line[:_MOST_OF_A_PROMPT])
    return len(line) < _MOST_OF_A_PROMPT and bool(words) and bool(_PROMPTS.fullmatch(" ".join(words)))


def _sentences(text: str) -> Iterator[str]:
    start = 0
    for end in _END.finditer(text):
        if end.end() > start and not _LIST_NUMBER.fullmatch(text[start : end.end()]):
            yield text[start : end.end()]
            start = end.end()
    yield text[start:]


def _handout_question(words: list[str]) -> str | None:
    """The question whose words a sentence repeats; `EVERYWHERE` for several, a prompt or nothing; None for others'."""
    if not words or (len(words) <= _LONGEST_PROMPT and _PROMPTS.fullmatch(" ".join(words))):
        return EVERYWHERE
    known = _known()
    if len(words) < RUN and _fingerprint(words) in known.short:
        return EVERYWHERE
    covered = set[int]()
    said = Counter[str]()
    for start, run in enumerate(_runs(words)):
        if questions := known.runs.get(_fingerprint(run)):
            covered.update(range(start, start + RUN))
            said.update(questions)
    changed = len(words) - len(covered)
    if changed > min(_MOST_CHANGED, (1 - _SHARE) * len(words)) or (changed and len(words) < _SHORT):
        return None
    (question, most), *others = said.most_common(2)
    return EVERYWHERE if others and others[0][1] == most else question


@dataclass(frozen=True)
class _Known:
    """runs: which questions have these words one after another; short: sentences shorter than that; both by their
    fingerprints."""

    runs: dict[str, frozenset[str]]
    short: frozenset[str]


@cache
def _known() -> _Known:
    runs: dict[str, set[str]] = {}
    short = set[str]()
    course = json.loads(_COURSE.read_text(encoding="utf-8"))
    for question, found in [*course.items(), *((q, fingerprints(text)) for q, text in _template())]:
        short.update(found["short"])
        for run in found["runs"]:
            runs.setdefault(run, set()).add(question)
    return _Known({run: frozenset(questions) for run, questions in runs.items()}, frozenset(short))


def fingerprints(text: str) -> dict[str, list[str]]:
    """What a text is recognised by: of each run of words, and of each sentence that is shorter, a few letters from
    which nobody can tell the words."""
    runs, short = set[str](), set[str]()
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*|]|\d\.)\s)", text):
        short |= {_fingerprint(words) for s in _sentences(paragraph) if len(words := words_of(s)) < RUN}
        # Runs go on past the end of a sentence, since a student may join what the handout has in two.
        runs |= {_fingerprint(run) for run in _runs(words_of(paragraph))}
    return {"runs": sorted(runs), "short": sorted(short)}


def _fingerprint(words: Iterable[str]) -> str:
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:10]


def _template() -> Iterator[tuple[str, str]]:
    handout = _TEMPLATE.read_text(encoding="utf-8")
    for block in (block for revision in Revision for block in read_blocks(handout, revision)):
        if block.kind == "text":
            heading, _, rest = block.text.partition("\n") if block.text.startswith("#") else ("", "", block.text)
            # A title such as "Part (e): why as many of each? (2 points)" counts without its ends, too.
            title = re.sub(r"^#+\s*(?:Part \(\w\):|Question \d\.)?|\(\d+ points?\)$", "", heading)
            yield block.question if block.question.startswith("q") else EVERYWHERE, f"{title}\n\n{rest}"


def _runs(words: list[str]) -> Iterable[tuple[str, ...]]:
    return zip(*(words[offset:] for offset in range(RUN)), strict=False)


def main(source: Path) -> None:
    """Write the fingerprints of a handout, given as a TOML file with its text by question."""
    texts = tomllib.loads(source.read_text(encoding="utf-8"))
    content = {question: fingerprints(text) for question, text in texts.items()}
    _COURSE.write_text(json.dumps(content, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
