"""The assignment, solved: one module for each part, to be read from top to bottom.

`data` (1a), `pairs` (1b, 1c), `models` (2a, 2b), `accuracy` (2d), `training` (3a). `python -m reference --data DIR`
trains the better of the two models and tells how well it does.
"""

from reference.accuracy import get_accuracy
from reference.data import IncompleteStudent, UnreadablePhotograph, get_organized_data, split_by_student
from reference.models import CNN, CNNChannel
from reference.pairs import generate_different_pair, generate_same_pair
from reference.training import LearningCurve, plot_learning_curve, train

__all__ = [
    "CNN",
    "CNNChannel",
    "IncompleteStudent",
    "LearningCurve",
    "UnreadablePhotograph",
    "generate_different_pair",
    "generate_same_pair",
    "get_accuracy",
    "get_organized_data",
    "plot_learning_curve",
    "split_by_student",
    "train",
]
