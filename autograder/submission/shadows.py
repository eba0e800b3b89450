"""Files with the name of a library, such as `torch.py`: which of the two an import means.

Python looks beside the notebook first, so that such a file hides the library from its author, too: nobody's own work
lives with a `torch.py`, and libraries always mean themselves here. Names of Python's own modules are another matter:
few people know that there is a `code` or a `test`, and where it is not loaded yet, their file is what is found.
"""

import importlib.machinery
import os
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from autograder.submission.module_names import LIBRARIES

_ALWAYS_THEMSELVES = LIBRARIES | {"torch", "numpy", "PIL", "autograder"}


@dataclass(frozen=True)
class Shadow:
    """A file or folder of the submission that has the name of a library, or of a module of Python's own.

    taken: whether the file is meant by its name, and not the library.
    """

    file: str
    module: str
    taken: bool = False

    def __str__(self) -> str:
        whose = "a module of Python's own" if self.module in sys.stdlib_module_names else "a library"
        means = "the file here, which defines what is taken from it" if self.taken else "the library here"
        means = "Python's own here" if not self.taken and self.module in sys.stdlib_module_names else means
        return f"{self.file} has the name of {whose}; `import {self.module}` means {means}"


def shadows(
    files: Mapping[str, str], near: str, taken: Mapping[str, Collection[str]], defined: Mapping[str, Collection[str]]
) -> list[Shadow]:
    """What among the modules has the name of something else, in the order of the names.

    Args: files: the file behind each module, by the module's name; near: the notebook's folder; taken: by module, the
        names that the submission takes out of it; `*` where it runs the file by its path; defined: the names that a
        file defines, by module.
    """
    found: dict[str, Shadow] = {}
    for module, file in sorted(files.items()):
        top = module.split(".")[0]
        if top in found or not (is_library(top) or top in sys.stdlib_module_names):
            continue
        names = set(taken.get(module, ()))
        is_meant = "*" in names or (bool(names) and names <= set(defined.get(module, ())))
        found[top] = Shadow(_shown(file, top), top, top in sys.stdlib_module_names and is_meant)
    return list(found.values())


def worth_telling(found: Collection[Shadow], near: str) -> Iterator[Shadow]:
    """Those that lie where Python would look for them: beside the notebook, or at the top of the submission."""
    for shadow in found:
        path = PurePosixPath(shadow.file.rstrip("/"))
        folder = "" if str(path.parent) == "." else str(path.parent)
        if folder in ("", near) and not shadow.file.endswith(".ipynb"):
            yield shadow


def _shown(file: str, top: str) -> str:
    """The file, or the folder that is a package of that name."""
    parts = PurePosixPath(file).parts
    if top in parts[:-1]:
        return "/".join(parts[: parts.index(top) + 1]) + "/"
    return file


@cache
def is_library(top: str) -> bool:
    """Whether a name is a library's that is installed here; of one that is not, a copy may well have been handed in."""
    if top not in _ALWAYS_THEMSELVES:
        return False
    # Not from the working directory, which may be a submission's folder.
    places = [place for place in sys.path if place and Path(place) != Path(os.getcwd())]  # noqa: PTH109
    return top in sys.modules or importlib.machinery.PathFinder.find_spec(top, places) is not None
