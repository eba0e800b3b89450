"""Folders and archives from strangers: nothing outside of them is read or written, and nothing in them costs much."""

import io
import json
import os
import socket
import stat
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.program.choice import the_submission
from autograder.submission.archives import is_file, place_of
from autograder.submission.bundle import Bundle, digest_of, read_bundles
from autograder.submission.files import find_files
from autograder.submission.inert import inert
from autograder.submission.notebook import Unreadable

MEBIBYTES = 5


def notebook(*sources: str) -> bytes:
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in sources]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}).encode()


MAIN = notebook("a = 1", "b = a")
SECRET = notebook("secret = 1")


def zipped(*files: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return packed.getvalue()


def entry(name: str, mode: int) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.create_system, made.external_attr = 3, mode << 16
    return made


def written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def bundle_in(path: Path) -> Bundle:
    return the_submission(read_bundles(path, MEBIBYTES))


def names_in(path: Path) -> list[str]:
    return [file.name for file in find_files(path).files]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    written(tmp_path / "outside" / "secret.ipynb", SECRET)
    return written(tmp_path / "anna" / "a3.ipynb", MAIN).parent


# Folders


@pytest.mark.parametrize("target", ["../outside", "../outside/secret.ipynb", "/", ".", "loop", "nowhere"])
def test_links_in_a_folder_lead_nowhere_and_are_told(folder: Path, target: str) -> None:
    (folder / "loop").symlink_to(target)
    assert names_in(folder) == ["a3.ipynb"]
    assert any("loop was left out: a link to another place" in note for note in bundle_in(folder).notes)


def test_a_linked_file_is_no_part_of_the_digest(folder: Path) -> None:
    before = digest_of(folder)
    (folder / "link.py").symlink_to("../outside/secret.ipynb")
    assert digest_of(folder) == before


def test_pipes_and_sockets_are_not_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe.ipynb")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "door.py"))
    assert names_in(folder) == ["a3.ipynb"]
    assert digest_of(folder)


def test_a_pipe_in_the_place_of_a_submission_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "anna.ipynb")
    with pytest.raises(Unreadable, match="is no ordinary file"):
        read_bundles(tmp_path / "anna.ipynb", MEBIBYTES)
    assert digest_of(tmp_path / "anna.ipynb")


def test_folders_within_folders_without_end_are_left_out(folder: Path) -> None:
    deep = folder
    for _ in range(300):
        deep = deep / "d"
        deep.mkdir()
    written(deep / "deep.py", b"x = 1")
    written(folder / "sub" / "helpers.py", b"x = 1")
    bundle = bundle_in(folder)
    assert set(bundle.modules.files.values()) == {"sub/helpers.py"}
    assert any("lies deeper in folders" in note for note in bundle.notes)


def test_of_very_many_files_the_first_are_looked_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.submission.files._MOST_ENTRIES", 10)
    for number in range(30):
        written(folder / f"b{number:02}.txt", b"x")
    assert len(names_in(folder)) == 10
    assert "only the first 10 files were looked at" in bundle_in(folder).notes


def test_names_that_are_no_utf8_and_names_with_signs_that_move_cursors_become_plain_words(folder: Path) -> None:
    (folder / "a3.ipynb").rename(folder / os.fsdecode(b"a\xff\n\x1b[31m\xe2\x80\xae.ipynb"))
    written(folder / "b\x1b[2J.ipynb", MAIN)
    bundle = bundle_in(folder)
    assert bundle.notes and all(note.isprintable() for note in bundle.notes)
    assert digest_of(folder)


_AS_NOBODY = """
import os, sys
from pathlib import Path
from autograder.submission.bundle import read_bundles
if os.geteuid() == 0:
    read_bundles(Path(sys.argv[1]), 5)  # what Python imports on the way may lie where only root can read
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
for bundle in read_bundles(Path(sys.argv[1]), 5):
    print(bundle.notebook, *bundle.notes, sep="|", flush=True)
"""


