"""`python -m benchmarks.fuzz`: whether anything that is handed in or that a worker says makes the grader fail or hang.

Submissions are damaged at random, by bytes, by JSON values, by lines of code and by what archives say of themselves,
and read as a grading reads them before it starts a worker. What may come of it is a bundle or one sentence, soon.
Replies of workers are damaged in `fuzzed_replies`.
"""

import json
import multiprocessing
import os
import resource
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from autograder.evidence.claims import claimed_accuracy
from autograder.evidence.written import written_in
from autograder.grading import notes_on
from autograder.program.choice import the_submission
from autograder.program.execution_order import as_executed
from autograder.program.names import FUNCTIONS, Role
from autograder.program.training import find_trainer, places_for_weights, training_calls
from autograder.program.training_text import training_text
from autograder.program.understanding import Understanding
from autograder.program.waking import woken
from autograder.submission.bundle import Bundle, digest_of, read_bundles
from autograder.submission.notebook import Unreadable
from autograder.submission.weights import form_of
from benchmarks.fuzzed_replies import fuzz as fuzz_replies
from benchmarks.mutants import write_mutant

MEBIBYTES = 40
LONGEST_SENTENCE = 1000
# Of processor time; the slowest of ten thousand takes a quarter of it.
MOST_SECONDS = 20
_AT_A_TIME = 100


@dataclass(frozen=True)
class Trial:
    """What came of one input. problem: "" where all was well, else a traceback or what else went wrong."""

    number: int
    seconds: float
    read: bool
    problem: str = ""


def read_all_of(path: Path) -> bool:
    """Read a submission and ask everything that a grading asks without a worker; whether there was one to read.

    Raises: whatever a reader at fault raises; AssertionError for words that are no sentence.
    """
    digest_of(path)
    try:
        bundle = the_submission(read_bundles(path, MEBIBYTES))
    except Unreadable as problem:
        _assert_inert(str(problem))
        return False
    for note in notes_on(bundle):
        _assert_inert(note)
    _ask_all_of(bundle)
    executed = as_executed(bundle)
    if executed is not None:
        _ask_all_of(executed)
    return True


def _assert_inert(words: str) -> None:
    assert words and words.isprintable() and len(words) <= LONGEST_SENTENCE, f"no sentence: {words[:300]!r}"


def _ask_all_of(bundle: Bundle) -> None:
    understanding = Understanding(bundle)
    json.dumps({role.value: entry for role, entry in understanding.declared().items()})
    for role in Role:
        candidates = understanding.roles[role]
        part = understanding.narrow(candidates[:1])
        for wide in (False, True):
            json.dumps(understanding.program(part, understanding.array_names(), wide=wide).statements)
        understanding.absent_file(role)
        claimed_accuracy(understanding, role) if role in (Role.TEST_W, Role.TEST_M) else None
        understanding.values_for(role) if role in FUNCTIONS else None
    understanding.loading_names()
    trainer = find_trainer(understanding)
    if trainer is not None:
        trainer.arrays(understanding)
        places_for_weights(understanding, trainer.candidate)
        for call in (*training_calls(understanding, trainer.candidate), None):
            training_text(understanding, trainer.candidate.position, call)
    written_in(bundle)
    for path in bundle.weights.values():
        form_of(path)
    found = woken(understanding)
    if found is not None:
        Understanding(found[0]).declared()


def try_reader(number: int) -> Trial:
    """Make the submission of a number and read it."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        path = write_mutant(number, Path(folder))
        started = time.process_time()
        try:
            read = read_all_of(path)
        except Exception:
            return Trial(number, time.process_time() - started, False, traceback.format_exc())
        return Trial(number, time.process_time() - started, read)


def tried(numbers: range, attempt: Callable[[int], Trial]) -> Iterator[Trial]:
    """Try numbers in a process apart; where that process hangs or dies, the number at fault, and go on with the next.

    An attempt may take `MOST_SECONDS` of processor time.
    """
    context = multiprocessing.get_context("fork")
    left = list(numbers)
    while left:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_try_each, args=(theirs, left, attempt))
        process.start()
        theirs.close()
        try:
            for number in list(left):
                trial = ours.recv()
                left.remove(number)
                yield trial
        except EOFError:
            process.join()
            why = "took too long" if process.exitcode == -_OUT_OF_TIME else f"ended the process: {process.exitcode}"
            yield Trial(left.pop(0), MOST_SECONDS, False, why)
        process.join()
        ours.close()


_OUT_OF_TIME = 24  # SIGXCPU


def _try_each(pipe: Connection, numbers: list[int], attempt: Callable[[int], Trial]) -> None:
    for number in numbers:
        # The system itself ends a process that has used up its time, also one that hears no signals of Python's.
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime) + MOST_SECONDS + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        pipe.send(attempt(number))


def report(name: str, trials: list[Trial], console: Console) -> bool:
    """Print what came of all inputs; whether all was well."""
    at_fault = [trial for trial in trials if trial.problem]
    read = sum(trial.read for trial in trials)
    slowest = max(trials, key=lambda trial: trial.seconds)
    console.print(
        f"{name}: {len(trials)} inputs, {read} read, {len(trials) - read - len(at_fault)} refused in a sentence, "
        f"{len(at_fault)} at fault; the slowest, number {slowest.number}, took {slowest.seconds:.1f} s"
    )
    for trial in at_fault[:20]:
        console.print(f"number {trial.number}: {trial.problem}", markup=False)
    return not at_fault


def main(
    readers: Annotated[int, typer.Option(min=0, help="Damaged submissions for the readers.")] = 10_000,
    replies: Annotated[int, typer.Option(min=0, help="Damaged replies for the judging side.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="The number of the first one; the others follow it.")] = 0,
) -> None:
    """Exit status 1 where an input made a reader or the judging side fail, hang or crash."""
    console = Console()
    well = True
    if readers:
        blocks = [range(n, min(n + _AT_A_TIME, seed + readers)) for n in range(seed, seed + readers, _AT_A_TIME)]
        with ThreadPoolExecutor(os.cpu_count() or 1) as lanes:
            made = lanes.map(lambda block: list(tried(block, try_reader)), blocks)
            shown = track(made, "readers", len(blocks), console=Console(stderr=True))
            trials = [trial for block in shown for trial in block]
        well = report("readers", trials, console) and well
    if replies:
        well = not fuzz_replies(replies, seed) and well
    raise typer.Exit(0 if well else 1)


if __name__ == "__main__":
    typer.run(main)
