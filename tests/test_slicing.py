"""What has to run for a name, and what must not run: the backward slice.

Notebooks are written as in a difference: a line that begins with + is in the slice, one that begins with - is not, and
an empty line begins a new cell.
"""

import re
from random import Random
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.program.slicing import Dependencies, Slice
from autograder.submission.notebook import Cell, Statement, read_statements


def read(cells: list[str]) -> Dependencies:
    statements, unparsed = read_statements(tuple(Cell(number, "code", cell) for number, cell in enumerate(cells)))
    assert not unparsed
    return Dependencies(statements)


def marked(notebook: str) -> tuple[list[str], set[tuple[int, int]]]:
    """The cells of a marked notebook, and where its lines with + are: (cell, line)."""
    cells, needed = [], set()
    for number, block in enumerate(dedent(notebook).strip().split("\n\n")):
        lines = block.split("\n")
        assert all(line[:2] in ("+ ", "- ") for line in lines), lines
        cells.append("\n".join(line[2:] for line in lines))
        needed |= {(number, place) for place, line in enumerate(lines, start=1) if line[0] == "+"}
    return cells, needed


def sources(dependencies: Dependencies, found: Slice) -> list[str]:
    return [dependencies.statements[position].source.strip() for position in found.positions]


def expected_sources(dependencies: Dependencies, needed: set[tuple[int, int]]) -> list[str]:
    return [s.source.strip() for s in dependencies.statements if (s.cell, s.line) in needed]


