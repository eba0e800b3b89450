"""Question 1a: the arrays that a submission makes of the coded photographs."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.datasets import STRIDE
from autograder.evidence.kinds import LoadedArray, LoadedData, NoEvidence
from autograder.evidence.laboratory import Bench, Laboratory, Unavailable, not_found, still_to_be_written
from autograder.program.roles import ARRAYS, Candidate, Role
from autograder.verdict import Outcome
from fixtures.catalogue import Photograph, Shoe

CHUNK = 8
WHOLE_PICTURES = 4
# One rounding of float32 is 3e-8; half precision rounds to 2.4e-4 near 0.5. The nearest wrong form, dividing by 256,
# differs by up to 4e-3.
CLOSE = 1e-5
CLOSE_IN_HALF_PRECISION = 4e-4
OTHER_DELIVERY = (
    "Loaded from a copy of the data in which every photograph ends in .jpg, as some terms had it; "
    "on the data as handed out it did not do as well."
)

Pixels = NDArray[Any]
_FORMS: dict[str, Callable[[Pixels], Pixels]] = {
    "exact": lambda p: p / 255 - 0.5,
    "divided twice": lambda p: p / 255 / 255 - 0.5,
    "not shifted": lambda p: p / 255,
    "not divided": lambda p: p - 0.5,
    "raw": lambda p: p,
    "divided twice, not shifted": lambda p: p / 255 / 255,
    "divided by 256": lambda p: p / 256 - 0.5,
    "to -1..1": lambda p: p / 127.5 - 1,
    "blue first": lambda p: p[..., ::-1] / 255 - 0.5,
}
# Seen on every fourth pixel these would compare other pixels, so they are looked for in whole pictures.
_WHOLE_FORMS: dict[str, Callable[[Pixels], Pixels]] = {
    "transposed": lambda p: p.transpose(1, 0, 2) / 255 - 0.5,
    "mirrored": lambda p: p[:, ::-1] / 255 - 0.5,
    "mirrored ": lambda p: p[::-1] / 255 - 0.5,
    "mirrored  ": lambda p: p[::-1, ::-1] / 255 - 0.5,
}


def collect(laboratory: Laboratory) -> Iterator[LoadedData | NoEvidence]:
    """What question 1a leaves behind on the data as handed out, then on the delivery with all files in .jpg."""
    coded = laboratory.coded
    yield _load(laboratory, coded.as_handed_out, "")
    if coded.all_jpg is not None:
        yield _load(laboratory, coded.all_jpg, OTHER_DELIVERY)


def _load(laboratory: Laboratory, data: Path, remark: str) -> LoadedData | NoEvidence:
    understanding = laboratory.understanding
    found = {role: understanding.first(role) for role in ARRAYS}
    if not any(found.values()):
        return _nothing(laboratory)
    names = [candidate.name for candidate in found.values() if candidate]
    try:
        together = laboratory.attempt(
            names, lambda bench: _observe_all(laboratory, bench, found), data=data, ends=_ends(laboratory, names)
        )
    except Unavailable as unavailable:
        together = {}
        problem = unavailable.reason
        if problem.outcome in (Outcome.TIMEOUT, Outcome.MISSING, Outcome.ERROR) or len(names) == 1:
            return problem
    arrays = []
    remarks = {remark}
    for role in ARRAYS:
        observed = together.get(role)
        if observed is None or observed.problem is not None:
            observed = _observe_alone(laboratory, role, data, observed)
        arrays.append(observed)
    return LoadedData(
        arrays=tuple(arrays),
        students={folder: laboratory.coded.data.students(folder) for folder in ("train", "test_w", "test_m")},
        without_png=laboratory.coded.data.students_without_png,
        remark=" ".join(part for part in (*remarks, *together.get("remarks", ())) if part),  # type: ignore[call-overload]
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


def _ends(laboratory: Laboratory, names: list[str]) -> dict[str, int]:
    ends = {name: laboratory.understanding.before_truncation(name) for name in names}
    return {name: end for name, end in ends.items() if end is not None}


def _observe_all(laboratory: Laboratory, bench: Bench, found: dict[Role, Candidate | None]) -> dict[Any, Any]:
    observed: dict[Any, Any] = {"remarks": (bench.remark,)}
    for role, candidate in found.items():
        if candidate is not None:
            observed[role] = _observe(laboratory, bench, role, candidate)
    return observed


def _observe_alone(laboratory: Laboratory, role: Role, data: Path, earlier: LoadedArray | None) -> LoadedArray:
    """One array by itself, with every name that may be meant, where all together did not work."""
    problem = earlier.problem if earlier else None
    candidates = [candidate for candidate in laboratory.understanding.roles[role] if not candidate.skeleton]
    for candidate in candidates[1:] if earlier else candidates[:3]:
        names = [candidate.name]
        try:
            array = laboratory.attempt(
                names,
                lambda bench, candidate=candidate: _observe(laboratory, bench, role, candidate),  # type: ignore[misc]
                data=data,
                ends=_ends(laboratory, names),
            )
        except Unavailable as unavailable:
            problem = problem or unavailable.reason
            continue
        if array.problem is None:
            return array
        problem = problem or array.problem
    skeleton = laboratory.understanding.skeleton(role)
    if problem is None:
        problem = still_to_be_written(skeleton.name) if skeleton else not_found(role)
    return LoadedArray(role.value, role.value, problem)


def _observe(laboratory: Laboratory, bench: Bench, role: Role, candidate: Candidate) -> LoadedArray:
    reference = {"name": candidate.name}
    facts = bench.ask("describe", {"value": reference}).structure["value"]
    laboratory.resolved[role] = {"name": candidate.name, "cell": candidate.cell}
    shape = tuple(int(length) for length in facts.get("shape", ()))
    if "shape" not in facts:
        what = {"ellipsis": "is still `...`", "stand-in": "comes from a module that is not here"}.get(
            facts["kind"], f"is no array but {facts.get('type', facts['kind'])}"
        )
        outcome = Outcome.MISSING if facts["kind"] in ("ellipsis", "stand-in") else Outcome.FAIL
        return LoadedArray(role.value, candidate.name, NoEvidence(outcome, f"`{candidate.name}` {what}"))
    if len(shape) != 6 or shape[1:5] != (3, 2, 224, 224) or not 0 < shape[0] <= 400 or shape[5] not in (3, 4):
        return LoadedArray(role.value, candidate.name, None, str(facts["dtype"]), shape)
    return _read_pictures(laboratory, bench, role, candidate, str(facts["dtype"]), shape)


def _read_pictures(
    laboratory: Laboratory, bench: Bench, role: Role, candidate: Candidate, dtype: str, shape: tuple[int, ...]
) -> LoadedArray:
    close = CLOSE_IN_HALF_PRECISION if "16" in dtype else CLOSE
    places: list[tuple[tuple[Shoe | None, ...], ...]] = []
    forms: dict[tuple[int, int, int], str] = {}
    low, high = np.inf, -np.inf
    for start in range(0, shape[0], CHUNK):
        rows = _fetch(bench, candidate.name, [[start, start + CHUNK, None], *[[None, None, None]] * 2], STRIDE)
        count = len(rows)
        low, high = min(low, float(np.nanmin(rows))), max(high, float(np.nanmax(rows)))
        shoes = laboratory.coded.codebook.read(rows.reshape(count * 6, *rows.shape[3:]))
        for index, shoe in enumerate(shoes):
            place = (start + index // 6, index % 6 // 2, index % 2)
            picture = rows.reshape(count * 6, *rows.shape[3:])[index]
            forms[place] = _form(picture, laboratory.coded.expected(shoe), close, _FORMS) if shoe else "unknown"
        places += [
            tuple(tuple(shoes[row * 6 + pair * 2 : row * 6 + pair * 2 + 2]) for pair in range(3)) for row in range(count)
        ]
    form = Counter(forms.values()).most_common(1)[0][0]
    if form in ("exact", "unknown"):
        form = _form_of_whole_pictures(laboratory, bench, candidate.name, places, close) or form
    strange = tuple(place for place, other in forms.items() if other != form) if form in _FORMS else ()
    return LoadedArray(
        role.value, candidate.name, None, dtype, shape, tuple(places), _plain(low), _plain(high), form, strange
    )


def _plain(number: float) -> float:
    return float(number) if np.isfinite(number) else 0.0


def _fetch(bench: Bench, name: str, index: list[list[int | None]], stride: int) -> NDArray[Any]:
    step: list[list[int | None]] = [[None, None, stride], [None, None, stride], [None, 3, None]]
    rows = bench.ask("fetch", {"value": {"name": name}, "index": index + step}).arrays["array"]
    if rows.ndim != 6 or rows.shape[5] != 3 or rows.dtype.kind not in "fiub":
        raise Unavailable(NoEvidence(Outcome.FAIL, f"`{name}` changes its shape when it is looked at"))
    return rows


def _form(picture: Pixels, pixels: Pixels, close: float, forms: dict[str, Callable[[Pixels], Pixels]]) -> str:
    """How the values of a picture come from its 8-bit pixels."""
    wide = pixels.astype(np.float64)
    for name, form in forms.items():
        expected = form(wide)
        # Pixel values are compared by whole steps, normalised ones by rounding.
        allowed = 0.01 if name in ("raw", "not divided") else close
        if name.startswith("divided twice"):
            allowed = min(allowed, 2e-6)
        if expected.shape == picture.shape and np.abs(expected - picture).max() <= allowed:
            return name.strip()
    return "unknown"


def _form_of_whole_pictures(
    laboratory: Laboratory, bench: Bench, name: str, places: list[tuple[tuple[Shoe | None, ...], ...]], close: float
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
        forms.append(_whole_form(laboratory, bench, name, (row, pair, side), photograph, close))
    return Counter(forms).most_common(1)[0][0]


def _whole_form(
    laboratory: Laboratory, bench: Bench, name: str, place: tuple[int, int, int], photograph: Photograph, close: float
) -> str:
    index: list[list[int | None]] = [[number, number + 1, None] for number in place]
    picture = _fetch(bench, name, index, 1)[0, 0, 0]
    return _form(picture, laboratory.coded.expected_whole(photograph), close, _FORMS | _WHOLE_FORMS)
