"""What a definition is and what its code does, as far as its text tells: a network, a loader, a training loop."""

import ast
from collections.abc import Callable
from functools import lru_cache

from autograder.program.names import ARRAYS, FUNCTIONS, MODELS, Role, plain

# What a name stands for at last: the position of the statement that binds it, and the statement.
Definitions = dict[str, tuple[int, ast.stmt]]


def fits(role: Role, node: ast.stmt, definitions: Definitions) -> bool:
    """Whether a definition is of a kind that can play a role at all: a function, a network, a value."""
    return _FITS[role](node, definitions)


def does(role: Role, node: ast.stmt, definitions: Definitions) -> bool:
    """Whether the code itself tells the role."""
    return _DOES[role](node, definitions)


def _is_callable(node: ast.stmt, definitions: Definitions) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ImportFrom):
        return True
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        value = node.value
        if isinstance(value, ast.Lambda):
            return True
        if isinstance(value, ast.Call):
            return called(value) in ("partial", "wraps", "jit", "compile", "no_grad", "lru_cache", "vectorize")
        if isinstance(value, ast.Name) and value.id in definitions:
            other = definitions[value.id][1]
            return other is not node and isinstance(other, ast.FunctionDef | ast.ImportFrom)
        return isinstance(value, ast.Attribute)
    return False


def _is_model(node: ast.stmt, definitions: Definitions) -> bool:
    if isinstance(node, ast.ClassDef):
        return _is_module_class(node, definitions)
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] not in ("torch", "torchvision", "numpy", "matplotlib", "sklearn")
    if isinstance(node, ast.FunctionDef):
        if trains(node, definitions) or not node.body:
            return False
        returned = [c.value for c in ast.walk(node) if isinstance(c, ast.Return) and c.value is not None]
        builds = any(called(call) == "Sequential" for call in calls_in(node))
        return builds or bool(_convolutions(node)) or any(_makes_model(value, definitions) for value in returned)
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        return _makes_model(node.value, definitions)
    return False


def is_instance(node: ast.stmt) -> bool:
    """Whether a statement makes one model, and not something that makes models."""
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and called(node.value) != "partial"


def _makes_model(value: ast.expr, definitions: Definitions, depth: int = 0) -> bool:
    """Whether an expression is a model, or makes one when it is called: `nn.Sequential(...)`, `Net`, `partial(Net)`,
    `lambda n: Net(6, n)`."""
    if depth > 6:
        return False
    if isinstance(value, ast.Lambda):
        return _makes_model(value.body, definitions, depth + 1)
    if isinstance(value, ast.Call) and called(value) == "partial":
        return any(_makes_model(argument, definitions, depth + 1) for argument in value.args[:1])
    if isinstance(value, ast.Call) and (called(value) == "Sequential" or _convolutions(value)):
        return True
    name = value.func if isinstance(value, ast.Call) else value
    node = definitions.get(name.id, (0, None))[1] if isinstance(name, ast.Name) else None
    if isinstance(node, ast.ClassDef):
        return _is_module_class(node, definitions)
    if isinstance(node, ast.FunctionDef):
        return not trains(node, definitions) and any(called(call) == "Sequential" for call in calls_in(node))
    return False


def _is_module_class(node: ast.ClassDef, definitions: Definitions, depth: int = 0) -> bool:
    if any(isinstance(child, ast.FunctionDef) and child.name == "forward" for child in node.body):
        return True
    for base in node.bases:
        name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
        if name in ("Module", "Sequential", "LightningModule"):
            return True
        other = definitions.get(name, (0, None))[1]
        if isinstance(other, ast.ClassDef) and other is not node and depth < 8:
            return _is_module_class(other, definitions, depth + 1)
    return False


def _is_value(node: ast.stmt, definitions: Definitions) -> bool:
    return not isinstance(
        node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import
    ) and not _is_callable_value(node)


def _is_callable_value(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)


_FITS: dict[Role, Callable[[ast.stmt, Definitions], bool]] = {
    **dict.fromkeys(FUNCTIONS, _is_callable),
    **dict.fromkeys(MODELS, _is_model),
    **dict.fromkeys(ARRAYS, _is_value),
}


