"""Reads `handout.md`: for each revision of the assignment a list of blocks, each of which becomes one cell.

Text between fences becomes a text cell, a new one at every heading. A fence becomes a cell by what follows it:

    ```python                        a given cell, the same for student and solution
    ```python imports                the cell that gathers all imports
    ```python helpers=NAME,...       definitions of the reference, given to the student as they are
    ```python reference=NAME         a definition that the student writes; what stands in the fence is its docstring,
                                     the reference's own one if nothing does
              called=NAME            by this name instead of the reference's
              defaults=NAME,...      these parameters take the global variables of their names if nothing is given
              hidden=NAME,...        more definitions of the reference, for the solution only
              name=WORD              names the cell, `q1a-WORD`, where a number would do it otherwise
              functions-file         goes into the functions file, in the revision that has one; a network is built
                                     without arguments there
    ```answer                        a written question; what stands in the fence is the model answer

A cell may hold regions that the student fills in:

    ### BEGIN SOLUTION
    train_data = load(data_path)
    ### STUDENT SEES
    train_data = ...
    ### END SOLUTION

Lines that belong to one revision only, be they text, fences or lines within a fence, stand between two marks:

    ::: functions-file
    Hand in both files.
    :::
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

FENCE = "```"
REVISION = ":::"
OPTIONS = {"called", "defaults", "helpers", "hidden", "name", "reference"}
FLAGS = {"functions-file", "imports"}
QUESTION = re.compile(r"## Question (\d)\. ")
PART = re.compile(r"### Part \((\w)\)")
BEGIN, STUDENT_SEES, END = "### BEGIN SOLUTION", "### STUDENT SEES", "### END SOLUTION"
REGION = re.compile(rf"^ *{BEGIN}\n(.*?)^ *{STUDENT_SEES}\n(.*?)^ *{END}\n", re.DOTALL | re.MULTILINE)
_STUDENTS_LINES = re.compile(rf"^ *{STUDENT_SEES}\n.*?(?=^ *{END}\n)", re.DOTALL | re.MULTILINE)
_MARKS = re.compile(rf"^ *(?:{BEGIN}|{END})\n", re.MULTILINE)


class Revision(StrEnum):
    """The two forms in which the assignment is in use; a value is what stands behind `:::`."""

    NOTEBOOK = "notebook"  # everything in one notebook
    FUNCTIONS_FILE = "functions-file"  # the networks in a file beside it, and trained weights are handed in as well


class HandoutError(ValueError):
    """A line of the handout that cannot be understood; the message names it."""


@dataclass(frozen=True)
class Block:
    """What becomes one cell.

    question: "setup", "q1" or "q1b"; kind: text, imports, helper, function, given, code, written; options: what the
    line of the fence said, names as they stand there.
    """

    question: str
    kind: str
    text: str
    options: dict[str, str] = field(default_factory=dict)

    def names(self, *options: str) -> list[str]:
        """The definitions that these options list."""
        return [name for option in options for name in self.options.get(option, "").split(",") if name]

    @property
    def for_functions_file(self) -> bool:
        """Whether it goes into the functions file, in the revision that has one."""
        return "functions-file" in self.options


def read_blocks(handout: str, revision: Revision = Revision.NOTEBOOK) -> list[Block]:
    """Cut the handout of one revision into blocks, in its order.

    Raises: HandoutError for a fence or a `:::` that is never closed or asks for something unknown.
    """
    blocks: list[Block] = []
    question = "setup"
    text: list[str] = []
    lines = _lines_of(handout, revision)
    for number, line in lines:
        if line.startswith(FENCE):
            blocks += _text_block(question, text)
            kind, options = _read_fence(number, line)
            body = []
            for _, inside in lines:
                if inside.startswith(FENCE):
                    break
                body.append(inside)
            else:
                raise HandoutError(f"line {number}: the fence is never closed")
            blocks.append(_fenced_block(question, kind, "\n".join(body), options))
            text = []
            continue
        if line.startswith("#"):
            blocks += _text_block(question, text)
            text = []
            question = _question_after(line, question)
        text.append(line)
    return blocks + _text_block(question, text)


def region(solution: str, student: str, indent: str = "", end_indent: str | None = None) -> str:
    """A region to fill in, with what stands there in the solution and what the student finds there."""
    end = indent if end_indent is None else end_indent
    return f"{indent}{BEGIN}\n{solution}\n{indent}{STUDENT_SEES}\n{student}\n{end}{END}"


def solution_text(text: str) -> str:
    """The text of a cell as the solution has it; the lines around a region stay, since nbgrader goes by them."""
    return _STUDENTS_LINES.sub("", text + "\n").rstrip("\n")


def student_text(text: str) -> str:
    """The text of a cell with its regions as the student gets them."""
    return REGION.sub(lambda region: region[2], text + "\n").rstrip("\n")


def with_hidden(text: str, hidden: str) -> str:
    """The text of a cell with more lines at the beginning of its first region, for the solution only."""
    return text.replace(f"{BEGIN}\n", f"{BEGIN}\n{hidden}\n\n\n", 1)


def without_marks(text: str) -> str:
    """The text of a solution's cell as somebody would have written it, without the lines around its regions."""
    return _MARKS.sub("", text + "\n").rstrip("\n")


def _lines_of(handout: str, revision: Revision) -> Iterator[tuple[int, str]]:
    """The lines of one revision with their numbers."""
    opened, chosen = 0, True
    for number, line in enumerate(handout.splitlines(), start=1):
        if not line.startswith(REVISION):
            if chosen:
                yield number, line
            continue
        word = line.removeprefix(REVISION).strip()
        if word not in ("", *Revision):
            raise HandoutError(f"line {number}: a revision is {' or '.join(Revision)}, not {word}")
        if bool(word) == bool(opened):
            problem = f"the {REVISION} of line {opened} is still open" if word else "there is nothing to close"
            raise HandoutError(f"line {number}: {problem}")
        opened, chosen = (number, word == revision) if word else (0, True)
    if opened:
        raise HandoutError(f"line {opened}: what is for one revision only is never closed")


def _question_after(heading: str, question: str) -> str:
    """The question that begins with a heading, or the one that goes on."""
    if match := QUESTION.match(heading):
        return f"q{match[1]}"
    if match := PART.match(heading):
        return question[:2] + match[1]
    return question


def _read_fence(number: int, line: str) -> tuple[str, dict[str, str]]:
    """The first word after a fence and its options; a word without a value is an option that is empty."""
    kind, *words = line.removeprefix(FENCE).split() or [""]
    options = {key: value for key, _, value in (word.partition("=") for word in words)}
    if kind not in {"python", "answer"}:
        raise HandoutError(f"line {number}: a fence says python or answer, not {kind or 'nothing'}")
    if unknown := options.keys() - OPTIONS - FLAGS:
        raise HandoutError(f"line {number}: nobody knows {', '.join(sorted(unknown))}")
    return kind, options


def _fenced_block(question: str, fence: str, body: str, options: dict[str, str]) -> Block:
    """A block whose kind follows from the fence, its options, and whether the student has something to fill in."""
    if fence == "answer":
        kind = "written"
    elif "imports" in options:
        kind = "imports"
    elif "reference" in options:
        kind = "function"
    elif "helpers" in options:
        kind = "helper"
    else:
        kind = "code" if REGION.search(body + "\n") else "given"
    return Block(question, kind, body, options)


def _text_block(question: str, lines: list[str]) -> list[Block]:
    """One block, or none if there is nothing but empty lines; what is for another revision leaves some behind."""
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines).strip("\n"))
    return [Block(question, "text", text)] if text else []
