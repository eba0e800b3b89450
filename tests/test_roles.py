"""Who plays which role, whatever the student called it, and what the parameters of a role mean."""

import ast
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.program.names import ALIASES, Role, plain, words
from autograder.program.parameters import (
    MEANINGS,
    UNKNOWN,
    ExampleCall,
    Parameter,
    example_calls,
    meaning_of,
    resolved_parameters,
)
from autograder.program.roles import Candidate, definitions_in, find_roles
from autograder.program.skeletons import is_skeleton, is_small_part_of_itself
from autograder.program.slicing import Dependencies
from autograder.submission.notebook import Cell, read_statements

SAME = "def {name}(data):\n    return concatenate((data[:, :, 0], data[:, :, 1]), axis=2)"
NET = """
class {name}(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.conv = nn.Conv2d({channels}, n, 5)
    def forward(self, x):
        return self.conv(x)
"""
TRAIN = """
def {name}(model, train_data, valid_data):
    for xs in train_data:
        loss = model(xs)
        loss.backward()
        optimizer.step()
"""
ACCURACY = """
def {name}(model, data):
    return (model(data).max(1)[1] == 1).float().mean()
"""
LOAD = """
def {name}(path):
    return [plt.imread(file) for file in glob.glob(path + "/*.jpg")]
"""


def dependencies_of(*cells: str) -> Dependencies:
    statements, unparsed = read_statements(tuple(Cell(number, "code", cell) for number, cell in enumerate(cells)))
    assert not unparsed
    return Dependencies(statements)


def roles_in(*cells: str, modules: Mapping[str, str] | None = None) -> dict[Role, tuple[Candidate, ...]]:
    defined = {name: definitions_in(source) for name, source in (modules or {}).items()}
    return find_roles(dependencies_of(*cells), defined)


def player(role: Role, *cells: str, modules: Mapping[str, str] | None = None) -> str | None:
    """The name of the likeliest candidate, or None."""
    candidates = roles_in(*cells, modules=modules)[role]
    return candidates[0].name if candidates else None


@pytest.mark.parametrize(
    ("role", "name", "definition"),
    [
        (Role.LOAD, "get_organized_data", LOAD),
        (Role.SAME, "generate_same_pair", SAME),
        (Role.DIFFERENT, "generate_different_pair", SAME),
        (Role.CNN, "CNN", NET.replace("{channels}", "3")),
        (Role.CHANNEL, "CNNChannel", NET.replace("{channels}", "6")),
        (Role.ACCURACY, "get_accuracy", ACCURACY),
        (Role.TRAIN, "train", TRAIN),
        (Role.TRAIN_DATA, "train_data", "{name} = data[:90]"),
        (Role.VALID_DATA, "valid_data", "{name} = data[90:]"),
        (Role.TEST_W, "test_w", "{name} = load()"),
        (Role.TEST_M, "test_m", "{name} = load()"),
    ],
)
def test_the_name_of_the_handout_comes_first_and_one_spelt_otherwise_will_do(
    role: Role, name: str, definition: str
) -> None:
    exact = roles_in("other = 1", definition.format(name=name))[role]
    assert [(c.name, c.how, c.position, c.cell, c.skeleton) for c in exact] == [(name, "its name", 1, 1, False)]
    otherwise = name.replace("_", "").upper()
    assert player(role, definition.format(name=otherwise)) == otherwise
    assert player(role, definition.format(name=name), definition.format(name=otherwise)) == name


