"""Questions 1b and 1c: what a generator makes of coded pictures of a few students."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.boundary.replies import CALL, DESCRIBE, STORE, Facts, fetch, part_shape
from autograder.datasets import STRIDE
from autograder.evidence.arguments import CannotCall, matched
from autograder.evidence.kinds import GROUPED, OTHER_COUNT, DifferentPairs, NoEvidence, PairImages, SamePairs
from autograder.evidence.laboratory import (
    GIVEN_STUDENTS,
    Bench,
    Laboratory,
    Unavailable,
    not_found,
    still_to_be_written,
)
from autograder.program.names import FUNCTIONS, Role
from autograder.program.roles import Candidate
from autograder.verdict import Outcome
from fixtures.catalogue import Shoe

STUDENTS = 2
DRAWS = 5
MOST_SIZES = 3
MOST_GUESSES = 6
CLOSE = 1e-5
Row = tuple[Shoe | None, Shoe | None]


def collect_same(laboratory: Laboratory) -> Iterator[PairImages | NoEvidence]:
    """What `generate_same_pair` makes."""
    yield _collect(laboratory, Role.SAME, SamePairs)


def collect_different(laboratory: Laboratory) -> Iterator[PairImages | NoEvidence]:
    """What `generate_different_pair` makes."""
    yield _collect(laboratory, Role.DIFFERENT, DifferentPairs)


def generator(laboratory: Laboratory, role: Role) -> Candidate | None:
    """The function that makes pairs or wrong pairs, None where none is attempted."""
    if role not in laboratory.generators:
        _collect(laboratory, role, SamePairs if role is Role.SAME else DifferentPairs)
    return laboratory.generators[role]


def _collect(laboratory: Laboratory, role: Role, kind: type[PairImages]) -> PairImages | NoEvidence:
    understanding = laboratory.understanding
    candidates = [candidate for candidate in understanding.roles[role] if not candidate.skeleton]
    laboratory.generators[role] = candidates[0] if candidates else None
    first: PairImages | NoEvidence | None = None
    first_resolved: dict[str, Any] = {}
    for candidate in candidates[:3]:
        laboratory.resolved.pop(role, None)
        seen = _try(laboratory, role, candidate, kind)
        if isinstance(seen, PairImages) and seen.layout:
            laboratory.generators[role] = candidate
            return seen
        if isinstance(seen, PairImages):
            laboratory.ruled_out.add((role, candidate.name))
        if first is None:
            first, first_resolved = seen, laboratory.resolved.get(role, {})
    if first is not None:
        laboratory.resolved.pop(role, None)
        if first_resolved:  # else what its text declares is all that is known
            laboratory.resolved[role] = first_resolved
        return first
    skeleton = understanding.skeleton(role)
    if skeleton is not None:
        return still_to_be_written(skeleton.name)
    return _by_what_it_does(laboratory, role, kind) or _by_value(laboratory, role, kind) or not_found(role)


def _by_what_it_does(laboratory: Laboratory, role: Role, kind: type[PairImages]) -> PairImages | None:
    """A function whose name tells nothing, but whose pictures do."""
    understanding = laboratory.understanding
    taken = {found.name for other in FUNCTIONS if (found := understanding.first(other))}
    guesses = []
    for position, statement in enumerate(understanding.dependencies.statements):
        name, arguments = _function(statement.node)
        if name and name not in taken and arguments:
            guesses.append(Candidate(role, name, position, statement.cell, "what it makes"))
    for candidate in guesses[:MOST_GUESSES]:
        seen = _try(laboratory, role, candidate, kind)
        if isinstance(seen, PairImages) and seen.layout and _makes(role, seen):
            laboratory.generators[role] = candidate
            return seen
    laboratory.resolved.pop(role, None)
    return None


def _by_value(laboratory: Laboratory, role: Role, kind: type[PairImages]) -> PairImages | None:
    """An array that the notebook makes of its training data at the top level, with no function around it."""
    laboratory.generators[role] = None
    for candidate in laboratory.understanding.values_for(role)[:MOST_GUESSES]:
        draws: list[tuple[Row, ...]] = []
        first: PairImages | None = None
        for draw in range(DRAWS):
            try:
                seen = laboratory.attempt(
                    [candidate],
                    lambda bench, candidate=candidate: _observe_value(laboratory, bench, candidate, kind),  # type: ignore[misc]
                    given=laboratory.given_arrays,
                    draw=draw,
                )
            except Unavailable:
                break
            if not seen.layout or not _makes(role, seen) or seen.draws[0] in draws:
                break
            draws.append(seen.draws[0])
            first = first or seen
        if first is not None:
            laboratory.resolved[role] = {"name": candidate.name, "cell": candidate.cell}
            return replace(first, draws=tuple(draws))
    return None


def _observe_value(laboratory: Laboratory, bench: Bench, candidate: Candidate, kind: type[PairImages]) -> PairImages:
    facts = bench.ask(DESCRIBE, {"value": {"kept": candidate.key}})
    rows, shape, layout = _rows(bench, facts, GIVEN_STUDENTS, candidate.key)
    if rows is None:
        return kind(shape, layout, (), (), GIVEN_STUDENTS, bench.remark, False)
    shoes = _read(laboratory, rows)
    return kind(shape, layout, (shoes,), _damaged(laboratory, rows, shoes), GIVEN_STUDENTS, bench.remark, False)


def _function(node: ast.stmt) -> tuple[str, list[ast.arg]]:
    """Name and parameters of a function or a lambda that a statement defines."""
    if isinstance(node, ast.FunctionDef):
        return node.name, node.args.args
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, node.value.args.args
    return "", []


def _makes(role: Role, seen: PairImages) -> bool:
    rows = [(top, bottom) for top, bottom in seen.draws[0] if top and bottom and top.student == bottom.student]
    fitting = [(top.pair == bottom.pair) == (role is Role.SAME) for top, bottom in rows]
    return bool(fitting) and sum(fitting) > len(fitting) / 2


def _try(laboratory: Laboratory, role: Role, candidate: Candidate, kind: type[PairImages]) -> PairImages | NoEvidence:
    """The candidate's pictures for a few students, or for as many as a number in its code asks for."""
    failure: PairImages | NoEvidence | None = None
    # As an array, then as a tensor, which some notebooks make of their data early; then in other sizes.
    ways = [(STUDENTS, False), (STUDENTS, True), *((size, False) for size in _sizes_in_code(laboratory, candidate))]
    for size, tensor in ways:
        try:
            seen = laboratory.attempt(
                [candidate],
                lambda bench, size=size, tensor=tensor: _observe(  # type: ignore[misc]
                    laboratory, bench, role, candidate, kind, size, tensor
                ),
                given=laboratory.given_arrays,
            )
        except Unavailable as unavailable:
            failure = failure or unavailable.reason
            if unavailable.reason.outcome is not Outcome.FAIL:
                break
            continue
        if seen.layout == "as asked" or (failure is None and size == STUDENTS and seen.layout):
            return seen
        failure = failure or seen
    assert failure is not None
    return failure


