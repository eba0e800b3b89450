"""Trained weights for the solution with a functions file: they come from its own notebook, which is really run."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from student_template.build import FUNCTIONS_FILE, build_notebook
from student_template.handout import Revision

WEIGHTS = ("best_CNN_model.pk", "best_CNNChannel_model.pk")
_TRAINING = "q3c-training"  # the cell that saves them
_LEFT_OUT = ("given", "self-check")  # pictures to look at, and questions to the grader
_NEEDED = ("q1-data-path", "q2-networks")


def train_networks(folder: Path, data: Path) -> list[Path]:
    """Run the notebook's cells up to the training of both networks, and add the weights that it saves to `folder`.

    Args: folder: holds the solution's functions file; data: a folder with train, test_w and test_m.
    Raises: subprocess.CalledProcessError when the notebook fails; what it prints is seen.
    """
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        (work / "shoes").symlink_to(data.resolve())
        shutil.copy(folder / FUNCTIONS_FILE, work)
        (work / "notebook.py").write_text(_up_to_training(), encoding="utf-8")
        environment = os.environ | {"MPLBACKEND": "Agg"}
        subprocess.run([sys.executable, "notebook.py"], cwd=work, env=environment, check=True)
        return [Path(shutil.copy(work / name, folder)) for name in WEIGHTS]


def _up_to_training() -> str:
    cells = [cell for cell in build_notebook(True, Revision.FUNCTIONS_FILE).cells if cell.cell_type == "code"]
    last = next(number for number, cell in enumerate(cells) if cell.id == _TRAINING)
    run = [c for c in cells[: last + 1] if c.metadata.shoe_pairs.kind not in _LEFT_OUT or c.id in _NEEDED]
    return "\n\n".join(cell.source for cell in run)
