"""Questions 1b and 1c: examples of shoes that belong together, and of shoes that do not."""

import numpy as np
from numpy.typing import NDArray

from reference.data import HEIGHT, LEFT, RIGHT, WIDTH


def generate_same_pair(data: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put the left shoe of every pair above its right shoe.

    Args: data: [N, 3, 2, 224, 224, 3].
    Returns: [3N, 448, 224, 3]; row 3i + j is pair j of student i. It shares the memory of `data` where it can:
        within a pair the left shoe already lies before the right one, so the two form one tall picture as they are.
    """
    return data.reshape(-1, 2 * HEIGHT, WIDTH, 3)


def generate_different_pair(data: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put the left shoe of every pair above the right shoe of the same student's next pair.

    Both shoes come from one student. Photographs of one student share the floor, the light and the camera; with
    shoes of two students, a model could tell "different" by the background alone and would learn nothing of shoes.

    There are six wrong pairs for each student. Three of them are made, as many as there are right pairs: on balanced
    data a model cannot do well by always giving the commoner answer.

    Args: data: [N, 3, 2, 224, 224, 3].
    Returns: [3N, 448, 224, 3]; row 3i + j is the left shoe of pair j above the right shoe of pair j + 1 (the third
        pair takes the first) of student i.
    """
    left = data[:, :, LEFT]  # [N, 3, 224, 224, 3]
    right_of_next = np.roll(data[:, :, RIGHT], -1, axis=1)
    above_each_other = np.concatenate([left, right_of_next], axis=2)  # [N, 3, 448, 224, 3]
    return above_each_other.reshape(-1, 2 * HEIGHT, WIDTH, 3)
