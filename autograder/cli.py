"""The `autograder` command: `check` for one submission, `grade` for a class."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from autograder.boundary.sandbox import Sandbox
from autograder.checks import CHECKS, Check
from autograder.datasets import UnusableData
from autograder.gradescope.pack import commands as pack_commands
from autograder.marking.kept import CannotMark, read_marks
from autograder.marking.merging import show_marks, take_marks
from autograder.marking.reading import NotUnderstood
from autograder.overrides import FILE_NAME
from autograder.report.class_page import CLASS_PAGE
from autograder.report.files import write_text
from autograder.report.formats import FORMATS, GITHUB, TABLE, WrongFormat, checkout, wanted_formats, write_formats
from autograder.report.formats.shown import Shown
from autograder.report.inert import one_line
from autograder.report.places import Place, places_of
from autograder.report.result import page_of, write_result
from autograder.report.table import class_table
from autograder.results_folder import InUse, ResultsFolder, held
from autograder.rubric import DEFAULT_RUBRIC
from autograder.secret import NoSecret, secret_seed
from autograder.session import CannotGrade, Setup, grade_what_is_there, prepare
from autograder.submission.notebook import NothingThere
from autograder.temporary import temporary_folders_in_one
from autograder.verdict import Verdict
from autograder.whole_class import Entry, entries_of, finished_results, forget_finished, grade_class, grader_failed

ALL_PASS, SOME_DO_NOT, NOTHING_GRADED = 0, 1, 2
NAMES_IN_A_LINE = 3
MOST_FAULTS = 20

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Grades the assignment 'are these two shoes a pair?' and explains every verdict.",
)
app.add_typer(pack_commands, name="pack")
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
Formats = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME[=FILE]",
        help=f"{', '.join(FORMATS)}; several where all but one name a file, as in junit=report.xml. Default: table.",
    ),
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
    format: Formats = None,
    out: Annotated[Path | None, typer.Option(help="Where to write result.json, report.html and the curves.")] = None,
    html: Annotated[Path | None, typer.Option(help="A file for the report, a page that needs no other file.")] = None,
    device: Device = "cpu",
    overrides: Overrides = None,
    no_sandbox: NoSandbox = False,
) -> None:
    """Grade one submission and show why.

    Exit status: 0 all automatic checks pass, 1 some do not, as where the submission cannot be read, 2 the command was
    wrong and nothing was graded.
    """
    try:
        wanted = wanted_formats(format or [TABLE], os.environ)
    except WrongFormat as problem:
        _refuse(str(problem))
    setup = _prepare(data, seed, only, rubric, device, _decisions(overrides, submission.parent), no_sandbox)
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    pages = out is not None or html is not None
    with temporary_folders_in_one(), setup.grader(pages=pages) as grader, progress:
        task = progress.add_task("starting")

        def on_verdict(check: Check, verdict: Verdict) -> None:
            progress.update(task, description=f"{check.id}: {verdict.outcome.value}")

        try:
            graded = grade_what_is_there(submission, setup, grader, on_verdict)
        except NothingThere as problem:
            progress.stop()
            _refuse(str(problem))
    result = setup.result(graded)
    try:
        page = write_result(out, result, graded) if out is not None else ""
        if html is not None:
            html.parent.mkdir(parents=True, exist_ok=True)
            write_text(html, page or page_of(result, graded))
        places: Mapping[str, Place] = {}
        if any(one.name == GITHUB for one in wanted):
            places = places_of(submission, graded.bundle, result, checkout(os.environ))
        write_formats(wanted, Shown(result, setup.questions, places, os.environ), Console())
    except OSError as problem:
        _refuse(f"{problem.filename or out or html} cannot be written: {problem.strerror or problem}")
    raise typer.Exit(ALL_PASS if all_pass(result) else SOME_DO_NOT)


@app.command()
def grade(
    folder: Annotated[Path, typer.Argument(help="A folder of which each entry is a submission.")],
    out: Annotated[
        Path,
        typer.Option(help="Where results go: NAME/result.json, report.html; index.html, grades.csv, marking.csv."),
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
            marks = read_marks(out)
            graded = _graded_class(entries, results_folder, setup, jobs, fresh)
            shown = show_marks(out, graded, setup.questions, marks)
    except (InUse, UnusableData, CannotMark) as problem:
        _refuse(str(problem))
    except OSError as problem:
        _refuse(f"{problem.filename or out} cannot be written: {problem.strerror or problem}")
    Console().print(class_table(shown.results))
    typer.echo(
        f"{len(shown.results)} submissions graded; {out / 'grades.csv'} holds the points, {out / CLASS_PAGE} shows them"
    )
    _say(shown.remarks)
    if failed := sum(grader_failed(result) for result in shown.results):
        typer.echo(f"autograder: it failed itself on {failed} of them; the same command grades these again", err=True)


@app.command("marks")
def marks_command(
    results: Annotated[Path, typer.Argument(help="The folder that `grade --out` has written.")],
    sheet: Annotated[Path, typer.Argument(help="A copy of its marking.csv with points and comments filled in.")],
) -> None:
    """Take over what a person has marked: into results, reports and grades.csv, now and whenever the class is graded.

    A line without points says nothing, `unmarked` in their place takes a mark back. Where one line is not understood,
    nothing is changed at all.
    Exit status: 0, or 2 where nothing was taken over.
    """
    try:
        taken = take_marks(results, sheet)
    except NotUnderstood as problem:
        faults = problem.faults
        _say(f"{sheet}, {fault}" for fault in faults[:MOST_FAULTS])
        more = f"{len(faults) - MOST_FAULTS} more lines are at fault; " if len(faults) > MOST_FAULTS else ""
        _refuse(f"{more}no mark was taken over")
    except (CannotMark, InUse) as problem:
        _refuse(str(problem))
    except OSError as problem:
        _refuse(f"{problem.filename or results} cannot be read or written: {problem.strerror or problem}")
    _say(taken.remarks)
    given = f"{taken.given} mark{'s' * (taken.given != 1)}, {taken.changed} of them new or changed"
    typer.echo(f"{given}; answers that nobody has marked yet: {taken.waiting}")


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


def _say(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        typer.echo(f"autograder: {one_line(sentence)}", err=True)


def _refuse(sentence: str) -> NoReturn:
    typer.echo(f"autograder: {one_line(sentence)}", err=True)
    raise typer.Exit(NOTHING_GRADED)


def main() -> None:
    """The console script."""
    app()
