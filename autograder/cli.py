"""The `autograder` command: `check` for one submission, `grade` for a class."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from autograder.checks import CHECKS, Check
from autograder.grading import read_folder_entries
from autograder.report.grades import grades_csv
from autograder.report.result import as_json, write_result, write_text
from autograder.report.table import class_table, print_result, printable
from autograder.rubric import DEFAULT_RUBRIC
from autograder.session import CannotGrade, Setup, grade_path, grade_path_or_say_why, prepare
from autograder.submission.bundle import submission_name
from autograder.submission.notebook import Unreadable
from autograder.verdict import Verdict

ALL_PASS, SOME_DO_NOT, NOTHING_GRADED = 0, 1, 2

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Grades the assignment 'are these two shoes a pair?' and explains every verdict.",
)
Data = Annotated[
    Path | None, typer.Option(help="Folder with train, test_w and test_m. Default: synthetic shoes, made once.")
]
Seed = Annotated[int, typer.Option(min=0, help="What all probes are drawn from.")]
Only = Annotated[str, typer.Option(help="Only these checks, by prefix: data,same or cnn.padding or q2a.")]
Device = Annotated[str, typer.Option(help="Where networks are computed: cpu, or cuda where there is such a GPU.")]
RubricFile = Annotated[Path, typer.Option("--rubric", help="Points, thresholds and limits.")]


@app.command()
def check(
    submission: Annotated[Path, typer.Argument(help="A notebook, a script, or a folder that holds one.")],
    data: Data = None,
    seed: Seed = 0,
    only: Only = "",
    rubric: RubricFile = DEFAULT_RUBRIC,
    format: Annotated[str, typer.Option(help="table, or json for programs.")] = "table",
    out: Annotated[Path | None, typer.Option(help="Where to write result.json and pictures of the curves.")] = None,
    device: Device = "cpu",
) -> None:
    """Grade one submission and show why.

    Exit status: 0 all automatic checks pass, 1 some do not, 2 the command was wrong or there was nothing to grade.
    """
    if format not in ("table", "json"):
        _refuse(f"--format is {format!r}, and can be table or json")
    setup = _prepare(data, seed, only, rubric, device)
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with setup.grader() as grader, progress:
        task = progress.add_task("starting")

        def on_verdict(check: Check, verdict: Verdict) -> None:
            progress.update(task, description=f"{check.id}: {verdict.outcome.value}")

        try:
            graded = grade_path(submission, setup, grader, on_verdict)
        except Unreadable as problem:
            progress.stop()
            _refuse(str(problem))
    result = setup.result(graded)
    if out is not None:
        try:
            write_result(out, result, graded)
        except OSError as problem:
            _refuse(f"{problem.filename or out} cannot be written: {problem.strerror or problem}")
    if format == "json":
        sys.stdout.write(as_json(result))
    else:
        print_result(result, setup.questions, Console())
    raise typer.Exit(ALL_PASS if all_pass(result) else SOME_DO_NOT)


@app.command()
def grade(
    folder: Annotated[Path, typer.Argument(help="A folder of which each entry is a submission.")],
    out: Annotated[
        Path, typer.Option(help="Where results go: NAME/result.json and pictures of curves for each, and grades.csv.")
    ],
    data: Data = None,
    seed: Seed = 0,
    only: Only = "",
    rubric: RubricFile = DEFAULT_RUBRIC,
    device: Device = "cpu",
) -> None:
    """Grade a class. One submission that cannot be graded does not stop the others."""
    if not folder.is_dir():
        _refuse(f"{folder} is no folder")
    entries = [entry for entry in read_folder_entries(folder) if entry.resolve() != out.resolve()]
    if not entries:
        _refuse(f"{folder} is empty")
    setup = _prepare(data, seed, only, rubric, device)
    results: list[dict[str, Any]] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        out.mkdir(parents=True, exist_ok=True)
        with setup.grader() as grader, Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task("grading", total=len(entries))
            for entry, name in zip(entries, result_names(entries), strict=True):
                progress.update(task, description=printable(name))
                graded = grade_path_or_say_why(entry, setup, grader)
                result = setup.result(graded) | {"submission": name}
                write_result(out / name, result, graded)
                results.append(result)
                progress.advance(task)
            progress.update(task, description="graded")
        write_text(out / "grades.csv", grades_csv(results, setup.questions))
    except OSError as problem:
        _refuse(f"{problem.filename or out} cannot be written: {problem.strerror or problem}")
    Console().print(class_table(results))
    typer.echo(f"{len(results)} submissions graded; {out / 'grades.csv'} holds the points")


def result_names(entries: list[Path]) -> list[str]:
    """A folder name for each submission: its own, with the ending where two would be called alike."""
    names = [submission_name(entry) for entry in entries]
    return [name if names.count(name) == 1 else entry.name for name, entry in zip(names, entries, strict=True)]


def all_pass(result: dict[str, Any]) -> bool:
    """Whether every automatic check passed."""
    automatic = [entry for id, entry in result["checks"].items() if CHECKS[id].automatic]
    return all(entry["verdict"] == "pass" for entry in automatic)


def _prepare(data: Path | None, seed: int, only: str, rubric: Path, device: str) -> Setup:
    try:
        return prepare(data, seed, only.split(","), rubric, device)
    except CannotGrade as problem:
        _refuse(str(problem))
        raise AssertionError from problem


def _refuse(sentence: str) -> None:
    typer.echo(f"autograder: {printable(sentence)}", err=True)
    raise typer.Exit(NOTHING_GRADED)


def main() -> None:
    """The console script."""
    app()