CASES: dict[str, tuple[str, str]] = {
    # Which definition
    "the last definition wins": (
        "a",
        """
        - a = 1
        + a = 2
        - b = a
        """,
    ),
    "a definition from another cell is found": (
        "b",
        """
        + a = 1
        - c = 3

        - d = 4

        + b = a + 1
        """,
    ),
    "what a definition reads counts where it stands, not where it is wanted": (
        "b",
        """
        + a = 1
        + b = a
        - a = 2
        """,
    ),
    "a definition that may not happen leaves the one before it in": (
        "a",
        """
        - a = 0
        + a = 1
        + flag = True
        + if flag:
        +     a = 2
        """,
    ),
    "both names of one assignment come together": (
        "a",
        """
        + pair = (1, 2)
        + a, b = pair
        - c = b
        """,
    ),
    "an assignment with a star binds": (
        "rest",
        """
        + values = [1, 2, 3]
        + first, *rest = values
        """,
    ),
    "a walrus binds": (
        "a",
        """
        + values = [1]
        + if (a := len(values)) > 3:
        +     pass
        """,
    ),
    "what a with statement opens is bound": (
        "text",
        """
        + from pathlib import Path
        + with Path("a.txt").open() as file:
        +     text = file.read()
        - other = 1
        """,
    ),
    "both ways of a try are in": (
        "np",
        """
        + try:
        +     import cupy as np
        + except ImportError:
        +     import numpy as np
        - import os
        """,
    ),
    # In-place changes
    "an element that is set belongs": (
        "a",
        """
        + i = 0
        + a = [0, 0]
        + a[i] = 5
        - b = [0]
        - b[i] = 5
        """,
    ),
    "what was changed before the last definition does not": (
        "a",
        """
        - a = [0]
        - a[0] = 5
        + a = [1]
        """,
    ),
    "append belongs, with what it appends": (
        "rows",
        """
        + rows = []
        + row = 1
        + rows.append(row)
        - other = []
        - other.append(row)
        """,
    ),
    "a shuffle belongs": (
        "a",
        """
        + import numpy as np
        + a = np.arange(5)
        + np.random.shuffle(a)
        - b = np.arange(5)
        - np.random.shuffle(b)
        """,
    ),
    "a shuffle by a generator belongs, and its generator": (
        "a",
        """
        + import numpy as np
        + rng = np.random.default_rng(0)
        + a = np.arange(5)
        + rng.shuffle(a)
        """,
    ),
    "an augmented assignment belongs": (
        "a",
        """
        + import numpy as np
        + mean = 0.5
        + a = np.zeros(3)
        + a -= mean
        """,
    ),
    "an augmented element belongs": (
        "a",
        """
        + a = {"x": 1}
        + a["x"] += 1
        """,
    ),
    "an array given as out belongs": (
        "a",
        """
        + import numpy as np
        + a = np.zeros(3)
        + np.add(a, 1, out=a)
        - np.add(a, 1)
        """,
    ),
    "an attribute that is set belongs": (
        "box",
        """
        + class Box:
        +     pass
        + box = Box()
        + box.value = 3
        """,
    ),
    "a deleted element belongs": (
        "a",
        """
        + a = {1: 2, 3: 4}
        + del a[1]
        """,
    ),
    "a method with one underscore at its end changes its object": (
        "a",
        """
        + import torch
        + a = torch.zeros(3)
        + a.clamp_(min=1)
        - b = a.clamp(min=1)
        """,
    ),
    "a method that nobody knows belongs where its value is dropped": (
        "scaler",
        """
        + from sklearn.preprocessing import StandardScaler
        + data = [[1]]
        + scaler = StandardScaler()
        + scaler.fit(data)
        - scaled = scaler.transform(data)
        """,
    ),
    "a method that only looks does not": (
        "a",
        """
        + import numpy as np
        + a = np.zeros(3)
        - a.mean()
        - a.astype(int)
        """,
    ),
    "a loop around a change belongs, with what it runs over": (
        "a",
        """
        + a = []
        + steps = [1, 2]
        + for step in steps:
        +     a.append(step)
        """,
    ),
    "what a loop hands out may be changed in it": (
        "rows",
        """
        + rows = [[0], [1]]
        + for row in rows:
        +     row[0] += 1
        """,
    ),
    "a while loop and its counter belong": (
        "a",
        """
        + a = []
        + i = 0
        + while i < 3:
        +     a.append(i)
        +     i += 1
        """,
    ),
    "a with around a change belongs": (
        "a",
        """
        + import torch
        + a = torch.zeros(3)
        + with torch.no_grad():
        +     a[0] = 1
        """,
    ),
    "a view that is changed belongs": (
        "a",
        """
        + import numpy as np
        + a = np.zeros((2, 2))
        + row = a[0]
        + row[:] = 1
        """,
    ),
    "a view of another shape that is changed belongs": (
        "a",
        """
        + import numpy as np
        + a = np.zeros((2, 2))
        + flat = a.reshape(-1)
        + flat[0] = 1
        """,
    ),
    "another name for a list that is changed belongs": (
        "a",
        """
        + a = [1]
        + b = a
        + b.append(2)
        - c = [b]
        """,
    ),
    "a copy that is changed does not": (
        "a",
        """
        + a = [1]
        - b = list(a)
        - b.append(2)
        """,
    ),
    # Functions of the notebook
    "a function that changes its parameter belongs where it is called": (
        "a",
        """
        + def centre(array):
        +     array -= 1
        + a = [1]
        - b = [1]
        + centre(a)
        - centre(b)
        """,
    ),
    "a function that changes its parameter by keyword belongs": (
        "a",
        """
        + def fill(start, target=None):
        +     target.append(start)
        + a = []
        + fill(1, target=a)
        """,
    ),
    "a function that hands its parameter on to one that changes it belongs": (
        "a",
        """
        + def inner(x):
        +     x[0] = 1
        + def outer(y):
        +     inner(y)
        + a = [0]
        + outer(a)
        """,
    ),
    "a function that changes a global belongs where it is called": (
        "a",
        """
        + a = []
        - b = []
        + def note():
        +     a.append(1)
        - def note_other():
        -     b.append(1)
        + note()
        - note_other()
        """,
    ),
    "a function that binds a global belongs where it is called": (
        "a",
        """
        + def load():
        +     global a
        +     a = 1
        + load()
        """,
    ),
    "a function that only reads its parameter does not": (
        "a",
        """
        + a = [1]
        - def look(x):
        -     print(x)
        - look(a)
        """,
    ),
    "a helper counts as it was when it was called": (
        "a",
        """
        + def helper():
        +     return 1
        + a = helper()
        - def helper():
        -     return 2
        """,
    ),
    "a helper that is redefined counts for a later call": (
        "a",
        """
        - def helper():
        -     return 1
        + def make():
        +     return helper()
        + def helper():
        +     return 2
        + a = make()
        """,
    ),
    "what is wanted as a function is called at the end": (
        "make",
        """
        - def helper():
        -     return 1
        + def make():
        +     return helper()
        + def helper():
        +     return 2
        """,
    ),
    "a global that a function reads comes along": (
        "make",
        """
        + SIZE = 3
        + def make():
        +     return [0] * SIZE
        - made = make()
        """,
    ),
    "a function that calls itself is needed once": (
        "fact",
        """
        + def fact(n):
        +     return 1 if n < 2 else n * fact(n - 1)
        """,
    ),
    "two functions that call each other come together": (
        "even",
        """
        + def even(n):
        +     return n == 0 or odd(n - 1)
        + def odd(n):
        +     return n != 0 and even(n - 1)
        """,
    ),
    "what a function calls its own stays out": (
        "make",
        """
        - x = 1
        - y = 2
        + def make(x):
        +     y = x
        +     return y
        """,
    ),
    "a function inside a function may read globals": (
        "outer",
        """
        + SIZE = 3
        + def outer():
        +     def inner():
        +         return SIZE
        +     return inner()
        """,
    ),
    "a default is read where the function is defined": (
        "make",
        """
        + size = 3
        + def make(n=size):
        +     return n
        - size = 4
        """,
    ),
    "an annotation is read where the function is defined": (
        "make",
        """
        + from pathlib import Path
        + def make(folder: Path):
        +     return folder
        """,
    ),
    "a decorator comes along, with what it reads": (
        "make",
        """
        + times = 2
        + def twice(f):
        +     return lambda: f() * times
        + @twice
        + def make():
        +     return 1
        """,
    ),
    "a lambda reads later": (
        "make",
        """
        + make = lambda x: helper(x)
        + def helper(x):
        +     return x
        - x = 1
        """,
    ),
    "a partial brings along what its function reads": (
        "make",
        """
        + from functools import partial
        + SIZE = 3
        + def build(n):
        +     return n * SIZE
        + make = partial(build, 2)
        """,
    ),
    "an alias brings along what its function reads": (
        "make",
        """
        + SIZE = 3
        + def build():
        +     return SIZE
        + make = build
        """,
    ),
    # Classes
    "a class comes with its base and what its methods read": (
        "Net",
        """
        + import torch
        + WIDTH = 4
        + class Base(torch.nn.Module):
        +     def size(self):
        +         return WIDTH
        - class Other(Base):
        -     pass
        + class Net(Base):
        +     def forward(self, x):
        +         return helper(x)
        + def helper(x):
        +     return x
        """,
    ),
    "an instance brings along what its class's methods read": (
        "net",
        """
        + WIDTH = 4
        + class Net:
        +     def size(self):
        +         return WIDTH
        + net = Net()
        """,
    ),
    "a class attribute is no global": (
        "Net",
        """
        - width = 9
        + class Net:
        +     width = 4
        +     height = width
        """,
    ),
    # Comprehensions
    "the names of a comprehension are no globals": (
        "a",
        """
        - x = 9
        + values = [1]
        + a = [x + 1 for x in values]
        """,
    ),
    "all names of a nested comprehension are its own": (
        "a",
        """
        - x = 9
        - y = 9
        + values = [1]
        + a = {x: [y + x for y in range(x)] for x in values if x}
        """,
    ),
    "what a comprehension reads besides is needed": (
        "a",
        """
        + step = 2
        + a = [x + step for x in range(3)]
        """,
    ),
    # What is no part of any value
    "plotting stays out": (
        "a",
        """
        - import matplotlib.pyplot as plt
        + a = [1]
        - plt.plot(a)
        - plt.imshow(a)
        - plt.title("a")
        - plt.show()
        - fig, axes = plt.subplots(2)
        - axes[0].imshow(a)
        """,
    ),
    "printing and looking stay out": (
        "a",
        """
        - import numpy as np
        + a = [1]
        - print(a, len(a))
        - a
        - a[0]
        - np.mean(a)
        - display(a)
        - assert a
        """,
    ),
    "saving stays out": (
        "a",
        """
        - import numpy as np, torch
        + a = [1]
        - np.save("a.npy", a)
        - torch.save(a, "a.pt")
        """,
    ),
    "mounting a Drive stays out": (
        "a",
        """
        - from google.colab import drive
        - drive.mount("/content/drive")
        + a = 1
        """,
    ),
    "training leaves the data as they are, and stays out": (
        "data",
        """
        - def fit(model, data):
        -     loss = model(data)
        -     loss.backward()
        -     optimizer.step()
        + data = [1]
        - model = Net()
        - curve = fit(model, data)
        - fit(model, train_data=data)
        """,
    ),
    "reading an array in a later call stays out": (
        "a",
        """
        + a = [1]
        - total = sum(a)
        - b = sorted(a)
        """,
    ),
    # Ambient settings
    "a seed comes along where its library is in use": (
        "a",
        """
        + import numpy as np
        + np.random.seed(1)
        + a = np.random.rand(3)
        - np.random.seed(2)
        """,
    ),
    "a seed stays out where its library is not in use": (
        "a",
        """
        - import numpy as np
        - np.random.seed(1)
        + a = 1
        """,
    ),
    "a change of folder comes along": (
        "names",
        """
        + import os
        + os.chdir("data")
        + names = os.listdir(".")
        """,
    ),
    "a change of folder by magic comes along": (
        "a",
        """
        + %cd data
        - %matplotlib inline
        - !ls
        + a = open("a.txt").read()
        """,
    ),
}


