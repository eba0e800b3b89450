"""Question 1a: the arrays that a submission makes of the coded photographs."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.boundary.replies import ARRAYS as NAMES_OF_ARRAYS
from autograder.boundary.replies import DESCRIBE, fetch, part_shape
from autograder.datasets import STRIDE
from autograder.evidence.forms import FORMS, WHOLE_FORMS, closeness, form_of
from autograder.evidence.kinds import LoadedArray, LoadedData, NoEvidence, Spread
from autograder.evidence.laboratory import Bench, Laboratory, Unavailable, not_found, still_to_be_written
from autograder.evidence.spreads import spread_of
from autograder.program.names import ARRAYS, Role
from autograder.program.roles import Candidate
from autograder.program.waking import Lost, lost_arrays, woken
from autograder.verdict import Outcome
from fixtures.catalogue import Photograph, Shoe
from fixtures.coded import normalised

CHUNK = 8
WHOLE_PICTURES = 4
MOST_CANDIDATES = 4
MOST_ARRAYS = 8
HELD = "what it holds"
EVERYTHING: list[int | None] = [None, None, None]
OTHER_DELIVERY = (
    "Loaded from a copy of the data in which every photograph ends in .jpg, as some terms had it; "
    "on the data as handed out it did not do as well."
)

_MATPLOTLIB_IMREAD = re.compile(r"(?<!cv2\.)(?<!io\.)\bimread\s*\(")


def collect(laboratory: Laboratory) -> Iterator[LoadedData | NoEvidence]:
    """What question 1a leaves behind on the data as handed out, then on the delivery with all files in .jpg; where the
    arrays are only loaded from files that are not there, what the code that once made them leaves behind."""
    lost = lost_arrays(laboratory.understanding.dependencies)
    made = woken(laboratory.understanding) if lost.positions else None
    seen = _as_handed_out(laboratory)
    yield _naming_files(seen, lost) if made is None else seen
    remark = ""
    if made is not None:
        bundle, remark = made
        laboratory = laboratory.reading(bundle)
        yield _load(laboratory, laboratory.coded.as_handed_out, remark)
    if laboratory.coded.all_jpg is not None:
        yield _load(laboratory, laboratory.coded.all_jpg, " ".join(part for part in (remark, OTHER_DELIVERY) if part))


def _naming_files(seen: LoadedData | NoEvidence, lost: Lost) -> LoadedData | NoEvidence:
    """The same evidence, where files of arrays are missing that the notebook only loads: with their names."""
    if isinstance(seen, LoadedData):
        arrays = [
            replace(array, problem=_named(array.problem, lost)) if array.problem is not None else array
            for array in seen.arrays
        ]
        return replace(seen, arrays=tuple(arrays))
    return _named(seen, lost)


def _named(problem: NoEvidence, lost: Lost) -> NoEvidence:
    name = next((file for file in lost.files if file in problem.observed), None)
    if name is None or "FileNotFoundError" not in problem.observed:
        return problem
    observed = f"the arrays are loaded from {name}, which was not handed in, and nothing was found that makes them"
    return NoEvidence(Outcome.MISSING, observed, "Hand in the code that makes the arrays, too, even if it is slow.")


def training_students(laboratory: Laboratory) -> int | None:
    """How many students a submission's own split leaves to learn from; None where its data cannot be loaded."""
    loaded = _as_handed_out(laboratory)
    if isinstance(loaded, NoEvidence):
        return None
    return next((a.shape[0] for a in loaded.arrays if a.role == Role.TRAIN_DATA and len(a.shape) == 6), None)


def _as_handed_out(laboratory: Laboratory) -> LoadedData | NoEvidence:
    """Question 1a on the data as handed out, run once for all who ask."""
    if laboratory.loaded is None:
        laboratory.loaded = _load(laboratory, laboratory.coded.as_handed_out, "")
    return laboratory.loaded


