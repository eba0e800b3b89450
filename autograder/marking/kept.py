"""Two files of a folder of results: `marks.json`, all that a person has decided, and `class.json`, what of the class no
single result says."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from autograder.marking.marks import Mark, Marks
from autograder.report.files import write_text
from autograder.report.record import as_json

MARKS = "marks.json"
CLASS = "class.json"
SCHEMA = 1
T = TypeVar("T")


class CannotMark(ValueError):
    """A file of the results cannot be used; the message is one sentence that names it."""


@dataclass(frozen=True)
class TheClass:
    """submissions: their names, in the order of the class; questions: of every check, in the order of the rubric."""

    submissions: tuple[str, ...]
    questions: Mapping[str, str]


@dataclass(frozen=True)
class _KeptMark:
    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)
    points: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    comment: str
    key: str


@dataclass(frozen=True)
class _MarksFile:
    __pydantic_config__ = ConfigDict(extra="forbid")
    schema: Literal[1]
    marks: dict[str, dict[str, _KeptMark]]


@dataclass(frozen=True)
class _ClassFile:
    __pydantic_config__ = ConfigDict(extra="forbid")
    schema: Literal[1]
    submissions: tuple[str, ...]
    questions: dict[str, str]


def read_marks(results: Path) -> Marks:
    """All marks that were given so far; none where there is no file of them.

    Raises: CannotMark.
    """
    file = _read(results / MARKS, _MarksFile)
    if file is None:
        return {}
    return {
        name: {check: Mark(mark.points, mark.comment, mark.key) for check, mark in of_one.items()}
        for name, of_one in file.marks.items()
    }


def write_marks(results: Path, marks: Marks) -> None:
    """Raises: OSError."""
    every = {
        name: {check: asdict(mark) for check, mark in sorted(of_one.items())}
        for name, of_one in sorted(marks.items())
        if of_one
    }
    write_text(results / MARKS, as_json({"schema": SCHEMA, "marks": every}))


def read_class(results: Path) -> TheClass:
    """Raises: CannotMark, also where no class was graded."""
    file = _read(results / CLASS, _ClassFile)
    if file is None:
        raise CannotMark(
            f"{results} holds no graded class, for it has no {CLASS}; name the folder that `autograder grade --out` "
            "has written, or run that command once more (what is finished is kept)"
        )
    return TheClass(file.submissions, file.questions)


def write_class(results: Path, the_class: TheClass) -> None:
    """Raises: OSError."""
    write_text(results / CLASS, as_json({"schema": SCHEMA, **asdict(the_class)}))


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return TypeAdapter(kind).validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise CannotMark(f"{path} cannot be read: {problem.strerror or problem}") from problem
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise CannotMark(
            f"{path} is not as this program has written it: {first['msg']}{f' at {place}' if place else ''}; undo what "
            "was changed in it, or take the file away"
        ) from problem
