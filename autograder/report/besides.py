"""`report.json`: what a report shows besides result and curves, so that it can be made again from its folder."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.grading import Graded
from autograder.report.notebook import shown_cells
from autograder.report.record import as_json

BESIDES = "report.json"
SCHEMA = 1


@dataclass(frozen=True)
class Besides:
    """pictures: the small photographs (JPEG) of the shoes that figures name, by name; notebook: its cells, as
    `notebook.shown_cells` makes them."""

    pictures: Mapping[str, bytes] = field(default_factory=dict)
    notebook: Sequence[Mapping[str, Any]] = ()


NOTHING = Besides()


def besides_of(graded: Graded) -> Besides:
    """What was kept of a submission to be shown."""
    if graded.bundle is None or graded.notebook is None:
        return Besides(graded.pictures)
    return Besides(graded.pictures, shown_cells(graded.bundle.cells, graded.notebook))


def besides_as_json(besides: Besides) -> str:
    """The text of the file."""
    pictures = {name: base64.b64encode(picture).decode() for name, picture in sorted(besides.pictures.items())}
    return as_json({"schema": SCHEMA, "pictures": pictures, "notebook": list(besides.notebook)})


def read_besides(folder: Path) -> Besides:
    """What the file in a results folder holds; nothing where there is none, as of an older grader, or no such file."""
    try:
        said = json.loads((folder / BESIDES).read_bytes())
        pictures = {str(name): base64.b64decode(text, validate=True) for name, text in said["pictures"].items()}
        return Besides(pictures, said.get("notebook", ()))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return NOTHING
