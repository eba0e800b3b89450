"""Whatever is handed in, a person gets a notebook read or one sentence that says why not."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograder.program.choice import the_submission
from autograder.submission.bundle import Bundle, bundle_of_cells, digest_of, read_bundles, submission_name
from autograder.submission.notebook import Cell, Unreadable, read_cells, read_statements

MOST_MEBIBYTES = 1


def read_bundle(path: Path, most: int) -> Bundle:
    return the_submission(read_bundles(path, most))


def notebook(*sources: Any, minor: int = 5, **changes: Any) -> dict[str, Any]:
    """A notebook of format 4 as JSON values, with these sources in its code cells."""
    cells = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}
        for source in sources
    ]
    if minor >= 5:
        cells = [cell | {"id": f"cell{number}"} for number, cell in enumerate(cells)]
    return {"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": cells} | changes


def as_bytes(content: Any) -> bytes:
    return json.dumps(content).encode()


def code_of(content: bytes, name: str = "a.ipynb") -> list[str]:
    return [cell.source for cell in read_cells(content, name) if cell.kind == "code"]


def refusal(content: bytes, name: str = "a.ipynb") -> str:
    with pytest.raises(Unreadable) as caught:
        read_cells(content, name)
    return str(caught.value)


WHOLE = as_bytes(notebook("a = 1", "b = a"))


# No notebook at all


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "a.ipynb is empty", id="empty"),
        pytest.param(b" \n\t\r\n ", "a.ipynb is empty", id="blanks only"),
        pytest.param(WHOLE[:-40], "cut off or damaged", id="truncated"),
        pytest.param(b'{"cells": ["x', "damaged: unterminated string in line 1; save", id="within a string"),
        pytest.param(WHOLE[:1], "cut off or damaged", id="one brace"),
        pytest.param(b"%PDF-1.7\n1 0 obj", "is a PDF, whatever its name says", id="PDF"),
        pytest.param(b"PK\x03\x04\x14\x00", "is a zip archive, whatever its name says; unpack it first", id="zip"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00", "is not text (byte 0 is no UTF-8)", id="picture"),
        pytest.param(b'{"a": "\xff"}', "is not text (byte 7 is no UTF-8)", id="one byte that is no text"),
        pytest.param("{}".encode("utf-16"), "is not text", id="UTF-16"),
        pytest.param(b"import numpy as np", "is no notebook: a notebook file is JSON", id="a script with a wrong name"),
        pytest.param(b"<html></html>", "is no notebook: a notebook file is JSON", id="a web page"),
        pytest.param(b"[1, 2]", "is JSON, but no notebook", id="a list"),
        pytest.param(b"null", "is JSON, but no notebook", id="null"),
        pytest.param(b"{}", "has no list of cells", id="no cells"),
        pytest.param(b'{"cells": 3}', "has no list of cells", id="cells that are a number"),
        pytest.param(b'{"cells": []}', "has no code cell with anything in it", id="an empty list of cells"),
        pytest.param(b'{"cells": [1, "x", null]}', "has no code cell", id="cells that are no objects"),
        pytest.param(as_bytes(notebook("", " \n")), "has no code cell", id="empty code cells"),
        pytest.param(
            as_bytes(notebook(cells=[{"cell_type": "markdown", "metadata": {}, "source": "# Title", "id": "x"}])),
            "has no code cell with anything in it",
            id="text only",
        ),
        pytest.param(b'{"a": ' + b"[" * 100_000, "cut off or damaged", id="very deep"),
        pytest.param(b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply", id="deep and whole"),
    ],
)
def test_what_is_no_notebook_is_refused_in_one_sentence(content: bytes, words: str) -> None:
    message = refusal(content)
    assert words in message
    assert message.startswith("a.ipynb ")
    assert "\n" not in message


def test_a_damaged_notebook_is_refused_with_the_line() -> None:
    text = json.dumps(notebook("a = 1"), indent=1).replace('"cells"', "cells", 1)
    line = next(number for number, part in enumerate(text.splitlines(), start=1) if "cells:" in part)
    assert f"in line {line}" in refusal(text.encode())


@pytest.mark.parametrize("content", [b"", b"  \n", b"%PDF-1.4", b"PK\x03\x04", b"\xff\xfe\x00", b"# %%\n# %%\n"])
def test_a_script_may_be_just_as_broken(content: bytes) -> None:
    assert refusal(content, "a.py").startswith("a.py ")


# Notebooks of every age


def test_format_3_keeps_its_cells_in_worksheets() -> None:
    cells = [{"cell_type": "code", "language": "python", "input": text, "outputs": []} for text in ("a = 1", "b = 2")]
    content = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}
    assert code_of(as_bytes(content)) == ["a = 1", "b = 2"]


def test_format_3_is_read_even_where_it_is_no_longer_valid() -> None:
    content = {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": ["a = 1\n", "b = 2"]}]}, 7]}
    assert code_of(as_bytes(content)) == ["a = 1\nb = 2"]


@pytest.mark.parametrize("minor", [0, 4, 5])
@pytest.mark.parametrize("source", ["a = 1\nb = 2", ["a = 1\n", "b = 2"]], ids=["text", "lines"])
def test_format_4_is_read_with_and_without_ids_and_with_sources_as_text_or_lines(minor: int, source: Any) -> None:
    assert code_of(as_bytes(notebook(source, minor=minor))) == ["a = 1\nb = 2"]


def test_ids_in_a_format_that_has_none_do_no_harm() -> None:
    content = notebook("a = 1") | {"nbformat_minor": 0}
    assert code_of(as_bytes(content)) == ["a = 1"]


@pytest.mark.parametrize("changes", [{"nbformat": 9}, {"nbformat": "four"}, {"metadata": None}, {"nbformat_minor": -1}])
def test_cells_are_read_whatever_else_is_wrong(changes: dict[str, Any]) -> None:
    assert code_of(as_bytes(notebook("a = 1", **changes))) == ["a = 1"]


def test_a_byte_order_mark_does_no_harm() -> None:
    assert code_of(b"\xef\xbb\xbf" + WHOLE) == ["a = 1", "b = a"]
    assert code_of(b"\xef\xbb\xbfa = 1", "a.py") == ["a = 1"]


def test_what_nbformat_writes_is_read_with_its_numbers_and_kinds() -> None:
    made = nbformat.v4.new_notebook()
    made.cells = [
        nbformat.v4.new_markdown_cell("# Title"),
        nbformat.v4.new_code_cell("a = 1"),
        nbformat.v4.new_raw_cell("raw"),
    ]
    cells = read_cells(nbformat.writes(made).encode(), "a.ipynb")
    assert cells == (Cell(0, "markdown", "# Title"), Cell(1, "code", "a = 1"), Cell(2, "raw", "raw"))


@pytest.mark.parametrize(
    ("script", "cells"),
    [
        ("a = 1\nb = 2\n", ["a = 1\nb = 2\n"]),
        ("# %%\na = 1\n# %% second\nb = 2", ["", "\na = 1\n", "\nb = 2"]),
        ("#%%\na = 1", ["", "\na = 1"]),
        ("# In[1]:\n\na = 1\n# In[ ]:\nb = 2", ["", "\n\na = 1\n", "\nb = 2"]),
        ("x = '# %%'", ["x = '# %%'"]),
    ],
)
def test_a_script_is_cut_at_its_markers(script: str, cells: list[str]) -> None:
    assert code_of(script.encode(), "a.py") == cells


# Cells that are no Python


def parsed(*sources: str) -> tuple[list[str], list[tuple[int, str]]]:
    statements, unparsed = read_statements(tuple(Cell(n, "code", source) for n, source in enumerate(sources)))
    return [s.source.removesuffix("\n") for s in statements], [(cell.cell, cell.reason) for cell in unparsed]


def test_a_cell_with_a_mistake_is_reported_and_the_others_count() -> None:
    statements, ((cell, reason),) = parsed("a = 1", "b = 2\nc = (", "d = 4")
    assert statements == ["a = 1", "d = 4"]
    assert cell == 1
    assert "was never closed in line 2" in reason


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("print 'hello'", "Missing parentheses in call to 'print'"),
        ("def f():\nreturn 1", "in line 2"),
        ("a = \x00", "null bytes"),
        ("%%bash\nls", "a cell in another language, %%bash"),
        ("%%html\n<b>", "a cell in another language, %%html"),
        ("%%", "a cell in another language, %%"),
        ("-" * 100_000 + "1", ""),
        ("(" * 1000 + ")" * 1000, ""),
    ],
)
def test_a_cell_that_is_no_python_says_why(source: str, reason: str) -> None:
    statements, unparsed = parsed(source, "a = 1")
    assert [cell for cell, _ in unparsed] == [0]
    assert reason in unparsed[0][1]
    assert statements == ["a = 1"]


@pytest.mark.parametrize("magic", ["%%time", "%%timeit -n 1", "%%capture out", "  \n%%time"])
def test_a_cell_under_a_magic_that_runs_python_is_python(magic: str) -> None:
    assert parsed(f"{magic}\na = 1\nb = 2") == (["a = 1", "b = 2"], [])


@pytest.mark.parametrize("line", ["%pylab inline", "%pylab", "%pylab --no-import-all"])
def test_pylab_imports_numpy_and_pyplot(line: str) -> None:
    statements, unparsed = parsed(f"{line}\na = np.pi")
    assert statements[0].startswith("import numpy") and "matplotlib.pyplot as plt" in statements[0]
    assert (statements[1:], unparsed) == (["from matplotlib.pylab import *", "a = np.pi"], [])


@pytest.mark.parametrize("line", ["%matplotlib inline", "!pip install torch", "%cd data", "files = !ls", "np.mean?"])
def test_lines_of_the_notebooks_own_language_leave_the_others_as_they_are(line: str) -> None:
    statements, unparsed = parsed(f"a = 1\n{line}\nb = 2")
    assert not unparsed
    assert (statements[0], len(statements), statements[-1]) == ("a = 1", 3, "b = 2")


def test_a_statement_keeps_its_decorators_its_comments_inside_and_its_place() -> None:
    source = "a = 1\n\n@twice\ndef f():\n    # why\n    return 1\n"
    statements, _ = read_statements((Cell(7, "code", source),))
    assert [(s.cell, s.line, s.source) for s in statements] == [
        (7, 1, "a = 1\n"),
        (7, 3, "@twice\ndef f():\n    # why\n    return 1\n"),
    ]


def test_line_ends_of_other_systems_are_read() -> None:
    statements, unparsed = parsed("if True:\r\n    a = 1\r\nb = 2", "c = 3\rd = 4")
    assert not unparsed
    assert statements == ["if True:\n    a = 1", "b = 2", "c = 3", "d = 4"]


def test_text_cells_are_not_read_as_code() -> None:
    assert read_statements((Cell(0, "markdown", "a = 1"), Cell(1, "raw", "b = 2"))) == ((), ())


# Files and folders


def write(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(path: Path) -> str:
    with pytest.raises(Unreadable) as caught:
        read_bundle(path, MOST_MEBIBYTES)
    return str(caught.value)


def test_a_notebook_is_a_bundle_of_its_statements(tmp_path: Path) -> None:
    bundle = read_bundle(write(tmp_path / "anna.ipynb", WHOLE), MOST_MEBIBYTES)
    assert (bundle.name, bundle.notebook, bundle.modules.sources, bundle.unparsed) == ("anna", "anna.ipynb", {}, ())
    assert [s.source for s in bundle.statements] == ["a = 1\n", "b = a\n"]
    assert bundle.code == {0: "a = 1", 1: "b = a"}


def test_a_file_above_the_limit_is_not_opened_and_one_at_the_limit_is(tmp_path: Path) -> None:
    size = MOST_MEBIBYTES * 2**20
    full = write(tmp_path / "full.ipynb", WHOLE + b" " * (size - len(WHOLE)))
    assert read_bundle(full, MOST_MEBIBYTES).notebook == "full.ipynb"
    message = refused(write(tmp_path / "large.ipynb", b" " * (3 * size)))
    assert message.startswith("large.ipynb has 3 MiB, more than the 1 that are read; clear the outputs")
    assert "more than the 1" in refused(write(tmp_path / "above.ipynb", WHOLE + b" " * (size - len(WHOLE) + 1)))


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "a.ipynb") == "a.ipynb does not exist"


def test_a_folder_with_nothing_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "anna").mkdir()
    assert refused(tmp_path / "anna") == "the folder anna holds no notebook"
    write(tmp_path / "anna" / "notes.txt", "hello")
    assert refused(tmp_path / "anna") == "the folder anna holds no notebook"


def test_a_folder_is_a_notebook_and_the_python_files_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "anna" / "a3.ipynb", WHOLE)
    write(tmp_path / "anna" / "helpers.py", "def f():\n    return 1\n")
    bundle = read_bundle(tmp_path / "anna", MOST_MEBIBYTES)
    assert (bundle.name, bundle.notebook) == ("anna", "a3.ipynb")
    assert bundle.modules.sources == {"helpers": "def f():\n    return 1\n"}


def test_a_folder_of_scripts_is_its_longest_one_with_the_others_as_helpers(tmp_path: Path) -> None:
    write(tmp_path / "anna" / "helpers.py", "def f():\n    return 1\n")
    write(tmp_path / "anna" / "main.py", "a = 1\nb = 2\nc = 3\n")
    bundle = read_bundle(tmp_path / "anna", MOST_MEBIBYTES)
    assert (bundle.notebook, set(bundle.modules.sources)) == ("main.py", {"helpers"})


@pytest.mark.parametrize(
    "copy",
    [".ipynb_checkpoints/a3-checkpoint.ipynb", "__MACOSX/a3.ipynb", "sub/.ipynb_checkpoints/a.ipynb", "._a3.ipynb"],
)
def test_copies_that_systems_leave_behind_are_passed_over(tmp_path: Path, copy: str) -> None:
    write(tmp_path / "anna" / "a3.ipynb", WHOLE)
    write(tmp_path / "anna" / copy, as_bytes(notebook("a = 1\nb = 2\nc = 3")))
    assert read_bundle(tmp_path / "anna", MOST_MEBIBYTES).notebook == "a3.ipynb"


@pytest.mark.parametrize("copy", ["__MACOSX/a3.ipynb", "._a3.ipynb", "sub/.ipynb_checkpoints/._a.ipynb"])
def test_what_a_system_leaves_behind_is_no_submission(tmp_path: Path, copy: str) -> None:
    write(tmp_path / "anna" / copy, WHOLE)
    assert "holds no notebook" in refused(tmp_path / "anna")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside.ipynb", WHOLE)
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "a3.ipynb").symlink_to(outside)
    assert "holds no notebook" in refused(tmp_path / "anna")


def test_of_several_notebooks_the_one_with_most_statements_counts_and_a_broken_one_does_not(tmp_path: Path) -> None:
    write(tmp_path / "anna" / "a-broken.ipynb", b"")
    write(tmp_path / "anna" / "b-short.ipynb", as_bytes(notebook("a = 1")))
    write(tmp_path / "anna" / "c-long.ipynb", WHOLE)
    assert read_bundle(tmp_path / "anna", MOST_MEBIBYTES).notebook == "c-long.ipynb"


def test_a_folder_whose_notebooks_are_all_broken_says_why_of_the_first(tmp_path: Path) -> None:
    write(tmp_path / "anna" / "a.ipynb", b"")
    write(tmp_path / "anna" / "b.ipynb", b"%PDF-1.4")
    assert refused(tmp_path / "anna").startswith("a.ipynb is empty")


def test_the_digest_is_of_names_and_contents(tmp_path: Path) -> None:
    write(tmp_path / "one" / "a.ipynb", WHOLE)
    write(tmp_path / "two" / "a.ipynb", WHOLE)
    write(tmp_path / "three" / "b.ipynb", WHOLE)
    digests = [digest_of(tmp_path / name) for name in ("one", "two", "three")]
    assert digests[0] == digests[1] != digests[2]
    write(tmp_path / "two" / "helpers.py", "x = 1")
    assert digest_of(tmp_path / "two") != digests[1]
    assert digest_of(tmp_path / "one" / "a.ipynb") == digest_of(tmp_path / "three" / "b.ipynb")
    assert len(digest_of(tmp_path / "nowhere")) == 64


@pytest.mark.parametrize(
    ("path", "name"), [("x/anna.ipynb", "anna"), ("x/anna.py", "anna"), ("x/anna.k", "anna.k"), ("x/anna", "anna")]
)
def test_a_submission_is_called_by_its_file_or_folder(path: str, name: str) -> None:
    assert submission_name(Path(path)) == name


def test_cells_of_a_running_notebook_are_a_bundle_too() -> None:
    bundle = bundle_of_cells(["a = 1", "b = ("], "live", {"helpers": "x = 1"})
    assert [s.source for s in bundle.statements] == ["a = 1\n"]
    assert [cell.cell for cell in bundle.unparsed] == [1]
    assert bundle.digest != bundle_of_cells(["a = 1", "b = (", ""], "live", {}).digest


# Anything at all


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A valid notebook of which some bytes were replaced, removed, doubled or added."""
    content = bytearray(as_bytes(notebook("a = 1", ["def f():\n", "    return 1"], "%%time\nb = f()")))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(content) - 1))
        length = draw(st.integers(0, 12))
        content[place : place + length] = draw(st.binary(max_size=8) | st.just(bytes(content[place : place + 30])))
        content = content or bytearray(b" ")
    return bytes(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
CELL = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.just("code") | JSON,
        "source": st.just("a = 1") | JSON,
        "metadata": JSON,
        "outputs": JSON,
        "input": JSON,
        "id": JSON,
    },
)
NOTEBOOK = st.fixed_dictionaries(
    {},
    optional={
        "nbformat": st.sampled_from([2, 3, 4, 5]) | JSON,
        "nbformat_minor": st.integers(0, 6) | JSON,
        "metadata": JSON,
        "cells": st.lists(CELL | JSON, max_size=3) | JSON,
        "worksheets": st.lists(st.fixed_dictionaries({"cells": st.lists(CELL, max_size=2)}), max_size=2),
    },
)


@given(damaged() | st.binary(max_size=60), st.sampled_from(["a.ipynb", "a.py"]))
@settings(max_examples=200, deadline=None)
@example(b"{", "a.ipynb")
def test_damaged_bytes_are_read_or_refused_in_one_sentence(content: bytes, name: str) -> None:
    try:
        statements, unparsed = read_statements(read_cells(content, name))
    except Unreadable as problem:
        assert str(problem).startswith(name)
    else:
        assert all(s.source.strip() for s in statements)
        assert all(isinstance(cell.reason, str) for cell in unparsed)


@given(NOTEBOOK)
@settings(max_examples=120, deadline=None)
def test_json_of_nearly_the_right_shape_is_read_or_refused(content: dict[str, Any]) -> None:
    try:
        read_statements(read_cells(as_bytes(content), "a.ipynb"))
    except Unreadable as problem:
        assert str(problem).startswith("a.ipynb ")
