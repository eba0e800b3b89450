"""Watches a training while it runs: forward and backward passes, optimizer steps, what is saved and drawn.

Everything is noted where torch itself does it, so it makes no difference how a submission's loop is written. The
notes travel to the judge at every step: whatever happens later, what was seen is seen. Nothing is judged here.
"""

import hashlib
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from unittest import mock

import matplotlib.axes
import numpy as np
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from autograder.boundary.pipe import Arrays
from autograder.worker.devices import Accelerator
from autograder.worker.drawing import watched_plot, watched_table
from autograder.worker.known import StandinNetwork
from autograder.worker.leavings import weights_in
from autograder.worker.looking import distance, downhill, few, gradients_of, length, look_at, sample
from autograder.worker.pictures import Shown, pictures_among, shoes_in

MOST_WAITING = 200
MOST_OPEN = 50
# So many backward passes for each step that is wanted, before a training that takes none is ended: gradients may be
# gathered over a few.
MOST_WITHOUT_STEP = 4
# So often a submission may catch what ends its training before its process is ended.
PATIENCE = 3


class Enough(BaseException):
    """Ends a submission's training from within; no error, and no `Exception` that its code would catch by habit."""


@dataclass
class Look:
    """Pictures, float32 [M, 3, 448, 224], on which the judge wants to see the model every so many steps; statistics:
    whether also with the statistics of the batch."""

    images: torch.Tensor
    every: int
    statistics: bool


@dataclass
class _Pass:
    """What is known of one forward pass until its gradient has arrived."""

    number: int
    gradient: torch.Tensor | None = None


