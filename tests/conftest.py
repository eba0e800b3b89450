"""What several test files need: small data, the course's photographs where they are, one grader for all."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from autograder.grading import Grader
from autograder.session import Setup, prepare
from fixtures.shoes import write_shoes

ROOT = Path(__file__).parents[1]

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
def grader(setup: Setup) -> Iterator[Grader]:
    with setup.grader() as grader:
        yield grader
