"""Question 3a: what a training reports on its way and what it leaves behind."""

from autograder.checks.curves import (
    curves,
    reports_running_accuracy,
    reports_something_else,
    says_training_accuracy,
    tracked,
)
from autograder.checks.declare import check
from autograder.checks.unseen import stopped_on_the_way
from autograder.evidence.training_kinds import TrainingRun
from autograder.verdict import Verdict, failed, partial, passed


@check("train.report", question="q3a", evidence=TrainingRun)
def accuracies_tracked(run: TrainingRun) -> Verdict:
    """Accuracy on training and validation data is tracked while training."""
    expected = "accuracy on the training and on the validation data, every epoch or every few iterations"
    train, valid = tracked(run, "train"), tracked(run, "valid")
    has_train = train.moments > 1 or reports_running_accuracy(run) or says_training_accuracy(run)
    has_valid = valid.moments > 1
    one_kind = [accuracy.one_kind > 1 for accuracy in (train, valid)]
    # What a function measures is judged where it is asked for.
    if run.text.measures_by and all(one_kind):
        remark = f"`{run.text.measures_by}` looks at one kind of example only: see accuracy.values."
        return passed(expected, remark=remark)
    if run.text.measures > 1 and has_train and not valid.moments and not valid.one_kind:
        remark = f"`{run.text.measures_by}` looks at no example of a few students' data: see accuracy.values."
        return passed(expected, remark=remark)
    if not run.text.answers and not (train.reported or valid.reported):
        observed = "losses were tracked, and no accuracy was"
        return failed(expected, observed, "How many of the answers are right at a loss of 0.5?")
    hint = "A training that goes wrong shows in the two accuracies side by side: how far are they apart?"
    if has_train and has_valid:
        other = reports_something_else(run)
        if other:
            return partial(expected, f"what is reported as validation accuracy is {other}", hint)
        remark = "The validation data are a global array and not the parameter." if run.valid_on_globals else ""
        return passed(expected, remark=remark)
    seen = []
    for name, accuracy, has in (("training", train, has_train), ("validation", valid, has_valid)):
        if has:
            seen.append(f"the accuracy on the {name} data was tracked")
        elif accuracy.one_kind > 1:
            seen.append(f"the accuracy on the {name} data was measured on one kind of example only")
        elif accuracy.moments or accuracy.one_kind:
            seen.append(f"the accuracy on the {name} data was measured once")
        else:
            seen.append(f"the accuracy on the {name} data was not measured during training")
    if run.cut_short:
        return stopped_on_the_way(run, expected)
    if tracked(run, "test").moments > 1:
        seen.append("a test set was measured in its place, and so it is no test any more")
    # Once, after the last step, is too late to track anything.
    once = not run.finished and (train.moments or valid.moments)
    some = has_train or has_valid or once or train.one_kind > 1 or valid.one_kind > 1
    return (partial if some else failed)(expected, "; ".join(seen), hint)


@check("train.curve", question="q3a", evidence=TrainingRun)
def curve(run: TrainingRun) -> Verdict:
    """The training curve is returned or plotted."""
    expected = "the numbers of the training curve are returned, or the curve is drawn"
    if curves(run):
        return passed(expected)
    if not run.finished and (run.text.returns or run.text.draws):
        remark = "Training was ended before its own end, where its text returns or draws something."
        return passed(expected, remark=remark)
    if run.cut_short:
        return stopped_on_the_way(run, expected)
    observed = "nothing with the course of the training was returned, kept or drawn"
    return failed(expected, observed, "What would you draw in question 3d, and where does it go when train returns?")


@check("train.checkpoint", question="q3a", evidence=TrainingRun)
def checkpoints(run: TrainingRun) -> Verdict:
    """Weights are saved during training."""
    expected = "the weights reached so far are saved before training is over"
    steps = len(run.later or run.batches)
    hint = "If training crashed in its last minute, which weights would be left?"
    # Weights that never move are always those of the beginning; that is the fault of something else.
    moved = any(batch.change > 0 for batch in run.batches)
    good = [save for save in run.saves if save.fits and (save.trained or (not moved and save.step))]
    if any(save.step < steps or not run.finished for save in good):
        return passed(expected)
    if good:
        # Where the last epoch is the best, the only save may be the one behind the last step.
        if run.text.saves == "inside" and _saves_each_time(run):
            return passed(expected)
        return partial(expected, "the weights were saved once, after the last step", hint)
    if run.text.saves == "inside" and (not run.saves or not run.batches):
        return passed(
            expected, remark="Saving is written into the loop; its condition was not met while it was watched."
        )
    if run.cut_short:
        return stopped_on_the_way(run, expected)
    if any(not save.trained for save in run.saves):
        return failed(expected, "only the weights with which the training began were saved", hint)
    if run.saves:
        return failed(expected, f"what was saved ({run.saves[0].what}) does not fit the model", hint)
    if run.text.saves == "outside" or (run.text.saves == "after" and not run.finished):
        return partial(expected, "the weights are saved after the last step", hint)
    return failed(expected, "no weights were saved", hint)


def _saves_each_time(run: TrainingRun) -> bool:
    moments = {e.at for e in run.evaluations if e.whose == "valid"}
    return len(moments) > 1
