"""Grades the assignment "are these two shoes a pair?" and explains every verdict.

In a notebook, `import autograder; autograder.check("1b")` judges what the notebook defines so far.
"""

TYPE_CHECKING = False  # as `typing` has it, which is not imported: `python -m` may find another one in a submission
if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check", "synthetic_shoes"]


def check(question: str = "", data: "Path | str | None" = None) -> None:
    """Judge one question, such as "1b", of the notebook this is called in, and show the verdicts in a small table.

    Args: question: "1" for all parts of a question, "" for the whole assignment, which takes minutes, since networks
        are trained; data: a folder with train, test_w and test_m; default: synthetic shoes, made once into a cache.
    Raises: CannotCheck outside a notebook, for an unknown question and for unusable data; NotPassed only where
        nbgrader runs the notebook.
    """
    # Everything else is imported only now: this package is loaded in every run of pytest in its environment.
    from autograder.selfcheck import show_check

    show_check(question, data)


def synthetic_shoes() -> "Path":
    """A folder with train, test_w and test_m, for whoever has no photographs: drawn shoes, made once into a cache."""
    from autograder.datasets import synthetic_data

    return synthetic_data()
