"""Submissions that were valid until something happened to them: for fuzzing what reads them.

Each comes from a number: the same number makes the same submission, so that one that does harm can be made again.
"""

import copy
import io
import json
import random
import struct
import warnings
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.oddities import NAMES, ODD_LINES, ODD_VALUES, OUTPUTS, SOURCES, TEXTS
from fixtures.compose import solution_notebook


def _cell(kind: str, source: str, chance: random.Random) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source}
    if kind == "code":
        cell |= {
            "execution_count": chance.randrange(9),
            "outputs": copy.deepcopy(chance.sample(OUTPUTS, chance.randrange(3))),
        }
    return cell


@cache
def _solution_cells() -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(json.dumps(cell)) for cell in solution_notebook().cells)


def notebook(chance: random.Random) -> dict[str, Any]:
    """A valid notebook: cells of the solution and smaller ones of our own, mixed."""
    cells = [_cell("code", source, chance) for source in chance.sample(SOURCES, chance.randrange(1, 7))]
    cells += [_cell("markdown", text, chance) for text in chance.sample(TEXTS, chance.randrange(3))]
    cells += copy.deepcopy(chance.sample(_solution_cells(), chance.randrange(6)))
    chance.shuffle(cells)
    if chance.random() < 0.1:
        old = [{**cell, "input": cell["source"], "language": "python"} for cell in cells]
        return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": old}]}
    return {"nbformat": 4, "nbformat_minor": chance.choice([0, 4, 5]), "metadata": {}, "cells": cells}


def _odd_source(source: str, chance: random.Random) -> str:
    lines = source.split("\n")
    for _ in range(chance.randrange(1, 5)):
        place = chance.randrange(len(lines) + 1)
        change = chance.randrange(6)
        if change == 0:
            lines.insert(place, chance.choice(ODD_LINES))
        elif change == 1:
            del lines[place : place + chance.randrange(1, 4)]
        elif change == 2:
            lines[place:place] = lines[place : place + 2] * chance.choice([1, 2, 60])
        elif change == 3:
            lines[place:place] = chance.choice(SOURCES).split("\n")
        elif change == 4:
            lines = [chance.choice(["", " ", "\t", "# "]) + line for line in lines]
        elif place < len(lines) and lines[place]:
            cut = chance.randrange(len(lines[place]))
            lines[place] = lines[place][:cut] + chance.choice(list("()[]{}'\"\\#:=%!?\0,*.")) + lines[place][cut + 1 :]
    return "\n".join(lines)


def _odd_json(value: Any, chance: random.Random) -> None:
    """Put something odd somewhere into JSON values, in place."""
    while True:
        keys: Sequence[Any] = list(value) if isinstance(value, dict) else range(len(value))
        if not keys:
            return
        key = chance.choice(keys)
        inner = value[key]
        if isinstance(inner, dict | list) and inner and chance.random() < 0.8:
            value = inner
            continue
        change = chance.randrange(4)
        if change == 0 and isinstance(value, dict):
            del value[key]
        elif change == 1 and isinstance(value, list):
            value.insert(chance.randrange(len(value) + 1), copy.deepcopy(inner))
        else:
            value[key] = copy.deepcopy(chance.choice(ODD_VALUES))
        return


def _odd_bytes(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.randrange(1, 8)):
        place = chance.randrange(len(changed) + 1)
        change = chance.randrange(5)
        if change == 0 and place < len(changed):
            changed[place] ^= 1 << chance.randrange(8)
        elif change == 1:
            del changed[place : place + chance.choice([1, 4, 400])]
        elif change == 2:
            changed[place:place] = changed[place : place + chance.choice([1, 30, 3000])]
        elif change == 3:
            changed[place:place] = chance.choice(
                [b"\0", b"\xff\xff\xff\xff", b"PK\x05\x06", b"{", b'"', b"[" * 2000, b"\xef\xbb\xbf"]
            )
        elif chance.random() < 0.3:
            del changed[place:]
    return bytes(changed)


