"""`python -m benchmarks.reference --data DIR`: how fast the reference is, beside the handout's own way.

What is compared is measured within one run, for seconds mean little on another machine, or on the same one an hour
later.
"""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.reference import accuracy, epoch, loading

PARTS = ("loading", "epoch", "accuracy")


def main(
    data: Annotated[Path, typer.Option(help="Folder with train, test_w and test_m.", exists=True, file_okay=False)],
    only: Annotated[str, typer.Option(help="Some of loading, epoch, accuracy, with commas between.")] = ",".join(PARTS),
    rounds: Annotated[int, typer.Option(min=1, help="How often each way loads, and trains for an epoch.")] = 5,
    minutes: Annotated[float, typer.Option(min=0, help="After how long a training gives up.")] = 30,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the trainings that are timed up to an accuracy.")] = 0,
) -> None:
    """Print ratios with their aims, and seconds for the record."""
    parts = only.split(",")
    for part in parts:
        if part not in PARTS:
            raise typer.BadParameter(f"{part} is not one of {', '.join(PARTS)}", param_hint="--only")
    if "loading" in parts:
        loading.measure(data, rounds)
    if "epoch" in parts:
        epoch.measure(data, rounds)
    if "accuracy" in parts:
        accuracy.measure(data, minutes * 60, seed)


if __name__ == "__main__":
    typer.run(main)
