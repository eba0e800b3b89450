"""The code that a report shows is what was taken for a role, wherever it stands."""

from autograder.program.excerpts import MOST_LINES, Excerpt, excerpts
from autograder.program.names import Role
from autograder.program.understanding import Understanding
from autograder.submission.bundle import bundle_of_cells

NETWORK = "class {name}(nn.Module):\n    def forward(self, x):\n        return x"


def excerpts_of(cells: list[str], files: dict[str, str] | None = None) -> dict[Role, Excerpt]:
    understanding = Understanding(bundle_of_cells(cells, "live.ipynb", files or {}))
    return excerpts(understanding, understanding.declared())


def test_a_function_is_shown_with_its_cell_and_the_line_it_begins_in() -> None:
    function = "def generate_same_pair(data):\n    return data"
    found = excerpts_of(["import numpy", f"x = 1\n\n{function}\ny = 2"])
    assert found == {Role.SAME: Excerpt("live.ipynb", 1, 3, function)}


def test_where_a_name_is_defined_again_the_last_one_of_its_cell_is_shown() -> None:
    first, last = (f"def generate_same_pair(data):\n    return {value}" for value in ("data[:0]", "data"))
    assert excerpts_of([f"{first}\n{last}"])[Role.SAME].source == last


def test_what_comes_out_of_a_file_is_shown_with_the_files_name_and_no_cell() -> None:
    file = f"import torch\nfrom torch import nn\n\n@torch.jit.ignore\n{NETWORK.format(name='Net')}\n\nother = 1\n"
    found = excerpts_of(["from networks import Net as CNNChannel"], {"networks": file})
    shown = "@torch.jit.ignore\n" + NETWORK.format(name="Net")
    assert found[Role.CHANNEL] == Excerpt("networks.py", None, 4, shown)


def test_a_module_that_is_not_there_has_nothing_to_show() -> None:
    assert Role.CHANNEL not in excerpts_of(["from networks import CNNChannel"])


def test_what_comes_with_all_else_of_a_file_is_shown_from_there() -> None:
    found = excerpts_of(
        ["from networks import *", "model = CNNChannel()"], {"networks": NETWORK.format(name="CNNChannel")}
    )
    assert (found[Role.CHANNEL].file, found[Role.CHANNEL].line) == ("networks.py", 1)


def test_what_is_still_to_be_written_is_shown_where_nothing_else_is_there() -> None:
    stub = "def generate_same_pair(data):\n    ..."
    assert excerpts_of([stub])[Role.SAME].source == stub
    written = "def generate_same_pair(data):\n    return data"
    assert excerpts_of([stub, written])[Role.SAME].source == written


def test_of_a_long_definition_the_end_is_left_out() -> None:
    body = "\n".join(f"    x{number} = {number}" for number in range(2 * MOST_LINES))
    found = excerpts_of([f"def generate_same_pair(data):\n{body}\n    return data"])[Role.SAME]
    assert found.cut and found.source.count("\n") == MOST_LINES - 1
