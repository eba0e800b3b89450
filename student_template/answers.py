"""The model answers as a page of their own, for `reference/`, where students read on after the deadline."""

from pathlib import Path

import reference
from student_template.build import HANDOUT
from student_template.handout import Revision, read_blocks

ANSWERS = Path(reference.__file__).with_name("answers.md")
HEADING = """# The written questions, answered

Written by `python -m student_template` from `student_template/handout.md`; not to be edited.
"""


def answers_page() -> str:
    """Every written question of the handout with its model answer, as Markdown."""
    parts, asked = [HEADING], ""
    for block in read_blocks(HANDOUT.read_text(encoding="utf-8"), Revision.NOTEBOOK):
        if block.kind == "text":
            asked = block.text
        elif block.kind == "written":
            # A question that asks for code first has its words below the code, without a heading.
            title = asked.partition("\n")[0].partition(": ")[2] if asked.startswith("#") else ""
            question = asked.partition("\n\n")[2] if title else asked
            quoted = "\n".join(f"> {line}".rstrip() for line in question.splitlines())
            number = block.question.removeprefix("q")
            parts.append(f"## {number}{title and ': '}{title}\n\n{quoted}\n\n{block.text}\n")
    return "\n".join(parts)
