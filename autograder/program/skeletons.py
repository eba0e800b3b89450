"""Definitions that are still to be written, or that are no new work."""

import ast


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


def is_placeholder(node: ast.stmt) -> bool:
    """Whether a name is bound to nothing yet: `train_data = None`."""
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value in (None, ...)


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
