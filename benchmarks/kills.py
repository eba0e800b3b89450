"""`python -m benchmarks.kills`: a class whose grader is killed again and again ends in the results of a quiet run.

Killed with SIGKILL is the grader alone, one of its jobs, one of their templates, or all of it with its workers, each
time at a moment drawn at random: so many results finished, and then so many further files and folders made by it.
Moments are counted in these and not in seconds, so that they lie alike on any machine. After each kill the same command
is given at once, unless the grader simply goes on without what was taken from it.

What counts: the same files with the same bytes in the end (all but `timings.json`), no finished result made a second
time, no process and no temporary folder left behind.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from autograder.report.record import RECORD, RESULT
from fixtures.compose import read_submissions

LIGHT = "data,same,different,cnn,channel,accuracy"
# About as many files and folders as one submission makes, and those of a start.
MOST_STEPS = 10
TICK = 0.002
GIVEN_UP = 60.0  # seconds after which nobody can think that it is only slow to end


class Victim(Enum):
    """What is killed."""

    GRADER = "the grader alone"
    JOB = "a job"
    TEMPLATE = "a template"
    EVERYTHING = "all of it"


@dataclass(frozen=True)
class Moment:
    """finished: results that there are at least; steps: files and folders made after that."""

    finished: int
    steps: int
    victim: Victim


@dataclass
class Account:
    """What happened. kept: by submission, the identity of a finished result's file when it was first seen at a kill."""

    kills: list[tuple[Moment, int]] = field(default_factory=list)
    starts: int = 0
    kept: dict[str, tuple[int, int]] = field(default_factory=dict)
    made_again: list[str] = field(default_factory=list)


def random_moments(count: int, submissions: int, jobs: int, seed: int) -> list[Moment]:
    """Moments in the order in which they come, before the last results are being made."""
    draw = random.Random(seed)
    possible = range(max(1, submissions - 2 * jobs))
    finished = draw.sample(possible, count) if count <= len(possible) else draw.choices(possible, k=count)
    return [Moment(number, draw.randrange(MOST_STEPS), draw.choice(list(Victim))) for number in sorted(finished)]


def disturbed(command: Sequence[str], out: Path, temporary: Path, moments: Sequence[Moment], seed: int = 0) -> Account:
    """Give a command that grades a class into `out` until it has ended by itself, and kill it at each of some moments.

    Args: temporary: a folder for all that it needs for a while, by which its processes are known.
    Raises: SystemExit with what the command said, where it failed.
    """
    draw, account = random.Random(seed), Account()
    running: subprocess.Popen[str] | None = None
    part_lost = False
    for moment in moments:
        seen, steps = _names(out, temporary), 0
        while True:
            if running is None or running.poll() is not None:
                _must_have_gone_well(running)
                running, account.starts = _started(command, temporary), account.starts + 1
                part_lost = False
            now = _names(out, temporary)
            steps += len(now - seen) if len(finished(out)) >= moment.finished else 0
            seen |= now
            if len(finished(out)) >= moment.finished and steps >= moment.steps:
                break
            time.sleep(TICK)
        _look_at(out, account)
        killed = _kill(running.pid, moment.victim, draw)
        account.kills.append((replace(moment, victim=killed), len(finished(out))))
        part_lost |= killed in (Victim.JOB, Victim.TEMPLATE)
        if killed in (Victim.GRADER, Victim.EVERYTHING):
            running.communicate()
            running, part_lost = None, False
    if running is None:
        running, account.starts = _started(command, temporary), account.starts + 1
    _must_have_gone_well(running)
    if part_lost:  # what a killed job or template was at is graded by the next run
        _must_have_gone_well(_started(command, temporary))
        account.starts += 1
    _look_at(out, account)
    return account


