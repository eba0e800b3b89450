"""Question 2d: the accuracy function, tried on models whose answers are known."""

from autograder.checks.declare import check
from autograder.evidence.kinds import AccuracyRuns, KnownModel
from autograder.verdict import Verdict, failed, missing, passed

CLOSE = 1e-3


def _told(numbers: tuple[float, float]) -> str:
    # What is no accuracy at all may have three hundred digits.
    pairs, wrong_pairs = (f"{n:.1%}" if abs(n) < 1000 else f"{n:.3g}" for n in numbers)
    return f"{pairs} on pairs and {wrong_pairs} on wrong pairs"


def _agrees(model: KnownModel, numbers: tuple[float, float] | None) -> bool:
    return numbers is not None and all(
        right is None or abs(right - number) < CLOSE for right, number in zip(model.right, numbers, strict=True)
    )


def _hint(seen: AccuracyRuns) -> str:
    numbers = [model for model in seen.models if model.told is not None]
    if numbers and all(_agrees(model, (model.told[1], model.told[0])) for model in numbers if model.told):
        return "The two numbers are right, in exchanged places: pairs come first."
    if any(max(model.told) > 1.5 for model in numbers if model.told):
        return "How many pictures are counted, and by which number is the count divided?"
    return "Count by hand for four students: how many pairs are there, and how many of them did the model get right?"


@check("accuracy.values", question="q2d", evidence=AccuracyRuns)
def accuracies_of_known_models(seen: AccuracyRuns) -> Verdict:
    """Both accuracies are right for models whose answers are known."""
    expected = "the model's accuracy on pairs and on wrong pairs, each as a fraction of the pictures of its kind"
    if not seen.models:
        return missing(expected, "it was tried on no model")
    for model in seen.models:
        if model.shown[0] < seen.expected_images or model.shown[1] < seen.expected_images:
            observed = (
                f"of {seen.expected_images} pairs and as many wrong pairs, the model was shown "
                f"{model.shown[0]} and {model.shown[1]}"
            )
            return failed(expected, observed, "Which pictures does your loop leave out at the end of the data?")
        if model.told is None:
            observed = f"for {model.name}, it returned {model.returned}"
            return failed(expected, observed, "Two numbers are asked for: one for pairs, one for wrong pairs.")
        if not _agrees(model, model.told):
            right = tuple(0.0 if number is None else number for number in model.right)
            observed = f"for {model.name}, it said {_told(model.told)}; it was right on {_told((right[0], right[1]))}"
            return failed(expected, observed, _hint(seen))
    return passed(expected)
