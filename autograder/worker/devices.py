"""Code that is written for a GPU runs on what is there."""

from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class OnTheProcessor(TorchFunctionMode):
    """Wherever a submission names a GPU, the processor is meant: `.cuda()`, `.to("cuda")`, `device="cuda:0"`."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if name in ("cuda", "pin_memory") and args:
            return args[0]
        if _is_gpu(named.get("device")):
            named["device"] = "cpu"
        if name == "to":
            args = tuple("cpu" if _is_gpu(argument) else argument for argument in args)
        return func(*args, **named)


def _is_gpu(device: Any) -> bool:
    return (isinstance(device, str) and device.startswith("cuda")) or (
        isinstance(device, torch.device) and device.type == "cuda"
    )


def run_without_gpu(text: str) -> None:
    """From now on, take the processor for the GPU, if there is none and the text of a program asks for one."""
    if "cuda" in text and not torch.cuda.is_available():
        OnTheProcessor().__enter__()
