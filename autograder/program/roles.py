"""Which definition plays which role, whatever its author called it.

By exact name first, then by known aliases, then by words in the name, then by what the code does. Within one of these
the last definition wins, as it would in the notebook. What is a mere skeleton is told apart from what is not there.
"""

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from autograder.program.bindings import effects_of
from autograder.program.slicing import Dependencies


class Role(StrEnum):
    """The seven functions and four arrays of the assignment, by the names of the handout."""

    LOAD = "get_organized_data"
    SAME = "generate_same_pair"
    DIFFERENT = "generate_different_pair"
    CNN = "CNN"
    CHANNEL = "CNNChannel"
    ACCURACY = "get_accuracy"
    TRAIN = "train"
    TRAIN_DATA = "train_data"
    VALID_DATA = "valid_data"
    TEST_W = "test_w"
    TEST_M = "test_m"


FUNCTIONS = (Role.LOAD, Role.SAME, Role.DIFFERENT, Role.CNN, Role.CHANNEL, Role.ACCURACY, Role.TRAIN)
MODELS = (Role.CNN, Role.CHANNEL)
ARRAYS = (Role.TRAIN_DATA, Role.VALID_DATA, Role.TEST_W, Role.TEST_M)

ALIASES: dict[Role, str] = {
    Role.LOAD: """
        load_data load_images load_dataset load_folder load_photos load_shoes read_data read_images read_folder
        get_data get_images get_dataset prepare_data organize_data process_data create_data create_dataset
        make_data build_dataset build_data images_to_array load""",
    Role.SAME: """
        same_pair same_pairs generate_same_pairs gen_same_pair generate_positive generate_positives positive_pairs
        make_positive make_positives make_same make_same_pairs create_same_pair get_same_pair gen_same""",
    Role.DIFFERENT: """
        different_pair different_pairs generate_different_pairs gen_different_pair generate_negative
        generate_negatives negative_pairs make_negative make_negatives make_different make_different_pairs
        create_different_pair get_different_pair gen_different generate_diff_pair gen_diff""",
    Role.CNN: """
        cnn cnn_model cnn_net cnn1 conv_net my_cnn simple_cnn basic_cnn cnn_a cnn_basic convnet base_cnn net""",
    Role.CHANNEL: """
        cnn_channel channel_cnn cnn_channels cnn_channel_model channel_net cnn_c my_cnn_channel channel_model""",
    Role.ACCURACY: """
        accuracy accuracies get_accuracies calc_accuracy compute_accuracy calculate_accuracy estimate_accuracy
        evaluate evaluate_model evaluate_accuracy eval_model model_accuracy test_accuracy get_acc calc_acc
        check_accuracy measure_accuracy""",
    Role.TRAIN: """
        train_model run_pytorch_gradient_descent fit train_network train_net train_cnn training run_training
        training_loop train_loop fit_model learn do_train gradient_descent run_gradient_descent""",
    Role.TRAIN_DATA: """
        train train_set tr training_data train_arr train_array train_images train_x x_train training_set
        train_triplets data_train train_imgs train_np trn""",
    Role.VALID_DATA: """
        valid val va validation_data val_data valid_set val_set validation_set validation valid_arr val_arr
        valid_images val_images x_valid x_val valid_triplets data_val data_valid valid_array val_imgs""",
    Role.TEST_W: """
        test_w_data women tw test_women test_women_data women_test women_test_data test_data_w w_test test_set_w
        test_female test_womens womens_test data_test_w x_test_w testing_w test_w_set""",
    Role.TEST_M: """
        test_m_data men tm test_men test_men_data men_test men_test_data test_data_m m_test test_set_m test_male
        test_mens mens_test data_test_m x_test_m testing_m test_m_set""",
}
# Words that make a name something about the data rather than the data.
_ABOUT = frozenset(
    "path paths dir dirs folder folders file files filename filenames loader loaders acc accs accuracy "
    "accuracies loss losses label labels pos neg positive negative same diff different idx idxs index indices "
    "ids id size sizes len length curve curves num n count pairs pair y time epoch epochs names name list glob "
    "students student ds dataset tensor split ratio mask transform history pred preds model cost error iter "
    "iters url zip small tiny mini subset sanity overfit fraction percent best shape fn func function".split()
)


