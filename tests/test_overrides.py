"""What an instructor decides about a submission holds, and a file of decisions that cannot be used is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from autograder.cli import app
from autograder.overrides import OverridesError, decisions_for, read_overrides
from autograder.program.choice import the_submission
from autograder.program.names import Role
from autograder.program.understanding import Understanding
from autograder.session import prepare
from autograder.submission.bundle import bundle_of_cells, read_bundles
from autograder.submission.decisions import Decisions
from autograder.submission.notebook import Unreadable
from fixtures.compose import Patch, compose, write_notebook


def overrides(folder: Path, text: str) -> Path:
    path = folder / "overrides.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_nothing_is_decided(tmp_path: Path) -> None:
    assert read_overrides(tmp_path / "overrides.toml") == {}


def test_all_four_kinds_of_decisions_are_read(tmp_path: Path) -> None:
    text = """
["noa.zip"]
notebook  = "final/a3.ipynb"
modules   = { nets = "new/nets.py" }
roles     = { train_data = "X", CNN = "Net1" }
arguments = { CNN = { n = 8 } }
"""
    decided = decisions_for(read_overrides(overrides(tmp_path, text)), Path("class/noa.zip"))
    assert decided == Decisions(
        "final/a3.ipynb", {"nets": "new/nets.py"}, {"train_data": "X", "CNN": "Net1"}, {"CNN": {"n": 8}}
    )
    assert (
        str(decided)
        == "the notebook is final/a3.ipynb, nets is new/nets.py, train_data is X, CNN is Net1, CNN gets n=8"
    )


def test_a_submission_may_be_named_without_its_ending(tmp_path: Path) -> None:
    read = read_overrides(overrides(tmp_path, '[noa]\nnotebook = "a.ipynb"'))
    assert decisions_for(read, Path("noa.zip")).notebook == "a.ipynb"
    assert decisions_for(read, Path("dan.zip")) == Decisions()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[noa", "overrides.toml: "),
        ("noa = 3", 'noa is no table; write ["noa"] above its entries'),
        ("[noa]\nfile = 'a'", "noa: file is unknown; there are notebook, modules, roles, arguments"),
        ("[noa]\nnotebook = 3", "noa: notebook should be a text"),
        ("[noa]\nroles = 'CNN'", "noa: roles should be a table"),
        ("[noa]\nroles = { Cnn = 'A' }", "noa: roles names Cnn; there are get_organized_data"),
        ("[noa]\nroles = { CNN = 3 }", "noa: roles.CNN should be a text"),
        ("[noa]\narguments = { CNN = 3 }", "noa: arguments.CNN should be a table of numbers, texts and truth values"),
        ("[noa]\narguments = { CNN = { n = [1] } }", "noa: arguments.CNN should be a table of numbers"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_submission_and_the_entry(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(OverridesError) as caught:
        read_overrides(overrides(tmp_path, text))
    assert words in str(caught.value)


def test_the_notebook_that_was_decided_for_is_taken_although_another_does_more(tmp_path: Path) -> None:
    for name, source in {"long": "def generate_same_pair(data):\n    return data\nx = 1", "short": "y = 2"}.items():
        (tmp_path / f"{name}.py").write_text(source)
    bundle = the_submission(read_bundles(tmp_path, 5, Decisions(notebook="short.py")))
    assert bundle.notebook == "short.py"
    assert "decided in overrides.toml: the notebook is short.py" in bundle.notes


def test_a_notebook_that_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a = 1")
    with pytest.raises(Unreadable, match=r"names the notebook b.py, and the submission holds a.py"):
        the_submission(read_bundles(tmp_path, 5, Decisions(notebook="b.py")))


def test_a_name_that_was_decided_on_plays_its_role_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def generate_same_pair(d):\n    return d\ndef helper(d):\n    return d * 2\n")
    decided = Decisions(roles={"generate_different_pair": "generate_same_pair", "generate_same_pair": "helper"})
    understanding = Understanding(the_submission(read_bundles(tmp_path, 5, decided)))
    same, different = understanding.first(Role.SAME), understanding.first(Role.DIFFERENT)
    assert same is not None and different is not None
    assert (same.name, different.name) == ("helper", "generate_same_pair")


def test_decided_arguments_are_given(tmp_path: Path, small_data: Path, check: Callable[..., Result]) -> None:
    # With the width that the grader would choose, this network cannot be built.
    narrow = Patch("", "CNN", "n: int = 6, kernel_size", "n: int, kernel_size")
    refuses = Patch("", "CNN", "        super().__init__()", "        super().__init__()\n        assert n == 5")
    unused = Patch("", "q3b-memorise-cnn", None, "")
    trained = Patch("", "q3c-training", None, "epochs = 1")
    write_notebook(tmp_path / "noa.ipynb", compose(narrow, refuses, unused, trained))
    arguments = [tmp_path / "noa.ipynb", "--data", small_data, "--only", "cnn", "--format", "json"]
    assert '"verdict": "fail"' in check(*arguments).stdout
    overrides(tmp_path, "[noa]\narguments = { CNN = { n = 5 } }")
    result = check(*arguments)
    assert '"verdict": "fail"' not in result.stdout
    assert "decided in overrides.toml: CNN gets n=5" in result.stdout


def test_decisions_on_nobody_are_a_slip_and_are_refused(tmp_path: Path, small_data: Path) -> None:
    (tmp_path / "noa.py").write_text("a = 1")
    overrides(tmp_path, "[nao]\nnotebook = 'noa.py'")
    command = ["grade", str(tmp_path), "--out", str(tmp_path / "out"), "--data", str(small_data)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert "the decisions on nao are about no submission" in result.stderr


def test_a_file_that_was_named_has_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "noa.py").write_text("a = 1")
    result = CliRunner().invoke(app, ["check", str(tmp_path / "noa.py"), "--overrides", str(tmp_path / "none.toml")])
    assert result.exit_code == 2
    assert "none.toml is no file" in result.stderr


def test_a_broken_file_stops_the_command_in_a_sentence(tmp_path: Path, small_data: Path) -> None:
    (tmp_path / "noa.py").write_text("a = 1")
    overrides(tmp_path, "[noa]\nfile = 3")
    result = CliRunner().invoke(app, ["check", str(tmp_path / "noa.py"), "--data", str(small_data)])
    assert (result.exit_code, "file is unknown" in result.stderr) == (2, True)


def test_a_running_notebook_has_no_decisions() -> None:
    assert bundle_of_cells(["a = 1"], "live", {}).decided == Decisions()
    assert prepare.__defaults__ is not None and prepare.__defaults__[-1] is None
