"""`report.json`: what a report shows besides the result and the curves, so that its folder is all it is made of."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.report.record import as_json

BESIDES = "report.json"
SCHEMA = 1


@dataclass(frozen=True)
class Besides:
    """pictures: the small photographs (JPEG) of the shoes that figures name, by name."""

    pictures: Mapping[str, bytes] = field(default_factory=dict)


NOTHING = Besides()


def besides_as_json(besides: Besides) -> str:
    """The text of the file."""
    pictures = {name: base64.b64encode(picture).decode() for name, picture in sorted(besides.pictures.items())}
    return as_json({"schema": SCHEMA, "pictures": pictures})


def read_besides(folder: Path) -> Besides:
    """What the file in a results folder holds; nothing where there is none, as of an older grader, or no such file."""
    try:
        said = json.loads((folder / BESIDES).read_bytes())
        return Besides({str(name): base64.b64decode(text, validate=True) for name, text in said["pictures"].items()})
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return NOTHING
