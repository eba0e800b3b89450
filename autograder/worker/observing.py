"""Watches one forward pass: which layers are executed, on which shapes, and what reaches the first convolution."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch
from numpy.typing import NDArray
from torch.overrides import TorchFunctionMode

from autograder.boundary.pipe import Arrays
from autograder.worker.dependence import depends, learning
from autograder.worker.errors import describe_error

MOST_EVENTS = 1000
STIRRING = 0.01
LINEAR = ("linear", "matmul", "__matmul__", "__rmatmul__", "mm", "addmm")


class Layers(TorchFunctionMode):
    """Records convolutions, linear layers and changes of height and width, however they are written: as modules, as
    functions, or as plain operations on tensors; every one of them passes through `__torch_function__`."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []
        self.first_input: torch.Tensor | None = None
        self._map: list[int] | None = None
        self._padded: tuple[torch.Tensor, torch.Tensor] | None = None  # what went into the last padding, what came out

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name, named = getattr(func, "__name__", ""), kwargs or {}
        if name == "conv2d" and self.first_input is None:
            # Before the call: it may be just this that it stops at.
            self._note_first_input(args[0] if args else named["input"])
        result = func(*args, **named)
        if len(self.events) < MOST_EVENTS:
            self._note(name, args, named, result)
        return result

    def _note_first_input(self, images: torch.Tensor) -> None:
        # Padding by an operation of its own belongs to the convolution.
        padded = self._padded is not None and images is self._padded[1]
        self.first_input = (self._padded[0] if padded and self._padded else images).detach().clone()

    def _note(self, name: str, args: tuple[Any, ...], named: dict[str, Any], result: Any) -> None:
        output = result[0] if isinstance(result, tuple | list) and result else result
        if not isinstance(output, torch.Tensor):
            return
        tensors = [value for value in (*args, *named.values()) if isinstance(value, torch.Tensor)]
        if name == "conv2d":
            self._note_convolution(args, named, output)
        elif name in LINEAR:
            self._note_linear(name, tensors)
        if output.dim() == 4:
            source = next((tensor for tensor in tensors if tensor.dim() == 4), None)
            if name != "conv2d" and source is not None and source.shape[2:] != output.shape[2:]:
                event = {"kind": "resize", "name": name, "before": list(source.shape), "after": list(output.shape)}
                self.events.append(event)
                if name == "pad":
                    self._padded = source, output
            self._map = list(output.shape)

    def _note_convolution(self, args: tuple[Any, ...], named: dict[str, Any], output: torch.Tensor) -> None:
        call = dict(zip(("input", "weight", "bias", "stride", "padding"), args, strict=False)) | named
        images, weight = call["input"], call["weight"]
        if images.dim() != 4:
            return
        stride, padding = _pair(call.get("stride", 1)), call.get("padding", 0)
        if padding == "same":
            padding = [(length - 1) // 2 for length in weight.shape[2:]]
        self.events.append(
            {
                "kind": "convolution",
                "before": list(images.shape),
                "after": list(output.shape),
                "weight": list(weight.shape),
                "stride": stride,
                "padding": [0, 0] if isinstance(padding, str) else _pair(padding),
            }
        )

    def _note_linear(self, name: str, tensors: list[torch.Tensor]) -> None:
        weight = weight_among(name, tensors)
        if weight is not None:
            inward, outward = weight.shape[::-1] if name == "linear" else weight.shape
            self.events.append({"kind": "linear", "in": int(inward), "out": int(outward), "map": self._map})


class Weights(TorchFunctionMode):
    """Keeps the weights of convolutions and linear layers in the order in which `Layers` notes them."""

    def __init__(self) -> None:
        super().__init__()
        self.used: list[torch.Tensor] = []

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name, named = getattr(func, "__name__", ""), kwargs or {}
        result = func(*args, **named)
        if name in ("conv2d", *LINEAR) and len(self.used) < MOST_EVENTS:
            tensors = [value for value in (*args, *named.values()) if isinstance(value, torch.Tensor)]
            weight = weight_among(name, tensors)
            if weight is not None and (name != "conv2d" or tensors[0].dim() == 4):
                self.used.append(weight)
        return result


def weight_among(name: str, tensors: list[torch.Tensor]) -> torch.Tensor | None:
    """Which argument of a layer's operation holds its weights; None where it is no layer."""
    if len(tensors) < 2:
        return None
    weight = tensors[2] if name == "addmm" and len(tensors) > 2 else tensors[1]
    return weight if name == "conv2d" or weight.dim() == 2 else None


def _idle(model: Callable[..., Any], batch: torch.Tensor, count: int, stirring: float = 0.0) -> tuple[Any, list[bool]]:
    """What a model gives, and for each of its layers, as many as there were before, whether that depends on it not."""
    parameters = [p for p in model.parameters() if p.is_floating_point()] if isinstance(model, torch.nn.Module) else []
    with learning(parameters, stirring), Weights() as weights:
        output = model(batch)
        if len(weights.used) != count:
            return output.detach(), [True] * count
        return output.detach(), [not alive for alive in depends(output, weights.used)]


def _run_alone(model: Callable[..., Any], batch: torch.Tensor, events: list[dict[str, Any]]) -> Any:
    """What a model gives for pictures of their own; layers that this does not depend on are marked: they are executed
    for show.

    A gradient has to come back to a layer's weights, as in training. Behind weights that begin with zeros none does, so
    it is looked for once more a little beside them.
    """
    layers = [event for event in events if event["kind"] in ("convolution", "linear")]
    alone, idle = None, [True] * len(layers)
    with suppress(Exception):
        alone, idle = _idle(model, batch, len(layers))
        if any(idle):
            _, stirred = _idle(model, batch, len(layers), STIRRING)
            idle = [one and other for one, other in zip(idle, stirred, strict=True)]
    for event, is_idle in zip(layers, idle, strict=True):
        if is_idle:
            event["idle"] = True
    if alone is None:
        with torch.no_grad():
            alone = model(batch)
    return alone


def _pair(value: Any) -> list[int]:
    numbers = [int(number) for number in value] if isinstance(value, list | tuple) else [int(value)]
    return numbers * 2 if len(numbers) == 1 else numbers[:2]


def run_model(model: Callable[..., Any], images: NDArray[Any]) -> tuple[dict[str, Any], Arrays]:
    """Run pictures, [B, 3, height, width] or another order of axes, through a model in evaluation mode.

    Returns: what came out, or the exception that stopped it, and the layers that were executed; the output for the
    whole batch and, as `alone`, for its first two pictures; what reached the first convolution for the first picture.
    """
    if isinstance(model, torch.nn.Module):
        model.eval()
    batch = torch.from_numpy(images.copy())
    layers = Layers()
    structure: dict[str, Any] = {"events": layers.events}
    arrays: Arrays = {}
    output = alone = None
    try:
        with torch.no_grad(), layers:
            output = model(batch)
        alone = _run_alone(model, batch[:2], layers.events)
    except Exception as problem:
        structure["stopped"] = describe_error(problem)
    if isinstance(output, torch.Tensor):
        structure |= {"kind": "logits", "shape": list(output.shape)}
        arrays["output"] = output.float().contiguous().numpy()
        if isinstance(alone, torch.Tensor):
            arrays["alone"] = alone.float().contiguous().numpy()
    else:
        structure |= {"kind": type(output).__name__, "shape": []}
    if layers.first_input is not None:
        arrays["first_input"] = layers.first_input[:1].float().contiguous().numpy()
    return structure, arrays