@pytest.mark.parametrize(
    ("role", "cell", "name", "how"),
    [
        (Role.LOAD, LOAD.format(name="load_images"), "load_images", "a usual name"),
        (Role.SAME, SAME.format(name="gen_positive"), "gen_positive", "words in its name"),
        (Role.SAME, SAME.format(name="makeSamePairs"), "makeSamePairs", "a usual name"),
        (Role.DIFFERENT, SAME.format(name="negativePairsOfStudent"), "negativePairsOfStudent", "words in its name"),
        (Role.CNN, NET.format(name="ConvNet", channels=3), "ConvNet", "a usual name"),
        (Role.CNN, NET.format(name="CNN_final", channels=3), "CNN_final", "words in its name"),
        (Role.CHANNEL, NET.format(name="ShoeChannelNet", channels=6), "ShoeChannelNet", "words in its name"),
        (Role.ACCURACY, ACCURACY.format(name="evaluate"), "evaluate", "a usual name"),
        (Role.ACCURACY, ACCURACY.format(name="acc_of_model"), "acc_of_model", "words in its name"),
        (Role.ACCURACY, ACCURACY.format(name="how_good"), "how_good", "what its code does"),
        (Role.TRAIN, TRAIN.format(name="fit"), "fit", "a usual name"),
        (Role.TRAIN, TRAIN.format(name="go"), "go", "what its code does"),
        (Role.LOAD, LOAD.format(name="pictures"), "pictures", "what its code does"),
        (Role.TRAIN_DATA, "x_train = data[:90]", "x_train", "a usual name"),
        (Role.TRAIN_DATA, "train_stuff = data[:90]", "train_stuff", "words in its name"),
        (Role.VALID_DATA, "val = data[90:]", "val", "a usual name"),
        (Role.TEST_W, "women = load()", "women", "a usual name"),
        (Role.TEST_M, "shoes_men = load()", "shoes_men", "words in its name"),
        (Role.TEST_W, "second = load('data/test_w')", "second", "what its code does"),
        (Role.TEST_M, "third = load(folder + '/test_m')", "third", "what its code does"),
    ],
)
def test_a_role_is_found_by_alias_by_words_and_by_what_the_code_does(
    role: Role, cell: str, name: str, how: str
) -> None:
    assert [(c.name, c.how) for c in roles_in(cell)[role]] == [(name, how)]


@pytest.mark.parametrize(
    "cell",
    [
        "train_path = 'data/train'",
        "train_labels = [1, 0]",
        "train_loss = []",
        "valid_acc = 0.5",
        "valid_dataset_size = 30",
        "test_w_path = 'data/test_w'",
        "test_m_accuracy = 0.5",
        "train_loader = make(data)",
        "def train_data():\n    pass",
        "same = 3",
        "accuracy = 0.5",
        "import train",
        "class CNN:\n    pass",
    ],
)
def test_what_only_sounds_like_it_plays_no_role(cell: str) -> None:
    assert not any(roles_in(cell).values())


def test_an_alias_belongs_to_one_role_only() -> None:
    aliases = {role: {plain(alias) for alias in names.split()} for role, names in ALIASES.items()}
    shared = [
        (first, second, aliases[first] & aliases[second])
        for first in aliases
        for second in aliases
        if first < second and aliases[first] & aliases[second]
    ]
    assert not shared


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("test_w_data", ["test", "w", "data"]),
        ("testW_data", ["test", "w", "data"]),
        ("CNNChannel", ["cnn", "channel"]),
        ("train2", ["train", "2"]),
        ("_", []),
    ],
)
def test_the_words_of_a_name(name: str, parts: list[str]) -> None:
    assert words(name) == parts


# Models that their names do not tell apart


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(NET.format(name="NetA", channels=3), NET.format(name="NetB", channels=6), id="Conv2d(6, n)"),
        pytest.param(
            NET.format(name="NetA", channels="kernel_size=5, out_channels=n, in_channels=3").replace(", n, 5", ""),
            NET.format(name="NetB", channels="kernel_size=5, out_channels=n, in_channels=6").replace(", n, 5", ""),
            id="in_channels=6",
        ),
        pytest.param(
            NET.format(name="NetA", channels=3),
            NET.format(name="NetB", channels="C").replace(
                "return self.conv(x)", "return self.conv(torch.cat((x[:, :, :224], x[:, :, 224:]), 1))"
            ),
            id="joins two halves",
        ),
        pytest.param(
            "def NetA(n):\n    return nn.Sequential(nn.Conv2d(3, n, 5))",
            "def NetB(n):\n    return nn.Sequential(nn.Conv2d(6, n, 5))",
            id="a function that builds",
        ),
        pytest.param(
            "def block(a, b):\n    return nn.Sequential(nn.Conv2d(a, b, 5), nn.ReLU())\n"
            "def NetA(n):\n    return nn.Sequential(block(3, n), block(n, 6))",
            "def NetB(n):\n    return nn.Sequential(block(6, n), block(n, 3))",
            id="block(6, n)",
        ),
        pytest.param(
            "class Block(nn.Module):\n"
            "    def __init__(self, a, b):\n        super().__init__()\n        self.conv = nn.Conv2d(a, b, 5)\n"
            "    def forward(self, x):\n        return self.conv(x)\n"
            + NET.format(name="NetA", channels=3).replace("nn.Conv2d", "Block"),
            NET.format(name="NetB", channels=6).replace("nn.Conv2d", "Block"),
            id="a block that is a class",
        ),
    ],
)
def test_two_models_are_told_apart_by_the_channels_they_take(first: str, second: str) -> None:
    for cells in ((first, second), (second, first)):
        assert player(Role.CNN, *cells) == "NetA"
        assert player(Role.CHANNEL, *cells) == "NetB"


