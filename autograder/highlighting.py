"""Python as HTML, coloured by kind of word: on both sides of the boundary, so that it looks alike everywhere."""

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markupsafe import Markup


def highlighted(source: str, **of_a_cell: Any) -> "Markup":
    """Python as HTML, its words in spans whose classes begin with `py-`; all of it escaped."""
    from markupsafe import Markup
    from pygments import highlight

    return Markup(highlight(source.rstrip(), *_tools()).rstrip("\n"))


@cache
def _tools() -> tuple[Any, Any]:
    from pygments.filter import simplefilter
    from pygments.formatters.html import HtmlFormatter
    from pygments.lexers.python import PythonLexer
    from pygments.token import Name, Operator, Punctuation, Text

    # Most of a program is of kinds that have no colour, and needs no element around each word.
    plain = {Name, Name.Builtin.Pseudo, Operator, Punctuation, Text.Whitespace}

    @simplefilter
    def uncoloured(self: Any, lexer: Any, stream: Any, options: Any) -> Any:
        return ((Text if kind in plain else kind, word) for kind, word in stream)

    return PythonLexer(stripnl=False, ensurenl=False, filters=[uncoloured()]), HtmlFormatter(
        nowrap=True, classprefix="py-"
    )
