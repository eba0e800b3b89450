"""What could be meant for a role as well as what was taken: said where it is so, and never of a usual notebook."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.grading import Graded, Grader
from autograder.program.choice import the_submission
from autograder.program.names import Role
from autograder.program.rivals import MOST_RIVALS, rivals, rivals_of
from autograder.program.understanding import Understanding
from autograder.session import grade_path, prepare
from autograder.submission.bundle import bundle_of_cells, read_bundles
from autograder.submission.decisions import Decisions
from fixtures.compose import read_submissions, solution_notebook, write_notebook

PAIRS = "def {0}(data):\n    return np.concatenate((data[:, :, 0], data[:, :, 1]), axis=2)"
CALLER = "def {0}(data):\n    return {1}(data)"
NET = (
    "class {0}(nn.Module):\n"
    "    def __init__(self, n):\n        super().__init__()\n        self.conv = {1}(3, n, 5)\n"
    "    def forward(self, x):\n        return self.conv(x)"
)
LOADER = "def {0}(path):\n    return plt.imread(path)"
BLOCK = NET.format("Block", "nn.Conv2d")
FIT = "def {0}(model, data):\n    loss = model(data)\n    loss.backward()\n    optimizer.step()"
TRAIN = FIT.replace("data", "train_data").format("train")


def understood(*cells: str) -> Understanding:
    return Understanding(bundle_of_cells(list(cells), "a.ipynb", {}))


def rivals_in(role: Role, *cells: str) -> list[tuple[str, int]]:
    """Name and cell of what could be meant besides what the text makes the likeliest."""
    understanding = understood(*cells)
    found = understanding.first(role)
    assert found is not None
    return [(rival.name, rival.cell) for rival in rivals(understanding, role, found.name)]


@pytest.mark.parametrize(
    ("role", "cells", "expected"),
    [
        (Role.SAME, [PAIRS.format("make_same"), PAIRS.format("gen_same")], [("make_same", 0)]),
        (Role.SAME, [PAIRS.format("glue_positive"), PAIRS.format("join_positive")], [("glue_positive", 0)]),
        (Role.CNN, [NET.format("NetOld", "nn.Conv2d"), NET.format("Net2", "nn.Conv2d")], [("NetOld", 0)]),
        (Role.TRAIN, [FIT.format("fit_a"), FIT.format("fit_b"), FIT.format("fit_c")], [("fit_b", 1), ("fit_a", 0)]),
        (Role.TEST_W, ["women = load('test_w')", "women_test = load('test_w')"], [("women", 0)]),
    ],
)
def test_what_tells_as_much_for_a_role_could_be_meant_as_well(
    role: Role, cells: list[str], expected: list[tuple[str, int]]
) -> None:
    assert rivals_in(role, *cells) == expected


@pytest.mark.parametrize(
    ("role", "cells"),
    [
        pytest.param(Role.SAME, [PAIRS.format("gen_same"), PAIRS.format("generate_same_pair")], id="the very name"),
        pytest.param(Role.SAME, [PAIRS.format("glue_positive"), PAIRS.format("gen_same")], id="a more telling name"),
        pytest.param(Role.SAME, [PAIRS.format("gen_same"), PAIRS.format("gen_same")], id="defined again"),
        pytest.param(Role.SAME, [PAIRS.format("make_same"), "def gen_same(data): ..."], id="a skeleton"),
        pytest.param(Role.SAME, [PAIRS.format("make_same"), CALLER.format("gen_same", "make_same")], id="a helper"),
        pytest.param(
            Role.SAME, [CALLER.format("make_same", "gen_same"), PAIRS.format("gen_same")], id="a wrapper around it"
        ),
        pytest.param(Role.CNN, [BLOCK, NET.format("Net1", "Block")], id="a block of layers"),
        pytest.param(Role.CNN, [NET.format("Net1", "nn.Conv2d"), "net2 = Net1(8)"], id="a model of the class"),
        pytest.param(Role.TRAIN_DATA, ["train = load('train')", "x_train = train / 255"], id="what it is made of"),
        pytest.param(Role.VALID_DATA, ["for val in losses:\n    print(val)", "valid = load('v')"], id="a loop"),
        pytest.param(
            Role.TRAIN_DATA,
            [
                f"{FIT.format('train').replace('data', 'train_data')}",
                "tr = load('a')",
                "trn = load('b')",
                "train(m, tr)",
            ],
            id="only one of them is trained with",
        ),
        pytest.param(Role.LOAD, [LOADER.format("load_a"), LOADER.format("load_b")], id="nothing is judged by it"),
    ],
)
def test_nothing_else_is_named_where_something_tells_which_is_meant(role: Role, cells: list[str]) -> None:
    assert rivals_in(role, *cells) == []


def test_nothing_rivals_what_an_instructor_has_decided_for() -> None:
    cells = [PAIRS.format("make_same"), PAIRS.format("gen_same")]
    decided = replace(bundle_of_cells(cells, "a.ipynb", {}), decided=Decisions(roles={Role.SAME: "make_same"}))
    assert not rivals(Understanding(decided), Role.SAME, "make_same")


def test_what_was_passed_over_since_it_did_not_work_could_have_been_meant() -> None:
    understanding = understood(PAIRS.format("make_same"), PAIRS.format("gen_same"))
    assert [rival.name for rival in rivals(understanding, Role.SAME, "make_same")] == ["gen_same"]


def test_what_was_found_by_what_it_makes_has_no_rivals() -> None:
    understanding = understood(PAIRS.format("make_same"), PAIRS.format("gen_same"))
    assert rivals_of(understanding, {Role.SAME: {"name": "glue", "cell": 7}}) == {}


def test_what_was_tried_and_is_something_else_is_no_rival_unless_nothing_better_was_found() -> None:
    names = ("make_same", "same_pairs", "gen_same")
    understanding = understood(*(PAIRS.format(name) for name in names))
    tried = {Role.SAME: {"name": "make_same", "cell": 0}}
    others = rivals_of(understanding, tried, {(Role.SAME, "gen_same"), (Role.CNN, "same_pairs")})
    assert others == {"generate_same_pair": {"others": [{"name": "same_pairs", "cell": 1}]}}
    others = rivals_of(understanding, tried, {(Role.SAME, name) for name in names})
    assert [other["name"] for other in others["generate_same_pair"]["others"]] == ["gen_same", "same_pairs"]


def test_of_very_many_only_some_are_named() -> None:
    cells = [PAIRS.format(f"positive_{number}") for number in range(40)]
    assert len(rivals_in(Role.SAME, *cells)) == MOST_RIVALS


def test_solutions_are_ambiguous_nowhere_whatever_they_call_things(tmp_path: Path) -> None:
    write_notebook(tmp_path / "solution.ipynb", solution_notebook())
    submissions = read_submissions("unusual")
    paths = [tmp_path / "solution.ipynb", submissions["names-of-their-own"].write(tmp_path)]
    for path in paths:
        understanding = Understanding(the_submission(read_bundles(path, 40)))
        declared = understanding.declared()
        assert len(declared) == len(Role) and rivals_of(understanding, declared) == {}


def test_a_result_says_which_one_was_judged_and_what_else_could_be_meant(
    small_data: Path, grader: Grader, tmp_path: Path
) -> None:
    notebook = solution_notebook()
    (cell,) = (cell for cell in notebook.cells if cell.id == "q1b-generate-same-pair")
    wrong = "def {0}(data):\n    return data[0]"
    cell.source = f"{wrong.format('make_same')}\n\n{wrong.format('gen_same')}"
    write_notebook(tmp_path / "work.ipynb", notebook)
    setup = prepare(small_data, only=["same"])
    graded = grade_path(tmp_path / "work.ipynb", setup, grader.sibling(setup.data_set, setup.only))
    entry, (number,) = graded.resolved["generate_same_pair"], {other["cell"] for other in _others(graded)}
    assert (entry["name"], entry["cell"]) == ("gen_same", number)
    assert _others(graded) == [{"name": "make_same", "cell": number}]
    assert setup.result(graded)["resolved"]["generate_same_pair"] == entry


def _others(graded: Graded) -> list[dict[str, Any]]:
    return [other for entry in graded.resolved.values() for other in entry.get("others", ())]
