"""From evidence to verdicts: one module for each part of the assignment, in the order of its questions.

Importing the package declares every check; `CHECKS` holds them by id, in order.
"""

from autograder.checks import (  # noqa: F401  (declares the checks)
    accuracy,
    data,
    memorising,
    models,
    pairs,
    testing,
    tracking,
    training,
    written,
)
from autograder.checks.declare import CHECKS, Check, Settings, chosen_checks, judge

__all__ = ["CHECKS", "Check", "Settings", "chosen_checks", "judge"]
