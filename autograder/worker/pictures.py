"""Which shoes a model is shown: a batch of pictures, in whatever layout, cut into its two shoes and made small."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

# Large enough to read a code, small enough to travel for every picture of a training.
SMALLEST_SIDE = 56
SHORTEST = 40
Halves = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Shown:
    """A batch as a model was given it.

    layout: how its axes are arranged, in words; size: height and width of both shoes together, upright; shoes: float16
    [B, 2, height, width, 3]; as_stored: the same numbers taken in the order in which they lie in memory, as if nobody
    had exchanged any axes, None where somebody has.
    """

    layout: str
    size: tuple[int, int]
    shoes: NDArray[np.float16]
    as_stored: NDArray[np.float16] | None = None


def pictures_among(values: Iterable[Any]) -> list[torch.Tensor]:
    """The tensors among the arguments of a model that can be pictures."""
    return [value for value in values if isinstance(value, torch.Tensor) and _is_picture(value)]


def _is_picture(value: torch.Tensor) -> bool:
    sizes = sorted(value.shape[1:] if value.dim() > 3 else value.shape)
    return value.dim() in (3, 4, 5) and len(sizes) >= 3 and sizes[-2] >= SHORTEST and sizes[0] in (2, 3, 6)


def shoes_in(tensors: list[torch.Tensor]) -> Shown | None:
    """Cut a batch into its shoes; None where its shape is none that holds two shoes."""
    batch = tensors[0].detach()
    if not len(batch):
        return None
    if batch.dim() == 3:
        batch = batch[None]
    if len(tensors) == 2 and tensors[1].shape == tensors[0].shape:
        return _shown("the two shoes apart", (batch, tensors[1].detach().reshape(batch.shape)))
    if batch.dim() == 5 and batch.shape[1] == 2:
        return _shown("the two shoes apart", (batch[:, 0], batch[:, 1]))
    if batch.dim() != 4:
        return None
    if batch.shape[1] == 6:
        return _shown("stacked", (batch[:, :3], batch[:, 3:]))
    if batch.shape[3] == 6:
        return _shown("stacked, channels last", (batch[..., :3], batch[..., 3:]))
    if batch.shape[1] == 3:
        upright = batch.shape[2] >= batch.shape[3]
        shown = _shown("upright" if upright else "sideways", _halved(batch, 2 if upright else 3))
        return shown and replace(shown, as_stored=_as_stored(batch))
    if batch.shape[3] == 3:
        upright = batch.shape[1] >= batch.shape[2]
        layout = "channels last" if upright else "channels last, sideways"
        return _shown(layout, _halved(batch, 1 if upright else 2))
    return None


def _halved(batch: torch.Tensor, axis: int) -> Halves:
    half = batch.shape[axis] // 2
    return batch.narrow(axis, 0, half), batch.narrow(axis, half, half)


def _shown(layout: str, halves: Halves) -> Shown | None:
    """Args: halves: the two shoes, [B, 3, height, width] or [B, height, width, 3] each."""
    if halves[0].dim() != 4:
        return None
    if halves[0].shape[1] == 3:
        halves = halves[0].permute(0, 2, 3, 1), halves[1].permute(0, 2, 3, 1)
    _, height, width, colours = halves[0].shape
    size = (2 * width, height) if "sideways" in layout else (2 * height, width)
    if colours != 3 or min(height, width) < SHORTEST:
        return None
    return Shown(layout, size, _small(halves))


def _small(halves: Halves) -> NDArray[np.float16]:
    """Args: halves: [B, height, width, 3] each. Only what is kept of them is ever copied."""
    step = max(1, min(halves[0].shape[1:3]) // SMALLEST_SIDE)
    small = torch.stack([half[:, ::step, ::step].cpu().float() for half in halves], dim=1)
    # What half precision cannot hold is no picture of this assignment; it must not become a warning of numpy's.
    return small.clamp(-60000, 60000).numpy().astype(np.float16)


def _as_stored(batch: torch.Tensor) -> NDArray[np.float16] | None:
    """[B, 3, 448, 224] read as if it were [B, 448, 224, 3]; what `reshape` or `view` has scrambled is whole again."""
    if not batch.is_contiguous() or batch[0].numel() != 3 * 448 * 224:
        return None
    return _small(_halved(batch.reshape(-1, 448, 224, 3), 1))


def arranged(images: torch.Tensor, like: Shown | None) -> tuple[torch.Tensor, ...]:
    """Pictures [M, 3, 448, 224] in the layout and size in which a submission hands them to its model."""
    layout = like.layout if like is not None else "upright"
    if like is not None and like.size != tuple(images.shape[2:]):
        images = torch.nn.functional.interpolate(images, size=like.size, mode="area")
    half = images.shape[2] // 2
    if layout == "sideways":
        return (images.transpose(2, 3),)
    if layout == "channels last":
        return (images.permute(0, 2, 3, 1),)
    if layout == "channels last, sideways":
        return (images.permute(0, 3, 2, 1),)
    if layout == "stacked":
        return (torch.cat([images[:, :, :half], images[:, :, half:]], dim=1),)
    if layout == "stacked, channels last":
        return (torch.cat([images[:, :, :half], images[:, :, half:]], dim=1).permute(0, 2, 3, 1),)
    if layout == "the two shoes apart":
        return images[:, :, :half], images[:, :, half:]
    return (images,)
