"""`python -m benchmarks.stability`: whether a verdict is one: the same grading again and again, then other seeds.

Each run is a whole command in a process of its own. With one seed, `result.json` must be the same file every time;
with others the draws differ (students, wrong pairs, first weights, order), and the verdicts must not.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from fixtures.compose import solution_notebook, write_notebook


def graded(notebook: Path, out: Path, seed: int, data: Path | None, only: str) -> bytes:
    """`result.json` of one grading. Raises: SystemExit with what the command said, where it gave no result."""
    command = [sys.executable, "-m", "autograder", "check", str(notebook), "--seed", str(seed), "--out", str(out)]
    command += [*(["--data", str(data)] if data else []), *(["--only", only] if only else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return (out / "result.json").read_bytes()
    except OSError:
        raise SystemExit(done.stdout + done.stderr) from None


def verdicts(result: bytes) -> dict[str, Any]:
    """Verdict by check id."""
    return {id: entry["verdict"] for id, entry in json.loads(result)["checks"].items()}


def main(
    runs: Annotated[int, typer.Option(min=0, help="Gradings with the same seed.")] = 10,
    seeds: Annotated[int, typer.Option(min=0, help="Gradings with a seed of their own each.")] = 20,
    data: Annotated[Path | None, typer.Option(help="Folder with train, test_w and test_m; default: synthetic.")] = None,
    submission: Annotated[Path | None, typer.Option(help="Another notebook than the reference's.")] = None,
    only: Annotated[str, typer.Option(help="Only checks whose id begins so; several with commas.")] = "",
) -> None:
    """Count different results and name every check on which seeds disagree; exit status 1 where there is any."""
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        notebook = submission or folder / "reference.ipynb"
        if submission is None:
            write_notebook(notebook, solution_notebook())
        # The first of the other seeds is that of the equal runs, and need not be graded again.
        same = [
            graded(notebook, folder / f"run{n}", 0, data, only)
            for n in track(range(runs), "one seed", console=Console(stderr=True))
        ]
        by_seed = [verdicts(result) for result in same[:1]] + [
            verdicts(graded(notebook, folder / f"seed{n}", n, data, only))
            for n in track(range(min(1, len(same)), seeds), "many seeds", console=Console(stderr=True))
        ]
    different = len(set(same))
    if same:
        console.print(f"{len(same)} runs with one seed: {different} different result.json")
    unsure = 0
    for check in by_seed[0] if by_seed else ():
        counts = Counter(found[check] for found in by_seed)
        if len(counts) > 1:
            unsure += 1
            console.print(f"{check}: " + ", ".join(f"{verdict} {count} times" for verdict, count in counts.items()))
    if by_seed:
        console.print(f"{len(by_seed)} seeds: {unsure} of {len(by_seed[0])} checks with more than one verdict")
    raise typer.Exit(1 if different > 1 or unsure else 0)


if __name__ == "__main__":
    typer.run(main)
