"""Builds notebooks and functions file, as templates or solved, from `handout.md` and the reference. Nothing is written
twice."""

import ast
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from student_template.course import BRANCH, REPOSITORY
from student_template.handout import (
    Block,
    HandoutError,
    Revision,
    read_blocks,
    solution_text,
    student_text,
    with_hidden,
    without_marks,
)
from student_template.nbgrader import nbgrader_metadata, read_points
from student_template.source import (
    Definition,
    Import,
    in_order,
    join,
    needed_imports,
    read_definitions,
    read_imports,
    to_fill_in,
    write_imports,
)
from student_template.variants import called, with_global_defaults, without_arguments

HANDOUT = Path(__file__).with_name("handout.md")
NOTEBOOK, FUNCTIONS_FILE = "assignment3.ipynb", "shoe_networks.py"
# Where the files of a revision lie, in this package and among solutions.
FOLDERS = {Revision.NOTEBOOK: "", Revision.FUNCTIONS_FILE: "functions_file/"}
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


@dataclass(frozen=True)
class _Content:
    """A block, its text with regions, of which both the template's and the solution's form are made, and what that
    text has to import."""

    block: Block
    text: str
    imports: frozenset[Import] = frozenset()

    def source(self, solution: bool) -> str:
        if self.block.kind == "written":
            return f"{ANSWER}\n\n{self.text}" if solution else ANSWER
        return solution_text(self.text) if solution else student_text(self.text)


def build_notebook(solution: bool, revision: Revision = Revision.NOTEBOOK) -> NotebookNode:
    """The assignment as a notebook (nbformat 4.5) without outputs: the template, or the solution that runs.

    Every cell carries `metadata.shoe_pairs`: `question`, such as "q1b" ("setup" before the first one), and `kind`:
    text, imports, helper (given definitions of the reference), function (what the student writes instead of the
    reference's definition), given, code (given lines with a place to fill in), written, self-check. Beside it stands
    what nbgrader needs. The two notebooks have the same cells under the same ids, and differ only in the solution's
    regions, from BEGIN SOLUTION to END SOLUTION, and in the written answers.
    """
    points = read_points()
    contents = _contents(revision, functions_file=False)
    imports = set[Import]().union(*(one.imports for one in contents))
    cells, numbers = [], Counter[str]()
    for position, content in enumerate(contents):
        block, source = content.block, content.source(solution)
        if block.kind == "imports":
            source = write_imports(imports | set(read_imports(block.text)))
        earned = {"written": points.words, "code": points.shown}.get(block.kind, {})
        cells.append(_cell(block, source, _identifier(block, numbers), earned.get(block.question, 0)))
        part_ends = position + 1 == len(contents) or contents[position + 1].block.question != block.question
        if part_ends and (automatic := points.automatic.get(block.question)):
            check = Block(block.question, "self-check", SELF_CHECK.format(part=block.question.removeprefix("q")))
            cells.append(_cell(check, check.text, f"{block.question}-self-check", automatic))
    notebook = new_notebook(cells=cells, metadata=METADATA)
    nbformat.validate(notebook)
    return notebook


def build_functions_file(solution: bool) -> str:
    """The functions file beside the notebook, in the revision that has one; as Python."""
    head, *others = _contents(Revision.FUNCTIONS_FILE, functions_file=True)
    imports = set[Import]().union(*(one.imports for one in others))
    parts = [without_marks(one.source(solution)) for one in others]
    return "\n\n\n".join([f"{head.text}\n\n{write_imports(imports)}", *parts]) + "\n"


def build_files(solution: bool) -> dict[str, str]:
    """The text of all files of both revisions, by their place in this package and in a folder of solutions."""
    texts = {FOLDERS[one] + NOTEBOOK: notebook_text(build_notebook(solution, one)) for one in Revision}
    return texts | {FOLDERS[Revision.FUNCTIONS_FILE] + FUNCTIONS_FILE: build_functions_file(solution)}


def notebook_text(notebook: NotebookNode) -> str:
    """A notebook as it stands in its file; equal notebooks give equal bytes."""
    return nbformat.writes(notebook) + "\n"


def _contents(revision: Revision, functions_file: bool) -> list[_Content]:
    """What goes into the notebook, or else into the functions file, of a revision."""
    handout = HANDOUT.read_text(encoding="utf-8")
    address = {"{repository}": REPOSITORY, "{branch}": BRANCH, "{notebook}": FOLDERS[revision] + NOTEBOOK}
    for name, value in address.items():
        handout = handout.replace(name, value)
    definitions = read_definitions()
    apart = revision is Revision.FUNCTIONS_FILE
    blocks = [one for one in read_blocks(handout, revision) if (apart and one.for_functions_file) == functions_file]
    return [_content(block, definitions, without_arguments if functions_file else None) for block in blocks]


def _content(
    block: Block, definitions: dict[str, Definition], change: Callable[[Definition], Definition] | None
) -> _Content:
    """A block's text; `change` is made to each network that the student writes."""
    if unknown := [name for name in block.names("helpers", "reference", "hidden") if name not in definitions]:
        raise HandoutError(f"{block.question}: the reference has no {', '.join(unknown)}")
    hidden = in_order(definitions[name] for name in block.names("hidden"))
    below = join((one.node, one.text) for one in hidden)
    shown = in_order(definitions[name] for name in block.names("helpers", "reference"))
    if block.kind == "function":
        (task,) = shown
        task = _changed(block, change(task) if change and isinstance(task.node, ast.ClassDef) else task)
        text = to_fill_in(task, block.question.removeprefix("q"), block.text, below)
    elif block.kind == "helper":
        text = join((one.node, one.text) for one in shown)
    else:
        text = with_hidden(block.text, below) if below else block.text
    used = [*shown, *hidden]
    return _Content(block, text, frozenset(needed_imports(solution_text(text), used) if used else ()))


def _changed(block: Block, task: Definition) -> Definition:
    """A definition with what the handout asks to be different in its signature."""
    task = with_global_defaults(task, block.names("defaults")) if "defaults" in block.options else task
    return called(task, block.options["called"]) if "called" in block.options else task


def _identifier(block: Block, numbers: Counter[str]) -> str:
    """An id that says what the cell is: by name, by the definition in it, or by kind and number."""
    names = [block.options["name"]] if "name" in block.options else block.names("reference")
    if names:
        return f"{block.question}-{names[0].replace('_', '-')}"
    kind = f"{block.question}-{block.kind}"
    numbers[kind] += 1
    return kind if numbers[kind] == 1 else f"{kind}-{numbers[kind]}"


def _cell(block: Block, source: str, identifier: str, points: float) -> NotebookNode:
    new_cell = new_markdown_cell if block.kind in {"text", "written"} else new_code_cell
    ours = {"shoe_pairs": {"question": block.question, "kind": block.kind}}
    return new_cell(source, id=identifier, metadata=ours | nbgrader_metadata(block.kind, identifier, points))
