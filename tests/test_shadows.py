"""Files with the name of a library hide nothing from the grader, and what they mean in a notebook is told."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from autograder.boundary.surroundings import Surroundings
from autograder.boundary.workers import Template
from autograder.grading import notes_on
from autograder.program.choice import the_submission
from autograder.program.names import Role
from autograder.program.understanding import Understanding
from autograder.submission.bundle import Bundle, read_bundles

LIBRARY = "raise SystemExit('taken')\n"
NETWORK = "import torch.nn as nn\nclass CNN(nn.Module):\n    def forward(self, x):\n        return x.mean()\n"


def notebook(*sources: str) -> str:
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in sources]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells})


def handed_in(folder: Path, code: str, files: Mapping[str, str] = MappingProxyType({})) -> Path:
    """A folder with a notebook of this code, and files beside it."""
    folder.mkdir(exist_ok=True)
    (folder / "a3.ipynb").write_text(notebook(code))
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def bundle_in(path: Path) -> Bundle:
    return the_submission(read_bundles(path, 5))


# What is told


@pytest.mark.parametrize("name", ["torch", "numpy", "PIL", "matplotlib"])
def test_a_file_with_the_name_of_a_library_is_told_and_hides_nothing(tmp_path: Path, name: str) -> None:
    bundle = bundle_in(handed_in(tmp_path / "anna", f"import {name}", {f"{name}.py": LIBRARY}))
    told = f"{name}.py has the name of a library; `import {name}` means the library here"
    assert told in notes_on(bundle)
    assert name not in bundle.modules.sources


def test_so_is_a_folder_with_the_name_of_a_library_and_what_lies_in_it(tmp_path: Path) -> None:
    files = {"numpy/__init__.py": LIBRARY, "numpy/linalg/norms.py": "x = 1\n"}
    bundle = bundle_in(handed_in(tmp_path / "anna", "import numpy as np", files))
    assert [note for note in bundle.notes if "has the name" in note] == [
        "numpy/ has the name of a library; `import numpy` means the library here"
    ]
    assert not [name for name in bundle.modules.sources if name.startswith("numpy")]


@pytest.mark.parametrize("name", ["random", "json", "types"])
def test_a_module_of_pythons_own_stays_what_it_is(tmp_path: Path, name: str) -> None:
    bundle = bundle_in(handed_in(tmp_path / "anna", f"import {name}\nx = {name}.choice", {f"{name}.py": LIBRARY}))
    told = f"{name}.py has the name of a module of Python's own; `import {name}` means Python's own here"
    assert told in notes_on(bundle)
    assert name not in bundle.modules.sources


@pytest.mark.parametrize("name", ["profile", "code"])
@pytest.mark.parametrize("importing", ["from {} import CNN", "import {}\nnet = {}.CNN()", "%run {}.py"])
def test_where_a_file_defines_what_is_taken_from_it_that_file_is_meant(
    tmp_path: Path, name: str, importing: str
) -> None:
    bundle = bundle_in(handed_in(tmp_path / "anna", importing.format(name, name), {f"{name}.py": NETWORK}))
    assert bundle.modules.files[name] == f"{name}.py"
    assert f"`import {name}` means the file here, which defines what is taken from it" in bundle.notes[-1]
    found = Understanding(bundle).first(Role.CNN)
    assert found is not None


@pytest.mark.parametrize("name", ["utils", "data", "train", "models", "test"])
def test_names_that_only_sound_like_a_librarys_are_nothing_special(tmp_path: Path, name: str) -> None:
    bundle = bundle_in(handed_in(tmp_path / "anna", f"from {name} import CNN", {f"{name}.py": NETWORK}))
    assert (bundle.modules.files[name], bundle.notes) == (f"{name}.py", ())


def test_a_copy_of_a_library_that_is_not_installed_serves_as_that_library(tmp_path: Path) -> None:
    path = handed_in(tmp_path / "anna", "from nbimporter import CNN", {"nbimporter.py": NETWORK})
    assert bundle_in(path).modules.files["nbimporter"] == "nbimporter.py"


def test_a_file_in_a_folder_of_its_own_hides_nothing_and_need_not_be_told(tmp_path: Path) -> None:
    files = {"tools/json.py": "def f():\n    return 1\n"}
    bundle = bundle_in(handed_in(tmp_path / "anna", "import json\nfrom tools.json import f", files))
    assert "tools.json" in bundle.modules.sources
    assert "json" not in bundle.modules.sources
    assert bundle.notes == ()


# What a worker finds


@pytest.mark.parametrize("name", ["test", "code", "queue"])
def test_a_notebooks_import_finds_the_file_and_libraries_go_on_finding_pythons_own(
    shared_template: Template, name: str
) -> None:
    code = f"from {name} import CNN\nimport {name} as own\nmade = own.CNN + CNN\nimport pdb, multiprocessing.pool\n"
    surroundings = Surroundings(modules={name: "CNN = 5\n"}, module_files={name: f"{name}.py"})
    worker = shared_template.fork(None, 0, surroundings)
    try:
        statements = [{"cell": 0, "line": 1, "source": f"{line}\n"} for line in code.split("\n")]
        worker.request("run", {"cells": {"0": code}, "statements": statements, "draw": 0})
        reply = worker.request("describe", {"value": {"name": "made"}})
    finally:
        worker.close()
    assert reply.structure["value"]["value"] == 10


# What lies in the working directory


MARKED = """
    conftest.py sitecustomize.py usercustomize.py test_a.py torch.py numpy/__init__.py matplotlib/__init__.py
    PIL/__init__.py rich.py typer.py nbformat.py json.py random.py typing.py socket.py tomllib.py reference.py
    student_template.py fixtures/__init__.py"""
MARKS = dict.fromkeys(MARKED.split(), "import pathlib\npathlib.Path({mark!r}).touch()\n")
SETTINGS = {
    "pytest.ini": "[pytest]\naddopts = -p conftest\npython_files = *.py\n",
    "setup.cfg": "[tool:pytest]\naddopts = -p conftest\n",
    "a.pth": "import pathlib; pathlib.Path({mark!r}).touch()\n",
    "overrides.toml": "broken [[",
}


def trap(folder: Path, mark: Path) -> Path:
    """A submission's folder in which everything leaves a mark when it is run."""
    for name, text in {**MARKS, **SETTINGS}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(mark=str(mark)))
    (folder / "a3.ipynb").write_text(notebook("a = 1", "import numpy as np, torch\nb = np.zeros(3)"))
    return folder


_COMMANDS = {
    "python -m autograder": ["-m", "autograder", "check", ".", "--only", "same"],
    "autograder": ["{bin}/autograder", "check", ".", "--only", "same"],
    "pytest": ["{bin}/pytest", "{package}", "--submission", ".", "-k", "same", "-p", "no:cacheprovider"],
}


@pytest.mark.parametrize("command", _COMMANDS)
def test_nothing_in_a_submissions_folder_takes_effect_where_the_command_is_started(
    tmp_path: Path, small_data: Path, command: str
) -> None:
    folder, mark = tmp_path / "anna", tmp_path / "mark"
    trap(folder, mark)
    package = Path(__file__).parents[1] / "autograder"
    words = [part.format(bin=Path(sys.executable).parent, package=package) for part in _COMMANDS[command]]
    option = "--submission-data" if command == "pytest" else "--data"
    overrides = [] if command == "pytest" else ["--overrides", str(tmp_path / "none.toml")]
    (tmp_path / "none.toml").write_text("")
    done = subprocess.run(
        [sys.executable, *words, option, str(small_data), *overrides],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not mark.exists()
    assert done.returncode == 1, done.stdout + done.stderr
    assert "same.shape" in done.stdout
