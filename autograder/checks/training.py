"""Question 3a: a training that was watched, judged by what reached the optimizer."""

import math
from collections.abc import Sequence

from autograder.checks.declare import check
from autograder.checks.unseen import MOST_UNREADABLE, not_taught, share_unreadable, step_count, unreadable, unseen
from autograder.evidence import losses
from autograder.evidence.training_kinds import Batch, OtherSize, TrainingRun
from autograder.verdict import Verdict, failed, partial, passed

# A shuffled array gives batches that are half and half by and large; batches of one kind alone do not.
MOST_ONE_SIDED = 0.3
# Over all that was seen, so much more of one kind is chance (a random draw of a few dozen examples); more is not.
MOST_UNBALANCED = 0.12
# Gradients that are cleared once an epoch are still there in every step but the first of each.
MOST_UNCLEARED = 0.25
MOST_RISE = 1.25
# The first steps of a new network may go up and down; whether its loss falls shows only after a few.
FEWEST_TO_FALL = 8
UPHILL = -0.02


@check("train.runs", question="q3a", evidence=TrainingRun)
def training_runs(run: TrainingRun) -> Verdict:
    """Training runs on the course's data."""
    expected = "training runs to its end, with the notebook's own settings and with others"
    if run.problem:
        observed = f"after {step_count(run.stopped_after)} with {run.settings or 'its own settings'}, {run.problem}"
        if not run.stopped_after:
            observed = f"before its first step, {run.problem}"
        elif run.problem.startswith("`"):
            observed = f"after {step_count(run.stopped_after)}, {run.problem}"
        hint = "What happens to a last batch that is shorter than the others?" if run.mended else ""
        hint = run.hint or hint or "Run it for one epoch on ten students: where does it stop?"
        return failed(expected, observed, hint)
    for other in run.others:
        if other.problem:
            observed = f"with {_size(other)}, it stopped: {other.problem}"
            return partial(expected, observed, "What happens to a last batch that is shorter than the others?")
    return passed(expected)


def _size(other: OtherSize) -> str:
    size = f"batches of {other.batch_size}" if other.batch_size else "another number of examples"
    return f"{size} and {other.students} students"


@check("train.loss", question="q3a", evidence=TrainingRun)
def cross_entropy(run: TrainingRun) -> Verdict:
    """The loss is cross-entropy on the model's output."""
    expected = "the cross-entropy between the model's output and the labels"
    hidden = not_taught(run, expected)
    if hidden is not None:
        return hidden
    if run.loss in (losses.CROSS_ENTROPY, losses.NEGATED):
        # Which way the weights then go is a question of its own.
        return passed(expected)
    observed = f"the gradients that reach the model's output are those of {run.loss}"
    if run.loss == losses.UNKNOWN:
        names = ", ".join(name for name in run.functions if name) or "no function of torch"
        observed = f"the gradients that reach the model's output are not those of cross-entropy (the loss is {names})"
    hints = {
        losses.ON_SOFTMAX: "Cross-entropy already contains a softmax; what does a second one do to large differences?",
        losses.ON_SIGMOID: "Cross-entropy already contains a softmax; what does it make of numbers between 0 and 1?",
        losses.NLL_ON_RAW: "NLLLoss expects logarithms of probabilities: what does the model give?",
    }
    if run.loss == losses.BINARY:
        return partial(expected, observed, "The two outputs are one decision: which loss looks at both together?")
    return failed(expected, observed, hints.get(run.loss, "Which loss does the handout ask for?"))


@check("train.batches", question="q3a", evidence=TrainingRun)
def half_and_half(run: TrainingRun) -> Verdict:
    """Half of each batch is pairs, half is wrong pairs."""
    expected = "each batch holds as many pairs as wrong pairs"
    hidden = unseen(run, expected) or unreadable(run, expected)
    if hidden is not None:
        return hidden
    batches = [batch for batch in run.batches if batch.read]
    same, different = sum(len(b.same) for b in batches), sum(len(b.different) for b in batches)
    share = abs(same - different) / (same + different)
    one_sided = sum(abs(len(b.same) / b.read - 0.5) * b.read for b in batches) / (same + different)
    if one_sided > MOST_ONE_SIDED:
        sizes = ", ".join(f"{len(b.same)} and {len(b.different)}" for b in batches[:3])
        return failed(
            expected,
            f"the first batches held {sizes} (pairs and wrong pairs)",
            "What does a model learn from a batch in which every answer is the same?",
        )
    if share > MOST_UNBALANCED and not _odd_by_one(batches):
        observed = f"of the examples in {len(batches)} batches, {same} were pairs and {different} wrong pairs"
        return failed(expected, observed, "How many of each kind does one batch take, and from which array?")
    remarks = []
    if any(len(b.same) != len(b.different) for b in batches) and not _odd_by_one(batches):
        remarks.append("The halves are equal on average only; a batch drawn from both kinds apart is always balanced.")
    distinct = {key for batch in batches for key in (*batch.same, *batch.different)}
    if run.finished and len(distinct) < run.examples:
        remarks.append(f"Of {2 * run.examples} examples, training only ever saw {len(distinct)}.")
    return passed(expected, remark=" ".join(remarks))