@dataclass(frozen=True)
class Candidate:
    """A definition that may play a role.

    position: of the definition among the statements; end: where the name is bound again, to something else, None
    where it never is; how: why it was taken.
    """

    role: Role
    name: str
    position: int
    cell: int
    how: str
    skeleton: bool = False
    end: int | None = None


def plain(name: str) -> str:
    """A name without case and underscores."""
    return name.replace("_", "").lower()


def words(name: str) -> list[str]:
    """The words of a name: `testW_data` gives test, w, data."""
    return [w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


_PLAIN_ALIASES = {role: {plain(alias) for alias in names.split()} for role, names in ALIASES.items()}


Definitions = dict[str, tuple[int, ast.stmt]]


def find_roles(
    dependencies: Dependencies, modules: Mapping[str, Definitions] | None = None
) -> dict[Role, tuple[Candidate, ...]]:
    """For every role its candidates, the most likely one first.

    Args: modules: what the Python files beside the notebook define, by module name.
    """
    every = _every_definition(dependencies, modules or {})
    last: Definitions = {name: found[-1] for name, found in every.items()}
    handed_over = _handed_to_training(dependencies, last)
    found: dict[Role, tuple[Candidate, ...]] = {}
    for role in Role:
        ranked = []
        for name, definitions in every.items():
            for place, (position, node) in enumerate(definitions):
                rank, how = _rank(role, name, node, last, handed_over)
                if not how or (role in ARRAYS and dependencies.trains(position)):
                    continue
                end = definitions[place + 1][0] if place + 1 < len(definitions) else None
                skeleton = is_skeleton(node)
                candidate = Candidate(role, name, position, dependencies.statements[position].cell, how, skeleton, end)
                # A skeleton that is left over, under a name of the handout, must not hide the work done elsewhere; nor
                # must `train_data = train_data[:5]`, the few triplets of a sanity check, or `cnn = CNN()`, a model that
                # somebody may have trained.
                later = is_small_part_of_itself(node, name) or (role in MODELS and _is_instance(node))
                ranked.append(((skeleton, later, rank, -position), candidate))
        found[role] = tuple(candidate for _, candidate in sorted(ranked, key=lambda pair: pair[0]))
    return _one_role_each(found)


def _every_definition(
    dependencies: Dependencies, modules: Mapping[str, Definitions]
) -> dict[str, list[tuple[int, ast.stmt]]]:
    """Every name bound at top level with all its definitions, in order; for an import from a file beside the
    notebook, what that file defines stands for it."""
    every: dict[str, list[tuple[int, ast.stmt]]] = {}
    for position, (statement, effects) in enumerate(zip(dependencies.statements, dependencies.effects, strict=True)):
        for name in effects.binds | effects.may_bind:
            node = _imported_definition(statement.node, name, modules) or statement.node
            every.setdefault(name, []).append((position, node))
        for site in effects.calls:
            # `load()` with `global train_data` inside binds that name as well.
            for name in dependencies.mutated_through(site):
                if name not in every:
                    every[name] = [(position, statement.node)]
    return every


def _imported_definition(node: ast.stmt, name: str, modules: Mapping[str, Definitions]) -> ast.stmt | None:
    if not isinstance(node, ast.ImportFrom) or node.module is None or node.module not in modules:
        return None
    original = next((alias.name for alias in node.names if (alias.asname or alias.name) == name), name)
    return modules[node.module].get(original, (0, None))[1]


def definitions_in(source: str) -> Definitions:
    """What a Python file defines at its top level; nothing where it does not parse."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: Definitions = {}
    for position, node in enumerate(body):
        for name in effects_of(node).binds:
            found[name] = (position, node)
    return found


def _handed_to_training(dependencies: Dependencies, definitions: Definitions) -> dict[str, Role]:
    """Names that the notebook passes to its training function as training or validation data."""
    handed: dict[str, Role] = {}
    trainers = {name: node for name, (_, node) in definitions.items() if _trains(node, definitions)}
    for statement in dependencies.statements:
        for call in _calls(statement.node):
            node = trainers.get(_called(call))
            if not isinstance(node, ast.FunctionDef):
                continue
            arguments = dict(zip((a.arg for a in node.args.args), call.args, strict=False))
            arguments |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
            for parameter, value in arguments.items():
                for role in (Role.TRAIN_DATA, Role.VALID_DATA):
                    if isinstance(value, ast.Name) and plain(parameter) in _PLAIN_ALIASES[role] | {plain(role)}:
                        handed[value.id] = role
    return handed


def _rank(
    role: Role, name: str, node: ast.stmt, definitions: Definitions, handed_over: Mapping[str, Role]
) -> tuple[int, str]:
    """How likely a name plays a role (0 is likeliest) and why; "" where it does not."""
    fits = _FITS[role]
    if not fits(node, definitions):
        return 0, ""
    if name == role.value:
        return 0, "its name"
    if plain(name) == plain(role.value):
        return 1, "its name"
    # Of several names that would do, the one that the notebook trains with is meant.
    if plain(name) in _PLAIN_ALIASES[role]:
        return 2 if handed_over.get(name) is role else 3, "a usual name"
    if _NAMED[role](name, words(name)):
        return 4 if handed_over.get(name) is role else 5, "words in its name"
    if handed_over.get(name) is role or _DOES[role](node, definitions):
        return 6, "what its code does"
    return 0, ""


def _one_role_each(found: dict[Role, tuple[Candidate, ...]]) -> dict[Role, tuple[Candidate, ...]]:
    """Take names out of roles in which they only might be where another role has them for sure."""
    strength = {"its name": 0, "a usual name": 1, "words in its name": 2, "what its code does": 3}
    best: dict[tuple[str, int], int] = {}
    for candidates in found.values():
        for candidate in candidates:
            key = candidate.name, candidate.position
            best[key] = min(best.get(key, 9), strength[candidate.how])
    return {
        role: tuple(c for c in candidates if strength[c.how] == best[c.name, c.position])
        for role, candidates in found.items()
    }


# What kind of definition can play a role at all


def _is_callable(node: ast.stmt, definitions: Definitions) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ImportFrom):
        return True
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        value = node.value
        if isinstance(value, ast.Lambda):
            return True
        if isinstance(value, ast.Call):
            called = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
            return called in ("partial", "wraps", "jit", "compile", "no_grad", "lru_cache", "vectorize")
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
        if _trains(node, definitions) or not node.body:
            return False
        returned = [c.value for c in ast.walk(node) if isinstance(c, ast.Return) and c.value is not None]
        builds = any(_called(call) == "Sequential" for call in _calls(node))
        return builds or bool(_convolutions(node)) or any(_makes_model(value, definitions) for value in returned)
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        return _makes_model(node.value, definitions)
    return False


def _is_instance(node: ast.stmt) -> bool:
    """Whether a statement makes one model, and not something that makes models."""
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _called(node.value) != "partial"


def _makes_model(value: ast.expr, definitions: Definitions, depth: int = 0) -> bool:
    """Whether an expression is a model, or makes one when it is called: `nn.Sequential(...)`, `Net`, `partial(Net)`,
    `lambda n: Net(6, n)`."""
    if depth > 6:
        return False
    if isinstance(value, ast.Lambda):
        return _makes_model(value.body, definitions, depth + 1)
    if isinstance(value, ast.Call) and _called(value) == "partial":
        return any(_makes_model(argument, definitions, depth + 1) for argument in value.args[:1])
    if isinstance(value, ast.Call) and (_called(value) == "Sequential" or _convolutions(value)):
        return True
    name = value.func if isinstance(value, ast.Call) else value
    node = definitions.get(name.id, (0, None))[1] if isinstance(name, ast.Name) else None
    if isinstance(node, ast.ClassDef):
        return _is_module_class(node, definitions)
    if isinstance(node, ast.FunctionDef):
        return not _trains(node, definitions) and any(_called(call) == "Sequential" for call in _calls(node))
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

# Words in names


def _about_pairs(name: str, parts: list[str], sign: frozenset[str]) -> bool:
    other = {"accuracy", "acc", "plot", "show", "count", "predict", "correct", "display", "print", "eval", "loss"}
    return any(part in sign for part in parts) and not other & set(parts)


_SAME_WORDS = frozenset({"same", "positive", "positives", "pos", "match", "matching", "true", "correct"})
_DIFFERENT_WORDS = frozenset(
    "different diff negative negatives neg wrong mismatch unmatched false differ jumble jumbled".split()
)


def _array_named(parts: list[str], kinds: frozenset[str]) -> bool:
    return bool(kinds & set(parts)) and not _ABOUT & set(parts)


def _test_named(parts: list[str], who: frozenset[str]) -> bool:
    return bool(who & set(parts)) and not _ABOUT & set(parts) and not {"train", "valid", "val"} & set(parts)


_WOMEN = frozenset({"w", "tw", "women", "womens", "woman", "female", "females", "ladies"})
_MEN = frozenset({"m", "tm", "men", "mens", "man", "male", "males"})

_NAMED: dict[Role, Callable[[str, list[str]], bool]] = {
    Role.LOAD: lambda name, parts: bool({"load", "read", "organize", "organized", "import"} & set(parts)),
    Role.SAME: lambda name, parts: _about_pairs(name, parts, _SAME_WORDS),
    Role.DIFFERENT: lambda name, parts: _about_pairs(name, parts, _DIFFERENT_WORDS),
    Role.CNN: lambda name, parts: "channel" not in plain(name) and plain(name).startswith("cnn"),
    Role.CHANNEL: lambda name, parts: "channel" in plain(name),
    Role.ACCURACY: lambda name, parts: (
        bool({"accuracy", "acc", "accuracies"} & set(parts)) and not {"plot", "print", "show", "curve"} & set(parts)
    ),
    Role.TRAIN: lambda name, parts: False,  # "train" is in the names of too many things that do not train
    Role.TRAIN_DATA: lambda name, parts: _array_named(parts, frozenset({"train", "training", "tr", "trn"})),
    Role.VALID_DATA: lambda name, parts: _array_named(parts, frozenset({"valid", "validation", "val", "va", "vld"})),
    Role.TEST_W: lambda name, parts: _test_named(parts, _WOMEN) and parts != ["w"],
    Role.TEST_M: lambda name, parts: _test_named(parts, _MEN) and parts != ["m"],
}

# What the code does


@lru_cache(maxsize=4096)
def _calls(node: ast.AST) -> tuple[ast.Call, ...]:
    return tuple(child for child in ast.walk(node) if isinstance(child, ast.Call))


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _convolutions(node: ast.AST) -> list[ast.Call]:
    found = [call for call in _calls(node) if _called(call) in ("Conv2d", "LazyConv2d", "conv2d")]
    return sorted(found, key=lambda call: (call.lineno, call.col_offset))


def _channels_in(node: ast.stmt, definitions: Definitions) -> int | None:
    """The channels that a network takes, where its first convolution says so with a number; the convolution may be in
    a block of the notebook's own, as in `block(6, n)`."""
    blocks = {name for name, (_, other) in definitions.items() if other is not node and _is_definition(other, "Conv2d")}
    for call in sorted(_calls(node), key=lambda call: (call.lineno, call.col_offset)):
        if _called(call) not in {"Conv2d", "LazyConv2d", *blocks}:
            continue
        named = [keyword.value for keyword in call.keywords if keyword.arg in ("in_channels", "channels_in", "cin")]
        for value in (*named, *call.args[:1]):
            if isinstance(value, ast.Constant) and isinstance(value.value, int):
                return value.value
        return None
    return None


def _is_definition(node: ast.stmt, called: str) -> bool:
    is_block = isinstance(node, ast.FunctionDef | ast.ClassDef)
    return is_block and any(_called(call) == called for call in _calls(node))


def _takes_six_channels(node: ast.stmt, definitions: Definitions) -> bool:
    channels = _channels_in(node, definitions)
    if channels is not None:
        return channels == 6
    joins = any(_called(call) in ("cat", "concat", "concatenate") for call in _calls(node))
    return joins or any(isinstance(child, ast.Constant) and child.value == 6 for child in ast.walk(node))


def _takes_three_channels(node: ast.stmt, definitions: Definitions) -> bool:
    channels = _channels_in(node, definitions)
    if channels is not None:
        return channels == 3
    return bool(_convolutions(node)) and not _takes_six_channels(node, definitions)


def _trains(node: ast.stmt, definitions: Definitions) -> bool:
    called = {_called(call) for call in _calls(node)}
    return isinstance(node, ast.FunctionDef) and {"backward", "step"} <= called


def _measures(node: ast.stmt, definitions: Definitions) -> bool:
    if not isinstance(node, ast.FunctionDef) or len(node.args.args) < 2 or _trains(node, definitions):
        return False
    first = node.args.args[0].arg
    called = [_called(call) for call in _calls(node)]
    return first in called and bool({"max", "argmax", "topk"} & set(called))


def _loads(node: ast.stmt, definitions: Definitions) -> bool:
    called = {_called(call) for call in _calls(node)}
    return isinstance(node, ast.FunctionDef) and bool({"imread", "glob", "listdir", "iterdir"} & called)


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
    Role.TRAIN: _trains,
    Role.TRAIN_DATA: _never,
    Role.VALID_DATA: _never,
    Role.TEST_W: lambda node, definitions: _names_folder(node, "testw"),
    Role.TEST_M: lambda node, definitions: _names_folder(node, "testm"),
}

