"""The submission's whole notebook as a part of its report, with nothing in it that could do anything.

What comes from the worker that read it counts as a stranger's HTML. Of that, a list of elements and a few of their
attributes are kept (nh3, the ammonia library), no style, no script, no name; pictures are encoded anew; and characters
that hide or turn others are replaced, as everywhere in a report.
"""

import base64
import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.boundary.as_html import PICTURE, size
from autograder.boundary.showing import NotebookAsHtml
from autograder.report.inert import printable
from autograder.submission.notebook import Cell

# Elements that say what a text is; others are left out, and what stands in them stays.
_ELEMENTS = set(
    "a abbr b blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure h3 h4 h5 "
    "h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong sub summary sup table tbody td tfoot th "
    "thead tr tt u ul var".split()
)
_WITHOUT_CONTENT = {"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math", "textarea"}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "code": {"class"},
    "col": {"span"},
    "details": {"open"},
    "div": {"class", "tabindex"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "pre": {"class", "tabindex"},
    "span": {"class"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
_SCHEMES = {"http", "https", "mailto", PICTURE.rstrip(":")}
_PICTURE = re.compile(rf"{PICTURE}(\d{{1,4}})")
# The classes that our style knows.
_CLASS = re.compile(r"py-[a-z0-9]{1,3}|ansi-[a-z-]{1,30}|code|output|long|wide")
# As nh3 writes it.
_IMAGE = re.compile(r'<img(?: (?:src="(?P<source>[^"]+)"|alt="(?P<words>[^"]*)"))*>')
# A page has at most 3 MB: so much for pictures as base64, and so much for all cells with them.
_MOST_LETTERS = 1_100_000
_MOST_BYTES = 2_200_000
_QUALITY = 80


def shown_cells(cells: Sequence[Cell], made: NotebookAsHtml) -> list[dict[str, Any]]:
    """Each cell as JSON values: `cell`, counted from 0; `kind`; `executed`, where it was; `html`, which may stand in a
    page as it is, None where there was no room for it.

    Args: cells: of the bundle. A cell of which nothing came back has no room either.
    """
    pictures = _Encoded(made.pictures)
    left = _MOST_BYTES
    shown = []
    for cell in cells:
        text = made.cells[cell.number] if cell.number < len(made.cells) else None
        entry: dict[str, Any] = {"cell": cell.number, "kind": cell.kind if cell.kind == "code" else "text"}
        if cell.executed is not None:
            entry["executed"] = cell.executed
        text = harmless(text, pictures.address) if text is not None else None
        text = text if size(text) <= left else None
        left -= size(text)
        shown.append(entry | {"html": text})
    return shown


def harmless(text: str, address_of: Callable[[int], str | None] = lambda number: None) -> str:
    """A stranger's HTML as a part of a page: well-formed, without anything that acts, loads, hides or has a name.

    Args: address_of: by the number of a picture, where the page has it; None where it has it not.
    """
    import nh3  # only those who write pages need it

    def kept(element: str, attribute: str, value: str) -> str | None:
        if attribute == "src":
            named = _PICTURE.fullmatch(value)
            return address_of(int(named[1])) if named else None
        if attribute == "href":
            # An address without a scheme would lead to a place beside the report.
            return value if value.lower().startswith(("http://", "https://", "mailto:")) else None
        if attribute == "class":
            return " ".join(name for name in value.split() if _CLASS.fullmatch(name)) or None
        if attribute == "tabindex":
            return value if value == "0" else None
        return value

    cleaned = nh3.clean(
        text,
        tags=_ELEMENTS,
        clean_content_tags=_WITHOUT_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=kept,
        url_schemes=_SCHEMES | {"data"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )
    return printable(_IMAGE.sub(_with_words, cleaned))


def _with_words(image: re.Match[str]) -> str:
    """A picture with a text that stands for it; that text alone where the page has no picture."""
    source, words = image["source"], image["words"]
    if source is None:
        return f"<em>[a picture that is not shown here{f': {words}' if words else ''}]</em>"
    return f'<img src="{source}" alt="{words or "a picture in the notebook"}">'


class _Encoded:
    """Pictures as addresses that hold them, encoded when they are first asked for, as long as there is room."""

    def __init__(self, pictures: Sequence[NDArray[np.uint8]]) -> None:
        self._pictures = pictures
        self._addresses: dict[int, str] = {}
        self._left = _MOST_LETTERS

    def address(self, number: int) -> str | None:
        if number not in self._addresses and number < len(self._pictures):
            self._addresses[number] = _address(self._pictures[number])
        address = self._addresses.get(number, "")
        # One that is shown again takes its room again.
        if len(address) > self._left:
            return None
        self._left -= len(address)
        return address or None


def _address(picture: NDArray[np.uint8]) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
