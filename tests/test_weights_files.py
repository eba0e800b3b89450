"""What a file of weights is, told from its bytes before anything in it is read; each kind has a sentence of its own."""

import io
import pickle
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.boundary.weights import read_not_opened
from autograder.evidence.weights_words import not_opened
from autograder.submission.weights import MOST_MEBIBYTES, Form, Unusable, form_of, form_of_bytes, in_megabytes
from autograder.worker.opening import OpenedWeights

STATE = {"conv.weight": torch.ones(2, 3, 3, 3), "conv.bias": torch.zeros(2)}
HTML = b"<!DOCTYPE html><html><head><title>%s</title></head></html>"


def saved(content: object, old: bool = False) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=not old)
    return buffer.getvalue()


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


def array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


def told(path: Path, content: bytes) -> Form | str:
    path.write_bytes(content)
    found = form_of(path)
    return found.words if isinstance(found, Unusable) else found


SAFE = safetensors.torch.save(STATE)


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (saved(STATE), Form.ARCHIVE),
        (saved(STATE, old=True), Form.OLD),
        (SAFE, Form.SAFETENSORS),
        *((pickle.dumps(STATE, protocol), Form.PICKLE) for protocol in (2, 3, 4, 5)),
    ],
    ids=["torch.save", "torch.save before 1.6", "safetensors", *(f"pickle {protocol}" for protocol in (2, 3, 4, 5))],
)
def test_each_form_of_weights_is_known_by_its_bytes(content: bytes, form: Form, tmp_path: Path) -> None:
    assert told(tmp_path / "anything.xyz", content) is form


LARGEST = MOST_MEBIBYTES * 2**20


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(
            b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 4100000\n" % (b"4d7a" * 16),
            "is a git-LFS pointer of 132 bytes, not the weights: 4.1 MB are elsewhere; run `git lfs pull` before "
            "handing in",
            id="git-LFS",
        ),
        pytest.param(
            b"version https://git-lfs.github.com/spec/v1\n",
            "is a git-LFS pointer of 43 bytes, not the weights: they are elsewhere; run `git lfs pull` before "
            "handing in",
            id="git-LFS without a size",
        ),
        pytest.param(
            HTML % b"Google Drive - Virus scan warning",
            "is a web page on which Google asks to sign in or to confirm, not the weights behind it",
            id="Google Drive",
        ),
        pytest.param(
            b"\xef\xbb\xbf \n<html><body>https://accounts.google.com/signin",
            "is a web page on which Google asks to sign in or to confirm, not the weights behind it",
            id="Google's sign-in",
        ),
        pytest.param(HTML % b"404", "is a web page, not the weights; download the file itself", id="web page"),
        pytest.param(b'{"cells": []}', "is text, not weights", id="JSON"),
        pytest.param("0.93 für CNN".encode() * 999, "is text, not weights", id="text"),
        pytest.param(b"a" + "ü".encode() * 4000, "is text, not weights", id="text cut within a character"),
        pytest.param(
            bytes(5000),
            "holds zeros where weights should begin; was it still being written when it was copied?",
            id="zeros",
        ),
        pytest.param(b"\x89PNG\r\n\x1a\n", "is a picture, not weights that `torch.save` wrote", id="picture"),
        pytest.param(
            b"\x89HDF\r\n\x1a\n", "is an HDF5 file, as Keras writes it, not weights that `torch.save` wrote", id="HDF5"
        ),
        pytest.param(array(), "is an array of numpy, not weights that `torch.save` wrote", id="npy"),
        pytest.param(b"\xfe\xdc\xba\x98", "is nothing that `torch.save` writes", id="noise"),
        pytest.param(b"\xfe\xdc", "is nothing that `torch.save` writes", id="two bytes"),
        pytest.param(b"\xff" * 8 + b"{\xff", "is nothing that `torch.save` writes", id="a brace by chance"),
        pytest.param(b"\x02" + bytes(7) + b"{}", Form.SAFETENSORS, id="safetensors of nothing"),
        pytest.param(b"\x02" + bytes(7) + b"{]", "is nothing that `torch.save` writes", id="no JSON"),
        pytest.param(b"\x07" + bytes(7) + b'{"a":1}', "is nothing that `torch.save` writes", id="no tensor"),
        pytest.param(
            saved(STATE)[:-40],
            "is cut off: it lacks the directory that ends what `torch.save` writes; was it still being written or "
            "copied?",
            id="half an archive",
        ),
        pytest.param(
            SAFE[:40],
            "is cut off: it ends within the list of its tensors; was it still being written or copied?",
            id="safetensors cut in its list",
        ),
        pytest.param(
            SAFE[:-4],
            "is cut off: it ends before its tensors do; was it still being written or copied?",
            id="safetensors cut in a tensor",
        ),
        pytest.param(
            zipped([("my weights/best.pth", b"")]),
            "is a zip archive with my weights/best.pth in it, not weights; hand in what was packed",
            id="zip",
        ),
        pytest.param(
            zipped([("\x1b[31m" + "a" * 100, b"")]),
            "is a zip archive with ?[31maaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...aaaaaaaaaaaaaaa in it, not weights; "
            "hand in what was packed",
            id="zip with a name that is no name",
        ),
        pytest.param(zipped([]), "is a zip archive, not weights; hand in what was packed", id="empty zip"),
        pytest.param(
            zipped((f"best/{name}", b"") for name in ("data.pkl", "constants.pkl", "code/__torch__.py")),
            "is a program of `torch.jit.save`; save `model.state_dict()` with `torch.save` instead",
            id="TorchScript",
        ),
    ],
)
def test_what_holds_no_weights_is_told_in_words(content: bytes, words: str, tmp_path: Path) -> None:
    assert told(tmp_path / "best.pk", content) == words


