"""Where in the files of a submission the code stands that a check speaks of."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.report.about import IN_CELL, cells_of_answer, roles_of
from autograder.submission.bundle import Bundle
from autograder.submission.lines import cells_in, file_line

_IN_MODULE = re.compile(r"\((\w{1,100})\.py, line (\d{1,6})\)\W*$")


@dataclass(frozen=True)
class Place:
    """file: as the repository has it, with forward slashes; line: of the file's text, counted from 1, None where it is
    not known; cell: of the notebook, counted from 0, None elsewhere."""

    file: str
    line: int | None = None
    cell: int | None = None


def places_of(path: Path, bundle: Bundle | None, result: Mapping[str, Any], repository: Path) -> dict[str, Place]:
    """By check id, where the code stands that it speaks of; at least the file.

    Args: path: the submission as it was graded, of which bundle was read, None where it could not be; repository: the
        folder from which files are named. What lies outside of it, and what is packed in an archive, has no place.
    """
    if bundle is None:
        itself = _named(path, repository)
        return dict.fromkeys(result["checks"], itself) if itself is not None else {}
    finder = _Finder(path, bundle, repository)
    found = {id: finder.place(id, entry, result["code"]) for id, entry in result["checks"].items()}
    return {id: place for id, place in found.items() if place is not None}


class _Finder:
    def __init__(self, path: Path, bundle: Bundle, repository: Path) -> None:
        self._folder = path if path.is_dir() else path.parent
        self._bundle = bundle
        self._repository = repository

    def place(self, id: str, entry: Mapping[str, Any], code: Mapping[str, Mapping[str, Any]]) -> Place | None:
        if found := IN_CELL.search(entry["observed"]):
            return self._in_cell(int(found[1]), int(found[2]))
        if (found := _IN_MODULE.search(entry["observed"])) and found[1] in self._bundle.modules.files:
            return self._in_file(self._bundle.modules.files[found[1]], int(found[2]))
        if answered := cells_of_answer(entry):
            return self._in_cell(answered[0], 1)
        for role in roles_of(id):
            written = code.get(role.value)
            if written is not None:
                return self._written(written)
        return self._in_file(self._bundle.notebook, None)

    def _written(self, code: Mapping[str, Any]) -> Place | None:
        """Where a piece of code begins that the result shows."""
        if "cell" in code:
            return self._in_cell(code["cell"], code["line"])
        return self._in_file(code["file"], code["line"])

    def _in_cell(self, cell: int, line: int) -> Place | None:
        """A line of a cell; the cells of several notebooks are numbered through."""
        names = [self._bundle.notebook]
        if not (self._folder / names[0]).is_file():
            names = names[0].split(" + ")
        within = cell
        for name in names:
            content = self._content(name)
            if content is None:
                return None
            found = file_line(content, within, line)
            if found is not None or name == names[-1]:
                script = not name.endswith(".ipynb")
                return self._named(name, found, None if script else cell)
            within -= cells_in(content)
        return None

    def _in_file(self, name: str, line: int | None) -> Place | None:
        # The lines of a notebook that is imported are those of its JSON, and not known here.
        return self._named(name, line if name.endswith(".py") else None, None)

    def _content(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            return None

    def _named(self, name: str, line: int | None, cell: int | None) -> Place | None:
        return _named(self._folder / name, self._repository, line, cell)


def _named(path: Path, repository: Path, line: int | None = None, cell: int | None = None) -> Place | None:
    """A place in a file as the repository names it, None where it holds no such file."""
    # A link keeps the name it has here.
    file, root = (Path(os.path.abspath(one)) for one in (path, repository))  # noqa: PTH100
    if not file.is_file() or not file.is_relative_to(root):
        return None
    return Place(file.relative_to(root).as_posix(), line, cell)
