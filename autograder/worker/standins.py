"""Modules that a submission imports and that are not here: its own helpers, Colab, libraries not installed."""

import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import os
import sys
import types
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any

from autograder.boundary.surroundings import Surroundings
from autograder.submission.module_names import ELSEWHERE, LIBRARIES, plain_stem
from autograder.worker.known import StandinNetwork

# The answers, which lie on the same machine.
WITHHELD = frozenset({"reference", "student_template", "fixtures"})


class Anything:
    """Stands for whatever an absent module would have held: it can be called, read and looped over, to no effect."""

    def __init__(self, name: str) -> None:
        self.__dict__["_standin_for"] = name

    def __getattr__(self, name: str) -> "Anything":
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Anything(f"{self._standin_for}.{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        pass

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # As a decorator, it leaves the function as it is.
        if len(args) == 1 and not kwargs and isinstance(args[0], types.FunctionType | type):
            return args[0]
        return Anything(f"{self._standin_for}()")

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> "Anything":
        return self

    def __exit__(self, *problem: object) -> None:
        return None

    def __repr__(self) -> str:
        return f"<stand-in for {self._standin_for}>"


class StandinModule(types.ModuleType):
    """A module of which every attribute is `Anything`, but for the networks that it should hold.

    Without them nothing could be trained, and a training is not to be failed for a file that is not there.
    """

    networks: frozenset[str] = frozenset()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return StandinNetwork if name in self.networks else Anything(f"{self.__name__}.{name}")


class Standins(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands in, last of all, for modules that nobody has.

    absent: modules that were stood in for although they may matter.
    """

    def __init__(self, networks: Collection[str]) -> None:
        self._networks = frozenset(networks)
        self.absent: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        # Libraries try optional imports of their own and must go on finding them absent.
        if not _asked_by_submission():
            return None
        return importlib.util.spec_from_loader(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        top = spec.name.split(".")[0]
        if top not in ELSEWHERE:
            self.absent.add(top)
        module = StandinModule(spec.name)
        module.__dict__["networks"] = self._networks if top not in LIBRARIES | ELSEWHERE else frozenset()
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        module.__path__ = []


class BundleModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """The Python files that lie beside a notebook."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._modules = dict(surroundings.modules)
        self._files = dict(surroundings.module_files)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        # Where a library asks for one of Python's own modules, a submission's file of that name is not meant.
        is_pythons = fullname.split(".")[0] in sys.stdlib_module_names
        if fullname in self._modules and (not is_pythons or _asked_by_submission()):
            is_package = any(name.startswith(f"{fullname}.") for name in self._modules)
            return importlib.util.spec_from_loader(fullname, self, is_package=is_package)
        if fullname.split(".")[0] in WITHHELD:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None

    def spec_at(self, name: str, location: Any) -> importlib.machinery.ModuleSpec | None:
        """For a module that is loaded by the path of its file, under whatever name."""
        stem = plain_stem(str(location))
        module = next((m for m, file in self._files.items() if plain_stem(file) == stem), None)
        if module is None:
            return None
        self._modules.setdefault(name, self._modules[module])
        return importlib.util.spec_from_loader(name, self)

    def import_before_pythons_own(self) -> None:
        """Let the submission find its own `code.py` although Python's own `code` is loaded: the judge has seen that
        its file is meant."""
        hidden = {name for name in self._modules if name in sys.stdlib_module_names and name in sys.modules}
        if not hidden:
            return
        system = builtins.__import__
        loaded: dict[str, types.ModuleType] = {}

        @wraps(system)
        def own_first(name: str, *where: Any, **how: Any) -> types.ModuleType:
            level = where[3] if len(where) > 3 else how.get("level", 0)
            if name not in hidden or level or not _asked_by_submission():
                return system(name, *where, **how)
            if name not in loaded:
                loaded[name] = types.ModuleType(name)
                self.exec_module(loaded[name])
            return loaded[name]

        builtins.__import__ = own_first

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        source = self._modules[module.__name__]
        name = f"<module {module.__name__}>"
        remember_source(name, source)
        exec(compile(source, name, "exec"), module.__dict__)


class _Patched(importlib.abc.MetaPathFinder):
    """Lets a library import as usual and mends it right afterwards."""

    def __init__(self, mends: Mapping[str, Callable[[types.ModuleType], None]]) -> None:
        self._mends = dict(mends)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        mend = self._mends.pop(fullname, None)
        if mend is None:
            return None
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def run_and_mend(module: types.ModuleType) -> None:
                run(module)
                mend(module)

            spec.loader.exec_module = run_and_mend  # type: ignore[method-assign]
        return spec


def _asked_by_submission() -> bool:
    frame = sys._getframe(1)
    while frame is not None and ("importlib" in frame.f_code.co_filename or frame.f_code.co_filename == __file__):
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None and frame.f_code.co_filename.startswith(("<cell", "<module"))


def remember_source(name: str, source: str) -> None:
    """Let tracebacks and `inspect` find the text of code that lies in no file."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)


def _mend_opencv(module: types.ModuleType) -> None:
    # OpenCV opens files in C++, past the redirection of Python's own functions.
    read, write = module.imread, module.imwrite
    from autograder.worker.paths import led

    module.imread = lambda filename, *flags, **named: read(str(led(filename)), *flags, **named)  # type: ignore[attr-defined]
    module.imwrite = lambda filename, *rest, **named: write(str(led(filename, True)), *rest, **named)  # type: ignore[attr-defined]


def _mend_progress_bars(module: types.ModuleType) -> None:
    # Bars for notebooks need widgets, which are not here; those for terminals are silent.
    from tqdm.std import tqdm, trange

    for name, value in {"tqdm": tqdm, "tqdm_notebook": tqdm, "trange": trange, "tnrange": trange}.items():
        setattr(module, name, value)


def _mend_saving_tables(module: types.ModuleType) -> None:
    # Whether a folder is there is asked of the file system by a path of its own; opening a file makes it here.
    module.check_parent_directory = lambda path: None  # type: ignore[attr-defined]


def _load_modules_by_path(beside: BundleModules) -> None:
    system = importlib.util.spec_from_file_location

    @wraps(system)
    def spec_from_file_location(name: str, location: Any = None, **further: Any) -> Any:
        return beside.spec_at(name, location) or system(name, location, **further)

    importlib.util.spec_from_file_location = spec_from_file_location


class Notebook:
    """What `get_ipython()` gives: shell lines and magics do nothing, but `%cd` changes the folder."""

    def run_line_magic(self, name: str, line: str, *rest: Any) -> None:
        if name == "cd" and line.strip():
            os.chdir(line.strip().strip("'\""))

    def magic(self, line: str) -> None:
        name, _, rest = line.strip().lstrip("%").partition(" ")
        self.run_line_magic(name, rest)

    def run_cell_magic(self, name: str, line: str, cell: str) -> None:
        pass

    def system(self, command: str) -> None:
        pass

    def getoutput(self, command: str, *rest: Any) -> list[str]:
        return []

    def __getattr__(self, name: str) -> Anything:
        return Anything(f"get_ipython().{name}")


def shell_of(notebook: Notebook) -> Callable[[types.ModuleType], None]:
    """Makes a module give this notebook where it is asked for the running one."""

    def mend(module: types.ModuleType) -> None:
        module.get_ipython = lambda: notebook  # type: ignore[attr-defined]

    return mend


def _stand_in_for_tensorboard() -> None:
    # torch has a module for it, which cannot be imported without it.
    if importlib.util.find_spec("tensorboard") is None:
        import torch.utils

        module = StandinModule("torch.utils.tensorboard")
        sys.modules[module.__name__] = torch.utils.tensorboard = module


def install_standins(surroundings: Surroundings) -> Standins:
    """Make imports find the bundle's modules, Colab and absent libraries, and a notebook's built-in functions."""
    standins = Standins(surroundings.networks)
    _stand_in_for_tensorboard()
    beside = BundleModules(surroundings)
    sys.meta_path.insert(0, beside)
    _load_modules_by_path(beside)
    beside.import_before_pythons_own()
    notebook = Notebook()
    mends: dict[str, Callable[[types.ModuleType], None]]
    mends = {"cv2": _mend_opencv, "tqdm.notebook": _mend_progress_bars, "pandas.io.common": _mend_saving_tables}
    mends |= {"IPython": shell_of(notebook), "IPython.core.getipython": shell_of(notebook)}
    sys.meta_path.insert(1, _Patched(mends))
    sys.meta_path.append(standins)
    builtins.get_ipython = lambda: notebook  # type: ignore[attr-defined]
    builtins.display = lambda *shown, **how: None  # type: ignore[attr-defined]
    return standins
