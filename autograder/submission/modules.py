"""Files that a notebook imports: under which names, and which one it means where the names do not match.

Browsers, mail programs and course pages rename what is uploaded (`ML_DL_Functions3 (1).py`), while the notebook goes on
importing `ML_DL_Functions3`.
"""

import ast
import copy
import difflib
import importlib.util
import re
import shlex
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import PurePosixPath

from autograder.submission.module_names import ELSEWHERE, LIBRARIES, plain_stem
from autograder.submission.notebook import Statement, Unreadable, as_python, body_of, read_cells
from autograder.submission.python_text import MOST_LETTERS, Rewriter
from autograder.submission.shadows import Shadow, shadows, worth_telling

# A shell line such as `!python3 -u "prepare.py" data/`.
_SCRIPT_LINE = re.compile(r"\s*python[\d.]*(?:\s+-\w+)*\s+(\"[^\"]+\.py\"|'[^']+\.py'|\S+\.py)(.*)$")
_LONGEST_LINE = 1000  # of a shell line; and of names, as far as they are compared
_MOST_LOOKED_FOR = 100
_MOST_IMPORTED = 1000
_LOADING = ("spec_from_file_location", "SourceFileLoader", "load_source")


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
    for file in (file for statement in statements for file in _files_meant(statement.node)):
        wanted.setdefault(_identifier(file), set()).add("*")
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


def _files_meant(node: ast.stmt) -> list[str]:
    """The Python files that a statement loads, or runs, by their paths."""
    run = _file_run(node)
    scripts = [found[1].strip("\"'") for text in _texts_in(node) if (found := _script_line(text))]
    return [*_files_loaded(node), *scripts, *([run] if run is not None else [])]


def _script_line(text: str) -> re.Match[str] | None:
    return _SCRIPT_LINE.match(text) if len(text) <= _LONGEST_LINE else None


def _used_whole(statements: Sequence[Statement], files: Mapping[str, str]) -> frozenset[str]:
    """The modules that a notebook imports without taking names out of them, or loads by their file's path."""
    found: set[str] = set()
    for statement in statements:
        found |= {_identifier(file) for file in _files_loaded(statement.node)}
    for child in (child for statement in statements for child in ast.walk(statement.node)):
        if isinstance(child, ast.Import):
            found |= {alias.name for alias in child.names}
        elif isinstance(child, ast.Call) and _called(child) in ("import_module", "__import__"):
            found |= set(_texts_in(child))
    return frozenset(found & files.keys())


def _files_loaded(node: ast.AST) -> list[str]:
    """The Python files that a statement loads as modules by their paths."""
    calls = [c for c in ast.walk(node) if isinstance(c, ast.Call) and _called(c) in _LOADING]
    return [text for call in calls for text in _texts_in(call) if text.strip().endswith(".py")]


def _texts_in(node: ast.AST) -> list[str]:
    return [c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str)]


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
        elif isinstance(child, ast.Call) and _called(child) in ("import_module", "__import__") and child.args:
            name = child.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str) and name.value:
                found.setdefault(name.value, set())
    for child in every:
        if isinstance(child, ast.Attribute) and isinstance(child.value, ast.Name) and child.value.id in aliases:
            found[aliases[child.value.id]].add(child.attr)
    return found


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


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
    last = module.split(".")[-1][:_LONGEST_LINE]
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


def with_files_run(statements: Iterable[Statement], modules: Modules) -> tuple[Statement, ...]:
    """Statements in which running another file is plain Python, so that what comes of it is known like anything else.

    `%run helpers.py` and `exec(open("helpers.py").read())` import what the file defines; `!python prepare.py data` runs
    its code by itself.
    """
    made = []
    scripts = _Scripts(modules)
    for statement in statements:
        file = _file_run(statement.node)
        module = _identifier(file) if file is not None else ""
        if module in modules.sources:
            source = f"from {module} import *"
            statement = replace(statement, source=source + "\n", node=ast.parse(source).body[0])
        elif ".system(" in statement.source and (node := scripts.visit(copy.deepcopy(statement.node))):
            ast.fix_missing_locations(node)
            statement = replace(statement, source=ast.unparse(node) + "\n", node=node)
        made.append(statement)
    return tuple(made)


class _Scripts(ast.NodeTransformer):
    """Puts the code of a file in the place of a shell line that runs it."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._letters_left = MOST_LETTERS

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        texts = _texts_in(node)
        found = _script_line(texts[0]) if _called(node) == "system" and texts else None
        module = _identifier(found[1].strip("\"'")) if found else ""
        self._letters_left -= len(self._modules.sources.get(module, ""))
        if found is None or module not in self._modules.sources or self._letters_left < 0:
            return node
        try:
            words = shlex.split(found[2])
        except ValueError:
            words = found[2].split()
        text = f"import sys\nsys.argv = {[module + '.py', *words]!r}\n{self._modules.sources[module]}"
        return ast.parse(f"exec({text!r}, {{'__name__': '__main__'}})", mode="eval").body


def _identifier(file: str) -> str:
    """A name under which a file can be imported, whatever it is called."""
    return re.sub(r"\W|^(?=\d)", "_", PurePosixPath(file).name.removesuffix(".py").removesuffix(".ipynb"))


def _file_run(node: ast.stmt) -> str | None:
    """The file whose code a statement runs as if it stood there."""
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return None
    call = node.value
    texts = _texts_in(call)
    if _called(call) == "run_line_magic" and texts[:1] == ["run"] and len(texts) > 1:
        try:
            words = [word for word in shlex.split(texts[1]) if not word.startswith("-")]
        except ValueError:
            words = texts[1].split()
        return words[0] if words else None
    if _called(call) in ("exec", "run_path", "execfile"):
        return next((text for text in texts if text.strip().endswith((".py", ".ipynb"))), None)
    return None
