"""The kinds of evidence: frozen records, all that a check ever sees."""

from collections.abc import Mapping
from dataclasses import dataclass

from autograder.program.displays import Shown
from autograder.submission.answers import Answer
from autograder.verdict import Outcome
from fixtures.catalogue import Shoe


@dataclass(frozen=True)
class NoEvidence:
    """Why there is nothing to judge: the function is missing, raised an exception, ran out of time.

    outcome: what every check that reads this evidence says then; remark: what is worth knowing besides.
    """

    outcome: Outcome
    observed: str
    hint: str = ""
    remark: str = ""


@dataclass(frozen=True)
class Spread:
    """How the values of some pictures are spread, beside those that they should have.

    low, high: where the bins begin and end, all of one width; seen, asked: the share of the values in each bin, which
    add up to 1; least, greatest: of the values that are asked for.
    """

    low: float
    high: float
    seen: tuple[float, ...]
    asked: tuple[float, ...]
    least: float
    greatest: float


@dataclass(frozen=True)
class LoadedArray:
    """One of the four arrays of question 1a, as a submission made it from the coded photographs.

    role: such as `train_data`; name: what the submission calls it; problem: set where there is no array, and then
    nothing else is. dtype, shape: as made. places: for each row, pair and side the shoe read there, [N][3][2], None
    where no code can be read. folder: the folder most rows come from.
    low, high: least and greatest value. form: how the values come from the 8-bit intensities, one of `VALUE_FORMS`;
    strange: the places (row, pair, side) whose values are of another form; spread: of the values of the first rows,
    None where none of them is a number.
    """

    role: str
    name: str
    problem: NoEvidence | None = None
    dtype: str = ""
    shape: tuple[int, ...] = ()
    places: tuple[tuple[tuple[Shoe | None, ...], ...], ...] = ()
    low: float = 0.0
    high: float = 0.0
    form: str = "unknown"
    strange: tuple[tuple[int, int, int], ...] = ()
    spread: Spread | None = None


VALUE_FORMS = {
    "exact": "8-bit value / 255 - 0.5",
    "divided twice": "8-bit value / 255 / 255 - 0.5",
    "not shifted": "8-bit value / 255",
    "not divided": "8-bit value - 0.5",
    "raw": "the 8-bit values themselves",
    "divided twice, not shifted": "8-bit value / 255 / 255",
    "divided by 256": "8-bit value / 256 - 0.5",
    "to -1..1": "8-bit value / 127.5 - 1",
    "blue first": "8-bit value / 255 - 0.5, blue before green before red",
    "transposed": "8-bit value / 255 - 0.5, height and width exchanged",
    "mirrored": "8-bit value / 255 - 0.5, mirrored or upside down",
    "unknown": "something else",
}


@dataclass(frozen=True)
class LoadedData:
    """What question 1a left behind.

    arrays: in the order train_data, valid_data, test_w, test_m; students: the numbers in each folder of the data as
    handed out; without_png: those of `train` less the student whose files end in .png. remark: which delivery of the
    data or which wider part of the notebook was used, if not the usual one. reads_with_matplotlib: whether the code
    reads pictures with matplotlib's imread, which gives 0..1 for these files.
    """

    arrays: tuple[LoadedArray, ...]
    students: dict[str, tuple[int, ...]]
    without_png: tuple[int, ...]
    remark: str = ""
    reads_with_matplotlib: bool = False


def stopped(evidence: object) -> bool:
    """Whether a submission's code stopped before there was anything, or all of it, to be seen."""
    problems = [array.problem for array in evidence.arrays] if isinstance(evidence, LoadedData) else [evidence]
    return any(isinstance(problem, NoEvidence) and problem.outcome is Outcome.FAIL for problem in problems)


# Layouts of pair images that are wrong although the pictures in them can be read.
OTHER_COUNT = "another number of rows"
GROUPED = "the three examples of a student have an axis of their own"


