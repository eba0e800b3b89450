"""Pair generators that are right, as text: a worker is given them only where they take the place of a submission's own.

Where the submission's generators are judged, these are nowhere in its process.
"""

SAME = """
def right(data, *rest, **named):
    data = np.asarray(data)
    return np.concatenate([data[:, :, 0], data[:, :, 1]], axis=2).reshape(-1, 448, 224, 3)
"""
DIFFERENT = """
def right(data, *rest, **named):
    data = np.asarray(data)
    return np.concatenate([data[:, :, 0], data[:, [1, 2, 0], 1]], axis=2).reshape(-1, 448, 224, 3)
"""
RIGHT_GENERATORS = {"same": SAME, "different": DIFFERENT}
