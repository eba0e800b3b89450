"""What a network's outputs depend on: a gradient has to come back, as in training."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch


@contextmanager
def learning(parameters: Sequence[torch.nn.Parameter], stirring: float = 0.0) -> Iterator[None]:
    """Let parameters learn, each by chance a little off what it is; afterwards they are as they were."""
    before = [(parameter, parameter.requires_grad, parameter.detach().clone()) for parameter in parameters]
    random = torch.Generator().manual_seed(0)
    for parameter in parameters:
        parameter.requires_grad_(True)
        if stirring:
            parameter.data.add_(torch.randn(parameter.shape, generator=random).to(parameter), alpha=stirring)
    try:
        with torch.enable_grad():
            yield
    finally:
        for parameter, learns, values in before:
            parameter.requires_grad_(learns).data.copy_(values)


def depends(output: torch.Tensor, weights: Sequence[torch.Tensor]) -> list[bool]:
    """For each of some weights whether the output depends on it."""
    asked = [weight for weight in weights if weight.requires_grad]
    if not asked or not output.requires_grad:
        return [False] * len(weights)
    # Another weight for each number, since those behind a softmax always add up to one.
    random = torch.rand(output.shape, generator=torch.Generator().manual_seed(0)).to(output)
    gradients = torch.autograd.grad((output * random).sum(), asked, allow_unused=True)
    alive = {id(w) for w, g in zip(asked, gradients, strict=True) if g is not None and bool((g != 0).any())}
    return [id(weight) in alive for weight in weights]
