"""`python -m reference.experiments --data DIR`: run the experiments that the log has not got yet, and show the log.

Each one is measured by cross-validation over students: the students of the train folder are dealt into three folds,
and a network that learned from two of them answers for the third. The test folders are never opened.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import torch
import typer

from reference.beyond import Recipe
from reference.beyond.memory import keep_freed_memory
from reference.data import get_organized_data
from reference.experiments.measuring import Measured, measure, training_of
from reference.experiments.results import results_page
from reference.experiments.trials import Trial, read_chapters
from reference.recipes import PlainRecipe

LOG = Path(__file__).with_name("log.jsonl")


def main(
    data: Annotated[Path, typer.Option(help="Folder with train; nothing else in it is read.", exists=True)],
    only: Annotated[list[str] | None, typer.Option(help="Name of an experiment; may be given again.")] = None,
    log: Annotated[
        Path, typer.Option(help="Gets a line for each experiment and fold; what it holds is not run again.")
    ] = LOG,
    threads: Annotated[int, typer.Option(min=1, help="Threads of each training.")] = 2,
    device: Annotated[str, typer.Option(help="Where what goes beyond the assignment trains: cpu or cuda.")] = "cpu",
) -> None:
    """Run the experiments that the log has not got yet, and write its page, results.md, beside it."""
    chapters = read_chapters()
    known = {trial.name for chapter in chapters for trial in chapter.trials}
    if unknown := set(only or ()) - known:
        raise typer.BadParameter(f"there is no experiment {', '.join(sorted(unknown))}", param_hint="--only")
    done = {(run.experiment, run.fold) for run in read_log(log)}
    turns = [(trial, fold) for chapter in chapters for trial in chapter.trials for fold in range(chapter.folds)]
    missing = [
        (trial, fold) for trial, fold in turns if trial.name in (only or known) and (trial.name, fold) not in done
    ]
    if missing:
        keep_freed_memory()
        torch.set_num_threads(threads)
        torch.backends.cudnn.benchmark = True  # try which way of convolving is fastest, since all batches are alike
        train_data = get_organized_data(data / "train")
    for trials, fold in trained_together(missing):
        for run in measure(trials, train_data, fold, device):
            print(f"{run.experiment}, fold {fold}: {run.accuracy:.1%}, {run.seconds} seconds", flush=True)
            with log.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(asdict(run)) + "\n")
    log.with_name("results.md").write_text(results_page(chapters, read_log(log)), encoding="utf-8")


def trained_together(turns: Sequence[tuple[Trial, int]]) -> Iterator[tuple[Sequence[Trial], int]]:
    """The turns, those with the same training on the same fold side by side: it is done once for all of them."""
    alike: dict[tuple[PlainRecipe | Recipe, int], list[Trial]] = {}
    for trial, fold in turns:
        alike.setdefault((training_of(trial.recipe), fold), []).append(trial)
    for (_, fold), trials in alike.items():
        yield trials, fold


def read_log(log: Path) -> list[Measured]:
    """All trainings so far, in the order in which they ended."""
    if not log.exists():
        return []
    return [Measured(**json.loads(line)) for line in log.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    typer.run(main)
