"""Where a submission's functions are tried: starting its program, asking it, and saying why that failed."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from autograder.boundary.checked import NotAnAnswer, Operation
from autograder.boundary.replies import RUN, SIGNATURE, Fault, read_envelope
from autograder.boundary.surroundings import Surroundings
from autograder.boundary.workers import Died, Lied, OutOfMemory, OutOfTime, Question, Template, Worker, WorkerStopped
from autograder.datasets import CodedData, Photographs
from autograder.evidence.kinds import LoadedData, NoEvidence
from autograder.evidence.right_generators import RIGHT_GENERATORS
from autograder.program.execution_order import as_executed
from autograder.program.names import Role
from autograder.program.parameters import Parameter
from autograder.program.roles import Candidate
from autograder.program.understanding import Program, Understanding
from autograder.rubric import Rubric
from autograder.submission.bundle import Bundle
from autograder.submission.module_names import LIBRARIES
from autograder.verdict import Outcome

GIVEN_STUDENTS = 3
# What a worker remarks upon is kept short, whoever has written it.
MOST_REMARKS, LONGEST_REMARK = 8, 200
_T = TypeVar("_T")


class Unavailable(Exception):
    """There will be no evidence; carries why."""

    def __init__(self, reason: NoEvidence) -> None:
        super().__init__(reason.observed)
        self.reason = reason


class Raised(Exception):
    """The submission's own code raised an exception; carries what is known about it, and which modules were absent."""

    def __init__(self, fault: Fault, absent: Sequence[str] = ()) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.absent = tuple(absent)


