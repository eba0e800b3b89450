"""The backward slice: the top-level statements that a name needs, in notebook order, and no others.

Going back from where a name is wanted, the last statement that surely binds it is needed, and so is every statement
in between that may bind it or changes it in place; then whatever those statements read is needed where they stand.
What a function reads when it is called is needed where it is *used*, not where it is defined: a helper redefined
below a call does not count for that call.
"""

import ast
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from autograder.program.bindings import effects_of
from autograder.program.effects import CallSite, Effects
from autograder.program.saved_files import SavedFiles
from autograder.program.vocabulary import BUILTINS
from autograder.submission.notebook import Statement

# Nobody has as many names for one array; a thousand of them make a million pairs.
_MOST_SHARING = 100
_TRAINING = frozenset({"backward", "step"})
_AMBIENT_ROOTS = frozenset({"torch", "np", "numpy", "random", "os", "sys"})


@dataclass(frozen=True)
class Slice:
    """Positions of the statements needed, ascending; unresolved: names that nothing in the notebook binds."""

    positions: tuple[int, ...]
    unresolved: frozenset[str] = frozenset()


class Dependencies:
    """The statements of a notebook and what each does to names, ready to be sliced."""

    def __init__(self, statements: Sequence[Statement], exports: Mapping[str, Collection[str]] | None = None) -> None:
        """Args: exports: what `from module import *` binds, for the modules of which that is known."""
        self.statements = tuple(statements)
        self.effects = tuple(_effects_or_none(statement) for statement in self.statements)
        for statement, effects in zip(self.statements, self.effects, strict=True):
            if effects.binds_anything and isinstance(statement.node, ast.ImportFrom):
                effects.binds.update((exports or {}).get(statement.node.module or "", ()))
        self._bound_at: dict[str, list[int]] = {}
        for position, effects in enumerate(self.effects):
            for name in effects.binds | effects.may_bind:
                self._bound_at.setdefault(name, []).append(position)
        self._later_reads: dict[tuple[str, int], set[str]] = {}
        self._imported = {name for e in self.effects if e.imports for name in e.binds | e.may_bind}
        self._plain = self._names_of_plain_values()
        self._defined = self._functions()
        self.trainers = self._names_that_train()
        self._spread_mutated_parameters()
        self._mutates = tuple(self._all_mutated(position) for position in range(len(self.statements)))
        self._files = tuple(self._files_touched(position) for position in range(len(self.statements)))
        self._sharing = self._names_sharing_memory()

    def binds(self, name: str) -> tuple[int, ...]:
        """The statements that bind a name, surely or perhaps, in order."""
        return tuple(self._bound_at.get(name, ()))

    def trains(self, position: int) -> bool:
        """Whether a statement trains a model, itself or through what it calls."""
        effects = self.effects[position]
        called = _called(effects.calls)
        return (
            called >= _TRAINING
            or bool(called & self.trainers)
            or any(site.base in self.trainers for site in effects.calls)
        )

    def slice(self, wanted: Iterable[str], assumed: Collection[str] = (), end: int | None = None) -> Slice:
        """What has to run so that the wanted names are there at position `end` (default: after the last statement).

        Args: assumed: names that are given from outside; what makes them is left out.
        """
        return _Slicing(self, frozenset(assumed)).run(wanted, len(self.statements) if end is None else end)

    def widened(self, narrow: Slice, assumed: Collection[str] = ()) -> Slice:
        """A slice and what else its cells hold, with all that this needs."""
        cells = {self.statements[position].cell for position in narrow.positions}
        slicing = _Slicing(self, frozenset(assumed))
        for position, statement in enumerate(self.statements):
            effects = self.effects[position]
            makes_assumed_only = (effects.binds | effects.may_bind) and not (
                (effects.binds | effects.may_bind) - slicing.assumed
            )
            # Nothing that is wanted depends on it, or it would be part of the narrow slice; it may take an hour.
            if statement.cell in cells and not makes_assumed_only and not self.trains(position):
                slicing.include(position)
        result = slicing.run((), len(self.statements))
        return Slice(tuple(sorted({*result.positions, *narrow.positions})), result.unresolved)

    def mutated(self, position: int, name: str) -> bool:
        """Whether a statement changes in place what a name stands for."""
        changed = self._mutates[position]
        if name in changed:
            return True
        sharing = self._sharing.get(name, {})
        # What one statement changes is little; what shares memory may be much.
        return any(sharing.get(other, position + 1) <= position for other in changed if other not in self._plain)

    def loads(self, position: int) -> frozenset[str]:
        """The files of arrays that a statement loads, itself or through what it calls."""
        return frozenset(self._files[position].loads)

    def saves(self, position: int) -> frozenset[str]:
        """The files of arrays that a statement saves, itself or through what it calls."""
        return frozenset(self._files[position].saves)

    def savers(self, file: str, position: int) -> list[int]:
        """The statements before `position` that save a file."""
        return [index for index in range(position) if file in self._files[index].saves]

    def trained_from(self, name: str, position: int, end: int | None = None) -> int | None:
        """The first statement behind `position` and before `end` that trains what a name stands for; else `end`."""
        for index in range(position + 1, len(self.statements) if end is None else end):
            if self.trains(index) and self.mutated(index, name):
                return index
        return end

    def later_reads(self, name: str, position: int) -> set[str]:
        """What is read when whatever `name` stands for before `position` is called."""
        known = self._later_reads.get((name, position))
        if known is None:
            known = self._later_reads[name, position] = self._found_later_reads(name, position)
        return known

    def _found_later_reads(self, name: str, position: int) -> set[str]:
        found: set[str] = set()
        waiting = [(name, position)]
        seen = set()
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            for definition in self.reaching(*current):
                effects = self.effects[definition]
                found |= effects.reads_later
                waiting += [(carried, definition) for carried in effects.carries if carried != name]
        return found

    def reaching(self, name: str, position: int) -> list[int]:
        """The statements that may have bound what `name` stands for before `position`, the last one first."""
        found = []
        for index in reversed(self._bound_at.get(name, ())):
            if index < position:
                found.append(index)
                if name in self.effects[index].binds:
                    break
        return found

    def _names_of_plain_values(self) -> set[str]:
        bound: dict[str, int] = {}
        plain: dict[str, int] = {}
        for effects in self.effects:
            for name in effects.binds | effects.may_bind:
                bound[name] = bound.get(name, 0) + 1
            for name in effects.plain_numbers:
                plain[name] = plain.get(name, 0) + 1
        return {name for name, count in plain.items() if bound.get(name) == count}

    def _functions(self) -> dict[str, list[Effects]]:
        defined: dict[str, list[Effects]] = {}
        for effects in self.effects:
            if effects.parameters or effects.writes_later or effects.calls_later:
                for name in effects.binds | effects.may_bind:
                    defined.setdefault(name, []).append(effects)
        return defined

    def _names_that_train(self) -> set[str]:
        """Functions and classes that make backward passes and optimizer steps, or call others that do."""
        names: set[str] = set()
        while True:
            found = {
                name
                for name, group in self._defined.items()
                for effects in group
                if (called := _called(effects.calls_later)) >= _TRAINING or called & names
            }
            if found <= names:
                return names
            names |= found

    def _spread_mutated_parameters(self) -> None:
        """A function that hands its parameter to one that changes it changes it, too."""
        changed = True
        while changed:
            changed = False
            for effects in (e for group in self._defined.values() for e in group):
                for site in effects.calls_later:
                    for name in self.mutated_through(site):
                        target = effects.mutated_parameters if name in effects.parameters else effects.writes_later
                        if name not in target:
                            target.add(name)
                            changed = True

    def mutated_through(self, site: CallSite) -> set[str]:
        """Names that a call of one of the notebook's own functions changes."""
        names: set[str] = set()
        if site.base is not None:
            return names
        if site.function in self.trainers:
            return self._trained_through(site)
        for effects in self._defined.get(site.function, ()):
            names |= effects.writes_later
            names |= {
                argument
                for parameter, argument in zip(effects.parameters, site.arguments, strict=False)
                if argument and parameter in effects.mutated_parameters
            }
            names |= {
                argument for keyword, argument in site.keywords if argument and keyword in effects.mutated_parameters
            }
        return names

    def _trained_through(self, site: CallSite) -> set[str]:
        """Training changes the model and leaves the data as they are: the model is what is called or asked for its
        parameters, and by custom the first argument where that is not to be seen."""
        names: set[str] = set()
        for effects in self._defined.get(site.function, ()):
            asked = {inner.function for inner in effects.calls_later if inner.base is None} | {
                inner.base
                for inner in effects.calls_later
                if inner.function in ("parameters", "train", "eval", "forward")
            }
            models = [parameter for parameter in effects.parameters if parameter in asked]
            names |= {a for p, a in zip(effects.parameters, site.arguments, strict=False) if a and p in models}
            names |= {argument for keyword, argument in site.keywords if argument and keyword in models}
        return names

    def _all_mutated(self, position: int) -> set[str]:
        effects = self.effects[position]
        names = set(effects.mutates)
        for site in effects.calls:
            names |= self.mutated_through(site)
        return names - self._imported - BUILTINS

    def _files_touched(self, position: int) -> SavedFiles:
        effects, node = self.effects[position], self.statements[position].node
        is_lambda = isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)
        if is_lambda or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return SavedFiles()  # a definition touches nothing until it is called
        found = SavedFiles(set(effects.files.saves), set(effects.files.loads))
        waiting, seen = [site.function for site in effects.calls if site.base is None], set[str]()
        while waiting:
            name = waiting.pop()
            if name in seen or name in self.trainers:
                continue
            seen.add(name)
            for called in self._defined.get(name, ()):
                found.saves |= called.files.saves
                found.loads |= called.files.loads
                waiting += [site.function for site in called.calls_later if site.base is None]
        return found

    def _names_sharing_memory(self) -> dict[str, dict[str, int]]:
        """For each name, the names that may share its memory and since which statement."""
        sharing: dict[str, dict[str, int]] = {}
        for position, effects in enumerate(self.effects):
            for name, sources in effects.aliases.items():
                for source in sources - self._imported:
                    if source == name or name in self._plain or source in self._plain:
                        continue
                    near = {source: position, **dict.fromkeys(sharing.get(source, {}), position)}
                    for other in near:
                        for one, another in ((name, other), (other, name)):
                            known = sharing.setdefault(one, {})
                            if len(known) < _MOST_SHARING:
                                known.setdefault(another, position)
        return sharing


