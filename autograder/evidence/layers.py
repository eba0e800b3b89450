"""From the events of a watched forward pass to its convolutions and linear layers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from autograder.boundary.replies import ConvolutionSeen, LayerSeen, LinearSeen, ResizeSeen
from autograder.evidence.kinds import Convolution

_PADDINGS = ("constant_pad_nd", "reflection_pad2d", "replication_pad2d", "pad")
Size = tuple[int, int]


@dataclass
class _Found:
    """A convolution, and what is known of the map behind it so far. following: its size where it reaches the next layer
    that counts; shrinks: the operations on the way there that changed it."""

    seen: ConvolutionSeen
    following: Size | None = None
    shrinks: list[tuple[str, Size, Size]] = field(default_factory=list)


def read_layers(events: Sequence[LayerSeen]) -> tuple[tuple[Convolution, ...], tuple[tuple[int, int], ...]]:
    """Convolutions and linear layers, (in, out), in the order of their execution; those for show do not count.

    A convolution whose kernel covers all of its input, behind four others, is a linear layer in other clothes.
    """
    found: list[_Found] = []
    linears: list[tuple[int, int]] = []
    padded_before: ResizeSeen | None = None
    for event in events:
        if not isinstance(event, ResizeSeen) and event.idle:
            continue
        if isinstance(event, ConvolutionSeen):
            if found and found[-1].following is None:
                found[-1].following = event.before[2:]
            covers = event.weight[2:] == event.before[2:] and event.after[2:] == (1, 1)
            if len(found) >= 4 and covers:
                linears.append((prod(event.weight[1:]), event.weight[0]))
            else:
                found.append(_Found(event))
        elif isinstance(event, LinearSeen):
            linears.append((event.inward, event.outward))
            if found and event.map and found[-1].following is None:
                _end_with_linear(found[-1], event.inward, event.map)
        elif found and found[-1].following is None:
            found[-1].shrinks.append((event.name, event.before[2:], event.after[2:]))
        elif not found:
            padded_before = event if event.name in _PADDINGS else None
    made = []
    for number, entry in enumerate(found):
        last = found[number - 1].shrinks[-1:] if number else []
        unpadded = last[0][1] if last and last[0][0] in _PADDINGS else None
        if not number and padded_before is not None:
            unpadded = padded_before.before[2:]
        made.append(_convolution(entry, unpadded))
    return tuple(made), tuple(linears)


def _end_with_linear(entry: _Found, inward: int, last: tuple[int, int, int, int]) -> None:
    """Note the map that reaches the first linear layer; where one value of each channel does, it was a mean or a
    maximum over the whole map, whatever operation that was."""
    entry.following = last[2:]
    if inward == last[1] and last[2:] != (1, 1):
        entry.shrinks.append(("over the whole map", last[2:], (1, 1)))
        entry.following = (1, 1)


def _convolution(entry: _Found, without_padding: Size | None) -> Convolution:
    """A record of one convolution; without_padding: the size before an operation that padded its input."""
    seen = entry.seen
    before, padding = seen.before[2:], seen.padding
    following, shrinks = entry.following or seen.after[2:], tuple(entry.shrinks)
    if shrinks and shrinks[-1][0] in _PADDINGS:
        # Explicit padding belongs to the convolution behind it, not to the map that it pads.
        following, shrinks = shrinks[-1][1], shrinks[:-1]
    if without_padding is not None:
        high, wide = without_padding
        padding = (padding[0] + (before[0] - high) // 2, padding[1] + (before[1] - wide) // 2)
        before = without_padding
    return Convolution(
        in_channels=seen.before[1],
        out_channels=seen.weight[0],
        kernel=seen.weight[2:],
        stride=seen.stride,
        before=before,
        after=seen.after[2:],
        following=following,
        shrinks=shrinks,
        padding=padding,
    )


def upright(layer: Convolution) -> Convolution:
    """A convolution seen sideways, told as if height came before width."""

    def turned(size: Size) -> Size:
        return size[1], size[0]

    return Convolution(
        in_channels=layer.in_channels,
        out_channels=layer.out_channels,
        kernel=turned(layer.kernel),
        stride=turned(layer.stride),
        before=turned(layer.before),
        after=turned(layer.after),
        following=turned(layer.following),
        shrinks=tuple((name, turned(a), turned(b)) for name, a, b in layer.shrinks),
        padding=turned(layer.padding),
    )
