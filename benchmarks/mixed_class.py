"""`python -m benchmarks.mixed_class`: a class as it comes in, every kind of sample submission in turn, graded whole.

What counts is that the grader says something of each: no verdict may be `error`, which is what it says when it has
failed itself.
"""

import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from autograder.verdict import Outcome
from fixtures.compose import KINDS, Submission, read_submissions


def mixed(count: int) -> list[Submission]:
    """Some sample submissions, each once: mistaken and unusual ones, about training and not, in turn."""
    files = [
        [submission for submission in read_submissions(kind).values() if submission.about_training is about_training]
        for kind in KINDS
        for about_training in (False, True)
    ]
    rounds = itertools.zip_longest(*files)
    return [submission for turn in rounds for submission in turn if submission is not None][:count]


def verdicts_of(results: Iterable[Mapping[str, Any]]) -> tuple[Counter[str], list[str]]:
    """How many verdicts of each kind there are, and where the grader itself failed."""
    entries = [(result["submission"], id, entry) for result in results for id, entry in result["checks"].items()]
    kinds = Counter({outcome.value: 0 for outcome in Outcome})
    kinds.update(entry["verdict"] for _, _, entry in entries)
    failed = [f"{name}: {id}: {e['observed']}" for name, id, e in entries if e["verdict"] == Outcome.ERROR.value]
    return kinds, failed


def main(
    data: Annotated[Path | None, typer.Option(help="Folder with train, test_w and test_m; default: synthetic.")] = None,
    count: Annotated[int, typer.Option(min=1, help="Submissions in the class.")] = 100,
    jobs: Annotated[int, typer.Option(min=1, help="Submissions graded at a time.")] = 2,
    only: Annotated[str, typer.Option(help="Only checks whose id begins so; several with commas.")] = "",
    out: Annotated[Path | None, typer.Option(help="Keep the class and its results in this folder.")] = None,
) -> None:
    """Grade the class and count its verdicts; exit status 1 where the grader itself has failed."""
    with tempfile.TemporaryDirectory() as name:
        folder = out or Path(name)
        chosen = mixed(count)
        (folder / "class").mkdir(parents=True, exist_ok=True)
        for submission in chosen:
            submission.write(folder / "class")
        command = [sys.executable, "-m", "autograder", "grade", str(folder / "class"), "--jobs", str(jobs)]
        command += ["--out", str(folder / "results"), *(["--only", only] if only else [])]
        started = time.monotonic()
        done = subprocess.run([*command, *(["--data", str(data)] if data else [])], stdout=subprocess.DEVNULL)
        if done.returncode:
            raise typer.Exit(done.returncode)
        files = [folder / "results" / submission.name / "result.json" for submission in chosen]
        kinds, failed = verdicts_of(json.loads(file.read_text(encoding="utf-8")) for file in files)
    print(f"{len(chosen)} submissions, {jobs} at a time, {time.monotonic() - started:.0f} s")
    print(", ".join(f"{kind} {number}" for kind, number in kinds.items()))
    for words in failed:
        print(words)
    raise typer.Exit(1 if failed else 0)


if __name__ == "__main__":
    typer.run(main)