def _effects_or_none(statement: Statement) -> Effects:
    """What a statement does; nothing is known of one that is nested deeper than anybody writes by hand."""
    try:
        return effects_of(statement.node)
    except RecursionError:
        return Effects()


class _Slicing:
    """One walk back from what is wanted."""

    def __init__(self, dependencies: Dependencies, assumed: frozenset[str]) -> None:
        self._dependencies = dependencies
        self.assumed = assumed
        self._included: set[int] = set()
        self._waiting: list[tuple[str, int]] = []
        self._seen: set[tuple[str, int]] = set()
        self._unresolved: set[str] = set()

    def run(self, wanted: Iterable[str], end: int) -> Slice:
        self._waiting += [(name, end) for name in wanted]
        while self._waiting:
            self._resolve(*self._waiting.pop())
            if not self._waiting:
                self._include_ambient()
        return Slice(tuple(sorted(self._included)), frozenset(self._unresolved))

    def include(self, position: int) -> None:
        if position in self._included:
            return
        self._included.add(position)
        effects = self._dependencies.effects[position]
        self._waiting += [(name, position) for name in effects.reads]
        # A call may reach globals through the functions it calls, and what is changed in place must be there.
        self._waiting += [(name, position) for name in self._dependencies._mutates[position]]
        for file in self._dependencies.loads(position):
            for saver in self._dependencies.savers(file, position):
                if not self._dependencies.trains(saver):
                    self.include(saver)

    def _resolve(self, name: str, position: int) -> None:
        if name in self.assumed or (name, position) in self._seen:
            return
        self._seen.add((name, position))
        dependencies = self._dependencies
        found = False
        for index in range(position - 1, -1, -1):
            effects = dependencies.effects[index]
            surely = name in effects.binds
            if surely or name in effects.may_bind:
                found = True
                self.include(index)
            elif dependencies.mutated(index, name):
                self.include(index)
                # A function that binds a global name when it is called makes that name, too.
                found = found or name in dependencies._mutates[index]
            if surely:
                break
        if not found and name not in BUILTINS:
            self._unresolved.add(name)
            for index in range(position - 1, -1, -1):
                if dependencies.effects[index].binds_anything:
                    self.include(index)
        self._waiting += [(later, position) for later in dependencies.later_reads(name, position)]

    def _include_ambient(self) -> None:
        """Settings that hold for all that follows, where what they set is in use at all."""
        needed = {name for name, _ in self._seen}
        for index, effects in enumerate(self._dependencies.effects):
            roots = effects.reads & (_AMBIENT_ROOTS | {"get_ipython"})
            in_use = effects.everywhere or bool(roots & needed) or "get_ipython" in roots
            if effects.ambient and in_use and max(self._included, default=-1) > index:
                self.include(index)


def _called(sites: Iterable[CallSite]) -> set[str]:
    """What is called. `net.train()` and `net.train(was_training)` train nothing, even if a function is so named."""
    return {
        site.function
        for site in sites
        if not (site.function == "train" and site.base is not None and len(site.arguments) + len(site.keywords) < 2)
    }
