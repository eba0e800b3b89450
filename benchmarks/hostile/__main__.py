"""`python -m benchmarks.hostile [--only CLASS,NAME] [--training] [--user nobody] [--no-sandbox]`: hostile submissions
graded among honest ones by the real command, and a table by class: tried, points unearned, leaks, escapes, batch
harmed.

The same honest submissions are graded alone first; their results must be the same to the byte. Exit status 1 unless the
last four columns are zero. A second table says what was found.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.report.table import printable
from autograder.whole_class import entries_of
from benchmarks.hostile import damage
from benchmarks.hostile.area import Area
from benchmarks.hostile.canaries import Servers
from benchmarks.hostile.damage import Finding, Harm, Run
from benchmarks.hostile.users import NoSuchUser, User
from fixtures.hostile import Hostile, hostile_submissions
from fixtures.hostile.catalogue import TITLES

# Longer than any class takes that is not stuck.
MOST_SECONDS = 3600
Options = Sequence[str]


def chosen(only: str, training: bool) -> dict[str, Hostile]:
    """The submissions whose class or name begins with one of some words."""
    words = tuple(word.strip() for word in only.split(",") if word.strip()) or ("",)
    return {
        name: hostile
        for name, hostile in hostile_submissions().items()
        if (name.startswith(words) or hostile.kind.startswith(words)) and (training or not hostile.trains)
    }


def grouped(submissions: Mapping[str, Hostile], checks: str) -> Iterator[tuple[str, dict[str, Hostile]]]:
    """Submissions that are graded together, with the checks that they need between them."""
    groups: dict[str, dict[str, Hostile]] = {}
    for name, hostile in submissions.items():
        key = next((word for word in ("train", "overfit", "test") if word in hostile.checks), "")
        key = key or ("same" if hostile.checks == ("same",) else "others")
        groups.setdefault("all" if checks else key, {})[name] = hostile
    for group in groups.values():
        needed = dict.fromkeys(check for hostile in group.values() for check in hostile.checks)
        yield checks or ",".join(needed), group


def grade(area: Area, folder: Path, checks: str, options: Options) -> tuple[int, bytes]:
    """Grade a class with the command itself. Returns: its exit status, and all that it said."""
    command = [sys.executable, "-m", "autograder", "grade", str(folder / "class"), "--out", str(folder / "results")]
    command += ["--data", str(area.data), "--rubric", str(area.rubric), "--seed", area.seed, "--only", checks, *options]
    with (folder / "terminal").open("w+b") as terminal:
        started = subprocess.Popen(
            area.user.command(command),
            env=area.environment(),
            cwd=area.root,
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = started.wait(MOST_SECONDS)
        finally:
            started.kill()
            started.wait()
        terminal.seek(0)
        return status, terminal.read()


def run_class(area: Area, folder: Path, group: Mapping[str, Hostile], checks: str, options: Options) -> Run:
    """Write a class of honest submissions and hostile ones, and grade it."""
    (folder / "class").mkdir(parents=True)
    (folder / "results").mkdir()
    area.write_honest(folder / "class")
    honest = tuple(entry.name for entry in entries_of(folder / "class", folder / "results"))
    (folder / "results" / "note.txt").write_text(area.secret("the results") + "\n")
    written = {
        name: hostile.build(area.targets_for(hostile, folder), folder / "class") for name, hostile in group.items()
    }
    entries = {entry.path: entry.name for entry in entries_of(folder / "class", folder / "results")}
    names = {name: entries[path] for name, path in written.items() if path in entries}
    area.user.owns(area.root)
    before = damage.unchanging(folder, area)
    status, terminal = grade(area, folder, checks, options)
    return Run(folder, group, names, honest, status, terminal, before)


def findings(area: Area, number: int, group: Mapping[str, Hostile], checks: str, options: Options) -> list[Finding]:
    """Grade the honest ones alone, then all of a group, and look at what is there afterwards."""
    alone = run_class(area, area.root / f"alone{number}", {}, checks, options)
    if alone.status != 0:
        raise typer.BadParameter(f"honest submissions cannot be graded: {alone.terminal[-2000:].decode()}")
    seen = len(area.servers.contacts)
    run = run_class(area, area.root / f"run{number}", group, checks, options)
    found = [
        *damage.points_unearned(run),
        *damage.survivors(area),
        *damage.leaks(run, area),
        *damage.confessions(run, area),
        *damage.contacts(run, area, seen),
        *damage.signals(run, area),
        *damage.messages_left(run, area),
        *damage.changes(run.before, damage.unchanging(run.folder, area), area.tokens),
        *damage.strays(run, area),
        *damage.left_behind(area),
        *damage.live_text(run),
        *damage.harm(run, alone),
    ]
    area.forget_pictures()
    return list(dict.fromkeys(found))


def show(submissions: Mapping[str, Hostile], found: Sequence[Finding], console: Console) -> None:
    """The table by class, and what was found."""
    titles = {hostile.kind: TITLES[hostile.kind] for hostile in submissions.values()}
    rows = {kind: [f for f in found if f.name in submissions and submissions[f.name].kind is kind] for kind in titles}
    table = Table(title=f"{len(submissions)} hostile submissions", title_justify="left")
    for title in ("class", "tried", *Harm):
        table.add_column(str(title), justify="left" if title == "class" else "right")
    for kind, title in titles.items():
        tried = sum(hostile.kind is kind for hostile in submissions.values())
        table.add_row(title, str(tried), *(_sum(rows[kind], harm) for harm in Harm))
    others = [finding for finding in found if finding.name not in submissions]
    if others:
        table.add_row("whose is not known", "", *(_sum(others, harm) for harm in Harm))
    table.add_section()
    table.add_row("all", str(len(submissions)), *(_sum(found, harm) for harm in Harm))
    console.print(table)
    if found:
        details = Table(title="what was found", title_justify="left")
        for title in ("submission", "what", "details"):
            details.add_column(title, overflow="fold")
        for finding in sorted(found, key=lambda finding: (finding.name, finding.harm)):
            details.add_row(finding.name or "not known", str(finding.harm), Text(printable(finding.words)))
        console.print(details)


def _sum(found: Sequence[Finding], harm: Harm) -> str:
    return f"{sum(finding.size for finding in found if finding.harm is harm):g}"


def main(
    only: Annotated[str, typer.Option(help="Only classes or submissions that begin so; several with commas.")] = "",
    checks: Annotated[
        str, typer.Option(help="Grade all with these checks, in the place of those that each needs.")
    ] = "",
    training: Annotated[bool, typer.Option(help="Also those that need trainings of minutes.")] = False,
    user: Annotated[str, typer.Option(help="Grade as this user, such as nobody; only root can.")] = "",
    no_sandbox: Annotated[bool, typer.Option("--no-sandbox", help="Let the grader do without a cage.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Submissions graded at a time.")] = 2,
) -> None:
    """Grade hostile submissions among honest ones; exit status 1 where any of them got what it was after."""
    submissions = chosen(only, training)
    if not submissions:
        raise typer.BadParameter(f"no hostile submission or class begins with {only}", param_hint="--only")
    options = ["--jobs", str(jobs), *(["--no-sandbox"] if no_sandbox else [])]
    started, found = time.monotonic(), list[Finding]()
    console = Console()
    root = Path(tempfile.mkdtemp(prefix="hostile-"))
    root.chmod(0o755)
    with Servers(root, f"canary-{root.name}") as servers:
        try:
            area = Area(root, servers, User(user, root))
        except NoSuchUser as problem:
            raise typer.BadParameter(str(problem), param_hint="--user") from problem
        try:
            for number, (needed, group) in enumerate(grouped(submissions, checks)):
                console.print(f"{len(group)} submissions: {needed}", highlight=False)
                more = findings(area, number, group, needed, options)
                found += more
                for finding in more:
                    console.print(f"  {finding.name or 'not known'}: {finding.harm}", highlight=False, markup=False)
                console.print(f"{len(found)} findings after {time.monotonic() - started:.0f} s", highlight=False)
        finally:
            damage.sweep(area)
            area.close()
    show(submissions, found, console)
    console.print(f"{time.monotonic() - started:.0f} s as {user or 'whoever runs this'}", highlight=False)
    raise typer.Exit(1 if found else 0)


if __name__ == "__main__":
    typer.run(main)
