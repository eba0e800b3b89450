"""Questions 2a and 2b: the two networks, judged by the layers that are executed."""

from autograder.checks.declare import check
from autograder.evidence.kinds import ChannelRun, CnnRun, Convolution, ModelRun
from autograder.verdict import Verdict, failed, passed, skipped

Size = tuple[int, int]
SIDEWAYS = "It takes [B, 3, 224, 448], width before height, as the prewritten get_accuracy hands pictures over."
CHANNELS_LAST = "It takes [B, 448, 224, 3] and exchanges the axes itself."
REMARKS = {"upright": "", "sideways": SIDEWAYS, "channels last": CHANNELS_LAST}
MAPS = {"cnn": (28, 14), "channel": (14, 14)}


def _times(size: Size) -> str:
    return f"{size[0]} x {size[1]}"


def _forward(seen: ModelRun) -> Verdict:
    expected = "two logits for each picture: [B, 3, 448, 224] becomes [B, 2]"
    if seen.stopped:
        hint = "Print the shape before the line that stops. Which length does the next layer expect, and what arrives?"
        return failed(expected, f"`{seen.name}{seen.arguments}` stops with {seen.stopped}", hint)
    observed = f"{seen.batch} pictures give {seen.output_kind} of shape {list(seen.output)}"
    if seen.output == (seen.batch, 2) and seen.separate:
        return passed(expected, observed, REMARKS[seen.orientation])
    if seen.output == (seen.batch, 2):
        hint = "What does your reshaping before the linear layers do with the first axis?"
        return failed(expected, "a picture's logits change with the other pictures of its batch", hint)
    if seen.output in ((seen.batch, 1), (seen.batch,)):
        hint = "Cross-entropy compares one number for each class. How many classes are there?"
    elif seen.output[-1:] == (2,):
        hint = "The first axis should still count the pictures. What does your reshaping before the linear layers do?"
    else:
        hint = "Cross-entropy compares one number for each class. How many does your last layer give?"
    return failed(expected, observed, hint)


@check("cnn.forward", question="q2a", evidence=CnnRun)
def cnn_gives_two_logits(seen: CnnRun) -> Verdict:
    """`CNN` turns a batch of pictures into two logits each."""
    return _forward(seen)


@check("channel.forward", question="q2b", evidence=ChannelRun)
def channel_gives_two_logits(seen: ChannelRun) -> Verdict:
    """`CNNChannel` turns a batch of pictures into two logits each."""
    return _forward(seen)


def shrink_factor(layer: Convolution) -> tuple[float, float]:
    """How much height and width shrink from one convolution to the next, apart from its missing padding.

    The stride counts as it stands; what happens between the convolutions counts by sizes, since a pooling may round
    down and may be written in many ways.
    """
    after = [
        stride * (out / following if following else float("inf"))
        for stride, out, following in zip(layer.stride, layer.after, layer.following, strict=True)
    ]
    return after[0], after[1]


def _is_halved(layer: Convolution) -> bool:
    for stride, out, following in zip(layer.stride, layer.after, layer.following, strict=True):
        # Halving 55 rows gives 27 or 28, by the way of rounding; a convolution may do the halving itself by its stride.
        if not ((stride == 1 and abs(2 * following - out) <= 2) or (stride == 2 and following == out)):
            return False
    return True


def _last_map(layer: Convolution) -> Convolution:
    """The last block as far as its first halving: what shrinks the map after that belongs to the size of the map."""
    if layer.stride == (2, 2):
        followers = [s for s in layer.shrinks if _halves(s[1], s[2])]
        return layer if followers else _with_following(layer, layer.after)
    halving = [s for s in layer.shrinks if _halves(s[1], s[2])]
    if len(halving) == 1:
        return _with_following(layer, halving[0][2])
    return layer


def _halves(before: Size, after: Size) -> bool:
    return all(abs(2 * b - a) <= 2 and b > 1 for a, b in zip(before, after, strict=True))


def _with_following(layer: Convolution, following: Size) -> Convolution:
    return Convolution(**{**layer.__dict__, "following": following})


def _architecture(seen: ModelRun, channels_in: int) -> Verdict:
    expected = (
        f"four convolutions {channels_in} - n - 2n - 4n - 8n, each followed by a 2 x 2 downsampling, "
        "then linear layers of 100 and of 2 units"
    )
    convolutions, linears = seen.convolutions, seen.linears
    told = f"{seen.name}{seen.arguments}"
    if seen.stopped:
        return skipped("not looked at to the end, since the forward pass stops on the way")
    if len(convolutions) != 4:
        hint = "Count the convolutions that forward really calls; one that is only made in __init__ does nothing."
        return failed(expected, f"{len(convolutions)} convolutions are executed in {told}", hint)
    chain = [convolutions[0].in_channels, *(layer.out_channels for layer in convolutions)]
    n = chain[1]
    if chain != [channels_in, n, 2 * n, 4 * n, 8 * n]:
        observed = f"the channels go {' - '.join(map(str, chain))} in {told}"
        if chain[0] != channels_in:
            hint = "What reaches the first convolution, and how many channels does that have?"
        else:
            hint = "Each convolution should double the channels of the one before. Which one does not?"
        return failed(expected, observed, hint)
    for number, layer in enumerate((*convolutions[:3], _last_map(convolutions[3])), start=1):
        if not _is_halved(layer):
            down, across = shrink_factor(layer)
            observed = (
                f"after convolution {number}, {_times(layer.after)} becomes {_times(layer.following)}"
                if layer.stride == (1, 1)
                else f"convolution {number} has the stride {_times(layer.stride)}, "
                f"and {_times(layer.after)} becomes {_times(layer.following)} after it"
            )
            short = down < 1.9 or across < 1.9
            hint = "Is every convolution followed by one downsampling?" if short else "Once halved is enough here."
            return failed(expected, observed, hint)
    if [units for _, units in linears] != [100, 2]:
        units = " and ".join(str(out) for _, out in linears) or "no"
        hint = "How many linear layers does forward call after the last map, and how many units does each have?"
        return failed(expected, f"linear layers of {units} units are executed in {told}", hint)
    return passed(expected, f"{' - '.join(map(str, chain))}, 100, 2 in {told}")


