"""`autograder.check("1b")` in a notebook: the same verdicts as the command, on the cells run so far.

The cells are taken from the running notebook's own history, so that this works where the notebook is no file, as in
Colab. They are judged like any submission, in a process of their own.
"""

import atexit
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from autograder.grading import Grader
from autograder.report.inert import html_text
from autograder.report.table import result_table
from autograder.session import CannotGrade, Setup, prepare
from autograder.submission.bundle import Bundle, bundle_of_cells

_graders: dict[str, tuple[Setup, Grader]] = {}


@dataclass(frozen=True)
class SelfCheck:
    """The verdicts on one question; shows itself as a table in a notebook and in a terminal."""

    result: Mapping[str, Any]
    questions: Mapping[str, str]

    @property
    def passed(self) -> bool:
        return all(entry["verdict"] == "pass" for entry in self.result["checks"].values())

    def __repr__(self) -> str:
        console = Console(width=100, record=True, file=None, quiet=True)
        with console.capture() as capture:
            console.quiet = False
            console.print(result_table(self.result, self.questions))
        return capture.get()

    def _repr_html_(self) -> str:
        rows = []
        for id, entry in self.result["checks"].items():
            words = [entry["observed"]] if entry["verdict"] != "pass" else [entry.get("remark", "")]
            if entry["verdict"] not in ("pass", "skipped", "manual"):
                words += [f"Expected: {entry['expected']}" if entry["expected"] else "", entry["hint"]]
                words += [entry.get("remark", "")]
            text = "<br>".join(f"<bdi>{html_text(part)}</bdi>" for part in words if part)
            cells = (html_text(id), html_text(entry["verdict"]), f"{entry['points']:g}/{entry['possible']:g}", text)
            rows.append("<tr>" + "".join(f'<td style="text-align:left">{cell}</td>' for cell in cells) + "</tr>")
        head = "".join(f'<th style="text-align:left">{title}</th>' for title in ("check", "verdict", "points", ""))
        return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


def check_notebook(question: str, data: Path | str | None = None) -> SelfCheck:
    """Judge the running notebook's cells.

    Raises: CannotGrade for an unknown question or outside a notebook.
    """
    name = question.strip().lower()
    name = name if name.startswith("q") or "." in name else f"q{name}"
    key = f"{name} {data}"
    if key not in _graders:
        setup = prepare(Path(data) if data is not None else None, only=[name])
        shared = next((grader for _, grader in _graders.values()), None)
        grader = setup.grader() if shared is None else shared.sibling(setup.data_set, setup.only)
        if shared is None:
            atexit.register(grader.close)
        _graders[key] = (setup, grader)
    setup, grader = _graders[key]
    graded = grader.grade(_bundle())
    return SelfCheck(setup.result(graded), setup.questions)


def _bundle() -> Bundle:
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None:
        raise CannotGrade("autograder.check works in a notebook; for a file there is `autograder check FILE`")
    cells = [str(source) for source in shell.user_ns.get("In", [])]
    # The cell that asks is the last one; it holds nothing to grade, and must not start another grader.
    modules = {path.stem: path.read_text(errors="replace") for path in sorted(Path.cwd().glob("*.py"))}
    return bundle_of_cells(["" if "autograder" in source else source for source in cells], "this notebook", modules)
