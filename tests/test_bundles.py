"""Whatever shape a submission comes in, the right notebook and its modules are found by what is in them."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.program.choice import the_submission
from autograder.program.names import Role
from autograder.program.understanding import Understanding
from autograder.submission.bundle import Bundle, read_bundles, submission_name
from autograder.submission.contents import Kind, kind_of
from autograder.submission.decisions import NO_DECISIONS, Decisions
from autograder.submission.files import find_files
from autograder.submission.module_names import plain_stem
from autograder.submission.notebook import Unreadable

MOST_MEBIBYTES = 5
FUNCTIONS = """
import torch.nn as nn

class CNN(nn.Module):
    def forward(self, x):
        return x.mean()

class CNNChannel(nn.Module):
    def forward(self, x):
        return x.sum()
"""
PAIRS = "def generate_same_pair(data):\n    return data\n"


def notebook(*sources: str) -> bytes:
    """A notebook with these code cells."""
    cells = [
        {"cell_type": "code", "execution_count": n, "metadata": {}, "outputs": [], "source": source}
        for n, source in enumerate(sources)
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}).encode()


MAIN = notebook("import numpy as np", "from ML_DL_Functions3 import CNN, CNNChannel", PAIRS)


def zipped(files: Mapping[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return archive.getvalue()


def laid_out(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def bundle_in(path: Path, decided: Decisions = NO_DECISIONS) -> Bundle:
    return the_submission(read_bundles(path, MOST_MEBIBYTES, decided))


def played(bundle: Bundle, role: Role) -> str:
    found = Understanding(bundle).first(role)
    return found.name if found else ""


# Shapes


SHAPES = {
    "a folder": {"a3.ipynb": MAIN, "ML_DL_Functions3.py": FUNCTIONS.encode()},
    "a folder in a folder": {"anna/hw/a3.ipynb": MAIN, "anna/hw/ML_DL_Functions3.py": FUNCTIONS.encode()},
    "what macOS adds": {
        "a3.ipynb": MAIN,
        "ML_DL_Functions3.py": FUNCTIONS.encode(),
        "__MACOSX/._a3.ipynb": b"\x00\x05\x16\x07",
        ".DS_Store": b"\x00\x00\x00\x01Bud1",
        ".ipynb_checkpoints/a3-checkpoint.ipynb": notebook("a = 1\nb = 2"),
    },
    "names in Hebrew, with blanks and brackets": {
        "תרגיל 3 [1].ipynb": MAIN,
        "ML_DL_Functions3 (1).py": FUNCTIONS.encode(),
    },
    "a functions file without an ending": {"a3.ipynb": MAIN, "ML_DL_Functions3": FUNCTIONS.encode()},
    "a functions file of another name": {"a3.ipynb": MAIN, "our networks.py": FUNCTIONS.encode()},
    "a functions file that is called text": {"a3.ipynb": MAIN, "ML_DL_Functions3.py.txt": FUNCTIONS.encode()},
    "a notebook without an ending": {"Assignment3": MAIN, "ML_DL_Functions3.py": FUNCTIONS.encode()},
}


@pytest.mark.parametrize("packed", ["folder", "zip", "zip in a zip", "folder with a zip"])
@pytest.mark.parametrize("shape", SHAPES)
def test_notebook_and_functions_are_found_in_every_shape(tmp_path: Path, shape: str, packed: str) -> None:
    files = SHAPES[shape]
    path = tmp_path / "anna"
    if packed == "folder":
        laid_out(path, files)
    elif packed == "folder with a zip":
        laid_out(path, {"final/handed in.zip": zipped(files)})
    else:
        path = tmp_path / "anna.zip"
        path.write_bytes(zipped(files if packed == "zip" else {"inner.ZIP": zipped(files)}))
    bundle = bundle_in(path)
    assert bundle.name == "anna"
    assert (played(bundle, Role.SAME), played(bundle, Role.CNN)) == ("generate_same_pair", "CNN")
    assert not bundle.modules.absent


def test_a_script_is_a_submission_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "anna.py"
    path.write_bytes(PAIRS.encode())
    assert (bundle_in(path).name, played(bundle_in(path), Role.SAME)) == ("anna", "generate_same_pair")


def test_where_only_a_copy_of_jupyters_was_handed_in_it_is_taken_and_said(tmp_path: Path) -> None:
    bundle = bundle_in(laid_out(tmp_path / "anna", {".ipynb_checkpoints/a3-checkpoint.ipynb": MAIN}))
    assert bundle.notebook.endswith("a3-checkpoint.ipynb")
    assert "a copy that Jupyter saved by itself" in bundle.notes[0]


# Archives that are broken or hostile


def refused(path: Path) -> str:
    with pytest.raises(Unreadable) as caught:
        bundle_in(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(zipped({"a3.ipynb": MAIN})[:-30], "cut off or damaged", id="cut off"),
        pytest.param(zipped({}), "holds no notebook", id="empty"),
        pytest.param(zipped({"photo.jpg": b"x"}), "holds no notebook", id="photographs only"),
        pytest.param(b"Rar!\x1a\x07", "an archive of a kind that is not unpacked", id="RAR"),
        pytest.param(b"7z\xbc\xaf\x27\x1c", "an archive of a kind that is not unpacked", id="7z"),
    ],
)
def test_an_archive_without_a_notebook_is_refused_in_a_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "anna.zip").write_bytes(content)
    assert words in refused(tmp_path / "anna.zip")


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "anna.zip").write_bytes(zipped({"../../evil.py": b"x = 1", "/etc/evil.py": b"x = 2", "a3.ipynb": MAIN}))
    found = find_files(tmp_path / "anna.zip")
    assert found.unpacked is not None
    assert all(file.path.parent == Path(found.unpacked.name) for file in found.files)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["anna.zip"]


def test_an_archive_that_swells_is_unpacked_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.submission.files._MOST_BYTES", 2**20)
    with zipfile.ZipFile(tmp_path / "anna.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a3.ipynb", MAIN)
        archive.writestr("zeros.txt", bytes(2**22))
    bundle = bundle_in(tmp_path / "anna.zip")
    assert bundle.notebook == "a3.ipynb"
    assert "unpacked in part" in bundle.notes[0]


@given(content=st.binary(max_size=300), cut=st.integers(0, 400))
@settings(max_examples=60)
def test_whatever_bytes_a_zip_holds_there_is_a_bundle_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, cut: int
) -> None:
    path = tmp_path_factory.mktemp("any") / "anna.zip"
    whole = zipped({"a3.ipynb": MAIN, "other": content})
    path.write_bytes(whole[: len(whole) - cut] + content[:cut])
    try:
        assert bundle_in(path).statements
    except Unreadable as problem:
        assert "\n" not in str(problem)


# What a file is


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.ipynb", b"whatever", Kind.NOTEBOOK),
        ("a.ipynb (2)", MAIN, Kind.NOTEBOOK),
        ("a.json", MAIN, Kind.NOTEBOOK),
        ("a.json", b'{"a": 1}', Kind.OTHER),
        ("a.py", b"a = (", Kind.CODE),
        ("a.py_1", b"a = 1", Kind.CODE),
        ("functions", FUNCTIONS.encode(), Kind.CODE),
        ("functions.txt", FUNCTIONS.encode(), Kind.CODE),
        ("answers.txt", b"We chose n = 8, since it was best.", Kind.OTHER),
        ("notes", b"hello", Kind.OTHER),
        ("README.md", b"def f(): pass", Kind.OTHER),
        ("best.pk", b"version https://git-lfs.github.com/spec/v1", Kind.WEIGHTS),
        ("best.pk", b"", Kind.WEIGHTS),
        ("arrays.npz", zipped({"train.npy": b"x"}), Kind.OTHER),
        ("report.docx", zipped({"[Content_Types].xml": b"x"}), Kind.OTHER),
        ("data.zip", zipped({"a": b"x"}), Kind.ARCHIVE),
    ],
)
def test_a_file_is_what_it_holds(tmp_path: Path, name: str, content: bytes, kind: Kind) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert kind_of(path, name) is kind


@pytest.mark.parametrize("name", ["best.pk", "weights", "model (1).zip", "final.bin"])
@pytest.mark.parametrize("old", [False, True])
def test_weights_are_recognised_whatever_they_are_called(tmp_path: Path, name: str, old: bool) -> None:
    torch.save({"a": torch.ones(2)}, tmp_path / "file", _use_new_zipfile_serialization=not old)
    assert kind_of(tmp_path / "file", name) is Kind.WEIGHTS


# Which notebook


def test_of_several_notebooks_the_one_that_does_most_is_taken_and_the_note_says_why(tmp_path: Path) -> None:
    starter = notebook("def generate_same_pair(data):\n    # your code here\n    pass", "x = 1", "y = 2", "z = 3")
    bundle = bundle_in(laid_out(tmp_path, {"a starter.ipynb": starter, "mine.ipynb": MAIN}))
    assert bundle.notebook == "mine.ipynb"
    assert bundle.notes[-1].startswith("of 2 notebooks mine.ipynb was taken")
    assert "a starter.ipynb" in bundle.notes[-1]


def test_two_halves_of_the_work_are_taken_together_with_their_cells_numbered_through(tmp_path: Path) -> None:
    data = notebook("train_data = load()", "valid_data = load()", PAIRS)
    model = notebook(FUNCTIONS, "def train(model, data):\n    loss.backward()\n    optimizer.step()")
    bundle = bundle_in(laid_out(tmp_path, {"part 10 model.ipynb": model, "part 9 data.ipynb": data}))
    assert bundle.notebook == "part 9 data.ipynb + part 10 model.ipynb"
    assert [cell.number for cell in bundle.cells] == [0, 1, 2, 3, 4]
    assert (played(bundle, Role.SAME), played(bundle, Role.CNN)) == ("generate_same_pair", "CNN")
    assert "part 10 model.ipynb from cell 3 on" in bundle.notes[-1]


def test_an_older_copy_of_the_whole_is_not_mixed_in(tmp_path: Path) -> None:
    whole = ("train_data = load()", "valid_data = load()", PAIRS, FUNCTIONS)
    old = notebook(*whole, "def get_accuracy(model, data):\n    return 1")
    new = notebook(*whole, "test_w = load()", "test_m = load()")
    assert bundle_in(laid_out(tmp_path, {"new.ipynb": new, "old.ipynb": old})).notebook == "new.ipynb"


def test_a_broken_notebook_beside_a_whole_one_costs_nothing(tmp_path: Path) -> None:
    assert bundle_in(laid_out(tmp_path, {"a.ipynb": b"{", "b.ipynb": MAIN})).notebook == "b.ipynb"


# Which module


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("ML_DL_Functions3 (1).py", "mldlfunctions3"),
        ("ML_DL_Functions3[2].py", "mldlfunctions3"),
        ("Copy of ML_DL_Functions3.py", "mldlfunctions3"),
        ("ML_DL_Functions3 - Copy.py", "mldlfunctions3"),
        ("ML_DL_Functions3 - עותק.py", "mldlfunctions3"),
        ("folder/ml-dl-functions3.PY", "mldlfunctions3"),
        ("ML_DL_Functions3.py.txt", "mldlfunctions3"),
        ("ML_DL_Functions3", "mldlfunctions3"),
        ("תרגיל.py", "תרגיל"),
    ],
)
def test_what_programs_add_to_a_name_is_no_part_of_it(name: str, stem: str) -> None:
    assert plain_stem(name) == stem


@pytest.mark.parametrize(
    "importing",
    [
        "from ML_DL_Functions3 import CNN, CNNChannel",
        "from ML_DL_Functions3 import *",
        "import ML_DL_Functions3\nnet = ML_DL_Functions3.CNN()",
        "import ML_DL_Functions3 as f\nimport importlib\nimportlib.reload(f)\nnet = f.CNN()",
        "import ML_DL_Functions3 as f\nCNN, CNNChannel = f.CNN, f.CNNChannel",
        "import importlib\nf = importlib.import_module('ML_DL_Functions3')\nnet = f.CNN()",
        "try:\n    from ML_DL_Functions3 import CNN, CNNChannel\nexcept ImportError:\n    pass",
        "import sys\nsys.path.append('/content/drive/My Drive/')\nfrom ML_DL_Functions3 import CNN",
        "%run ML_DL_Functions3.py",
        "%run -i '/content/drive/My Drive/ML_DL_Functions3.py'",
        "exec(open(drive_path + 'ML_DL_Functions3.py').read())",
        "import importlib.util\n"
        "spec = importlib.util.spec_from_file_location('f', drive_path + 'ML_DL_Functions3.py')\n"
        "f = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(f)\nCNN = f.CNN",
    ],
)
@pytest.mark.parametrize("file", ["ML_DL_Functions3.py", "ML_DL_Functions3 (1).py", "sub/ML_DL_Functions3.py"])
def test_the_models_are_found_however_their_file_is_imported_and_called(
    tmp_path: Path, file: str, importing: str
) -> None:
    bundle = bundle_in(laid_out(tmp_path, {"a3.ipynb": notebook(importing, PAIRS), file: FUNCTIONS.encode()}))
    assert played(bundle, Role.CNN) == "CNN"
    assert bundle.modules.absent == ()


def test_a_file_taken_for_another_name_is_said(tmp_path: Path) -> None:
    bundle = bundle_in(laid_out(tmp_path, {"a3.ipynb": MAIN, "nets.py": FUNCTIONS.encode()}))
    assert "ML_DL_Functions3 was taken from the file nets.py" in bundle.notes


def test_of_two_files_the_one_that_holds_what_is_imported_is_meant(tmp_path: Path) -> None:
    files = {"a3.ipynb": MAIN, "helpers.py": b"def show():\n    pass\n", "nets.py": FUNCTIONS.encode()}
    assert bundle_in(laid_out(tmp_path, files)).modules.renamed == {"ML_DL_Functions3": "nets.py"}


@pytest.mark.parametrize("importing", ["from ML_DL_Functions3 import CNN", "%run ML_DL_Functions3.py"])
def test_an_old_copy_in_another_folder_is_not_meant(tmp_path: Path, importing: str) -> None:
    old = FUNCTIONS.replace("x.mean()", "x.old()")
    files = {"final/a3.ipynb": notebook(importing), "final/ML_DL_Functions3.py": FUNCTIONS.encode()}
    bundle = bundle_in(laid_out(tmp_path, files | {"ML_DL_Functions3.py": old.encode(), "a/ML_DL_Functions3.py": b""}))
    understanding = Understanding(bundle)
    found = understanding.first(Role.CNN)
    assert found is not None and found.cell == 0
    assert bundle.modules.files["ML_DL_Functions3"] == "final/ML_DL_Functions3.py"


@pytest.mark.parametrize("name", ["ML_DL_Functions3_new version.py", "whatever.py"])
def test_the_only_file_is_meant_by_the_only_import_that_is_no_library(tmp_path: Path, name: str) -> None:
    files = {"a3.ipynb": notebook("import numpy as np\nfrom ML_DL_Functions3 import *"), name: FUNCTIONS.encode()}
    assert bundle_in(laid_out(tmp_path, files)).modules.renamed == {"ML_DL_Functions3": name}


def test_a_file_that_is_nowhere_is_named(tmp_path: Path) -> None:
    bundle = bundle_in(laid_out(tmp_path, {"a3.ipynb": MAIN}))
    assert bundle.modules.absent == ("ML_DL_Functions3",)
    assert Understanding(bundle).absent_file(Role.CNN) == "ML_DL_Functions3"
    assert Understanding(bundle).absent_file(Role.SAME) == ""


def test_libraries_are_no_files_of_the_submission(tmp_path: Path) -> None:
    imports = "import numpy, torchvision, google.colab, tqdm.notebook\nfrom torch.utils.data import Dataset"
    assert bundle_in(laid_out(tmp_path, {"a3.ipynb": notebook(imports)})).modules.absent == ()


def test_packages_are_imported_by_their_dotted_names(tmp_path: Path) -> None:
    files = {
        "a3.ipynb": notebook("from utils.nets import CNN, CNNChannel", "import utils"),
        "utils/__init__.py": b"N = 8\n",
        "utils/nets.py": b"from .blocks import block\n" + FUNCTIONS.encode(),
        "utils/blocks.py": b"def block():\n    pass\n",
    }
    bundle = bundle_in(laid_out(tmp_path, {f"anna/{name}": content for name, content in files.items()}))
    assert (played(bundle, Role.CNN), bundle.modules.absent) == ("CNN", ())
    assert bundle.modules.sources["utils"] == "N = 8\n"


def test_another_notebook_can_be_imported_as_a_module(tmp_path: Path) -> None:
    files = {"a3.ipynb": notebook("%run nets.ipynb", PAIRS, "train_data = 1"), "nets.ipynb": notebook(FUNCTIONS)}
    bundle = bundle_in(laid_out(tmp_path, files))
    assert (bundle.notebook, played(bundle, Role.CNN)) == ("a3.ipynb", "CNN")


def test_an_instructor_decides_which_file_is_a_module(tmp_path: Path) -> None:
    files = {"a3.ipynb": MAIN, "new.py": FUNCTIONS.encode(), "old.py": FUNCTIONS.encode()}
    bundle = bundle_in(laid_out(tmp_path, files), Decisions(modules={"ML_DL_Functions3": "old.py"}))
    assert bundle.modules.files["ML_DL_Functions3"] == "old.py"


def test_weights_and_other_files_lie_beside_but_neither_photographs_nor_arrays(tmp_path: Path) -> None:
    files = {"a3.ipynb": MAIN, "best.pk": b"x", "log.csv": b"x", "train/u001_1_left_w.jpg": b"x", "train.npy": b"x"}
    bundle = bundle_in(laid_out(tmp_path, files))
    assert (set(bundle.weights), set(bundle.beside)) == ({"best.pk"}, {"best.pk", "log.csv"})


@pytest.mark.parametrize("name", ["anna.ipynb", "anna.py", "anna.zip", "anna.ZIP", "anna"])
def test_a_submission_is_called_as_its_file_without_the_ending(name: str) -> None:
    assert submission_name(Path(name)) == "anna"