@lru_cache(maxsize=4096)
def calls_in(node: ast.AST) -> tuple[ast.Call, ...]:
    return tuple(child for child in ast.walk(node) if isinstance(child, ast.Call))


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _convolutions(node: ast.AST) -> list[ast.Call]:
    found = [call for call in calls_in(node) if called(call) in ("Conv2d", "LazyConv2d", "conv2d")]
    return sorted(found, key=lambda call: (call.lineno, call.col_offset))


def _channels_in(node: ast.stmt, definitions: Definitions) -> int | None:
    """The channels that a network takes, where its first convolution says so with a number; the convolution may be in
    a block of the notebook's own, as in `block(6, n)`."""
    blocks = {name for name, (_, other) in definitions.items() if other is not node and _is_definition(other, "Conv2d")}
    for call in sorted(calls_in(node), key=lambda call: (call.lineno, call.col_offset)):
        if called(call) not in {"Conv2d", "LazyConv2d", *blocks}:
            continue
        named = [keyword.value for keyword in call.keywords if keyword.arg in ("in_channels", "channels_in", "cin")]
        for value in (*named, *call.args[:1]):
            if isinstance(value, ast.Constant) and isinstance(value.value, int):
                return value.value
        return None
    return None


def _is_definition(node: ast.stmt, function: str) -> bool:
    is_block = isinstance(node, ast.FunctionDef | ast.ClassDef)
    return is_block and any(called(call) == function for call in calls_in(node))


def _takes_six_channels(node: ast.stmt, definitions: Definitions) -> bool:
    channels = _channels_in(node, definitions)
    if channels is not None:
        return channels == 6
    joins = any(called(call) in ("cat", "concat", "concatenate") for call in calls_in(node))
    return joins or any(isinstance(child, ast.Constant) and child.value == 6 for child in ast.walk(node))


def _takes_three_channels(node: ast.stmt, definitions: Definitions) -> bool:
    channels = _channels_in(node, definitions)
    if channels is not None:
        return channels == 3
    return bool(_convolutions(node)) and not _takes_six_channels(node, definitions)


def trains(node: ast.stmt, definitions: Definitions) -> bool:
    names = {called(call) for call in calls_in(node)}
    return isinstance(node, ast.FunctionDef) and {"backward", "step"} <= names


def _measures(node: ast.stmt, definitions: Definitions) -> bool:
    if not isinstance(node, ast.FunctionDef) or len(node.args.args) < 2 or trains(node, definitions):
        return False
    first = node.args.args[0].arg
    names = [called(call) for call in calls_in(node)]
    return first in names and bool({"max", "argmax", "topk"} & set(names))


def _loads(node: ast.stmt, definitions: Definitions) -> bool:
    names = {called(call) for call in calls_in(node)}
    return isinstance(node, ast.FunctionDef) and bool({"imread", "glob", "listdir", "iterdir"} & names)


def _names_folder(node: ast.stmt, folder: str) -> bool:
    """Whether a value is made from a folder that the statement itself names, as in `load("data/test_w")`."""
    if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(
        node.value, ast.Call | ast.BinOp | ast.Subscript
    ):
        return False
    texts = [c.value for c in ast.walk(node.value) if isinstance(c, ast.Constant) and isinstance(c.value, str)]
    return any(folder in plain(text) for text in texts)


def _never(node: ast.stmt, definitions: Definitions) -> bool:
    return False


_DOES: dict[Role, Callable[[ast.stmt, Definitions], bool]] = {
    Role.LOAD: _loads,
    Role.SAME: _never,
    Role.DIFFERENT: _never,
    Role.CNN: _takes_three_channels,
    Role.CHANNEL: _takes_six_channels,
    Role.ACCURACY: _measures,
    Role.TRAIN: trains,
    Role.TRAIN_DATA: _never,
    Role.VALID_DATA: _never,
    Role.TEST_W: lambda node, definitions: _names_folder(node, "testw"),
    Role.TEST_M: lambda node, definitions: _names_folder(node, "testm"),
}
