"""`autograder.check("1b")` in a notebook: the same verdicts as the command, on the cells run so far.

The cells are taken from the running notebook's own history, so that this works where the notebook is no file, as in
Colab. They are judged like any submission, in a process of their own.
"""

import atexit
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from autograder.checks import CHECKS, chosen_checks
from autograder.grading import TRAINING_COLLECTORS, Grader
from autograder.report.cell import cell_html, cell_text
from autograder.session import CannotGrade, Setup, prepare
from autograder.submission.bundle import Bundle, bundle_of_cells
from autograder.submission.contents import MOST_TEXT

_MOST_MODULES = 40
_SEEN_BY_A_PERSON = "a person marks this, in the notebook that is handed in"
_RUN_THE_CELL = "Have you run its cell? Only what was run since the kernel started is seen."
# By where the data is: what was read of it, and a grader for each set of checks that was asked for.
_setups: dict[str, Setup] = {}
_graders: dict[tuple[str, tuple[str, ...]], Grader] = {}


class _WordsAlone(Exception):
    """Shown in a notebook as its words, without lines of the grader's own code, which help no student."""

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


class CannotCheck(_WordsAlone):
    """There are no verdicts: no notebook, no such question, no such data, or stopped. The message is one sentence."""


class NotPassed(_WordsAlone):
    """What nbgrader needs to see, for which whatever ends without an error is right. One sentence, then the table."""


@dataclass(frozen=True)
class SelfCheck:
    """The verdicts on some questions; shows itself as a table in a notebook and in a terminal."""

    asked: str
    result: Mapping[str, Any]
    questions: Mapping[str, str]

    @property
    def points(self) -> float:
        """What the checks that no person has to make have earned."""
        return float(self.result["automatic"]["points"])

    @property
    def possible(self) -> float:
        return float(self.result["automatic"]["possible"])

    @property
    def passed(self) -> bool:
        return all(entry["verdict"] == "pass" for id, entry in self.result["checks"].items() if CHECKS[id].automatic)

    @property
    def heading(self) -> str:
        """The whole in one line."""
        if not self.possible:
            return f"{self.asked}: {_SEEN_BY_A_PERSON}"
        return f"{self.asked}: {self.points:g} of {self.possible:g} points"

    def __repr__(self) -> str:
        return cell_text(self.result, self.questions)

    def _repr_html_(self) -> str:
        return cell_html(self.result, self.heading)


def show_check(question: str, data: Path | str | None = None) -> None:
    """Judge the running notebook's cells and show the verdicts below the cell that asks.

    Under nbgrader, what earned nothing raises, and what earned a part gives it as the value of the cell; nothing is
    written to standard error, which would cost all points.

    Raises: CannotCheck; NotPassed, under nbgrader.
    """
    shell = get_ipython()
    if shell is None:
        raise CannotCheck("autograder.check works in a notebook; for a file there is `autograder check FILE`")
    asked, only = _asked_for(str(question))
    nbgrader = os.environ.get("NBGRADER_EXECUTION")
    if nbgrader:
        _tell_nbgrader(_checked(asked, only, data, shell), nbgrader)
        return
    shown = display({"text/plain": _waiting(asked, only)}, raw=True, display_id=True)
    try:
        shown.update(_checked(asked, only, data, shell))
    except BaseException:
        shown.update({"text/plain": ""}, raw=True)
        raise


def _tell_nbgrader(check: SelfCheck, execution: str) -> None:
    """Say in nbgrader's terms what a question has earned.

    Args: execution: "validate", where a student looks whether all is right, or "autograde".
    """
    if not check.passed and (execution == "validate" or not check.points):
        raise NotPassed(f"{check.heading}.\n{check!r}")
    display(check)
    if not check.passed:
        # What nbgrader takes for a part of the points is a number that is the value of the cell.
        sys.displayhook(check.points)


def _asked_for(question: str) -> tuple[str, tuple[str, ...]]:
    """What is asked for, in words and as a choice of checks. Raises: CannotCheck."""
    questions = sorted({check.question for check in CHECKS.values()})
    name = question.strip().lower().removeprefix("q")
    if not name:
        return "The assignment", tuple(questions)
    if parts := tuple(one for one in questions if name in (one[1:], one[1])):
        return f"Question {name}", parts
    if chosen_checks([name]):
        return name, (name,)
    known = ", ".join(one[1:] for one in questions)
    raise CannotCheck(f'There is no question {question!r}. There are {known}, and "1" stands for all parts of one.')


def _waiting(asked: str, only: tuple[str, ...]) -> str:
    """What is shown until the verdicts are there."""
    words = f"{asked} is being checked"
    if any(check.evidence in TRAINING_COLLECTORS for check in chosen_checks(only)):
        words += "; networks are trained for it, which can take some minutes"
    return words + (" …" if _graders else ". The first check takes longer …")


def _checked(asked: str, only: tuple[str, ...], data: Path | str | None, shell: InteractiveShell) -> SelfCheck:
    key = str(data)
    try:
        if key not in _setups:
            _setups[key] = prepare(None if data is None else Path(data))
        setup = replace(_setups[key], only=only)
        graded = _grader(key, setup).grade(_bundle(shell))
    except CannotGrade as problem:
        raise CannotCheck(str(problem)) from None
    except KeyboardInterrupt:  # the stop button, which leaves workers in the middle of something
        _end_graders()
        raise CannotCheck("The check was stopped before it was finished.") from None
    result = setup.result(graded)
    for id, entry in result["checks"].items():
        if not CHECKS[id].automatic:
            entry["observed"] = _SEEN_BY_A_PERSON  # the cells' code alone shows no answers and no pictures
        elif entry["verdict"] == "missing":
            entry["hint"] = entry["hint"] or _RUN_THE_CELL
    return SelfCheck(asked, result, setup.questions)


def _grader(key: str, setup: Setup) -> Grader:
    """A grader for some checks; all of them share one process that forks workers, which takes seconds to start."""
    if (key, setup.only) not in _graders:
        first = next(iter(_graders.values()), None)
        if first is None:
            atexit.register(_end_graders)
        _graders[key, setup.only] = first.sibling(setup.data_set, setup.only) if first else setup.grader()
    return _graders[key, setup.only]


def _end_graders() -> None:
    for grader in _graders.values():
        grader.close()
    _graders.clear()


def _bundle(shell: InteractiveShell) -> Bundle:
    """The cells that were run since the kernel started, in that order and with Jupyter's numbers."""
    cells = [str(source) for source in shell.user_ns.get("In", [])]
    bundle = bundle_of_cells(cells, "this notebook", _modules())
    # What is no Python has done nothing in the notebook either, which has said so at once.
    return replace(bundle, unparsed=())


def _modules() -> dict[str, str]:
    """The Python files that the notebook can import from its folder."""
    texts = {}
    for path in sorted(Path.cwd().glob("*.py"))[:_MOST_MODULES]:
        with suppress(OSError):
            if path.is_file() and path.stat().st_size <= MOST_TEXT:
                texts[path.stem] = path.read_text(encoding="utf-8", errors="replace")
    return texts
