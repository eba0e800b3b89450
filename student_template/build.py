"""Builds the notebook, as a template or solved, from `handout.md` and the reference. Nothing is written twice."""

from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from student_template.handout import Block, HandoutError, read_blocks, solution_text, student_text
from student_template.source import (
    Definition,
    Import,
    in_order,
    join,
    needed_imports,
    read_definitions,
    read_imports,
    stub,
    write_imports,
)

HANDOUT = Path(__file__).with_name("handout.md")
# What Jupyter and Colab both ask for; "toc_visible" opens Colab's table of contents.
METADATA: dict[str, Any] = {
    "accelerator": "GPU",
    "colab": {"gpuType": "T4", "provenance": [], "toc_visible": True},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SELF_CHECK = """# What does the autograder think of it?
if autograder is not None:
    autograder.check("{part}")"""
ANSWER = "*Your answer:*"


def build_notebook(solution: bool) -> NotebookNode:
    """The assignment as a notebook (nbformat 4.5) without outputs: the template, or the solution that runs.

    Every cell carries `metadata.shoe_pairs`: `question`, such as "q1b" ("setup" before the first one), and `kind`:
    text, imports, helper (given definitions of the reference), function (what the student writes instead of the
    reference's definition), given, code (given lines with a place to fill in), written, self-check. The two
    notebooks have the same cells under the same ids.
    """
    blocks = read_blocks(HANDOUT.read_text(encoding="utf-8"))
    definitions = read_definitions()
    sources, imports = [], set[Import]()
    for block in blocks:
        chosen = _definitions_of(block, definitions, solution)
        source = _source_of(block, definitions, chosen, solution)
        imports |= needed_imports(source, chosen) if chosen else set()
        sources.append(source)

    cells, numbers = [], Counter[str]()
    for position, (block, source) in enumerate(zip(blocks, sources, strict=True)):
        if block.kind == "imports":
            source = write_imports(imports | set(read_imports(block.text)))
        cells.append(_cell(block.question, block.kind, source, _identifier(block, numbers)))
        part_ends = position + 1 == len(blocks) or blocks[position + 1].question != block.question
        if part_ends and _has_code_to_write(blocks, block.question):
            check = SELF_CHECK.format(part=block.question.removeprefix("q"))
            cells.append(_cell(block.question, "self-check", check, f"{block.question}-self-check"))
    notebook = new_notebook(cells=cells, metadata=METADATA)
    nbformat.validate(notebook)
    return notebook


def notebook_text(notebook: NotebookNode) -> str:
    """A notebook as it stands in its file; equal notebooks give equal bytes."""
    return nbformat.writes(notebook) + "\n"


def _definitions_of(block: Block, definitions: dict[str, Definition], solution: bool) -> list[Definition]:
    """The definitions of the reference that a block shows: hidden ones only in the solution."""
    names = block.names("reference", "helpers", "hidden") if solution else block.names("reference", "helpers")
    if unknown := [name for name in names if name not in definitions]:
        raise HandoutError(f"{block.question}: the reference has no {', '.join(unknown)}")
    return in_order(definitions[name] for name in names)


def _source_of(block: Block, definitions: dict[str, Definition], chosen: list[Definition], solution: bool) -> str:
    """The text of a block's cell, in one of its two forms."""
    if block.kind == "written":
        return f"{ANSWER}\n\n{block.text}" if solution else ANSWER
    if block.kind == "function" and not solution:
        part = block.question.removeprefix("q")
        tasks = in_order(definitions[name] for name in block.names("reference"))
        return join((task.node, stub(task, part, block.text)) for task in tasks)
    if chosen:
        return join((one.node, one.text) for one in chosen)
    return solution_text(block.text) if solution else student_text(block.text)


def _has_code_to_write(blocks: list[Block], question: str) -> bool:
    return any(block.question == question and block.kind in {"function", "code"} for block in blocks)


def _identifier(block: Block, numbers: Counter[str]) -> str:
    """An id that says what the cell is: by name, by the definition in it, or by kind and number."""
    names = [block.options["name"]] if "name" in block.options else block.names("reference")
    if names:
        return f"{block.question}-{names[0].replace('_', '-')}"
    kind = f"{block.question}-{block.kind}"
    numbers[kind] += 1
    return kind if numbers[kind] == 1 else f"{kind}-{numbers[kind]}"


def _cell(question: str, kind: str, source: str, identifier: str) -> NotebookNode:
    new_cell = new_markdown_cell if kind in {"text", "written"} else new_code_cell
    return new_cell(source, id=identifier, metadata={"shoe_pairs": {"question": question, "kind": kind}})
