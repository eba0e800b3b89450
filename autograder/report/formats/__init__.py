"""What other programs read of a result: each format is a function of what is shown to its text."""

import io
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from autograder.report.files import write_text
from autograder.report.formats.classroom50 import NotInClassroom50, classroom50_json
from autograder.report.formats.github import MOST_BYTES, annotations, job_summary
from autograder.report.formats.gradescope import gradescope_json
from autograder.report.formats.junit import junit_xml
from autograder.report.formats.shown import Shown
from autograder.report.record import as_json
from autograder.report.table import print_result

TABLE, GITHUB, CLASSROOM50 = "table", "github", "classroom50"
SUMMARY_VARIABLE, CHECKOUT_VARIABLE = "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"


def _table(shown: Shown) -> str:
    console = Console(width=80, file=io.StringIO(), force_jupyter=False, color_system=None)
    with console.capture() as capture:
        print_result(shown.result, shown.questions, console)
    return capture.get()


def _json(shown: Shown) -> str:
    return as_json(shown.result)


FORMATS: dict[str, Callable[[Shown], str]] = {
    TABLE: _table,
    "json": _json,
    GITHUB: annotations,
    "junit": junit_xml,
    "gradescope": gradescope_json,
    CLASSROOM50: classroom50_json,
}


class WrongFormat(Exception):
    """A format cannot be written as asked; the message is one sentence."""


@dataclass(frozen=True)
class Wanted:
    """A format, and the file that it goes to; None for the standard output."""

    name: str
    file: Path | None = None


def wanted_formats(given: Iterable[str], environment: Mapping[str, str]) -> tuple[Wanted, ...]:
    """What is asked for by texts such as `github` and `junit=report.xml`.

    Raises: WrongFormat, also where the environment lacks what a format needs, before anybody has graded for minutes.
    """
    wanted = []
    for text in given:
        name, _, file = text.partition("=")
        if name not in FORMATS or text.endswith("="):
            known = f"{', '.join(list(FORMATS)[:-1])} or {list(FORMATS)[-1]}"
            raise WrongFormat(f"--format is {text!r}, and can be {known}, also with a file, as in json=result.json")
        wanted.append(Wanted(name, Path(file) if file else None))
    if sum(one.file is None for one in wanted) > 1:
        raise WrongFormat(
            "only one --format goes to the standard output; the others need files, as in junit=report.xml"
        )
    if any(one.name == CLASSROOM50 for one in wanted):
        try:
            classroom50_json(Shown({"checks": {}}, {}, environment=environment))
        except NotInClassroom50 as problem:
            raise WrongFormat(str(problem)) from problem
    return tuple(wanted)


def checkout(environment: Mapping[str, str]) -> Path:
    """The folder from which a forge names files: that of the checkout, or else the working directory."""
    return Path(environment.get(CHECKOUT_VARIABLE) or os.curdir)


def write_formats(wanted: Iterable[Wanted], shown: Shown, console: Console) -> None:
    """Write each format to where it is wanted; with GitHub's goes the job summary, where Actions asks for one.

    Args: console: for the standard output; a table there has its colours and its width.
    Raises: OSError, which names the file.
    """
    for one in wanted:
        if one.name == GITHUB and (summary := shown.environment.get(SUMMARY_VARIABLE)):
            _append_summary(Path(summary), shown)
        if one.file is not None:
            write_text(one.file, FORMATS[one.name](shown))
        elif one.name == TABLE:
            print_result(shown.result, shown.questions, console)
        else:
            console.file.write(FORMATS[one.name](shown))


def _append_summary(path: Path, shown: Shown) -> None:
    written = path.stat().st_size if path.exists() else 0
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(job_summary(shown, max(0, MOST_BYTES - written)))
