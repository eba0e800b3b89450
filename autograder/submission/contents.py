"""What a file is, by its content; its name only helps where the content does not tell."""

import ast
import json
import re
from enum import StrEnum
from pathlib import Path, PurePosixPath

from autograder.submission.archives import DAMAGED, opened_archive
from autograder.submission.python_text import body_of

MOST_TEXT = 4 * 2**20
_HEAD = 4096
_DEFINES = re.compile(r"^(?:def|class)\b", re.MULTILINE)
WEIGHTS = frozenset({".pk", ".pkl", ".pth", ".pt", ".ckpt", ".safetensors", ".tar", ".bin", ".weights", ".model"})
# Endings of what is neither a notebook nor code, whatever it may look like.
_SOMETHING_ELSE = frozenset(
    {".md", ".csv", ".html", ".htm", ".tex", ".toml", ".yml", ".yaml", ".cfg", ".ini", ".log", ".docx", ".pdf", ".rst"}
)
# How torch wrote files before version 1.6: a pickled number that nothing else begins with.
_OLD_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


class Kind(StrEnum):
    """What a file of a submission may be."""

    NOTEBOOK = "notebook"
    CODE = "code"
    WEIGHTS = "weights"
    ARCHIVE = "archive"
    OTHER = "other"


_BY_ENDING = {".ipynb": Kind.NOTEBOOK, ".py": Kind.CODE}


def kind_of(path: Path, name: str) -> Kind:
    """What the file at `path`, handed in under `name`, is; one that cannot be read is what its name says."""
    return kind_by_name(path, name) or kind_by_text(path, name)


def kind_by_name(path: Path, name: str) -> Kind | None:
    """What a file is, as far as its name and its first bytes tell; None where all of its text has to be read."""
    ending = _ending(name)
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
        if head.startswith(b"PK"):
            return _kind_of_zip(path, ending)
        if ending in _BY_ENDING:
            return _BY_ENDING[ending]
        if head.startswith(_OLD_TORCH) or head[8:10] == b'{"' or ending in WEIGHTS:
            return Kind.WEIGHTS
        if ending in _SOMETHING_ELSE or b"\0" in head or path.stat().st_size > MOST_TEXT:
            return Kind.OTHER
    except OSError:
        # Its name tells what cannot be read: whoever needs it then says so.
        return Kind.WEIGHTS if ending in WEIGHTS else _BY_ENDING.get(ending, Kind.OTHER)
    return None


def kind_by_text(path: Path, name: str) -> Kind:
    """What a file of text is, of which neither its name nor its first bytes tell."""
    try:
        return _kind_of_text(path.read_bytes().decode("utf-8-sig"), _ending(name))
    except (OSError, ValueError):
        return Kind.OTHER


def _ending(name: str) -> str:
    # Browsers and mail programs count their copies behind the name: `notebook.ipynb (1)`, `functions.py_2`.
    plain = re.sub(r"[ _]?[\(\[]?\d*[\)\]]?$", "", name[-100:].strip())
    return PurePosixPath(plain).suffix.lower() or PurePosixPath(name).suffix.lower()


def _kind_of_zip(path: Path, ending: str) -> Kind:
    try:
        with opened_archive(path) as archive:
            names = archive.namelist()
    except DAMAGED:
        return Kind.WEIGHTS if ending in WEIGHTS else Kind.ARCHIVE
    if any(name.endswith("/data.pkl") for name in names):
        return Kind.WEIGHTS
    # Word processors and numpy pack their files, too.
    packed = any(name in ("[Content_Types].xml", "mimetype") or name.endswith(".npy") for name in names[:50])
    return Kind.OTHER if packed else Kind.ARCHIVE


def _kind_of_text(text: str, ending: str) -> Kind:
    if text.lstrip()[:1] == "{":
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            return Kind.OTHER
        is_notebook = isinstance(content, dict) and ("cells" in content or "worksheets" in content)
        return Kind.NOTEBOOK if is_notebook else Kind.OTHER
    return Kind.CODE if ending != ".json" and defines_something(text) else Kind.OTHER


def defines_something(text: str) -> bool:
    """Whether a text is Python that defines a function or class."""
    # What has no such line at all need not be parsed.
    found = _DEFINES.search(text) is not None
    return found and any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in body_of(text))
