"""Puts what is gone back in place, for the submission's own code alone, and notes which of it was used."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import re
import sys
import types
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any

from autograder.worker.former.entries import Changed, Entry, Gone, Note, Positional, Renamed
from autograder.worker.frames import asked_by_submission


class Former:
    """The table in use by one worker. note: is told the remark of whatever was used."""

    def __init__(self, entries: Iterable[Entry], note: Callable[[str], None]) -> None:
        self._by_module: dict[str, list[Entry]] = defaultdict(list)
        self._note = note
        for entry in entries:
            self._by_module[entry.place.partition(":")[0]].append(entry)

    def install(self) -> None:
        """Mend what is imported now, and everything else as soon as it is."""
        loaded = [name for name in self._by_module if name in sys.modules]
        for name in loaded:
            self._mend(sys.modules[name])
        sys.meta_path.insert(0, _WhenImported(self._mend, set(self._by_module) - set(loaded)))
        sys.meta_path.append(_GoneModules(self._mend, self._by_module))

    def read(self, text: str) -> None:
        """Put those entries in place that only the text of a program calls for."""
        for name, entries in self._by_module.items():
            for entry in list(entries):
                if isinstance(entry, Changed) and entry.where and re.search(entry.where, text):
                    entries.remove(entry)
                    self._mend_one(importlib.import_module(name), entry)

    def _mend(self, module: types.ModuleType) -> None:
        entries = self._by_module[module.__name__]
        names = {entry.place.partition(":")[2]: entry for entry in entries if isinstance(entry, Gone)}
        _add_names(module, {name: self._found(entry) for name, entry in names.items() if "." not in name})
        for entry in entries:
            if not (isinstance(entry, Changed) and entry.where):
                self._mend_one(module, entry)

    def _mend_one(self, module: types.ModuleType, entry: Entry) -> None:
        name = entry.place.partition(":")[2]
        owner: Any = module
        *owners, last = name.split(".")
        for part in owners:
            owner = getattr(owner, part, None)
        if owner is None or (isinstance(entry, Gone) and owner is module):
            return
        if isinstance(entry, Gone):
            if not hasattr(owner, last):
                setattr(owner, last, _Attribute(last, self._found(entry)))
        elif not name:
            assert isinstance(entry, Changed)
            entry.means(module, self._noting(entry))
        elif hasattr(owner, last):
            # Not getattr: that would bind what a class holds.
            there = vars(owner).get(last, getattr(owner, last))
            setattr(owner, last, _mended(there, entry, self._noting(entry)))

    def _noting(self, entry: Entry) -> Note:
        return lambda: self._note(entry.remark)

    def _found(self, entry: Gone) -> Callable[[], Any]:
        note = self._noting(entry)

        def found() -> Any:
            means = resolved(entry.means) if isinstance(entry.means, str) else entry.means
            note()
            return means

        return found


def resolved(place: str) -> Any:
    """What a place stands for: `numpy:float64`, or a whole module."""
    module, _, name = place.partition(":")
    found = importlib.import_module(module)
    for part in name.split(".") if name else ():
        found = getattr(found, part)
    return found


def _add_names(module: types.ModuleType, names: dict[str, Callable[[], Any]]) -> None:
    """Let a module have names when it is asked for them; those it has itself come first."""
    other = vars(module).get("__getattr__")

    def found(name: str) -> Any:
        if name in names and asked_by_submission():
            return names[name]()
        if other is not None:
            return other(name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

    if names:
        vars(module)["__getattr__"] = found


class _Attribute:
    """An attribute that a class had: a method, or an object that is made for each instance."""

    def __init__(self, name: str, found: Callable[[], Any]) -> None:
        self._name = name
        self._found = found

    def __get__(self, instance: Any, owner: type) -> Any:
        if not asked_by_submission():
            raise AttributeError(self._name)
        means = self._found()
        if isinstance(means, property):
            return means.__get__(instance, owner)
        return means if instance is None else types.MethodType(means, instance)


def _mended(function: Any, entry: Entry, note: Note) -> Any:
    """A function that takes what it took."""
    if isinstance(entry, Renamed):
        return _with_argument(function, entry, note)
    if isinstance(entry, Positional):
        return _with_order(function, entry, note)
    assert isinstance(entry, Changed)
    return entry.means(function, note)


def _with_argument(function: Any, entry: Renamed, note: Note) -> Any:
    if entry.old in parameters_of(function):
        return function

    @wraps(function)
    def mended(*args: Any, **named: Any) -> Any:
        if entry.old in named:
            note()
            value = named.pop(entry.old)
            if entry.new:
                named.setdefault(entry.new, entry.value(value))
        return function(*args, **named)

    return mended


def _with_order(function: Any, entry: Positional, note: Note) -> Any:
    order = entry.order.split()
    kinds = parameters_of(function)
    # A method's own object stands before them.
    skipped = 1 if next(iter(kinds), "") == "self" else 0
    most = sum(kind in ("positional-only", "positional or keyword") for kind in kinds.values())
    if most >= skipped + len(order) or "variadic positional" in kinds.values():
        return function

    @wraps(function)
    def mended(*args: Any, **named: Any) -> Any:
        if most < len(args) <= skipped + len(order):
            note()
            named |= zip(order[most - skipped :], args[most:], strict=False)
            args = args[:most]
        return function(*args, **named)

    return mended


def parameters_of(function: Any) -> dict[str, str]:
    """The kind of each parameter, by name; nothing where nobody can tell."""
    try:
        return {name: p.kind.description for name, p in inspect.signature(function).parameters.items()}
    except (TypeError, ValueError):
        return {}


class _WhenImported(importlib.abc.MetaPathFinder):
    """Lets a library import as usual and mends it right afterwards."""

    def __init__(self, mend: Callable[[types.ModuleType], None], names: set[str]) -> None:
        self._mend = mend
        self._names = names
        self._looking = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        # Looking for it asks every finder once more, and this one has to be silent then.
        if fullname not in self._names or self._looking:
            return None
        self._looking = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._looking = False
        if spec is None or spec.loader is None or isinstance(spec.loader, _GoneModules):
            return spec
        loader = spec.loader
        run = loader.exec_module

        def run_and_mend(module: types.ModuleType) -> None:
            run(module)
            self._mend(module)

        loader.exec_module = run_and_mend  # type: ignore[method-assign]
        return spec


class _GoneModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Makes a module that nobody has any more, with those of its names that the table knows."""

    def __init__(self, mend: Callable[[types.ModuleType], None], entries: Mapping[str, Sequence[Entry]]) -> None:
        self._mend = mend
        self._entries = entries

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not asked_by_submission() or not self._is_gone(fullname):
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def _is_gone(self, name: str) -> bool:
        """Whether Python or a library that is here had this module; of one that is not here, nothing is gone."""
        entries = [entry for entry in self._entries.get(name, ()) if isinstance(entry, Gone)]
        library, _, inner = name.partition(".")
        here = getattr(sys.modules.get(library), "__file__", None) is not None
        return bool(entries) and (here if inner else entries[0].since.startswith("Python"))

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        self._mend(module)
