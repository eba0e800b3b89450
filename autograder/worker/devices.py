"""Code that is written for a GPU runs on what is there."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
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
        elif name == "type":
            args = tuple(_kind_on_processor(argument) for argument in args)
        return func(*args, **named)


def _is_gpu(device: Any) -> bool:
    return (isinstance(device, str) and device.startswith("cuda")) or (
        isinstance(device, torch.device) and device.type == "cuda"
    )


def run_without_gpu(text: str) -> None:
    """From now on, take the processor for the GPU, if there is none and the text of a program asks for one."""
    if "cuda" in text and not torch.cuda.is_available():
        OnTheProcessor().__enter__()
        _be_without_gpu()


def _be_without_gpu() -> None:
    """Let the kinds of tensors that live on a GPU be those of the processor, and what asks or waits for one do
    nothing."""
    for name in _KINDS:
        setattr(torch.cuda, name, getattr(torch, name))
    for name, answer in {"synchronize": None, "set_device": None, "current_device": 0, "get_device_name": ""}.items():
        setattr(torch.cuda, name, lambda *args, answer=answer, **named: answer)
    set_kind, set_device = torch.set_default_tensor_type, torch.set_default_device
    torch.set_default_tensor_type = lambda kind: set_kind(_kind_on_processor(kind))
    torch.set_default_device = lambda device: set_device("cpu" if _is_gpu(device) else device)


_KINDS = tuple(f"{kind}Tensor" for kind in "Float Double Half Byte Char Short Int Long Bool".split())


def _kind_on_processor(kind: Any) -> Any:
    return kind.replace("torch.cuda.", "torch.") if isinstance(kind, str) else kind


@dataclass(frozen=True)
class Accelerator:
    """Where networks are computed: wherever the submission has them, or all of them on a GPU.

    A network that is moved takes its pictures from where they are and hands its outputs back there, so that code which
    knows nothing of GPUs is served by one.
    """

    device: str = ""

    def run(self, function: Callable[..., Any], module: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Call a forward pass, `function(module, ...)`, or a whole network where `module` is None."""
        first = () if module is None else (module,)
        home = next((value.device for value in (*args, *named.values()) if isinstance(value, torch.Tensor)), None)
        if not self.device or not torch.cuda.is_available() or home is None:
            return function(*first, *args, **named)
        network: Any = function if module is None else module
        network.to(self.device)
        output = function(
            *first, *_moved(args, self.device), **dict(zip(named, _moved(named.values(), self.device), strict=True))
        )
        if isinstance(output, tuple | list):
            return type(output)(_moved(output, home))
        return _moved([output], home)[0]


def _moved(values: Iterable[Any], device: Any) -> list[Any]:
    return [value.to(device) if isinstance(value, torch.Tensor) else value for value in values]


def load_data_in_one_process() -> None:
    """Let data loaders work without processes of their own: a few pictures need none, and starting them takes long."""
    loader = torch.utils.data.DataLoader
    make = loader.__init__

    @wraps(make)
    def made(self: Any, *args: Any, **named: Any) -> None:
        for name in ("num_workers", "prefetch_factor", "persistent_workers", "multiprocessing_context", "pin_memory"):
            named.pop(name, None)
        make(self, *args[:6], **named)

    loader.__init__ = made  # type: ignore[method-assign]
