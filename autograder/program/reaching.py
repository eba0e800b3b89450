"""What no solution needs: code that reaches for the process it runs in, and so for whoever watches it.

Layers and trainings are watched where torch does its work, in the submission's own process, and whoever writes Python
there could write what was seen, too. Such code cannot hide that it looks for frames, closures or loaded modules, or
that it exchanges what torch is made of. It proves nothing, so it costs nothing by itself: a person looks at it.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from autograder.submission.bundle import Bundle

# Attributes that lead from a program to what runs it. None of them is named in programs that learn from pictures.
_ATTRIBUTES = frozenset(
    """f_back f_locals f_globals f_builtins tb_frame gi_frame cr_frame ag_frame __closure__ cell_contents __globals__
    __subclasses__ get_objects get_referrers get_referents _getframe _current_frames settrace setprofile addaudithook
    currentframe __code__ __wrapped__ __builtins__ _getframemodulename""".split()
)
_OF_INSPECT = frozenset("stack trace currentframe getouterframes getinnerframes getclosurevars".split())
_MODULES = frozenset("autograder reference fixtures student_template ctypes cffi _ctypes _posixsubprocess".split())
# The process's own descriptors and memory.
_OF_OS = frozenset("write pwrite writev dup dup2 _exit abort".split())
_PROCESS = re.compile(r"/proc/(self|\d+|thread-self)|/dev/fd/")
# What torch, numpy and the pipe are made of. Settings and a wrapper around `np.load` are none of it.
_FOUNDATIONS = re.compile(
    r"(torch\.(nn|optim|autograd|overrides|Tensor|utils|fx|_C)\b|torch\.\w+$|F\.\w+$|nn\.\w+|json\.|safetensors"
    r"|socket\.|struct\.|hashlib\.|builtins\.|np\.testing|numpy\.testing|sys\.(stdout|stderr|modules)\.)"
)
_SETTINGS = re.compile(r"\.(backends|cuda|hub|random|manual_seed|set_\w+)\b|\.(training|requires_grad|data|grad)$")
_DECODING = frozenset("b64decode b32decode b16decode fromhex unhexlify decompress decode loads".split())
_EXECUTING = frozenset("exec eval compile __import__ import_module".split())
MOST = 5


@dataclass(frozen=True)
class Reach:
    """One place: where it is, and what it does, in words."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.what} ({self.place})"


def reaches(bundle: Bundle) -> tuple[Reach, ...]:
    """The first few places at which a submission reaches for the process it runs in; mostly none."""
    texts = [(f"cell {cell}", text) for cell, text in bundle.code.items()]
    texts += [(f"{name}.py", text) for name, text in bundle.modules.sources.items()]
    found: dict[str, Reach] = {}
    for place, text in texts:
        for what in _in_text(text):
            found.setdefault(what, Reach(place, what))
    return tuple(found.values())[:MOST]


def _in_text(text: str) -> Iterator[str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        yield from _in_node(node)


def _in_node(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        yield from _named(node.attr)
        if node.attr in _OF_OS and ast.unparse(node.value) == "os":
            yield f"os.{node.attr}"
        if node.attr in _OF_INSPECT and ast.unparse(node.value) == "inspect":
            yield f"inspect.{node.attr}"
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from _imported(node)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from _written(node.value)
    elif isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from _exchanged(targets)
    elif isinstance(node, ast.Call):
        yield from _called(node)
    elif isinstance(node, ast.For | ast.comprehension) and "sys.modules" in ast.unparse(node.iter):
        yield "a walk through all loaded modules"


def _named(attribute: str) -> Iterator[str]:
    if attribute in _ATTRIBUTES:
        yield f"`{attribute}`"


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    for name in names:
        # Students check themselves by `import autograder`.
        if name.split(".")[0] in _MODULES and (name != "autograder" or isinstance(node, ast.ImportFrom)):
            yield f"an import of {name}"
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield from _named(alias.name)
            if (node.module == "inspect" and alias.name in _OF_INSPECT) or (
                node.module == "os" and alias.name in _OF_OS
            ):
                yield f"{node.module}.{alias.name}"


def _written(text: str) -> Iterator[str]:
    if text in _ATTRIBUTES:
        yield f"`{text}` as text"
    if _PROCESS.search(text) and len(text) < 200:
        yield "the process's own files in /proc"
    if re.match(r"autograder\.\w", text):
        yield f"`{text[:60]}` as text"


def _exchanged(targets: Iterable[ast.expr]) -> Iterator[str]:
    for target in targets:
        for part in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
            if isinstance(part, ast.Attribute):
                yield from _foundation(ast.unparse(part))


def _foundation(name: str) -> Iterator[str]:
    if _FOUNDATIONS.match(name) and not _SETTINGS.search(name):
        yield f"`{name[:80]}` exchanged for something else"


def _called(node: ast.Call) -> Iterator[str]:
    function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if function in ("setattr", "delattr") and len(node.args) >= 2:
        name = node.args[1].value if isinstance(node.args[1], ast.Constant) else "anything"
        yield from _foundation(f"{ast.unparse(node.args[0])}.{name!s}")
    if function == "getattr" and len(node.args) >= 2 and _is_computed(node.args[1]):
        yield "an attribute whose name is put together"
    if function in _EXECUTING and node.args and _is_decoded(node.args[0]):
        yield f"{function}() of text that is decoded"
    if function == "fromfd" or any(keyword.arg == "fileno" for keyword in node.keywords):
        yield "a connection made of a number"


def _is_computed(name: ast.expr) -> bool:
    """Whether a text is put together although each of its parts stands there."""
    parts = list(ast.walk(name))
    joined = any(isinstance(p, ast.BinOp | ast.Slice) or getattr(p, "attr", "") in ("join", "replace") for p in parts)
    return joined and not any(isinstance(p, ast.Name) and p.id not in ("chr", "str") for p in parts)


def _is_decoded(text: ast.expr) -> bool:
    parts = list(ast.walk(text))
    names = {part.id for part in parts if isinstance(part, ast.Name)}
    return "chr" in names or any(isinstance(part, ast.Attribute) and part.attr in _DECODING for part in parts)
