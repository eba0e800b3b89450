"""`python -m benchmarks.report RESULT`: what a report costs beside the grading of the same submission.

RESULT is a folder that `autograder check --out` has written. In a fresh process the page is made twice: the first time
with all that has to be imported for it, as for a single submission, the second time as for one more of a class.
"""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

SECONDS, MEBIBYTES = 0.5, 150.0

# The process holds what whoever graded has anyway; only what comes on top of that is measured.
ONE_PAGE = """
import json, sys, time
from pathlib import Path
import autograder.session
from autograder.report.curves import curve_files

def kibibytes(key):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key))

folder = Path(sys.argv[1])
result = json.loads((folder / "result.json").read_bytes())
pictures = {name: (folder / file).read_bytes() for name, file in curve_files(result["curves"]).items()}
before = kibibytes("VmRSS:")
for turn in range(2):
    started = time.process_time()
    from autograder.report.page import report_page
    page = report_page(result, pictures)
    print(time.process_time() - started)
print((kibibytes("VmHWM:") - before) / 1024)
print(len(page.encode()) / 1e6)
"""


def main(
    result: Annotated[Path, typer.Argument(help="A folder with result.json and the curves.", exists=True)],
) -> None:
    """Print the processor time, the memory and the size of a report."""
    if not (result / "result.json").is_file():
        raise typer.BadParameter(f"there is no result.json in {result}; `autograder check --out` writes one")
    command = [sys.executable, "-c", ONE_PAGE, str(result)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    first, another, memory, megabytes = (float(line) for line in done.stdout.split())
    print(f"a report of {megabytes:.2f} MB:")
    print(f"  {first:.2f} s of processor time with its imports (aim: at most {SECONDS} s), {another:.2f} s for another")
    print(f"  {memory:.0f} MiB of memory above the rest (aim: at most {MEBIBYTES:.0f} MiB)")


if __name__ == "__main__":
    typer.run(main)
