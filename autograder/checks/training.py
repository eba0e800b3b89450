"""Questions 3a, 3b and 4a: training, memorising, testing. Declared with their points; not looked at yet."""

from autograder.checks.declare import check
from autograder.verdict import Verdict, skipped

DECLARED = {
    "q3a": {
        "train.runs": "Training runs on the course's data",
        "train.loss": "Cross-entropy on the model's output",
        "train.batches": "Half of each batch is pairs, half is wrong pairs",
        "train.labels": "Label 1 exactly on pairs, 0 exactly on wrong pairs",
        "train.shuffle": "Another order every epoch",
        "train.layout": "The model sees channels first",
        "train.updates": "Weights change and the loss falls",
        "train.mode": "Training mode is back after an evaluation",
        "train.report": "Train and validation accuracy are tracked",
        "train.curve": "The training curve is returned or plotted",
        "train.checkpoint": "Weights are saved during training",
    },
    "q3b": {
        "overfit.channel": "CNNChannel memorises five triplets",
        "overfit.cnn": "CNN memorises five triplets",
    },
    "q4a": {
        "test.women": "Test accuracy on women's shoes",
        "test.men": "Test accuracy on men's shoes",
    },
}


def _declare(id: str, question: str, title: str) -> None:
    def not_yet() -> Verdict:
        return skipped("not checked yet")

    not_yet.__doc__ = title
    check(id, question=question)(not_yet)


for _question, _checks in DECLARED.items():
    for _id, _title in _checks.items():
        _declare(_id, _question, _title)
