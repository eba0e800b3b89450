"""Trained weights for the solution with a functions file: they come from its own notebook, which is really run."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from student_template.build import FUNCTIONS_FILE, build_notebook
from student_template.handout import Revision, without_marks

WEIGHTS = ("best_CNN_model.pk", "best_CNNChannel_model.pk")
# What a training needs of the notebook: all definitions and these cells, of which the last one saves the weights.
_DEFINING = ("imports", "helper", "function")
_CELLS = ("q1-data-path", "q1a-arrays", "q2-networks", "q3c-training")


def train_networks(folder: Path, data: Path) -> list[Path]:
    """Run what the notebook needs to train both networks, and add the weights that it saves to `folder`.

    Args: folder: holds the solution's functions file; data: a folder with train, test_w and test_m.
    Raises: subprocess.CalledProcessError when the notebook fails; what it prints is seen.
    """
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        (work / "shoes").symlink_to(data.resolve())
        shutil.copy(folder / FUNCTIONS_FILE, work)
        (work / "notebook.py").write_text(training_program(), encoding="utf-8")
        environment = os.environ | {"MPLBACKEND": "Agg"}
        subprocess.run([sys.executable, "notebook.py"], cwd=work, env=environment, check=True)
        return [Path(shutil.copy(work / name, folder)) for name in WEIGHTS]


def training_program() -> str:
    """The part of the notebook that trains both networks and saves their weights, as one program."""
    cells = build_notebook(solution=True, revision=Revision.FUNCTIONS_FILE).cells
    needed = [cell for cell in cells if cell.metadata.shoe_pairs.kind in _DEFINING or cell.id in _CELLS]
    return "\n\n".join(without_marks(cell.source) for cell in needed) + "\n"