@dataclass(frozen=True)
class PairImages:
    """What a generator made of coded pictures of some students.

    shape: as returned; layout: how rows of [448, 224, 3] were read from it: "as asked", or in words what differs, or
    "" where they could not be. rows: (top, bottom) of each row as decoded, None where a half is no photograph of the
    data set; one tuple of rows for each draw. whole: whether every half is a whole, upright photograph with its own
    values in the first draw. students: how many were given.
    """

    shape: tuple[int, ...]
    layout: str
    draws: tuple[tuple[tuple[Shoe | None, Shoe | None], ...], ...]
    damaged: tuple[int, ...]
    students: int
    remark: str = ""
    only_this_size: bool = False


@dataclass(frozen=True)
class SamePairs(PairImages):
    """What `generate_same_pair` made."""


@dataclass(frozen=True)
class DifferentPairs(PairImages):
    """What `generate_different_pair` made."""


@dataclass(frozen=True)
class Convolution:
    """One executed convolution. height, width are of what went in (`before`, without explicit padding) and out."""

    in_channels: int
    out_channels: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    before: tuple[int, int]
    after: tuple[int, int]
    following: tuple[int, int]
    """Height and width of what reaches the next convolution, or the first linear layer."""
    shrinks: tuple[tuple[str, tuple[int, int], tuple[int, int]], ...] = ()
    """Each operation between this convolution and the next that changed height or width: name, before, after."""
    padding: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class ModelRun:
    """One forward pass through a model.

    orientation: "upright" for [B, 3, 448, 224], "sideways" for [B, 3, 224, 448], "channels last" for
    [B, 448, 224, 3]; arguments: what it was built with, in words. output: the shape that came out for `batch` images.
    separate: whether an image's logits stay the same in another batch. convolutions and linears as executed,
    linears as (in, out). entering: what reached the first convolution, in words: "stacked" where it is exactly the
    two shoes on the channel axis. stopped: the exception that ended the pass, in words, "" where it came to its end.
    """

    name: str
    arguments: str
    orientation: str
    batch: int
    output: tuple[int, ...]
    output_kind: str
    separate: bool
    convolutions: tuple[Convolution, ...]
    linears: tuple[tuple[int, int], ...]
    entering: str
    remark: str = ""
    stopped: str = ""


@dataclass(frozen=True)
class CnnRun(ModelRun):
    """A forward pass through the model of question 2a."""


@dataclass(frozen=True)
class ChannelRun(ModelRun):
    """A forward pass through the model of question 2b."""


@dataclass(frozen=True)
class KnownModel:
    """What an accuracy function said of one model whose answers are known.

    right: true accuracies on the images it was shown, (same, different), None where it was shown none of that kind;
    told: the two numbers it returned, or None; shown: images of same pairs, of different pairs, others.
    """

    name: str
    right: tuple[float | None, float | None]
    told: tuple[float, float] | None
    returned: str
    shown: tuple[int, int, int]


@dataclass(frozen=True)
class AccuracyRuns:
    """What `get_accuracy` said of several known models.

    expected_images: how many images of each kind there were to show. generators: whose pair generators made them.
    """

    models: tuple[KnownModel, ...]
    expected_images: int
    generators: str
    remark: str = ""


@dataclass(frozen=True)
class SavedPicture:
    """A picture that is saved in a notebook.

    number: its place among the pictures of its cell, from 1; kind: such as "image/png"; question: below whose heading
    it stands; shown: what the code of its cell draws; shoes: "men" or "women" where that code speaks of one of them.
    """

    cell: int
    number: int
    kind: str
    question: str
    shown: Shown
    shoes: str = ""


@dataclass(frozen=True)
class Written:
    """What a person marks: answers in words and saved pictures.

    answers: by question, where there is one; asked: the cells in which a question is asked; has_text_cells: whether
    any cell is for text; has_outputs: whether anything that a cell printed or drew was saved.
    """

    answers: Mapping[str, Answer]
    asked: Mapping[str, tuple[int, ...]]
    pictures: tuple[SavedPicture, ...] = ()
    has_text_cells: bool = True
    has_outputs: bool = True
