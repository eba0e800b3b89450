"""Arrays that are only loaded from files: what made them is found wherever it sleeps, or the missing file is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.grading import Grader
from autograder.program.saved_files import saved_files
from autograder.program.understanding import Understanding
from autograder.program.waking import lost_arrays, woken
from autograder.session import Setup
from autograder.submission.bundle import Bundle, bundle_of_cells
from autograder.submission.dormant import dormant_code
from autograder.submission.notebook import Cell, read_statements
from autograder.verdict import Outcome

LOADER = """\
import glob, os
import numpy as np
import matplotlib.pyplot as plt

def read(folder):
    files = sorted(glob.glob(drive_path + "data/" + folder + "/*"))
    students = sorted({os.path.basename(f)[:4] for f in files})
    found = np.zeros((len(students), 3, 2, 224, 224, 3))
    for f in files:
        student, pair, side, _ = os.path.basename(f).split("_")
        found[students.index(student), int(pair) - 1, ["left", "right"].index(side)] = plt.imread(f)[:, :, :3] - 0.5
    return found
"""
MAKING = """\
everyone = read("train")
train_data, valid_data = everyone[:-3], everyone[-3:]
test_w, test_m = read("test_w"), read("test_m")
"""
SAVING = "".join(
    f"np.save(drive_path + '{name}.npy', {name})\n" for name in ("train_data", "valid_data", "test_w", "test_m")
)
LOADING = "".join(
    f"{name} = np.load(drive_path + '{name}.npy')\n" for name in ("train_data", "valid_data", "test_w", "test_m")
)
PATH = "import numpy as np\ndrive_path = '/content/drive/My Drive/'\n"


def commented(code: str, sign: str = "# ") -> str:
    return "".join(sign + line + "\n" for line in code.splitlines())


def bundle(*cells: str) -> Bundle:
    return bundle_of_cells(list(cells), "anna", {})


def outcomes(grader: Grader, made: Bundle) -> dict[str, Outcome]:
    return {id: v.outcome for id, v in grader.grade(made).verdicts.items() if id.startswith("data.")}


@pytest.fixture(scope="module")
def data_grader(setup: Setup, grader: Grader) -> Grader:
    return grader.sibling(setup.data_set, ["data"])


SLEEPING = {
    "in comments": [LOADER, commented(MAKING + SAVING), LOADING],
    "all of it in comments": [commented(LOADER + MAKING + SAVING), LOADING],
    "in comments without a blank": [LOADER, commented(MAKING, "#"), LOADING],
    "in comments between words": [LOADER, "# run this once:\n" + commented(MAKING) + "# takes 10 minutes!", LOADING],
    "in a string": [LOADER, f'"""\n{MAKING}{SAVING}"""', LOADING],
    "in a string with a name": [LOADER, f"old = '''\n{MAKING}'''", LOADING],
    "in a skipped cell": [LOADER, "%%script false --no-raise-error\n" + MAKING + SAVING, LOADING],
    "under a condition": [
        LOADER,
        "FIRST_TIME = False\nif FIRST_TIME:\n" + "".join(f"    {line}\n" for line in (MAKING + SAVING).splitlines()),
        LOADING,
    ],
    "in the other branch": [
        LOADER,
        "SAVED = True\nif SAVED:\n"
        + "".join(f"    {line}\n" for line in LOADING.splitlines())
        + "else:\n"
        + "".join(f"    {line}\n" for line in MAKING.splitlines()),
    ],
    "in a function that nobody calls": [
        LOADER,
        "def make_all():\n"
        + "".join(f"    {line}\n" for line in MAKING.splitlines())
        + "    return train_data, valid_data, test_w, test_m\n",
        LOADING,
    ],
    "in a function that nobody calls and that saves them": [
        LOADER,
        "def make_all():\n" + "".join(f"    {line}\n" for line in (MAKING + SAVING).splitlines()),
        LOADING,
    ],
    "saved and loaded in two cells that both run": [LOADER, MAKING + SAVING, LOADING],
    "saved to one file with all arrays": [
        LOADER,
        commented(MAKING + "np.savez(drive_path + 'all.npz', a=train_data, b=valid_data, c=test_w, d=test_m)"),
        "saved = np.load(drive_path + 'all.npz')\n"
        "train_data, valid_data, test_w, test_m = saved['a'], saved['b'], saved['c'], saved['d']",
    ],
    "pickled": [
        LOADER,
        commented(
            MAKING + "import pickle\nwith open('all.pkl', 'wb') as f:\n"
            "    pickle.dump((train_data, valid_data, test_w, test_m), f)"
        ),
        "import pickle\nwith open('all.pkl', 'rb') as f:\n    train_data, valid_data, test_w, test_m = pickle.load(f)",
    ],
}


@pytest.mark.parametrize("how", SLEEPING)
def test_code_that_made_the_arrays_is_found_run_and_judged(how: str, data_grader: Grader) -> None:
    graded = data_grader.grade(bundle(PATH, *SLEEPING[how]))
    verdicts = {id: v for id, v in graded.verdicts.items() if id.startswith("data.")}
    assert {id: v.outcome for id, v in verdicts.items()} == dict.fromkeys(verdicts, Outcome.PASS), verdicts


@pytest.mark.parametrize("how", ["in comments", "in a string", "in a skipped cell", "under a condition"])
def test_the_verdict_says_where_the_code_was_and_that_it_was_run(how: str, data_grader: Grader) -> None:
    verdict = data_grader.grade(bundle(PATH, *SLEEPING[how])).verdicts["data.shape"]
    assert "it was run in the place of loading them" in verdict.remark
    assert "cell 2" in verdict.remark


def test_a_mistake_in_code_that_was_asleep_is_a_mistake(data_grader: Grader) -> None:
    wrong = LOADER.replace("- 0.5", "/ 255 - 0.5")
    found = outcomes(data_grader, bundle(PATH, wrong, commented(MAKING + SAVING), LOADING))
    assert found["data.values"] is Outcome.FAIL
    assert found["data.order"] is Outcome.PASS


def test_where_nothing_makes_the_arrays_the_missing_file_is_named_and_they_are_missing(data_grader: Grader) -> None:
    verdict = data_grader.grade(bundle(PATH, LOADING)).verdicts["data.shape"]
    assert verdict.outcome is Outcome.MISSING
    assert "train_data.npy, which was not handed in" in verdict.observed


def test_what_stays_asleep_does_not_count_where_the_arrays_are_made_anyway(data_grader: Grader) -> None:
    asleep = commented("train_data = train_data[:5]\ntrain_data = train_data / 255")
    found = data_grader.grade(bundle(PATH, LOADER, MAKING, asleep)).verdicts
    assert found["data.values"].outcome is Outcome.PASS
    assert "asleep" not in found["data.shape"].remark and "comments" not in found["data.shape"].remark


def test_a_comment_that_only_cuts_the_arrays_down_is_not_taken_for_what_made_them() -> None:
    cells = (PATH, LOADER, commented(MAKING), LOADING, "# train_data = train_data[:5]")
    made = woken(Understanding(bundle(*cells)))
    assert made is not None
    assert not any("[:5]" in statement.source for statement in made[0].statements)


# What sleeps


def found_in(*cells: Cell) -> list[tuple[str, str]]:
    statements, _ = read_statements(cells)
    return [
        (piece.where, "".join(statement.source for statement in piece.statements))
        for piece in dormant_code(cells, statements)
    ]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("# a = 1\n# b = 2", ["a = 1\nb = 2\n"]),
        ("x = 1\n# a = 1\ny = 2\n# b = 2", ["a = 1\n", "b = 2\n"]),
        (
            "# for i in range(3):\n#     print(i)\n#\n#     print(i)",
            ["for i in range(3):\n    print(i)\n\n    print(i)\n"],
        ),
        ("#a = [1,\n#     2]", ["a = [1,\n     2]\n"]),
        ("    # a = 1", ["a = 1\n"]),
        ("# load the data\n# a = load()", ["a = load()\n"]),
        ("# Note: this is slow\n# done", []),
        ("def f():\n    # a = 1\n    return 2", []),
        ("# see https://example.org/a=1", []),
        ("# In[3]:", []),
    ],
)
def test_code_in_comments_is_told_from_words(source: str, code: list[str]) -> None:
    assert [text for _, text in found_in(Cell(0, "code", source))] == code


def test_code_keeps_the_line_on_which_it_stands() -> None:
    cells = (Cell(4, "code", "x = 1\n\n# a = 1\n# b = 2"),)
    statements, _ = read_statements(cells)
    (piece,) = dormant_code(cells, statements)
    assert [(s.cell, s.line) for s in piece.statements] == [(4, 3), (4, 4)]


def test_code_in_cells_that_are_text_is_found_too() -> None:
    raw, fenced = Cell(0, "raw", "a = 1"), Cell(1, "markdown", "We used\n```python\nb = 2\n```\nand it worked.")
    assert [text for _, text in found_in(raw, fenced)] == ["a = 1\n", "b = 2\n"]


LINES = st.sampled_from(
    ["# a = 1", "#a", "# ", "b = 2", "'''", "# if x:", "#   y", "    c", "%%script false", "((", '"']
)


@given(st.lists(st.lists(LINES, max_size=8), max_size=4))
def test_whatever_a_notebook_holds_looking_for_sleeping_code_ends(cells: list[list[str]]) -> None:
    made = bundle(*("\n".join(lines) for lines in cells))
    assert list(dormant_code(made.cells, made.statements)) is not None
    woken(Understanding(made))


# Files


def touched(code: str) -> tuple[set[str], set[str]]:
    (statement,) = read_statements((Cell(0, "code", code),))[0]
    found = saved_files(statement.node)
    return {f for f in found.saves if not f.endswith(":any")}, {f for f in found.loads if not f.endswith(":?")}


@pytest.mark.parametrize(
    ("code", "saves", "loads"),
    [
        ("np.save('a.npy', x)", {"numpy:a.npy"}, set()),
        ("np.save('out/a', x)", {"numpy:a.npy"}, set()),
        ("np.save(path + 'a.npy', x)", {"numpy:a.npy"}, set()),
        ("np.save(os.path.join(path, 'a.npy'), x)", {"numpy:a.npy"}, set()),
        ("np.save(f'{path}/a.npy', x)", {"numpy:a.npy"}, set()),
        ("np.save(f'{name}.npy', x)", {"numpy:?"}, set()),
        ("x = np.load('C:\\\\data\\\\a.npy')", set(), {"numpy:a.npy"}),
        ("x = np.load(file)", set(), {"numpy:any"}),
        ("x = pickle.load(open('a.pkl', 'rb'))", set(), {"pickle:a.pkl"}),
        ("torch.save(x, 'a.pt')", {"torch:a.pt"}, set()),
        ("torch.save(model.state_dict(), 'best.pk')", set(), set()),
        ("x = loader.load('a.npy')", set(), set()),
    ],
)
def test_files_of_arrays_are_known_by_their_last_name(code: str, saves: set[str], loads: set[str]) -> None:
    assert touched(code) == (saves, loads)


def needed(*cells: str) -> list[int]:
    understanding = Understanding(bundle(*cells))
    return sorted(
        {understanding.dependencies.statements[p].cell for p in understanding.dependencies.slice(["x"]).positions}
    )


def test_what_is_loaded_needs_what_saved_it() -> None:
    cells = (
        "import numpy as np",
        "y = 1",
        "z = 2",
        "np.save('a.npy', y)",
        "np.save('b.npy', z)",
        "x = np.load('a.npy')",
    )
    assert needed(*cells) == [0, 1, 3, 5]


def test_it_makes_no_difference_that_a_function_saves_and_another_loads() -> None:
    saving = "import numpy as np\ndef save(v):\n    np.save('a.npy', v)\ndef load():\n    return np.load('a.npy')"
    assert needed(saving, "y = 1", "save(y)", "x = load()") == [0, 1, 2, 3]


def test_only_what_the_notebook_does_not_save_is_lost() -> None:
    made = Understanding(
        bundle("import numpy as np", "np.save('a.npy', 1)", "a = np.load('a.npy')", "b = np.load('b.npy')")
    )
    lost = lost_arrays(made.dependencies)
    assert (lost.names, lost.files) == ({"b"}, ("b.npy",))
