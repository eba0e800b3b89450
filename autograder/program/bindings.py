"""What a top-level statement binds, changes in place and reads.

Two moments of reading are told apart: *now*, when the statement itself runs, and *later*, when a function or class
that it defines is called. `def f(): return g()` needs `g` only by the time somebody calls `f`.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import replace

from autograder.program.effects import CallSite, Effects
from autograder.program.saved_files import saved_files
from autograder.program.vocabulary import (
    AMBIENT_CALLS,
    BARE_MUTATING_FUNCTIONS,
    LOOKING_METHODS,
    MUTATING_FUNCTIONS,
    MUTATING_METHODS,
    VIEW_FUNCTIONS,
    VIEW_METHODS,
)


def base_name(node: ast.AST) -> str | None:
    """The name whose object an expression such as `a[0].b.reshape(-1)` gives a part of."""
    while True:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in VIEW_METHODS:
            node = node.func.value
        elif isinstance(node, ast.Call) and node.args and _is_view_function(node.func):
            node = node.args[0]
        else:
            return None


def _is_view_function(function: ast.expr) -> bool:
    """`np.asarray` and its like."""
    return (
        isinstance(function, ast.Attribute)
        and function.attr in VIEW_FUNCTIONS
        and isinstance(function.value, ast.Name)
        and function.value.id in ("np", "numpy", "torch")
    )


def effects_of(statement: ast.stmt) -> Effects:
    """What a top-level statement does to names, taken by itself."""
    visitor = _Visitor()
    visitor.visit(statement)
    effects = visitor.effects
    effects.may_bind -= effects.binds
    effects.files = saved_files(statement)
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        effects.ambient = _is_ambient(statement.value)
    if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
        effects.ambient = effects.everywhere = True
    return effects


def _is_ambient(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in AMBIENT_CALLS:
        return True
    words = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    if name == "run_line_magic" and words[:1] == ["cd"]:
        return True
    return name in ("append", "insert") and ast.unparse(call.func).startswith("sys.path.")


class _Visitor(ast.NodeVisitor):
    """Collects the effects of one statement at the top level."""

    def __init__(self, nested: bool = False) -> None:
        self.effects = Effects()
        self._nested = nested
        self._conditional = 0
        self._hidden: list[set[str]] = []  # names of comprehensions, which are no globals
        self._loop_names: dict[str, set[str]] = {}

    # Names

    def visit_Name(self, node: ast.Name) -> None:
        if any(node.id in names for names in self._hidden):
            return
        if isinstance(node.ctx, ast.Load):
            # What this very statement has bound further up, as the body of a loop does, is no need from outside.
            if node.id not in self.effects.binds and node.id not in self.effects.may_bind:
                self.effects.reads.add(node.id)
        elif isinstance(node.ctx, ast.Store):
            self._bind(node.id)

    def _bind(self, name: str) -> None:
        (self.effects.may_bind if self._conditional else self.effects.binds).add(name)

    def _mutate(self, name: str | None) -> None:
        if name is None or any(name in names for names in self._hidden):
            return
        self.effects.mutates.add(name)
        self.effects.mutates |= self._loop_names.get(name, set())

    # Binding statements

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self._visit_target(target, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self._visit_target(node.target, node.value)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self._bind(node.target.id)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        name = base_name(node.target)
        if isinstance(node.target, ast.Name):
            self.effects.reads.add(node.target.id)
        else:
            self.visit(node.target)
            if name:
                self.effects.reads.add(name)
        # `x += 1` changes a list or an array in place, and binds a number anew; either way it reads x and writes it.
        self._mutate(name)

    def _visit_target(self, target: ast.expr, value: ast.expr | None) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            values = value.elts if isinstance(value, ast.Tuple | ast.List) else []
            paired = len(values) == len(target.elts) and not any(isinstance(v, ast.Starred) for v in values)
            for position, element in enumerate(target.elts):
                self._visit_target(element, values[position] if paired else value)
        elif isinstance(target, ast.Starred):
            self._visit_target(target.value, value)
        elif isinstance(target, ast.Name):
            self._bind(target.id)
            if value is not None:
                self._note_value(target.id, value)
        else:
            self.visit(target)
            self._mutate(base_name(target))

    def _note_value(self, name: str, value: ast.expr) -> None:
        source = base_name(value)
        if source is not None:
            self.effects.aliases.setdefault(name, set()).add(source)
        elif isinstance(value, ast.Tuple | ast.List | ast.Dict):
            names = {found for child in ast.iter_child_nodes(value) if (found := base_name(child))}
            if names:
                self.effects.aliases.setdefault(name, set()).update(names)
        if _is_plain(value):
            self.effects.plain_numbers.add(name)
        if isinstance(value, ast.Name):
            self.effects.carries.add(value.id)
        elif isinstance(value, ast.Call):
            # An instance brings its class's methods along, a partial or a decorated function what it wraps.
            for part in (value.func, *value.args):
                if isinstance(part, ast.Name):
                    self.effects.carries.add(part.id)
        elif isinstance(value, ast.Lambda):
            inner = function_effects(value)
            self.effects.parameters, self.effects.mutated_parameters = inner.parameters, inner.mutated_parameters

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if not isinstance(target, ast.Name):
                self.visit(target)
                self._mutate(base_name(target))

    def visit_Import(self, node: ast.Import) -> None:
        self.effects.imports = True
        for alias in node.names:
            self._bind(alias.asname or alias.name.split(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.effects.imports = True
        for alias in node.names:
            if alias.name == "*":
                self.effects.binds_anything = True
            else:
                self._bind(alias.asname or alias.name)

    # Loops and branches

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        sources = _data_names(node.iter)
        self._conditional += 1
        self._visit_target(node.target, None)
        for target in ast.walk(node.target):
            if isinstance(target, ast.Name):
                # What the loop hands out may be a view of what it runs over.
                self._loop_names[target.id] = self._loop_names.get(target.id, set()) | sources
        for child in (*node.body, *node.orelse):
            self.visit(child)
        self._conditional -= 1

    def _visit_branching(self, node: ast.AST) -> None:
        self._conditional += 1
        self.generic_visit(node)
        self._conditional -= 1

    visit_While = visit_If = visit_Try = visit_TryStar = visit_Match = _visit_branching  # noqa: N815

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.name:
            self._bind(node.name)
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self._bind(node.name)

    # Calls

    def visit_Expr(self, node: ast.Expr) -> None:
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(value, ast.Call):
            self._visit_call(value, dropped=True)
        else:
            self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        self._visit_call(node, dropped=False)

    def _visit_call(self, node: ast.Call, dropped: bool) -> None:
        hidden = {name for names in self._hidden for name in names}
        site = without_names(call_site(node, dropped), hidden)
        self.effects.calls.append(site)
        for name in mutated_by(site):
            self._mutate(name)
        for child in ast.iter_child_nodes(node):
            self.visit(child)

    # Scopes

    def _visit_comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        names: set[str] = set()
        for number, generator in enumerate(node.generators):
            if number == 0:
                self.visit(generator.iter)
                self._hidden.append(names)
            else:
                self.visit(generator.iter)
            names |= {child.id for child in ast.walk(generator.target) if isinstance(child, ast.Name)}
            for condition in generator.ifs:
                self.visit(condition)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.visit(part)
        self._hidden.pop()

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _visit_comprehension  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for default in (*node.args.defaults, *(d for d in node.args.kw_defaults if d)):
            self.visit(default)
        inner = function_effects(node)
        self._take_inner(inner)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
            self.effects.carries |= {n.id for n in ast.walk(decorator) if isinstance(n, ast.Name)}
        for default in (*node.args.defaults, *(d for d in node.args.kw_defaults if d)):
            self.visit(default)
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            if argument.annotation:
                self.visit(argument.annotation)
        if node.returns:
            self.visit(node.returns)
        self._bind(node.name)
        inner = function_effects(node)
        self._take_inner(inner)
        self.effects.parameters = inner.parameters
        self.effects.mutated_parameters = inner.mutated_parameters

    visit_FunctionDef = visit_AsyncFunctionDef = _visit_function  # noqa: N815

    def _take_inner(self, inner: Effects) -> None:
        hidden = {name for names in self._hidden for name in names}
        self.effects.reads_later |= inner.reads - hidden
        self.effects.writes_later |= inner.writes_later - hidden
        # Only a function at the top level can be called by what is looked at here with arguments of its own.
        own = set(inner.parameters) if self._nested else set()
        self.effects.calls_later += [without_names(site, own | hidden) for site in inner.calls]

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            self.visit(part)
            self.effects.carries |= {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}
        body = _Visitor(nested=True)
        for child in node.body:
            body.visit(child)
        own = body.effects.binds | body.effects.may_bind
        self.effects.reads |= body.effects.reads - own
        # Methods do not see the class's own names, so a method that reads `n` means the global one.
        self.effects.reads_later |= body.effects.reads_later
        self.effects.writes_later |= body.effects.writes_later
        self.effects.calls_later += body.effects.calls_later
        self.effects.mutates |= body.effects.mutates - own
        self._bind(node.name)


def _data_names(node: ast.expr) -> set[str]:
    """The names in an expression, less those that are only called, such as `zip` and `enumerate`."""
    called = {id(child.func) for child in ast.walk(node) if isinstance(child, ast.Call)}
    names = (child for child in ast.walk(node) if isinstance(child, ast.Name) and id(child) not in called)
    return {child.id for child in names}


def call_site(node: ast.Call, dropped: bool) -> CallSite:
    """A call as names show it."""
    function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return CallSite(
        function=function,
        base=base_name(node.func.value) if isinstance(node.func, ast.Attribute) else None,
        arguments=tuple(base_name(argument) for argument in node.args),
        keywords=tuple((keyword.arg or "", base_name(keyword.value)) for keyword in node.keywords),
        dropped=dropped,
    )


def without_names(site: CallSite, names: set[str]) -> CallSite:
    """A call as it looks from outside a scope that has these names for itself."""
    if not names:
        return site
    return replace(
        site,
        base="" if site.base in names else site.base,
        arguments=tuple(None if argument in names else argument for argument in site.arguments),
        keywords=tuple((keyword, None if name in names else name) for keyword, name in site.keywords),
    )


def mutated_by(site: CallSite) -> Iterator[str]:
    """Names that a call changes in place as far as its own name tells; what it calls is looked at elsewhere."""
    name = site.function
    # A bare `put(a, b)` is far likelier a function of the notebook's own than numpy's.
    known = site.base is not None or name in BARE_MUTATING_FUNCTIONS
    if name in MUTATING_FUNCTIONS and known and site.arguments:
        argument = site.arguments[0]
        if argument:
            yield argument
    trailing = name.endswith("_") and not name.endswith("__")
    if trailing:
        yield from (argument for argument in site.arguments[:1] if argument)
    for keyword, argument in site.keywords:
        if keyword == "out" and argument:
            yield argument
    if name.startswith("__"):
        return  # `CNN.__init__(self)` changes self, and not the class
    if site.base and (name in MUTATING_METHODS or trailing or (site.dropped and name not in LOOKING_METHODS)):
        yield site.base


def function_effects(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Effects:
    """What calling a function reads, writes and changes outside itself."""
    body: Iterable[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else node.body
    visitor = _Visitor(nested=True)
    for child in body:
        visitor.visit(child)
    inner = visitor.effects
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    parameters = [argument.arg for argument in (*named, arguments.vararg, arguments.kwarg) if argument]
    declared_global = {n for c in _own_nodes(body) if isinstance(c, ast.Global | ast.Nonlocal) for n in c.names}
    bound = inner.binds | inner.may_bind
    augmented = {
        c.target.id for c in _own_nodes(body) if isinstance(c, ast.AugAssign) and isinstance(c.target, ast.Name)
    }
    local = (bound | augmented | set(parameters)) - declared_global
    changed = _through_aliases(inner.mutates, inner.aliases)
    return Effects(
        reads=(inner.reads | inner.reads_later) - local,
        writes_later=((bound | augmented) & declared_global) | ((changed | inner.writes_later) - local),
        calls=[without_names(site, local - set(parameters)) for site in inner.calls + inner.calls_later],
        parameters=tuple(parameters),
        mutated_parameters=changed & set(parameters),
    )


def _through_aliases(names: set[str], aliases: dict[str, set[str]]) -> set[str]:
    """The names and all whose memory they may share."""
    found = set(names)
    waiting = list(names)
    while waiting:
        for other in aliases.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def _own_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes of a function's body that are not inside a function or class of their own."""
    for node in body:
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from _own_nodes(ast.iter_child_nodes(node))


def _is_plain(value: ast.expr) -> bool:
    """Whether an expression can only be a number, a text or a truth value."""
    if isinstance(value, ast.Constant | ast.JoinedStr | ast.Compare):
        return True
    if isinstance(value, ast.UnaryOp):
        return _is_plain(value.operand)
    if isinstance(value, ast.BinOp):
        return _is_plain(value.left) and _is_plain(value.right)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return value.func.id in ("len", "int", "float", "str", "bool", "round", "sum", "input")
    return False