# Skeletons


def is_skeleton(node: ast.stmt) -> bool:
    """Whether a definition is still to be written: nothing but a docstring, `pass`, `...` or an error that says so."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        body = [child for child in node.body if not _is_text(child)]
        return all(_does_nothing(child) for child in body) or _has_gaps(node)
    if isinstance(node, ast.ClassDef):
        methods = [child for child in node.body if isinstance(child, ast.FunctionDef)]
        forward = [method for method in methods if method.name == "forward"]
        if forward:
            return is_skeleton(forward[0]) or any(_has_gaps(method) for method in methods)
        own_work = [m for m in methods if not is_skeleton(m) and not _only_calls_super(m)]
        named = any(isinstance(c, ast.ClassDef) for c in node.body)
        return not own_work and not named and not _inherits_work(node)
    if isinstance(node, ast.Assign | ast.AnnAssign):
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        return all(value is None or _is_gap(value) for value in values)
    return False


def _inherits_work(node: ast.ClassDef) -> bool:
    names = [base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases]
    return any(name not in ("Module", "object", "") for name in names)


def _only_calls_super(method: ast.FunctionDef) -> bool:
    body = [child for child in method.body if not _is_text(child) and not _does_nothing(child)]
    return all(isinstance(c, ast.Expr) and "super" in ast.dump(c) for c in body)


def is_small_part_of_itself(node: ast.stmt, name: str) -> bool:
    """Whether a name is bound to its own first few rows, as `train_data = train_data[:5]` does."""
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Subscript) or len(node.targets) != 1:
        return False
    value = node.value
    if not isinstance(value.value, ast.Name) or value.value.id != name:
        return False
    first = value.slice.elts[0] if isinstance(value.slice, ast.Tuple) and value.slice.elts else value.slice
    upper = first.upper if isinstance(first, ast.Slice) else None
    return isinstance(upper, ast.Constant) and isinstance(upper.value, int) and 0 < upper.value <= 30


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_gap(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is Ellipsis


def _does_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Pass | ast.Raise | ast.Global):
        return not isinstance(node, ast.Raise) or "NotImplemented" in ast.dump(node)
    if isinstance(node, ast.Return):
        return node.value is None or isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _has_gaps(node: ast.AST) -> bool:
    """Whether `...` stands where a value should: anywhere but in an index such as `x[..., 0]`."""
    for child in ast.walk(node):
        values: list[ast.expr | None] = []
        if isinstance(child, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return):
            values = [child.value]
        elif isinstance(child, ast.Call):
            values = [*child.args, *(keyword.value for keyword in child.keywords)]
        elif isinstance(child, ast.For):
            values = [child.iter]
        elif isinstance(child, ast.BinOp):
            values = [child.left, child.right]
        if any(value is not None and _is_gap(value) for value in values):
            return True
    return False
