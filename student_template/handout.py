"""Reads `handout.md`: a list of blocks, each of which becomes one cell.

Text between fences becomes a text cell, a new one at every heading. A fence becomes a cell by what follows it:

    ```python                        a given cell, the same for student and solution
    ```python imports                the cell that gathers all imports
    ```python helpers=NAME,...       definitions of the reference, given to the student as they are
    ```python reference=NAME         a definition that the student writes; what stands in the fence is the docstring
                                     that the student sees, the reference's own one if nothing does
              hidden=NAME,...        more definitions of the reference, for the solution only
              name=WORD              names the cell, `q1a-WORD`, where a number would do it otherwise
    ```answer                        a written question; what stands in the fence is the model answer

A cell may hold a region that the student fills in:

    ### BEGIN SOLUTION
    train_data = load(data_path)
    ### STUDENT SEES
    train_data = ...
    ### END SOLUTION
"""

import re
from dataclasses import dataclass, field

FENCE = "```"
OPTIONS = {"helpers", "hidden", "name", "reference"}
QUESTION = re.compile(r"## Question (\d)\. ")
PART = re.compile(r"### Part \((\w)\)")
REGION = re.compile(r"### BEGIN SOLUTION\n(.*?)### STUDENT SEES\n(.*?)### END SOLUTION\n?", re.DOTALL)


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


def read_blocks(handout: str) -> list[Block]:
    """Cut the handout into blocks, in its order.

    Raises: HandoutError for a fence that is never closed or asks for something unknown.
    """
    blocks: list[Block] = []
    question = "setup"
    text: list[str] = []
    lines = enumerate(handout.splitlines(), start=1)
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


def solution_text(text: str) -> str:
    """The text of a cell with its regions as the solution has them."""
    return REGION.sub(lambda region: region[1], text + "\n").rstrip("\n")


def student_text(text: str) -> str:
    """The text of a cell with its regions as the student gets them."""
    return REGION.sub(lambda region: region[2], text + "\n").rstrip("\n")


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
    if unknown := options.keys() - OPTIONS - {"imports"}:
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
    """One block, or none if there is nothing but empty lines."""
    text = "\n".join(lines).strip("\n")
    return [Block(question, "text", text)] if text else []