@check("cnn.architecture", question="q2a", evidence=CnnRun)
def cnn_layers(seen: CnnRun) -> Verdict:
    """Four convolutions 3 - n - 2n - 4n - 8n, four halvings, linear 100, linear 2."""
    return _architecture(seen, 3)


@check("channel.architecture", question="q2b", evidence=ChannelRun)
def channel_layers(seen: ChannelRun) -> Verdict:
    """Four convolutions 6 - n - 2n - 4n - 8n, four halvings, linear 100, linear 2."""
    return _architecture(seen, 6)


def _kernel_fault(number: int, layer: Convolution) -> tuple[str, str] | None:
    if layer.kernel[0] != layer.kernel[1] or layer.kernel[0] not in (3, 5, 7):
        return f"convolution {number} has a kernel of {_times(layer.kernel)}", "Which two sizes does the handout allow?"
    wanted = tuple((before - 1) // stride + 1 for before, stride in zip(layer.before, layer.stride, strict=True))
    if layer.after != wanted:
        observed = (
            f"convolution {number}, with a kernel of {layer.kernel[0]} and a padding of {layer.padding[0]}, "
            f"turns {_times(layer.before)} into {_times(layer.after)}"
        )
        hint = "Without padding, a kernel cannot be centred on the pixels at the border. How many does it lose there?"
        if layer.after[0] > wanted[0]:
            hint = "The picture grows here. How far does a kernel reach beyond the border when its centre is on it?"
        return observed, hint
    return None


def _padding(seen: ModelRun, role: str) -> Verdict:
    height, width = MAPS[role]
    expected = f"kernels of 3 or 5 with a padding of (k - 1) / 2, and a {height} x {width} map before the linear layers"
    if seen.stopped and len(seen.convolutions) < 4:
        return skipped("not looked at to the end, since the forward pass stops on the way")
    if not seen.convolutions:
        return failed(expected, "no convolution is executed", "Which layers does forward call?")
    for number, layer in enumerate(seen.convolutions, start=1):
        fault = _kernel_fault(number, layer)
        if fault:
            return failed(expected, *fault)
    if seen.stopped:
        return passed(expected, "all four convolutions keep their sizes, then the forward pass stops")
    last = _last_map(seen.convolutions[-1])
    final = seen.convolutions[-1].following
    if final != last.following:
        hint = "What lies between the last convolution's halving and the linear layers?"
        return failed(expected, f"the map before the linear layers is {_times(final)}", hint)
    remark = (
        "A kernel of 7 is more than the handout suggests."
        if any(layer.kernel[0] == 7 for layer in seen.convolutions)
        else ""
    )
    return passed(expected, f"a {_times(final)} map before the linear layers", remark)


@check("cnn.padding", question="q2a", evidence=CnnRun)
def cnn_keeps_its_size(seen: CnnRun) -> Verdict:
    """Kernels of 3 or 5, padding (k - 1) / 2, a 28 x 14 map before the linear layers."""
    return _padding(seen, "cnn")


@check("channel.concat", question="q2b", evidence=ChannelRun)
def shoes_on_the_channel_axis(seen: ChannelRun) -> Verdict:
    """What reaches the first convolution is exactly the two shoes stacked on the channel axis."""
    expected = "what reaches the first convolution is the two shoes, three channels each, at 224 x 224"
    if seen.entering == "stacked":
        return passed(expected)
    if seen.stopped and seen.entering == "unseen":
        return skipped("not looked at, since the forward pass stops before the first convolution")
    if seen.entering.startswith("scaled"):
        return passed(expected, remark="The values are rescaled before the first convolution.")
    hints = {
        "unseen": "Does forward call a convolution at all?",
        "one shoe twice": "Which rows does each of your two slices take?",
        "mixed": "Where does the upper shoe end? Slice there, and join the two slices along one axis.",
    }
    observed = {
        "unseen": "no convolution was seen",
        "one shoe twice": "the same shoe arrives twice",
        "mixed": "the six channels are not those of the two shoes",
    }.get(seen.entering, seen.entering)
    hint = hints.get(seen.entering, "Which axis of [B, 3, 448, 224] counts the channels?")
    return failed(expected, observed, hint)


@check("channel.padding", question="q2b", evidence=ChannelRun)
def channel_keeps_its_size(seen: ChannelRun) -> Verdict:
    """Kernels of 3 or 5, padding (k - 1) / 2, a 14 x 14 map before the linear layers."""
    return _padding(seen, "channel")
