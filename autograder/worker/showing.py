"""A notebook as HTML, cell by cell: what nbconvert makes of it, with its pictures as plain pixels.

Nothing of the notebook is run. All of it is read in a worker all the same, since whoever wrote it decides what the
parsers of text and of pictures are fed with; `report/notebook.py` on the other side takes nothing here for granted.
"""

import base64
import binascii
import html
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from jinja2 import DictLoader
from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from numpy.typing import NDArray
from PIL import Image, WebPImagePlugin  # noqa: F401 - which is not among the formats that are always there
from traitlets.config import Config

from autograder.boundary.as_html import MOST_HTML, MOST_PICTURES, PICTURE, SIDE, size
from autograder.boundary.pipe import Arrays
from autograder.highlighting import highlighted
from autograder.submission.notebook_file import Unreadable, joined, raw_cells

# One cell. It extends none of nbconvert's own templates: they would take longer to compile than notebooks to show.
_TEMPLATE = """
{%- macro printed(text) -%}
<pre class="output {{ 'long" tabindex="0' if text.count('\n') > 30 }}">{{ text | shortened | ansi2html }}</pre>
{%- endmacro -%}
{%- for cell in nb.cells -%}
{%- if cell.cell_type == 'code' -%}<pre class="code" tabindex="0"><code>{{ cell.source | highlight_code }}</code></pre>
{%- elif cell.cell_type == 'markdown' -%}{{ cell.source | markdown2html(cell.attachments) }}
{%- else -%}<pre>{{ cell.source | escape_html }}</pre>
{%- endif -%}
{%- for output in cell.outputs -%}
{%- if output.output_type in ('stream', 'error') -%}{{ printed(output.text) }}
{%- else -%}
{%- for form in output.data | filter_data_type -%}
{%- set content = output.data[form] -%}
{%- if form in ('image/png', 'image/jpeg') -%}<img src="data:{{ form }};base64,{{ content | escape_html }}">
{%- elif form == 'image/svg+xml' -%}<p>A drawing in SVG, which is not shown here.</p>
{%- elif form == 'text/html' -%}<div class="wide" tabindex="0">{{ content }}</div>
{%- elif form == 'text/markdown' -%}{{ content | markdown2html }}
{%- else -%}{{ printed(content) }}
{%- endif -%}
{%- endfor -%}
{%- endif -%}
{%- endfor -%}
{%- endfor -%}
"""
# What is shown of an output that has several forms; pictures are what most people look for.
_FORMS = ["image/png", "image/jpeg", "image/svg+xml", "text/html", "text/markdown", "text/latex", "text/plain"]
# A training that prints a line for each batch is told by its beginning and its end.
_MOST_LINES, _FIRST_LINES, _LAST_LINES = 150, 80, 40
_LONGEST_TEXT = 40_000
_LONGEST_PICTURE = 24 * 2**20  # as base64 or in a text that holds some
_MOST_PIXELS = 30_000_000
_MOST_OUTPUTS = 100
_SHOWING = ("display_data", "execute_result", "pyout", "update_display_data")
_WRITTEN_OUT = re.compile(r"""data:image/[\w.+-]{1,20};base64,([A-Za-z0-9+/=\s]*)""")
_HEADINGS_ABOVE = 2


class _Markdown(IPythonRenderer):
    """Markdown whose headings stand below those of the page."""

    def heading(self, text: str, level: int, **attributes: Any) -> str:
        level = min(6, level + _HEADINGS_ABOVE)
        return f"<h{level}>{text}</h{level}>\n"


def _as_html(source: str, attachments: Mapping[str, Any] | None = None) -> str:
    renderer = _Markdown(escape=False, attachments=dict(attachments or {}), exclude_anchor_links=True)
    made: str = MarkdownWithMath(renderer=renderer).render(source)
    return made


def _exporter() -> TemplateExporter:
    exporter = TemplateExporter(
        # Checking a notebook against the schema would cost more than showing it; `_node` makes none that is not valid.
        config=Config({"TemplateExporter": {"default_preprocessors": []}}),
        extra_loaders=[DictLoader({"cell.html.j2": _TEMPLATE})],
        template_file="cell.html.j2",
    )
    exporter.register_filter("highlight_code", highlighted)
    exporter.register_filter("markdown2html", _as_html)
    exporter.register_filter("shortened", _shortened)
    exporter.register_filter("filter_data_type", lambda data: [form for form in _FORMS if form in data][:1])
    exporter.environment.auto_reload = False
    return exporter


def _shortened(text: str) -> str:
    lines = text.split("\n")
    if len(lines) > _MOST_LINES:
        left_out = len(lines) - _FIRST_LINES - _LAST_LINES
        lines = [*lines[:_FIRST_LINES], f"… {left_out} more lines …", *lines[-_LAST_LINES:]]
    return "\n".join(lines)


