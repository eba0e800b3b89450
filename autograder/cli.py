"""The `autograder` command: `check` for one submission, `grade` for a class."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from autograder.boundary.sandbox import Sandbox
from autograder.checks import CHECKS, Check
from autograder.datasets import UnusableData
from autograder.overrides import FILE_NAME
from autograder.report.class_page import CLASS_PAGE, class_page
from autograder.report.files import write_text
from autograder.report.grades import grades_csv
from autograder.report.inert import one_line
from autograder.report.record import as_json
from autograder.report.result import write_result
from autograder.report.table import class_table, print_result
from autograder.results_folder import InUse, ResultsFolder, held
from autograder.rubric import DEFAULT_RUBRIC
from autograder.secret import NoSecret, secret_seed
from autograder.session import CannotGrade, Setup, grade_path, prepare
from autograder.submission.notebook import Unreadable
from autograder.temporary import temporary_folders_in_one
from autograder.verdict import Verdict
from autograder.whole_class import Entry, entries_of, finished_results, forget_finished, grade_class, grader_failed

ALL_PASS, SOME_DO_NOT, NOTHING_GRADED = 0, 1, 2
NAMES_IN_A_LINE = 3

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Grades the assignment 'are these two shoes a pair?' and explains every verdict.",
)
Data = Annotated[
    Path | None, typer.Option(help="Folder with train, test_w and test_m. Default: synthetic shoes, made once.")
]
Seed = Annotated[
    int | None,
    typer.Option(min=0, help="What all probes are drawn from. Default: a secret of this account, made once."),
]
NoSandbox = Annotated[
    bool, typer.Option("--no-sandbox", help="Run submissions with all that this account may do. Every result says so.")
]
Only = Annotated[str, typer.Option(help="Only these checks, by prefix: data,same or cnn.padding or q2a.")]
Device = Annotated[str, typer.Option(help="Where networks are computed: cpu, or cuda where there is such a GPU.")]
Overrides = Annotated[
    Path | None,
    typer.Option(help="Decisions on single submissions. Default: the overrides.toml beside them, where there is one."),
]
RubricFile = Annotated[Path, typer.Option("--rubric", help="Points, thresholds and limits.")]


@app.command()
def check(
    submission: Annotated[
        Path, typer.Argument(help="A notebook, a script, or a folder or zip archive that holds one.")
    ],
    data: Data = None,
    seed: Seed = None,
    only: Only = "",
    rubric: RubricFile = DEFAULT_RUBRIC,
    format: Annotated[str, typer.Option(help="table, or json for programs.")] = "table",
    out: Annotated[Path | None, typer.Option(help="Where to write result.json, report.html and the curves.")] = None,
    device: Device = "cpu",
    overrides: Overrides = None,
    no_sandbox: NoSandbox = False,
) -> None:
    """Grade one submission and show why.

    Exit status: 0 all automatic checks pass, 1 some do not, 2 the command was wrong or there was nothing to grade.
    """
    if format not in ("table", "json"):
        _refuse(f"--format is {format!r}, and can be table or json")
    setup = _prepare(data, seed, only, rubric, device, _decisions(overrides, submission.parent), no_sandbox)
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with temporary_folders_in_one(), setup.grader() as grader, progress:
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
        Path,
        typer.Option(help="Where results go: NAME/result.json, report.html and curves, index.html and grades.csv."),
    ],
    data: Data = None,
    seed: Seed = None,
    only: Only = "",
    rubric: RubricFile = DEFAULT_RUBRIC,
    device: Device = "cpu",
    jobs: Annotated[int, typer.Option(help="How many submissions are graded at a time.")] = 1,
    overrides: Overrides = None,
    no_sandbox: NoSandbox = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Grade all anew, also what an earlier run has finished.")
    ] = False,
) -> None:
    """Grade a class. One submission that cannot be graded does not stop the others.

    The same command goes on where a run was ended: what is finished is kept, unless the submission, a decision about
    it or anything else that it was graded with has changed since.
    """
    if jobs < 1:
        _refuse(f"--jobs is {jobs}, and should be 1 or more")
    if not folder.is_dir():
        _refuse(f"{folder} is no folder")
    entries = entries_of(folder, out)
    if not entries:
        _refuse(f"{folder} is empty")
    setup = _prepare(data, seed, only, rubric, device, _decisions(overrides, folder), no_sandbox)
    strangers = set(setup.overrides) - {name for entry in entries for name in (entry.path.name, entry.path.stem)}
    if strangers:
        _refuse(f"the decisions on {', '.join(sorted(strangers))} are about no submission in {folder}")
    try:
        with held(out) as results_folder, temporary_folders_in_one():
            results = _graded_class(entries, results_folder, setup, jobs, fresh)
            write_text(out / "grades.csv", grades_csv(results, setup.questions))
            by_folder = {result["submission"]: result for result in results}
            write_text(out / CLASS_PAGE, class_page(by_folder, setup.questions))
    except (InUse, UnusableData) as problem:
        _refuse(str(problem))
    except OSError as problem:
        _refuse(f"{problem.filename or out} cannot be written: {problem.strerror or problem}")
    Console().print(class_table(results))
    typer.echo(
        f"{len(results)} submissions graded; {out / 'grades.csv'} holds the points, {out / CLASS_PAGE} shows them"
    )
    if failed := sum(grader_failed(result) for result in results):
        typer.echo(f"autograder: it failed itself on {failed} of them; the same command grades these again", err=True)


def _graded_class(
    entries: Sequence[Entry], out: ResultsFolder, setup: Setup, jobs: int, fresh: bool
) -> list[dict[str, Any]]:
    """The results of a class, those of an earlier run among them, with progress on the terminal."""
    if fresh:
        forget_finished(entries, out.path)
    finished = finished_results(entries, out.path, setup)
    if finished:
        typer.echo(
            f"{len(finished)} of {len(entries)} submissions were graded before and are kept (--fresh grades them anew)",
            err=True,
        )
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # It is drawn anew by whoever is told of progress, since jobs are forked from a process without other threads.
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False) as progress:
        task = progress.add_task("grading", total=len(entries))

        def watch(done: int, at_work: Sequence[Entry]) -> None:
            progress.update(task, completed=done, description=_listed(at_work) or "graded", refresh=True)

        return grade_class(entries, out, setup, jobs, watch, finished)


def _listed(entries: Sequence[Entry]) -> str:
    """Names for a line of a terminal."""
    words = ", ".join(one_line(entry.name) for entry in entries[:NAMES_IN_A_LINE])
    return words + (f" and {len(entries) - NAMES_IN_A_LINE} more" if len(entries) > NAMES_IN_A_LINE else "")


def all_pass(result: dict[str, Any]) -> bool:
    """Whether every automatic check passed."""
    automatic = [entry for id, entry in result["checks"].items() if CHECKS[id].automatic]
    return all(entry["verdict"] == "pass" for entry in automatic)


def _decisions(given: Path | None, folder: Path) -> Path:
    """The file with an instructor's decisions: the one that was named, or the usual one, which need not be there."""
    if given is not None and not given.is_file():
        _refuse(f"{given} is no file; --overrides names a file with decisions on single submissions")
    return given or folder / FILE_NAME


def _prepare(
    data: Path | None, seed: int | None, only: str, rubric: Path, device: str, overrides: Path, no_sandbox: bool
) -> Setup:
    sandbox = Sandbox.NONE if no_sandbox else Sandbox.CAGE
    try:
        drawn_from = secret_seed() if seed is None else seed
        return prepare(data, drawn_from, only.split(","), rubric, device, overrides, sandbox)
    except (CannotGrade, NoSecret) as problem:
        _refuse(str(problem))
        raise AssertionError from problem


def _refuse(sentence: str) -> None:
    typer.echo(f"autograder: {one_line(sentence)}", err=True)
    raise typer.Exit(NOTHING_GRADED)


def main() -> None:
    """The console script."""
    app()
