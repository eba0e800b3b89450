"""A submission as it was handed in: its digest, its notebook, and what lies beside that."""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from autograder.submission.contents import Kind
from autograder.submission.decisions import NO_DECISIONS, Decisions
from autograder.submission.files import NEVER_UNPACKED, File, Files, files_in, find_files
from autograder.submission.files_run import with_files_run
from autograder.submission.inert import inert
from autograder.submission.main_part import unfolded
from autograder.submission.modules import Modules, find_modules, module_text
from autograder.submission.notebook import Cell, Statement, Unparsed, Unreadable, read_cells, read_statements
from autograder.submission.python_text import MOST_LETTERS, Rewriter

_ENDINGS = (".ipynb", ".py", ".zip")
_MOST_WEIGHTS = 6
_MOST_MODULES = 40
_MOST_NOTEBOOKS = 20
_MOST_NOTES = 20  # of a kind


@dataclass(frozen=True)
class Bundle:
    """A submission that can be graded.

    notebook: name of the file whose cells are graded, files: where it is, or where several are that are taken
    together; modules: the Python files beside it; weights: files that hold a model's weights, by name, which nothing on
    this side opens; beside: whatever else its code may open, by name; notes: what is worth saying of the files;
    decided: what an instructor has decided; unpacked: keeps what came out of an archive.
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
    files: tuple[Path, ...] = ()
    unpacked: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False, compare=False)

    @property
    def code(self) -> dict[int, str]:
        return {cell.number: cell.source for cell in self.cells if cell.kind == "code"}


def submission_name(path: Path) -> str:
    """What a submission is called in results."""
    return path.stem if path.suffix.lower() in _ENDINGS else path.name


def digest_of(path: Path) -> str:
    """sha256 over the names and contents of a submission's files, or of the file alone.

    Of a folder, a file that cannot be read counts with its name. Raises: OSError, where the path cannot be read.
    """
    if not path.is_dir():
        return _digest_of_file(path) if path.is_file() else hashlib.sha256(b"").hexdigest()
    total = hashlib.sha256()
    for file in files_in(path)[0]:
        total.update(file.name.encode(errors="surrogateescape") + b"\0")
        try:
            total.update(bytes.fromhex(_digest_of_file(file.path)))
        except OSError:
            total.update(b"unreadable")
    return total.hexdigest()


def _digest_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
        beside = _Beside(found, notebook_mebibytes)
        for file in _looked_at(candidates, decided):
            try:
                bundles.append(_bundle(submission_name(path), digest, file, beside, decided))
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
    digest = hashlib.sha256("\0".join(sources).encode(errors="surrogatepass")).hexdigest()
    found = find_modules(statements, {f"{module}.py": text for module, text in modules.items()})
    return Bundle(name, digest, name, cells, with_files_run(statements, found.sources), unparsed, found)


def _no_notebook(path: Path, found: Files) -> str:
    what = "folder" if path.is_dir() else "archive"
    others = [file.last_name for file in found.files if file.last_name.lower().endswith((".rar", ".7z", ".gz"))]
    if others:
        return f"the {what} {path.name} holds no notebook but {others[0]}, an archive of a kind that is not unpacked"
    return " ".join([f"the {what} {path.name} holds no notebook", *(f"({note})" for note in found.notes)])


def _statements(cells: tuple[Cell, ...]) -> tuple[tuple[Statement, ...], tuple[Unparsed, ...]]:
    statements, unparsed = read_statements(cells)
    return unfolded(statements), unparsed


def _looked_at(candidates: list[File], decided: Decisions) -> list[File]:
    """The notebooks that are read, the one that an instructor has decided for among them."""
    chosen = [file for file in candidates if decided.notebook in (file.name, file.last_name)]
    return [*chosen, *(file for file in candidates if file not in chosen)][:_MOST_NOTEBOOKS]


def _bundle(name: str, digest: str, file: File, around: "_Beside", decided: Decisions) -> Bundle:
    found = around.found
    cells = read_cells(_content(file, around.mebibytes), file.last_name)
    statements, unparsed = _statements(cells)
    texts = {name: text for name, text in around.texts.items() if name != file.name}
    modules = find_modules(statements, texts, decided.modules, file.name.rpartition("/")[0])
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
        with_files_run(statements, modules.sources),
        unparsed,
        modules,
        weights,
        beside,
        tuple(map(inert, (*found.notes, *around.notes, *_notes_on(modules, decided)))),
        decided,
        (file.path,),
        found.unpacked,
    )


def _content(file: File, mebibytes: int) -> bytes:
    """The bytes of a file. Raises: Unreadable, where there are too many or it cannot be read."""
    try:
        with file.path.open("rb") as opened:
            # A file may grow while it is read.
            content = opened.read(mebibytes * 2**20 + 1)
            size = max(len(content), os.fstat(opened.fileno()).st_size)
    except OSError as problem:
        raise Unreadable(f"{file.last_name} cannot be read: {problem.strerror or problem}") from problem
    if size > mebibytes * 2**20:
        raise Unreadable(
            f"{file.last_name} has {size / 2**20:.0f} MiB, more than the {mebibytes} that are read; "
            "clear the outputs of its cells and save it again"
        )
    return content


class _Beside:
    """What of a submission's files can be imported, read once for all of its notebooks.

    texts: Python by the file's name; notes: what was not read, and why.
    """

    def __init__(self, found: Files, mebibytes: int) -> None:
        self.found = found
        self.mebibytes = mebibytes
        self.texts: dict[str, str] = {}
        self.notes: list[str] = []
        rewriter, letters_left = Rewriter(), MOST_LETTERS
        candidates = [*found.of_kind(Kind.CODE), *found.of_kind(Kind.NOTEBOOK)]
        for file in candidates[: _MOST_MODULES + 1]:
            try:
                text = module_text(_content(file, mebibytes), file.last_name, rewriter)
            except Unreadable as problem:
                self.notes.append(str(problem))
                continue
            letters_left -= len(text)
            if letters_left < 0:
                self.notes.append(f"from {file.name} on, the files beside the notebook hold more code than is read")
                break
            self.texts[file.name] = text
        if len(candidates) > _MOST_MODULES + 1:
            self.notes.append(f"only {_MOST_MODULES} of the {len(candidates) - 1} files with code can be imported")


def _notes_on(modules: Modules, decided: Decisions) -> Iterator[str]:
    if decided != NO_DECISIONS:
        yield f"decided in overrides.toml: {decided}"
    for module, file in modules.renamed.items():
        yield f"{module} was taken from the file {file}"
    for shadow in modules.shadows[:_MOST_NOTES]:
        yield str(shadow)
    for module in modules.absent[:_MOST_NOTES]:
        yield f"{module} is imported, and no file of the submission is called so or holds what is taken from it"
