"""A class of submissions: some at a time, each result written as soon as it is there, in the order of the folder.

What is written is finished: a run that was ended, even killed, is continued by the same command.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from autograder.datasets import CodedData
from autograder.grading import Graded, checks_to_judge, faulty
from autograder.jobs import Lost, processors_for_each, side_by_side
from autograder.marking.kept import CLASS, MARKS
from autograder.marking.sheet import SHEET
from autograder.overrides import FILE_NAME
from autograder.report.class_page import CLASS_PAGE
from autograder.report.files import remove_unfinished
from autograder.report.inert import distinct_file_names
from autograder.report.record import RECORD
from autograder.report.result import as_read, write_result
from autograder.results_folder import ResultsFolder
from autograder.resuming import finished_result, made_from
from autograder.session import Setup, grade_path_or_say_why
from autograder.submission.bundle import submission_name
from autograder.temporary import check_room
from autograder.verdict import Outcome

# Told how many submissions are done and which are being graded.
Watch = Callable[[int, Sequence["Entry"]], None]
# What lies among the folders of single submissions, none of which may be called so.
OF_THE_CLASS = ("grades.csv", CLASS_PAGE, SHEET, MARKS, CLASS)


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
    # Again and again, since a name with its ending, `a.ipynb`, may be another's without: that of `a.ipynb.zip`.
    while len(set(names)) < len(names):
        names = [name if names.count(name) == 1 else path.name for name, path in zip(names, paths, strict=True)]
    return [Entry(*entry) for entry in zip(distinct_file_names(names, OF_THE_CLASS), paths, strict=True)]


def finished_results(entries: Sequence[Entry], out: Path, setup: Setup) -> dict[str, dict[str, Any]]:
    """The results that an earlier run has finished and that still hold, by the name of their entry."""
    found = {entry.name: finished_result(out / entry.name, entry.path, setup) for entry in entries}
    return {name: result for name, result in found.items() if result is not None}


def forget_finished(entries: Sequence[Entry], out: Path) -> None:
    """Have each submission graded again; until then, its result stays.

    Raises: OSError.
    """
    for entry in entries:
        (out / entry.name / RECORD).unlink(missing_ok=True)


def grade_class(
    entries: Sequence[Entry],
    out: ResultsFolder,
    setup: Setup,
    jobs: int = 1,
    watch: Watch = lambda done, at_work: None,
    finished: Mapping[str, dict[str, Any]] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """Grade submissions, `jobs` of them at a time, and write what each gets into a folder of its name.

    Args: finished: the results that are there already, by name; these submissions are not graded.
    Returns: the results in the order of the entries, whichever of them were done first.
    Raises: OSError where something cannot be written; UnusableData.
    """
    results = dict(finished)
    waiting = [entry for entry in entries if entry.name not in results]
    if waiting:
        # Here it costs the class a sentence; in the middle of a submission, it would cost each of them its verdicts.
        _ = CodedData(setup.data_set, setup.seed).as_handed_out
    made = side_by_side(
        waiting,
        jobs,
        lambda: _grading(setup, out, processors_for_each(jobs)),
        lambda at_work: watch(len(results), at_work),
    )
    with contextlib.closing(made):
        for entry, result in made:
            results[entry.name] = _result_of_loss(entry, out, setup, result) if isinstance(result, Lost) else result
    watch(len(results), ())
    out.check()
    return [results[entry.name] for entry in entries]


@contextmanager
def _grading(setup: Setup, out: ResultsFolder, at_once: int) -> Iterator[Callable[[Entry], dict[str, Any]]]:
    """What a job does with one submission after another."""
    with setup.grader(at_once, pages=True) as grader:

        def grade(entry: Entry) -> dict[str, Any]:
            before = made_from(entry.path, setup)
            graded = grade_path_or_say_why(entry.path, setup, grader)
            check_room()
            # Whoever hands in again in the middle of this is graded again.
            unchanged = before == made_from(entry.path, setup)
            return _written(entry, out, setup, graded, before if unchanged else None)

        yield grade


def _result_of_loss(entry: Entry, out: ResultsFolder, setup: Setup, loss: Lost) -> dict[str, Any]:
    """What there is of a submission whose job died: that it did, or its result, where the job was done but for saying
    so."""
    remove_unfinished(out.path / entry.name)
    result = finished_result(out.path / entry.name, entry.path, setup)
    if result is not None:
        return result
    return _written(entry, out, setup, faulty(entry.name, loss, checks_to_judge(setup.rubric, setup.only)), None)


def _written(
    entry: Entry, out: ResultsFolder, setup: Setup, graded: Graded, made_from: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Write a result, which holds for later runs unless the grader itself has failed.

    Returns: the result as it is read from its file, so that it is the same for a run that goes on with it.
    """
    result = setup.result(graded) | {"submission": entry.name}
    out.check()
    write_result(out.path / entry.name, result, graded, None if grader_failed(result) else made_from)
    return as_read(result)


def grader_failed(result: Mapping[str, Any]) -> bool:
    """Whether a result holds a verdict that is none, since the grader itself, or the job at it, came to an end."""
    return any(entry["verdict"] == Outcome.ERROR.value for entry in result["checks"].values())