def _load(laboratory: Laboratory, data: Path, remark: str) -> LoadedData | NoEvidence:
    understanding = laboratory.understanding
    candidates = {role: [c for c in understanding.roles[role] if not c.skeleton] for role in ARRAYS}
    found: dict[Role, LoadedArray] = {}
    remarks = [remark]
    # The likeliest names first; only where one of them turns out to be something else, all that might be meant.
    for most in (1, MOST_CANDIDATES):
        chosen = {role: some[:most] for role, some in candidates.items() if role not in found}
        if not any(chosen.values()):
            continue
        try:
            observed, notes = laboratory.attempt(
                [candidate for some in chosen.values() for candidate in some],
                lambda bench, chosen=chosen: (_observe_all(laboratory, bench, chosen), bench.remarks),  # type: ignore[misc]
                data=data,
            )
        except Unavailable as unavailable:
            if most == 1 and unavailable.reason.outcome in (Outcome.TIMEOUT, Outcome.MISSING, Outcome.ERROR):
                return unavailable.reason
            continue
        found |= {role: array for role, array in observed.items() if len(array.shape) == 6}
        remarks += notes
    if len(found) < len(ARRAYS):
        found |= _by_what_they_hold(laboratory, data, found)
    arrays = [found.get(role) or _observe_alone(laboratory, role, candidates[role], data) for role in ARRAYS]
    if not any(candidates.values()) and not found:
        return _nothing(laboratory)
    if all(array.problem is not None for array in arrays):
        first = arrays[0].problem
        assert first is not None
        return first
    return LoadedData(
        arrays=tuple(arrays),
        students={folder: laboratory.coded.data.students(folder) for folder in ("train", "test_w", "test_m")},
        without_png=laboratory.coded.data.students_without_png,
        remark=" ".join(dict.fromkeys(part for part in remarks if part)),
        reads_with_matplotlib=any(_MATPLOTLIB_IMREAD.search(code) for code in understanding.bundle.code.values()),
    )


def _nothing(laboratory: Laboratory) -> NoEvidence:
    understanding = laboratory.understanding
    skeleton = understanding.skeleton(Role.LOAD) or understanding.skeleton(Role.TRAIN_DATA)
    if skeleton is not None:
        return still_to_be_written(skeleton.name)
    return NoEvidence(
        Outcome.MISSING,
        "none of the arrays train_data, valid_data, test_w and test_m was found, under these names or others",
    )


def _observe_all(laboratory: Laboratory, bench: Bench, chosen: dict[Role, list[Candidate]]) -> dict[Role, LoadedArray]:
    """For each role the first of its candidates that has the six axes of the assignment, else the first of all."""
    observed: dict[Role, LoadedArray] = {}
    for role, candidates in chosen.items():
        arrays = []
        for candidate in candidates:
            arrays.append(_observe(laboratory, bench, role, candidate))
            if len(arrays[-1].shape) == 6:
                break
        if arrays:
            observed[role] = max(arrays, key=lambda array: len(array.shape) == 6)
    return observed


def _observe_alone(laboratory: Laboratory, role: Role, candidates: list[Candidate], data: Path) -> LoadedArray:
    """One array by itself, where all together did not work."""
    first: LoadedArray | None = None
    for candidate in candidates[:MOST_CANDIDATES]:
        try:
            array = laboratory.attempt(
                [candidate],
                lambda bench, candidate=candidate: _observe(laboratory, bench, role, candidate),  # type: ignore[misc]
                data=data,
            )
        except Unavailable as unavailable:
            first = first or LoadedArray(role.value, candidate.name, unavailable.reason)
            continue
        if len(array.shape) == 6:
            return array
        first = first or array
    if first is not None:
        return first
    skeleton = laboratory.understanding.skeleton(role)
    return LoadedArray(role.value, role.value, still_to_be_written(skeleton.name) if skeleton else not_found(role))


