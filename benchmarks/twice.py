"""`python -m benchmarks.twice`: a class of everything that may come in, graded twice, file against file, and its page
against its results.

In the class are right and unusual submissions, wrong ones, hostile ones and some that cannot be read. What counts: both
runs leave the same files with the same bytes, all but times and what the code printed, and every number on the class
page is that of a count over the result files. Exit status 1 where something differs.
"""

import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from autograder.report.class_page import CLASS_PAGE
from autograder.report.inert import one_line
from autograder.report.record import PRINTED
from benchmarks.mixed_class import mixed, verdicts_of
from benchmarks.page_counts import Page, differences, results_in
from fixtures.hostile import Hostile, hostile_submissions
from fixtures.hostile.catalogue import Kind
from fixtures.hostile.targets import Targets

# What trains takes minutes for each submission; photographs take half of what is left.
QUICK = "same,different,cnn,channel,accuracy,written,curves,examples"
NOT_COMPARED = ("timings.json", PRINTED)
MOST_SAID = 20
# Those that take what there is, or play with processes, are ended at limits, of time among others; which of them comes
# first is no promise.
_ENDED_AT_LIMITS = ("arrays-that-lie",)
_HOSTILE = (Kind.READING, Kind.FORGING, Kind.MEMORISED, Kind.BUNDLES, Kind.INJECTION, Kind.TAMPERING)
UNREADABLE = {
    "empty.ipynb": b"",
    "cut-off.ipynb": b'{"cells": [{"cell_type": "code", "source": ["x = 1',
    "printed.ipynb": b"%PDF-1.7 ...",
    "no-code.ipynb": b'{"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
    "torn.zip": b"PK\x03\x04\x14\0",
    "a-picture.ipynb": b"\x89PNG\r\n\x1a\n\0\0",
    "only-notes/notes.txt": b"I could not finish it.",
}


def hostile(count: int) -> list[Hostile]:
    """Some hostile submissions, of each kind in turn."""
    every = [one for one in hostile_submissions().values() if not one.trains and one.checks != ("test",)]
    every = [one for one in every if one.name not in _ENDED_AT_LIMITS]
    rounds = itertools.zip_longest(*([one for one in every if one.kind is kind] for kind in _HOSTILE))
    return [one for turn in rounds for one in turn if one is not None][:count]


def write_class(folder: Path, count: int) -> int:
    """Write a class of about `count` submissions, a fifth of them hostile; returns how many there are."""
    for name, content in UNREADABLE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    attacks = hostile(count // 5)
    for attack in attacks:
        attack.build(Targets.nowhere(attack.name), folder)
    every = mixed(sys.maxsize)
    wanted = min(len(every), max(1, count - len(attacks) - len(UNREADABLE)))
    for number in range(wanted):  # from all over the files, in which neighbours are alike
        every[number * len(every) // wanted].write(folder)
    return sum(1 for _ in folder.iterdir())


def unlike(one: Path, other: Path) -> Iterator[str]:
    """Files that are not in both folders, or not the same, in words."""
    files = [{path.relative_to(root) for path in root.rglob("*") if path.is_file()} for root in (one, other)]
    for name in sorted(files[0] | files[1]):
        if not all(name in some for some in files):
            yield f"{name} was written by one run only"
        elif name.name not in NOT_COMPARED and (one / name).read_bytes() != (other / name).read_bytes():
            yield f"{name} is another one in the second run"


def grade(submissions: Path, out: Path, jobs: int, only: str, data: Path | None) -> float:
    """Grade the class; returns the seconds that it took. Raises: typer.Exit, where the command failed."""
    command = [sys.executable, "-m", "autograder", "grade", str(submissions), "--out", str(out), "--jobs", str(jobs)]
    command += [*(["--data", str(data)] if data else []), *(["--only", only] if only else []), "--seed", "1"]
    started = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL)
    if done.returncode:
        raise typer.Exit(done.returncode)
    return time.monotonic() - started


def main(
    data: Annotated[Path | None, typer.Option(help="Folder with train, test_w and test_m; default: synthetic.")] = None,
    count: Annotated[int, typer.Option(min=1, help="Submissions in the class, about.")] = 60,
    jobs: Annotated[int, typer.Option(min=1, help="Submissions graded at a time.")] = 2,
    only: Annotated[str, typer.Option(help="Only checks whose id begins so; several with commas. '': all.")] = QUICK,
    out: Annotated[Path | None, typer.Option(help="Keep the class and its results in this folder.")] = None,
) -> None:
    """Grade the class twice, compare, and count."""
    with tempfile.TemporaryDirectory() as name:
        folder = out or Path(name)
        (folder / "class").mkdir(parents=True)
        number = write_class(folder / "class", count)
        first, second = folder / "first", folder / "second"
        seconds = [grade(folder / "class", run, jobs, only, data) for run in (first, second)]
        files = sum(path.is_file() and path.name not in NOT_COMPARED for path in first.rglob("*"))
        results = results_in(first)
        page = Page((first / CLASS_PAGE).read_text(encoding="utf-8"))
        found = [*unlike(first, second), *differences(page, results)]
    kinds, failed = verdicts_of(results.values())
    print(f"{number} submissions, {jobs} at a time, {seconds[0]:.0f} s and {seconds[1]:.0f} s")
    print(", ".join(f"{kind} {times}" for kind, times in kinds.items()))
    print(f"{files} files compared, {len(results)} results counted: {len(found)} differences")
    for words in [*found[:MOST_SAID], *failed]:
        print(one_line(words))
    raise typer.Exit(1 if found or len(results) != number else 0)


if __name__ == "__main__":
    typer.run(main)