def _odd_by_one(batches: Sequence[Batch]) -> bool:
    """Batches of an odd size have one more of one kind."""
    return all(abs(len(b.same) - len(b.different)) <= 1 for b in batches) and any(b.read % 2 for b in batches)


@check("train.labels", question="q3a", evidence=TrainingRun)
def labels(run: TrainingRun) -> Verdict:
    """Label 1 exactly on pairs, 0 exactly on wrong pairs."""
    expected = "label 1 for every pair, label 0 for every wrong pair"
    hidden = not_taught(run, expected) or unreadable(run, expected)
    if hidden is not None:
        return hidden
    wrong, labelled = sum(b.wrong_labels for b in run.batches), sum(b.labelled for b in run.batches)
    if not labelled:
        return failed(expected, "no gradient reached the model's output, so no label did either")
    if wrong == 0:
        strange = [other for other in run.others if other.wrong_labels]
        remark = f"With {_size(strange[0])}, {strange[0].wrong_labels} labels are wrong." if strange else ""
        return passed(expected, remark=remark)
    if wrong == labelled:
        return failed(expected, "all labels were exchanged: 0 for pairs, 1 for wrong pairs", "Which output means same?")
    return failed(
        expected,
        f"{wrong} of {labelled} examples were trained with the wrong label",
        "Take one batch apart: does each label still stand at the place of its picture after shuffling?",
    )


@check("train.shuffle", question="q3a", evidence=TrainingRun)
def shuffled(run: TrainingRun) -> Verdict:
    """Another order every epoch."""
    expected = "pairs and wrong pairs come in a new order in every epoch"
    hidden = unseen(run, expected) or unreadable(run, expected)
    if hidden is not None:
        return hidden
    again = [period(tuple(getattr(b, kind) for b in run.batches)) for kind in ("same", "different")]
    if all(again):
        observed = f"the same batches came again, in the same order, every {step_count(min(p for p in again if p))}"
        return failed(expected, observed, "Where is the order drawn: once, or at the beginning of every epoch?")
    if any(again):
        kind = "pairs" if again[0] else "wrong pairs"
        observed = f"the {kind} came in the same order in every epoch; only the others were shuffled"
        return partial(expected, observed, "Each of the two arrays wants an order of its own.")
    return passed(expected)


