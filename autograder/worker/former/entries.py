"""The kinds of lines in the table of what is gone.

Places are written as `module:name`, such as `pandas:DataFrame.append`. An entry whose library still has the thing
changes nothing and says nothing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Note = Callable[[], None]
_SHORT = {"numpy": "np", "pandas": "pd", "matplotlib.pyplot": "plt", "torch.nn.functional": "F", "builtins": ""}


@dataclass(frozen=True)
class Gone:
    """A name that is there no more.

    means: the place of what it meant, or the thing itself; since: the version that was the first without it, or only
    the library where that is not known for certain; words: what it meant, where the place does not say it; name: how
    code writes it, where the place does not say it.
    """

    place: str
    means: Any
    since: str
    words: str = ""
    name: str = ""

    @property
    def remark(self) -> str:
        meant = self.words or (f"`{shown(self.means)}`" if isinstance(self.means, str) else "")
        return f"`{self.name or shown(self.place)}` {_gone(self.since)}" + (f"; it meant {meant}." if meant else ".")


@dataclass(frozen=True)
class Renamed:
    """An argument that has another name now, or none.

    new: "" where the argument is left out; value: makes the new value of the old one.
    """

    place: str
    old: str
    new: str
    since: str
    words: str = ""
    value: Callable[[Any], Any] = lambda value: value

    @property
    def remark(self) -> str:
        meant = self.words or (f"it meant `{self.new}=`" if self.new else "it is left out")
        return f"`{self.old}=` of `{shown(self.place)}` {_gone(self.since)}; {meant}."


@dataclass(frozen=True)
class Positional:
    """A function whose arguments could be given without their names. order: the names, in the order of then."""

    place: str
    order: str
    since: str

    @property
    def remark(self) -> str:
        first = self.order.split()[0]
        return f"`{shown(self.place)}` takes nothing after `{first}` without its name since {self.since}."


@dataclass(frozen=True)
class Changed:
    """A function or class that does something else now.

    means: makes of it, and of what notes that the old way was used, one that does what it did; where: the text that a
    program has to hold, for what is too costly to put in place for everybody.
    """

    place: str
    means: Callable[[Any, Note], Any]
    remark: str
    where: str = ""


Entry = Gone | Renamed | Positional | Changed


def shown(place: str) -> str:
    """A place as code writes it: `np.float` for `numpy:float`."""
    module, _, name = place.partition(":")
    text = ".".join(part for part in (_SHORT.get(module, module), name) if part)
    return re.sub(r"\.__init__$", "", text)


def _gone(since: str) -> str:
    return f"was removed in {since}" if re.search(r"\d$", since) else f"is gone from newer versions of {since}"