@dataclass
class Watch:
    """Hooks around a training. Use it as a context manager.

    send: gives a note to the judge, or asks and returns the answer; most_steps, most_seconds: optimizer steps and
    seconds of processor time after which the training is ended.
    """

    send: Callable[[dict[str, Any], Arrays, bool], dict[str, Any]]
    most_steps: int
    most_seconds: float
    look: Look | None = None
    accelerator: Accelerator = field(default_factory=Accelerator)
    steps: int = 0
    ended: str = ""
    model: torch.nn.Module | None = None
    shown: Shown | None = None

    def __post_init__(self) -> None:
        self._events: list[dict[str, Any]] = []
        self._pictures: dict[bytes, int] = {}
        self._new: list[np.ndarray[Any, Any]] = []
        self._first_new = 0
        self._passes: dict[int, _Pass] = {}
        self._count = 0
        self._inside = False
        self._since_step = 0
        self._backward_passes = 0
        self._started = time.process_time()
        self._impatience = 0
        self._before: list[torch.Tensor] = []
        self._after_backward: list[torch.Tensor] = []
        self._initial: list[torch.Tensor] = []
        self._modes: list[bool] = []
        self._stack = ExitStack()
        self.kept: dict[str, torch.Tensor] = {}
        self.watching_seconds = 0.0
        self.finish: Callable[[], None] = lambda: os._exit(0)

    def restart(self) -> None:
        """Count from here: what came before was no part of the training."""
        self.steps = self._backward_passes = 0

    # --- switching on and off

    def __enter__(self) -> "Watch":
        for kind in _networks():
            self._patch(kind, "forward", self._watched_forward(vars(kind)["forward"]))
        self._patch(torch.autograd, "backward", self._watched_backward(torch.autograd.backward))
        self._patch(torch.autograd, "grad", self._watched_backward(torch.autograd.grad, gathers=False))
        self._patch(torch, "save", self._watched_save(torch.save, 0))
        self._patch(pickle, "dump", self._watched_save(pickle.dump, 0))
        self._patch(matplotlib.axes.Axes, "plot", watched_plot(matplotlib.axes.Axes.plot, self._note))
        for name, place in (("savetxt", 1), ("save", 1)):
            self._patch(np, name, watched_table(getattr(np, name), place, self._note))
        self._patch(torch, "compile", lambda model=None, **how: model if model is not None else lambda other: other)
        for handle in (
            register_optimizer_step_pre_hook(self._before_step),
            register_optimizer_step_post_hook(self._after_step),
        ):
            self._stack.callback(handle.remove)
        return self

    def __exit__(self, *problem: object) -> None:
        self._stack.close()
        self.flush()

    def _note(self, event: dict[str, Any]) -> None:
        self._events.append(event)

    def _patch(self, owner: Any, name: str, replacement: Any) -> None:
        self._stack.enter_context(mock.patch.object(owner, name, replacement))

    # --- what is watched

    def _watched_forward(self, forward: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(forward)
        def watched(module: torch.nn.Module, *args: Any, **named: Any) -> Any:
            if self._inside:
                return forward(module, *args, **named)
            tensors = pictures_among((*args, *named.values()))
            if not tensors:
                return forward(module, *args, **named)
            self._be_quick()
            with self._counted():
                self._note_update_by_hand()
            self._inside = True
            try:
                output = self.accelerator.run(forward, module, args, named)
            except Exception:
                # What a model refuses is worth seeing, too.
                self._note_forward(module, tensors, torch.empty(0, 0))
                raise
            finally:
                self._inside = False
            with self._counted():
                self._note_forward(module, tensors, output)
            return output

        return watched

    def _note_forward(self, module: torch.nn.Module, tensors: list[torch.Tensor], output: Any) -> None:
        logits = output[0] if isinstance(output, tuple | list) and output else output
        shown = shoes_in(tensors)
        if not isinstance(logits, torch.Tensor) or shown is None:
            return
        self._count += 1
        event: dict[str, Any] = {
            "kind": "forward",
            "pass": self._count,
            "training": bool(module.training),
            "layout": shown.layout,
            "ids": self._ids(shown.shoes),
            "outputs": _rows(logits) if len(logits) else [],
            "learns": logits.requires_grad,
        }
        if shown.as_stored is not None:
            event["stored"] = self._ids(shown.as_stored)
        self._events.append(event)
        if logits.requires_grad:
            seen = _Pass(self._count)
            self._passes[self._count] = seen
            logits.register_hook(lambda gradient: _add(seen, gradient))
            self.shown = shown
            if self.model is not module:
                self.model = module
                self._initial = self._initial or sample(module)
        if len(self._events) > MOST_WAITING:
            self.flush()

    def _ids(self, shoes: np.ndarray[Any, Any]) -> list[int]:
        """A number for each picture; those not seen before travel with the next note."""
        ids = []
        for picture in shoes:
            key = hashlib.blake2b(picture.tobytes(), digest_size=16).digest()
            if key not in self._pictures:
                self._pictures[key] = len(self._pictures)
                self._new.append(picture)
            ids.append(self._pictures[key])
        return ids

    def _watched_backward(self, backward: Callable[..., Any], gathers: bool = True) -> Callable[..., Any]:
        """Args: gathers: whether gradients are added to those that a weight has already."""

        @wraps(backward)
        def watched(tensors: Any, *args: Any, **named: Any) -> Any:
            self._be_quick()
            with self._counted():
                left_over = self._left_over() if gathers or not self._since_step else None
            self._since_step += 1
            result = backward(tensors, *args, **named)
            with self._counted():
                self._note_backward(tensors[0] if isinstance(tensors, tuple | list) and tensors else tensors, left_over)
            return result

        return watched

    def _left_over(self) -> float | None:
        """The length of the gradients that are there before a backward pass, None before the very first one."""
        if self.model is None or not (self._since_step or self.steps):
            return None
        return length(gradients_of(self.model))

    def _note_backward(self, loss: Any, left_over: float | None) -> None:
        arrived = {seen.number: seen.gradient for seen in self._passes.values() if seen.gradient is not None}
        # Older ones than these belong to evaluations, which no gradient will come back through any more.
        self._passes = {
            number: seen
            for number, seen in self._passes.items()
            if number not in arrived and number > self._count - MOST_OPEN
        }
        self._events.append(
            {
                "kind": "backward",
                "loss": float(loss.detach().sum()) if isinstance(loss, torch.Tensor) else None,
                "function": getattr(getattr(loss, "grad_fn", None), "name", lambda: "")(),
                "left over": left_over,
                "gradients": {str(number): _rows(gradient) for number, gradient in arrived.items()},
            }
        )
        self._backward_passes += 1
        if not self.steps and self._backward_passes >= MOST_WITHOUT_STEP * self.most_steps:
            self.end("steps")
        self._modes.append(bool(self.model.training) if self.model is not None else True)
        self._after_backward = sample(self.model) if self.model is not None else []

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count the processor time of watching apart from that of what is watched."""
        started, already = time.process_time(), self.watching_seconds
        try:
            yield
        finally:
            # What was counted within is part of this.
            self.watching_seconds = already + time.process_time() - started

    def _before_step(self, optimizer: torch.optim.Optimizer, args: Any, named: Any) -> None:
        self._be_quick()
        with self._counted():
            self._before = sample(self.model) if self.model is not None else []

    def _after_step(self, optimizer: torch.optim.Optimizer, args: Any, named: Any) -> None:
        with self._counted():
            self._note_optimizer(optimizer)

    def _note_optimizer(self, optimizer: torch.optim.Optimizer) -> None:
        own = {id(parameter) for parameter in self.model.parameters()} if self.model is not None else set()
        held = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
        rates = [float(group.get("lr", 0.0)) for group in optimizer.param_groups]
        self._note_step({"rate": max(rates), "held": len(own & held)})

    def _note_update_by_hand(self) -> None:
        """A loop may move the weights without an optimizer; that is seen when the next pictures come."""
        if not self._since_step or self.model is None or not self._after_backward:
            return
        self._before = self._after_backward
        if distance(self._before, sample(self.model)) > 0:
            own = sum(1 for _ in self.model.parameters())
            self._note_step({"rate": 0.0, "held": own})

    def _note_step(self, facts: dict[str, Any]) -> None:
        self.steps += 1
        now = sample(self.model) if self.model is not None else []
        gradients = gradients_of(self.model) if self.model is not None else []
        self._events.append(
            {
                "kind": "step",
                "training": self._modes or [bool(self.model.training) if self.model is not None else True],
                "gradient": length(gradients),
                "change": distance(self._before, now),
                "downhill": downhill(self._before, now, gradients),
                "parameters": sum(1 for _ in self.model.parameters()) if self.model is not None else 0,
                **facts,
            }
        )
        self._modes = []
        self._since_step, self._after_backward = 0, []
        self.flush()
        if self.look is not None and self.steps % self.look.every == 0:
            with self._counted():
                self.show()
        if self.steps >= self.most_steps:
            self.end("steps")
        self._be_quick()

    def _watched_save(self, save: Callable[..., Any], place: int) -> Callable[..., Any]:
        @wraps(save)
        def watched(*args: Any, **named: Any) -> Any:
            result = save(*args, **named)
            kind, weights = weights_in(args[place] if len(args) > place else named.get("obj"))
            if weights and self.model is not None:
                own = dict(self.model.state_dict())
                fits = [key for key in weights if key in own and weights[key].shape == own[key].shape]
                saved = [few(weights[name]) for name, _ in self.model.named_parameters() if name in fits]
                event = {"kind": "save", "what": kind, "fits": len(fits) == len(own) > 0}
                # The very first weights are none that training has made.
                event["trained"] = not saved or distance(saved, self._initial) > 0 or len(saved) != len(self._initial)
                self._events.append(event)
            elif weights:
                self._events.append({"kind": "save", "what": kind, "fits": True, "trained": False})
            return result

        return watched

    # --- telling the judge

    def flush(self) -> None:
        """Send what has been noted."""
        printed = sys.stdout.taken() if hasattr(sys.stdout, "taken") else ""
        if not self._events and not printed:
            return
        arrays: Arrays = {}
        shapes: dict[tuple[int, ...], list[int]] = {}
        for place, picture in enumerate(self._new):
            shapes.setdefault(picture.shape, []).append(place)
        for number, places in enumerate(shapes.values()):
            arrays[f"pictures{number}"] = np.stack([self._new[place] for place in places])
            arrays[f"ids{number}"] = np.array([self._first_new + place for place in places], dtype=np.int64)
        self._first_new += len(self._new)
        events, self._events, self._new = self._events, [], []
        self.send({"note": "training", "events": events, "printed": printed}, arrays, False)

    def show(self) -> None:
        """Let the judge see the model on its own pictures, and end the training where it has seen enough."""
        if self.model is None or self.look is None:
            return
        self._inside = True
        try:
            rows = look_at(self.model, self.look.images, self.shown, self.accelerator, self.look.statistics)
        finally:
            self._inside = False
        structure = {"question": "look", "step": self.steps}
        self.flush()
        answer = self.send(structure, rows, True)
        if answer.get("keep"):
            self.kept = {name: tensor.detach().clone() for name, tensor in self.model.state_dict().items()}
        if answer.get("enough"):
            self.end("enough")

    @property
    def seconds(self) -> float:
        """Processor time since the watch began."""
        return time.process_time() - self._started

    def end(self, why: str) -> None:
        """End the training now. Raises: Enough."""
        self.ended = self.ended or why
        raise Enough(why)

    def _be_quick(self) -> None:
        """End the training where its time is up, or end it again where the submission has caught the end of it."""
        if self.ended:
            self._impatience += 1
            if self._impatience > PATIENCE:
                self.finish()
            raise Enough(self.ended)
        if self.seconds > self.most_seconds:
            self.end("seconds")


def _networks() -> list[type]:
    """The classes of modules with a forward pass of their own that are no part of torch, what stands in
    for one, and `Sequential`."""
    found: list[type] = [torch.nn.Sequential]
    waiting = list(torch.nn.Module.__subclasses__())
    seen: set[type] = set()
    while waiting:
        kind = waiting.pop()
        if kind in seen:
            continue
        seen.add(kind)
        waiting += kind.__subclasses__()
        foreign = kind.__module__.startswith(("torch.", "autograder.")) and kind is not StandinNetwork
        if not foreign and "forward" in vars(kind):
            found.append(kind)
    return sorted(found, key=lambda kind: (kind.__module__, kind.__qualname__))


def _add(seen: _Pass, gradient: torch.Tensor) -> None:
    gradient = gradient.detach().clone()
    seen.gradient = gradient if seen.gradient is None else seen.gradient + gradient


def _rows(values: torch.Tensor) -> list[list[float]]:
    table = values.detach().cpu().double()
    table = table.reshape(len(table), -1)[:, :8] if table.dim() else table.reshape(1, 1)
    return [[float(number) for number in row] for row in table]
