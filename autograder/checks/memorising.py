"""Question 3b: five triplets learnt by heart."""

import math

from autograder.checks.declare import Settings, check
from autograder.evidence.training_kinds import ChannelMemory, CnnMemory, Memory
from autograder.verdict import Verdict, failed, partial, passed


@check("overfit.channel", question="q3b", evidence=ChannelMemory, wants_settings=True)
def channel_memorises(memory: ChannelMemory, settings: Settings) -> Verdict:
    """CNNChannel memorises five triplets."""
    return _memorises(memory, settings)


@check("overfit.cnn", question="q3b", evidence=CnnMemory, wants_settings=True)
def cnn_memorises(memory: CnnMemory, settings: Settings) -> Verdict:
    """CNN memorises five triplets."""
    return _memorises(memory, settings)


def _memorises(memory: Memory, settings: Settings) -> Verdict:
    limits = settings.thresholds
    wanted = f"{limits.memorised:.0%} of the pairs and wrong pairs of five students"
    expected = f"{wanted} known by heart within {limits.memorising_steps} steps, in the best of three draws"
    best = memory.best
    how = f"with {best.settings}" if best.settings else "with the notebook's own settings"
    if best.reached is not None and best.reached <= limits.memorising_steps:
        return passed(expected, f"{best.best:.0%} after {best.reached} steps {how}")
    if best.reached is not None and best.reached <= limits.memorising_partial_steps:
        observed = f"{best.best:.0%} only after {best.reached} steps {how}"
        return partial(expected, observed, "Which learning rate and batch size make it quicker?")
    if best.problem and not best.steps:
        return failed(expected, best.problem)
    observed = f"{math.floor(100 * best.best)}% at best, after {best.steps} steps {how}"
    if best.ended in ("seconds", "clock"):
        observed += ", where its time was up: one step of this model takes long"
    elif best.problem:
        observed += f"; then {best.problem}"
    tries = len(memory.tries)
    if tries > 1:
        observed += f" (the best of {tries} trainings)"
    hint = "Take away what hinders learning by heart, such as dropout or weight decay: does the loss fall then?"
    if best.best <= 0.55:
        hint = "The answers are those of a coin. Does the loss move at all, and do the labels belong to their pictures?"
    return failed(expected, observed, hint)
