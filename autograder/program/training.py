"""Where a notebook trains: the function that does it, and the statements that call it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.program.behaviour import called, calls_in
from autograder.program.names import ARRAYS, MODELS, Role, words
from autograder.program.parameters import ExampleCall, example_calls
from autograder.program.roles import Candidate
from autograder.program.understanding import Understanding

# A call on no more students than this is one that tries to learn a few examples by heart.
FEW = 12
_MEMORISING = frozenset("sanity overfit overfitting memorise memorize memorising memorizing tiny few small".split())


@dataclass(frozen=True)
class TrainingCall:
    """A top-level statement that trains.

    position: among the statements; model: which of the two networks it trains, None where its text does not tell;
    few: whether it trains on a few students only; repeated: whether it stands in a loop; example: its arguments as far
    as the text shows them.
    """

    position: int
    cell: int
    model: Role | None
    few: bool
    repeated: bool
    example: ExampleCall | None


@dataclass(frozen=True)
class Trainer:
    """What trains. callable: whether it is a function that takes data and settings, so that it can be called with
    others; a class, or a loop outside of any function, can only be run where the notebook has it. method: of a class,
    the one that trains."""

    candidate: Candidate
    callable: bool
    method: str = ""

    def arrays(self, understanding: Understanding) -> dict[str, Role]:
        """The names under which a notebook may have its four arrays when it trains, and whose they are."""
        found: dict[str, Role] = {}
        for role in ARRAYS:
            for candidate in understanding.roles[role]:
                if candidate.name != self.candidate.name and candidate.how in ("its name", "a usual name"):
                    found.setdefault(candidate.name, role)
        return {name: role for name, role in understanding.array_names().items() if name != self.candidate.name} | found


def find_trainer(understanding: Understanding) -> Trainer | None:
    """What plays the role of `train`: a function; where only the code of an inner step gave it away, the function
    around it; else a class whose methods train, or a loop at the top level."""
    found = understanding.first(Role.TRAIN)
    if found is not None:
        by_code = found.how == "what its code does"
        return Trainer(_function_around(understanding, found) if by_code else found, True)
    dependencies = understanding.dependencies
    for position, statement in enumerate(dependencies.statements):
        node = statement.node
        method = _method_that_trains(node) if isinstance(node, ast.ClassDef) else ""
        if isinstance(node, ast.ClassDef) and method:
            candidate = Candidate(Role.TRAIN, node.name, position, statement.cell, "what its code does")
            return Trainer(candidate, False, method)
    for position in loops_at_top_level(understanding):
        cell = dependencies.statements[position].cell
        return Trainer(Candidate(Role.TRAIN, f"the loop in cell {cell}", position, cell, "what its code does"), False)
    return None


def _method_that_trains(node: ast.ClassDef) -> str:
    """The outermost method of a class that makes backward passes and steps, "" where none does."""
    methods = {
        child.name: {called(c) for c in calls_in(child)} for child in node.body if isinstance(child, ast.FunctionDef)
    }
    training = {name for name, calls in methods.items() if {"backward", "step"} <= calls}
    while True:
        around = {name for name, calls in methods.items() if calls & training} - training - {"__init__"}
        if not around:
            break
        training |= around
    outermost = [name for name in training if not any(name in methods[other] for other in training - {name})]
    return sorted(outermost, key=lambda name: (name not in ("fit", "train"), name))[0] if outermost else ""


def _function_around(understanding: Understanding, found: Candidate) -> Candidate:
    dependencies = understanding.dependencies
    seen = {found.name}
    while True:
        around = [
            (position, statement.node.name)
            for position, statement in enumerate(dependencies.statements)
            if isinstance(statement.node, ast.FunctionDef)
            and statement.node.name not in seen
            and len(statement.node.args.args) + len(statement.node.args.kwonlyargs) > 1
            and found.name in {site.function for site in dependencies.effects[position].calls_later}
        ]
        if not around:
            return found
        position, name = around[-1]
        seen.add(name)
        found = Candidate(Role.TRAIN, name, position, dependencies.statements[position].cell, "what its code does")


def training_calls(understanding: Understanding, function: Candidate) -> tuple[TrainingCall, ...]:
    """The statements that call a training function, themselves or through another function, in order."""
    dependencies = understanding.dependencies
    examples = {example.position: example for example in example_calls(dependencies, function.name)}
    found = []
    for position, statement in enumerate(dependencies.statements):
        node = statement.node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or not dependencies.trains(position):
            continue
        own = [call for call in calls_in(node) if called(call) == function.name]
        others = {called(call) for call in calls_in(node)} & dependencies.trainers - {function.name}
        if own and not others and all(_switches_mode(call) for call in own):
            continue
        found.append(
            TrainingCall(
                position,
                statement.cell,
                _model_of(understanding, node, position),
                _on_few(understanding, node, position),
                isinstance(node, ast.For | ast.While),
                examples.get(position),
            )
        )
    return tuple(found)


def places_for_weights(understanding: Understanding, function: Candidate) -> dict[str, bool]:
    """The parameters to which some call in the notebook gives the name of a file for the weights, and whether it is a
    path of pathlib's; a keyword counts whatever is called, since it may be handed on."""
    node = understanding.dependencies.statements[function.position].node
    names = [a.arg for a in (*node.args.posonlyargs, *node.args.args)] if isinstance(node, ast.FunctionDef) else []
    found: dict[str, bool] = {}
    for statement in understanding.dependencies.statements:
        for call in calls_in(statement.node):
            is_training = isinstance(call.func, ast.Name) and call.func.id == function.name
            given = [(name, value) for name, value in zip(names, call.args, strict=False) if is_training]
            given += [(k.arg, k.value) for k in call.keywords if k.arg and (is_training or _names_weights(k.value))]
            found |= {name: _is_path(value) for name, value in given if _is_text(value)}
    return found


