"""`python -m benchmarks.fairness [--training]`: what the grader says of every sample submission, against what a fair
one would.

Prints each submission on which the two differ, then a table per check: mistakes caught, mistakes missed, right work
wrongly failed. A check that is skipped behind one that has caught the mistake counts as neither.
"""

import tempfile
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from autograder.session import CannotGrade, grade_path, prepare
from autograder.verdict import Verdict
from fixtures.compose import Submission, read_submissions

LABELLED = ("data", "same", "different", "cnn", "channel", "accuracy")
# The labels of submissions about training speak of these, and of no others.
LABELLED_TRAINING = ("train",)


def differences(submission: Submission, verdicts: dict[str, Verdict]) -> dict[str, str]:
    """Where verdicts are not those of the label: check id to "missed" or "wrongly failed"."""
    wanted = {
        **dict.fromkeys(submission.caught_by, "fail"),
        **dict.fromkeys(submission.partial_by, "partial"),
        **dict.fromkeys(submission.missing_by, "missing"),
    }
    found = {}
    for id, verdict in verdicts.items():
        outcome = verdict.outcome.value
        if outcome == wanted.get(id, "pass") or (wanted and id not in wanted and outcome == "skipped"):
            continue
        found[id] = "missed" if id in wanted else "wrongly failed"
    return found


def main(
    data: Annotated[Path | None, typer.Option(help="Folder with train, test_w and test_m; default: synthetic.")] = None,
    only: Annotated[str, typer.Option(help="Only submissions whose name holds one of these, with commas.")] = "",
    training: Annotated[bool, typer.Option(help="The submissions about training, instead of the others.")] = False,
) -> None:
    """Grade all sample submissions and print the confusion table; exit status 1 where it is not clean."""
    console = Console()
    labelled = LABELLED_TRAINING if training else LABELLED
    chosen = {
        name: submission
        for name, submission in read_submissions().items()
        if any(part in name for part in only.split(",")) and submission.about_training is training
    }
    caught, missed, wronged = Counter[str](), Counter[str](), Counter[str]()
    try:
        setup = prepare(data, only=labelled)
    except CannotGrade as problem:
        raise typer.BadParameter(str(problem)) from problem
    with tempfile.TemporaryDirectory() as folder, setup.grader() as grader:
        for name, submission in track(chosen.items(), description="grading", console=Console(stderr=True)):
            path = submission.write(Path(folder))
            verdicts = dict(grade_path(path, setup, grader).verdicts)
            wrong = differences(submission, verdicts)
            for id in (*submission.caught_by, *submission.partial_by, *submission.missing_by):
                (missed if id in wrong else caught)[id] += 1
            for id, kind in wrong.items():
                wronged[id] += kind == "wrongly failed"
                console.print(
                    f"{name}: {id} {kind}: {verdicts[id].outcome.value}, {verdicts[id].observed}", markup=False
                )
    table = Table(title=f"{len(chosen)} submissions", title_justify="left")
    for title in ("check", "mistakes caught", "missed", "right work wrongly failed"):
        table.add_column(title, justify="left" if title == "check" else "right")
    for id in setup.rubric.points:
        if id.split(".")[0] in labelled:
            table.add_row(id, str(caught[id]), str(missed[id]), str(wronged[id]))
    console.print(table)
    raise typer.Exit(1 if missed.total() or wronged.total() else 0)


if __name__ == "__main__":
    typer.run(main)
