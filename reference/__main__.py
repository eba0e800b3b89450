"""`python -m reference --data DIR`: train a network by a recipe, test it, and keep its weights, curve and pictures."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import torch
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import nn

from reference.accuracy import get_accuracy
from reference.beyond import SeveralViews
from reference.beyond.memory import keep_freed_memory
from reference.data import IncompleteStudent, UnreadablePhotograph, get_organized_data, split_by_student
from reference.pictures import draw_examples
from reference.recipes import RECIPES, train_network
from reference.training import LearningCurve, plot_learning_curve

TEST_SETS = {"test_w": "women's", "test_m": "men's"}


@dataclass(frozen=True)
class Outcome:
    """What one training came to; `--json` writes it.

    seconds: from the first photograph that was opened to the trained network; valid, test_w, test_m: accuracies,
    fractions in [0, 1], means of pairs and wrong pairs; parameters: how many numbers the network has learnt.
    """

    recipe: str
    seed: int
    seconds: float
    valid: float
    test_w: float
    test_m: float
    parameters: int


def main(
    data: Annotated[Path, typer.Option(help="Folder with train, test_w and test_m.", exists=True, file_okay=False)],
    recipe: Annotated[str, typer.Option(help=f"One of {', '.join(RECIPES)}.")] = "plain",
    model: Annotated[str, typer.Option(help="CNNChannel, the better one, or CNN.")] = "CNNChannel",
    seed: Annotated[int, typer.Option(help="Seed of the weights and of the order of the batches.")] = 0,
    out: Annotated[Path, typer.Option(help="Where weights, learning curve and example pictures go.")] = Path("runs"),
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the outcome.")] = None,
) -> None:
    """Train on the photographs in DATA and print the accuracies on both test sets."""
    if recipe not in RECIPES:
        raise typer.BadParameter(f"{recipe} is not one of {', '.join(RECIPES)}", param_hint="--recipe")
    if model not in RECIPES[recipe]:
        raise typer.BadParameter(f"{model} is not one of {', '.join(RECIPES[recipe])}", param_hint="--model")
    if missing := [folder for folder in ("train", *TEST_SETS) if not (data / folder).is_dir()]:
        raise typer.BadParameter(f"there is no {' and no '.join(missing)} in {data}", param_hint="--data")
    for folder in (out, *([json_file.parent] if json_file else [])):
        folder.mkdir(parents=True, exist_ok=True)  # before the training, lest it be for nothing
    try:
        outcome = train_and_test(data, recipe, model, seed, out)
    except (IncompleteStudent, UnreadablePhotograph) as problem:
        raise typer.BadParameter(str(problem), param_hint="--data") from problem
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(outcome), indent=2) + "\n", encoding="utf-8")


def train_and_test(data: Path, recipe: str, model: str, seed: int, out: Path) -> Outcome:
    """Train, print the accuracies, and save weights, learning curve and examples in OUT."""
    matplotlib.use("Agg")
    keep_freed_memory()
    np.random.seed(seed)
    torch.manual_seed(seed)
    chosen = RECIPES[recipe][model]

    started = time.perf_counter()
    train_data, valid_data = split_by_student(get_organized_data(data / "train"))
    with progress_of(model, chosen.epochs) as report:
        network, curve = train_network(chosen, train_data, valid_data, report)
    seconds = time.perf_counter() - started

    console = Console()
    means = {"valid": show_accuracy(console, "validation", network, valid_data)}
    name = f"{recipe}_{model}"
    for folder, whose in TEST_SETS.items():
        test_data = get_organized_data(data / folder)
        means[folder] = show_accuracy(console, whose, network, test_data)
        draw_examples(network, test_data)
        plt.savefig(out / f"{name}_{folder}.png", dpi=120)
    parameters = sum(weights.numel() for weights in network.parameters())
    console.print(f"{parameters} parameters, trained in {seconds:.0f} seconds")

    # The weights are those of the assignment's network, however often it was asked.
    plain_network = network.network if isinstance(network, SeveralViews) else network
    torch.save(plain_network.state_dict(), out / f"{name}.pk")
    plot_learning_curve(curve, title=f"{model}: loss of every step")
    plt.savefig(out / f"{name}_learning_curve.png", dpi=120)
    console.print(f"weights, learning curve and examples are in {out}")
    return Outcome(recipe=recipe, seed=seed, seconds=round(seconds, 1), parameters=parameters, **means)


@contextmanager
def progress_of(name: str, epochs: int) -> Iterator[Callable[[LearningCurve], None]]:
    """A bar on standard error; what is yielded moves it by one epoch."""
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(name, total=epochs)

        def report(curve: LearningCurve) -> None:
            accuracies = f"train {curve.train_accuracies[-1]:.1%}, validation {curve.valid_accuracies[-1]:.1%}"
            progress.update(task, advance=1, description=f"{name}: {accuracies}")

        yield report


def show_accuracy(console: Console, name: str, network: nn.Module, data: NDArray[np.float32]) -> float:
    """Print both accuracies of a network on a data set, and return their mean."""
    same, different = get_accuracy(network, data)
    mean = (same + different) / 2
    console.print(f"{name:>10}: {mean:.1%}   pairs {same:.1%}, wrong pairs {different:.1%}")
    return mean


if __name__ == "__main__":
    typer.run(main)