@pytest.mark.parametrize(
    "definition",
    [
        "CNN = lambda n: nn.Sequential(nn.Conv2d(3, n, 5))",
        "CNN = lambda n: Net(3, n)",
        "CNN = partial(Net, 3)",
        "CNN = functools.partial(Net, channels=3)",
        "CNN = Net",
        "class CNN(Net):\n    pass",
        "def CNN(n):\n    return Net(3, n)",
        "class CNN(nn.Sequential):\n    def __init__(self, n):\n        super().__init__(nn.Conv2d(3, n, 5))",
    ],
)
def test_a_model_may_be_made_in_any_way(definition: str) -> None:
    (found,) = (c for c in roles_in(NET.format(name="Net", channels="c"), definition)[Role.CNN] if c.name == "CNN")
    assert not found.skeleton
    assert player(Role.CNN, NET.format(name="Net", channels="c"), definition) == "CNN"


def test_an_instance_is_not_taken_for_the_class_that_made_it() -> None:
    assert player(Role.CNN, NET.format(name="ConvNet", channels=3), "cnn = ConvNet(32)") == "ConvNet"


# Definitions in a file beside the notebook


def test_what_is_imported_from_a_file_beside_the_notebook_is_judged_by_that_file() -> None:
    models = NET.format(name="NetA", channels=3) + NET.format(name="NetB", channels=6)
    found = roles_in("from models import NetA, NetB as Second", modules={"models": models})
    assert [(c.name, c.how) for c in found[Role.CNN]] == [("NetA", "what its code does")]
    assert [(c.name, c.how) for c in found[Role.CHANNEL]] == [("Second", "what its code does")]


def test_a_skeleton_in_a_file_beside_the_notebook_is_one() -> None:
    (found,) = roles_in("from mine import train", modules={"mine": "def train(model, data):\n    pass"})[Role.TRAIN]
    assert found.skeleton


def test_a_function_may_come_from_a_file_that_nobody_has() -> None:
    assert player(Role.SAME, "from helpers import generate_same_pair") == "generate_same_pair"


def test_a_file_that_is_no_python_defines_nothing() -> None:
    assert definitions_in("def broken(:") == {}


# Which of several definitions


def test_the_last_definition_counts_and_the_first_ends_where_the_second_begins() -> None:
    found = roles_in(SAME.format(name="generate_same_pair"), "x = 1", SAME.format(name="generate_same_pair"))
    assert [(c.position, c.end) for c in found[Role.SAME]] == [(2, None), (0, 2)]


def test_a_name_that_is_a_number_later_is_still_the_function_it_was() -> None:
    (found,) = roles_in(ACCURACY.format(name="accuracy"), "accuracy = accuracy(model, data)")[Role.ACCURACY]
    assert (found.name, found.position, found.end) == ("accuracy", 0, 1)


@pytest.mark.parametrize("array_first", [True, False])
def test_train_may_be_both_an_array_and_a_function(array_first: bool) -> None:
    cells = ["train = data[:90]", TRAIN.format(name="train")]
    found = roles_in(*(cells if array_first else reversed(cells)))
    (array,), (function,) = found[Role.TRAIN_DATA], found[Role.TRAIN]
    assert array.position == (0 if array_first else 1)
    assert function.position == (1 if array_first else 0)


def test_a_few_triplets_for_a_sanity_check_do_not_replace_the_data() -> None:
    found = roles_in("train_data = data[:90]", "train_data = train_data[:5]")[Role.TRAIN_DATA]
    assert [c.position for c in found] == [0, 1]
    assert found[0].end == 1


@pytest.mark.parametrize(
    ("statement", "is_part"),
    [
        ("train_data = train_data[:5]", True),
        ("train_data = train_data[:5, :, 0]", True),
        ("train_data = data[:5]", False),
        ("train_data = train_data[:90]", False),
        ("train_data = train_data[5:]", False),
        ("train_data = train_data[:, 0]", False),
        ("train_data = train_data - 0.5", False),
    ],
)
def test_a_small_part_of_itself_is_its_own_first_few_rows(statement: str, is_part: bool) -> None:
    assert is_small_part_of_itself(ast.parse(statement).body[0], "train_data") is is_part


