"""`python -m student_template`: write what students fill in; with `--solution DIR`, the same solved."""

from pathlib import Path
from typing import Annotated

import typer

from student_template.answers import ANSWERS, answers_page
from student_template.build import FOLDERS, build_files
from student_template.handout import Revision
from student_template.weights import train_networks
from student_template.workflows import FOLDER, build_workflows

TEMPLATES = Path(__file__).parent


def main(
    solution: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the solutions here, and leave the templates alone.", file_okay=False),
    ] = None,
    train: Annotated[
        Path | None,
        typer.Option(
            metavar="DATA",
            help="Run the solution of the functions-file revision on this folder's train, test_w and test_m, and add "
            "the weights of its networks. Takes minutes; needs --solution.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
) -> None:
    """Write both revisions of the assignment, each a submission by itself, from handout.md and the reference."""
    if train is not None and solution is None:
        raise typer.BadParameter("only solutions have weights; say where they go with --solution", param_hint="--train")
    folder = solution or TEMPLATES
    for name, text in build_files(solution=solution is not None).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"{path}: {'solved' if solution else 'to be filled in'}")
    if solution is None:
        ANSWERS.write_text(answers_page(), encoding="utf-8")
        print(f"{ANSWERS}: model answers")
        for name, text in build_workflows().items():
            (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
            (FOLDER / name).write_text(text, encoding="utf-8")
            print(f"{FOLDER / name}: a workflow for the course's repository")
    if train is not None:
        for path in train_networks(folder / FOLDERS[Revision.FUNCTIONS_FILE], train):
            print(f"{path}: trained on {train}")


if __name__ == "__main__":
    typer.run(main)
