"""What is wanted of a training that the judge has run, and what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.boundary.replies import Facts, Fault, Said
from autograder.evidence.kinds import NoEvidence
from autograder.evidence.trace import Recorder, Trace
from autograder.program.names import Role
from autograder.program.training import TrainingCall


@dataclass(frozen=True)
class Look:
    """Pictures on which the model is seen every so many steps, and what is made of its outputs.

    images: [M, 3, 448, 224]; judged: is given the step, what has been seen so far and the outputs by mode
    ("evaluation", "batch statistics"), and says whether these weights are to be kept and whether that is enough;
    statistics: whether batch norm is also to be seen with the statistics of the batch, since in the first few dozen
    steps its running ones lag behind what is learnt.
    """

    images: NDArray[np.float32]
    every: int
    judged: Callable[[int, Recorder, Mapping[str, Said]], tuple[bool, bool]]
    statistics: bool = False


@dataclass(frozen=True)
class Lesson:
    """What a training is given to learn from.

    train, valid: float32 [N, 3, 2, 224, 224, 3], in the place of the data that the notebook trains on; settings: by
    meaning (`epochs`, `batch_size`), in the place of the notebook's.
    """

    train: NDArray[np.float32]
    valid: NDArray[np.float32]
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Order:
    """What is wanted of one training.

    lesson: for the batch size with which the notebook calls its training, None where that is not known, and for the
    number of weights in the convolutions of the model, which tells how long a step takes; given: arrays
    under the submission's own names; model: which network, None for whichever the notebook trains there; draw: which
    draw of random numbers; as_given: whether the lesson is what is given under the names, and need not travel again;
    threads: for the arithmetic, a number of its own and not the machine's, since sums depend on it.
    """

    steps: int
    seconds: float
    lesson: Callable[[int | None, int], Lesson]
    given: Mapping[str, NDArray[Any]]
    model: Role | None = None
    draw: int = 0
    look: Look | None = None
    as_given: bool = False
    threads: int = 1
    dtype: str = "float32"
    tensor: bool = False


@dataclass(frozen=True)
class Trained:
    """How a training went.

    order: what was wanted of it; call: the statement that was run, None where the function was called directly;
    arguments: by parameter, what it was called with in the notebook, as a worker describes values; used: settings by
    meaning, as they were in the end; ended: "by itself", "steps", "seconds", "enough", "clock", "memory", "died";
    problem: the exception that ended it, or none; seconds: of processor time.
    """

    trace: Trace
    order: Order
    call: TrainingCall | None
    arguments: Mapping[str, Facts]
    used: Mapping[str, Any]
    ended: str
    problem: Fault | None = None
    stopped: NoEvidence | None = None
    returned: Facts | None = None
    pictures: Mapping[int, NDArray[Any]] = field(default_factory=dict)
    replaced_data: bool = True
    seconds: float = 0.0
    remark: str = ""

    @property
    def stepped(self) -> bool:
        """Whether an optimizer took a step: a network that none ever moved is not worth examining."""
        return bool(self.trace.steps) and self.trace.stepped
