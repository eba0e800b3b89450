"""Reads `experiments.toml`: what was tried."""

import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from reference.beyond import Recipe
from reference.recipes import RECIPES, PlainRecipe

FILE = Path(__file__).with_name("experiments.toml")


@dataclass(frozen=True)
class Trial:
    """One experiment: a recipe with some settings changed. `changes` are those that its own line names."""

    name: str
    changes: dict[str, object]
    recipe: PlainRecipe | Recipe

    def settings(self) -> dict[str, object]:
        """All settings of the recipe, by name."""
        return asdict(self.recipe)


@dataclass(frozen=True)
class Chapter:
    """Experiments that are compared with each other.

    about: what was asked and what came of it; base: what is different from the recipe in all of them; folds: how many
    of the folds take their turn.
    """

    title: str
    about: str
    base: dict[str, object]
    folds: int
    trials: tuple[Trial, ...]


def read_chapters(file: Path = FILE) -> Sequence[Chapter]:
    """All experiments, in the order of the file.

    Raises: ValueError for a recipe or a setting that does not exist; the message names the experiment.
    """
    chapters = []
    for entry in tomllib.loads(file.read_text(encoding="utf-8"))["chapter"]:
        base = entry.get("base", {})
        trials = []
        for name, changes in entry["trials"].items():
            try:
                trials.append(
                    Trial(name, changes, replace(RECIPES[entry["recipe"]][entry["network"]], **{**base, **changes}))
                )
            except (KeyError, TypeError) as problem:
                raise ValueError(f"{file.name}, experiment {name}: {problem}") from problem
        chapters.append(Chapter(entry["title"], entry["about"], base, entry["folds"], tuple(trials)))
    return chapters
