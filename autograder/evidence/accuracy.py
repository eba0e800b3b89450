"""Question 2d: what the accuracy function says of models whose answers are known.

The models are played from this side: each picture that a submission shows to one of them is recognised here and
answered from here, so that no right answer is ever in the submission's process.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.boundary.pipe import Arrays
from autograder.boundary.replies import CALL, STORE, Facts, pictures_shown
from autograder.evidence.arguments import CannotCall, Reference, matched
from autograder.evidence.kinds import AccuracyRuns, KnownModel, NoEvidence
from autograder.evidence.laboratory import Bench, Laboratory, Unavailable
from autograder.evidence.pairs import generator
from autograder.program.names import MODELS, Role
from autograder.program.parameters import Parameter, meaning_of, resolved_parameters
from autograder.program.roles import Candidate
from autograder.verdict import Outcome
from fixtures.catalogue import Shoe
from fixtures.coded import Codebook

# Six pictures of each kind in batches of four: the last batch is a short one.
STUDENTS = 2
BATCH_SIZE = 4
# Of what a function returns; which two of them are meant is found by trying all. More would let anybody guess.
MOST_NUMBERS = 8
KNOWN = (
    "a model that always answers same",
    "a model that always answers different",
    "a model that is always right",
    "a model that is right on some pictures",
    "a model that is right on some other pictures",
)
# The first of those whose answers are drawn by lot, so that nobody can know what is right before.
DRAWN = 3
# A last layer of one unit, however it is written.
_ONE_OUTPUT = re.compile(
    r"Linear\([^()]*,\s*(out_features\s*=\s*)?1\s*(,\s*bias\s*=\s*\w+\s*)?\)|LazyLinear\(\s*1\s*\)"
)
GRADERS_GENERATORS = "Measured with right pair generators in the place of the submission's own."


class Player:
    """Answers for the known models, and keeps count of what each was shown and answered."""

    def __init__(self, codebook: Codebook, students: Collection[tuple[str, int]], lot: np.random.Generator) -> None:
        self._codebook = codebook
        self._mistakes = _mistakes([number for _, number in students], lot)
        self._students = {number for _, number in students}
        self.orientation: str | None = None
        self.shown = np.zeros((len(KNOWN), 3), dtype=int)
        self.right = np.zeros((len(KNOWN), 2), dtype=int)

    def answer(self, structure: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        """The answer to a worker that shows pictures to a model: logits, [B, 2]. Raises: NotAnAnswer."""
        number, images = pictures_shown(structure, arrays, len(KNOWN))
        return {}, {"answer": self.logits(number, images)}

    def logits(self, number: int, images: NDArray[Any]) -> NDArray[np.float32]:
        """What a model says of the pictures that it was shown."""
        answers = []
        for top, bottom in self._recognised(images):
            # Pictures of other students than those asked about count for nothing.
            kind = _kind(top, bottom) if top and top.student in self._students else 2
            same = self._answer(number, kind, top)
            self.shown[number, kind] += 1
            if kind < 2:
                self.right[number, kind] += same == (kind == 0)
            answers.append([-1.5, 2.5] if same else [2.5, -1.5])
        return np.array(answers, dtype=np.float32).reshape(-1, 2)

    def _answer(self, model: int, kind: int, top: Shoe | None) -> bool:
        """Whether a model answers "same"."""
        if model < 2:
            return model == 0
        mistaken = model >= DRAWN and top is not None and (top.student, top.pair) in self._mistakes[model - DRAWN][kind]
        return (kind == 0) != mistaken

    def _recognised(self, images: NDArray[Any]) -> list[tuple[Shoe | None, Shoe | None]]:
        if images.ndim != 4 or 0 in images.shape:
            return [(None, None)] * (len(images) if images.ndim else 0)
        channels_last = images.shape[3] == 3
        if not channels_last:
            images = images.transpose(0, 2, 3, 1)
        sideways = images.shape[1] < images.shape[2]
        if sideways:
            images = images.transpose(0, 2, 1, 3)
        self.orientation = "channels last" if channels_last else "sideways" if sideways else "upright"
        half = images.shape[1] // 2
        tops, bottoms = self._codebook.read(images[:, :half]), self._codebook.read(images[:, half:])
        return list(zip(tops, bottoms, strict=True))


def _kind(top: Shoe | None, bottom: Shoe | None) -> int:
    """0 for a pair, 1 for a wrong pair of one student, 2 for anything else."""
    if top is None or bottom is None or top.student != bottom.student or top.side == bottom.side:
        return 2
    return 0 if top.pair == bottom.pair else 1


def _mistakes(students: Sequence[int], lot: np.random.Generator) -> list[list[set[tuple[int, int]]]]:
    """Where each drawn model is wrong, by model and kind: at which left shoes, as (student, pair).

    Never everywhere and never nowhere, and at another number of pairs than of wrong pairs.
    """
    shoes = [(student, pair) for student in students for pair in (1, 2, 3)]
    made = []
    for _ in KNOWN[DRAWN:]:
        counts = lot.choice(np.arange(1, len(shoes)), size=2, replace=False)
        chosen = [{shoes[index] for index in lot.permutation(len(shoes))[:count]} for count in counts]
        made.append([*chosen, set()])
    return made


def collect(laboratory: Laboratory) -> Iterator[AccuracyRuns | NoEvidence]:
    """What the function says with the submission's own pair generators, then with right ones in their place."""
    candidate = laboratory.found(Role.ACCURACY)
    if isinstance(candidate, NoEvidence):
        yield candidate
        return
    own = _collect(laboratory, candidate, {})
    unwritten = [found for role in (Role.SAME, Role.DIFFERENT) if (found := laboratory.understanding.skeleton(role))]
    if isinstance(own, NoEvidence) and any(generator(laboratory, skeleton.role) is None for skeleton in unwritten):
        # The course gives this function, and nobody can try it before what it calls is written.
        observed = f"`{candidate.name}` needs `{unwritten[0].name}`, which is still to be written"
        yield NoEvidence(Outcome.MISSING, observed)
        return
    yield own
    if isinstance(own, NoEvidence):
        yield _collect(laboratory, candidate, {}, tensor=True)
    replaced = {}
    for role, kind in ((Role.SAME, "same"), (Role.DIFFERENT, "different")):
        found = generator(laboratory, role)
        # Where nobody has tried to write the generators yet, an accuracy is not theirs to measure.
        if found is None:
            return
        replaced[found.name] = kind
    yield _collect(laboratory, candidate, replaced)
    if _networks_have_one_output(laboratory):
        # Two outputs are asked for elsewhere; an accuracy that is right for one is right.
        yield _collect(laboratory, candidate, {}, outputs=1)