def test_a_file_above_the_limit_is_not_opened_and_one_at_the_limit_is(tmp_path: Path) -> None:
    old = saved(STATE, old=True)
    assert form_of_bytes(old, LARGEST) is Form.OLD
    words = "has 513 MiB, more than the 512 that are read; save `model.state_dict()` and nothing else"
    assert form_of_bytes(old, LARGEST + 2**20) == Unusable(words)


def test_an_archive_that_would_become_too_large_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.submission.weights.MOST_MEBIBYTES", 1)
    content = zipped([("archive/data.pkl", b""), ("archive/data/0", bytes(3 * 2**20))])
    assert len(content) < 2**20
    assert str(told(tmp_path / "best.pk", content)).startswith("has 3 MiB, more than the 1 that are read")


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    assert form_of(tmp_path / "best.pk") == Unusable("cannot be read (No such file or directory)")


@pytest.mark.parametrize(("size", "words"), [(12, "12 bytes"), (4321, "4 kB"), (4_100_000, "4.1 MB")])
def test_sizes_are_told_as_people_say_them(size: int, words: str) -> None:
    assert in_megabytes(size) == words


# Whatever the bytes are


@st.composite
def damaged_weights(draw: st.DrawFn) -> bytes:
    """Bytes that begin as some weights do, cut, changed, or both."""
    contents = [saved(STATE), saved(STATE, old=True), SAFE, pickle.dumps(STATE), pickle.dumps({"loss": [0.5]}, 2)]
    content = bytearray(draw(st.sampled_from(contents)))
    for place in draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[place] = draw(st.integers(0, 255))
    return bytes(content[: draw(st.integers(0, len(content)))]) + draw(st.binary(max_size=8))


@given(content=st.binary(max_size=300) | damaged_weights())
def test_no_bytes_are_more_than_a_sentence_to_the_judge(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any bytes"
    path.write_bytes(content)
    form = form_of(path)
    if isinstance(form, Unusable):
        sentence = f"The file {form.words}"
    else:
        opened = OpenedWeights(path, form)
        assert bool(opened.states) != bool(opened.problem)
        sentence = not_opened(read_not_opened(opened.problem)) if opened.problem else "fine"
    assert sentence.isprintable()
    assert len(sentence) < 400


@given(content=st.binary(max_size=300), form=st.sampled_from(Form))
def test_no_bytes_stop_a_worker_that_takes_them_for_weights(
    content: bytes, form: Form, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any bytes"
    path.write_bytes(content)
    opened = OpenedWeights(path, form)
    assert bool(opened.states) != bool(opened.problem)
