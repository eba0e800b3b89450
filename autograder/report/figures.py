"""The figures of a result as its page draws them: galleries of shoes, a histogram, the shapes through a network."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.evidence.figures import ShownShoe
from autograder.evidence.kinds import VALUE_FORMS

_AS_ASKED = VALUE_FORMS["exact"]
_OF_TEST_SET = {"women": "women's shoes", "men": "men's shoes"}
WIDTH, HEIGHT = 320.0, 100.0


@dataclass(frozen=True)
class ShoePicture:
    """A shoe in words; picture: its photograph in base64, "" where there is none to show."""

    words: str
    picture: str


@dataclass(frozen=True)
class Example:
    """Two shoes, one above the other, below a title. said: further lines; differs: whether something is wrong."""

    title: str
    shoes: tuple[ShoePicture, ShoePicture]
    said: tuple[str, ...]
    differs: bool


@dataclass(frozen=True)
class Gallery:
    """Examples below a caption."""

    caption: str
    examples: Sequence[Example]


@dataclass(frozen=True)
class Bar:
    """A bar of a histogram in its coordinates, in which y grows downwards from the top."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class HistogramDrawing:
    """bars: how the values of an array are spread; outline: the same for the values asked for, as the points of a line;
    ends: between which numbers the bins lie; words: what it shows."""

    bars: Sequence[Bar]
    outline: str
    ends: tuple[str, str]
    words: str
    width: float = WIDTH
    height: float = HEIGHT


@dataclass(frozen=True)
class Figures:
    """What one sees of a question. stages: the shapes through a network, as the result has them."""

    stages: Sequence[Mapping[str, Any]] = ()
    galleries: Sequence[Gallery] = ()
    histograms: Sequence[HistogramDrawing] = ()


def figures_in(parts: Sequence[Mapping[str, Any]], pictures: Mapping[str, str]) -> Figures:
    """The figures of one question.

    Args: parts: as in the result, each told by what it has; pictures: photographs of shoes in base64, by name.
    """
    galleries = [
        Gallery(
            "Rows of your array, one shoe above the other", [_row(part, pictures) for part in _with(parts, "number")]
        ),
        Gallery(
            "The first batch as it reached your network: some examples with the label that each was trained with. "
            "Its students are imaginary, and others' photographs stand for theirs.",
            [_labelled(part, pictures) for part in _with(parts, "label")],
        ),
    ]
    for students, whose in _OF_TEST_SET.items():
        answers = [part for part in _with(parts, "said") if part["students"] == students]
        galleries.append(
            Gallery(f"Some answers of the network on {whose} of the test set", [_answer(a, pictures) for a in answers])
        )
    return Figures(
        _with(parts, "size"),
        [gallery for gallery in galleries if gallery.examples],
        [_histogram(part) for part in _with(parts, "asked_least")],
    )


def _with(parts: Iterable[Mapping[str, Any]], key: str) -> list[Mapping[str, Any]]:
    return [part for part in parts if key in part]


def _shoes(part: Mapping[str, Any], shown: Mapping[str, str]) -> tuple[ShoePicture, ShoePicture]:
    upper, lower = part.get("shoes", (None, None))
    return _shoe(part["upper"], upper, shown), _shoe(part["lower"], lower, shown)


def _shoe(words: str, shoe: Mapping[str, Any] | None, shown: Mapping[str, str]) -> ShoePicture:
    return ShoePicture(words, shown.get(ShownShoe(**shoe).name, "") if shoe else "")


def _row(part: Mapping[str, Any], shown: Mapping[str, str]) -> Example:
    wrong = "" if part["as_asked"] else part.get("wrong") or "not as asked"
    title = f"row {part['number']}{': ' * bool(wrong)}{wrong}"
    return Example(title, _shoes(part, shown), (), bool(wrong))


def _labelled(part: Mapping[str, Any], shown: Mapping[str, str]) -> Example:
    label = f"label: {part['label']}" if part["label"] else "its label was not seen"
    said = (f"{label}, which is wrong" if part["mislabelled"] else label,)
    return Example(part["what"], _shoes(part, shown), said, part["mislabelled"])


def _answer(part: Mapping[str, Any], shown: Mapping[str, str]) -> Example:
    said = f"answer: {part['said']}, {'wrong' if part['mistaken'] else 'right'}"
    return Example(part["what"], _shoes(part, shown), (said,), part["mistaken"])


def _histogram(part: Mapping[str, Any]) -> HistogramDrawing:
    seen, asked = part["seen"], part["asked"]
    step = WIDTH / max(1, len(seen))
    bars = [
        Bar(round(number * step, 2), round(HEIGHT - height, 2), round(step, 2), height)
        for number, height in enumerate(_heights(seen))
        if height
    ]
    points = [f"0,{HEIGHT:.4g}"]
    for number, height in enumerate(_heights(asked)):
        points += [f"{edge * step:.4g},{HEIGHT - height:.4g}" for edge in (number, number + 1)]
    words = f"Values of {part['name']}: from {part['least']:.4g} to {part['greatest']:.4g}"
    if part["form"] == _AS_ASKED:
        words += ", as asked."
    else:
        words += f" ({part['form']}). Asked for: "
        words += f"from {part['asked_least']:.4g} to {part['asked_greatest']:.4g} ({_AS_ASKED})."
    ends = f"{part['low']:.4g}", f"{part['high']:.4g}"
    return HistogramDrawing(bars, " ".join([*points, f"{WIDTH:.4g},{HEIGHT:.4g}"]), ends, words)


def _heights(shares: Sequence[float]) -> list[float]:
    """Each relative to the highest, since values that are squeezed into one bin would leave no height to the others."""
    most = max(shares, default=0) or 1
    return [round(HEIGHT * share / most, 2) for share in shares]