@dataclass(frozen=True)
class Bench:
    """A worker with a program in it.

    difference: how the program differs from the narrowest one, "" where it does not; told: the worker's own remarks, on
    libraries as they were and surroundings that are not here.
    """

    worker: Worker
    difference: str
    told: dict[str, None] = field(default_factory=dict)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is worth saying of everything that was seen here."""
        return tuple(part for part in (self.difference, *self.told) if part)

    @property
    def remark(self) -> str:
        """The same in one paragraph."""
        return " ".join(self.remarks)

    def ask(
        self,
        operation: Operation[_T],
        parameters: Mapping[str, Any],
        arrays: Mapping[str, NDArray[Any]] | None = None,
        answer: Question | None = None,
        processor_seconds: float | None = None,
        seconds: float | None = None,
    ) -> _T:
        """Ask the worker; the limits are those of `Worker.request`.

        Raises: Raised, and WorkerStopped when it can answer no more or has answered with something that is no answer.
        """
        reply = self.worker.request(operation.name, parameters, arrays, seconds, answer, processor_seconds)
        try:
            said = read_envelope(reply.structure)
            self._hear(said.remarks)
            if said.error is None:
                return operation.read(reply.structure, reply.arrays)
        except NotAnAnswer as problem:
            self.worker.close()
            raise Lied(f"answered with something that is no answer ({problem})") from problem
        raise Raised(said.error, said.absent_modules)

    def _hear(self, remarks: Sequence[str]) -> None:
        """Remember what a reply remarks upon, each remark once."""
        for remark in remarks:
            if len(self.told) < MOST_REMARKS:
                self.told[" ".join(remark.split())[:LONGEST_REMARK]] = None

    def signature(self, function: Mapping[str, Any]) -> tuple[Parameter, ...]:
        """The parameters of a function or class."""
        declared = self.ask(SIGNATURE, {"function": dict(function)})
        return tuple(Parameter(p.name, p.kind, p.has_default, p.default) for p in declared)


class Laboratory:
    """Everything that is needed to try one submission.

    What is found out on the way is kept: `resolved`, what was taken for what; `tried`, for which roles anything was
    run, and `ruled_out`, names that turned out to be something else than that; `generators`, which functions make pairs
    and wrong pairs; `orientation`, how the submission's own accuracy function hands pictures to a model ("upright",
    "sideways", "channels last"), None where it has none; `loaded`, what question 1a leaves behind, None until somebody
    asks; `own_seconds`, the processor time of the submission's own code, trainings less the time of watching them;
    `printed`, what its code printed, by the function that was tried;
    `watch_seconds_left`, how much there still is for watching.
    """

    def __init__(
        self,
        template: Template,
        understanding: Understanding,
        coded: CodedData,
        rubric: Rubric,
        seed: int,
        photographs: Photographs,
    ) -> None:
        self.understanding = understanding
        self.coded = coded
        self.photographs = photographs
        self.seed = seed
        self.resolved: dict[Role, dict[str, Any]] = {}
        self.tried: set[Role] = set()
        self.ruled_out: set[tuple[Role, str]] = set()
        self.orientation: str | None = None
        self.generators: dict[Role, Candidate | None] = {}
        self.loaded: LoadedData | NoEvidence | None = None
        self.own_seconds: list[float] = []
        self.printed: dict[str, str] = {}
        self.watch_seconds_left = rubric.training.watch_seconds
        self._template = template
        self.rubric = rubric

    def reading(self, bundle: Bundle) -> "Laboratory":
        """A laboratory for the same submission read in another way; what is taken for what is kept for both."""
        other = Laboratory(self._template, Understanding(bundle), self.coded, self.rubric, self.seed, self.photographs)
        other.resolved, other.tried, other.ruled_out = self.resolved, self.tried, self.ruled_out
        other.own_seconds, other.printed = self.own_seconds, self.printed
        return other

    @cached_property
    def as_executed(self) -> "Laboratory | None":
        """The same submission with its cells in the order in which they were run, None where that is no other."""
        bundle = as_executed(self.understanding.bundle)
        return self.reading(bundle) if bundle is not None else None

    def students(self, count: int) -> tuple[tuple[str, int], ...]:
        """Some students of the train folder, drawn from the seed, ascending."""
        return tuple(sorted(self._drawn[:count]))

    def found(self, role: Role) -> Candidate | NoEvidence:
        """The likeliest candidate for a role, or why there is none."""
        candidate = self.understanding.first(role)
        absent = self.understanding.absent_file(role)
        if absent:
            return file_not_handed_in(candidate.name if candidate else role.value, absent)
        if candidate is not None:
            return candidate
        skeleton = self.understanding.skeleton(role)
        return still_to_be_written(skeleton.name) if skeleton else not_found(role)

    @cached_property
    def given_arrays(self) -> dict[str, NDArray[np.float32]]:
        """Right arrays under the names that the submission uses for its own.

        They hold other students than those with which functions are called, so that a function which uses a global
        array in the place of its parameter is found out.
        """
        array = self.coded.codebook.array(sorted(self._drawn[-GIVEN_STUDENTS:]))
        return dict.fromkeys(self.understanding.array_names(), array)

    @cached_property
    def _drawn(self) -> list[tuple[str, int]]:
        everyone = self.coded.codebook.students("train")
        order = np.random.default_rng([self.seed, 3]).permutation(len(everyone))
        return [everyone[index] for index in order]

    def attempt(
        self,
        candidates: Sequence[Candidate],
        use: Callable[[Bench], _T],
        given: Mapping[str, NDArray[Any]] | None = None,
        data: Path | None = None,
        replaced: Mapping[str, str] | None = None,
        lenient: bool = False,
        before: int | None = None,
        draw: int | None = None,
        tensors: bool = False,
    ) -> _T:
        """Start the program that some definitions need and use it; if that raises, once more with a wider program.

        Args: given: arrays that are there before the program starts, by name; data: the data set that paths lead to,
            default the coded one as handed out, where the program reads files at all; replaced: functions that are
            exchanged for right ones once the program has run, name to "same" or "different"; lenient: whether the
            program goes on where a statement stops with an exception; before: the position of a statement, for which
            the program is to have made ready everything that it reads; draw: for programs that train, which of several
            draws of random numbers they start from; tensors: whether the given arrays are tensors.
        Raises: Unavailable, with the exception of the narrow program where both failed.
        """
        assumed = frozenset(given or ())
        name = candidates[0].name
        self.tried |= {candidate.role for candidate in candidates}
        narrow = self.understanding.narrow(candidates, assumed, before)
        first: Raised | None = None
        for wide in (False, True):
            missed = _missed_name(first)
            later = self.understanding.defined_later(missed, narrow) if missed else None
            program = self.understanding.program(narrow, assumed, wide and later is None, lenient, later)
            if wide and len(program.statements) == len(narrow.positions):
                break
            remark = ""
            if later is not None:
                remark = f"`{missed}` is used in a cell above the one that defines it; it was defined first here."
            elif first is not None:
                listed = ", ".join(str(cell) for cell in program.cells)
                remark = (
                    f"By themselves, the statements that {name} needs stopped with {first.fault.type}, so all "
                    f"of cells {listed} was run."
                )
            lead = data or (self.coded.as_handed_out if program.reads_files else None)
            worker = self._template.fork(lead, self.seed, self._surroundings(draw is not None), draw is not None)
            try:
                reads = program.reads | self.understanding.read_by(before)
                needed = {name: array for name, array in (given or {}).items() if name in reads}
                bench = Bench(worker, remark)
                further = {"draw": draw or 0, "tensors": tensors}
                self._run(bench, program, needed, replaced or {}, candidates, further)
                return use(bench)
            except Raised as raised:
                first = first or raised
            except WorkerStopped as stopped:
                raise Unavailable(stopped_evidence(name, stopped)) from None
            finally:
                self.own_seconds.append(worker.own_seconds)
                if worker.printed.strip():
                    self.printed.setdefault(name, worker.printed)
                worker.close()
        assert first is not None
        raise Unavailable(raised_evidence(name, first)) from None

    def _surroundings(self, trains: bool) -> Surroundings:
        """What lies beside the notebook; a training is to begin with weights of its own, not with those handed in."""
        bundle = self.understanding.bundle
        files = {name: str(p) for name, p in {**bundle.beside, **bundle.weights}.items()}
        if trains:
            files = {name: path for name, path in files.items() if name not in bundle.weights}
        networks = tuple(sorted(self.understanding.absent_networks))
        return Surroundings(bundle.modules.sources, bundle.modules.files, files, networks)

    def _run(
        self,
        bench: Bench,
        program: Program,
        given: Mapping[str, NDArray[Any]],
        replaced: Mapping[str, str],
        candidates: Sequence[Candidate],
        further: Mapping[str, Any],
    ) -> None:
        code = self.understanding.bundle.code
        # Arrays of several names are the same one here; it travels once.
        arrays = {f"given{number}": array for number, array in enumerate({id(a): a for a in given.values()}.values())}
        keys = {id(array): key for key, array in arrays.items()}
        parameters = {
            "statements": list(program.statements),
            "cells": {str(cell): code[cell] for cell in program.cells if cell in code},
            "given": {name: keys[id(array)] for name, array in given.items()},
            "replaced": {name: RIGHT_GENERATORS[kind] for name, kind in replaced.items()},
            **further,
            "captures": [
                {"name": c.name, "as": c.key, "before": _place_before(program.positions, c.end)} for c in candidates
            ],
        }
        bench.ask(RUN, parameters, arrays, seconds=self.rubric.limits.program_seconds)


def _missed_name(raised: Raised | None) -> str | None:
    """The name that was not defined, where an exception says so."""
    found = re.match(r"name '(\w+)' is not defined", str(raised)) if raised is not None else None
    return found[1] if found and raised is not None and raised.fault.type == "NameError" else None


def _place_before(positions: Sequence[int], end: int | None) -> int:
    """How many statements of a program come before a position of the notebook."""
    return len(positions) if end is None else sum(position < end for position in positions)


def raised_evidence(name: str, raised: Raised) -> NoEvidence:
    """Why there is no evidence when the submission's code raised an exception."""
    fault = raised.fault
    foreign = sorted(set(raised.absent) & LIBRARIES)
    if foreign:
        listed = ", ".join(foreign)
        return NoEvidence(
            Outcome.ERROR,
            f"`{name}` uses {listed}, which is not installed where the grader runs",
            "Whoever runs the grader: install it there and grade again.",
        )
    own = sorted(set(raised.absent) - LIBRARIES)
    if own:
        return file_not_handed_in(name, own[0])
    if fault.type == "NotImplementedError":
        function = fault.function or name
        return still_to_be_written(name if function in ("<module>", "forward", "__init__") else function)
    return NoEvidence(Outcome.FAIL, f"`{name}` stopped with {error_words(fault)}", _error_hint(fault))


