"""Where a notebook trains: what trains, the statements that call it, on which model and on how many students."""

import pytest

from autograder.program.names import Role
from autograder.program.training import (
    Trainer,
    TrainingCall,
    find_trainer,
    loops_at_top_level,
    places_for_weights,
    training_calls,
)
from autograder.program.understanding import Understanding
from autograder.submission.bundle import bundle_of_cells

IMPORTS = "import torch\nfrom torch import nn"
NETS = """
class CNN(nn.Module):
    def __init__(self, n=4):
        super().__init__()
        self.conv = nn.Conv2d(3, n, 5)
    def forward(self, x):
        return self.conv(x)

class CNNChannel(nn.Module):
    def __init__(self, n=4):
        super().__init__()
        self.conv = nn.Conv2d(6, n, 5)
    def forward(self, x):
        return self.conv(x)
"""
DATA = "train_data = load('train')\nvalid_data = load('valid')"
TRAIN = """
def train(model, train_data, valid_data, epochs=5):
    optimizer = torch.optim.Adam(model.parameters())
    for epoch in range(epochs):
        loss = model(train_data).mean()
        loss.backward()
        optimizer.step()
    return model
"""
INNER = """
def {name}({parameters}):
    loss = model(batch).mean()
    loss.backward()
    optimizer.step()
"""
LOOP = """
optimizer = torch.optim.Adam(net.parameters())
for epoch in range(5):
    loss = net(train_data).mean()
    loss.backward()
    optimizer.step()
"""
CLASS = """
class Teacher:
    def __init__(self, model):
        self.model = model
    def one_batch(self, batch):
        loss = self.model(batch).mean()
        loss.backward()
        self.optimizer.step()
    def one_epoch(self, data):
        for batch in data:
            self.one_batch(batch)
    def {outermost}(self, data, epochs):
        for epoch in range(epochs):
            self.one_epoch(data)
"""
BEFORE = (IMPORTS, NETS, DATA, TRAIN)


def understood(*cells: str) -> Understanding:
    made = Understanding(bundle_of_cells(list(cells), "a.ipynb", {}))
    assert not made.bundle.unparsed
    return made


def trainer(*cells: str) -> Trainer | None:
    return find_trainer(understood(*cells))


def name_of(*cells: str) -> str | None:
    found = trainer(*cells)
    return found.candidate.name if found else None


def calls(*cells: str, before: tuple[str, ...] = BEFORE) -> list[TrainingCall]:
    understanding = understood(*before, *cells)
    found = find_trainer(understanding)
    assert found is not None
    return list(training_calls(understanding, found.candidate))


def only(*cells: str) -> TrainingCall:
    (call,) = calls(*cells)
    return call


# What trains


@pytest.mark.parametrize("name", ["train", "fit", "run_pytorch_gradient_descent", "teach_it"])
def test_a_function_that_trains_is_found_by_its_name_or_by_its_code(name: str) -> None:
    found = trainer(IMPORTS, NETS, TRAIN.replace("train(", f"{name}("))
    assert found is not None
    assert (found.candidate.name, found.candidate.cell, found.callable, found.method) == (name, 2, True, "")


def test_the_function_around_an_inner_step_is_the_one_that_trains() -> None:
    inner = INNER.format(name="one_batch", parameters="model, batch, optimizer")
    around = "def learn_all(model, data):\n    for batch in data:\n        one_batch(model, batch, optimizer)"
    assert name_of(IMPORTS, NETS, inner, around) == "learn_all"


def test_the_outermost_of_several_functions_is_the_one_that_trains() -> None:
    inner = INNER.format(name="one_batch", parameters="model, batch, optimizer")
    epoch = "def one_epoch(model, data):\n    for batch in data:\n        one_batch(model, batch, optimizer)"
    whole = "def everything(model, data, epochs):\n    for _ in range(epochs):\n        one_epoch(model, data)"
    assert name_of(IMPORTS, NETS, inner, epoch, whole) == "everything"
    assert name_of(IMPORTS, NETS, whole, epoch, inner) == "everything"


def test_of_two_functions_around_it_the_last_one_counts() -> None:
    inner = INNER.format(name="one_batch", parameters="model, batch, optimizer")
    first, second = (f"def {name}(model, data):\n    one_batch(model, data, None)" for name in ("first", "second"))
    assert name_of(IMPORTS, NETS, inner, first, second) == "second"
    assert name_of(IMPORTS, NETS, inner, second, first) == "first"


def test_a_function_without_data_around_it_only_runs_it() -> None:
    inner = INNER.format(name="teach", parameters="model, batch, optimizer")
    assert name_of(IMPORTS, NETS, inner, "def main():\n    teach(net, data, optimizer)") == "teach"


def test_functions_that_call_each_other_are_walked_through_once() -> None:
    first = INNER.format(name="first", parameters="model, batch, optimizer") + "    second(model, batch)\n"
    second = "def second(model, batch):\n    first(model, batch, None)"
    assert name_of(IMPORTS, NETS, first, second) == "second"


