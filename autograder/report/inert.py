"""Strangers' text made inert, for every place where somebody looks at it: the one home of this.

A submission decides what its files are called, what its exceptions say and what stands in its cells. None of that may
move a terminal's cursor, start a formula in a spreadsheet, become part of a page or lead out of a folder. What is taken
away leaves a mark, and letters of all languages stay as they are.
"""

import html
import json
import re
import unicodedata
from collections.abc import Collection, Iterable
from itertools import count

_MARK = "\N{REPLACEMENT CHARACTER}"
# Joiners, which Persian words and emoji of several people need, and marks of direction, as Hebrew text has them.
_BESIDE_LETTERS = "\u200c\u200d\u200e\u200f\u061c"
# A cell begins at the start; where a spreadsheet takes semicolons or lines for its borders, also after these.
_FORMULA = re.compile(rf"(^|[;\n])(?=[\s{_BESIDE_LETTERS}]*[=+\-@＝＋－＠])")
# What is to be read back as it was is also kept from becoming a number or a date; and apostrophes that stand before any
# of it already get one more, so that it can be told which were there.
_PADDING = rf"['\s{_BESIDE_LETTERS}]*"
_TO_BE_READ_BACK = rf"(^|[;\n]){{0}}(?={_PADDING}[=+\-@＝＋－＠])|(^){{0}}(?={_PADDING}[.,]?\d)"
_LEADS_AWAY = re.compile(r'[\\/:*?"<>|]')
_HIDDEN_OR_CUT_OFF = re.compile(r"^\.+|[. ]+$")
_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(10))}
# Of 255 that file systems allow, so that there is room for a number or an ending.
_LONGEST_NAME = 200


def printable(text: str) -> str:
    """Text for a terminal or a page, without what moves the cursor, recolours, turns the order of letters or hides.

    Each such character becomes U+FFFD, so that one sees that there was something. Joiners and marks of direction stay
    beside characters that are not ASCII; all kinds of spaces, and tabs, become spaces; newlines stay.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line if line.isprintable() else _printable_line(line) for line in lines)


def _printable_line(line: str) -> str:
    around = zip(f"\n{line}", line, f"{line[1:]}\n", strict=False)
    return "".join(_shown(letter, before, after) for before, letter, after in around)


def _shown(letter: str, before: str, after: str) -> str:
    if letter.isprintable():
        return letter
    if letter == "\t" or unicodedata.category(letter) == "Zs":
        return " "
    if letter in _BESIDE_LETTERS and any(other.isprintable() and not other.isascii() for other in (before, after)):
        return letter
    return _MARK


def one_line(text: str) -> str:
    """Printable text without newlines, for places where a line of its own could pass for one of ours."""
    return printable(text).replace("\n", " ")


def csv_cell(text: str) -> str:
    """Printable text that no spreadsheet takes for a formula; quotes and newlines are left to the writer of the CSV."""
    return _FORMULA.sub(r"\1'", printable(text))


def csv_cell_to_be_read_back(text: str) -> str:
    """As `csv_cell`, for text that is read from the cell again: `csv_cell_read_back` gives `printable(text)`."""
    return re.sub(_TO_BE_READ_BACK.format(""), r"\1\2'", printable(text))


def csv_cell_read_back(cell: str) -> str:
    """The text of such a cell, or of one in which a person has typed: there, too, an apostrophe in front of what may be
    a formula or a number only says that it is none."""
    return printable(re.sub(_TO_BE_READ_BACK.format("'"), r"\1\2", cell))


def html_text(text: str) -> str:
    """Printable text for the content of an HTML element, where there is no template that escapes."""
    return html.escape(printable(text))


def inert_json(text: str) -> str:
    """JSON text in which what does not print stands as an escape; programs read from it what they read before.

    Only lone surrogates, which are no text in any encoding and make other programs' writers fail, become U+FFFD.
    """
    lines = text.split("\n")
    return "\n".join(line if line.isprintable() else "".join(map(_escaped, line)) for line in lines)


def _escaped(letter: str) -> str:
    if letter.isprintable():
        return letter
    return _MARK if unicodedata.category(letter) == "Cs" else json.dumps(letter)[1:-1]


def file_name(text: str) -> str:
    """A name that is one file of the folder it is made in, on any system; a harmless name stays as it is."""
    name = _LEADS_AWAY.sub("_", unicodedata.normalize("NFC", one_line(text)))
    if name.partition(".")[0].strip().upper() in _DEVICES:
        name = f"_{name}"
    name = name.encode()[:_LONGEST_NAME].decode(errors="ignore")
    return _HIDDEN_OR_CUT_OFF.sub("_", name) or "_"


def distinct_file_names(texts: Iterable[str], taken: Collection[str] = ()) -> list[str]:
    """A file name for each text, no two of them alike, not even where capitals or forms of Unicode do not count.

    Args: taken: names that are already given away.
    """
    names: list[str] = []
    used = {_alike(name) for name in taken}
    for text in texts:
        name = first = file_name(text)
        numbers = count(2)
        while _alike(name) in used:
            name = f"{first}-{next(numbers)}"
        used.add(_alike(name))
        names.append(name)
    return names


def _alike(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
