"""The files of weights in a submission, each tried on its models; what is wrong with one file costs no other."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autograder.boundary.replies import Fault, Said, with_weights
from autograder.boundary.weights import OPEN_WEIGHTS, Fitting, Opened, fit_weights
from autograder.boundary.workers import WorkerStopped
from autograder.evidence.arguments import Reference
from autograder.evidence.building import with_model
from autograder.evidence.kinds import NoEvidence
from autograder.evidence.laboratory import Bench, Laboratory, Raised, Unavailable
from autograder.evidence.weights_words import from_elsewhere, misfit, not_finite, not_opened
from autograder.program.names import MODELS, Role
from autograder.program.roles import Candidate
from autograder.submission.weights import Form, Unusable, form_of, shortened
from autograder.verdict import Outcome

# Beside the likeliest network of each kind there may be another that was tried; the weights tell which is meant.
MOST_CANDIDATES = 2


@dataclass(frozen=True)
class Answers:
    """What a model says with submitted weights. source: their file, and the place in it where it holds several."""

    model: str
    source: str
    said: Said


@dataclass(frozen=True)
class Submitted:
    """What came of files of weights. remarks: sentences on those that cannot be used or come from elsewhere."""

    answers: tuple[Answers, ...] = ()
    remarks: tuple[str, ...] = ()


def try_weights(laboratory: Laboratory, images: NDArray[np.float32], layout: str) -> Submitted:
    """What the submission's models say of pictures [M, 3, 448, 224] with all weights that fit one of them."""
    answers: list[Answers] = []
    remarks: list[str] = []
    for file_name, path in sorted(laboratory.understanding.bundle.weights.items()):
        name = shortened(file_name)
        form = form_of(path)
        if isinstance(form, Unusable):
            remarks.append(_unusable(name, f"the file {form.words}"))
            continue
        came = _FileOfWeights(laboratory, name, path, form, images, layout).tried()
        answers += came.answers
        remarks += came.remarks
    return Submitted(tuple(answers), tuple(remarks))


def _unusable(name: str, problem: str) -> str:
    return f"The submitted weights {name} could not be used: {problem}{'' if problem.endswith('?') else '.'}"


@dataclass(frozen=True)
class _Try:
    """One file on one model. answers: by the place of the weights in the file; sets: how many the file holds; problem:
    why there are no answers; nearness: of the weights to the model; devices: where they were when they were saved."""

    answers: tuple[tuple[str, Said], ...] = ()
    sets: int = 0
    problem: str = ""
    nearness: float = 0.0
    devices: tuple[str, ...] = ()


class _FileOfWeights:
    """A file that may hold weights, and what is asked of the models with them."""

    def __init__(
        self, laboratory: Laboratory, name: str, path: Path, form: Form, images: NDArray[np.float32], layout: str
    ) -> None:
        self._laboratory = laboratory
        self._name = name
        self._path = path
        self._form = form
        self._images = images
        self._layout = layout

    def tried(self) -> Submitted:
        """What the models say with the weights in this file, the likeliest model first, until all weights are used."""
        answers: list[Answers] = []
        tries: list[_Try] = []
        reasons: list[NoEvidence] = []
        for role, candidate in self._candidates():
            try:
                came = self._on(role, candidate)
            except Unavailable as unavailable:
                reasons.append(unavailable.reason)
                continue
            tries.append(came)
            for place, outputs in came.answers:
                source = f"{self._name}, {shortened(place)}" if came.sets > 1 else self._name
                answers.append(Answers(candidate.name, source, outputs))
            if len(answers) >= came.sets:
                break
        if answers:
            devices = sorted({device for came in tries for device in came.devices})
            return Submitted(tuple(answers), (from_elsewhere(self._name, devices),) if devices else ())
        return Submitted(remarks=(self._why_not(tries, reasons),))

    def _candidates(self) -> Iterator[tuple[Role, Candidate]]:
        roles = self._laboratory.understanding.roles
        there = [role for role in MODELS if isinstance(self._laboratory.found(role), Candidate)]
        ranked = [[c for c in roles[role] if not c.skeleton and role in there][:MOST_CANDIDATES] for role in MODELS]
        for row in zip_longest(*ranked):
            yield from ((role, candidate) for role, candidate in zip(MODELS, row, strict=True) if candidate)

    def _no_model(self) -> NoEvidence:
        reasons = [found for role in MODELS if isinstance(found := self._laboratory.found(role), NoEvidence)]
        # A model that is still to be written says more than one of which there is no trace.
        return next((reason for reason in reasons if "not found" not in reason.observed), reasons[-1])

    def _why_not(self, tries: list[_Try], reasons: list[NoEvidence]) -> str:
        if tries:
            nearest = max(tries, key=lambda came: came.nearness)
            # They may belong to the model that could not be built.
            further = f"; and {reasons[0].observed}" if reasons and nearest.nearness < 1 else ""
            return _unusable(self._name, nearest.problem + further)
        reason = reasons[0] if reasons else self._no_model()
        if reason.outcome is Outcome.MISSING:
            return f"The weights {self._name} are there, but the model that they belong to is not: {reason.observed}."
        return _unusable(self._name, reason.observed)

    def _on(self, role: Role, candidate: Candidate) -> _Try:
        """Try the file on one model, in a worker of its own, so that a file which breaks it costs no other.

        Raises: Unavailable, where the model cannot be built or run.
        """

        def use(bench: Bench) -> _Try:
            try:
                opened = bench.ask(OPEN_WEIGHTS, {"path": str(self._path), "form": self._form})
            except WorkerStopped as stopped:
                return _Try(problem=f"opening the file {stopped}", nearness=1)
            if opened.problem is not None:
                return _Try(problem=not_opened(opened.problem), nearness=1)
            return self._fitted(bench, role, candidate, opened)

        return self._laboratory.attempt([candidate], use, given=self._laboratory.given_arrays)

    def _fitted(self, bench: Bench, role: Role, candidate: Candidate, opened: Opened) -> _Try:
        sets = opened.states
        misfits: list[Fitting] = []

        def fit(model: Reference) -> _Try | None:
            found = bench.ask(fit_weights(len(sets)), {"model": model})
            fits, ruined = found.fits, found.not_finite
            if not fits:
                misfits.append(found)
                return None
            answers = tuple(
                (sets[number].place, self._outputs(bench, model, number)) for number in fits if number not in ruined
            )
            if not answers:
                return _Try(sets=len(sets), problem=not_finite(ruined[fits[0]]), nearness=1)
            return _Try(answers, len(sets), devices=opened.devices)

        try:
            came = with_model(self._laboratory, bench, candidate, role, fit, known=[entry.sizes for entry in sets])
        except Raised:
            # A way to build the model that does not work says less than one whose weights are others.
            if not misfits:
                raise
            came = None
        if came is not None:
            return came
        if not misfits:
            raise Raised(Fault("ValueError", "it is not clear how the model is built"))
        nearest = max(misfits, key=lambda found: found.likeness)
        words = f"they fit no model of the submission: {misfit(nearest, candidate.name)}"
        return _Try(sets=len(sets), problem=words, nearness=nearest.likeness)

    def _outputs(self, bench: Bench, model: Reference, number: int) -> Said:
        request = {"model": model, "state": number, "layout": self._layout}
        return bench.ask(with_weights(len(self._images)), request, {"images": self._images})