def test_a_function_by_the_handouts_name_needs_none_around_it() -> None:
    around = "def search(rates, data):\n    for rate in rates:\n        train(CNN(), data, data)"
    assert name_of(*BEFORE, around) == "train"


@pytest.mark.parametrize("outermost", ["fit", "go"])
def test_a_class_that_trains_is_found_with_its_outermost_method(outermost: str) -> None:
    found = trainer(IMPORTS, NETS, CLASS.replace("{outermost}", outermost))
    assert found is not None
    assert (found.candidate.name, found.callable, found.method) == ("Teacher", False, outermost)


def test_a_class_that_trains_as_soon_as_it_is_made_trains_in_its_method() -> None:
    found = trainer(
        IMPORTS, NETS, CLASS.replace("{outermost}", "go").replace("= model\n", "= model\n        self.go([], 1)\n")
    )
    assert found is not None
    assert found.method == "go"


def test_a_loop_outside_of_any_function_trains_too() -> None:
    understanding = understood(IMPORTS, NETS, DATA, "net = CNN()", LOOP)
    found = find_trainer(understanding)
    assert found is not None
    assert (found.candidate.name, found.callable) == ("the loop in cell 4", False)
    assert list(loops_at_top_level(understanding)) == [found.candidate.position]


def test_a_loop_that_calls_a_training_function_is_no_training_of_its_own() -> None:
    assert list(loops_at_top_level(understood(*BEFORE, "for n in (4, 8):\n    train(CNN(n), a, b)"))) == []


@pytest.mark.parametrize("cells", [(), (NETS,), (NETS, DATA, "predict(CNN())"), ("def train(model, data):\n    ...",)])
def test_where_nothing_trains_there_is_none(cells: tuple[str, ...]) -> None:
    assert trainer(IMPORTS, *cells) is None


def test_arrays_are_known_by_all_names_that_they_go_by() -> None:
    found = trainer(*BEFORE, "train_set = train_data[:90]")
    assert found is not None
    names = found.arrays(understood(*BEFORE, "train_set = train_data[:90]"))
    assert names["train_data"] is names["train_set"] is Role.TRAIN_DATA
    assert names["valid_data"] is Role.VALID_DATA
    assert "train" not in names


# Which statements call it


@pytest.mark.parametrize(
    "statement",
    [
        "train(CNN(), train_data, valid_data)",
        "net = train(CNN(), train_data, valid_data)",
        "net, accs = train(model=CNN(), train_data=train_data, valid_data=valid_data)",
        "if True:\n    train(CNN(), train_data, valid_data)",
        "try:\n    train(CNN(), train_data, valid_data)\nexcept KeyboardInterrupt:\n    pass",
        "results = [train(CNN(n), train_data, valid_data) for n in (4, 8)]",
        "curves = {}\ncurves['a'] = train(CNN(), train_data, valid_data)",
    ],
)
def test_a_statement_that_trains_is_found_in_any_dress(statement: str) -> None:
    call = only(statement)
    assert (call.cell, call.model, call.few, call.repeated) == (4, Role.CNN, False, False)


@pytest.mark.parametrize(
    "loop",
    [
        "for n in (4, 8):\n    train(CNNChannel(n), train_data, valid_data)",
        "while best < 0.9:\n    net = train(CNNChannel(), train_data, valid_data)",
        "for a in (1, 2):\n    for b in (3, 4):\n        train(CNNChannel(), train_data, valid_data)",
    ],
)
def test_a_call_in_a_loop_is_repeated(loop: str) -> None:
    call = only(loop)
    assert (call.model, call.repeated) == (Role.CHANNEL, True)


def test_calls_stand_in_the_order_of_the_notebook() -> None:
    found = calls("train(CNN(), train_data, valid_data)", "a = 1", "train(CNNChannel(), train_data, valid_data)")
    assert [(call.cell, call.model) for call in found] == [(4, Role.CNN), (6, Role.CHANNEL)]
    assert found[0].position < found[1].position


def test_a_call_through_another_function_counts_where_that_one_is_called() -> None:
    wrapper = "def experiment(kind, rate):\n    return train(kind(), train_data, valid_data, rate)"
    outer = "def all_of_them(kind):\n    return [experiment(kind, rate) for rate in (1, 2)]"
    found = calls(wrapper, outer, "experiment(CNN, 0.1)", "all_of_them(CNNChannel)")
    assert [(call.cell, call.model) for call in found] == [(6, Role.CNN), (7, Role.CHANNEL)]
    assert all(call.example is None for call in found)


def test_what_only_defines_or_mentions_it_is_no_call() -> None:
    defines = "def again(model):\n    return train(model, train_data, valid_data)"
    mentions = "print(train)\nnames = ['train']\nnet = CNN()\nother = train_data"
    assert calls(defines, mentions, "class Later:\n    def go(self):\n        train(CNN(), 1, 2)") == []


def test_the_steps_of_a_loop_at_the_top_level_are_a_call_of_their_own() -> None:
    found = calls("net = CNN()", LOOP, before=(IMPORTS, NETS, DATA))
    assert [(call.cell, call.repeated, call.example) for call in found] == [(4, True, None)]


