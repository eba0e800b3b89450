"""`autograder pack gradescope OUT.zip`: the autograder as an archive that Gradescope takes."""

import io
import shlex
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from autograder.boundary.sandbox import Sandbox
from autograder.datasets import DataSet
from autograder.gradescope.run import DATA, RUBRIC, SEED
from autograder.grading import checks_to_judge
from autograder.report.files import write_together
from autograder.report.inert import one_line
from autograder.rubric import DEFAULT_RUBRIC
from autograder.secret import NoSecret, secret_seed
from autograder.session import CannotGrade, Setup, prepare

REPOSITORY = Path(__file__).resolve().parents[2]
# The grader, and nothing that solves the assignment: neither the reference nor submissions made of it.
_FOLDERS = ("autograder", "fixtures", "student_template")
_LEFT_OUT = ("fixtures/submissions", "fixtures/hostile")
_BESIDE = ("pyproject.toml", "constraints.txt", "README.md")
_ENDINGS = frozenset({".py", ".toml", ".md", ".json", ".html", ".css", ".js", ".sh"})
_SCRIPTS = ("setup.sh", "run_autograder")
# The first moment that a zip archive can name; the same grader and options make the same bytes.
_MOMENT = (1980, 1, 1, 0, 0, 0)

commands = typer.Typer(no_args_is_help=True, help="Pack the grader for another system.")


@commands.callback()
def _commands() -> None:
    """Pack the grader for another system."""


@commands.command()
def gradescope(
    out: Annotated[Path, typer.Argument(help="The zip archive to write.")],
    data: Annotated[
        Path | None, typer.Option(help="Folder with train, test_w and test_m, to be packed along. Default: none.")
    ] = None,
    rubric: Annotated[Path, typer.Option(help="Points, thresholds and limits.")] = DEFAULT_RUBRIC,
    only: Annotated[str, typer.Option(help="Only these checks, by prefix.")] = "",
    seed: Annotated[
        int | None, typer.Option(min=0, help="What all probes are drawn from. Default: this account's secret.")
    ] = None,
    no_sandbox: Annotated[
        bool, typer.Option("--no-sandbox", help="Let submissions do all that root may in their container.")
    ] = False,
) -> None:
    """Write the autograder that is uploaded to Gradescope. Keep it to yourself: it holds the secret of your probes."""
    try:
        drawn_from = secret_seed() if seed is None else seed
        setup = _checked(data, drawn_from, only, rubric)
        packed = zipped(contents(setup, data is not None, rubric, no_sandbox))
        out.parent.mkdir(parents=True, exist_ok=True)
        write_together(out.parent, {out.name: packed})
        # Whoever may read it may read the secret.
        out.chmod(0o600)
    except (CannotGrade, NoSecret) as problem:
        _refuse(str(problem))
    except OSError as problem:
        _refuse(f"{problem.filename or out} cannot be read or written: {problem.strerror or problem}")
    points = sum(
        setup.rubric.points[check.id] for check in checks_to_judge(setup.rubric, setup.only) if check.automatic
    )
    typer.echo(f"{out} has {len(packed) / 2**20:.1f} MiB; set the assignment's autograder points to {points:g}")


def contents(setup: Setup, with_data: bool, rubric: Path, no_sandbox: bool) -> dict[str, bytes]:
    """The archive's files by name. Raises: OSError, where one cannot be read."""
    files = {name: (REPOSITORY / name).read_bytes() for name in (*_BESIDE, *_package())}
    files[RUBRIC] = rubric.read_bytes()
    files[SEED] = f"{setup.seed}\n".encode()
    files["setup.sh"] = Path(__file__).with_name("setup.sh").read_bytes()
    files["run_autograder"] = _run_autograder(setup.only, no_sandbox).encode()
    if with_data:
        files |= _photographs(setup.data_set)
    return files


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip archive, the same for the same files."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _MOMENT)
            mode = 0o755 if name in _SCRIPTS else 0o600 if name == SEED else 0o644
            entry.create_system, entry.external_attr = 3, (0o100000 | mode) << 16
            # Photographs are compressed already.
            packing = zipfile.ZIP_STORED if name.startswith(f"{DATA}/") else zipfile.ZIP_DEFLATED
            writer.writestr(entry, files[name], packing)
    return archive.getvalue()


def _checked(data: Path | None, seed: int, only: str, rubric: Path) -> Setup:
    """What would be graded with, so that a broken rubric is told here. Raises: CannotGrade."""
    if not (REPOSITORY / "pyproject.toml").is_file():
        raise CannotGrade("packing needs the repository, and this autograder was installed without it: use a clone")
    return prepare(data, seed, only.split(","), rubric, sandbox=Sandbox.NONE)


def _package() -> Iterator[str]:
    for folder in _FOLDERS:
        for path in sorted((REPOSITORY / folder).rglob("*")):
            name = path.relative_to(REPOSITORY).as_posix()
            if path.suffix in _ENDINGS and path.is_file() and not name.startswith(_LEFT_OUT):
                yield name


def _photographs(data_set: DataSet) -> dict[str, bytes]:
    places = [f"{photograph.shoe.folder}/{photograph.file_name}" for photograph in data_set.photographs]
    return {f"{DATA}/{place}": (data_set.folder / place).read_bytes() for place in places}


def _run_autograder(only: tuple[str, ...], no_sandbox: bool) -> str:
    options = (["--only", ",".join(only)] if only else []) + (["--no-sandbox"] if no_sandbox else [])
    command = shlex.join(["-P", "-m", "autograder.gradescope.run", *options])
    return f"""#!/usr/bin/env bash
# Gradescope runs this for each submission, as root.
root=${{AUTOGRADER_ROOT:-/autograder}}
export AUTOGRADER_CACHE="$root/cache"
exec "${{AUTOGRADER_PYTHON:-$root/venv/bin/python}}" {command} --root "$root" "$@"
"""


def _refuse(sentence: str) -> None:
    typer.echo(f"autograder: {one_line(sentence)}", err=True)
    raise typer.Exit(2)
