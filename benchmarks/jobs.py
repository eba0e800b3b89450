"""`python -m benchmarks.jobs`: how much sooner a class is graded with several submissions at a time.

The same class is graded with one job and with several, whole commands measured from outside, in turns, so that what
else the machine has to do weighs on both alike. What is printed is a ratio; seconds are for the curious.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from fixtures.compose import read_submissions


def class_seconds(submissions: Path, out: Path, jobs: int, only: str, data: Path | None) -> float:
    """Wall-clock seconds of one `autograder grade`."""
    command = [sys.executable, "-m", "autograder", "grade", str(submissions), "--out", str(out), "--jobs", str(jobs)]
    command += [*(["--data", str(data)] if data else []), *(["--only", only] if only else [])]
    started = time.monotonic()
    subprocess.run(command, capture_output=True, check=True)
    return time.monotonic() - started


def main(
    data: Annotated[Path | None, typer.Option(help="Folder with train, test_w and test_m; default: synthetic.")] = None,
    count: Annotated[int, typer.Option(min=1, help="Submissions in the class.")] = 6,
    jobs: Annotated[int, typer.Option(min=2, help="Jobs that are compared with one.")] = 2,
    runs: Annotated[int, typer.Option(min=1, help="How often each is timed.")] = 1,
    only: Annotated[str, typer.Option(help="Only checks whose id begins so; several with commas.")] = "",
) -> None:
    """Print the time with several jobs as a share of that with one."""
    with tempfile.TemporaryDirectory() as name:
        submissions = Path(name) / "class"
        submissions.mkdir()
        for submission in list(read_submissions("unusual").values())[:count]:
            submission.write(submissions)
        # Once before the clock runs: data sets that are made once belong to no submission.
        class_seconds(submissions, Path(name) / "first", jobs, "data.shape", data)
        seconds: dict[int, list[float]] = {1: [], jobs: []}
        for run in range(runs):
            for at_once in seconds:
                seconds[at_once].append(class_seconds(submissions, Path(name) / f"{run}", at_once, only, data))
    one, several = (statistics.median(seconds[at_once]) for at_once in (1, jobs))
    print(
        f"{count} submissions: {several / one:.2f} of the time with {jobs} jobs ({several:.0f} s, with one {one:.0f} s)"
    )


if __name__ == "__main__":
    typer.run(main)
