"""Learning curves: as numbers in `result.json`, and as a picture beside it."""

import io
import math
from typing import Any

from autograder.evidence.training_kinds import Curve

# In a result that is compared byte by byte, more digits than anybody can see would only be noise.
DIGITS = 5


def curve_numbers(curve: Curve) -> dict[str, Any]:
    """A curve as JSON values; a loss that is no number becomes null."""
    return {
        "losses": [round(loss, DIGITS) if math.isfinite(loss) else None for loss in curve.losses],
        "accuracies": {
            label: [[step, round(accuracy, DIGITS)] for step, accuracy in points] for label, points in curve.accuracies
        },
    }


def curve_picture(title: str, curve: Curve) -> bytes:
    """A curve as a PNG picture: the loss of every step, and accuracies wherever they were measured."""
    # Half a second to import, which only those who draw should pay.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    losses, accuracies = figure.subplots(1, 2)
    figure.suptitle(title.replace("$", ""))
    steps = range(1, len(curve.losses) + 1)
    losses.set(xlabel="optimizer step", ylabel="loss")
    losses.plot(steps, [loss if math.isfinite(loss) else math.nan for loss in curve.losses], color="tab:blue")
    accuracies.set(xlabel="optimizer step", ylabel="accuracy", ylim=(0, 1.03))
    accuracies.axhline(0.5, color="lightgrey", linestyle="--")
    for label, points in curve.accuracies:
        accuracies.plot(
            [step for step, _ in points], [accuracy for _, accuracy in points], marker=".", label=label.replace("$", "")
        )
    if curve.accuracies:
        accuracies.legend(loc="lower right")
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=100, metadata={"Software": None})
    return picture.getvalue()