def takes_further_settings(understanding: Understanding, function: Candidate) -> bool:
    """Whether a function takes arguments that it has no parameter for, to hand them on."""
    node = understanding.dependencies.statements[function.position].node
    return isinstance(node, ast.FunctionDef) and node.args.kwarg is not None


def _names_weights(value: ast.expr) -> bool:
    texts = [c.value for c in ast.walk(value) if isinstance(c, ast.Constant) and isinstance(c.value, str)]
    return any(text.strip().lower().endswith((".pt", ".pth", ".pk", ".pkl", ".ckpt", ".tar")) for text in texts)


def _is_path(value: ast.expr) -> bool:
    """`folder / "best.pk"`, `Path("best.pk")`."""
    return any(
        (isinstance(child, ast.BinOp) and isinstance(child.op, ast.Div))
        or (isinstance(child, ast.Call) and called(child) == "Path")
        for child in ast.walk(value)
    )


def _is_text(value: ast.expr) -> bool:
    """`"best.pk"`, `f"cnn{n}.pk"`, `root + "best.pk"`, `"cnn%d" % n`, `"cnn{}".format(n)`, `join(root, "best")`."""
    if isinstance(value, ast.BinOp):
        return _is_text(value.left) or _is_text(value.right)
    if isinstance(value, ast.Call):
        inner = [value.func.value] if isinstance(value.func, ast.Attribute) else []
        return any(_is_text(part) for part in (*inner, *value.args))
    return isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Constant) and isinstance(value.value, str))


def loops_at_top_level(understanding: Understanding) -> Iterator[int]:
    """Statements that make backward passes and steps without any function around them."""
    for position, statement in enumerate(understanding.dependencies.statements):
        called = {site.function for site in understanding.dependencies.effects[position].calls}
        if {"backward", "step"} <= called and isinstance(statement.node, ast.For | ast.While | ast.With):
            yield position


def _model_of(understanding: Understanding, node: ast.AST, position: int) -> Role | None:
    """Which network the arguments of a call speak of, directly or through the name of a variable."""
    classes = {c.name: role for role in MODELS for c in understanding.roles[role][:1]}
    mentioned = {classes[name] for name in _names_in(understanding, node, position) if name in classes}
    if len(mentioned) == 1:
        return mentioned.pop()
    return None


def _names_in(understanding: Understanding, node: ast.AST, position: int, depth: int = 0) -> set[str]:
    names = {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}
    if depth > 1:
        return names
    for name in list(names):
        for definition in understanding.dependencies.reaching(name, position)[:1]:
            made = understanding.dependencies.statements[definition].node
            if isinstance(made, ast.Assign):
                names |= _names_in(understanding, made.value, definition, depth + 1)
    return names


def _on_few(understanding: Understanding, node: ast.AST, position: int) -> bool:
    for call in calls_in(node):
        for value in (*call.args, *(keyword.value for keyword in call.keywords)):
            if _is_small_part(value):
                return True
            if not isinstance(value, ast.Name):
                continue
            if _MEMORISING & set(words(value.id)):
                return True
            for definition in understanding.dependencies.reaching(value.id, position)[:1]:
                made = understanding.dependencies.statements[definition].node
                if isinstance(made, ast.Assign) and _is_small_part(made.value):
                    return True
    return False


def _switches_mode(call: ast.Call) -> bool:
    """`net.train()` is no training, although a function may be called that, too."""
    return isinstance(call.func, ast.Attribute) and not call.args and not call.keywords


def _is_small_part(value: ast.expr) -> bool:
    """`train_data[:5]`, `train_data[0:5]`: a slice whose end is a small number."""
    if not isinstance(value, ast.Subscript):
        return False
    part = value.slice.elts[0] if isinstance(value.slice, ast.Tuple) and value.slice.elts else value.slice
    if not isinstance(part, ast.Slice) or not isinstance(part.upper, ast.Constant):
        return False
    return isinstance(part.upper.value, int) and 0 < part.upper.value <= FEW
