"""Which pictures are saved in a cell: among its outputs, attached to it, or written into its text.

Pictures come from strangers. Nothing but the header of one is read, and nothing of one is kept but what kind it is.
"""

import base64
import binascii
import io
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from PIL import Image

KINDS = ("image/png", "image/jpeg", "image/svg+xml")
MOST_PICTURES = 200  # of one cell
# Format 3 of notebooks and older ones name the kind by one word, directly in the output.
_OLD_KEYS = {"png": "image/png", "jpeg": "image/jpeg", "svg": "image/svg+xml"}
_SHOWING = ("display_data", "execute_result", "pyout", "update_display_data")
_WRITTEN_OUT = re.compile(r"data:(image/(?:png|jpe?g|svg\+xml));base64,([A-Za-z0-9+/=]+)")
_PLACE = re.compile(r"!\[[^\]\n]{0,200}\]\([^)\n]{0,500}\)|<img\b[^<>\n]{0,500}>", re.IGNORECASE)
_LEAST_BYTES = 100
_LEAST_SIDE = 16
_HEADER_LETTERS = 400_000  # a multiple of four: base64 is cut there before it is decoded
_DRAWN = re.compile(r"<(?:\w+:)?(?:path|image|line|polyline|polygon|rect|circle|use|text)\b")


def saved_pictures(cell: Mapping[str, Any], source: str) -> tuple[str, ...]:
    """The kinds of the pictures in a cell as its file holds it, in order; what is no picture is left out."""
    found: list[str] = []
    for kind, content in _candidates(cell, source):
        if len(found) == MOST_PICTURES:
            break
        if is_picture(kind, content):
            found.append(kind)
    return tuple(found)


def without_pictures(source: str) -> str:
    """A text without the pictures in it and without the places where attached ones are shown."""
    return _PLACE.sub("", _WRITTEN_OUT.sub("", source))


def is_picture(kind: str, content: str) -> bool:
    """Whether this is a picture that somebody could see something on, as far as its header tells."""
    if kind == "image/svg+xml" and "<" in content[:_HEADER_LETTERS]:
        return len(content) >= _LEAST_BYTES and "<svg" in content[:5000] and bool(_DRAWN.search(content))
    letters = "".join(content[:_HEADER_LETTERS].split())
    if len(content) * 3 < _LEAST_BYTES * 4:
        return False
    try:
        header = base64.b64decode(letters[: len(letters) // 4 * 4], validate=True)
    except (binascii.Error, ValueError):
        return False
    if kind == "image/svg+xml":
        return is_picture(kind, header.decode("utf-8", errors="replace")) if b"<svg" in header else False
    return _is_large_enough(header)


def _is_large_enough(header: bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(header), formats=("PNG", "JPEG")) as picture:
                return min(picture.size) >= _LEAST_SIDE
    except Exception:  # Pillow raises whatever a damaged header makes it stumble over
        return False


def _candidates(cell: Mapping[str, Any], source: str) -> Iterator[tuple[str, str]]:
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else []:
        if isinstance(output, dict) and output.get("output_type") in _SHOWING:
            yield from _one_of_each(output)
    attachments = cell.get("attachments")
    for name, forms in attachments.items() if isinstance(attachments, dict) else []:
        if isinstance(forms, dict) and f"attachment:{quote(str(name))}" in source.replace(" ", "%20"):
            yield from _one_of_each({"data": forms})
    if cell.get("cell_type") != "code":
        for found in _WRITTEN_OUT.finditer(source):
            yield found[1].replace("jpg", "jpeg"), found[2]


def _one_of_each(output: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The picture of an output, once where it is there in several kinds."""
    data = output.get("data")
    forms = data if isinstance(data, dict) else {kind: output[key] for key, kind in _OLD_KEYS.items() if key in output}
    for kind in KINDS:
        content = forms.get(kind)
        if isinstance(content, list):
            content = "".join(part for part in content if isinstance(part, str))
        if isinstance(content, str) and content:
            yield kind, content
            return
