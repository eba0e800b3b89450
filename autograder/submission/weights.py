"""What a file of weights is, told from its first bytes and, of an archive, its directory.

Nothing is unpickled here; that is for a worker to do.
"""

import json
import re
import struct
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from autograder.submission.archives import DAMAGED, opened_archive

# Room for a wide network together with the state of its optimizer.
MOST_MEBIBYTES = 512
HEAD = 4096
# How files of `torch.save` began before PyTorch 1.6: a pickled number that nothing else begins with.
_OLD_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_LFS_POINTER = b"version https://git-lfs"
_OTHER_KINDS = {
    b"\x89HDF\r\n": "an HDF5 file, as Keras writes it",
    b"\x93NUMPY": "an array of numpy",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a rar archive",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}


class Form(StrEnum):
    """The forms of files that a worker can look for weights in."""

    ARCHIVE = "archive of torch.save"
    OLD = "torch.save before PyTorch 1.6"
    PICKLE = "pickle"
    SAFETENSORS = "safetensors"


@dataclass(frozen=True)
class Unusable:
    """Why a file holds no weights. words: what "the file" does or is, as the rest of a sentence."""

    words: str


def form_of(path: Path) -> Form | Unusable:
    """What the file at `path` is."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as problem:
        return Unusable(f"cannot be read ({problem.strerror})")
    found = form_of_bytes(head, size)
    return _form_of_archive(path) if found is Form.ARCHIVE else found


def form_of_bytes(head: bytes, size: int) -> Form | Unusable:
    """What a file of `size` bytes that begins with `head` is; an archive has yet to be looked into."""
    if not size:
        return Unusable("is empty")
    if head.startswith(_LFS_POINTER):
        return Unusable(_pointer(head, size))
    if size > MOST_MEBIBYTES * 2**20:
        return _too_large(size)
    if head.startswith(b"PK"):
        return Form.ARCHIVE
    if head.startswith(_OLD_TORCH):
        return Form.OLD
    # The first byte announces a version of pickle, of which there are six.
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return Form.PICKLE
    if head[8:9] == b"{" and not _is_text(head):
        return _form_of_safetensors(head, size)
    return Unusable(_something_else(head))


def _too_large(size: int) -> Unusable:
    return Unusable(
        f"has {size / 2**20:.0f} MiB, more than the {MOST_MEBIBYTES} that are read; "
        "save `model.state_dict()` and nothing else"
    )


def _pointer(head: bytes, size: int) -> str:
    stated = re.search(rb"^size (\d{1,15})\s*$", head, re.MULTILINE)
    elsewhere = f"{in_megabytes(int(stated[1]))} are elsewhere" if stated else "they are elsewhere"
    return f"is a git-LFS pointer of {size} bytes, not the weights: {elsewhere}; run `git lfs pull` before handing in"


def in_megabytes(size: int) -> str:
    """A size in words: 4.1 MB, 12 kB."""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB" if size >= 1000 else f"{size} bytes"


def _something_else(head: bytes) -> str:
    for sign, kind in _OTHER_KINDS.items():
        if head.startswith(sign):
            return f"is {kind}, not weights that `torch.save` wrote"
    if not head.strip(b"\0"):
        return "holds zeros where weights should begin; was it still being written when it was copied?"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")):
        if b"google" in text:
            return "is a web page on which Google asks to sign in or to confirm, not the weights behind it"
        return "is a web page, not the weights; download the file itself"
    if _is_text(head):
        return "is text, not weights"
    return "is nothing that `torch.save` writes"


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode()
    except UnicodeDecodeError as problem:
        # The last character may have been cut in two by where the head ends.
        if len(head) < HEAD or problem.start < len(head) - 3:
            return False
        text = head[: problem.start].decode()
    return all(sign.isprintable() or sign.isspace() for sign in text)


def _form_of_safetensors(head: bytes, size: int) -> Form | Unusable:
    length = struct.unpack("<Q", head[:8])[0]
    if length > 100_000_000:  # more than safetensors itself accepts
        return Unusable("is nothing that `torch.save` writes")
    if 8 + length > size:
        return _cut_off("ends within the list of its tensors")
    if 8 + length <= len(head):
        try:
            entries = json.loads(head[8 : 8 + length])
            ends = [entry["data_offsets"][1] for name, entry in entries.items() if name != "__metadata__"]
            if max(ends, default=0) > size - 8 - length:
                return _cut_off("ends before its tensors do")
        except (ValueError, RecursionError, AttributeError, KeyError, IndexError, TypeError):
            return Unusable("is nothing that `torch.save` writes")
    return Form.SAFETENSORS


def _cut_off(how: str) -> Unusable:
    return Unusable(f"is cut off: it {how}; was it still being written or copied?")


def _form_of_archive(path: Path) -> Form | Unusable:
    try:
        with opened_archive(path) as archive:
            entries = archive.infolist()
    except DAMAGED:
        return _cut_off("lacks the directory that ends what `torch.save` writes")
    names = [entry.filename for entry in entries]
    # `torch.save` packs nothing, but whoever wrote this archive may have: what counts is what it would become.
    if sum(entry.file_size for entry in entries) > MOST_MEBIBYTES * 2**20:
        return _too_large(sum(entry.file_size for entry in entries))
    if any(name.endswith("/constants.pkl") or "/code/" in name for name in names):
        return Unusable("is a program of `torch.jit.save`; save `model.state_dict()` with `torch.save` instead")
    if any(name.endswith("/data.pkl") for name in names):
        return Form.ARCHIVE
    listed = f" with {shortened(names[0])} in it" if names else ""
    return Unusable(f"is a zip archive{listed}, not weights; hand in what was packed")


def shortened(name: str) -> str:
    """A name that somebody else chose, as it can stand in a sentence."""
    printable = "".join(sign if sign.isprintable() else "?" for sign in name)
    return printable if len(printable) <= 60 else f"{printable[:40]}...{printable[-15:]}"
