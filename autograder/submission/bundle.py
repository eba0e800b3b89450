"""A submission as it was handed in: its digest, its notebook, and what lies beside that."""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from autograder.submission.contents import Kind
from autograder.submission.decisions import NO_DECISIONS, Decisions
from autograder.submission.files import NEVER_UNPACKED, File, Files, find_files
from autograder.submission.main_part import unfolded
from autograder.submission.modules import Modules, find_modules, module_text, with_files_run
from autograder.submission.notebook import Cell, Statement, Unparsed, Unreadable, read_cells, read_statements

_ENDINGS = (".ipynb", ".py", ".zip")
_MOST_WEIGHTS = 6
_MOST_MODULES = 40


@dataclass(frozen=True)
class Bundle:
    """A submission that can be graded.

    notebook: name of the file whose cells are graded; modules: the Python files beside it; weights: files that hold a
    model's weights, by name, which nothing on this side opens; beside: whatever else its code may open, by name;
    notes: what is worth saying of the files; decided: what an instructor has decided; unpacked: keeps what came out of
    an archive.
    """

    name: str
    digest: str
    notebook: str
    cells: tuple[Cell, ...]
    statements: tuple[Statement, ...]
    unparsed: tuple[Unparsed, ...] = ()
    modules: Modules = field(default_factory=Modules)
    weights: Mapping[str, Path] = field(default_factory=dict)
    beside: Mapping[str, Path] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    decided: Decisions = NO_DECISIONS
    unpacked: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False, compare=False)

    @property
    def code(self) -> dict[int, str]:
        return {cell.number: cell.source for cell in self.cells if cell.kind == "code"}


def submission_name(path: Path) -> str:
    """What a submission is called in results."""
    return path.stem if path.suffix.lower() in _ENDINGS else path.name


def digest_of(path: Path) -> str:
    """sha256 over the names and contents of a submission's files, or of the file alone."""
    total = hashlib.sha256()
    if not path.is_dir():
        total.update(path.read_bytes() if path.is_file() else b"")
        return total.hexdigest()
    for file in sorted(p for p in path.rglob("*") if p.is_file() and not p.is_symlink()):
        total.update(str(file.relative_to(path)).encode(errors="surrogateescape") + b"\0")
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def read_bundles(path: Path, notebook_mebibytes: int, decided: Decisions = NO_DECISIONS) -> tuple[Bundle, ...]:
    """Each notebook of a submission that can be read, or each script where there is none, with what lies beside it.

    Args: path: a notebook, a script, a folder or a zip archive.
    Raises: Unreadable, whose message is one sentence, where there is not one.
    """
    try:
        found = find_files(path)
        candidates = found.of_kind(Kind.NOTEBOOK) or found.of_kind(Kind.CODE)
        if not candidates and not path.is_dir() and len(found.files) == 1 and not found.unpacked:
            candidates = [found.files[0]]  # whatever it is: reading it says best why it is no notebook
        if not candidates:
            raise Unreadable(_no_notebook(path, found))
        digest = digest_of(path)
        bundles: list[Bundle] = []
        problems: list[Unreadable] = []
        for file in candidates:
            try:
                bundles.append(_bundle(submission_name(path), digest, file, found, notebook_mebibytes, decided))
            except Unreadable as problem:
                problems.append(problem)
        if not bundles:
            raise problems[0]
        return tuple(bundles)
    except OSError as problem:
        raise Unreadable(f"{path.name} cannot be read: {problem.strerror or problem}") from problem


def bundle_of_cells(sources: list[str], name: str, modules: Mapping[str, str]) -> Bundle:
    """A bundle made of code cells that are nowhere saved, such as those of a running notebook."""
    cells = tuple(Cell(number, "code", source) for number, source in enumerate(sources))
    statements, unparsed = _statements(cells)
    digest = hashlib.sha256("\0".join(sources).encode()).hexdigest()
    found = find_modules(statements, {f"{module}.py": text for module, text in modules.items()})
    return Bundle(name, digest, name, cells, with_files_run(statements, found), unparsed, found)


def _no_notebook(path: Path, found: Files) -> str:
    what = "folder" if path.is_dir() else "archive"
    others = [file.last_name for file in found.files if file.last_name.lower().endswith((".rar", ".7z", ".gz"))]
    if others:
        return f"the {what} {path.name} holds no notebook but {others[0]}, an archive of a kind that is not unpacked"
    return " ".join([f"the {what} {path.name} holds no notebook", *(f"({note})" for note in found.notes)])


def _statements(cells: tuple[Cell, ...]) -> tuple[tuple[Statement, ...], tuple[Unparsed, ...]]:
    statements, unparsed = read_statements(cells)
    return unfolded(statements), unparsed


def _bundle(name: str, digest: str, file: File, found: Files, notebook_mebibytes: int, decided: Decisions) -> Bundle:
    cells = read_cells(_bounded(file, notebook_mebibytes), file.last_name)
    statements, unparsed = _statements(cells)
    modules = find_modules(
        statements, dict(_texts(found, file, notebook_mebibytes)), decided.modules, file.name.rpartition("/")[0]
    )
    weights = {other.name: other.path for other in found.of_kind(Kind.WEIGHTS)[:_MOST_WEIGHTS]}
    beside = {
        other.name: other.path
        for other in found.files
        if other != file and PurePosixPath(other.name).suffix.lower() not in NEVER_UNPACKED
    }
    return Bundle(
        name,
        digest,
        file.name,
        cells,
        with_files_run(statements, modules),
        unparsed,
        modules,
        weights,
        beside,
        (*found.notes, *_notes_on(modules, decided)),
        decided,
        found.unpacked,
    )


def _bounded(file: File, mebibytes: int) -> bytes:
    size = file.path.stat().st_size
    if size > mebibytes * 2**20:
        raise Unreadable(
            f"{file.last_name} has {size / 2**20:.0f} MiB, more than the {mebibytes} that are read; "
            "clear the outputs of its cells and save it again"
        )
    return file.path.read_bytes()


def _texts(found: Files, notebook: File, mebibytes: int) -> Iterator[tuple[str, str]]:
    """The text of each file beside the notebook that can be imported, by its name."""
    files = [file for file in (*found.of_kind(Kind.CODE), *found.of_kind(Kind.NOTEBOOK)) if file != notebook]
    for file in files[:_MOST_MODULES]:
        if file.path.stat().st_size <= mebibytes * 2**20:
            yield file.name, module_text(file.path.read_bytes(), file.last_name)


def _notes_on(modules: Modules, decided: Decisions) -> Iterator[str]:
    if decided != NO_DECISIONS:
        yield f"decided in overrides.toml: {decided}"
    for module, file in modules.renamed.items():
        yield f"{module} was taken from the file {file}"
    for module in modules.absent:
        yield f"{module} is imported, and no file of the submission is called so or holds what is taken from it"