def _networks_have_one_output(laboratory: Laboratory) -> bool:
    understanding = laboratory.understanding
    models = [found for role in MODELS if (found := understanding.first(role))]
    texts = [understanding.statement(p)["source"] for model in models for p in understanding.narrow([model]).positions]
    return any(_ONE_OUTPUT.search(text) for text in texts)


def orientation(laboratory: Laboratory) -> str | None:
    """How the submission's accuracy function hands pictures to a model, None where there is none that runs."""
    if laboratory.orientation is None:
        candidate = laboratory.understanding.first(Role.ACCURACY)
        if candidate is not None:
            _collect(laboratory, candidate, {})
    return laboratory.orientation


def _collect(
    laboratory: Laboratory, candidate: Candidate, replaced: dict[str, str], tensor: bool = False, outputs: int = 2
) -> AccuracyRuns | NoEvidence:
    try:
        return laboratory.attempt(
            [candidate],
            lambda bench: _observe(laboratory, bench, candidate, bool(replaced), tensor, outputs),
            given=laboratory.given_arrays,
            replaced=replaced,
        )
    except Unavailable as unavailable:
        return unavailable.reason


def _observe(
    laboratory: Laboratory, bench: Bench, candidate: Candidate, replaced: bool, tensor: bool, outputs: int
) -> AccuracyRuns:
    students = laboratory.students(STUDENTS)
    data = laboratory.coded.codebook.array(students)
    function = {"kept": candidate.key}
    parameters = bench.signature(function)
    laboratory.resolved[Role.ACCURACY] = {
        "name": candidate.name,
        "cell": candidate.cell,
        "parameters": resolved_parameters(parameters),
    }
    player = Player(laboratory.coded.codebook, students, np.random.default_rng([laboratory.seed, 6]))
    arrays = {"data": data, **_pairs_if_wanted(parameters, data)}
    bench.ask(STORE, {}, arrays)
    returned: list[Facts] = []
    for number in range(len(KNOWN)):
        main: dict[str, Reference] = {"model": {"known_model": number, "outputs": outputs}}
        if len(arrays) == 1:
            main["data"] = {"stored": "data", "tensor": tensor}
        further: dict[str, Reference] = {"batch_size": {"value": BATCH_SIZE}}
        further |= {name: {"stored": name, "tensor": tensor} for name in arrays}
        try:
            arguments = matched(parameters, main, further, laboratory.understanding.arguments(Role.ACCURACY))
        except CannotCall as problem:
            observed = f"it is not clear what to give `{candidate.name}` for its parameter `{problem.parameter}`"
            raise Unavailable(NoEvidence(Outcome.FAIL, observed)) from None
        request = {"function": function, **arguments.request(), "keep": "accuracy"}
        returned.append(bench.ask(CALL, request, answer=player.answer))
        laboratory.orientation = player.orientation
    remark = " ".join(part for part in (bench.remark, GRADERS_GENERATORS if replaced else "") if part)
    return AccuracyRuns(_models(player, returned), 3 * STUDENTS, "the grader's" if replaced else "its own", remark)


