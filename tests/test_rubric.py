"""The rubric that is shipped adds up, and one with a mistake is refused with the line at fault."""

import tomllib
from pathlib import Path

import pytest

from autograder.checks import CHECKS
from autograder.grading import check_questions
from autograder.rubric import DEFAULT_RUBRIC, RubricError, read_rubric

QUESTIONS = {"same.shape": "q1b", "same.content": "q1b", "train.loss": "q3a"}
RIGHT = """\
partial_credit = 0.5

[points.q1b]
"same.shape" = 20
"same.content" = 30.5

[points.q3a]
"train.loss" = 49.5  # nearly half

[thresholds]
memorised = 0.9
memorising_steps = 100
memorising_partial_steps = 300
test_full = 0.75
test_partial = 0.65

[old_terms]
imread_gave_bytes = false

[training]
watch_seconds = 60
memorising_seconds = 150
test_steps = 500
test_seconds = 300
good_enough = 0.95

[limits]
program_seconds = 120
call_seconds = 60.5
memory_mebibytes = 8192
scratch_mebibytes = 4096
output_characters = 20000
notebook_mebibytes = 40
"""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "rubric.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


def refusal(path: Path) -> str:
    with pytest.raises(RubricError) as caught:
        read_rubric(path, QUESTIONS)
    return str(caught.value)


def test_the_shipped_rubric_gives_100_points_of_which_70_are_automatic() -> None:
    rubric = read_rubric(DEFAULT_RUBRIC, check_questions())
    assert sum(rubric.points.values()) == 100
    assert sum(points for id, points in rubric.points.items() if CHECKS[id].automatic) == 70


def test_the_shipped_rubric_gives_each_question_the_points_of_the_handout() -> None:
    rubric = read_rubric(DEFAULT_RUBRIC, check_questions())
    totals = dict.fromkeys(("q1", "q2", "q3", "q4"), 0.0)
    for id, points in rubric.points.items():
        totals[rubric.questions[id][:2]] += points
    assert totals == {"q1": 20, "q2": 25, "q3": 40, "q4": 15}


def test_every_check_of_the_shipped_rubric_is_worth_something() -> None:
    assert all(points > 0 for points in read_rubric(DEFAULT_RUBRIC, check_questions()).points.values())


def test_a_right_rubric_is_read_in_the_order_of_its_file(tmp_path: Path) -> None:
    rubric = read_rubric(write(tmp_path, RIGHT), QUESTIONS)
    assert list(rubric.points.items()) == [("same.shape", 20), ("same.content", 30.5), ("train.loss", 49.5)]
    assert rubric.questions == QUESTIONS
    assert (rubric.partial_credit, rubric.imread_gave_bytes) == (0.5, False)
    assert (rubric.limits.call_seconds, rubric.limits.memory_mebibytes) == (60.5, 8192)


def test_the_digest_tells_two_rubrics_apart(tmp_path: Path) -> None:
    first = read_rubric(write(tmp_path, RIGHT), QUESTIONS).digest
    assert read_rubric(write(tmp_path, RIGHT), QUESTIONS).digest == first
    assert read_rubric(write(tmp_path, RIGHT + "\n"), QUESTIONS).digest != first


