"""Files that a notebook imports: under which names, and which one it means where the names do not match.

Browsers, mail programs and course pages rename what is uploaded (`ML_DL_Functions3 (1).py`), while the notebook goes on
importing `ML_DL_Functions3`.
"""

import ast
import difflib
import importlib.util
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePosixPath

from autograder.submission.files_run import called, files_loaded, files_meant, identifier, texts_in
from autograder.submission.module_names import ELSEWHERE, LIBRARIES, plain_stem
from autograder.submission.notebook import Statement, Unreadable, as_python, body_of, read_cells
from autograder.submission.python_text import Rewriter
from autograder.submission.shadows import Shadow, shadows, worth_telling

_LONGEST_NAME = 1000  # as far as names are compared
_MOST_LOOKED_FOR = 100
_MOST_IMPORTED = 1000


@dataclass(frozen=True)
class Modules:
    """What can be imported.

    sources: Python text by module name, dotted within packages; files: the name of the file behind each, by module
    name; absent: names that the notebook imports and that nothing here stands for; renamed: which file is meant by a
    name that no file has; whole: modules that are used as `module.name`, or loaded while the notebook runs; shadows:
    files beside the notebook that have the name of a library.
    """

    sources: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()
    shadows: tuple[Shadow, ...] = ()


def module_text(content: bytes, name: str, rewriter: Rewriter | None = None) -> str:
    """The text of a Python file or of the code cells of a notebook, as Python; as it is where it is none."""
    try:
        cells = read_cells(content, name)
    except Unreadable:
        return content.decode("utf-8", errors="replace")
    rewriter = rewriter or Rewriter()
    return "\n\n".join(as_python(cell.source, rewriter) for cell in cells if cell.kind == "code")


def importable(texts: Mapping[str, str], near: str = "") -> tuple[dict[str, str], dict[str, str]]:
    """Module names for files: `utils/data.py` can be imported as `data`, as `utils.data`, and makes `utils` a package.

    Args: texts: by the file's place within the submission; near: the folder whose files come first.
    Returns: the texts, and the files' names, by module name.
    """
    sources: dict[str, str] = {}
    files: dict[str, str] = {}
    for name in sorted(texts, key=lambda name: (name.rpartition("/")[0] != near, name.count("/"), name)):
        path = PurePosixPath(name)
        stem = path.stem if path.suffix in (".py", ".ipynb") else path.name
        parts = [*path.parts[:-1], stem]
        if stem == "__init__":
            parts.pop()
        for start in range(len(parts)):
            module = ".".join(parts[start:])
            if module and module not in sources:
                sources[module], files[module] = texts[name], name
            for end in range(start + 1, len(parts)):
                package = ".".join(parts[start:end])
                if all(part.isidentifier() for part in parts[start:end]):
                    sources.setdefault(package, "")
    for package in [name for name, text in sources.items() if not text and name not in files]:
        init = next((n for n in texts if f"/{n}".endswith(f"/{package.replace('.', '/')}/__init__.py")), None)
        if init is not None:
            sources[package], files[package] = texts[init], init
    return sources, files


def find_modules(
    statements: Sequence[Statement], texts: Mapping[str, str], decided: Mapping[str, str] | None = None, near: str = ""
) -> Modules:
    """Which modules a notebook finds among the files beside it.

    Args: texts: the other Python files, by name; decided: the file that an instructor names for a module; near: the
        notebook's own folder.
    """
    sources, files = importable(texts, near)
    wanted = _wanted([statement.node for statement in statements], sources)
    for file in (file for statement in statements for file in files_meant(statement.node)):
        wanted.setdefault(identifier(file), set()).add("*")
    defined = {file: _defined(text) for file, text in texts.items()}
    alike = shadows(files, near, wanted, {module: defined[file] for module, file in files.items()})
    left_aside = {shadow.module for shadow in alike if not shadow.taken}
    sources, files = (
        {module: value for module, value in found.items() if module.split(".")[0] not in left_aside}
        for found in (sources, files)
    )
    for module, file in (decided or {}).items():
        if file in texts:
            sources[module], files[module] = texts[file], file
    renamed: dict[str, str] = {}
    absent = []
    taken = {files[name] for name in wanted if name in files}
    imported = islice(wanted, _MOST_IMPORTED)
    unknown = [module for module in imported if module not in sources and not _is_library(module)]
    for number, module in enumerate(unknown):
        left = [file for file in texts if file not in taken and number < _MOST_LOOKED_FOR]
        meant = _meant(module, wanted[module] - {"*"}, left, defined, alone=len(unknown) == 1)
        if meant is None:
            absent.append(module)
            continue
        taken.add(meant)
        sources[module], files[module], renamed[module] = texts[meant], meant, meant
    told = tuple(worth_telling(alike, near))
    return Modules(sources, files, tuple(absent), renamed, _used_whole(statements, files), told)


