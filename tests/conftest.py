"""What several test files need: small data, the course's photographs where they are, one grader for all."""

import copy
import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import settings
from typer.testing import CliRunner, Result

from autograder.boundary.workers import Template
from autograder.cli import app
from autograder.grading import Grader, check_questions
from autograder.rubric import DEFAULT_RUBRIC, Limits, read_rubric
from autograder.session import Setup, prepare
from fixtures.shoes import write_shoes

ROOT = Path(__file__).parents[1]
# pytest's workers share the processors already. Threads of libraries would wait for each other, twenty times as long as
# such small arrays take; what is set here holds for the processes of pytest-xdist, which begin after it was read.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

# No test may fail because the machine is slow, or on one day and not on the next.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Data sets that tests make do not end in anybody's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOGRADER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic shoes of 14 + 3 + 3 students, one of them with files named .png."""
    folder = tmp_path_factory.mktemp("shoes")
    write_shoes(folder, train=14, test_w=3, test_m=3)
    return folder


@pytest.fixture(scope="session")
def photographs() -> Path:
    """The course's real photographs: SHOES_DATA, or ../shared/data/shoes beside the checkout."""
    folder = Path(os.environ.get("SHOES_DATA", ROOT.parent / "shared" / "data" / "shoes"))
    if not (folder / "train").is_dir():
        pytest.skip(f"the course's photographs are not at {folder}; set SHOES_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def handout_submission() -> Path:
    """The submission that is printed in the handout."""
    path = ROOT.parent / "shared" / "submissions" / "handout" / "assignment3.ipynb"
    if not path.is_file():
        pytest.skip(f"the handout's submission is not at {path}")
    return path


@pytest.fixture(scope="session")
def setup(small_data: Path) -> Setup:
    return prepare(small_data, only=["data", "same", "different", "cnn", "channel", "accuracy"])


@pytest.fixture(scope="session")
def shared_template() -> Iterator[Template]:
    """The process that forks workers. It takes seconds to start and keeps nothing, so there is one for all tests."""
    with Template(read_rubric(DEFAULT_RUBRIC, check_questions()).limits) as template:
        yield template


@pytest.fixture(scope="session")
def limited(shared_template: Template) -> Callable[[Limits], Template]:
    """The same process, with limits of a test's own on the workers that it forks."""

    def with_limits(limits: Limits) -> Template:
        other = copy.copy(shared_template)
        other._limits = limits
        return other

    return with_limits


@pytest.fixture(scope="session")
def grader_for(shared_template: Template) -> Callable[..., Grader]:
    """A grader for a setup, on that process; pages: whether what is graded will be shown with its notebook."""

    def on_that_process(setup: Setup, pages: bool = False) -> Grader:
        return Grader(setup.data_set, setup.rubric, setup.seed, setup.only, shared_template, pages=pages)

    return on_that_process


@pytest.fixture(scope="session")
def grader(setup: Setup, grader_for: Callable[..., Grader]) -> Grader:
    return grader_for(setup)


@pytest.fixture
def check(grader_for: Callable[..., Grader], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `autograder check` with some arguments: the whole command, but in this process and with that template, for
    which --device, --no-sandbox and the limits of another rubric come too late."""
    monkeypatch.setattr(Setup, "grader", lambda setup, pages: nullcontext(grader_for(setup, pages)))
    return lambda *arguments: CliRunner().invoke(app, ["check", *map(str, arguments)], catch_exceptions=False)
