"""Removing folders that somebody else has filled, however deep they are and whatever their modes."""

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path


def remove_tree(folder: Path | str) -> None:
    """Remove a folder with all that is in it; what cannot be removed stays."""
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if Path(folder).exists():
        # Python's own way goes down by recursion, and past empty folders that nobody may open.
        with suppress(OSError):
            subprocess.run(["rm", "-rf", "--", str(folder)], capture_output=True, check=False)
