"""Which definition plays which role, whatever its author called it.

By exact name first, then by known aliases, then by words in the name, then by what the code does. Within one of these
the last definition wins, as it would in the notebook. What is a mere skeleton is told apart from what is not there.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

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
    Role.LOAD: "load_data load_images load_dataset load_folder load_photos load_shoes read_data read_images read_folder "
    "get_data get_images get_dataset prepare_data organize_data process_data create_data create_dataset make_data "
    "build_dataset build_data images_to_array load",
    Role.SAME: "same_pair same_pairs generate_same_pairs gen_same_pair generate_positive generate_positives "
    "positive_pairs make_positive make_positives make_same make_same_pairs create_same_pair get_same_pair gen_same",
    Role.DIFFERENT: "different_pair different_pairs generate_different_pairs gen_different_pair generate_negative "
    "generate_negatives negative_pairs make_negative make_negatives make_different make_different_pairs "
    "create_different_pair get_different_pair gen_different generate_diff_pair gen_diff",
    Role.CNN: "cnn cnn_model cnn_net cnn1 conv_net my_cnn simple_cnn basic_cnn cnn_a cnn_basic convnet base_cnn net",
    Role.CHANNEL: "cnn_channel channel_cnn cnn_channels cnn_channel_model channel_net cnn_c my_cnn_channel channel_model",
    Role.ACCURACY: "accuracy accuracies get_accuracies calc_accuracy compute_accuracy calculate_accuracy "
    "estimate_accuracy evaluate evaluate_model evaluate_accuracy eval_model model_accuracy test_accuracy get_acc "
    "calc_acc check_accuracy measure_accuracy",
    Role.TRAIN: "train_model run_pytorch_gradient_descent fit train_network train_net train_cnn training run_training "
    "training_loop train_loop fit_model learn do_train gradient_descent run_gradient_descent",
    Role.TRAIN_DATA: "train train_set training_data train_arr train_array train_images train_x x_train training_set "
    "train_triplets data_train train_imgs train_np trn",
    Role.VALID_DATA: "valid val validation_data val_data valid_set val_set validation_set validation valid_arr val_arr "
    "valid_images val_images x_valid x_val valid_triplets data_val data_valid valid_array val_imgs",
    Role.TEST_W: "test_w_data test_women test_women_data women_test women_test_data test_data_w w_test test_set_w "
    "test_female test_womens womens_test data_test_w x_test_w testing_w test_w_set",
    Role.TEST_M: "test_m_data test_men test_men_data men_test men_test_data test_data_m m_test test_set_m test_male "
    "test_mens mens_test data_test_m x_test_m testing_m test_m_set",
}
# Words that make a name something about the data rather than the data.
_ABOUT = frozenset(
    "path paths dir dirs folder folders file files filename filenames loader loaders acc accs accuracy accuracies loss "
    "losses label labels pos neg positive negative same diff different idx idxs index indices ids id size sizes len "
    "length curve curves num n count pairs pair y time epoch epochs names name list glob students student ds dataset "
    "tensor split ratio mask transform history pred preds model cost error iter iters url zip small tiny mini subset "
    "sanity overfit fraction percent best shape fn func function".split()
)


@dataclass(frozen=True)
class Candidate:
    """A name that may play a role. position: of its last definition among the statements; how: why it was taken."""

    role: Role
    name: str
    position: int
    cell: int
    how: str
    skeleton: bool = False


def plain(name: str) -> str:
    """A name without case and underscores."""
    return name.replace("_", "").lower()


def words(name: str) -> list[str]:
    """The words of a name: `testW_data` gives test, w, data."""
    return [w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


_PLAIN_ALIASES = {role: {plain(alias) for alias in names.split()} for role, names in ALIASES.items()}


def find_roles(dependencies: Dependencies) -> dict[Role, tuple[Candidate, ...]]:
    """For every role its candidates, the most likely one first."""
    definitions = _definitions(dependencies)
    found: dict[Role, tuple[Candidate, ...]] = {}
    for role in Role:
        ranked = []
        for name, (position, node) in definitions.items():
            rank, how = _rank(role, name, node, definitions)
            if how:
                cell = dependencies.statements[position].cell
                skeleton = is_skeleton(node)
                # A skeleton that is left over, under a name of the handout, must not hide the work done elsewhere.
                candidate = Candidate(role, name, position, cell, how, skeleton)
                ranked.append(((skeleton, rank, -position), candidate))
        found[role] = tuple(candidate for _, candidate in sorted(ranked, key=lambda pair: pair[0]))
    return _one_role_each(found)


def _definitions(dependencies: Dependencies) -> dict[str, tuple[int, ast.stmt]]:
    """Every name bound at top level with its last definition that is more than a call of itself."""
    definitions: dict[str, tuple[int, ast.stmt]] = {}
    for position, (statement, effects) in enumerate(
        zip(dependencies.statements, dependencies.effects, strict=True)
    ):
        for name in effects.binds | effects.may_bind:
            definitions[name] = (position, statement.node)
        for site in effects.calls:
            # `load()` with `global train_data` inside binds that name as well.
            for name in dependencies._mutated_through(site):
                definitions.setdefault(name, (position, statement.node))
    return definitions


def _rank(
    role: Role, name: str, node: ast.stmt, definitions: dict[str, tuple[int, ast.stmt]]
) -> tuple[int, str]:
    """How likely a name plays a role (0 is likeliest) and why; "" where it does not."""
    fits = _FITS[role]
    if not fits(node, definitions):
        return 0, ""
    if name == role.value:
        return 0, "its name"
    if plain(name) == plain(role.value):
        return 1, "its name"
    if plain(name) in _PLAIN_ALIASES[role]:
        return 2, "a usual name"
    if _NAMED[role](name, words(name)):
        return 3, "words in its name"
    if _DOES[role](node, definitions):
        return 4, "what its code does"
    return 0, ""


def _one_role_each(found: dict[Role, tuple[Candidate, ...]]) -> dict[Role, tuple[Candidate, ...]]:
    """Take names out of roles in which they only might be where another role has them for sure."""
    strength = {"its name": 0, "a usual name": 1, "words in its name": 2, "what its code does": 3}
    best: dict[str, int] = {}
    for candidates in found.values():
        for candidate in candidates:
            best[candidate.name] = min(best.get(candidate.name, 9), strength[candidate.how])
    return {
        role: tuple(c for c in candidates if strength[c.how] == best[c.name]) for role, candidates in found.items()
    }


# What kind of definition can play a role at all


def _is_callable(node: ast.stmt, definitions: dict[str, tuple[int, ast.stmt]]) -> bool:
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


def _is_model(node: ast.stmt, definitions: dict[str, tuple[int, ast.stmt]]) -> bool:
    if isinstance(node, ast.ClassDef):
        return _is_module_class(node, definitions)
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] not in ("torch", "torchvision", "numpy", "matplotlib", "sklearn")
    if isinstance(node, ast.FunctionDef):
        builds = any(_called(call) == "Sequential" for call in _calls(node))
        returns_model = any(
            isinstance(c, ast.Return) and c.value is not None and _names_model(c.value, definitions)
            for c in ast.walk(node)
        )
        return builds or returns_model or (bool(_first_convolution(node)) and not _trains(node, definitions))
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        return bool(_convolutions(node.value)) or _names_model_class(node.value, definitions)
    return False


def _names_model(value: ast.expr, definitions: dict[str, tuple[int, ast.stmt]]) -> bool:
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name) or value.func.id not in definitions:
        return False
    node = definitions[value.func.id][1]
    return isinstance(node, ast.ClassDef) and _is_module_class(node, definitions)


def _names_model_class(value: ast.expr, definitions: dict[str, tuple[int, ast.stmt]]) -> bool:
    """`CNN = Net`, or `CNN = partial(Net, channels=3)`."""
    names = [value] if isinstance(value, ast.Name) else []
    if isinstance(value, ast.Call) and _called(value) == "partial":
        names = [argument for argument in value.args[:1] if isinstance(argument, ast.Name)]
    if isinstance(value, ast.Lambda):
        return _names_model(value.body, definitions)
    for name in names:
        node = definitions.get(name.id, (0, None))[1]
        if isinstance(node, ast.ClassDef) and _is_module_class(node, definitions):
            return True
    return False


def _is_module_class(node: ast.ClassDef, definitions: dict[str, tuple[int, ast.stmt]], depth: int = 0) -> bool:
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


def _is_value(node: ast.stmt, definitions: dict[str, tuple[int, ast.stmt]]) -> bool:
    return not isinstance(
        node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import
    ) and not _is_callable_value(node)


def _is_callable_value(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)


_FITS: dict[Role, Callable[[ast.stmt, dict[str, tuple[int, ast.stmt]]], bool]] = {
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
    {"different", "diff", "negative", "negatives", "neg", "wrong", "mismatch", "unmatched", "false", "differ"}
)


def _array_named(parts: list[str], kinds: frozenset[str]) -> bool:
    return bool(kinds & set(parts)) and not _ABOUT & set(parts)


def _test_named(parts: list[str], who: frozenset[str]) -> bool:
    return bool(who & set(parts)) and not _ABOUT & set(parts) and not {"train", "valid", "val"} & set(parts)


_WOMEN = frozenset({"w", "women", "womens", "woman", "female", "females", "ladies"})
_MEN = frozenset({"m", "men", "mens", "man", "male", "males"})

_NAMED: dict[Role, Callable[[str, list[str]], bool]] = {
    Role.LOAD: lambda name, parts: bool({"load", "read", "organize", "organized", "import"} & set(parts)),
    Role.SAME: lambda name, parts: _about_pairs(name, parts, _SAME_WORDS),
    Role.DIFFERENT: lambda name, parts: _about_pairs(name, parts, _DIFFERENT_WORDS),
    Role.CNN: lambda name, parts: "channel" not in plain(name) and plain(name).startswith("cnn"),
    Role.CHANNEL: lambda name, parts: "channel" in plain(name),
    Role.ACCURACY: lambda name, parts: bool({"accuracy", "acc", "accuracies"} & set(parts))
    and not {"plot", "print", "show", "curve"} & set(parts),
    Role.TRAIN: lambda name, parts: False,  # "train" is in the names of too many things that do not train
    Role.TRAIN_DATA: lambda name, parts: _array_named(parts, frozenset({"train", "training"})),
    Role.VALID_DATA: lambda name, parts: _array_named(parts, frozenset({"valid", "validation", "val"})),
    Role.TEST_W: lambda name, parts: _test_named(parts, _WOMEN) and ("test" in parts or not _WOMEN.isdisjoint(parts[1:])),
    Role.TEST_M: lambda name, parts: _test_named(parts, _MEN) and ("test" in parts or not _MEN.isdisjoint(parts[1:])),
}

# What the code does


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (child for child in ast.walk(node) if isinstance(child, ast.Call))


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _convolutions(node: ast.AST) -> list[ast.Call]:
    found = [call for call in _calls(node) if _called(call) in ("Conv2d", "LazyConv2d", "conv2d")]
    return sorted(found, key=lambda call: (call.lineno, call.col_offset))


def _first_convolution(node: ast.AST) -> ast.Call | None:
    convolutions = _convolutions(node)
    return convolutions[0] if convolutions else None


def _channels_in(node: ast.AST) -> int | None:
    call = _first_convolution(node)
    if call is None:
        return None
    for keyword in call.keywords:
        if keyword.arg == "in_channels" and isinstance(keyword.value, ast.Constant):
            return keyword.value.value if isinstance(keyword.value.value, int) else None
    if call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, int):
        return call.args[0].value
    return None


def _takes_six_channels(node: ast.stmt, definitions: dict[str, tuple[int, ast.stmt]]) -> bool:
    channels = _channels_in(node)
    if channels is not None:
        return channels == 6
    joins = any(_called(call) in ("cat", "concat", "concatenate") for call in _calls(node))
    return joins or any(isinstance(child, ast.Constant) and child.value == 6 for child in ast.walk(node))


def _takes_three_channels(node: ast.stmt, definitions: dict[str, tuple[int, ast.stmt]]) -> bool:
    channels = _channels_in(node)
    if channels is not None:
        return channels == 3
    return bool(_convolutions(node)) and not _takes_six_channels(node, definitions)


def _trains(node: ast.stmt, definitions: dict[str, tuple[int, ast.stmt]]) -> bool:
    called = {_called(call) for call in _calls(node)}
    return isinstance(node, ast.FunctionDef) and {"backward", "step"} <= called


def _measures(node: ast.stmt, definitions: dict[str, tuple[int, ast.stmt]]) -> bool:
    if not isinstance(node, ast.FunctionDef) or len(node.args.args) < 2 or _trains(node, definitions):
        return False
    first = node.args.args[0].arg
    called = [_called(call) for call in _calls(node)]
    return first in called and bool({"max", "argmax", "topk"} & set(called))


def _loads(node: ast.stmt, definitions: dict[str, tuple[int, ast.stmt]]) -> bool:
    called = {_called(call) for call in _calls(node)}
    return isinstance(node, ast.FunctionDef) and bool({"imread", "glob", "listdir", "iterdir"} & called)


def _never(node: ast.stmt, definitions: dict[str, tuple[int, ast.stmt]]) -> bool:
    return False


_DOES: dict[Role, Callable[[ast.stmt, dict[str, tuple[int, ast.stmt]]], bool]] = {
    Role.LOAD: _loads,
    Role.SAME: _never,
    Role.DIFFERENT: _never,
    Role.CNN: _takes_three_channels,
    Role.CHANNEL: _takes_six_channels,
    Role.ACCURACY: _measures,
    Role.TRAIN: _trains,
    **dict.fromkeys(ARRAYS, _never),
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
        return node.value is None or _is_gap(node.value)
    return False


def _inherits_work(node: ast.ClassDef) -> bool:
    names = [base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases]
    return any(name not in ("Module", "object", "") for name in names)


def _only_calls_super(method: ast.FunctionDef) -> bool:
    body = [child for child in method.body if not _is_text(child) and not _does_nothing(child)]
    return all(isinstance(c, ast.Expr) and "super" in ast.dump(c) for c in body)


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
