"""The log as a page, `results.md`: a table for each chapter, a row for each experiment, means over its trainings."""

from collections.abc import Mapping, Sequence
from statistics import mean

from reference.experiments.measuring import Measured
from reference.experiments.trials import Chapter, Trial

HEADING = """# What was tried

Written by `python -m reference.experiments` from `experiments.toml` and `log.jsonl`; not to be edited.

Accuracy and cross-entropy are those of students held out of the train folder, on all of their right and all six of
their wrong pairs, pairs and wrong pairs weighing alike, means over the folds. *One view*: the accuracy of the same
network when it is asked once and not several times. *Loss*: of the last epoch's batches. *On*: the processor or a
graphics card, where the same numbers are rounded otherwise.

The same recipe with other weights and another order of the batches gives an accuracy a point or two higher or lower,
so such a difference says little, and the best of many rows is a little worse than it looks.
"""
COLUMNS = "| experiment | what is different | folds | on | accuracy | one view | cross-entropy | loss |"
RULE = "|---|---|--:|---|--:|--:|--:|--:|"

DEVICES = {"cpu": "processor", "cuda": "card"}


def results_page(chapters: Sequence[Chapter], log: Sequence[Measured]) -> str:
    """The page; experiments that have not run are left out."""
    runs: dict[str, list[Measured]] = {}
    for run in log:
        runs.setdefault(run.experiment, []).append(run)
    parts = [HEADING]
    for chapter in chapters:
        rows = [_row(trial, runs[trial.name]) for trial in chapter.trials if trial.name in runs]
        base = ", ".join(_settings(chapter.base))
        parts.append(f"## {chapter.title}\n\n{chapter.about.strip()}\n")
        parts.append("\n".join([f"All with {base}.\n\n" * bool(base) + COLUMNS, RULE, *rows]) + "\n")
    return "\n".join(parts)


def _settings(changes: Mapping[str, object]) -> list[str]:
    return [f"`{name}` {value}" for name, value in changes.items()]


def _row(trial: Trial, runs: Sequence[Measured]) -> str:
    cells = [
        trial.name,
        ", ".join(_settings(trial.changes)) or "nothing",
        str(len(runs)),
        " and ".join(sorted({DEVICES.get(run.device, run.device) for run in runs})),
        f"{mean(run.accuracy for run in runs):.1%}",
        f"{mean(run.one_view for run in runs):.1%}",
        f"{mean(run.cross_entropy for run in runs):.3f}",
        f"{mean(run.train_loss for run in runs):.3f}",
    ]
    return f"| {' | '.join(cells)} |"