def read_as_plain_user(folder: Path) -> subprocess.CompletedProcess[str]:
    """Read a submission as somebody whom the modes of files bind, which is not so for root."""
    folder.parent.chmod(0o755)
    command = [sys.executable, "-c", _AS_NOBODY, folder.name]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, cwd=folder.parent, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("locked", ["helpers.py", "photo.jpg", "b.ipynb", "sub"])
def test_a_file_that_may_not_be_read_costs_none_of_the_others(folder: Path, locked: str) -> None:
    (folder / "sub").mkdir()
    for name, content in {"helpers.py": b"x = 1", "photo.jpg": b"\xff\xd8\xff", "b.ipynb": SECRET}.items():
        written(folder / name, content)
    (folder / locked).chmod(0)
    read = read_as_plain_user(folder)
    (folder / locked).chmod(0o755)
    assert read.stdout.startswith("a3.ipynb"), read.stderr
    if locked != "photo.jpg":
        assert f"{locked} cannot be read: Permission denied" in read.stdout


def test_a_file_that_vanishes_while_a_folder_is_read_costs_none_of_the_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helpers = written(folder / "helpers.py", b"x = 1")
    found = find_files(folder)
    monkeypatch.setattr("autograder.submission.bundle.find_files", lambda path: found)
    helpers.unlink()
    (bundle,) = read_bundles(folder, MEBIBYTES)
    assert "helpers.py cannot be read: No such file or directory" in bundle.notes


# Archives


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("../../up.py", "up.py"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\Users\\anna\\a3.ipynb", "Users/anna/a3.ipynb"),
        ("a\\..\\..\\b.py", "a/b.py"),
        ("./a//b.py", "a/b.py"),
        ("תרגיל/a.py", "תרגיל/a.py"),
    ],
)
def test_an_entry_lies_within_its_archive_whatever_it_is_called(name: str, place: str) -> None:
    assert place_of(zipfile.ZipInfo(name)) == place


@pytest.mark.parametrize("name", ["x" * 10_000 + ".py", "a/" * 20_000 + "b.py"])
def test_an_entry_whose_name_nobody_would_give_is_left_out(tmp_path: Path, name: str) -> None:
    bundle = bundle_in(written(tmp_path / "anna.zip", zipped(("a3.ipynb", MAIN), (name, b"x = 1"))))
    assert not bundle.modules.files
    assert "its name is longer than names of files are" in bundle.notes[0]
    assert len(bundle.notes[0]) < 400


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK, stat.S_IFDIR])
def test_what_is_no_file_stays_in_the_archive(tmp_path: Path, kind: int) -> None:
    odd = entry("x.py", kind | 0o644)
    assert not is_file(odd)
    path = written(tmp_path / "anna.zip", zipped(("a3.ipynb", MAIN), (odd, b"/etc/passwd")))
    assert names_in(path) == ["a3.ipynb"]


def test_of_two_entries_with_one_name_the_last_is_taken_as_unpacking_would_and_it_is_told(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = zipped(("a3.ipynb", notebook("old = 1")), ("./a3.ipynb", b""), ("a3.ipynb", MAIN))
    bundle = bundle_in(written(tmp_path / "anna.zip", content))
    assert [s.source for s in bundle.statements] == ["a = 1\n", "b = a\n"]
    assert "anna.zip holds a3.ipynb more than once; the last one was taken" in bundle.notes


def locked(content: bytes) -> bytes:
    """An archive whose second entry says that it is encrypted."""
    second = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 1)
    return content[: second + 8] + b"\x01\x00" + content[second + 10 :]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (locked(zipped(("a3.ipynb", MAIN), ("x.py", b"x = 1"))), "x.py in anna.zip was left out: it is locked"),
        (zipped(("a3.ipynb", MAIN), method=zipfile.ZIP_LZMA), "packed in an unusual way (method 14)"),
        (
            zipped(("a3.ipynb", MAIN), ("x.py", b"x = 12")).replace(b"x = 12", b"x = 13"),
            "x.py in anna.zip was left out",
        ),
    ],
    ids=["a password", "a method of compression", "damaged"],
)
def test_an_entry_that_cannot_be_unpacked_is_told(tmp_path: Path, content: bytes, words: str) -> None:
    path = written(tmp_path / "anna.zip", content)
    try:
        notes: tuple[str, ...] = bundle_in(path).notes
    except Unreadable as problem:
        notes = (str(problem),)
    assert any(words in note for note in notes)


