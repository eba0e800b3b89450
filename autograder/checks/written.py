"""Written answers and pictures in the notebook: a person grades these."""

from autograder.checks.declare import check
from autograder.verdict import Outcome, Verdict

DECLARED = {
    "written.q1d": ("q1d", "In words: why the two shoes of a wrong pair come from one student"),
    "written.q1e": ("q1e", "In words: why the data should be balanced"),
    "written.q2c": ("q2c", "In words: which of the two models is better, and why"),
    "written.q2d": ("q2d", "In words: why the two accuracies are kept apart"),
    "written.q3c": ("q3c", "In words: how the hyperparameters were tuned"),
    "curves.shown": ("q3d", "Training curves of both models are in the notebook"),
    "examples.men": ("q4b", "A right and a wrong example of men's shoes is shown"),
    "examples.women": ("q4c", "A right and a wrong example of women's shoes is shown"),
}


def _declare(id: str, question: str, title: str) -> None:
    def by_hand() -> Verdict:
        return Verdict(Outcome.MANUAL, observed="a person grades this")

    by_hand.__doc__ = title
    check(id, question=question, automatic=False)(by_hand)


for _id, (_question, _title) in DECLARED.items():
    _declare(_id, _question, _title)
