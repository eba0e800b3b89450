"""What lies beside a notebook while its code runs, as it travels to a worker."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Surroundings:
    """The other files of a submission.

    modules: Python text by module name; module_files: the file behind each; files: what code may open, path by name;
    networks: models that the notebook takes out of a file which is not there, for which others stand in.
    """

    modules: Mapping[str, str] = field(default_factory=dict)
    module_files: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    networks: tuple[str, ...] = ()

    def as_message(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def of_message(cls, message: Mapping[str, Any]) -> "Surroundings":
        """From JSON values."""
        return cls(message["modules"], message["module_files"], message["files"], tuple(message["networks"]))


NOTHING = Surroundings()