def _sizes_in_code(laboratory: Laboratory, candidate: Candidate) -> tuple[int, ...]:
    """Numbers of students for which a function may have been written: whole numbers in it, or a third of them."""
    node = laboratory.understanding.dependencies.statements[candidate.position].node
    numbers = {
        child.value
        for child in ast.walk(node)
        if isinstance(child, ast.Constant) and isinstance(child.value, int) and not isinstance(child.value, bool)
    }
    most = len(laboratory.coded.data.students("train"))
    sizes = {number // divisor for number in numbers for divisor in (1, 3) if number % divisor == 0}
    return tuple(sorted(size for size in sizes if STUDENTS < size <= most))[:MOST_SIZES]


def _observe(
    laboratory: Laboratory,
    bench: Bench,
    role: Role,
    candidate: Candidate,
    kind: type[PairImages],
    size: int,
    tensor: bool,
) -> PairImages:
    students = laboratory.students(size)
    data = laboratory.coded.codebook.array(students)
    function = {"kept": candidate.key}
    parameters = bench.signature(function)
    try:
        arguments = matched(
            parameters,
            {"data": {"stored": "data", "tensor": tensor}},
            {"n": {"value": len(students)}},
            laboratory.understanding.arguments(role),
        )
    except CannotCall as problem:
        observed = f"it is not clear what to give `{candidate.name}` for its parameter `{problem.parameter}`"
        raise Unavailable(NoEvidence(Outcome.FAIL, observed)) from None
    laboratory.resolved[role] = {
        "name": candidate.name,
        "cell": candidate.cell,
        "parameters": {"data": name} if (name := _name_given(parameters, arguments)) else {},
    }
    draws: list[tuple[Row, ...]] = []
    damaged: tuple[int, ...] = ()
    shape: tuple[int, ...] = ()
    layout = ""
    bench.ask(STORE, {}, {"data": data})
    for draw in range(DRAWS if size == STUDENTS else 1):
        request = {"function": function, **arguments.request(), "keep": "pairs", "draw": draw}
        facts = bench.ask(CALL, request)
        rows, shape_now, layout_now = _rows(bench, facts, len(students))
        if draw == 0:
            shape, layout = shape_now, layout_now
        if rows is None:
            break
        shoes = _read(laboratory, rows)
        if draw == 0:
            damaged = _damaged(laboratory, rows, shoes)
        elif draw == 1 and shoes == draws[0]:
            break
        draws.append(shoes)
    return kind(shape, layout, tuple(draws), damaged, len(students), bench.remark, size != STUDENTS)


def _name_given(parameters: Any, arguments: Any) -> str | None:
    for name, reference in arguments.named:
        if "stored" in reference:
            return str(name)
    for parameter, reference in zip(parameters, arguments.positional, strict=False):
        if "stored" in reference:
            return str(parameter.name)
    return None


@dataclass(frozen=True)
class Layout:
    """One way in which tall pictures may lie in an array. lengths: of the axes behind those that count examples;
    height, width, colour: which of these axes is which; grouped: whether students have an axis of their own."""

    words: str
    lengths: tuple[int, int, int]
    height: int
    width: int
    colour: int
    grouped: bool = False


LAYOUTS = (
    Layout("as asked", (448, 224, 3), 0, 1, 2),
    Layout("channels come first", (3, 448, 224), 1, 2, 0),
    Layout("channels come first and width before height", (3, 224, 448), 2, 1, 0),
    Layout(GROUPED, (448, 224, 3), 0, 1, 2, grouped=True),
)


def _rows(
    bench: Bench, facts: Facts, students: int, kept: str = "pairs"
) -> tuple[NDArray[Any] | None, tuple[int, ...], str]:
    """Every fourth pixel of the tall pictures in a result, [M, 112, 56, 3]; its own shape; and its layout in words."""
    reference: dict[str, Any] = {"kept": kept}
    if facts.shape is None and facts.kind in ("tuple", "list"):
        # Pictures together with their labels: the pictures are the part with the most axes.
        ranked = sorted(enumerate(facts.items), key=lambda pair: -len(pair[1].shape or ()))
        if ranked and len(ranked[0][1].shape or ()) >= 4:
            reference, facts = {"kept": kept, "item": [ranked[0][0]]}, ranked[0][1]
    shape = facts.shape
    if shape is None:
        hint = "Does every way through the function end in a return?" if facts.kind == "none" else ""
        raise Unavailable(NoEvidence(Outcome.FAIL, f"what comes back is no array but {facts.what}", hint))
    for layout in LAYOUTS:
        before = 2 if layout.grouped else 1
        if shape[before:] == layout.lengths and 0 < shape[0] <= 6 * students:
            break
    else:
        return None, shape, ""
    index: list[list[int | None]] = [[None, None, None]] * len(shape)
    for axis in (layout.height, layout.width):
        index[before + axis] = [None, None, STRIDE]
    rows = bench.ask(fetch(part_shape(shape, index)), {"value": reference, "index": index})
    rows = rows.reshape(-1, *rows.shape[before:])
    rows = rows.transpose(0, 1 + layout.height, 1 + layout.width, 1 + layout.colour)
    other_count = layout.words == "as asked" and shape[0] != 3 * students
    return rows, shape, OTHER_COUNT if other_count else layout.words


def _read(laboratory: Laboratory, rows: NDArray[Any]) -> tuple[Row, ...]:
    half = rows.shape[1] // 2
    read = laboratory.coded.codebook.read
    return tuple(zip(read(rows[:, :half]), read(rows[:, half:]), strict=True))


@np.errstate(all="ignore")
def _damaged(laboratory: Laboratory, rows: NDArray[Any], shoes: tuple[Row, ...]) -> tuple[int, ...]:
    """Rows that show the right shoes but not as they are: mirrored, rescaled, rounded to whole numbers."""
    damaged = []
    for number, (row, (top, bottom)) in enumerate(zip(rows, shoes, strict=True)):
        if top is None or bottom is None:
            continue
        picture = laboratory.coded.codebook.picture
        pixels = np.concatenate([picture(top)[::STRIDE, ::STRIDE], picture(bottom)[::STRIDE, ::STRIDE]])
        # A difference that is no number is none that is small.
        if not np.abs(row - (pixels / 255 - 0.5)).max() <= CLOSE:
            damaged.append(number)
    return tuple(damaged)