@pytest.mark.parametrize(
    ("old", "new", "at", "sentence"),
    [
        pytest.param('"same.shape" =', '"same.shpe" =', '"same.shpe"', "same.shpe is no check", id="unknown check"),
        pytest.param(
            "[points.q3a]",
            '"train.loss" = 1\n[points.q3a]',
            '"train.loss" = 1',
            "train.loss belongs to q3a, not to q1b",
            id="wrong question",
        ),
        pytest.param(
            '"same.shape" = 20\n',
            "",
            None,
            "the check same.shape has no points; add it under [points.q1b]",
            id="missing",
        ),
        pytest.param("= 20\n", "= -20\n", '"same.shape"', "same.shape is -20, and should be a number", id="negative"),
        pytest.param("= 20\n", "= '20'\n", '"same.shape"', "same.shape is '20', and should be a number", id="text"),
        pytest.param("= 20\n", "= true\n", '"same.shape"', "same.shape is True, and should be a number", id="true"),
        pytest.param("= 20\n", "= inf\n", '"same.shape"', "same.shape is inf", id="infinite"),
        pytest.param("= 20\n", "= nan\n", '"same.shape"', "same.shape is nan", id="no number"),
        pytest.param("= 20\n", "= 19.5\n", None, "the points add up to 99.5, and should add up to 100", id="total"),
        pytest.param(
            "partial_credit = 0.5", "partial_credit = 1.5", "partial_credit", "between 0 and 1", id="too much credit"
        ),
        pytest.param(
            "partial_credit = 0.5", "partial_credit = 'half'", "partial_credit", "is 'half'", id="credit as text"
        ),
        pytest.param("partial_credit = 0.5\n", "", None, "partial_credit is missing", id="no credit"),
        pytest.param(
            "[thresholds]",
            "bonus = 3\n[thresholds]",
            "bonus",
            "bonus is no check of this grader",
            id="unknown among points",
        ),
        pytest.param("[limits]", "late = 3\n[limits]", "late", "late is not a setting", id="unknown old term"),
        pytest.param(
            "call_seconds",
            "cell_seconds",
            "cell_seconds",
            "cell_seconds is not a setting; there are",
            id="unknown limit",
        ),
        pytest.param("[old_terms]", "[odl_terms]", "[odl_terms]", "odl_terms is not a setting", id="unknown table"),
        pytest.param("call_seconds = 60.5\n", "", None, "call_seconds is missing", id="no limit"),
        pytest.param("= 60.5", "= 0", "call_seconds", "call_seconds is 0, and nothing could run", id="zero limit"),
        pytest.param("= 60.5", "= 'long'", "call_seconds", "limits: call_seconds is 'long'", id="limit as text"),
        pytest.param("= false", "= 0", "imread_gave_bytes", "should be true or false", id="0 for false"),
        pytest.param("[points.q1b]", "[points]\nq9 = 3\n[points.q1b]", "q9", "q9 should be a table", id="question"),
    ],
)
def test_a_mistake_is_refused_with_its_line(tmp_path: Path, old: str, new: str, at: str | None, sentence: str) -> None:
    text = changed(RIGHT, old, new)
    path = write(tmp_path, text)
    message = refusal(path)
    assert sentence in message
    assert message.startswith(str(path))
    if at is not None:
        line = next(number for number, part in enumerate(text.splitlines(), start=1) if part.startswith(at))
        assert f"line {line}:" in message


def test_invalid_toml_is_refused_with_the_line_where_reading_stopped(tmp_path: Path) -> None:
    message = refusal(write(tmp_path, changed(RIGHT, "= 20\n", "= = 20\n")))
    assert "is not valid TOML" in message
    assert "line 4" in message


def test_a_check_that_is_given_points_twice_is_refused(tmp_path: Path) -> None:
    twice = changed(RIGHT, '"same.shape" = 20\n', '"same.shape" = 10\n"same.shape" = 10\n')
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(twice)
    assert "line 5" in refusal(write(tmp_path, twice))


@pytest.mark.parametrize("table", ["old_terms", "limits"])
def test_a_table_that_is_a_number_is_refused(tmp_path: Path, table: str) -> None:
    kept = [part for part in RIGHT.split("\n\n") if not part.startswith(f"[{table}]")]
    assert f"{table} should be a table" in refusal(write(tmp_path, f"{table} = 3\n" + "\n\n".join(kept)))


@pytest.mark.parametrize("points", ["", "points = 3\n"])
def test_a_rubric_without_points_is_refused(tmp_path: Path, points: str) -> None:
    kept = [part for part in RIGHT.split("\n\n") if not part.startswith("[points.")]
    message = refusal(write(tmp_path, points + "\n\n".join(kept)))
    assert "points should be tables" in message or "points is missing" in message


def test_an_empty_file_and_one_that_is_no_text_are_refused(tmp_path: Path) -> None:
    assert "partial_credit is missing" in refusal(write(tmp_path, ""))
    assert "is not UTF-8 text" in refusal(write(tmp_path, b"\xff\xfe"))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "cannot be read (No such file or directory)" in refusal(tmp_path / "rubric.toml")
    assert "cannot be read" in refusal(tmp_path)