def _notebook_bytes(chance: random.Random) -> bytes:
    content = notebook(chance)
    cells = content.get("cells", [])
    change = chance.randrange(4)
    if change == 0:
        for cell in chance.sample(cells, min(len(cells), 2)):
            cell["source"] = _odd_source(
                cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"]), chance
            )
    elif change == 1:
        for _ in range(chance.randrange(1, 6)):
            _odd_json(content, chance)
    whole = json.dumps(content).encode()
    return _odd_bytes(whole, chance) if change == 2 else whole


def _script_bytes(chance: random.Random) -> bytes:
    source = "\n# %%\n".join(chance.sample(SOURCES, 3))
    return _odd_source(source, chance).encode(errors="surrogatepass")


def _any_file(name: str, chance: random.Random) -> bytes:
    if name.endswith(".ipynb") or name == "Assignment3":
        return _notebook_bytes(chance)
    if name.endswith(".py") or chance.random() < 0.2:
        return _script_bytes(chance)
    if name.endswith(".zip"):
        return _archive(chance, depth=1)
    return chance.choice(
        [b"", b"PK\x03\x04", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", chance.randbytes(200), b"words\n"]
    )


def _files(chance: random.Random) -> list[tuple[str, bytes]]:
    names = ["a3.ipynb", *chance.choices(NAMES, k=chance.randrange(5))]
    return [(name, _any_file(name, chance)) for name in names]


def _archive(chance: random.Random, depth: int = 0) -> bytes:
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w") as archive:
        warnings.simplefilter("ignore")  # two entries of one name are meant
        for name, content in _files(chance) if depth == 0 else [("a3.ipynb", _notebook_bytes(chance))]:
            entry = zipfile.ZipInfo(name.replace("\0", "_"))
            entry.compress_type = chance.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
            entry.external_attr = chance.choice([0, 0o100644, 0o120777, 0o010644, 0o060000, 0xFFFF]) << 16
            archive.writestr(entry, content)
    whole = packed.getvalue()
    change = chance.randrange(4)
    if change == 0:
        return _odd_bytes(whole, chance)
    return _odd_directory(whole, chance) if change == 1 else whole


def _odd_directory(whole: bytes, chance: random.Random) -> bytes:
    """Let an archive lie about flags, methods, sizes and places in its directory."""
    changed = bytearray(whole)
    for _ in range(chance.randrange(1, 4)):
        start = changed.find(b"PK\x01\x02", chance.randrange(len(changed)))
        if start < 0:
            start = changed.rfind(b"PK\x05\x06")
        offset, width = chance.choice([(8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (42, 4), (12, 4)])
        value = chance.choice([0, 1, 8, 12, 14, 99, 0xFFFF, 0xFFFFFFFF, 0x7FFFFFFF, 2**20]) & (2 ** (8 * width) - 1)
        changed[start + offset : start + offset + width] = struct.pack("<H" if width == 2 else "<I", value)
    return bytes(changed)


def _write_folder(folder: Path, chance: random.Random) -> Path:
    for name, content in _files(chance):
        place = (
            folder / "handed in" / "/".join(p[:200] for p in name.replace("\\", "/").split("/") if p not in ("", ".."))
        )
        if place.is_dir() or place.parent.is_file():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    (folder / "handed in").mkdir(exist_ok=True)
    return folder / "handed in"


def _write(name: str, content: Callable[[random.Random], bytes]) -> Callable[[Path, random.Random], Path]:
    def write(folder: Path, chance: random.Random) -> Path:
        (folder / name).write_bytes(content(chance))
        return folder / name

    return write


_SHAPES = (_write("a.ipynb", _notebook_bytes), _write("a.py", _script_bytes), _write("a.zip", _archive), _write_folder)
_OFTEN = (6, 1, 4, 3)


def write_mutant(number: int, folder: Path) -> Path:
    """Write the submission of a number into an empty folder, and tell its path."""
    chance = random.Random(number)
    (shape,) = chance.choices(_SHAPES, _OFTEN)
    return shape(folder, chance)
