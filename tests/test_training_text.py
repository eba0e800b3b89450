"""What the text of a training tells where watching it cannot."""

import pytest

from autograder.program.names import Role
from autograder.program.training import training_calls
from autograder.program.training_text import TrainingText, training_text
from autograder.program.understanding import Understanding
from autograder.submission.bundle import bundle_of_cells

TRAIN = """
def train(model, train_data, valid_data, epochs=5):
    optimizer = torch.optim.Adam(model.parameters())
    for epoch in range(epochs):
        loss = model(train_data).mean()
        loss.backward()
        optimizer.step()
        {inside}
    {behind}
"""
CALL = "net = Net()\ntrain(net, train_data, valid_data)"


def text(*cells: str, modules: dict[str, str] | None = None) -> TrainingText:
    understanding = Understanding(bundle_of_cells(["import torch", *cells], "s", modules or {}))
    function = understanding.first(Role.TRAIN)
    assert function is not None
    calls = training_calls(understanding, function)
    return training_text(understanding, function.position, calls[0] if calls else None)


def train(inside: str = "pass", behind: str = "pass") -> str:
    return TRAIN.format(inside=inside, behind=behind)


@pytest.mark.parametrize(
    ("function", "saves"),
    [
        (train(), ""),
        (train(inside="torch.save(model.state_dict(), 'best')"), "inside"),
        (train(inside="pickle.dump(model, file)"), "inside"),
        (train(behind="torch.save(model.state_dict(), 'best')"), "after"),
        (train(inside="np.save('losses.npy', losses)"), ""),
    ],
)
def test_where_a_function_saves(function: str, saves: str) -> None:
    assert text(function, CALL).saves == saves


def test_saving_in_the_notebook_once_training_has_returned_is_outside_of_it() -> None:
    assert text(train(), CALL + "\ntorch.save(net.state_dict(), 'best')").saves == "outside"
    assert text(train(), CALL, "torch.save(net.state_dict(), 'best')").saves == "outside"


@pytest.mark.parametrize(
    "elsewhere",
    ["torch.save(net, 'untrained')\n" + CALL, CALL + "\ndef keep(model):\n    torch.save(model, 'a')"],
)
def test_saving_before_training_or_in_a_function_that_nobody_calls_is_none(elsewhere: str) -> None:
    assert text(train(), elsewhere).saves == ""


def test_returning_and_drawing_are_told() -> None:
    seen = text(train(inside="plt.plot(losses)", behind="return losses"))
    assert (seen.returns, seen.draws) == (True, True)
    seen = text(train(behind="return None"))
    assert (seen.returns, seen.draws) == (False, False)


@pytest.mark.parametrize(
    "code",
    [
        "pred = out.argmax(1)",
        "pred = torch.max(out, 1)[1]",
        "_, pred = out.max(dim=1)",
        "right = (out[:, 1] > out[:, 0]).sum()",
        "right += sum(a == b for a, b in zip(answers, labels))",
        "acc = accuracy_score(labels, out)",
        "pred = torch.round(out)",
    ],
)
def test_whatever_turns_outputs_into_answers_is_seen(code: str) -> None:
    assert text(train(inside=code)).answers


def test_answers_are_seen_in_the_functions_that_a_training_calls_and_in_the_loop_around_it() -> None:
    helper = "def score(model, data):\n    return inner(model(data))\ndef inner(out):\n    return out.argmax(1)"
    assert text(helper, train(inside="score(model, valid_data)")).answers
    assert text(helper, train(), "for epoch in range(3):\n    train(net, train_data, 0)\n    score(net, 1)").answers
    assert not text(helper, train()).answers


@pytest.mark.parametrize(
    "code",
    [
        "if loss < best: best = loss",
        "while loss > 3: break",
        "history.append(loss if loss < 9 else 9)",
        "verbose = path is not None",
    ],
)
def test_a_condition_on_a_loss_counts_no_answers(code: str) -> None:
    assert not text(train(inside=code)).answers


def test_what_a_module_of_the_submission_does_is_not_read_and_gets_the_benefit_of_the_doubt() -> None:
    assert text(train(), modules={"helpers": "x = 1"}).answers
    assert not text(train()).answers
