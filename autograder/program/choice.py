"""Which of several notebooks is the submission: the one that does most of the assignment, whatever it is called."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from autograder.program.names import FUNCTIONS, Role
from autograder.program.roles import Candidate
from autograder.program.understanding import Understanding
from autograder.submission.bundle import Bundle
from autograder.submission.inert import inert
from autograder.submission.notebook import NothingThere


@dataclass(frozen=True)
class _Read:
    """A notebook and what of the assignment is in it: roles that are played, and not by a skeleton."""

    bundle: Bundle
    roles: frozenset[Role]
    trainings: int

    @property
    def likelihood(self) -> tuple[int, int, int, int]:
        outputs = sum(bool(cell.output) or cell.executed is not None for cell in self.bundle.cells)
        return len(self.roles), self.trainings, outputs, len(self.bundle.statements)


def the_submission(bundles: Sequence[Bundle]) -> Bundle:
    """The notebook to grade, with a note where it was not the only one.

    Where each of two notebooks does what the other one does not, both are taken, one after the other.

    Raises: NothingThere, where an instructor has decided for a file that is not there.
    """
    decided = bundles[0].decided.notebook
    if decided is not None:
        return _decided(bundles, decided)
    if len(bundles) == 1:
        return bundles[0]
    read = sorted((_read(bundle) for bundle in bundles), key=lambda r: r.likelihood, reverse=True)
    best = read[0]
    parts = [best]
    for other in read[1:]:
        if _adds_to(parts, other):
            parts.append(other)
    if len(parts) > 1:
        return _joined([part.bundle for part in parts])
    names = [inert(r.bundle.notebook, 100) for r in read[:4]]
    words = [f"{len(other.roles)} in {name}" for other, name in zip(read[1:], names[1:], strict=False)]
    parts_in = f"{len(best.roles)} parts of the assignment are in it, {', '.join(words)}"
    note = f"of {len(read)} notebooks {names[0]} was taken: {parts_in}"
    return replace(best.bundle, notes=(*best.bundle.notes, inert(note)))


def _decided(bundles: Sequence[Bundle], name: str) -> Bundle:
    found = [bundle for bundle in bundles if name in (bundle.notebook, bundle.notebook.rsplit("/", 1)[-1])]
    if not found:
        listed = ", ".join(bundle.notebook for bundle in bundles)
        raise NothingThere(f"overrides.toml names the notebook {name}, and the submission holds {listed}")
    return found[0]


def _read(bundle: Bundle) -> _Read:
    understanding = Understanding(bundle)
    played = {role: found for role in Role if (found := understanding.first(role)) is not None}
    roles = frozenset(
        role for role, found in played.items() if role in FUNCTIONS or not _is_saved(understanding, found)
    )
    trainings = sum(map(understanding.dependencies.trains, range(len(bundle.statements))))
    return _Read(bundle, roles, trainings)


def _is_saved(understanding: Understanding, array: Candidate) -> bool:
    """Whether an array comes from a file of arrays, so that what makes it is elsewhere."""
    needed = understanding.narrow([array]).positions
    text = "".join(understanding.dependencies.statements[position].source for position in needed)
    return bool(re.search(r"\b(np|numpy|torch|pickle|joblib)\.load\(", text))


def _adds_to(parts: Sequence[_Read], other: _Read) -> bool:
    """Whether a notebook does what no other does, and leaves undone what they do: one half of the work, that is. An
    older copy of the whole may well hold a thing that was dropped later."""
    taken = {
        node.module for part in parts for s in part.bundle.statements if isinstance(node := s.node, ast.ImportFrom)
    }
    files = parts[0].bundle.modules.files
    if any(files.get(module or "") == other.bundle.notebook for module in taken):
        return False  # it is a module of theirs already, as `%run helpers.ipynb` makes it
    together = frozenset().union(*(part.roles for part in parts))
    return len(other.roles - together) >= 2 and len(other.roles & together) <= len(other.roles) // 2


def _joined(bundles: Sequence[Bundle]) -> Bundle:
    """Several notebooks as one, in the order of their names; cells are numbered through."""
    in_order = sorted(bundles, key=lambda b: [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", b.notebook)])
    first = in_order[0]
    cells, statements, unparsed, words = list(first.cells), list(first.statements), list(first.unparsed), []
    for bundle in in_order[1:]:
        start = len(cells)
        words.append(f"{bundle.notebook} from cell {start} on")
        cells += [replace(cell, number=cell.number + start) for cell in bundle.cells]
        statements += [replace(statement, cell=statement.cell + start) for statement in bundle.statements]
        unparsed += [replace(entry, cell=entry.cell + start) for entry in bundle.unparsed]
    note = f"{first.notebook} and {', '.join(words)} were taken together: each holds what the other does not"
    return replace(
        first,
        notebook=" + ".join(bundle.notebook for bundle in in_order),
        cells=tuple(cells),
        statements=tuple(statements),
        unparsed=tuple(unparsed),
        files=tuple(file for bundle in in_order for file in bundle.files),
        notes=(*first.notes, inert(note)),
    )
