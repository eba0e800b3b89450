"""Running a submission's own training: the way its notebook does it, on arrays of the judge."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from autograder.boundary.checked import NotAnAnswer
from autograder.boundary.notes import TRAIN, Ending, arguments_told, outputs_shown
from autograder.boundary.pipe import Arrays
from autograder.boundary.replies import DESCRIBE, STORE, Facts
from autograder.boundary.workers import Lied, OutOfMemory, OutOfTime, WorkerStopped
from autograder.evidence.arguments import CannotCall, Reference, matched
from autograder.evidence.building import with_model
from autograder.evidence.kinds import NoEvidence
from autograder.evidence.laboratory import (
    Bench,
    Laboratory,
    Raised,
    Unavailable,
    error_words,
    not_found,
    raised_evidence,
    stopped_evidence,
)
from autograder.evidence.orders import Order, Trained
from autograder.evidence.trace import Recorder
from autograder.program.names import MODELS, Role
from autograder.program.parameters import meaning_of
from autograder.program.roles import Candidate
from autograder.program.training import (
    Trainer,
    TrainingCall,
    find_trainer,
    places_for_weights,
    takes_further_settings,
    training_calls,
)
from autograder.verdict import Outcome

_T = TypeVar("_T")
# A training is ended by its own processor time at the next step; one that comes to no step is ended from outside.
PATIENCE = 1.3
GRACE_SECONDS = 15.0
PLACE_FOR_WEIGHTS: Reference = {"place": "weights/model.pk"}
# What a training gets where neither the notebook nor a default says anything.
USUAL: dict[str, Any] = {
    "batch_size": 30,
    "learning_rate": 0.001,
    "weight_decay": 0.0,
    "epochs": 3,
    "iterations": 30,
}


def trainer(laboratory: Laboratory) -> Trainer | NoEvidence:
    """What trains in a submission, or why there is nothing."""
    found = find_trainer(laboratory.understanding)
    if found is not None and (found.callable or laboratory.understanding.skeleton(Role.TRAIN) is None):
        return found
    nothing = laboratory.found(Role.TRAIN)
    return nothing if isinstance(nothing, NoEvidence) else not_found(Role.TRAIN)


def ordered_calls(laboratory: Laboratory, function: Trainer, model: Role | None, few: bool) -> list[TrainingCall]:
    """The notebook's trainings, the one that is most like what is wanted first."""
    calls = training_calls(laboratory.understanding, function.candidate)

    def likeness(call: TrainingCall) -> tuple[bool, bool, bool, int]:
        other_model = model is not None and call.model is not model
        return call.few != few, other_model, call.repeated, -call.position

    return sorted(calls, key=likeness)


def run_training(
    laboratory: Laboratory,
    function: Trainer,
    call: TrainingCall | None,
    order: Order,
    replaced: Mapping[str, str] | None = None,
    after: Callable[[Bench, Trained], _T] | None = None,
) -> tuple[Trained, _T | None]:
    """Run one training.

    Args: call: the statement of the notebook to run, None to call the function directly; after: what to do with the
        worker while the trained model is still in it.
    Raises: Unavailable where the program around the training does not run.
    """
    model = laboratory.understanding.first(order.model) if order.model is not None else None
    if call is not None:
        # As they are when the notebook calls them: further down, `accuracy` may be a number and no function any more.
        function = replace(function, candidate=_as_of(function.candidate, call.position))
        model = model and _as_of(model, call.position)
    candidates = [function.candidate, *([model] if model is not None else [])]
    return laboratory.attempt(
        candidates,
        lambda bench: _Run(laboratory, bench, function, model, call, order).run(after),
        given=order.given,
        replaced=replaced,
        before=call.position if call is not None else None,
        draw=order.draw,
        tensors=order.tensor,
    )


def _as_of(candidate: Candidate, position: int) -> Candidate:
    return replace(candidate, end=position) if candidate.position < position else candidate


