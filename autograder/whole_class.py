"""A class of submissions: some at a time, each result written as soon as it is there, in the order of the folder."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from autograder.grading import checks_to_judge, faulty
from autograder.jobs import Lost, processors_for_each, side_by_side
from autograder.overrides import FILE_NAME
from autograder.report.inert import distinct_file_names
from autograder.report.result import write_result
from autograder.session import Setup, grade_path_or_say_why
from autograder.submission.bundle import submission_name

# Told how many submissions are done and which are being graded.
Watch = Callable[[int, Sequence["Entry"]], None]
# What lies among the folders of single submissions, none of which may be called so.
OF_THE_CLASS = ("grades.csv",)


class Entry(NamedTuple):
    """A submission and the name that its results have."""

    name: str
    path: Path


def entries_of(folder: Path, out: Path) -> list[Entry]:
    """The submissions in a folder, by name: every entry that is not hidden, nor the folder of the results, nor the
    instructor's own file of decisions.

    Each has its own name, with the ending where two would be called alike, and a number where that is not enough, as on
    a disk to which capitals are the same.
    """
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX")))
    paths = [path for path in paths if path.resolve() != out.resolve() and path.name != FILE_NAME]
    names = [submission_name(path) for path in paths]
    names = [name if names.count(name) == 1 else path.name for name, path in zip(names, paths, strict=True)]
    return [Entry(*entry) for entry in zip(distinct_file_names(names, OF_THE_CLASS), paths, strict=True)]


def grade_class(
    entries: Sequence[Entry],
    out: Path,
    setup: Setup,
    jobs: int = 1,
    watch: Watch = lambda done, at_work: None,
) -> list[dict[str, Any]]:
    """Grade submissions, `jobs` of them at a time, and write what each gets into a folder of its name.

    Returns: the results in the order of the entries, whichever of them were done first.
    Raises: OSError where a result cannot be written.
    """
    results: dict[str, dict[str, Any]] = {}
    made = side_by_side(
        entries,
        jobs,
        lambda: _grading(setup, out, processors_for_each(jobs)),
        lambda at_work: watch(len(results), at_work),
    )
    with contextlib.closing(made):
        for entry, result in made:
            results[entry.name] = _result_of_loss(entry, out, setup, result) if isinstance(result, Lost) else result
    watch(len(results), ())
    return [results[entry.name] for entry in entries]


@contextmanager
def _grading(setup: Setup, out: Path, at_once: int) -> Iterator[Callable[[Entry], dict[str, Any]]]:
    """What a job does with one submission after another."""
    with setup.grader(at_once) as grader:

        def grade(entry: Entry) -> dict[str, Any]:
            graded = grade_path_or_say_why(entry.path, setup, grader)
            result = setup.result(graded) | {"submission": entry.name}
            write_result(out / entry.name, result, graded)
            return result

        yield grade


def _result_of_loss(entry: Entry, out: Path, setup: Setup, loss: Lost) -> dict[str, Any]:
    graded = faulty(entry.name, loss, checks_to_judge(setup.rubric, setup.only))
    result = setup.result(graded)
    write_result(out / entry.name, result, graded)
    return result
