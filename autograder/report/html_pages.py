"""The frame of the pages: what stands between strangers' text and whoever opens one.

Templates escape every value, what does not print is replaced on the way (`inert.printable`), and a page's own policy
forbids all requests, and all styles and scripts but the ones it was made with; its pictures are within it.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.report.inert import printable

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"


def rendered(template: str, styles: Sequence[str], scripts: Sequence[str] = (), **values: Any) -> str:
    """A page that needs no other file; the same values give the same page.

    Args: template, styles, scripts: names of files in `templates/`; the template prints `policy`, `style` and `script`,
        and may print nothing else as it is.
    """
    style, script = _joined(styles), _joined(scripts)
    policy = f"default-src 'none'; img-src data:; style-src {_digest(style)}; base-uri 'none'; form-action 'none'"
    if script:
        policy += f"; script-src {_digest(script)}"
    return _environment().get_template(template).render(values, policy=policy, style=style, script=script)


def _joined(names: Sequence[str]) -> str:
    return "".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in names)


def _digest(text: str) -> str:
    """What a policy calls the one style or script that it allows."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _environment() -> "Environment":
    # A tenth of a second to import, which only those who write pages should pay.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def shown(value: Any) -> Any:
        """Every value that a template prints comes through here, so that none can be forgotten."""
        return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["points"] = lambda number: f"{number:g}"
    environment.filters["size"] = lambda size: " x ".join(map(str, size)) or "none"
    return environment
