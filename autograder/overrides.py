"""Reads `overrides.toml`: what an instructor decides for single submissions without editing anybody's work.

["noa-levi.zip"]                                  # the submission, as its file or folder is called
notebook  = "final/Assignment3.ipynb"             # which of several notebooks
modules   = { ML_DL_Functions3 = "new/nets.py" }  # which file is meant by an import
roles     = { train_data = "X_tr", CNN = "Net1" } # what plays which part
arguments = { CNN = { n = 8 } }                   # what a function is given
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.program.names import Role
from autograder.submission.decisions import Decisions

FILE_NAME = "overrides.toml"
_KEYS = {"notebook": str, "modules": dict, "roles": dict, "arguments": dict}


class OverridesError(ValueError):
    """The file cannot be used; the message names it, the submission and the entry."""


def read_overrides(path: Path) -> dict[str, Decisions]:
    """The decisions by submission; none where there is no such file.

    Raises: OverridesError.
    """
    if not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as problem:
        raise OverridesError(f"{path}: {problem}") from problem
    return {name: _decisions(f"{path}: {name}", entry) for name, entry in content.items()}


def _decisions(where: str, entry: Any) -> Decisions:
    if not isinstance(entry, Mapping):
        raise OverridesError(f'{where} is no table; write ["{where.rsplit(": ", 1)[-1]}"] above its entries')
    for key, value in entry.items():
        if key not in _KEYS:
            raise OverridesError(f"{where}: {key} is unknown; there are {', '.join(_KEYS)}")
        if not isinstance(value, _KEYS[key]):
            raise OverridesError(f"{where}: {key} should be {'a text' if _KEYS[key] is str else 'a table'}")
    known = [role.value for role in Role]
    for key in ("roles", "arguments"):
        for role in entry.get(key, {}):
            if role not in known:
                raise OverridesError(f"{where}: {key} names {role}; there are {', '.join(known)}")
    for key in ("modules", "roles"):
        for name, value in entry.get(key, {}).items():
            if not isinstance(value, str):
                raise OverridesError(f"{where}: {key}.{name} should be a text")
    for role, values in entry.get("arguments", {}).items():
        plain = isinstance(values, Mapping) and all(isinstance(v, int | float | str | bool) for v in values.values())
        if not plain:
            raise OverridesError(f"{where}: arguments.{role} should be a table of numbers, texts and truth values")
    return Decisions(**entry)


def decisions_for(overrides: Mapping[str, Decisions], submission: Path) -> Decisions:
    """The decisions for a submission, by its name with or without the ending."""
    return overrides.get(submission.name) or overrides.get(submission.stem) or Decisions()