def error_words(fault: Fault) -> str:
    """An exception in words: its type, its message, its place."""
    message = " ".join(fault.message.split())
    words = fault.type
    if message:
        words += f": {message[:200]}"
    if fault.cell is not None:
        words += f" (cell {fault.cell}, line {fault.line})"
    elif fault.module:
        words += f" ({fault.module}.py, line {fault.line})"
    return words


def _error_hint(fault: Fault) -> str:
    hints = {
        "NameError": "Restart the notebook and run all cells from the top: is the name still defined then?",
        "FileNotFoundError": "Is this file made by the notebook itself, or does it have to be handed in with it?",
        "MemoryError": "How many copies of the pictures are there at once?",
    }
    return hints.get(fault.type, "Run the cell by itself on a few students and look at the first error.")


def stopped_evidence(name: str, stopped: WorkerStopped) -> NoEvidence:
    """Why there is no evidence when the worker could not go on."""
    if isinstance(stopped, OutOfTime):
        hint = "Does a loop wait for something that never comes? Count how often its body should run."
        return NoEvidence(Outcome.TIMEOUT, f"`{name}` {stopped}", hint)
    if isinstance(stopped, OutOfMemory):
        return NoEvidence(Outcome.FAIL, f"`{name}` {stopped}", "How many copies of the pictures are there at once?")
    assert isinstance(stopped, Died)
    if isinstance(stopped, Lied):
        hint = "Does it change what Python or its libraries do, or write to files that it has not opened itself?"
        return NoEvidence(Outcome.FAIL, f"`{name}` {stopped}", hint)
    return NoEvidence(Outcome.FAIL, f"`{name}` {stopped}", "Does it call exit(), or a library that crashes?")


def file_not_handed_in(name: str, module: str) -> NoEvidence:
    """The sentence for what should come out of a Python file that is not there."""
    observed = f"`{name}` needs the module {module}, and there is no file {module}.py in the submission"
    return NoEvidence(Outcome.MISSING, observed, "Hand the file in together with the notebook.")


def still_to_be_written(name: str) -> NoEvidence:
    """The sentence for what is not attempted yet."""
    return NoEvidence(Outcome.MISSING, f"`{name}` is still to be written")


def not_found(role: Role) -> NoEvidence:
    """The sentence for what is nowhere in the submission."""
    return NoEvidence(Outcome.MISSING, f"`{role.value}` was not found, under this name or another")