def _by_what_they_hold(laboratory: Laboratory, data: Path, known: dict[Role, LoadedArray]) -> dict[Role, LoadedArray]:
    """Arrays whose names tell nothing, told apart by the photographs in them."""
    candidates = laboratory.understanding.loading_names()
    if not candidates:
        return {}

    def read_all(bench: Bench) -> dict[str, LoadedArray]:
        names = bench.ask(NAMES_OF_ARRAYS, {"axes": 6})
        cells = {candidate.name: candidate.cell for candidate in candidates}
        taken = {array.name for array in known.values()}
        arrays = {}
        for name in [name for name in names if name not in taken][:MOST_ARRAYS]:
            candidate = Candidate(Role.TRAIN_DATA, name, 0, cells.get(name, -1), HELD)
            arrays[name] = _observe(laboratory, bench, None, candidate)
        return arrays

    try:
        arrays = laboratory.attempt(candidates, read_all, data=data, lenient=True)
    except Unavailable:
        return {}
    found = {role: array for role, array in _told_apart(arrays, known).items() if role not in known}
    for role, array in found.items():
        cell = next((candidate.cell for candidate in candidates if candidate.name == array.name), -1)
        laboratory.resolved[role] = {"name": array.name, "cell": cell}
    return {role: replace(array, role=role.value) for role, array in found.items()}


def _told_apart(arrays: dict[str, LoadedArray], known: dict[Role, LoadedArray]) -> dict[Role, LoadedArray]:
    """Which array is which: the test sets by their folder, train and validation as the two that share no student."""
    found: dict[Role, LoadedArray] = {}
    training = []
    for array in arrays.values():
        folders = Counter(shoe.folder for pairs in array.places for sides in pairs for shoe in sides if shoe)
        folder = folders.most_common(1)[0][0] if folders else ""
        if folder == "train":
            training.append(array)
        elif folder:
            found.setdefault({"test_w": Role.TEST_W, "test_m": Role.TEST_M}[folder], array)
    given = [known[role] for role in (Role.TRAIN_DATA, Role.VALID_DATA) if role in known]
    best = -1
    for one, other in combinations([*given, *training], 2):
        if any(array not in (one, other) for array in given):
            continue
        first, second = _students(one), _students(other)
        if not first & second and len(first | second) > best:
            best = len(first | second)
            larger, smaller = (one, other) if len(first) >= len(second) else (other, one)
            found |= {Role.TRAIN_DATA: larger, Role.VALID_DATA: smaller}
            if known.get(Role.TRAIN_DATA) is smaller or known.get(Role.VALID_DATA) is larger:
                found |= {Role.TRAIN_DATA: smaller, Role.VALID_DATA: larger}
    return found


def _students(array: LoadedArray) -> set[int]:
    return {shoe.student for pairs in array.places for sides in pairs for shoe in sides if shoe}


def _observe(laboratory: Laboratory, bench: Bench, role: Role | None, candidate: Candidate) -> LoadedArray:
    """An array as it is; role: None where that is to be found out."""
    reference = _reference(candidate)
    facts = bench.ask(DESCRIBE, {"value": reference})
    if role is not None:
        laboratory.resolved[role] = {"name": candidate.name, "cell": candidate.cell}
    role_name = role.value if role else ""
    shape = facts.shape
    if shape is None:
        what = {"ellipsis": "is still `...`", "stand-in": "comes from a module that is not here"}.get(
            facts.kind, f"is no array but {facts.what}"
        )
        outcome = Outcome.MISSING if facts.kind in ("ellipsis", "stand-in") else Outcome.FAIL
        return LoadedArray(role_name, candidate.name, NoEvidence(outcome, f"`{candidate.name}` {what}"))
    if len(shape) != 6 or shape[1:5] != (3, 2, 224, 224) or not 0 < shape[0] <= 400 or shape[5] not in (3, 4):
        return LoadedArray(role_name, candidate.name, None, facts.dtype, shape)
    return _read_pictures(laboratory, bench, role_name, candidate, facts.dtype, shape)


def _reference(candidate: Candidate) -> dict[str, str]:
    """What a candidate is called in requests: what was found by what it holds is there under its name alone."""
    return {"name": candidate.name} if candidate.how == HELD else {"kept": candidate.key}


