"""The assignment, solved: one module for each part, to be read from top to bottom.

`data` (1a), `pairs` (1b, 1c), `models` (2a, 2b), `accuracy` (2d), `training` (3a), `pictures` (4b, 4c); `answers.md`
has the written questions. `python -m reference --data DIR` trains a network, tests it and draws what it does.

That is all the assignment asks for. `experiments` is the log behind every choice (3c), `recipes` the settings that came
of it, and `beyond`, quite apart, how the same network is trained better than the assignment asks.
"""

from reference.accuracy import get_accuracy
from reference.data import IncompleteStudent, UnreadablePhotograph, get_organized_data, split_by_student
from reference.models import CNN, CNNChannel
from reference.pairs import generate_different_pair, generate_same_pair
from reference.pictures import draw_examples
from reference.training import LearningCurve, plot_learning_curve, train

__all__ = [
    "CNN",
    "CNNChannel",
    "IncompleteStudent",
    "LearningCurve",
    "UnreadablePhotograph",
    "draw_examples",
    "generate_different_pair",
    "generate_same_pair",
    "get_accuracy",
    "get_organized_data",
    "plot_learning_curve",
    "split_by_student",
    "train",
]
