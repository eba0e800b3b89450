"""`python -m benchmarks.report SUBMISSION RESULT`: what a report costs beside the grading of the same submission.

RESULT is the folder that `autograder check SUBMISSION --out RESULT` has written. In a fresh process the page is made
twice: the first time with all that has to be imported for it, as for a single submission, the second time as for one
more of a class. What a grading has anyway is there before: the grader's own modules, the process that forks workers.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

SECONDS, MEBIBYTES, MEGABYTES = 0.5, 150.0, 3.0
_TICK = 0.05


def main(
    submission: Annotated[Path, typer.Argument(help="A submission that can be read.", exists=True)],
    result: Annotated[Path, typer.Argument(help="The folder with its result.json.", exists=True)],
) -> None:
    """Print the processor time, the memory and the size of a report."""
    if not (result / "result.json").is_file():
        raise typer.BadParameter(f"there is no result.json in {result}; `autograder check --out` writes one")
    # Looking at memory takes time, too.
    first, another, megabytes, _ = _in_a_process(submission, result, "time")
    *_, memory = _in_a_process(submission, result, "memory")
    print(f"a report of {megabytes:.2f} MB (aim: at most {MEGABYTES:g} MB):")
    print(f"  {first:.2f} s of processor time with its imports (aim: at most {SECONDS} s), {another:.2f} s for another")
    print(f"  {memory:.0f} MiB of memory above the rest (aim: at most {MEBIBYTES:.0f} MiB)")


def _in_a_process(*arguments: Path | str) -> list[float]:
    program = "import sys; from benchmarks.report import measure; measure(*sys.argv[1:])"
    command = [sys.executable, "-c", program, *map(str, arguments)]
    numbers: list[float] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return numbers


def measure(submission: str, folder: str, what: str) -> None:
    """Print, as JSON: processor seconds of the first page and of another, megabytes of a page, and mebibytes where
    memory is looked at."""
    from autograder.boundary.showing import notebook_as_html
    from autograder.grading import Graded
    from autograder.report.besides import Besides, besides_of, read_besides
    from autograder.report.curves import curve_files
    from autograder.report.page import report_page
    from autograder.session import prepare, read_submission

    setup = prepare()
    result = json.loads(Path(folder, "result.json").read_bytes())
    curves = {name: Path(folder, file).read_bytes() for name, file in curve_files(result["curves"]).items()}
    pictures = read_besides(Path(folder)).pictures
    most = setup.rubric.limits.notebook_mebibytes * 2**20
    with setup.grader() as grader:
        template = grader._template
        template.fork(None, 0).close()
        bundle = read_submission(Path(submission), setup)
        seconds = []
        with _peak(what == "memory") as peak:
            for _ in range(2):
                before = _processor_seconds()
                made = notebook_as_html(template, bundle.files, most)
                notebook = besides_of(Graded("", "", {}, bundle=bundle, notebook=made)).notebook
                page = report_page(result, curves, Besides(pictures, notebook))
                seconds.append(_processor_seconds() - before)
    print(json.dumps([*seconds, len(page.encode()) / 1e6, max(peak) - peak[0]]))


def _family() -> list[int]:
    """This process and all that come from it, children of children, too."""
    found = [os.getpid()]
    for pid in found:
        for thread in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += map(int, thread.read_text().split())
    return found


def _processor_seconds() -> float:
    """Of all of them, those that have ended included."""
    total = 0
    for pid in _family():
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / os.sysconf("SC_CLK_TCK")


def _mebibytes() -> float:
    """What all of them hold, what several share counted once."""
    total = 0
    for pid in _family():
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


@contextlib.contextmanager
def _peak(wanted: bool) -> Iterator[list[float]]:
    """What they hold, from time to time, the first time before anything is done."""
    held = [_mebibytes()]
    if not wanted:
        yield held
        return
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_TICK):
            held.append(_mebibytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield held
    finally:
        done.set()
        watcher.join()
        held.append(_mebibytes())


if __name__ == "__main__":
    typer.run(main)
