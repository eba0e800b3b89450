"""`python -m benchmarks.seeds --out FILE`: whether the verdicts on sample submissions depend on luck.

Each submission is graded with many seeds, from which students, wrong pairs, first weights and the order of examples are
drawn. Every grading becomes a line of FILE, so that a run that was ended is continued by the same command; files of
several runs are merged by joining them (`cat`). All submissions have their turn with one seed before the next seed.
"""

import contextlib
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Console
from rich.table import Table

from autograder.boundary.workers import Template
from autograder.checks import chosen_checks
from autograder.grading import Grader
from autograder.jobs import Lost, processors_for_each, side_by_side
from autograder.session import CannotGrade, Setup, grade_path, prepare
from fixtures.compose import Submission, read_submissions

SOLUTION = "the-solution"
# By submission and check: every verdict that was seen, with its seeds.
Seen = dict[tuple[str, str], dict[str, list[int]]]


class Turn(NamedTuple):
    """A submission's grading with one seed."""

    seed: int
    name: str


def turns(names: Sequence[str], seeds: int, share: str = "1/1") -> list[Turn]:
    """What there is to grade, seed by seed; of K parts that are about equally long the I-th one, with `share` I/K.

    Raises: ValueError for a share that is none.
    """
    part, _, parts = share.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise ValueError(f"a share is I/K, such as 2/3 for the second of three parts, not {share!r}")
    everything = [Turn(seed, name) for seed in range(seeds) for name in names]
    return everything[int(part) - 1 :: int(parts)]


def read_lines(file: Path) -> list[dict[str, Any]]:
    """The gradings of a file; a line that was cut off when a run ended is none."""
    lines = []
    with contextlib.suppress(FileNotFoundError):
        for line in file.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError):
                lines.append(json.loads(line))
    return [line for line in lines if isinstance(line, dict)]


