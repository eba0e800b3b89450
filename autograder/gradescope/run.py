"""Grades the submission in Gradescope's container and writes `results.json`.

It is started by `run_autograder`, which `pack` makes. The file is there from the beginning and is written anew with
every verdict, so that a run that is ended from outside still says what it has found. Where the grader cannot work at
all there is none: Gradescope then tells that the autograder has failed, which is better than a zero, and instructors
find the reason in the output.
"""

from pathlib import Path
from typing import Annotated

import typer

from autograder.boundary.sandbox import Sandbox
from autograder.checks import Check
from autograder.datasets import CodedData
from autograder.grading import Graded, Grader, unreadable
from autograder.report.files import write_text
from autograder.report.formats.gradescope import gradescope_json
from autograder.report.formats.shown import Shown
from autograder.report.inert import one_line
from autograder.rubric import DEFAULT_RUBRIC
from autograder.session import CannotGrade, Setup, grade_path, prepare
from autograder.submission.notebook import Unreadable
from autograder.verdict import Outcome, Verdict

# Where the packed archive holds what it brings, below Gradescope's folder `source`.
RUBRIC, DATA, SEED = "rubric.toml", "data", "seed"
ENDED = "the autograder was ended before it came to this, by Gradescope's limits of time or memory"


def main(
    root: Annotated[Path, typer.Option(help="Gradescope's folder, with source, submission and results.")],
    only: Annotated[str, typer.Option(help="Only these checks.")] = "",
    no_sandbox: Annotated[bool, typer.Option("--no-sandbox", help="As for `autograder check`.")] = False,
    make_ready: Annotated[
        bool, typer.Option("--make-ready", help="Only make what is the same for every submission.")
    ] = False,
) -> None:
    """Grade what was handed in."""
    try:
        # When the image is built no submission runs, and what holds of the cage then need not hold later.
        setup = _setup(root / "source", only, no_sandbox or make_ready)
    except CannotGrade as problem:
        typer.echo(f"autograder: {one_line(str(problem))}")
        raise typer.Exit(1) from None
    if make_ready:
        _ = CodedData(setup.data_set, setup.seed).as_handed_out
        return
    with setup.grader() as grader:
        _grade(root / "submission", root / "results" / "results.json", setup, grader)


def _setup(source: Path, only: str, no_sandbox: bool) -> Setup:
    data, rubric, seed = source / DATA, source / RUBRIC, int((source / SEED).read_text())
    sandbox = Sandbox.NONE if no_sandbox else Sandbox.CAGE
    return prepare(
        data if data.is_dir() else None,
        seed,
        only.split(","),
        rubric if rubric.is_file() else DEFAULT_RUBRIC,
        sandbox=sandbox,
    )


def _grade(submission: Path, results: Path, setup: Setup, grader: Grader) -> None:
    so_far = {check.id: Verdict(Outcome.TIMEOUT, observed=ENDED) for check in grader.checks}

    def write(graded: Graded) -> None:
        write_text(results, gradescope_json(Shown(setup.result(graded), setup.questions)))

    def on_verdict(check: Check, verdict: Verdict) -> None:
        so_far[check.id] = verdict
        write(Graded(submission.name, "", so_far))

    write(Graded(submission.name, "", so_far))
    try:
        write(grade_path(submission, setup, grader, on_verdict))
    except Unreadable as problem:
        write(unreadable(submission.name, "", problem, grader.checks))


if __name__ == "__main__":
    typer.run(main)