def overlapping(count: int, size: int) -> bytes:
    """An archive of many entries that are all the same few bytes: Fifield's way to swell."""
    whole = bytearray(zipped(("z.txt", bytes(size)), method=zipfile.ZIP_DEFLATED))
    start = whole.index(b"PK\x01\x02")
    end = whole.index(b"PK\x05\x06")
    directory = bytes(whole[start:end])
    parts = [directory.replace(b"z.txt", f"{n:05}".encode()) for n in range(count)]
    total = b"".join(parts)
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(total), start, 0)
    return bytes(whole[:start]) + total + tail


def bombs() -> Iterator[tuple[str, bytes]]:
    yield "overlapping", overlapping(5_000, 2**20)
    nested = zipped(("zeros.txt", bytes(2**22)), method=zipfile.ZIP_DEFLATED)
    for _ in range(6):
        nested = zipped(*((f"{n}.zip", nested) for n in range(8)), method=zipfile.ZIP_DEFLATED)
    yield "nested", nested
    lying = bytearray(zipped(("zeros.txt", bytes(2**22)), method=zipfile.ZIP_DEFLATED))
    place = lying.index(b"PK\x01\x02") + 24
    lying[place : place + 4] = struct.pack("<I", 10)
    yield "lying of its size", bytes(lying)
    yield "zip64 sizes", bytes(lying[:place]) + b"\xff\xff\xff\xff" + bytes(lying[place + 4 :])


@pytest.mark.parametrize("content", [content for _, content in bombs()], ids=[name for name, _ in bombs()])
def test_what_comes_out_of_a_bomb_is_bounded_and_the_notebook_beside_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr("autograder.submission.files._MOST_BYTES", 2**20)
    path = written(tmp_path / "anna.zip", zipped(("a3.ipynb", MAIN), ("bomb.zip", content)))
    found = find_files(path)
    assert found.unpacked is not None
    assert sum(p.stat().st_size for p in Path(found.unpacked.name).iterdir()) <= 2**20
    assert bundle_in(path).notebook == "a3.ipynb"


def test_a_directory_longer_than_real_ones_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.submission.archives._MOST_OF_A_DIRECTORY", 1000)
    path = written(tmp_path / "anna.zip", zipped(*((f"{n}.txt", b"x") for n in range(100))))
    with pytest.raises(Unreadable, match="its list of files is longer than is read"):
        read_bundles(path, MEBIBYTES)


def test_many_small_files_do_not_crowd_out_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.submission.files._MOST_FILES", 10)
    others = [(f"{n}.txt", b"x") for n in range(50)]
    bundle = bundle_in(written(tmp_path / "anna.zip", zipped(*others, ("z.ipynb", MAIN))))
    assert bundle.notebook == "z.ipynb"
    assert "of anna.zip only 10 files were unpacked" in bundle.notes


# Words


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("plain words", "plain words"),
        ("שלום.ipynb", "שלום.ipynb"),
        ("two\nlines\r\nand more", "two lines and more"),
        ("\x1b[31mred\x07", "?[31mred?"),
        ("\u202egpj.exe \ud800 \u2028", "?gpj.exe ? "),
        ("\n", "?"),
        ("", ""),
    ],
)
def test_words_of_strangers_are_one_line_of_signs_that_can_be_seen(words: str, shown: str) -> None:
    assert inert(words) == shown


def test_of_words_without_end_the_middle_is_left_out() -> None:
    assert len(inert("x" * 10**6)) <= 600
    assert inert("a" * 500 + "b" * 500).startswith("aaa") and inert("a" * 500 + "b" * 500).endswith("bbb")
