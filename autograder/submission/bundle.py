"""A submission as it was handed in: its files, its digest, and the notebook in it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.submission.notebook import Cell, Statement, Unparsed, Unreadable, read_cells, read_statements

_NOTEBOOKS = (".ipynb", ".py")
_WEIGHTS = (".pk", ".pkl", ".pth", ".pt", ".ckpt", ".safetensors", ".tar")
_MOST_WEIGHTS = 6
_PASSED_OVER = (".ipynb_checkpoints", "__MACOSX", "__pycache__", ".git")


@dataclass(frozen=True)
class Bundle:
    """A submission that can be graded.

    notebook: name of the file whose cells are graded; modules: text of the Python files beside it, by module name;
    weights: files beside it that hold a model's weights by their names, by file name; nothing on this side opens them.
    """

    name: str
    digest: str
    notebook: str
    cells: tuple[Cell, ...]
    statements: tuple[Statement, ...]
    unparsed: tuple[Unparsed, ...] = ()
    modules: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, Path] = field(default_factory=dict)

    @property
    def code(self) -> dict[int, str]:
        return {cell.number: cell.source for cell in self.cells if cell.kind == "code"}


def submission_name(path: Path) -> str:
    """What a submission is called in results."""
    return path.stem if path.suffix in _NOTEBOOKS else path.name


def digest_of(path: Path) -> str:
    """sha256 over the names and contents of a submission's files, or of the file alone."""
    total = hashlib.sha256()
    if not path.is_dir():
        total.update(path.read_bytes() if path.is_file() else b"")
        return total.hexdigest()
    for file in sorted(p for p in path.rglob("*") if p.is_file() and not p.is_symlink()):
        total.update(str(file.relative_to(path)).encode() + b"\0")
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def read_bundle(path: Path, notebook_mebibytes: int) -> Bundle:
    """Read a notebook, a script, or a folder that holds one of these and perhaps helper modules.

    Raises: Unreadable, whose message is one sentence.
    """
    try:
        if path.is_dir():
            return _folder(path, notebook_mebibytes)
        return _made(path, path, notebook_mebibytes, {})
    except OSError as problem:
        raise Unreadable(f"{path.name} cannot be read: {problem.strerror or problem}") from problem


def bundle_of_cells(sources: list[str], name: str, modules: Mapping[str, str]) -> Bundle:
    """A bundle made of code cells that are nowhere saved, such as those of a running notebook."""
    cells = tuple(Cell(number, "code", source) for number, source in enumerate(sources))
    statements, unparsed = read_statements(cells)
    digest = hashlib.sha256("\0".join(sources).encode()).hexdigest()
    return Bundle(name, digest, name, cells, statements, unparsed, modules)


def _folder(path: Path, notebook_mebibytes: int) -> Bundle:
    files = [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file()
        and not file.is_symlink()
        and not any(part in _PASSED_OVER or part.startswith("._") for part in file.relative_to(path).parts)
    ]
    notebooks = [file for file in files if file.suffix == ".ipynb"]
    scripts = [file for file in files if file.suffix == ".py"]
    candidates = notebooks or scripts
    if not candidates:
        raise Unreadable(f"the folder {path.name} holds no notebook")
    readable: list[Bundle] = []
    problems: list[Unreadable] = []
    for candidate in candidates:
        modules = {file.stem: file.read_text(errors="replace") for file in scripts if file != candidate}
        try:
            readable.append(_made(path, candidate, notebook_mebibytes, modules))
        except Unreadable as problem:
            problems.append(problem)
    if not readable:
        raise problems[0]
    weights = [file for file in files if file.suffix.lower() in _WEIGHTS][:_MOST_WEIGHTS]
    best = max(readable, key=lambda bundle: len(bundle.statements))
    return replace(best, weights={str(file.relative_to(path)): file for file in weights})


def _made(submission: Path, file: Path, notebook_mebibytes: int, modules: Mapping[str, str]) -> Bundle:
    if not file.is_file():
        raise Unreadable(f"{file.name} does not exist" if not file.exists() else f"{file.name} is no ordinary file")
    size = file.stat().st_size
    if size > notebook_mebibytes * 2**20:
        raise Unreadable(
            f"{file.name} has {size / 2**20:.0f} MiB, more than the {notebook_mebibytes} that are read; "
            "clear the outputs of its cells and save it again"
        )
    cells = read_cells(file.read_bytes(), file.name)
    statements, unparsed = read_statements(cells)
    return Bundle(submission_name(submission), digest_of(submission), file.name, cells, statements, unparsed, modules)
