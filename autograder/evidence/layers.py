"""From the events of a watched forward pass to its convolutions and linear layers."""

from typing import Any

import numpy as np

from autograder.evidence.kinds import Convolution

_PADDINGS = ("constant_pad_nd", "reflection_pad2d", "replication_pad2d", "pad")


def read_layers(events: list[dict[str, Any]]) -> tuple[tuple[Convolution, ...], tuple[tuple[int, int], ...]]:
    """Convolutions and linear layers, (in, out), in the order of their execution; those for show do not count.

    A convolution whose kernel covers all of its input, behind four others, is a linear layer in other clothes.
    """
    found: list[dict[str, Any]] = []
    linears: list[tuple[int, int]] = []
    padded_before: dict[str, Any] | None = None
    for event in events:
        if event.get("idle"):
            continue
        if event["kind"] == "convolution":
            if found:
                found[-1].setdefault("following", event["before"][2:])
            covers = event["weight"][2:] == event["before"][2:] and event["after"][2:] == [1, 1]
            if len(found) >= 4 and covers:
                linears.append((int(np.prod(event["weight"][1:])), int(event["weight"][0])))
            else:
                found.append({**event, "shrinks": []})
        elif event["kind"] == "linear":
            linears.append((event["in"], event["out"]))
            if found and event["map"] and "following" not in found[-1]:
                _end_with_linear(found[-1], event)
        elif found and "following" not in found[-1]:
            found[-1]["shrinks"].append((event["name"], event["before"][2:], event["after"][2:]))
        elif not found:
            padded_before = event if event["name"] in _PADDINGS else None
    made = []
    for number, entry in enumerate(found):
        last = found[number - 1]["shrinks"][-1:] if number else []
        unpadded = last[0][1] if last and last[0][0] in _PADDINGS else None
        if not number and padded_before is not None:
            unpadded = padded_before["before"][2:]
        made.append(_convolution(entry, unpadded))
    return tuple(made), tuple(linears)


def _end_with_linear(entry: dict[str, Any], linear: dict[str, Any]) -> None:
    """Note the map that reaches the first linear layer; where one value of each channel does, it was a mean or a
    maximum over the whole map, whatever operation that was."""
    entry["following"] = linear["map"][2:]
    if linear["in"] == linear["map"][1] and linear["map"][2:] != [1, 1]:
        entry["shrinks"].append(("over the whole map", linear["map"][2:], [1, 1]))
        entry["following"] = [1, 1]


def _convolution(entry: dict[str, Any], without_padding: list[int] | None) -> Convolution:
    """A record of one convolution; without_padding: the size before an operation that padded its input."""
    before, padding = _size(entry["before"][2:]), _size(entry["padding"])
    following = _size(entry.get("following", entry["after"][2:]))
    shrinks = tuple((str(name), _size(a), _size(b)) for name, a, b in entry["shrinks"])
    if shrinks and shrinks[-1][0] in _PADDINGS:
        # Explicit padding belongs to the convolution behind it, not to the map that it pads.
        following, shrinks = shrinks[-1][1], shrinks[:-1]
    if without_padding is not None:
        unpadded = _size(without_padding)
        padding = (padding[0] + (before[0] - unpadded[0]) // 2, padding[1] + (before[1] - unpadded[1]) // 2)
        before = unpadded
    return Convolution(
        in_channels=int(entry["before"][1]),
        out_channels=int(entry["weight"][0]),
        kernel=_size(entry["weight"][2:]),
        stride=_size(entry["stride"]),
        before=before,
        after=_size(entry["after"][2:]),
        following=following,
        shrinks=shrinks,
        padding=padding,
    )


def _size(pair: Any) -> tuple[int, int]:
    return int(pair[0]), int(pair[1])


def upright(layer: Convolution) -> Convolution:
    """A convolution seen sideways, told as if height came before width."""

    def turned(size: tuple[int, int]) -> tuple[int, int]:
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
