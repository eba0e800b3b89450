"""Question 4a: accuracy on shoes of strangers."""

import math

from autograder.checks.declare import Settings, check
from autograder.evidence.training_kinds import TestRun, TestSet
from autograder.verdict import Verdict, failed, partial, passed

# 95 % of a normal distribution lie within so many standard deviations.
DEVIATIONS = 1.96


@check("test.women", question="q4a", evidence=TestRun, wants_settings=True)
def women(run: TestRun, settings: Settings) -> Verdict:
    """The best model is accurate on women's shoes."""
    return _accurate(run, run.women, settings)


@check("test.men", question="q4a", evidence=TestRun, wants_settings=True)
def men(run: TestRun, settings: Settings) -> Verdict:
    """The best model is accurate on men's shoes."""
    return _accurate(run, run.men, settings)


def _accurate(run: TestRun, seen: TestSet, settings: Settings) -> Verdict:
    limits = settings.thresholds
    expected = f"at least {limits.test_full:.0%} of the test set right, pairs and wrong pairs weighed alike"
    low, high = interval(seen)
    observed = (
        f"{seen.accuracy:.1%} ({seen.pairs[0]} of {seen.pairs[1]} pairs, {seen.wrong_pairs[0]} of "
        f"{seen.wrong_pairs[1]} wrong pairs; from so few, {low:.0%} to {high:.0%}), {run.model} with {run.source}"
    )
    remark = _compared(seen, low, high)
    if seen.accuracy >= limits.test_full:
        return passed(expected, observed, f"{observed[:1].upper()}{observed[1:]}. {remark}".strip())
    hint = "Is there a gap to the training accuracy? Then more varied examples help more than more steps."
    if abs(seen.accuracy - 0.5) < 0.05:
        hint = "These are the answers of a coin. Does this model learn five students' pairs by heart?"
    if seen.accuracy >= limits.test_partial:
        return partial(expected, observed, hint, remark)
    return failed(expected, observed, hint, remark)


def _compared(seen: TestSet, low: float, high: float) -> str:
    """What the notebook's own outputs claim, and whether that agrees with what was measured."""
    if seen.claimed is None:
        return ""
    claim = f"The notebook's own output (cell {seen.claimed_in}) says {seen.claimed:.1%}"
    return f"{claim}, which agrees." if low <= seen.claimed <= high else f"{claim}; that is another number."


def interval(seen: TestSet) -> tuple[float, float]:
    """The 95 % confidence interval of an accuracy, by Wilson's score (E. B. Wilson, 1927).

    Wrong pairs made of the same shoes are no independent examples; a test set counts as twice its number of pairs.
    """
    count, share = 2 * seen.pairs[1], seen.accuracy
    middle = (share + DEVIATIONS**2 / (2 * count)) / (1 + DEVIATIONS**2 / count)
    spread = math.sqrt(share * (1 - share) / count + DEVIATIONS**2 / (4 * count**2)) * DEVIATIONS
    spread /= 1 + DEVIATIONS**2 / count
    return max(0.0, middle - spread), min(1.0, middle + spread)