@pytest.mark.parametrize(("wanted", "notebook"), CASES.values(), ids=CASES)
def test_the_slice_holds_what_the_name_needs_and_nothing_else(wanted: str, notebook: str) -> None:
    cells, needed = marked(notebook)
    dependencies = read(cells)
    assert sources(dependencies, dependencies.slice([wanted])) == expected_sources(dependencies, needed)


def test_the_slice_before_a_definition_is_of_the_one_before_it() -> None:
    dependencies = read(["a = 1", "a = 2"])
    assert sources(dependencies, dependencies.slice(["a"], end=1)) == ["a = 1"]


def test_statements_that_share_a_line_are_told_apart() -> None:
    dependencies = read(["a = 1; b = a; c = b"])
    assert sources(dependencies, dependencies.slice(["b"])) == ["a = 1", "b = a"]


def test_several_wanted_names_share_one_slice_in_notebook_order() -> None:
    dependencies = read(["x = 1", "b = x", "c = 3", "a = x"])
    assert sources(dependencies, dependencies.slice(["a", "b"])) == ["x = 1", "b = x", "a = x"]


def test_assumed_names_are_left_out_with_what_makes_them() -> None:
    dependencies = read(["folder = 'data'", "data = load(folder)", "mean = sum(data)", "a = mean + 1"])
    found = dependencies.slice(["a"], assumed=["data"])
    assert sources(dependencies, found) == ["mean = sum(data)", "a = mean + 1"]
    assert not found.unresolved


