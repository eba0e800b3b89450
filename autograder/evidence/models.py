"""Questions 2a and 2b: one forward pass through each network, watched layer by layer."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.boundary.replies import CALL, DESCRIBE, FORWARD, Fault, ForwardSeen, LayerSeen, ResizeSeen
from autograder.evidence.accuracy import orientation
from autograder.evidence.arguments import Arguments, model_arguments
from autograder.evidence.kinds import ChannelRun, CnnRun, ModelRun, NoEvidence
from autograder.evidence.laboratory import (
    Bench,
    Laboratory,
    Raised,
    Unavailable,
    error_words,
    raised_evidence,
)
from autograder.evidence.layers import read_layers, upright
from autograder.program.names import Role
from autograder.program.parameters import example_calls, resolved_parameters
from autograder.program.roles import Candidate
from autograder.verdict import Outcome

BATCH = 3
MOST_CANDIDATES = 3
# What says that something is missing around a model, or still to be written, rather than that its layers do not fit.
NOT_THE_MODELS_FAULT = ("NameError", "NotImplementedError", "ModuleNotFoundError")
CLOSE = 1e-4
IDLE = "Layers that are executed while the outputs do not depend on them were not counted."
# Logits of one picture alone and in a batch are summed in another order.
CLOSE_LOGITS = 1e-3
# How the axes of [B, 3, 448, 224] are exchanged for each way in which a pipeline may hand pictures over.
ORIENTATIONS = {"upright": (0, 1, 2, 3), "sideways": (0, 1, 3, 2), "channels last": (0, 2, 3, 1)}


def collect_cnn(laboratory: Laboratory) -> Iterator[ModelRun | NoEvidence]:
    """A forward pass through `CNN`."""
    yield _collect(laboratory, Role.CNN, CnnRun)


def collect_channel(laboratory: Laboratory) -> Iterator[ModelRun | NoEvidence]:
    """A forward pass through `CNNChannel`."""
    yield _collect(laboratory, Role.CHANNEL, ChannelRun)


def _collect(laboratory: Laboratory, role: Role, kind: type[ModelRun]) -> ModelRun | NoEvidence:
    """The run of the first candidate that is a whole network; a block of layers may look like one by its text."""
    understanding = laboratory.understanding
    found = laboratory.found(role)
    if isinstance(found, NoEvidence):
        return found
    candidates = [candidate for candidate in understanding.roles[role] if not candidate.skeleton]
    # The submission's own orientation first: a model may run in either, and be right in one of them only.
    orientation(laboratory)
    first: ModelRun | NoEvidence | None = None
    first_resolved: dict[str, Any] = {}
    for candidate in candidates[:MOST_CANDIDATES]:
        try:
            run: ModelRun | NoEvidence = laboratory.attempt(
                [candidate],
                lambda bench, candidate=candidate: _observe(laboratory, bench, role, candidate, kind),  # type: ignore[misc]
                given=laboratory.given_arrays,
            )
        except Unavailable as unavailable:
            run = unavailable.reason
        if isinstance(run, ModelRun) and run.convolutions and run.linears:
            return run
        if isinstance(run, ModelRun) and not run.stopped:
            laboratory.ruled_out.add((role, candidate.name))
        if first is None:
            first, first_resolved = run, laboratory.resolved.get(role, {})
        if candidate.how == "its name":
            break
    assert first is not None
    if first_resolved:
        laboratory.resolved[role] = first_resolved
    else:  # nothing could be built of it, so what its text declares is all that is known
        laboratory.resolved.pop(role, None)
    return first


def _observe(laboratory: Laboratory, bench: Bench, role: Role, candidate: Candidate, kind: type[ModelRun]) -> ModelRun:
    name = candidate.name
    rng = np.random.default_rng([laboratory.seed, 5])
    images = rng.uniform(-0.5, 0.5, size=(BATCH, 3, 448, 224)).astype(np.float32)
    itself = {"kept": candidate.key}
    facts = bench.ask(DESCRIBE, {"value": itself})
    if facts.kind == "stand-in":
        raise Raised(Fault("ModuleNotFoundError"), [facts.module])
    laboratory.resolved[role] = {"name": name, "cell": candidate.cell}
    if facts.kind == "model":
        return _run(bench, itself, kind, name, "", images, laboratory.orientation)
    if facts.kind not in ("class", "callable"):
        raise Unavailable(NoEvidence(Outcome.FAIL, f"`{name}` is no model but {facts.what}"))
    parameters = bench.signature(itself)
    laboratory.resolved[role]["parameters"] = resolved_parameters(parameters)
    examples = example_calls(laboratory.understanding.dependencies, name)
    ways = model_arguments(parameters, examples, role is Role.CHANNEL, laboratory.understanding.arguments(role))
    return _build_and_run(bench, kind, candidate, ways, images, laboratory.orientation)


def _build_and_run(
    bench: Bench,
    kind: type[ModelRun],
    candidate: Candidate,
    ways: Iterator[Arguments],
    images: NDArray[np.float32],
    own: str | None,
) -> ModelRun:
    """The first run that works among the ways to build the model."""
    name = candidate.name
    first: Raised | None = None
    stopped: ModelRun | None = None
    for arguments in ways:
        try:
            request = {"function": {"kept": candidate.key}, **arguments.request(), "keep": "model"}
            facts = bench.ask(CALL, request)
            if facts.kind not in ("model", "callable"):
                raise Unavailable(NoEvidence(Outcome.FAIL, f"`{name}` gives no model but {facts.what}"))
            run = _run(bench, {"kept": "model"}, kind, name, str(arguments), images, own)
            if not run.stopped:
                return run
            stopped = stopped or run
        except Raised as raised:
            first = first or raised
    if stopped is not None:
        return stopped
    if first is None:
        raise Unavailable(NoEvidence(Outcome.FAIL, f"it is not clear which arguments `{name}` takes"))
    if first.fault.type == "NotImplementedError":
        raise Unavailable(raised_evidence(name, first))
    raise first


def _run(
    bench: Bench,
    model: Mapping[str, Any],
    kind: type[ModelRun],
    name: str,
    arguments: str,
    images: NDArray[np.float32],
    own: str | None,
) -> ModelRun:
    """The run in the submission's own orientation, if the model runs in it at all; else in the one that suits it."""
    runs: list[ModelRun] = []
    stopped = Fault()
    for turn in sorted(ORIENTATIONS, key=lambda turn: turn != own):
        turned = np.ascontiguousarray(images.transpose(ORIENTATIONS[turn]))
        seen = bench.ask(FORWARD, {"model": dict(model)}, {"images": turned})
        stopped = seen.stopped or stopped
        run = _read_run(seen, kind, name, arguments, turn, images, bench.remark)
        suits = run.output == (BATCH, 2) and (kind is CnnRun or run.entering in ("stacked", "scaled"))
        if suits or (turn == own and not run.stopped):
            return run
        runs.append(run)
    # Of passes that stop, the one that got furthest says most.
    best = max(runs, key=lambda run: (not run.stopped, len(run.convolutions)))
    if best.stopped.split(":")[0] in NOT_THE_MODELS_FAULT:
        raise Raised(stopped)
    return best


