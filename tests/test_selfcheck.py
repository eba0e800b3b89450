"""`autograder.check` in a running notebook: a plain IPython shell, which is what Jupyter and Colab have within."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

import autograder
from autograder import selfcheck
from autograder.grading import Grader
from autograder.selfcheck import CannotCheck, NotPassed
from autograder.session import Setup, grade_path
from fixtures.compose import write_notebook
from student_template.build import build_notebook

RIGHT = """
def generate_same_pair(data):
    return np.concatenate([data[:, :, 0], data[:, :, 1]], axis=2).reshape(-1, 448, 224, 3)
"""
SIDES_EXCHANGED = RIGHT.replace("data[:, :, 0], data[:, :, 1]", "data[:, :, 1], data[:, :, 0]")
BESIDE_EACH_OTHER = RIGHT.replace("axis=2", "axis=3").replace("448, 224", "224, 448")
IMPORTS = "import numpy as np\nimport autograder"
UNDER_NBGRADER = "NBGRADER_EXECUTION"


class Notebook:
    """A running notebook whose self-checks look at small data."""

    def __init__(self, shell: InteractiveShell, data: Path) -> None:
        self._shell = shell
        self._data = data

    def run(self, *cells: str) -> ExecutionResult:
        """Run cells one after the other; what the last one came to."""
        for cell in cells:
            outcome = self._shell.run_cell(cell, store_history=True)
        return outcome

    def shown(self) -> list[Any]:
        """What each output that was shown holds by now, those that were emptied left out."""
        outputs = []
        for output in self._shell.display_pub.outputs:
            if output.get("update"):
                outputs.pop()
            outputs.append(output["data"])
        return [output for output in outputs if any(output.values())]

    def check(self, question: str) -> ExecutionResult:
        """Run the cell of the template that checks a question."""
        self._shell.display_pub.outputs.clear()
        return self.run(f"if autograder is not None:\n    autograder.check({question!r}, {str(self._data)!r})")

    def verdicts(self, question: str) -> dict[str, Any]:
        """What a self-check finds, by check."""
        asked, only = selfcheck._asked_for(question)
        found: dict[str, Any] = dict(selfcheck._checked(asked, only, self._data, self._shell).result["checks"])
        return found


@pytest.fixture(scope="module", autouse=True)
def graders() -> Iterator[None]:
    yield
    selfcheck._end_graders()


@pytest.fixture
def notebook(small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv(UNDER_NBGRADER, raising=False)
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # the shell puts its own one there
    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    shell.display_pub = CapturingDisplayPublisher()
    yield Notebook(shell, small_data)
    InteractiveShell.clear_instance()


def test_it_says_the_same_as_the_command_on_the_same_cells(
    notebook: Notebook, setup: Setup, grader: Grader, tmp_path: Path
) -> None:
    stub = next(cell.source for cell in build_notebook(solution=False).cells if cell.id == "q2a-CNN")
    as_different = RIGHT.replace("same", "different")
    cells = [IMPORTS, "from torch import Tensor, nn", SIDES_EXCHANGED, as_different, stub]
    notebook.run(*cells)
    path = tmp_path / "notebook.ipynb"
    write_notebook(path, new_notebook(cells=[new_code_cell(cell) for cell in cells]))
    commanded = setup.result(grade_path(path, setup, grader))["checks"]
    assert {entry["verdict"] for entry in commanded.values()} == {"pass", "partial", "fail", "missing"}
    for question in ("1b", "1c", "2a"):
        for id, entry in notebook.verdicts(question).items():
            for said in ("verdict", "points", "possible", "expected"):
                assert entry[said] == commanded[id][said], (id, said)


def test_what_a_student_sees_from_the_stub_to_the_right_function(notebook: Notebook) -> None:
    stub = next(cell.source for cell in build_notebook(solution=False).cells if cell.id == "q1b-generate-same-pair")
    notebook.run(IMPORTS + "\nfrom numpy.typing import NDArray", stub)
    for cell, points, words in (
        (None, "0 of 4 points", "is still to be written"),
        (BESIDE_EACH_OTHER, "0 of 4 points", "224, 448, 3]"),
        (SIDES_EXCHANGED, "2.5 of 4 points", "in every row the right shoe lies above the left one"),
        (RIGHT, "4 of 4 points", "every pair once"),
    ):
        if cell is not None:
            notebook.run(cell)
        outcome = notebook.check("1b")
        [output] = notebook.shown()
        assert outcome.success and outcome.result is None
        assert f"<b>Question 1b: {points}</b>" in output["text/html"]
        assert words in output["text/html"]
        assert "same.content" in output["text/plain"]


def test_a_function_counts_that_stands_in_one_cell_with_imports_and_the_check(notebook: Notebook) -> None:
    notebook.run(f"{IMPORTS}\n{RIGHT}\nif False:\n    autograder.check('1b')")
    assert [entry["verdict"] for entry in notebook.verdicts("1b").values()] == ["pass", "pass"]


def test_what_was_run_last_counts_and_what_could_not_run_does_not(notebook: Notebook) -> None:
    notebook.run("generate_same_pair(None)", IMPORTS, SIDES_EXCHANGED, "def generate_same_pair(:", RIGHT, "(((", RIGHT)
    assert [entry["verdict"] for entry in notebook.verdicts("1b").values()] == ["pass", "pass"]
    notebook.check("1b")
    assert "Note" not in notebook.shown()[0]["text/html"]


def test_a_function_that_was_not_run_is_missing_and_the_hint_asks_for_it(notebook: Notebook) -> None:
    notebook.run(IMPORTS)
    notebook.check("1b")
    html = notebook.shown()[0]["text/html"]
    assert html.count("Have you run its cell?") == 1  # not once for each of its checks


def test_files_beside_the_notebook_are_its_own(notebook: Notebook) -> None:
    Path("pairs.py").write_text("import numpy as np\n" + RIGHT)
    Path("os.py").mkdir()  # no file, whatever it is called
    notebook.run("import autograder\nfrom pairs import generate_same_pair")
    assert [entry["verdict"] for entry in notebook.verdicts("1b").values()] == ["pass", "pass"]


def test_what_a_person_marks_costs_no_self_check_its_pass(notebook: Notebook) -> None:
    notebook.run(IMPORTS)
    entry = notebook.verdicts("1d")["written.q1d"]
    assert (entry["verdict"], entry["observed"]) == ("manual", "a person marks this, in the notebook that is handed in")
    assert selfcheck._checked("1d", ("q1d",), notebook._data, notebook._shell).passed


@pytest.mark.parametrize("question", ["1b", "q1b", " Q1B ", "same"])
def test_a_question_may_be_called_as_students_do(question: str) -> None:
    assert set(selfcheck._asked_for(question)[1]) <= {"q1b", "same"}


def test_one_number_stands_for_all_parts_and_nothing_for_all_questions() -> None:
    assert selfcheck._asked_for("1") == ("Question 1", ("q1a", "q1b", "q1c", "q1d", "q1e"))
    assert len(selfcheck._asked_for("")[1]) == 16


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("autograder.check('1z')", "There is no question '1z'. There are 1a, 1b, 1c, 1d, 1e, 2a,"),
        ("autograder.check('1b', '/nowhere')", "/nowhere has no folder train; it should hold train, test_w, test_m"),
    ],
)
def test_what_was_asked_wrongly_is_said_in_one_sentence(
    notebook: Notebook, capsys: pytest.CaptureFixture[str], cell: str, words: str
) -> None:
    outcome = notebook.run(IMPORTS, cell)
    assert isinstance(outcome.error_in_exec, CannotCheck)
    printed = capsys.readouterr()
    assert printed.out.startswith(words) and len(printed.out.splitlines()) == 1 and printed.err == ""
    assert notebook.shown() == []


def test_outside_a_notebook_the_command_is_named() -> None:
    with pytest.raises(CannotCheck, match="for a file there is `autograder check FILE`"):
        autograder.check("1b")


def test_the_stop_button_ends_a_check_with_all_its_processes(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.run(IMPORTS, RIGHT)
    with monkeypatch.context() as patch:
        patch.setattr("autograder.grading.Grader.grade", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        outcome = notebook.check("1b")
    assert str(outcome.error_in_exec) == "The check was stopped before it was finished."
    assert not selfcheck._graders  # so that the next check starts anew


@pytest.mark.parametrize(
    ("execution", "function", "value"),
    [("autograde", RIGHT, None), ("autograde", SIDES_EXCHANGED, 2.5), ("validate", RIGHT, None)],
)
def test_under_nbgrader_a_part_of_the_points_is_the_cells_value_and_all_of_them_need_none(
    notebook: Notebook,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    execution: str,
    function: str,
    value: float | None,
) -> None:
    monkeypatch.setenv(UNDER_NBGRADER, execution)
    notebook.run(IMPORTS, function)
    outcome = notebook.check("1b")
    assert outcome.success
    assert outcome.result == value
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("execution", "function"), [("autograde", ""), ("validate", ""), ("validate", SIDES_EXCHANGED)]
)
def test_under_nbgrader_a_question_that_is_not_passed_raises_its_points_and_the_table(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch, execution: str, function: str
) -> None:
    monkeypatch.setenv(UNDER_NBGRADER, execution)
    notebook.run(IMPORTS, function)
    outcome = notebook.check("1b")
    assert isinstance(outcome.error_in_exec, NotPassed)
    first, *table = str(outcome.error_in_exec).splitlines()
    assert first == f"Question 1b: {'2.5' if function else '0'} of 4 points."
    assert any("same.content" in line for line in table)
    assert max(map(len, table)) <= 80  # nbgrader cuts off what is longer
    assert notebook.shown() == []
