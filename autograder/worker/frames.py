"""Who asks: the submission's own code, or a library."""

import sys
import types
from pathlib import Path

# Frames of these files, and of the import system, only pass on what somebody else asks for.
_OURS = str(Path(__file__).parent)


def asked_by_submission(*passing: str) -> bool:
    """Whether the code that asks is the submission's own. Args: passing: files that only pass on, too."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and (
        "importlib" in frame.f_code.co_filename or frame.f_code.co_filename.startswith((_OURS, *passing))
    ):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.startswith(("<cell", "<module"))
