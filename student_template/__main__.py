"""`python -m student_template`: write the notebook that students fill in; with `--solution FILE`, the solved one."""

from pathlib import Path
from typing import Annotated

import typer

from student_template.build import build_notebook, notebook_text

TEMPLATE = Path(__file__).with_name("assignment3.ipynb")


def main(
    solution: Annotated[
        Path | None,
        typer.Option(metavar="FILE.ipynb", help="Write the solved notebook here, and leave the template alone."),
    ] = None,
) -> None:
    """Write the assignment's notebook, assignment3.ipynb, from handout.md and the reference."""
    path = solution or TEMPLATE
    notebook = build_notebook(solution=solution is not None)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook_text(notebook), encoding="utf-8")
    print(f"{path}: {len(notebook.cells)} cells, {'solved' if solution else 'to be filled in'}")


if __name__ == "__main__":
    typer.run(main)