class _Run:
    """One training in one worker."""

    def __init__(
        self,
        laboratory: Laboratory,
        bench: Bench,
        function: Trainer,
        model: Candidate | None,
        call: TrainingCall | None,
        order: Order,
    ) -> None:
        self._laboratory = laboratory
        self._bench = bench
        self._function = function
        self._model = model
        self._call = call
        self._order = order
        self._recorder = Recorder()
        self._arguments: dict[str, Facts] = {}
        self._used: dict[str, Any] = {}
        self._replaced_data = False
        self._built = False

    def run(self, after: Callable[[Bench, Trained], _T] | None) -> tuple[Trained, _T | None]:
        order = self._order
        self._build_model()
        request: dict[str, Any] = {
            "function": None,
            "steps": order.steps,
            "seconds": order.seconds,
            "draw": order.draw,
            "threads": order.threads,
            "statement": None,
        }
        if self._function.callable or self._function.method:
            request |= {"function": {"kept": self._function.candidate.key}, "method": self._function.method}
        arrays: dict[str, NDArray[Any]] = {}
        if order.look is not None:
            arrays["look"] = order.look.images
            request |= {"look_every": order.look.every, "look_statistics": order.look.statistics}
        if self._call is not None:
            request["statement"] = self._laboratory.understanding.statement(self._call.position)
        else:
            request |= self._direct_arguments().request()
        try:
            limit = order.seconds * PATIENCE + GRACE_SECONDS
            ending = self._bench.ask(TRAIN, request, arrays, self._answer, limit)
        except Lied as lie:
            # Whoever lies once has perhaps lied before, so nothing that was seen of it counts.
            raise Unavailable(stopped_evidence(self._function.candidate.name, lie)) from None
        except WorkerStopped as stopped:
            return self._stopped(stopped), None
        self._recorder.end(ending.series)
        trained = self._trained(ending.ended, ending)
        made = None
        if after is not None and trained.stepped:
            try:
                made = after(self._bench, trained)
            except (Raised, WorkerStopped):
                made = None
        return trained, made

    def _trained(self, ended: str, ending: Ending | None, stopped: NoEvidence | None = None) -> Trained:
        seconds = ending.seconds if ending is not None else self._order.seconds
        self._laboratory.own_seconds.append(max(0.0, seconds - (ending.watching if ending is not None else 0.0)))
        return Trained(
            trace=self._recorder.trace(),
            order=self._order,
            call=self._call,
            arguments=self._arguments,
            used=self._used,
            ended=ended,
            problem=ending.problem if ending is not None else None,
            stopped=stopped,
            returned=ending.returned if ending is not None else None,
            pictures=self._recorder.pictures,
            replaced_data=self._replaced_data,
            seconds=seconds,
            remark=" ".join(part for part in (self._bench.remark, self._stand_in_remark()) if part),
        )

    def _stand_in_remark(self) -> str:
        absent = [self._laboratory.understanding.absent_file(role) for role in MODELS]
        if not any(absent):
            return ""
        return f"There is no file {max(absent)}.py, so a network of the grader's own was trained in its place."

    def _stopped(self, stopped: WorkerStopped) -> Trained:
        """What was seen until a worker could go on no more is seen all the same."""
        why = "clock" if isinstance(stopped, OutOfTime) else "memory" if isinstance(stopped, OutOfMemory) else "died"
        return self._trained(why, None, stopped_evidence(self._function.candidate.name, stopped))

    def _build_model(self) -> None:
        """A model of the wanted kind, for calls that bring another one or none."""
        if self._model is None or self._order.model is None:
            return

        def is_new_model(reference: Reference) -> bool | None:
            made = reference["kept"] == "model"
            kind = self._bench.ask(DESCRIBE, {"value": reference}).kind
            return made if kind == "model" else None

        try:
            built = with_model(
                self._laboratory, self._bench, self._model, self._order.model, is_new_model, self._order.draw
            )
        except Raised as raised:
            raise Unavailable(raised_evidence(self._model.name, raised)) from None
        self._built = bool(built)

    def _model_reference(self) -> Reference:
        if self._built or self._model is None:
            return {"kept": "model"}
        return {"kept": self._model.key}

    def _direct_arguments(self) -> Any:
        parameters = self._bench.signature({"kept": self._function.candidate.key})
        lesson = self._order.lesson(None, 0)
        self._bench.ask(STORE, {}, {"train": lesson.train, "valid": lesson.valid})
        main: dict[str, Reference] = {"model": self._model_reference()}
        main |= {"train_data": self._data("train"), "valid_data": self._data("valid")}
        settings = {**USUAL, **lesson.settings}
        further: dict[str, Reference] = {}
        for parameter in parameters:
            meaning = meaning_of(parameter.name)
            if meaning is not None and meaning in settings and (parameter.required or meaning in lesson.settings):
                further[meaning] = {"value": settings[meaning]}
            elif meaning == "checkpoint_path":
                further[meaning] = dict(PLACE_FOR_WEIGHTS)
        try:
            return matched(parameters, main, further, self._laboratory.understanding.arguments(Role.TRAIN))
        except CannotCall as problem:
            name = self._function.candidate.name
            observed = f"it is not clear what to give `{name}` for its parameter `{problem.parameter}`"
            raise Unavailable(NoEvidence(Outcome.FAIL, observed)) from None

    def _data(self, key: str, facts: Facts | None = None) -> Reference:
        tensor = self._order.tensor or (facts is not None and facts.kind == "tensor")
        return {"stored" if facts is None else "sent": key, "tensor": tensor, "dtype": self._order.dtype}

    # --- answering the worker

    def _answer(self, structure: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays] | None:
        if structure.get("note") == "training":
            self._recorder.take(structure, arrays)
            return None
        if structure.get("question") == "arguments":
            self._recorder.restart()
            return self._decided(arguments_told(structure))
        if structure.get("question") == "look" and self._order.look is not None:
            step, outputs = outputs_shown(structure, arrays, len(self._order.look.images))
            # Whoever says that it took fewer steps than it has noted learns no quicker.
            keep, enough = self._order.look.judged(max(step, self._recorder.steps), self._recorder, outputs)
            return {"keep": keep, "enough": enough}, {}
        raise NotAnAnswer("an unexpected question")

    def _decided(self, described: Mapping[str, Facts]) -> tuple[dict[str, Any], Arrays]:
        """Which arguments of the notebook's call are exchanged for others."""
        self._arguments = dict(described)
        if self._call is None:
            lesson = self._order.lesson(None, 0)
            self._replaced_data = True
        elif self._is_other_model(described) and not self._built:
            return {"skip": True}, {}
        else:
            sizes = [facts.number for name, facts in described.items() if meaning_of(name) == "batch_size"]
            size = next((int(value) for value in sizes if value is not None and 1 <= value < 1e6), None)
            weights = max((facts.convolution_weights for facts in described.values()), default=0)
            lesson = self._order.lesson(size, weights)
        # Weights are to be seen saved although this call may be one that saves none.
        understanding, function = self._laboratory.understanding, self._function.candidate
        named_elsewhere = places_for_weights(understanding, function)
        exchanged: dict[str, Reference] = {}
        data = iter(("train", "valid"))
        for name, facts in described.items():
            meaning = meaning_of(name)
            if facts.kind == "model" and self._built and self._is_other_model({name: facts}):
                exchanged[name] = self._model_reference()
            elif is_data(facts) and self._call is not None:
                key = {"train_data": "train", "valid_data": "valid"}.get(meaning or "") or next(data, "valid")
                wanted = lesson.train if key == "train" else lesson.valid
                if self._order.as_given and facts.shape == wanted.shape:
                    continue
                exchanged[name] = self._data(key, facts)
            elif meaning is not None and meaning in lesson.settings and facts.kind in ("number", "none", "ellipsis"):
                exchanged[name] = {"value": lesson.settings[meaning]}
            elif facts.kind == "none" and (meaning == "checkpoint_path" or name in named_elsewhere):
                exchanged[name] = PLACE_FOR_WEIGHTS | {"path": named_elsewhere.get(name, False)}
        if takes_further_settings(understanding, function):
            for name in named_elsewhere.keys() - described.keys():
                exchanged[name] = PLACE_FOR_WEIGHTS | {"path": named_elsewhere[name]}
        sent = {reference["sent"] for reference in exchanged.values() if "sent" in reference}
        self._replaced_data = self._replaced_data or "train" in sent
        for name, facts in described.items():
            meaning = meaning_of(name)
            if meaning is not None:
                told = exchanged.get(name, {}).get("value", facts.value)
                if isinstance(told, int | float | str):
                    self._used[meaning] = told
        arrays = {"train": lesson.train, "valid": lesson.valid}
        told_how_long = bool({"epochs", "iterations"} & {meaning_of(name) for name in described})
        return {"replace": exchanged, "complete": told_how_long}, {
            key: array for key, array in arrays.items() if key in sent
        }

    def _is_other_model(self, described: Mapping[str, Facts]) -> bool:
        """Whether a call brings a model that is another than the one wanted."""
        if self._model is None:
            return False
        return any(facts.kind == "model" and facts.type != self._model.name for facts in described.values())


