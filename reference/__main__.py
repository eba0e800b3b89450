"""`python -m reference --data DIR`: train, choose, test, and save weights and learning curves."""

from pathlib import Path
from typing import Annotated

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from reference.accuracy import get_accuracy
from reference.data import get_organized_data, split_by_student
from reference.models import CNN, CNNChannel
from reference.training import LearningCurve, plot_learning_curve, train

MODELS = {"CNNChannel": CNNChannel, "CNN": CNN}


def main(
    data: Annotated[Path, typer.Option(help="Folder with train, test_w and test_m.", exists=True, file_okay=False)],
    model: Annotated[str, typer.Option(help="CNNChannel, the better one, or CNN.")] = "CNNChannel",
    out: Annotated[Path, typer.Option(help="Where the weights and the learning curve are saved.")] = Path("runs"),
    epochs: Annotated[int, typer.Option(min=1)] = 5,
    seed: Annotated[int, typer.Option(help="Seed of the weights and of the order of the batches.")] = 0,
) -> None:
    """Train on the photographs in DATA and print the accuracies on both test sets."""
    if model not in MODELS:
        raise typer.BadParameter(f"{model} is not one of {', '.join(MODELS)}", param_hint="--model")
    matplotlib.use("Agg")
    np.random.seed(seed)
    torch.manual_seed(seed)
    console = Console()
    out.mkdir(parents=True, exist_ok=True)

    train_data, valid_data = split_by_student(get_organized_data(data / "train"))
    network = MODELS[model]()
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(model, total=epochs)

        def report(curve: LearningCurve) -> None:
            accuracies = f"train {curve.train_accuracies[-1]:.1%}, validation {curve.valid_accuracies[-1]:.1%}"
            progress.update(task, advance=1, description=f"{model}: {accuracies}")

        curve = train(network, train_data, valid_data, epochs=epochs, report=report)

    for name, folder in {"women's": "test_w", "men's": "test_m"}.items():
        same, different = get_accuracy(network, get_organized_data(data / folder))
        mean = (same + different) / 2
        console.print(f"{name} test set: {mean:.1%}   pairs {same:.1%}, wrong pairs {different:.1%}")
    torch.save(network.state_dict(), out / f"best_{model}_model.pk")
    plot_learning_curve(curve, title=f"{model}: loss of every step")
    plt.savefig(out / f"{model}_learning_curve.png", dpi=120)
    console.print(f"weights and learning curve are in {out}")


if __name__ == "__main__":
    typer.run(main)
