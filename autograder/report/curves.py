"""Learning curves: as numbers in `result.json`, and as a picture beside it."""

import io
import math
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from autograder.evidence.training_kinds import Curve
from autograder.report.inert import distinct_file_names, one_line

# In a result that is compared byte by byte, more digits than anybody can see would only be noise.
DIGITS = 5
_TITLE_LETTERS = 80
_LABEL_LETTERS = 40


def curve_numbers(curve: Curve) -> dict[str, Any]:
    """A curve as JSON values; a loss that is no number becomes null."""
    return {
        "losses": [round(loss, DIGITS) if math.isfinite(loss) else None for loss in curve.losses],
        "accuracies": {
            label: [[step, round(accuracy, DIGITS)] for step, accuracy in points] for label, points in curve.accuracies
        },
    }


def curve_files(names: Iterable[str]) -> dict[str, str]:
    """The file that holds the picture of each curve, by the curve's name."""
    ordered = sorted(names)
    files = distinct_file_names(f"curve-{name}" for name in ordered)
    return {name: f"{file}.png" for name, file in zip(ordered, files, strict=True)}


def curve_pictures(submission: str, curves: Mapping[str, Curve]) -> dict[str, bytes]:
    """The picture of each curve, by the curve's name."""
    return {name: curve_picture(f"{submission}: {name}", curve) for name, curve in curves.items()}


def curve_picture(title: str, curve: Curve) -> bytes:
    """A curve as a PNG picture: the loss of every step, and accuracies wherever they were measured."""
    # Half a second to import, which only those who draw should pay.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    losses, accuracies = figure.subplots(1, 2)
    figure.suptitle(_drawable(title, _TITLE_LETTERS), parse_math=False)
    steps = range(1, len(curve.losses) + 1)
    losses.set(xlabel="optimizer step", ylabel="loss")
    losses.plot(steps, [loss if math.isfinite(loss) else math.nan for loss in curve.losses], color="tab:blue")
    accuracies.set(xlabel="optimizer step", ylabel="accuracy", ylim=(0, 1.03))
    accuracies.axhline(0.5, color="lightgrey", linestyle="--")
    for label, points in curve.accuracies:
        steps_of, measured = [step for step, _ in points], [accuracy for _, accuracy in points]
        accuracies.plot(steps_of, measured, marker=".", label=_drawable(label, _LABEL_LETTERS))
    if accuracies.get_legend_handles_labels()[0]:
        for text in accuracies.legend(loc="lower right").get_texts():
            text.set_parse_math(False)
    picture = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of letters that the font has not; it draws a box for each
        figure.savefig(picture, format="png", dpi=100, metadata={"Software": None})
    return picture.getvalue()


def _drawable(text: str, letters: int) -> str:
    """Words of any length as one line of a picture."""
    line = one_line(text)
    return line if len(line) <= letters else f"{line[: letters - 1]}…"