def _read_pictures(
    laboratory: Laboratory, bench: Bench, role: str, candidate: Candidate, dtype: str, shape: tuple[int, ...]
) -> LoadedArray:
    close = closeness(dtype)
    places: list[tuple[tuple[Shoe | None, ...], ...]] = []
    forms: dict[tuple[int, int, int], str] = {}
    low, high = np.inf, -np.inf
    spread: Spread | None = None
    for start in range(0, shape[0], CHUNK):
        rows = _fetch(bench, candidate, shape, [[start, start + CHUNK, None], EVERYTHING, EVERYTHING], STRIDE)
        count = len(rows)
        # What is no number is neither the least nor the greatest.
        low = min(low, float(np.fmin.reduce(rows, axis=None)))
        high = max(high, float(np.fmax.reduce(rows, axis=None)))
        shoes = laboratory.coded.codebook.read(rows.reshape(count * 6, *rows.shape[3:]))
        if start == 0:
            spread = spread_of(rows, _asked(laboratory, shoes))
        for index, shoe in enumerate(shoes):
            place = (start + index // 6, index % 6 // 2, index % 2)
            picture = rows.reshape(count * 6, *rows.shape[3:])[index]
            forms[place] = form_of(picture, laboratory.coded.expected(shoe), close, FORMS) if shoe else "unknown"
        places += [
            tuple(tuple(shoes[row * 6 + pair * 2 : row * 6 + pair * 2 + 2]) for pair in range(3))
            for row in range(count)
        ]
    form = Counter(forms.values()).most_common(1)[0][0]
    if form in ("exact", "unknown"):
        form = _form_of_whole_pictures(laboratory, bench, candidate, shape, places, close) or form
    strange = tuple(place for place, other in forms.items() if other != form) if form in FORMS else ()
    return LoadedArray(
        role, candidate.name, None, dtype, shape, tuple(places), _plain(low), _plain(high), form, strange, spread
    )


def _asked(laboratory: Laboratory, shoes: Sequence[Shoe | None]) -> NDArray[np.float32]:
    """What the assignment makes of the pictures of these shoes; where none could be read, of as many that there are."""
    known = [shoe for shoe in shoes if shoe] or [p.shoe for p in laboratory.coded.data.photographs[: len(shoes)]]
    return normalised(np.stack([laboratory.coded.expected(shoe) for shoe in known]))


def _plain(number: float) -> float:
    return float(number) if np.isfinite(number) else 0.0


def _fetch(
    bench: Bench, candidate: Candidate, shape: tuple[int, ...], index: list[list[int | None]], stride: int
) -> NDArray[Any]:
    index = [*index, [None, None, stride], [None, None, stride], [None, 3, None]]
    rows = bench.ask(fetch(), {"value": _reference(candidate), "index": index})
    if rows.shape != part_shape(shape, index):
        raise Unavailable(NoEvidence(Outcome.FAIL, f"`{candidate.name}` changes its shape when it is looked at"))
    return rows


def _form_of_whole_pictures(
    laboratory: Laboratory,
    bench: Bench,
    candidate: Candidate,
    shape: tuple[int, ...],
    places: list[tuple[tuple[Shoe | None, ...], ...]],
    close: float,
) -> str | None:
    """The form of a few pictures at full size, where it is another than every fourth pixel let expect."""
    photographs = {photograph.shoe: photograph for photograph in laboratory.coded.data.photographs}
    read = [
        (row, pair, side, photographs[shoe])
        for row, pairs in enumerate(places)
        for pair, sides in enumerate(pairs)
        for side, shoe in enumerate(sides)
        if shoe is not None
    ]
    if not read:
        return None
    rng = np.random.default_rng([laboratory.seed, 4])
    forms = []
    for choice in rng.choice(len(read), size=min(WHOLE_PICTURES, len(read)), replace=False):
        row, pair, side, photograph = read[choice]
        forms.append(_whole_form(laboratory, bench, candidate, shape, (row, pair, side), photograph, close))
    return Counter(forms).most_common(1)[0][0]


def _whole_form(
    laboratory: Laboratory,
    bench: Bench,
    candidate: Candidate,
    shape: tuple[int, ...],
    place: tuple[int, int, int],
    photograph: Photograph,
    close: float,
) -> str:
    index: list[list[int | None]] = [[number, number + 1, None] for number in place]
    picture = _fetch(bench, candidate, shape, index, 1)[0, 0, 0]
    return form_of(picture, laboratory.coded.expected_whole(photograph), close, FORMS | WHOLE_FORMS)