def is_data(facts: Facts) -> bool:
    """Whether an argument is an array of students, or of the six photographs of one of them."""
    shape = facts.shape or ()
    return shape[-3:] == (224, 224, 3) and shape[-5:-3] == (3, 2) and len(shape) in (5, 6)


def run_somehow(
    laboratory: Laboratory,
    function: Trainer,
    calls: Sequence[TrainingCall],
    order: Order,
    replaced: Mapping[str, str] | None = None,
    after: Callable[[Bench, Trained], _T] | None = None,
) -> tuple[Trained, _T | None]:
    """The first of several ways to train in which it comes to a step; the first one that was tried if none does.

    Raises: Unavailable where not one of them could even begin.
    """
    first: tuple[Trained, _T | None] | None = None
    unavailable: Unavailable | None = None
    for call, variant in _ways(calls, order, function.callable):
        try:
            trained, made = run_training(laboratory, function, call, variant, replaced, after)
        except Unavailable as problem:
            unavailable = unavailable or problem
            continue
        if trained.trace.steps:
            return trained, made
        # A call that never came to the training function says nothing about it.
        if first is None and (trained.arguments or call is None):
            first = trained, made
    if first is not None:
        return first
    raise unavailable or Unavailable(not_found(Role.TRAIN))


def _ways(calls: Sequence[TrainingCall], order: Order, callable: bool) -> Iterator[tuple[TrainingCall | None, Order]]:
    for call in calls[:3]:
        yield call, order
    direct = order if order.model is not None else replace(order, model=Role.CHANNEL)
    if calls:
        yield calls[0], replace(order, tensor=True)
        yield calls[0], replace(order, dtype="float64", given={k: v.astype(np.float64) for k, v in order.given.items()})
    if not callable:
        return
    yield None, direct
    yield None, replace(direct, tensor=True)
    yield None, replace(direct, model=Role.CNN)


def problem_words(trained: Trained) -> str:
    """What ended a training against its will, in words; "" where nothing did."""
    if trained.problem is not None:
        words = error_words(trained.problem)
        return re.sub(r"<stand-in for [^>]*>", "something that is not here", words)
    return trained.stopped.observed if trained.stopped is not None else ""


def no_training(function: Trainer, trained: Trained) -> NoEvidence:
    """Why a training that made no step says nothing."""
    if trained.stopped is not None:
        return trained.stopped
    if trained.problem is not None:
        return raised_evidence(function.candidate.name, Raised(trained.problem))
    return NoEvidence(
        Outcome.FAIL,
        f"`{function.candidate.name}` was called and made no optimizer step",
        "Which loop calls backward() and step(), and how often does its body run?",
    )
