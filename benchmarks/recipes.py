"""`python -m benchmarks.recipes --data DIR`: how well the reference does, seed by seed, and in the median.

Each seed is a process of its own, `python -m reference`, one after the other, so that seconds are those of the machine
and not of a crowd. What one came to is kept as JSON in OUT, and a run that was ended is continued by the same command;
a seed that was trained by other settings is trained anew.
"""

import json
import statistics
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from reference.recipes import RECIPES

AIM = 0.9
SETTINGS = "settings.json"


def main(
    data: Annotated[Path, typer.Option(help="Folder with train, test_w and test_m.", exists=True, file_okay=False)],
    recipe: Annotated[str, typer.Option(help="plain or best.")] = "best",
    model: Annotated[str, typer.Option(help="CNNChannel or CNN.")] = "CNNChannel",
    seeds: Annotated[int, typer.Option(min=1)] = 5,
    out: Annotated[Path, typer.Option(help="Where the outcomes are kept.")] = Path("build/recipes"),
) -> None:
    """Train with several seeds and print what they reach on both test sets."""
    outcomes = [outcome(data, recipe, model, seed, out) for seed in range(seeds)]
    print(f"{model}, recipe {recipe}, {outcomes[0]['parameters']} parameters")
    print("accuracies are means of pairs and wrong pairs")
    for one in outcomes:
        print(f"seed {one['seed']}: {said(one)}")
    middle = statistics.median(tests(one) for one in outcomes)
    print(f"median of the means of both test sets: {middle:.1%} (aim of best: at least {AIM:.0%})")


def outcome(data: Path, recipe: str, model: str, seed: int, out: Path) -> dict[str, Any]:
    """What one seed came to, from its file or from a training."""
    folder = out / f"{recipe}-{model}-{seed}"
    file = folder / "outcome.json"
    settings = settings_of(recipe, model)
    trained_by = folder / SETTINGS
    if not file.exists() or not trained_by.exists() or trained_by.read_text(encoding="utf-8") != settings:
        file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "reference", "--data", str(data), "--recipe", recipe, "--model", model]
        subprocess.run([*command, "--seed", str(seed), "--out", str(folder), "--json", str(file)], check=True)
        trained_by.write_text(settings, encoding="utf-8")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def settings_of(recipe: str, model: str) -> str:
    """All that may be chosen about a training, as it is kept beside its outcome."""
    return json.dumps(asdict(RECIPES[recipe][model]))


def tests(one: dict[str, Any]) -> float:
    """The mean of both test sets."""
    return float(one["test_w"] + one["test_m"]) / 2


def said(one: dict[str, Any]) -> str:
    """A seed's line."""
    return (
        f"women's {one['test_w']:.1%}, men's {one['test_m']:.1%}, mean {tests(one):.1%}; "
        f"validation {one['valid']:.1%}; {one['seconds']:.0f} s"
    )


if __name__ == "__main__":
    typer.run(main)