def test_an_assumed_name_that_is_changed_later_is_still_assumed() -> None:
    dependencies = read(["data = load()", "data -= 0.5", "a = data[0]"])
    assert sources(dependencies, dependencies.slice(["a"], assumed=["data"])) == ["a = data[0]"]


@pytest.mark.parametrize(
    ("cells", "wanted", "unresolved"),
    [
        (["a = missing + 1"], "a", {"missing"}),
        (["def make():\n    return missing"], "make", {"missing"}),
        (["a = later", "later = 1"], "a", {"later"}),
        (["a = 1"], "b", {"b"}),
        (["a = len(str(max(1, 2)))"], "a", set()),
        (["a = [x for x in range(3)]"], "a", set()),
        (["def make(x):\n    return x"], "make", set()),
        (["import numpy as np", "a = np.zeros(3)"], "a", set()),
        (["%matplotlib inline", "a = 1"], "a", set()),
    ],
)
def test_names_that_nothing_binds_are_reported_and_builtins_are_not(
    cells: list[str], wanted: str, unresolved: set[str]
) -> None:
    assert read(cells).slice([wanted]).unresolved == unresolved


def test_an_import_of_everything_comes_along_where_a_name_has_no_other_source() -> None:
    dependencies = read(["from helpers import *", "b = 1", "a = helper(b)"])
    assert sources(dependencies, dependencies.slice(["a"])) == ["from helpers import *", "b = 1", "a = helper(b)"]
    assert sources(dependencies, dependencies.slice(["b"])) == ["b = 1"]


def test_an_import_of_everything_binds_what_is_known_to_be_in_the_module() -> None:
    statements = read(["from helpers import *", "a = helper()"]).statements
    assert Dependencies(statements, {"helpers": ["helper"]}).slice(["a"]).unresolved == frozenset()


def test_widened_holds_the_rest_of_the_cells_with_what_that_needs_but_no_training() -> None:
    dependencies = read(
        [
            "step = 2",
            "unrelated = 3",
            "def fit(model):\n    model.loss().backward()\n    optimizer.step()",
            "a = 1\nb = step\nfit(Net())\nfor epoch in range(9):\n    loss.backward()\n    optimizer.step()",
        ]
    )
    narrow = dependencies.slice(["a"])
    assert sources(dependencies, narrow) == ["a = 1"]
    assert sources(dependencies, dependencies.widened(narrow)) == ["step = 2", "a = 1", "b = step"]


