"""Runs a submission's training as its notebook does, on data of the judge, and ends it when enough has been seen."""

import inspect
import os
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from autograder.boundary.pipe import Arrays
from autograder.worker.devices import Accelerator
from autograder.worker.errors import describe_error
from autograder.worker.known import Pipe
from autograder.worker.leavings import growing, may_hold_curves, series_in
from autograder.worker.looking import look_at
from autograder.worker.standins import Anything
from autograder.worker.watching import Enough, Look, Watch


@dataclass(frozen=True)
class TrainingBench:
    """What a training needs of the workbench around it."""

    names: dict[str, Any]
    value: Callable[[Mapping[str, Any]], Any]
    pipe: Pipe
    execute: Callable[[Mapping[str, Any]], None]
    accelerator: Accelerator
    describe: Callable[[Any], dict[str, Any]]

    def ask(self, structure: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        """Ask the judge and wait for the answer."""
        self.pipe.send(structure, arrays)
        return self.pipe.receive()


class Training:
    """One run of a submission's training function, or of a loop at its top level.

    The statement of the notebook that trains is run as it stands, with the training function exchanged for one that
    first tells the judge what it is called with; so its arguments are those of the notebook, however they come about,
    except where the judge wants others. A function that is told how many epochs to train is done when it returns. One
    that is not may be a single epoch, and the loop around it goes on as long as it trains the same model.
    """

    def __init__(self, bench: TrainingBench, request: Mapping[str, Any], arrays: Arrays) -> None:
        self._bench = bench
        self._request = request
        self._arrays = arrays
        self._function: Callable[..., Any] | None = None
        self._result: Any = None
        self._problem: BaseException | None = None
        self._calls = 0
        self._exchanged: dict[str, Any] = {}
        self._trained: list[torch.nn.Module] = []
        self._given: dict[str, Any] = {}
        self._lengths: dict[str, int] = {}
        self.watch = Watch(self._send, int(request["steps"]), float(request["seconds"]), accelerator=bench.accelerator)
        self.watch.finish = self._finish

    def run(self) -> dict[str, Any]:
        """Train, and tell how that ended; what happened on the way has been noted to the judge."""
        request, names = self._request, self._bench.names
        torch.set_num_threads(int(request["threads"]))
        if request.get("function"):
            self._function = self._bench.value(request["function"])
            if request.get("method"):
                self._function = self._exchange_method(self._function, request["method"])
        statement = request.get("statement")
        self._lengths = growing(names)
        with self.watch:
            try:
                if statement is None:
                    positional = [self._bench.value(a) for a in request.get("arguments", ())]
                    named = {key: self._bench.value(a) for key, a in request.get("named", {}).items()}
                    self._train(*positional, **named)
                else:
                    self._set_look()
                    self._intercept()
                    self._bench.execute(statement)
                    self._go_on(statement)
            except Enough:
                pass
            except BaseException as problem:  # SystemExit is a submission's to raise, too
                # What a notebook does with its results is no part of its training.
                if not self._calls and not self._leaves(problem):
                    self._problem = problem
        return self.told()

    def _leaves(self, problem: BaseException) -> bool:
        """Whether a program ends with `exit()` when it has trained, which is no problem."""
        return isinstance(problem, SystemExit) and not problem.code and self.watch.steps > 0

    def _go_on(self, statement: Mapping[str, Any]) -> None:
        """A loop over single epochs may be too short for what the judge wants to see; then it is run once more."""
        before = 0
        while self.watch.look is not None and self._trained and before < self.watch.steps < self.watch.most_steps:
            before = self.watch.steps
            self._bench.execute(statement)

    def told(self) -> dict[str, Any]:
        """How the training ended and what it left."""
        told: dict[str, Any] = {
            "ended": self.watch.ended or "by itself",
            "seconds": self.watch.seconds,
            "watching": self.watch.watching_seconds,
        }
        if self._problem is not None and not self.watch.ended:
            told["problem"] = describe_error(self._problem)
        told["returned"] = self._bench.describe(self._result)
        told["series"] = self._series()
        return told

    def _series(self) -> list[dict[str, Any]]:
        """Curves that are returned, and those that grew meanwhile in a global name or an argument."""
        found = []
        try:
            found += series_in(self._result, "returned")
            for name, value in {**self._bench.names, **self._given}.items():
                if name in self._lengths or may_hold_curves(value):
                    numbers = series_in(value, name)
                    if sum(len(entry["numbers"]) for entry in numbers) > self._lengths.get(name, 0):
                        found += numbers
            if self.watch.model is not None:
                plain = {k: v for k, v in vars(self.watch.model).items() if isinstance(v, list | dict)}
                found += series_in({k: v for k, v in plain.items() if not k.startswith("_")}, "model")
        except Exception:  # a submission's own containers may raise whatever they like
            pass
        return found

    def _exchange_method(self, owner: Any, name: str) -> Callable[..., Any]:
        """Let the method of a class that trains be this one; the notebook makes its objects as ever."""
        method: Callable[..., Any] = getattr(owner, name)
        setattr(owner, name, lambda *args, **named: self._train(*args, **named))
        return method

    def _intercept(self) -> None:
        """Exchange the training function wherever the notebook has it, also in a module of its own."""
        modules = [vars(value) for value in self._bench.names.values() if isinstance(value, types.ModuleType)]
        for names in (self._bench.names, *modules):
            for name, value in list(names.items()):
                if self._function is not None and value is self._function:
                    names[name] = self._train

    def _finish(self) -> None:
        """Tell what there is to tell and end the process, since the submission does not let its training be ended."""
        self.watch.flush()
        self._bench.pipe.send({**self.told(), "printed": "", "absent_modules": []}, {})
        os._exit(0)

    def _train(self, *args: Any, **named: Any) -> Any:
        """Stands in the place of the submission's training function."""
        function = self._function
        assert function is not None
        arguments = _bound(function, args, named)
        models = [value for value in arguments.values() if isinstance(value, torch.nn.Module)]
        if not self._calls:
            described = {name: self._bench.describe(value) for name, value in arguments.items()}
            answer, sent = self._bench.ask({"question": "arguments", "arguments": described}, {})
            if answer.get("skip"):
                return Anything("a training that was passed over")
            self._begin(arguments, answer, sent)
            if models and not answer.get("complete"):
                self._trained = models
        elif not models or not all(any(model is other for other in self._trained) for model in models):
            raise Enough
        self._calls += 1
        args, named = _unbound(function, arguments | self._exchanged)
        try:
            self._result = function(*args, **named)
            if inspect.isgenerator(self._result):
                self._result = list(self._result)
        except Enough:
            raise
        except BaseException as problem:
            if not self._leaves(problem):
                self._problem = problem
            raise Enough from None
        if not self._trained:
            raise Enough
        return self._result

    def _begin(self, arguments: Mapping[str, Any], answer: Mapping[str, Any], sent: Arrays) -> None:
        """Exchange the arguments that the judge wants to be others, and watch from here."""
        for name, reference in answer.get("replace", {}).items():
            self._exchanged[name] = _sent(reference, sent) if "sent" in reference else self._bench.value(reference)
        given = dict(arguments) | self._exchanged
        self._given = {f"argument {name}": value for name, value in given.items() if may_hold_curves(value)}
        self._lengths |= growing(self._given)
        self._set_look()
        self.watch.restart()

    def _set_look(self) -> None:
        if "look" in self._arrays:
            images, request = torch.from_numpy(self._arrays["look"]), self._request
            self.watch.look = Look(images, int(request["look_every"]), bool(request["look_statistics"]))

    def _send(self, structure: dict[str, Any], arrays: Arrays, question: bool) -> dict[str, Any]:
        if question:
            return self._bench.ask(structure, arrays)[0]
        self._bench.pipe.send(structure, arrays)
        return {}

    def look_again(self, images: torch.Tensor) -> Arrays:
        """The outputs of the trained model for other pictures, with the weights that the judge wanted kept."""
        model = self.watch.model
        if model is None:
            return {}
        if self.watch.kept:
            model.load_state_dict(self.watch.kept)
        return look_at(model, images, self.watch.shown, self.watch.accelerator)


def _sent(reference: Mapping[str, Any], arrays: Arrays) -> Any:
    array = arrays[reference["sent"]].astype(reference["dtype"], copy=True)
    return torch.from_numpy(array) if reference["tensor"] else array


def _bound(function: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call by parameter, with defaults; those of `**settings` by their own names.

    Raises: TypeError, as the call itself would.
    """
    bound = inspect.signature(function).bind(*args, **named)
    bound.apply_defaults()
    arguments: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        value = bound.arguments[parameter.name]
        if parameter.kind is parameter.VAR_KEYWORD:
            arguments |= value
        elif parameter.kind is parameter.VAR_POSITIONAL:
            arguments |= {f"{parameter.name}[{place}]": part for place, part in enumerate(value)}
        else:
            arguments[parameter.name] = value
    return arguments


def _unbound(function: Callable[..., Any], arguments: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    positional: list[Any] = []
    named = dict(arguments)
    parameters = inspect.signature(function).parameters.values()
    spread = [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]
    for parameter in parameters:
        by_place = parameter.kind is parameter.POSITIONAL_ONLY or (
            bool(spread) and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        )
        if by_place and parameter.name in named:
            positional.append(named.pop(parameter.name))
    for name in spread:
        keys = [key for key in named if key.startswith(f"{name}[")]
        positional += [named.pop(key) for key in keys]
    return tuple(positional), named
