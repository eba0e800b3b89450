"""What a model says at a moment, and where its weights are: seen without changing anything."""

from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from autograder.boundary.pipe import LAST_LAYER, Arrays
from autograder.worker.dependence import depends, learning
from autograder.worker.devices import Accelerator
from autograder.worker.pictures import Shown, arranged

# Of each of a model's tensors so many values are compared: enough to see any update, quick for large layers.
SAMPLED = 4000
AT_ONCE = 30
PROBED = 4
BATCH_NORMS = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.SyncBatchNorm)


def look_at(
    model: torch.nn.Module, images: torch.Tensor, like: Shown | None, accelerator: Accelerator, statistics: bool = False
) -> Arrays:
    """A model's outputs for pictures [M, 3, 448, 224], given to it as it was given others before.

    They are those of evaluation mode and, if `statistics` are wanted and matter, also those with the statistics of the
    batch; beside each, under its name and `LAST_LAYER`, what the last linear layer put out: nothing but zeros where
    there is none and no other layer has a say. Neither the model nor any generator of random numbers is left changed.
    """
    modes = {module: module.training for module in model.modules()}
    normalising = [m for m in model.modules() if isinstance(m, BATCH_NORMS)]
    state = {name: tensor.clone() for name, tensor in model.named_buffers()}
    randomness = torch.get_rng_state()
    found: Arrays = {}
    kind = next((p.dtype for p in model.parameters()), torch.float32)
    try:
        model.eval()
        with torch.no_grad():
            found |= _outputs("evaluation", model, images.to(kind), like, accelerator)
            if statistics and normalising:
                for norm in normalising:
                    norm.train()
                found |= _outputs("batch statistics", model, images.to(kind), like, accelerator)
    finally:
        for module, training in modes.items():
            module.training = training
        for name, buffer in model.named_buffers():
            buffer.copy_(state[name])
        torch.set_rng_state(randomness)
    return found


class _LastLayer(TorchFunctionMode):
    """Keeps what the last linear layer put out."""

    def __init__(self) -> None:
        super().__init__()
        self.output: torch.Tensor | None = None

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") == "linear" and isinstance(result, torch.Tensor):
            self.output = result
        return result


def _outputs(
    name: str, model: torch.nn.Module, images: torch.Tensor, like: Shown | None, accelerator: Accelerator
) -> Arrays:
    outputs, last = [], []
    for start in range(0, len(images), AT_ONCE):
        batch = arranged(images[start : start + AT_ONCE], like)
        with _LastLayer() as layer:
            output = accelerator.run(model, None, batch, {})
        output = output[0] if isinstance(output, tuple | list) else output
        outputs.append(_as_table(output, len(batch[0])))
        if layer.output is not None and layer.output.numel() == output.numel():
            last.append(_as_table(layer.output, len(batch[0])))
    found = {name: np.concatenate(outputs)}
    if len(last) == len(outputs):
        found[name + LAST_LAYER] = np.concatenate(last)
    elif not _depends_on_weights(model, images[:PROBED], like, accelerator):
        found[name + LAST_LAYER] = np.zeros_like(found[name])
    return found


def _depends_on_weights(
    model: torch.nn.Module, images: torch.Tensor, like: Shown | None, accelerator: Accelerator
) -> bool:
    """Whether a gradient comes back from a model's outputs to any of its layers' weights."""
    weights = [p for p in model.parameters() if p.is_floating_point() and p.dim() > 1]
    try:
        with learning(weights):
            output = accelerator.run(model, None, arranged(images, like), {})
            return any(depends(output[0] if isinstance(output, tuple | list) else output, weights))
    except Exception:  # what runs without gradients only has learnt nothing by them
        return False


def _as_table(output: torch.Tensor, rows: int) -> np.ndarray[Any, Any]:
    return output.detach().cpu().float().reshape(rows, -1).numpy()


def few(tensor: torch.Tensor) -> torch.Tensor:
    """The first values of a tensor, copied."""
    return tensor.detach().reshape(-1)[:SAMPLED].to("cpu", torch.float64, copy=True)


def sample(model: torch.nn.Module) -> list[torch.Tensor]:
    """Some of the weights of each of a model's tensors."""
    return [few(parameter) for parameter in model.parameters()]


def gradients_of(model: torch.nn.Module) -> list[torch.Tensor]:
    """The gradients of the same weights, nothing for a tensor that has none."""
    return [torch.zeros(0) if p.grad is None else few(p.grad) for p in model.parameters()]


def length(tensors: list[torch.Tensor]) -> float:
    """The Euclidean length of all values together."""
    return float(sum(float((tensor**2).sum()) for tensor in tensors)) ** 0.5


def distance(before: list[torch.Tensor], after: list[torch.Tensor]) -> float:
    """How far two samples of one model are apart."""
    return (
        float(sum(float(((a - b) ** 2).sum()) for a, b in zip(before, after, strict=False) if a.shape == b.shape))
        ** 0.5
    )


def downhill(before: list[torch.Tensor], after: list[torch.Tensor], gradients: list[torch.Tensor]) -> float | None:
    """The cosine between a step and the way straight down; None where there is no step or no gradient left to see."""
    product = 0.0
    for a, b, gradient in zip(before, after, gradients, strict=False):
        if gradient.shape == a.shape == b.shape:
            product -= float(((b - a) * gradient).sum())
    scale = distance(before, after) * length(gradients)
    return product / scale if scale > 0 else None
