"""Text that should be Python, from strangers, read within bounds that nobody's own work comes near.

Python's parser takes what is nested a thousand levels deep, and whatever walks over the outcome then fails; IPython
reads a cell anew for each line in the notebook's own language that it rewrites. Both are bounded here.
"""

import ast
import warnings

from IPython.core.inputtransformer2 import TransformerManager

MOST_LETTERS = 400_000  # of one notebook, or of all files beside it
MOST_STATEMENTS = 2_000
# Walks over a tree take some six calls of functions a level, and Python allows a thousand.
DEEPEST = 100
_MOST_REWRITTEN = 2_000_000  # letters


class NotPython(Exception):
    """Why a text is no Python, or is not read as such."""


def parsed(text: str) -> ast.Module:
    """A Python text as a tree. Raises: NotPython."""
    if len(text) > MOST_LETTERS:
        raise NotPython(f"it has more than the {MOST_LETTERS} letters that are read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as problem:
        raise NotPython(f"{problem.msg} in line {problem.lineno}") from None
    except UnicodeEncodeError:
        raise NotPython("it holds half a character, a lone surrogate") from None
    except (RecursionError, MemoryError):
        raise NotPython(_TOO_DEEP) from None
    except ValueError as problem:
        raise NotPython(str(problem)) from None
    if _is_deep(tree):
        raise NotPython(_TOO_DEEP)
    return tree


_TOO_DEEP = f"it is nested more than {DEEPEST} levels deep"


def body_of(text: str) -> list[ast.stmt]:
    """The statements of a Python text; none where it is no Python."""
    try:
        return parsed(text).body
    except NotPython:
        return []


def _is_deep(tree: ast.AST) -> bool:
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST + 1):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return False
    return True


class Rewriter(TransformerManager):
    """Makes Python of the notebook's own language: `!ls`, `%matplotlib inline`, `np.mean?`.

    One rewriter is for one notebook: what it may rewrite in all is bounded.
    """

    def __init__(self) -> None:
        super().__init__()
        self._letters_left = _MOST_REWRITTEN

    def do_token_transforms(self, lines: list[str]) -> list[str]:
        """As IPython does it, one line after another. Raises: NotPython."""
        while True:
            self._letters_left -= sum(map(len, lines))
            if self._letters_left < 0:
                raise NotPython("it has more lines in the notebook's own language, such as `!ls`, than are read")
            changed, lines = self.do_one_token_transform(lines)
            if not changed:
                return lines

    def rewritten(self, source: str) -> str:
        """A cell's text as Python, with as many lines. Raises: NotPython."""
        try:
            return self.transform_cell(source)
        except SyntaxError as problem:
            raise NotPython(f"{problem.msg} in line {problem.lineno}") from None
        except (ValueError, RecursionError, MemoryError) as problem:
            raise NotPython(str(problem) or type(problem).__name__) from None
