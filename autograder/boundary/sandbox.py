"""Which cage this machine offers to workers, found out by entering it once and trying what it is there to prevent."""

import json
import os
import shutil
import subprocess
import sys
from enum import StrEnum
from functools import cache

from autograder.temporary import temporary_folders_in_one

PATIENCE_SECONDS = 60.0
# Of all that root may do, workers keep reading files of others; which ones, the cage decides.
_WITHOUT_PRIVILEGES = (
    "--bounding-set=-all,+dac_read_search",
    "--inh-caps=-all",
    "--ambient-caps=-all",
    "--no-new-privs",
)


class Sandbox(StrEnum):
    """How a submission's code is kept from everything else, as every result says it."""

    CAGE = "landlock and seccomp"
    NONE = "none"


def best_sandbox() -> Sandbox:
    """The cage where it holds, else none."""
    return Sandbox.NONE if why_no_cage() else Sandbox.CAGE


@cache
def why_no_cage() -> str:
    """Why there is no cage on this machine, in words for whoever runs the grader; "" where there is one."""
    if not sys.platform.startswith("linux"):
        return "the cage is made of guards of the Linux kernel, and this is no Linux"
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        return "run as root, the cage needs setpriv, which util-linux brings (or run the grader as another user)"
    command = worker_command(Sandbox.CAGE, "autograder.worker.cage")
    try:
        # In a folder that goes in any case, with the next run where this one is killed.
        with temporary_folders_in_one() as folder:
            command.append(str(folder))
            tried = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
        broken = json.loads(tried.stdout)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return f"trying the cage failed: {problem}"
    except ValueError:
        said = tried.stderr.strip().splitlines()
        if any("libseccomp" in line for line in said):
            return "the cage needs libseccomp; Debian's package is libseccomp2"
        return f"trying the cage failed: {said[-1] if said else 'it said nothing'}"
    return f"in the cage, this should not work and does, or the other way round: {', '.join(broken)}" if broken else ""


def worker_command(sandbox: Sandbox, module: str) -> list[str]:
    """How to start a module of the worker's side: isolated from the user's own packages and, for root, powerless."""
    python = [sys.executable, "-P", "-s", "-m", module]
    if sandbox is Sandbox.CAGE and os.geteuid() == 0:
        return ["setpriv", *_WITHOUT_PRIVILEGES, *python]
    return python