def test_the_arguments_that_the_text_shows_are_kept() -> None:
    example = only("train(CNN(), train_data, valid_data, epochs=2 * 10)").example
    assert example is not None
    assert example.keyword == {"epochs": 20}
    assert len(example.positional) == 3


# Which model it trains


@pytest.mark.parametrize(
    ("cells", "model"),
    [
        (("train(CNN(8), train_data, valid_data)",), Role.CNN),
        (("train(CNNChannel(n=8), train_data, valid_data)",), Role.CHANNEL),
        (("net = CNNChannel(8)", "train(net, train_data, valid_data)"), Role.CHANNEL),
        (("net = CNN()\nnet = CNNChannel()", "train(net, train_data, valid_data)"), Role.CHANNEL),
        (("device = 'cpu'\nnet = CNN().to(device)", "train(net, train_data, valid_data)"), Role.CNN),
        (("kind = CNN", "net = kind(8)", "train(net, train_data, valid_data)"), Role.CNN),
        (("train(build(), train_data, valid_data)",), None),
        (("for net in (CNN(), CNNChannel()):\n    train(net, train_data, valid_data)",), None),
    ],
)
def test_the_model_is_told_by_what_the_call_speaks_of(cells: tuple[str, ...], model: Role | None) -> None:
    assert only(*cells).model is model


def test_networks_of_other_names_are_told_by_their_code() -> None:
    nets = NETS.replace("CNNChannel", "TwoShoes").replace("class CNN(", "class Tower(")
    found = calls(
        "train(Tower(), train_data, valid_data)",
        "train(TwoShoes(), train_data, valid_data)",
        before=(IMPORTS, nets, DATA, TRAIN),
    )
    assert [call.model for call in found] == [Role.CNN, Role.CHANNEL]


# On how many students


@pytest.mark.parametrize(
    ("data", "few"),
    [
        ("train_data[:5]", True),
        ("train_data[0:5]", True),
        ("train_data[2:7]", True),
        ("train_data[:5, :, 0]", True),
        ("train_data[:12]", True),
        ("train_data[:13]", False),
        ("train_data[:100]", False),
        ("train_data[5:]", False),
        ("train_data[:count]", False),
        ("train_data[:-5]", False),
        ("train_data[:0]", False),
        ("train_data[5]", False),
        ("train_data[:0.5]", False),
        ("train_data", False),
        ("overfit_data", True),
        ("tiny_train", True),
        ("sanityData", True),
        ("smaller_rate", False),
    ],
)
def test_few_students_are_told_from_many(data: str, few: bool) -> None:
    assert only(f"train(CNN(), {data}, valid_data)").few is few
    assert only(f"train(CNN(), valid_data=valid_data, train_data={data})").few is few


@pytest.mark.parametrize(("size", "few"), [(5, True), (50, False)])
def test_a_name_for_a_few_students_is_looked_up(size: int, few: bool) -> None:
    assert only(f"first = train_data[:{size}]", "train(CNN(), first, valid_data)").few is few


def test_the_last_definition_before_the_call_counts() -> None:
    found = calls(
        "first = train_data[:5]",
        "train(CNN(), first, valid_data)",
        "first = train_data[:90]",
        "train(CNN(), first, valid_data)",
    )
    assert [call.few for call in found] == [True, False]


# Which parameters are texts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("'best.pk'", True),
        ("f'cnn{n}.pk'", True),
        ("root + 'best.pk'", True),
        ("'cnn%d' % n", True),
        ("'cnn{}'.format(n)", True),
        ("os.path.join(root, 'best.pk')", True),
        ("3", False),
        ("None", False),
        ("root", False),
        ("b'best.pk'", False),
    ],
)
def test_a_parameter_that_is_given_a_text_is_known(value: str, text: bool) -> None:
    def given(call: str) -> dict[str, bool]:
        understanding = understood(IMPORTS, NETS, TRAIN.replace("epochs=5", "epochs=5, where=None"), call)
        found = find_trainer(understanding)
        assert found is not None
        return places_for_weights(understanding, found.candidate)

    expected = {"where": False} if text else {}
    assert given(f"train(a, b, c, 5, {value})") == expected
    assert given(f"x = 1\nfor n in (1, 2):\n    train(a, b, c, where={value})") == expected
    assert given("train(a, b, c)") == {}
    assert given("fit(a, keep='best.pk')\nplot(a, title='a curve')") == {"keep": False}
    assert given("train(a, b, c, where=root / 'best.pk')\ntrain(a, b, c)") == {"where": True}


@pytest.mark.parametrize("switch", ["model.train()", "model.train(was_training)", "model.train(mode=True)"])
def test_an_evaluation_that_switches_the_mode_back_is_no_training(switch: str) -> None:
    evaluation = f"def get_accuracy(model, data):\n    model.eval()\n    {switch}\n    return 1"
    found = calls(evaluation, "net = CNN()\ntrain(net, train_data, valid_data)", "get_accuracy(net, 1)")
    assert [call.cell for call in found] == [5]