def _pairs_if_wanted(parameters: Sequence[Parameter], data: NDArray[np.float32]) -> Arrays:
    """Right pairs and wrong pairs for a function that takes these in place of the data."""
    if not {"positives", "negatives"} <= {meaning_of(parameter.name) for parameter in parameters}:
        return {}
    same = np.concatenate([data[:, :, 0], data[:, :, 1]], axis=2)
    different = np.concatenate([data[:, :, 0], data[:, [1, 2, 0], 1]], axis=2)
    return {"positives": same.reshape(-1, 448, 224, 3), "negatives": different.reshape(-1, 448, 224, 3)}


def _models(player: Player, returned: Sequence[Facts]) -> tuple[KnownModel, ...]:
    numbers = [_numbers(facts)[:MOST_NUMBERS] for facts in returned]
    rights = [_fractions(player, number) for number in range(len(KNOWN))]
    scale = 100.0 if any(max(told, default=0) > 3.5 for told in numbers) else 1.0
    places = _places(numbers, rights, scale)
    models = []
    for number, name in enumerate(KNOWN):
        told = None
        if len(numbers[number]) > max(places):
            told = (numbers[number][places[0]] / scale, numbers[number][places[1]] / scale)
        shown = tuple(int(count) for count in player.shown[number])
        models.append(KnownModel(name, rights[number], told, _words(returned[number]), (shown[0], shown[1], shown[2])))
    return tuple(models)


def _fractions(player: Player, number: int) -> tuple[float | None, float | None]:
    pair: list[float | None] = []
    for kind in (0, 1):
        shown = int(player.shown[number, kind])
        pair.append(int(player.right[number, kind]) / shown if shown else None)
    return pair[0], pair[1]


def _places(
    numbers: Sequence[Sequence[float]], rights: Sequence[tuple[float | None, float | None]], scale: float
) -> tuple[int, int]:
    """Which two of the returned numbers are meant: the first two that are right throughout, else the first two."""
    for first, second in combinations(range(min((len(told) for told in numbers), default=0)), 2):
        chosen = [(told[first] / scale, told[second] / scale) for told in numbers]
        if all(
            right is None or abs(right - number) < 1e-3
            for pair, true in zip(chosen, rights, strict=True)
            for right, number in zip(true, pair, strict=True)
        ):
            return first, second
    return 0, 1


def _numbers(facts: Facts) -> list[float]:
    """All numbers in a result, pairs before wrong pairs where the keys of a dictionary tell them apart."""
    if facts.number is not None:
        return [facts.number]
    items = list(facts.items)
    if facts.kind == "dict":
        keyed = list(zip(facts.keys, items, strict=False))
        keyed.sort(key=lambda pair: any(sign in pair[0].lower() for sign in ("neg", "diff", "wrong", "0")))
        items = [item for _, item in keyed]
    return [number for item in items for number in _numbers(item) if np.isfinite(number)]


def _words(facts: Facts) -> str:
    if facts.number is not None:
        return f"one number, {facts.number:.3g}"
    return {"none": "nothing"}.get(facts.kind, f"a {facts.kind} without two numbers")