def append_line(file: Path, grading: Mapping[str, Any]) -> None:
    """Add a grading to a file, on a line of its own also where the last run was ended in the middle of one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+b") as lines:
        if lines.tell():
            lines.seek(-1, 2)
            if lines.read(1) != b"\n":
                lines.write(b"\n")
        lines.write(json.dumps(grading, ensure_ascii=True).encode() + b"\n")


def verdicts_seen(lines: Sequence[Mapping[str, Any]]) -> Seen:
    """The seeds of every verdict, by submission and check; a grading that occurs twice counts once."""
    by_seed: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for line in lines:
        for check, verdict in line["verdicts"].items():
            by_seed[line["submission"], check][line["seed"]] = verdict
    seen: Seen = {}
    for key, verdicts in by_seed.items():
        seen[key] = {}
        for seed, verdict in sorted(verdicts.items()):
            seen[key].setdefault(verdict, []).append(seed)
    return seen


def print_table(seen: Seen, console: Console) -> int:
    """Print what seeds disagree on, and how often they agree; the number of the former, and of faults of the grader."""
    unsure = {key: verdicts for key, verdicts in seen.items() if len(verdicts) > 1}
    table = Table(title="verdicts that depend on the seed", title_justify="left")
    for title in ("submission", "check", "verdicts"):
        table.add_column(title, overflow="fold")
    for (name, check), verdicts in sorted(unsure.items()):
        most = max(verdicts, key=lambda verdict: len(verdicts[verdict]))
        words = [
            f"{verdict} {len(seeds)} times" + ("" if verdict == most else f" (seeds {', '.join(map(str, seeds))})")
            for verdict, seeds in sorted(verdicts.items(), key=lambda entry: -len(entry[1]))
        ]
        table.add_row(name, check, "; ".join(words))
    if unsure:
        console.print(table)
    counts = [sum(map(len, verdicts.values())) for verdicts in seen.values()]
    submissions, checks = len({name for name, _ in seen}), len({check for _, check in seen})
    console.print(
        f"{submissions} submissions, {checks} checks, {min(counts, default=0)} to {max(counts, default=0)} seeds"
    )
    console.print(f"one verdict with all seeds: {len(seen) - len(unsure)}; more than one: {len(unsure)}")
    if errors := [key for key, verdicts in seen.items() if "error" in verdicts]:
        console.print("the grader itself failed: " + ", ".join(f"{name} {check}" for name, check in sorted(errors)))
    return len(unsure) + len(errors)


@contextmanager
def gradings(setup: Setup, paths: Mapping[str, Path], at_once: int) -> Iterator[Callable[[Turn], dict[str, Any]]]:
    """What grades one turn after another on one template process."""
    grader: Grader | None = None
    with Template(setup.rubric.limits, setup.device) as template:

        def graded(turn: Turn) -> dict[str, Any]:
            nonlocal grader
            if grader is None or grader.seed != turn.seed:
                grader = Grader(setup.data_set, setup.rubric, turn.seed, setup.only, template, at_once=at_once)
            started = time.monotonic()
            verdicts = grade_path(paths[turn.name], setup, grader).verdicts
            return {
                "submission": turn.name,
                "seed": turn.seed,
                "verdicts": {id: verdict.outcome.value for id, verdict in verdicts.items()},
                "observed": {id: v.observed for id, v in verdicts.items() if v.outcome.value != "pass" and v.observed},
                "seconds": round(time.monotonic() - started, 1),
            }

        yield graded


def write_chosen(folder: Path, only: str, every: bool) -> dict[str, Path]:
    """Write the chosen sample submissions and the solution; where each is, by its name."""
    chosen = [Submission(SOLUTION, ())]
    chosen += [s for s in read_submissions().values() if every or only or s.about_training]
    return {s.name: s.write(folder) for s in chosen if any(part in s.name for part in only.split(","))}


def main(
    out: Annotated[Path, typer.Option(help="Gets one line for each grading; those that it holds are not repeated.")],
    only: Annotated[str, typer.Option(help="Only submissions whose name holds one of these, with commas.")] = "",
    every: Annotated[bool, typer.Option(help="Also the submissions that are not about training.")] = False,
    seeds: Annotated[int, typer.Option(min=0, help="How many seeds.")] = 20,
    checks: Annotated[str, typer.Option(help="Only checks whose id begins so; several with commas.")] = "train,overfit",
    jobs: Annotated[int, typer.Option(min=1, help="Gradings at a time.")] = 1,
    share: Annotated[str, typer.Option(help="I/K: the I-th of K parts, for several machines.")] = "1/1",
    budget: Annotated[float, typer.Option(min=0, help="Seconds after which no grading is begun.")] = float("inf"),
    data: Annotated[Path | None, typer.Option(help="Folder with train, test_w and test_m; default: synthetic.")] = None,
    device: Annotated[str, typer.Option(help="Where networks are computed: cpu or cuda.")] = "cpu",
) -> None:
    """Grade and print every check on which seeds disagree; exit status 1 where there is any."""
    began = time.monotonic()
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            setup = prepare(data, only=checks.split(","), device=device)
            paths = write_chosen(folder, only, every)
            to_do = turns(list(paths), seeds, share)
        except (CannotGrade, ValueError) as problem:
            raise typer.BadParameter(str(problem)) from problem
        wanted = {check.id for check in chosen_checks(setup.only)}
        done = {(line["seed"], line["submission"]) for line in read_lines(out) if wanted <= line["verdicts"].keys()}
        waiting = [turn for turn in to_do if turn not in done]
        in_time = (turn for turn in waiting if time.monotonic() - began < budget)
        made = side_by_side(in_time, jobs, lambda: gradings(setup, paths, processors_for_each(jobs)))
        with contextlib.closing(made):
            for number, (turn, grading) in enumerate(made, start=1):
                words = str(grading) if isinstance(grading, Lost) else f"{grading['seconds']} s"
                if not isinstance(grading, Lost):
                    append_line(out, grading)
                place = f"{number} of {len(waiting)}: {turn.name}, seed {turn.seed}"
                console.print(f"{place}: {words}", markup=False, highlight=False, soft_wrap=True)
    unsure = print_table(verdicts_seen(read_lines(out)), Console())
    raise typer.Exit(1 if unsure else 0)


if __name__ == "__main__":
    typer.run(main)
