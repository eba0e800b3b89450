"""`python -m benchmarks.training`: what it costs to grade the reference notebook with every check, training included.

The whole command is measured from outside, as a person starts it. What the submission's own code takes (its statements,
its functions, its training) is measured where it runs, less the time of the hooks that watch it; all the rest is the
grader's: starting, making data, watching, looking at models on the way, testing and judging.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from fixtures.compose import solution_notebook, write_notebook

MOST_SECONDS, MOST_OVERHEAD = 90, 0.15
OWN = "processor time of the submission's own code"


def main(
    data: Annotated[Path | None, typer.Option(help="Folder with train, test_w and test_m; default: synthetic.")] = None,
    submission: Annotated[Path | None, typer.Option(help="Another notebook than the reference's.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Print wall-clock and processor seconds for all checks, and how much of them is not the submission's own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        notebook = submission or folder / "reference.ipynb"
        if submission is None:
            write_notebook(notebook, solution_notebook())
        command = [sys.executable, "-m", "autograder", "check", str(notebook), "--seed", str(seed), "--format", "json"]
        command += ["--data", str(data)] if data else []
        # Once before the clock runs: data sets that are made once belong to no submission.
        subprocess.run([*command, "--only", "data.shape"], capture_output=True, check=False)
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run([*command, "--out", str(folder / "out")], capture_output=True, text=True, check=False)
        wall = time.monotonic() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = json.loads(done.stdout)
        seconds = json.loads((folder / "out" / "timings.json").read_text())["seconds"]
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    own = seconds.pop(OWN, 0.0)
    automatic = result["automatic"]
    print(f"{automatic['points']:g} of {automatic['possible']:g} automatic points")
    print(f"all checks after {wall:.0f} s on {os.cpu_count()} cores (aim: within {MOST_SECONDS} s on 2)")
    print(f"{processor:.0f} s of processor time, {own:.0f} s of it the submission's own code")
    print(f"{(processor - own) / processor:.0%} is the grader's own (aim: under {MOST_OVERHEAD:.0%})")
    for kind, duration in sorted(seconds.items(), key=lambda entry: -entry[1]):
        print(f"  {kind:16} {duration:6.1f} s of wall-clock time")


if __name__ == "__main__":
    typer.run(main)
