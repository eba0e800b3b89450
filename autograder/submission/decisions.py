"""What an instructor has decided about one submission, in the place of what the grader would find out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Decisions:
    """notebook: the file to grade; modules: which file is meant by a module's name; roles: what the submission calls
    the assignment's functions and arrays, by the handout's names; arguments: what a function is given for its
    parameters, by the handout's name of the function."""

    notebook: str | None = None
    modules: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [f"the notebook is {self.notebook}"] if self.notebook else []
        parts += [f"{module} is {file}" for module, file in self.modules.items()]
        parts += [f"{role} is {name}" for role, name in self.roles.items()]
        parts += [
            f"{role} gets {', '.join(f'{name}={value!r}' for name, value in values.items())}"
            for role, values in self.arguments.items()
        ]
        return ", ".join(parts)


NO_DECISIONS = Decisions()
