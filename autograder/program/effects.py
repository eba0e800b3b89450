"""What a top-level statement does to names, as plain data.

Two moments of reading are told apart: *now*, when the statement itself runs, and *later*, when a function or class
that it defines is called. `def f(): return g()` needs `g` only by the time somebody calls `f`.
"""

from dataclasses import dataclass, field

from autograder.program.saved_files import SavedFiles


@dataclass(frozen=True)
class CallSite:
    """A call as far as names show it: `function` (or `base.method`) with these names as arguments."""

    function: str
    base: str | None
    arguments: tuple[str | None, ...]
    keywords: tuple[tuple[str, str | None], ...]
    dropped: bool
    """Whether the value is dropped: the call stands alone, for its effect or for display."""


@dataclass
class Effects:
    """What a statement does to names.

    binds: surely bound; may_bind: bound on some paths, in a loop or a branch; mutates: changed in place; reads: when
    it runs; reads_later: when what it defines is called; writes_later: globals bound or changed then; parameters and
    mutated_parameters: of a function it defines; files: the files of arrays that it saves and loads, or that what it
    defines saves and loads when it is called; aliases: new name to the names whose memory it may share;
    carries: names whose own later reads come along with what is bound here (an alias, an instance, a partial).
    """

    binds: set[str] = field(default_factory=set)
    may_bind: set[str] = field(default_factory=set)
    mutates: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    reads_later: set[str] = field(default_factory=set)
    writes_later: set[str] = field(default_factory=set)
    calls: list[CallSite] = field(default_factory=list)
    calls_later: list[CallSite] = field(default_factory=list)
    parameters: tuple[str, ...] = ()
    mutated_parameters: set[str] = field(default_factory=set)
    aliases: dict[str, set[str]] = field(default_factory=dict)
    carries: set[str] = field(default_factory=set)
    imports: bool = False
    binds_anything: bool = False
    """An import of everything (`from helpers import *`): it may be where a name comes from that is bound nowhere."""
    ambient: bool = False
    everywhere: bool = False
    """An ambient setting that holds whatever is in use."""
    files: SavedFiles = field(default_factory=SavedFiles)
    plain_numbers: set[str] = field(default_factory=set)
    """Names bound to numbers or text, which nothing can change in place."""
