"""Verdicts that wait for a person, since the submission may have written itself what was seen of it."""

from collections.abc import Sequence
from dataclasses import replace

from autograder.evidence.kinds import ChannelRun, CnnRun
from autograder.evidence.training_kinds import ChannelMemory, CnnMemory, TestRun, TrainingRun
from autograder.program.reaching import Reach
from autograder.verdict import Outcome, Verdict

# What is watched in the submission's own process. What a function returns for pictures drawn by lot cannot be made up.
WATCHED = (CnnRun, ChannelRun, TrainingRun, CnnMemory, ChannelMemory, TestRun)
HINT = "Whoever marks this: look at these places, and give the points where they mean no harm."


def held(kind: type, verdict: Verdict, reaches: Sequence[Reach]) -> Verdict:
    """A verdict that would earn points is left to a person where the code reaches for the process it runs in."""
    if not reaches or kind not in WATCHED or verdict.outcome not in (Outcome.PASS, Outcome.PARTIAL):
        return verdict
    listed = "; ".join(map(str, reaches))
    observed = (
        f"it looks like {verdict.outcome.value}, but this is seen in the submission's own process, for which it "
        f"reaches: {listed}"
    )
    return replace(verdict, outcome=Outcome.MANUAL, observed=observed, hint=HINT)
