"""`python -m benchmarks.latency`: how long one waits for the first verdict, and what a submission costs in a batch.

Whole processes are measured from outside, as a person starts them. The batch is twenty copies of the reference
notebook with the checks that train nothing: pair generators, models, accuracy.
"""

import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from fixtures.compose import solution_notebook, write_notebook

LIGHT = "same,different,cnn,channel,accuracy"
FIRST_VERDICT = """
import sys, time
from pathlib import Path
from autograder.session import grade_path, prepare
def first(check, verdict):
    if check.evidence is not None:
        print(time.time(), flush=True)
        raise SystemExit
setup = prepare(Path(sys.argv[2]) if sys.argv[2] else None)
with setup.grader() as grader:
    grade_path(Path(sys.argv[1]), setup, grader, first)
"""


def first_verdict_seconds(notebook: Path, data: Path | None) -> float:
    """Wall-clock seconds from starting the process to its first verdict."""
    command = [sys.executable, "-c", FIRST_VERDICT, str(notebook), str(data or "")]
    started = time.time()
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(printed.split()[0]) - started


def batch_seconds(notebook: Path, folder: Path, count: int, data: Path | None) -> tuple[float, float]:
    """Processor and wall-clock seconds of `autograder grade` over `count` copies of a notebook."""
    submissions = folder / f"class-{count}"
    submissions.mkdir()
    for number in range(count):
        shutil.copy(notebook, submissions / f"student{number:02d}.ipynb")
    command = [sys.executable, "-m", "autograder", "grade", str(submissions)]
    command += ["--out", str(folder / f"results-{count}"), "--only", LIGHT, *(["--data", str(data)] if data else [])]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, capture_output=True, check=True)
    wall = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def main(
    data: Annotated[Path | None, typer.Option(help="Folder with train, test_w and test_m; default: synthetic.")] = None,
    count: Annotated[int, typer.Option(min=1, help="Submissions in the batch.")] = 20,
    runs: Annotated[int, typer.Option(min=1, help="How often the first verdict is timed.")] = 3,
) -> None:
    """Print seconds to the first verdict and processor seconds per submission."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        notebook = folder / "reference.ipynb"
        write_notebook(notebook, solution_notebook())
        # Once before the clock runs: data sets that are made once belong to no submission.
        first_verdict_seconds(notebook, data)
        firsts = [first_verdict_seconds(notebook, data) for _ in range(runs)]
        one, _ = batch_seconds(notebook, folder, 1, data)
        batch, wall = batch_seconds(notebook, folder, count, data)
    print(f"first verdict after {statistics.median(firsts):.1f} s (median of {runs}; aim: within 5 s)")
    print(f"batch of {count}, --only {LIGHT}:")
    print(f"  {batch / count:.2f} s of processor time per submission, start of the grader included (aim: at most 0.5)")
    print(f"  {(batch - one) / max(count - 1, 1):.2f} s for each further one; {wall:.1f} s of wall-clock time in all")


if __name__ == "__main__":
    typer.run(main)