def period(batches: Sequence[tuple[str, ...]]) -> int:
    """After how many steps the same examples come again in the same order, throughout; 0 where they never do.

    Shuffling within a batch changes nothing that the optimizer sees, so only its members count, unless one batch holds
    everything there is.
    """
    distinct = len({key for batch in batches for key in batch})
    all_in_one = any(len(set(batch)) == distinct for batch in batches)
    members = [batch if all_in_one else tuple(sorted(batch)) for batch in batches]
    for length in range(1, len(members) // 2 + 1):
        later = members[length:]
        if any(members[length:]) and all(a == b for a, b in zip(members, later, strict=False)):
            return length
    return 0


@check("train.layout", question="q3a", evidence=TrainingRun)
def channels_first(run: TrainingRun) -> Verdict:
    """The model sees channels first."""
    expected = "pictures reach the model as [B, 3, 448, 224], every colour a picture of its own"
    if run.scrambled:
        return failed(
            expected,
            "the numbers of a picture reach the model in the order in which they lie in memory, cut to another shape",
            "What is the difference between exchanging two axes and giving an array another shape?",
        )
    unfit = [layout for layout in run.refused if "channels last" in layout]
    if unfit:
        return failed(
            expected,
            f"the model is given pictures with {unfit[0]} and does not take them",
            "Which axis of a batch does a convolution take for the colours?",
        )
    hidden = unseen(run, expected)
    if hidden is not None:
        return hidden
    if share_unreadable(run) > MOST_UNREADABLE:
        return failed(
            expected,
            "no shoe can be made out in what reaches the model",
            "Show one picture of a batch as the model gets it: are its axes where you think they are?",
        )
    known = [layout for layout in run.looked_at if layout not in run.layouts]
    if known and not set(run.layouts) & set(run.looked_at):
        return failed(
            expected,
            f"training shows the model pictures {run.layouts[0]}, evaluation shows them {known[0]}",
            "Which axes are exchanged in training, and which ones in get_accuracy?",
        )
    return passed(expected)


@check("train.updates", question="q3a", evidence=TrainingRun)
def updates(run: TrainingRun) -> Verdict:
    """Weights change and the loss falls."""
    expected = "every step moves the weights down the gradient of its own batch, and the loss falls"
    batches = run.batches
    if not batches and run.problem:
        return unseen(run, expected) or passed(expected)
    if not batches or not run.stepped:
        observed = "no optimizer step was taken"
        return failed(expected, observed, "Which call moves the weights, and is it inside the loop over the batches?")
    if run.held == 0 < run.parameters:
        return failed(
            expected,
            "the optimizer holds no weight of the model that is trained",
            "Whose parameters() does the optimizer get, and is that the model which sees the batches?",
        )
    for part in (batches, run.later):
        still = [batch for batch in part if not batch.change > 0]
        if len(still) > len(part) / 2:
            gone = all(batch.gradient == 0 for batch in still)
            moved = next((n for n, batch in enumerate(part) if batch in still), 0)
            observed = "the weights stayed as they were" + (f" after {step_count(moved)}" if moved else "")
            observed += ": at every step, all gradients were zero" if gone and not moved else ""
            return failed(expected, observed, "In which order do zero_grad, backward and step come?")
    kept = [batch for batch in batches if batch.cleared is False]
    if len(kept) > MOST_UNCLEARED * len(batches):
        return failed(
            expected,
            f"in {len(kept)} of {len(batches)} steps, the gradients of the step before were still there",
            "What does backward() do with gradients that are there already?",
        )
    left_out = [batch for batch in batches if batch.unused >= max(1, batch.size)]
    if len(left_out) > len(batches) / 2:
        return failed(
            expected,
            f"before each step, about {round(sum(b.unused for b in left_out) / len(left_out))} other examples went "
            "through the model whose gradients were thrown away",
            "Inside which loop do backward() and step() stand: that over the batches or that over the epochs?",
        )
    if run.loss == losses.NEGATED:
        return failed(expected, "every step went uphill: the gradient is that of the loss with its sign turned round")
    slopes = [batch.downhill for batch in batches if batch.downhill is not None]
    if len(slopes) > 3 and sum(slopes) / len(slopes) < UPHILL:
        return failed(expected, "the steps went uphill", "With which sign does the gradient enter the update?")
    if len(batches) < FEWEST_TO_FALL:
        return passed(expected)
    quarter = len(batches) // 4
    early, late = _mean_loss(batches[:quarter]), _mean_loss(batches[-quarter:])
    if late is None:
        hint = "Which step first gives a loss that is no number, and what does that step divide by or take the log of?"
        return failed(expected, "the loss is no number any more", hint)
    if early is not None and not late < max(MOST_RISE * early, early + 0.5):
        return failed(
            expected,
            f"the loss rose from {early:.3g} to {late:.3g} within {step_count(len(batches))}",
            "Is the learning rate small enough?",
        )
    return passed(expected)


def _mean_loss(batches: Sequence[Batch]) -> float | None:
    """The mean over what is a number; None where most of it is none."""
    known = [batch.loss for batch in batches if math.isfinite(batch.loss)]
    return sum(known) / len(known) if len(known) > len(batches) / 2 else None


@check("train.mode", question="q3a", evidence=TrainingRun)
def training_mode(run: TrainingRun) -> Verdict:
    """Training mode is back after an evaluation."""
    expected = "every optimizer step is taken in training mode"
    hidden = unseen(run, expected)
    if hidden is not None:
        return hidden
    for part in (run.batches, run.later):
        others = [number for number, batch in enumerate(part, start=1) if not batch.training]
        if not others:
            continue
        count = f"{len(others)} of {step_count(len(part))}"
        observed = f"{count} were taken in evaluation mode, beginning with step {others[0]}"
        return failed(
            expected, observed, "Which call switches the model to evaluation, and which one switches it back?"
        )
    measured = [e for e in run.evaluations if e.at and e.whose in ("train", "valid")]
    if measured and not any(e.in_evaluation_mode for e in measured):
        return passed(
            expected,
            remark="Accuracies are measured in training mode, too; with dropout or batch norm, that makes them noisy.",
        )
    return passed(expected)
