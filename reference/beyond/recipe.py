"""The settings of a training that goes beyond the assignment."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """Everything that may be chosen about a training; `reference/experiments` tells how it was.

    model: "CNNChannel" or "CNN"; n, kernel_size: as in `reference.models`; differences: the first filters of a
        CNNChannel begin as differences between the two shoes.
    learning_rate: the highest of the one-cycle schedule; orthogonal: the same for the filters and the first linear
        layer, which take orthogonal steps (`reference.beyond.steps`), 0 leaves them to the other steps; weight_decay:
        for what takes no orthogonal steps; averaging: by what share the averaged weights move towards the current ones
        after every step of the second half of the training, 0 keeps the last weights instead.
    any_wrong_pair: draw from all six wrong pairs of a student, not from three fixed ones.
    exchange: let the two shoes change places; mirror: look at both in a mirror; upside_down: turn both over; turn,
        zoom, shift: turn both by up to so many degrees, magnify them by up to such a share, move them by up to such a
        share of the picture; permute_colours: in what share of the batches red, green and blue change places; light:
        make both brighter or darker by up to so much, and their contrast higher or lower by up to twice that share;
        hide: the side of a grey square that covers the same place of both, as a share of the picture.
    four_views: answer by what the network says to four views of the same shoes (`reference.beyond.views`);
        other_sizes: ask in all of them again with the shoes larger and smaller by such a share, 0 does not.
    """

    model: str = "CNNChannel"
    n: int = 8
    kernel_size: int = 3
    differences: bool = True
    epochs: int = 90
    batch_size: int = 32
    learning_rate: float = 0.003
    orthogonal: float = 0.01
    weight_decay: float = 0.0001
    averaging: float = 0.02
    any_wrong_pair: bool = True
    exchange: bool = True
    mirror: bool = True
    upside_down: bool = False
    turn: float = 12.0
    zoom: float = 0.12
    shift: float = 0.07
    permute_colours: float = 0.5
    light: float = 0.1
    hide: float = 0.28
    four_views: bool = True
    other_sizes: float = 0.0


BEST = Recipe()
BEST_CNN = Recipe(model="CNN", epochs=60, orthogonal=0.0)