def test_of_two_usual_names_the_one_that_is_trained_with_counts() -> None:
    cells = [TRAIN.format(name="train"), "x_train = data[:80]", "train_set = data[:90]"]
    assert player(Role.TRAIN_DATA, *cells) == "train_set"
    assert player(Role.TRAIN_DATA, *cells, "train(net, x_train, valid_data=v)") == "x_train"


def test_a_name_that_tells_nothing_is_found_by_what_it_is_trained_as() -> None:
    found = roles_in(TRAIN.format(name="fit"), "a = data[:90]", "b = data[90:]", "fit(net, a, valid_data=b)")
    assert [(c.name, c.how) for c in found[Role.TRAIN_DATA]] == [("a", "what its code does")]
    assert [(c.name, c.how) for c in found[Role.VALID_DATA]] == [("b", "what its code does")]


def test_a_global_that_a_function_binds_is_found_where_it_is_called() -> None:
    (found,) = roles_in("def prepare():\n    global train_data\n    train_data = 1", "prepare()")[Role.TRAIN_DATA]
    assert (found.name, found.position) == ("train_data", 1)


@pytest.mark.parametrize("nothing", ["None", "..."])
def test_a_global_that_was_nothing_until_a_function_binds_it_is_found_there_too(nothing: str) -> None:
    prepare = "def prepare():\n    global train_data\n    train_data = 1"
    found = roles_in(f"train_data = {nothing}", prepare, "prepare()")[Role.TRAIN_DATA]
    assert (found[0].name, found[0].position) == ("train_data", 2)


def test_what_training_returns_is_no_array() -> None:
    assert not roles_in(TRAIN.format(name="fit"), "valid_stuff = fit(net, a, b)")[Role.VALID_DATA]


def test_a_skeleton_does_not_hide_the_work_done_under_another_name() -> None:
    work = SAME.format(name="same_pairs")
    found = roles_in(work, "def generate_same_pair(data):\n    pass")[Role.SAME]
    assert [(c.name, c.skeleton) for c in found] == [("same_pairs", False), ("generate_same_pair", True)]


def test_a_model_of_a_class_that_is_still_to_be_written_is_no_work_either() -> None:
    written = NET.format(name="CNNChannel", channels=6)
    empty, made = "class CNNChannel(nn.Module):\n    pass", "channel = CNNChannel(n=8)"
    for cells, skeletons in (
        ((empty, made), [("CNNChannel", True), ("channel", True)]),
        ((empty, written, made), [("CNNChannel", False), ("channel", False), ("CNNChannel", True)]),
        ((written, made, empty), [("CNNChannel", False), ("channel", False), ("CNNChannel", True)]),
    ):
        assert [(c.name, c.skeleton) for c in roles_in(*cells)[Role.CHANNEL]] == skeletons


# Skeletons


@pytest.mark.parametrize(
    "definition",
    [
        "def f(data):\n    pass",
        "def f(data):\n    ...",
        'def f(data):\n    """What to do."""',
        'def f(data):\n    """What to do."""\n    pass',
        "def f(data):\n    raise NotImplementedError",
        "def f(data):\n    raise NotImplementedError('Question 1b')",
        "def f(data):\n    return",
        "def f(data):\n    return None",
        "def f(data):\n    x = ...\n    return x",
        "def f(data):\n    for row in ...:\n        pass",
        "def f(data):\n    return data.reshape(...)",
        "def f(data):\n    return ...",
        "class F(nn.Module):\n    pass",
        "class F(nn.Module):\n    def __init__(self):\n        super().__init__()\n        # TODO",
        "class F(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.conv = ...\n"
        "    def forward(self, x):\n        return self.conv(x)",
        "class F(nn.Module):\n    def __init__(self):\n        self.conv = nn.Conv2d(3, 4, 5)\n"
        "    def forward(self, x):\n        pass",
        "x = ...",
        "x: int",
    ],
)
def test_what_is_still_to_be_written_is_a_skeleton(definition: str) -> None:
    assert is_skeleton(ast.parse(definition).body[0])


@pytest.mark.parametrize(
    "definition",
    [
        "def f(data):\n    return data[..., 0]",
        "def f(data):\n    data[..., 0] = 1\n    return data",
        "def f(data):\n    if data is None:\n        raise ValueError('no data')\n    return data",
        "def f(data):\n    pass\n    return data",
        "class F(Base):\n    pass",
        "class F(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.conv = nn.Conv2d(3, 4, 5)\n    def forward(self, x):\n        return self.conv(x)",
        "class F(nn.Sequential):\n    def __init__(self):\n        super().__init__(nn.Conv2d(3, 4, 5))",
        "x = 1",
        "x = None",
        "from mine import f",
    ],
)
def test_what_does_something_is_no_skeleton(definition: str) -> None:
    assert not is_skeleton(ast.parse(definition).body[0])