def test_widened_leaves_out_what_makes_nothing_but_assumed_names() -> None:
    dependencies = read(["a = 1\ndata = load()\nb = data"])
    found = dependencies.widened(dependencies.slice(["a"], ["data"]), ["data"])
    assert sources(dependencies, found) == ["a = 1", "b = data"]


# Programs whose meaning can be tried: numbers x, y, z and lists p, q, r, once for each of two groups of names.

NUMBERS, LISTS = ("x", "y", "z"), ("p", "q", "r")
BEGINNING = ["x = 1", "y = 2", "z = 3", "p = [1]", "q = [2, 3]", "r = [4]"]


@st.composite
def statement(draw: st.DrawFn) -> str:
    number, other, third = (draw(st.sampled_from(NUMBERS)) for _ in range(3))
    list_, another = (draw(st.sampled_from(LISTS)) for _ in range(2))
    k = draw(st.integers(0, 9))
    return draw(
        st.sampled_from(
            [
                f"{number} = {k}",
                f"{number} = {other} + {k}",
                f"{number} += {other}",
                f"{number} = len({list_}) + {list_}[-1]",
                f"{number} = sum(v + {other} for v in {list_})",
                f"{number}, {other} = {other}, {k}",
                f"{list_} = [{number}, {k}]",
                f"{list_} = {another}",
                f"{list_} = list({another})",
                f"{list_}.append({number})",
                f"{list_}[0] = {number} + {k}",
                f"{list_}[-1] += {number}",
                f"{list_} += [{number}]",
                f"{list_}.sort()",
                f"if {number} > {other}:\n    {third} = {k}",
                f"if {number} > {other}:\n    {list_}.append({k})\nelse:\n    {list_} = [{third}]",
                f"for v in list({list_}):\n    {number} += v",
                f"for v in range(2):\n    {list_}.append({number} + v)",
                f"def f():\n    global {number}\n    {number} = {other} + {k}",
                f"def f():\n    {list_}.append({number})",
                f"def g(v):\n    return v + {number}",
                f"def g(v, w={number}):\n    return v + w",
                f"def h(v):\n    v.append({number})",
                f"def h(v):\n    v[0] = g({number})",
                "f()",
                f"{number} = g({other})",
                f"h({list_})",
                f"print({number}, {list_})",
            ]
        )
    )


FUNCTIONS = ["def f():\n    pass", "def g(v):\n    return v", "def h(v):\n    pass"]
PROGRAMS = st.lists(statement(), max_size=12).map(lambda lines: BEGINNING + FUNCTIONS + lines)


def value_after(statements: list[Statement], name: str) -> Any:
    names: dict[str, Any] = {"print": lambda *values: None}
    for part in statements:
        exec(part.source, names)
    return names[name]


@given(PROGRAMS, st.sampled_from(NUMBERS + LISTS))
@settings(max_examples=120, deadline=None)
def test_running_the_slice_alone_gives_the_value_that_running_everything_gives(program: list[str], wanted: str) -> None:
    dependencies = read(program)
    found = dependencies.slice([wanted])
    needed = [dependencies.statements[position] for position in found.positions]
    assert value_after(needed, wanted) == value_after(list(dependencies.statements), wanted), sources(
        dependencies, found
    )


def in_capitals(program: list[str]) -> list[str]:
    """The same program with other names throughout."""
    return [re.sub(r"\b[a-z]\b", lambda name: name[0].upper(), part) for part in program]


@given(PROGRAMS, PROGRAMS.map(in_capitals), st.randoms(use_true_random=False), st.sampled_from(NUMBERS + LISTS))
@settings(max_examples=40, deadline=None)
def test_a_program_with_no_name_in_common_changes_nothing_about_the_slice(
    program: list[str], stranger: list[str], chance: Random, wanted: str
) -> None:
    own = iter(program)
    foreign = iter(stranger)
    turns = [True] * len(program) + [False] * len(stranger)
    chance.shuffle(turns)
    alone, mixed = read(program), read([next(own if turn else foreign) for turn in turns])
    assert sources(mixed, mixed.slice([wanted])) == sources(alone, alone.slice([wanted]))


@given(PROGRAMS, PROGRAMS)
@settings(max_examples=40, deadline=None)
def test_nothing_before_a_fresh_start_is_needed(before: list[str], after: list[str]) -> None:
    dependencies = read([*before, *after])
    assert min(dependencies.slice(NUMBERS + LISTS).positions) >= len(before)
