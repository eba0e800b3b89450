"""Code and notebooks made to hurt whoever reads them: all is bounded, and what is left out is said."""

import json
from pathlib import Path

import pytest

from autograder.evidence.written import written_in
from autograder.program.names import Role
from autograder.program.understanding import Understanding
from autograder.program.waking import woken
from autograder.submission import python_text
from autograder.submission.bundle import bundle_of_cells, read_bundles
from autograder.submission.notebook import Cell, Unreadable, read_cells, read_statements


def reasons(*sources: str) -> list[str]:
    cells = tuple(Cell(number, "code", source) for number, source in enumerate(sources))
    return [cell.reason for cell in read_statements(cells)[1]]


def nested(levels: int) -> dict[str, str]:
    return {
        "attributes": "a" + ".b" * levels,
        "sums": "x = 1" + " + 1" * levels,
        "branches": "if a:\n    b\n" + "elif a:\n    b\n" * levels,
        "functions": "".join(" " * n + f"def f{n}():\n" for n in range(levels)) + " " * levels + "pass",
        "classes": "".join(" " * n + f"class C{n}:\n" for n in range(levels)) + " " * levels + "pass",
        "calls": "f(" * levels + ")" * levels,
        "lambdas": "f = " + "lambda x: " * levels + "x",
        "comprehensions": "x = " + "[y for y in " * levels + "z" + "]" * levels,
        "subscripts": "x = a" + "[0]" * levels,
        "signs": "x = " + "-" * levels + "1",
        "conditions": "x = " + "a if b else " * levels + "c",
        "shell lines": "if a:\n    !python x.py\n" + "elif a:\n    b\n" * levels,
    }


@pytest.mark.parametrize("kind", nested(1))
def test_what_is_nested_deeper_than_anybody_writes_is_left_out_with_the_reason(kind: str) -> None:
    (reason,) = reasons("a = 1", nested(150)[kind])
    too_deep = f"it is nested more than {python_text.DEEPEST} levels deep"
    assert reason.startswith("too many levels of indentation" if kind in ("functions", "classes") else too_deep)


@pytest.mark.parametrize("kind", nested(1))
def test_what_is_nested_less_deep_is_understood_by_all_that_walks_over_it(kind: str) -> None:
    levels = 45 if kind in ("calls", "lambdas", "comprehensions") else 90
    source = nested(levels)[kind]
    bundle = bundle_of_cells([source, f"def train(m, d):\n{_indented(source)}\n"], "a", {"x": source})
    understanding = Understanding(bundle)
    understanding.declared()
    understanding.loading_names()
    woken(understanding)
    written_in(bundle)
    if levels == 90 and kind != "shell lines":
        assert not bundle.unparsed


def _indented(source: str) -> str:
    return "\n".join(f"    {line}" for line in source.split("\n") if not line.strip().startswith("!")) + "\n    pass"


def test_lines_in_the_notebooks_own_language_are_rewritten_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    assert reasons("!ls\n" * 20) == []
    monkeypatch.setattr(python_text, "_MOST_REWRITTEN", 1000)
    (reason,) = reasons("!ls\n" * 20)
    assert "more lines in the notebook's own language" in reason
    assert reasons(*["!ls\n" * 10] * 5)  # of all cells together


def test_of_code_without_end_what_comes_first_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.submission.notebook.MOST_LETTERS", 30)
    assert (
        reasons("a = 1", "b = 2" * 100, "c = 3")
        == ["the notebook has more than the 30 letters of code that are read"] * 2
    )
    monkeypatch.undo()
    monkeypatch.setattr("autograder.submission.notebook.MOST_STATEMENTS", 3)
    assert reasons("a = 1; b = 2", "c = 3; d = 4", "e = 5") == [
        "the notebook has more than the 3 statements that are read"
    ]


def test_statements_that_share_a_line_keep_their_own_text_also_behind_letters_of_several_bytes() -> None:
    statements, _ = read_statements((Cell(0, "code", "x = 'שלום'; y = [1,\n 2]; z = 3"),))
    assert [s.source for s in statements] == ["x = 'שלום'\n", "y = [1,\n 2]\n", "z = 3\n"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"cells": [' + "{}," * 6000 + "{}]}", "has 6001 cells, more than the 5000 that are read"),
        ('{"cells": ' + "[]" * 1_200_000, "more than a million brackets"),
        ('{"cells": [{"cell_type": "code", "execution_count": ' + "9" * 5000 + "}]}", "is no valid JSON"),
    ],
    ids=["cells", "brackets", "a number"],
)
def test_a_notebook_file_made_to_fill_the_memory_is_refused(content: str, words: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_cells(content.encode(), "a.ipynb")
    assert words in str(caught.value)


def test_numbers_of_cells_that_no_kernel_counts_are_none() -> None:
    for count in (-1, 10**40, True, "3", [1]):
        odd = {"cell_type": ["code"], "execution_count": count, "source": "a"}
        content = json.dumps({"cells": [odd, odd | {"cell_type": "code"}]})
        first, second = read_cells(content.encode(), "a.ipynb")
        assert (first.kind, second.executed) == ("", None)


def test_hundreds_of_names_for_one_array_are_followed_up_to_a_bound() -> None:
    chain = "".join(f"a{n} = a{n - 1}\n" for n in range(1, 600))
    understanding = Understanding(bundle_of_cells(["train_data = load('x')\na0 = train_data", chain], "a", {}))
    assert understanding.first(Role.TRAIN_DATA) is not None
    assert len(understanding.dependencies.slice(["a599"]).positions) == 601


def test_modules_that_import_each_other_in_circles_are_read_once(tmp_path: Path) -> None:
    folder = tmp_path / "anna"
    folder.mkdir()
    (folder / "a3.py").write_text("from one import *\nx = CNN()\n")
    (folder / "one.py").write_text("from two import *\nimport one, two\n")
    (folder / "two.py").write_text("from one import *\nclass CNN:\n    def forward(self, x):\n        return x\n")
    for bundle in read_bundles(folder, 5):
        assert Understanding(bundle).declared() is not None