# Parameters


@pytest.mark.parametrize(
    ("parameter", "meaning"),
    [
        ("model", "model"),
        ("Net", "model"),
        ("data_path", "path"),
        ("dataDir", None),
        ("train_data", "train_data"),
        ("X_val", "valid_data"),
        ("bs", "batch_size"),
        ("lr", "learning_rate"),
        ("num_epochs", "epochs"),
        ("kernel_size", "kernel_size"),
        ("_device_", "device"),
        ("n", "n"),
        ("whatever", None),
        ("", None),
    ],
)
def test_a_parameter_means_what_its_name_says_whatever_its_spelling(parameter: str, meaning: str | None) -> None:
    assert meaning_of(parameter) == meaning


@given(st.sampled_from(sorted(MEANINGS)))
def test_every_meaning_is_its_own_name(meaning: str) -> None:
    assert meaning_of(meaning) == meaning
    assert meaning_of(meaning.upper().replace("_", "")) == meaning


def test_the_first_parameter_of_a_meaning_is_taken_for_it() -> None:
    parameters = [Parameter(name, "positional or keyword", False) for name in ("net", "x_train", "model", "foo")]
    assert resolved_parameters(parameters) == {"model": "net", "train_data": "x_train"}


def test_a_parameter_is_required_unless_it_has_a_default_or_takes_what_is_left() -> None:
    assert Parameter("n", "positional or keyword", False).required
    assert not Parameter("n", "positional or keyword", True, 3).required
    assert not Parameter("rest", "variable positional", False).required


@pytest.mark.parametrize(
    ("cells", "positional", "keyword"),
    [
        (["net = CNN(32)"], (32,), {}),
        (["net = CNN(n=32, k=-1)"], (), {"n": 32, "k": -1}),
        (["net = CNN(True, None, 'same', 0.5)"], (True, None, "same", 0.5), {}),
        (["n = 4", "net = CNN(n * 2 + 1)"], (9,), {}),
        (["n, k = 4, 5", "net = CNN(k)"], (5,), {}),
        (["n = 4", "m = n", "net = CNN(m)", "n = 5"], (4,), {}),
        (["n = 4", "n = 5", "net = CNN(n)"], (5,), {}),
        (["net = CNN((3, 224))"], ((3, 224),), {}),
        (["net = CNN(7 // 2)"], (3,), {}),
        (["print(CNN(8).conv)"], (8,), {}),
        (["if True:\n    net = CNN(8)"], (8,), {}),
        # What the text does not show is unknown rather than guessed.
        (["net = CNN(len(data))"], (UNKNOWN,), {}),
        (["net = CNN(1 // 0)"], (UNKNOWN,), {}),
        (["net = CNN(missing)"], (UNKNOWN,), {}),
        (["n = 4\nif flag:\n    n = 5", "net = CNN(n)"], (UNKNOWN,), {}),
        (["net = CNN((3, len(data)))"], (UNKNOWN,), {}),
        (["net = CNN(-True)"], (UNKNOWN,), {}),
        (["a = b\nb = a", "net = CNN(b)"], (UNKNOWN,), {}),
    ],
)
def test_a_call_in_the_notebook_is_an_example_of_what_to_pass(
    cells: list[str], positional: tuple[object, ...], keyword: dict[str, object]
) -> None:
    (found,) = example_calls(dependencies_of(*cells), "CNN")
    assert (found.positional, found.keyword) == (positional, keyword)
    assert found.is_known is (UNKNOWN not in positional)


def test_examples_come_in_order_with_their_places() -> None:
    found = example_calls(dependencies_of("a = CNN(1)", "other(2)", "b = CNN(n=3)"), "CNN")
    assert found == (ExampleCall((1,), {}, 0), ExampleCall((), {"n": 3}, 2))


@pytest.mark.parametrize("cell", ["CNN(*sizes)", "CNN(**options)", "models.CNN(3)", "Other(3)", "CNN"])
def test_a_call_whose_arguments_cannot_be_counted_is_no_example(cell: str) -> None:
    assert example_calls(dependencies_of(cell), "CNN") == ()