def _read_run(
    seen: ForwardSeen,
    kind: type[ModelRun],
    name: str,
    arguments: str,
    orientation: str,
    images: NDArray[np.float32],
    remark: str,
) -> ModelRun:
    convolutions, linears = read_layers(seen.events)
    output, alone = seen.output, seen.alone
    separate = (
        output is not None
        and alone is not None
        and output.ndim > 0 < alone.ndim
        and alone.shape[1:] == output.shape[1:]
        and len(alone) == 2
        and bool(np.allclose(output[:2], alone, atol=CLOSE_LOGITS, rtol=CLOSE_LOGITS, equal_nan=True))
    )
    if orientation == "sideways":
        convolutions = tuple(upright(layer) for layer in convolutions)
    return kind(
        name=name,
        arguments=arguments,
        orientation=orientation,
        batch=BATCH,
        output=seen.shape,
        output_kind=seen.kind,
        separate=separate,
        convolutions=convolutions,
        linears=linears,
        entering=_entering(seen.first_input, images[:1], orientation),
        remark=" ".join(part for part in (remark, IDLE if any(_is_idle(e) for e in seen.events) else "") if part),
        stopped=error_words(seen.stopped) if seen.stopped is not None else "",
    )


def _is_idle(event: LayerSeen) -> bool:
    return not isinstance(event, ResizeSeen) and event.idle


@np.errstate(all="ignore")
def _entering(first: NDArray[Any] | None, image: NDArray[np.float32], orientation: str) -> str:
    """What reached the first convolution, compared with the planes of both shoes."""
    if first is None or first.ndim != 4:
        return "unseen"
    planes = np.concatenate([image[0, :, :224], image[0, :, 224:]])  # [6, 224, 224]
    if orientation == "sideways":
        planes = planes.transpose(0, 2, 1)
    if first.shape[1:] != planes.shape:
        return f"{first.shape[1]} channels of {first.shape[2]} x {first.shape[3]} reach the first convolution"
    # Batch normalisation at the start divides by sqrt(1 + 1e-5), which is no change that matters.
    differences = np.abs(first[0][:, None] - planes[None]).max(axis=(2, 3))
    found = differences.argmin(axis=1)
    if differences.min(axis=1).max() < CLOSE:
        return _which(set(found.tolist()))
    normal = _standardised(first[0]) @ _standardised(planes).T / planes[0].size
    if normal.max(axis=1).min() > 0.9999:
        which = _which(set(normal.argmax(axis=1).tolist()))
        return "scaled" if which == "stacked" else which
    return "mixed"


def _which(planes: set[int]) -> str:
    if len(planes) == 6:
        return "stacked"
    return "one shoe twice" if planes in ({0, 1, 2}, {3, 4, 5}) else "mixed"


def _standardised(planes: NDArray[Any]) -> NDArray[Any]:
    flat = planes.reshape(len(planes), -1).astype(np.float64)
    spread = flat.std(axis=1, keepdims=True)
    return (flat - flat.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)
