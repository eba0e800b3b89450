"""More examples than there are photographs: wrong pairs drawn by lot, and changes that leave the answer as it is."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from reference.beyond.recipe import Recipe
from reference.data import HEIGHT, LEFT, PAIRS, RIGHT, WIDTH

# Which pairs the left and the right shoe of a wrong pair come from: all six ways to mismatch one student's shoes. The
# assignment takes three of them, always the same; with six, each shoe is seen beside twice as many strangers.
WRONG_PAIRS = torch.tensor([(left, right) for left in range(PAIRS) for right in range(PAIRS) if left != right])
THREE_WRONG_PAIRS = torch.tensor([(left, (left + 1) % PAIRS) for left in range(PAIRS)])


def draw_batches(data: Tensor, recipe: Recipe) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch: every right pair once, in a new order, and beside each of them a wrong pair drawn by lot.

    What does not fill a batch is left for another epoch, since batch norm is unsteady on a batch of few.

    What is drawn by lot is drawn on the processor, so that a seed means the same wherever the photographs lie.

    Args: data: [N, 3, 2, 224, 224, 3] in [-0.5, 0.5].
    Yields: images [B, 3, 448, 224], labels [B] (1 same, 0 different).
    """
    pairs = PAIRS * len(data)
    half = min(recipe.batch_size // 2, pairs)
    labels = torch.tensor([1] * half + [0] * half)
    wrong = WRONG_PAIRS if recipe.any_wrong_pair else THREE_WRONG_PAIRS
    order = torch.randperm(pairs)
    for start in range(0, pairs - half + 1, half):
        right = order[start : start + half]
        drawn = wrong[torch.randint(len(wrong), (half,))]  # [half, 2]
        students = torch.cat([right // PAIRS, torch.randint(len(data), (half,))])
        left_of, right_of = torch.cat([right[:, None].expand(-1, 2) % PAIRS, drawn]).unbind(dim=1)
        shoes = torch.stack([data[students, left_of, LEFT], data[students, right_of, RIGHT]], dim=1)
        yield as_pictures(change_alike(shoes, recipe)), labels


def batches_of_an_epoch(students: int, recipe: Recipe) -> int:
    """How many batches `draw_batches` yields."""
    return max(1, PAIRS * students // (recipe.batch_size // 2))


def as_pictures(shoes: Tensor) -> Tensor:
    """Two shoes each, [B, 2, 224, 224, 3], as the networks take them: [B, 3, 448, 224], one above the other.

    Nothing is copied. The colours stay last in memory (PyTorch's channels-last format), which its convolutions like
    better anyway.
    """
    return shoes.reshape(-1, 2 * HEIGHT, WIDTH, 3).permute(0, 3, 1, 2)


def change_alike(shoes: Tensor, recipe: Recipe) -> Tensor:
    """Change both shoes of each example in the same way, so that a pair stays one and a wrong pair, too.

    What is an exchange (places, sides, colours) is drawn once for the whole batch, which costs one pass over it; the
    next batch is changed otherwise.

    Args: shoes: [B, 2, 224, 224, 3].
    """
    if recipe.exchange and torch.rand(()) < 0.5:
        shoes = shoes.flip(1)  # who fits whom is mutual
    if recipe.mirror and torch.rand(()) < 0.5:
        shoes = shoes.flip(3)  # in a mirror, left shoes are right ones
    if recipe.upside_down and torch.rand(()) < 0.5:
        shoes = shoes.flip(2)
    if torch.rand(()) < recipe.permute_colours:
        shoes = shoes[..., torch.randperm(3)]  # a red pair becomes a blue one
    if recipe.turn or recipe.zoom or recipe.shift:
        shoes = move_alike(shoes, recipe)
    if recipe.light:
        # Each example has its own contrast, and its own brightness of every colour: another lamp, another camera.
        contrast = 1 + 2 * recipe.light * between_ends(len(shoes), 1, 1, 1, 1)
        brightness = recipe.light * between_ends(len(shoes), 1, 1, 1, 3)
        shoes = shoes * contrast.to(shoes.device) + brightness.to(shoes.device)
    if recipe.hide:
        shoes = hide_alike(shoes, recipe)
    return shoes


def move_alike(shoes: Tensor, recipe: Recipe) -> Tensor:
    """Turn, magnify and shift both shoes of each example alike; the floor goes on, mirrored, beyond the border.

    Args: shoes: [B, 2, 224, 224, 3].
    """
    count = len(shoes)
    angle = torch.deg2rad(recipe.turn * between_ends(count))
    scale = 1 + recipe.zoom * between_ends(count)
    across, down = 2 * recipe.shift * between_ends(2, count)  # a picture reaches from -1 to 1
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    where_from = torch.stack([cosine, -sine, across, sine, cosine, down], dim=1).reshape(count, 2, 3)
    grid = functional.affine_grid(where_from.to(shoes.device), [count, 3, HEIGHT, WIDTH], align_corners=False)
    pictures = shoes.flatten(0, 1).permute(0, 3, 1, 2)  # [2B, 3, 224, 224], upper and lower shoe in turn
    moved = functional.grid_sample(
        pictures, grid.repeat_interleave(2, dim=0), padding_mode="reflection", align_corners=False
    )
    return moved.permute(0, 2, 3, 1).reshape(shoes.shape)


def hide_alike(shoes: Tensor, recipe: Recipe) -> Tensor:
    """Cover the same place of both shoes of each example with grey, so that no one place may decide.

    Args: shoes: [B, 2, 224, 224, 3].
    """
    side = round(recipe.hide * HEIGHT)
    tops, lefts = torch.randint(HEIGHT - side + 1, (len(shoes),)), torch.randint(WIDTH - side + 1, (len(shoes),))
    rows, columns = torch.arange(HEIGHT) - tops[:, None], torch.arange(WIDTH) - lefts[:, None]  # [B, 224] each
    hidden = ((rows >= 0) & (rows < side))[:, :, None] & ((columns >= 0) & (columns < side))[:, None]
    return shoes.masked_fill(hidden[:, None, :, :, None].to(shoes.device), 0)


def between_ends(*shape: int) -> Tensor:
    """Random numbers, evenly between -1 and 1."""
    return 2 * torch.rand(shape) - 1
