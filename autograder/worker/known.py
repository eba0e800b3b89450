"""What a submission is given in the place of something of its own, such as models whose answers are known."""

from typing import Any, Protocol

import numpy as np
import torch

from autograder.boundary.pipe import Arrays


class Pipe(Protocol):
    """Either end of the connection to the judge."""

    def send(self, structure: dict[str, Any], arrays: Arrays | None = None) -> None: ...

    def receive(self) -> tuple[dict[str, Any], Arrays]: ...


class KnownModel(torch.nn.Module):
    """A model whose answers come from the judge: what it is shown goes there, and the logits come back.

    The right answers are never in this process. Every fourth pixel is enough to recognise a coded picture. With one
    output in the place of two, it is larger than zero for "same".
    """

    def __init__(self, pipe: Pipe, number: int, outputs: int = 2) -> None:
        super().__init__()
        self._pipe = pipe
        self._number = number
        self._outputs = outputs
        # Code that looks for the model's device or makes an optimizer expects at least one parameter.
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, images: torch.Tensor, *rest: Any, **named: Any) -> torch.Tensor:
        if not isinstance(images, torch.Tensor) or images.dim() != 4:
            raise ValueError(f"a batch of pictures has four axes, and this has {list(np.shape(images))}")
        seen = images.detach().cpu()
        small = seen[:, ::4, ::4, :] if seen.shape[-1] == 3 else seen[:, :, ::4, ::4]
        structure = {"question": "answers", "model": self._number, "shape": list(seen.shape)}
        self._pipe.send(structure, {"images": small.float().contiguous().numpy()})
        _, arrays = self._pipe.receive()
        answer = torch.from_numpy(arrays["answer"].copy()).to(images.device) + 0 * self.weight
        return answer if self._outputs == 2 else answer[:, 1:] - answer[:, :1]


class StandinNetwork(torch.nn.Module):
    """A network in the place of one whose file was not handed in, so that what trains it can be judged all the same.

    It takes pictures in either orientation and whatever arguments it is made with.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 4, 3, padding=1)
        self.conv2 = torch.nn.Conv2d(4, 8, 3, padding=1)
        self.fc1 = torch.nn.Linear(8 * 14 * 14, 100)
        self.fc2 = torch.nn.Linear(100, 2)

    def forward(self, images: torch.Tensor, *rest: Any, **named: Any) -> torch.Tensor:
        x = torch.nn.functional.avg_pool2d(images, 4)
        x = torch.nn.functional.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = torch.nn.functional.adaptive_avg_pool2d(torch.relu(self.conv2(x)), 14)
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))


class Place(str):
    """A path for weights that is a file, a prefix, a folder or a pattern, whichever a submission takes it for."""

    def __mod__(self, values: Any) -> str:
        return self._with(*values) if isinstance(values, tuple) else self._with(values)

    def format(self, *values: Any, **named: Any) -> str:
        return self._with(*values, *named.values())

    def _with(self, *values: Any) -> str:
        stem, dot, ending = str(self).rpartition(".")
        return f"{stem}{''.join(f'-{value}' for value in values)}{dot}{ending}"