def finished(out: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of each finished result, by the submission."""
    found = {}
    for record in out.glob(f"*/{RECORD}"):
        try:
            status = (record.parent / RESULT).stat()
        except FileNotFoundError:
            continue
        found[record.parent.name] = (status.st_ino, status.st_mtime_ns)
    return found


def files_of(out: Path) -> dict[str, bytes]:
    """All that a grading leaves, less what says how long it took."""
    paths = [path for path in out.rglob("*") if path.is_file() and path.name != "timings.json"]
    return {str(path.relative_to(out)): path.read_bytes() for path in paths}


def left_behind(temporary: Path) -> list[str]:
    """What is still there of a run, once its processes have had the time to end: their numbers, and names of folders.

    Processes are known by their environment, which speaks of the folder.
    """
    deadline = time.monotonic() + GIVEN_UP
    while (processes := processes_of(temporary)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return [f"process {pid}" for pid in processes] + [path.name for path in temporary.iterdir()]


def processes_of(folder: Path) -> list[int]:
    """Those whose environment speaks of a folder: judges by their own, workers by the home that they were given."""
    return [pid for pid, environment in _of_each_process("environ") if str(folder).encode() in environment]


def _of_each_process(name: str) -> Iterator[tuple[int, bytes]]:
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit():
                yield int(entry.name), (entry / name).read_bytes()
        except OSError:
            continue


def _started(command: Sequence[str], temporary: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"TMPDIR": str(temporary)}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def _must_have_gone_well(process: "subprocess.Popen[str] | None") -> None:
    if process is not None:
        _, said = process.communicate()
        if process.returncode:
            raise SystemExit(f"the command ended with {process.returncode} where nobody had killed it: {said}")


def _names(*folders: Path) -> set[str]:
    """All that lies in some folders, down to what a run and a submission have within theirs."""
    return {str(path) for folder in folders for pattern in ("*", "*/*") for path in folder.glob(pattern)}


def _look_at(out: Path, account: Account) -> None:
    """Note which results are finished, and which of those that were have been made again."""
    for name, identity in finished(out).items():
        if account.kept.setdefault(name, identity) != identity and name not in account.made_again:
            account.made_again.append(name)
    account.made_again += [name for name in account.kept if name not in finished(out)]


def _kill(grader: int, victim: Victim, draw: random.Random) -> Victim:
    """Kill, and tell what; where there is no such process at this moment, the grader."""
    jobs = children_of(grader)
    templates = [child for job in jobs for child in children_of(job)]
    workers = [child for template in templates for child in children_of(template)]
    several = {Victim.JOB: jobs, Victim.TEMPLATE: templates}.get(victim)
    if several == []:
        victim = Victim.GRADER
    everything = [grader, *jobs, *templates, *workers]
    for pid in [draw.choice(several)] if several else everything if victim is Victim.EVERYTHING else [grader]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return victim


def children_of(parent: int) -> list[int]:
    """The processes that a process has started."""

    def is_child(status: bytes) -> bool:
        return int(status.rpartition(b")")[2].split()[1]) == parent

    return sorted(pid for pid, status in _of_each_process("stat") if is_child(status))


def write_class(folder: Path, count: int) -> None:
    """Some sample submissions that are not about training, mistaken and unusual ones."""
    chosen = [submission for submission in read_submissions().values() if not submission.about_training]
    folder.mkdir(parents=True)
    for submission in chosen[:: max(1, len(chosen) // count)][:count]:
        submission.write(folder)


def main(
    data: Annotated[Path | None, typer.Option(help="Folder with train, test_w and test_m; default: synthetic.")] = None,
    count: Annotated[int, typer.Option(min=1, help="Submissions in the class.")] = 30,
    jobs: Annotated[int, typer.Option(min=1, help="Submissions graded at a time.")] = 2,
    kills: Annotated[int, typer.Option(min=0, help="Kills.")] = 20,
    seed: Annotated[int, typer.Option(help="What moments and victims are drawn from.")] = 0,
    only: Annotated[str, typer.Option(help="Only checks whose id begins so; several with commas.")] = LIGHT,
) -> None:
    """Grade a class twice, once in peace, and compare; exit status 1 where anything differs or is left behind."""
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_class(folder / "class", count)

        def command(out: str) -> list[str]:
            words = [sys.executable, "-m", "autograder", "grade", str(folder / "class"), "--out", str(folder / out)]
            return [*words, "--jobs", str(jobs), "--only", only, *(["--data", str(data)] if data else [])]

        (folder / "temporary").mkdir()
        _timed(console, "in peace", lambda: disturbed(command("peace"), folder / "peace", folder / "temporary", ()))
        moments = random_moments(kills, count, jobs, seed)
        account = disturbed(command("killed"), folder / "killed", folder / "temporary", moments, seed)
        for moment, kept in account.kills:
            console.print(f"killed {moment.victim.value}, {moment.steps} steps after result {moment.finished}: {kept}")
        peace, killed = files_of(folder / "peace"), files_of(folder / "killed")
        differing = sorted(name for name in peace.keys() | killed.keys() if peace.get(name) != killed.get(name))
        behind = left_behind(folder / "temporary")
        shutil.rmtree(folder / "temporary")
    console.print(
        f"{count} submissions, {len(account.kills)} kills, {account.starts} starts: {len(peace)} files, "
        f"{len(differing)} differ, {len(account.made_again)} finished results made again, {len(behind)} left behind"
    )
    for words in (*differing, *account.made_again, *behind):
        console.print(words, markup=False)
    raise typer.Exit(1 if differing or account.made_again or behind else 0)


def _timed(console: Console, what: str, run: Callable[[], Account]) -> None:
    started = time.monotonic()
    run()
    console.print(f"{what}: {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    typer.run(main)