class Showing:
    """Makes HTML of notebooks. It is made, and has made some, before a worker is forked that needs it: the cage keeps
    from it the files that it consists of."""

    def __init__(self) -> None:
        self._exporter = _exporter()
        for kind in ("code", "markdown", "raw"):
            self._rendered(_node({"cell_type": kind, "source": "# 1", "outputs": []}))

    def shown(self, arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        """The answer to a worker's request `show`. Args: arrays: the bytes of each file, in the order of their names.

        Returns: `cells`, the HTML of each, None where it would be too much; arrays `picture0`, `picture1`, ..., uint8
            [H, W, 3], which stand in the HTML as sources such as `picture:0`.
        """
        cells: list[str | None] = []
        pictures = _Pictures()
        left = MOST_HTML
        for name in sorted(arrays):
            try:
                raw = raw_cells(arrays[name].tobytes(), name)
            except Unreadable:
                raw = []
            for cell in raw:
                made = pictures.taken_from(self._one(cell)) if left > 0 else None
                made = made if size(made) <= left else None
                left -= size(made)
                cells.append(made)
        return {"cells": cells}, {f"picture{number}": picture for number, picture in enumerate(pictures.found)}

    def _one(self, cell: Mapping[str, Any]) -> str:
        """A cell as HTML; as its bare text where the libraries stumble over it."""
        node = _node(cell)
        try:
            return self._rendered(node)
        except Exception:
            return f"<pre>{html.escape(node.source)}</pre>"

    def _rendered(self, node: NotebookNode) -> str:
        notebook = NotebookNode(nbformat=4, nbformat_minor=5, metadata=NotebookNode(), cells=[node])
        made: str = self._exporter.from_notebook_node(notebook)[0]
        return made


def _node(cell: Mapping[str, Any]) -> NotebookNode:
    """A cell as nbconvert takes it, whatever its file holds; of long texts the beginning."""
    kind = cell.get("cell_type")
    node = NotebookNode(
        cell_type=kind if kind in ("code", "markdown") else "raw",
        id="cell",
        metadata=NotebookNode(),
        source=_text(cell.get("source", cell.get("input", ""))),
        outputs=[],
    )
    if kind == "code":
        outputs = cell.get("outputs")
        node.outputs = [*_outputs(outputs[:_MOST_OUTPUTS] if isinstance(outputs, list) else [])]
    attachments = cell.get("attachments")
    found = attachments.items() if isinstance(attachments, dict) else ()
    node.attachments = {str(name): _forms(forms) for name, forms in found if isinstance(forms, dict)}
    return node


def _outputs(outputs: Sequence[Any]) -> Iterator[NotebookNode]:
    metadata = NotebookNode()
    for output in outputs:
        if not isinstance(output, dict):
            continue
        kind = output.get("output_type")
        if kind == "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            yield NotebookNode(output_type="stream", name=name, text=_text(output.get("text")))
        elif kind in ("error", "pyerr"):
            lines = output.get("traceback")
            text = "\n".join(line for line in lines if isinstance(line, str)) if isinstance(lines, list) else ""
            yield NotebookNode(output_type="error", traceback=[], text=text[:_LONGEST_TEXT])
        elif kind in _SHOWING:
            yield NotebookNode(output_type="display_data", data=_forms(_data(output)), metadata=metadata)


def _data(output: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is displayed, by its type; format 3 has it directly in the output, by words of its own."""
    data = output.get("data")
    if isinstance(data, dict):
        return data
    old = {"png": "image/png", "jpeg": "image/jpeg", "svg": "image/svg+xml", "html": "text/html", "text": "text/plain"}
    return {form: output[key] for key, form in old.items() if key in output}


def _forms(data: Mapping[str, Any]) -> NotebookNode:
    forms = NotebookNode()
    for form, content in data.items():
        most = _LONGEST_PICTURE if str(form).startswith("image/") else _LONGEST_TEXT
        text = joined(content)
        if text and (len(text) <= most or not str(form).startswith("image/")):
            forms[str(form)] = text[:most]
    return forms


def _text(content: Any) -> str:
    text = joined(content)
    # A text that holds pictures is as long as they are.
    return text[: _LONGEST_PICTURE if "data:image/" in text else _LONGEST_TEXT]


class _Pictures:
    """The pictures of a notebook, each decoded once and small enough for a page."""

    def __init__(self) -> None:
        self.found: list[NDArray[np.uint8]] = []
        self._numbers: dict[str, int | None] = {}

    def taken_from(self, made: str) -> str:
        """HTML without the pictures in it: where one was, its number stands; where one cannot be shown, nothing."""
        return _WRITTEN_OUT.sub(self._number_for, made)

    def _number_for(self, written: re.Match[str]) -> str:
        letters = written[1]
        if letters not in self._numbers:
            picture = _decoded(letters) if len(self.found) < MOST_PICTURES else None
            self._numbers[letters] = len(self.found) if picture is not None else None
            if picture is not None:
                self.found.append(picture)
        number = self._numbers[letters]
        return "" if number is None else f"{PICTURE}{number}"


def _decoded(letters: str) -> NDArray[np.uint8] | None:
    """A picture as uint8 [H, W, 3], at most `SIDE` pixels a side, on white where it is transparent."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(letters)), formats=("PNG", "JPEG", "GIF", "WEBP", "BMP")) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                return None
            opened.draft("RGB", (SIDE, SIDE))
            picture = opened.convert("RGBA" if opened.has_transparency_data else "RGB")
    except (binascii.Error, MemoryError):
        return None
    except Exception:  # Pillow raises whatever a damaged picture makes it stumble over
        return None
    if picture.mode == "RGBA" and picture.getchannel("A").getextrema() != (255, 255):
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    picture = picture.convert("RGB")
    picture.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(picture)