def _used_whole(statements: Sequence[Statement], files: Mapping[str, str]) -> frozenset[str]:
    """The modules that a notebook imports without taking names out of them, or loads by their file's path."""
    found: set[str] = set()
    for statement in statements:
        found |= {identifier(file) for file in files_loaded(statement.node)}
    for child in (child for statement in statements for child in ast.walk(statement.node)):
        if isinstance(child, ast.Import):
            found |= {alias.name for alias in child.names}
        elif isinstance(child, ast.Call) and called(child) in ("import_module", "__import__"):
            found |= set(texts_in(child))
    return frozenset(found & files.keys())


def _wanted(nodes: Sequence[ast.stmt], sources: Mapping[str, str]) -> dict[str, set[str]]:
    """The modules that code imports, itself or through another file, and the names it takes from each."""
    wanted: dict[str, set[str]] = {}
    waiting = [list(nodes)]
    seen: set[str] = set()
    while waiting:
        for module, names in _imports(waiting.pop(0)).items():
            wanted.setdefault(module, set()).update(names)
            if module in sources and module not in seen:
                seen.add(module)
                waiting.append(body_of(sources[module]))
    return wanted


def _imports(nodes: Sequence[ast.stmt]) -> dict[str, set[str]]:
    """The modules that one file imports, and which names it takes from each, also by `module.name`."""
    found: dict[str, set[str]] = {}
    aliases: dict[str, str] = {}
    every = [child for node in nodes for child in ast.walk(node)]
    for child in every:
        if isinstance(child, ast.ImportFrom) and child.module and not child.level:
            found.setdefault(child.module, set()).update(alias.name for alias in child.names if alias.name != "*")
        elif isinstance(child, ast.Import):
            for alias in child.names:
                found.setdefault(alias.name, set())
                aliases[alias.asname or alias.name] = alias.name
        elif isinstance(child, ast.Call) and called(child) in ("import_module", "__import__") and child.args:
            name = child.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str) and name.value:
                found.setdefault(name.value, set())
    for child in every:
        if isinstance(child, ast.Attribute) and isinstance(child.value, ast.Name) and child.value.id in aliases:
            found[aliases[child.value.id]].add(child.attr)
    return found


def _is_library(module: str) -> bool:
    top = module.split(".")[0]
    if top in sys.stdlib_module_names or top in LIBRARIES or top in ELSEWHERE or top == "autograder":
        return True
    try:
        found = importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False
    # The answers lie on this machine, too; a submission's module of such a name is its own.
    return found and top not in ("reference", "student_template", "fixtures", "tests", "benchmarks")


def _meant(
    module: str, names: set[str], left: Sequence[str], defined: Mapping[str, Collection[str]], alone: bool
) -> str | None:
    """The file that a notebook means by a module's name: one called alike, or else the one that holds what is taken."""
    last = module.split(".")[-1][:_LONGEST_NAME]
    alike = [file for file in left if plain_stem(file) == plain_stem(last)]
    alike = alike or [file for file in left if plain_stem(last) and plain_stem(file).startswith(plain_stem(last))]
    holding = [file for file in left if names and names <= set(defined[file])]
    chosen = [file for file in alike if file in holding] or alike or holding
    if not chosen and alone and len(left) == 1:
        chosen = list(left)
    if not chosen:
        return None

    def likeness(file: str) -> float:
        return difflib.SequenceMatcher(None, plain_stem(file), plain_stem(last)).ratio()

    return max(sorted(chosen), key=likeness)


def _defined(text: str) -> set[str]:
    found: set[str] = set()
    for node in body_of(text):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
    return found
