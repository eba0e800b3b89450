"""What the checks of a training say where it did not show what they look for."""

from autograder.evidence import losses
from autograder.evidence.training_kinds import TrainingRun
from autograder.verdict import Outcome, Verdict

# Of a training in which that much cannot be read, nothing is said by what can.
MOST_UNREADABLE = 0.5


def step_count(count: int) -> str:
    """A number of steps in words."""
    return f"{count} step" if count == 1 else f"{count} steps"


def unseen(run: TrainingRun, expected: str) -> Verdict | None:
    """What there is to say where no batch ever reached an optimizer; None where some did."""
    if run.batches:
        return None
    return not_looked_at(
        expected,
        "training stopped before its first step: see train.runs"
        if run.problem
        else "no optimizer step was taken: see train.updates",
    )


def not_taught(run: TrainingRun, expected: str) -> Verdict | None:
    """What there is to say of loss and labels where nothing of them reached the weights; None where something did."""
    if run.batches and run.loss == losses.NOTHING and not any(batch.change > 0 for batch in run.batches):
        return not_looked_at(expected, "no gradient reaches the model's output: see train.updates")
    return unseen(run, expected)


def stopped_on_the_way(run: TrainingRun, expected: str) -> Verdict:
    """What there is to say of what would have come after the place where training stopped."""
    return not_looked_at(expected, f"training stopped after {step_count(run.stopped_after)}: see train.runs")


def not_looked_at(expected: str, why: str) -> Verdict:
    """The verdict on what was not seen."""
    return Verdict(Outcome.SKIPPED, expected, f"not looked at, since {why}")


def share_unreadable(run: TrainingRun) -> float:
    """The share of examples in which no shoe can be made out."""
    size = sum(batch.size for batch in run.batches)
    return sum(batch.unreadable for batch in run.batches) / size if size else 1.0


def unreadable(run: TrainingRun, expected: str) -> Verdict | None:
    """What there is to say where too little of the batches can be read; None where there is enough."""
    if share_unreadable(run) <= MOST_UNREADABLE:
        return None
    return not_looked_at(expected, "no shoe can be made out in the batches: see train.layout")
