"""`pytest autograder --submission PATH`: one test for each check, named by its id.

A plugin rather than a conftest: it has to be loaded before pytest looks at its arguments, or pytest would take the
submission for a place with tests and run the submission's own `conftest.py`. It is imported in every run of pytest in
its environment, so it imports nothing heavy until there is a check to collect.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_PACKAGE = Path(__file__).parent
_RUBRIC = _PACKAGE / "rubric.toml"
_DEFAULT_SUBMISSION = _PACKAGE.parent / "student_template" / "assignment3.ipynb"
_RESULT = pytest.StashKey[dict[str, Any]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("autograder")
    group.addoption("--submission", default=None, help="The notebook, script, folder or zip archive to grade.")
    group.addoption("--submission-data", default=None, help="Folder with train, test_w and test_m.")
    group.addoption("--submission-seed", default=None, type=int, help="What all probes are drawn from.")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "CheckFile | None":
    # By path and not by name: a submission may hold a rubric.toml, too.
    return CheckFile.from_parent(parent, path=file_path) if file_path == _RUBRIC else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    sandbox = config.stash.get(_RESULT, {}).get("grader", {}).get("sandbox")
    if sandbox is not None:
        terminalreporter.write_line(f"The submission was run in this sandbox: {sandbox}.")


class CheckFile(pytest.File):
    """The rubric, of which every line of points is a test."""

    def collect(self) -> Iterator["CheckItem"]:
        from autograder.checks import CHECKS
        from autograder.rubric import read_rubric

        rubric = read_rubric(self.path, {check.id: check.question for check in CHECKS.values()})
        for id in rubric.points:
            yield CheckItem.from_parent(self, name=id)


class NotPassed(Exception):
    """A check that did not pass; the message is the verdict's."""


class GraderFault(Exception):
    """The grader itself failed, or there was nothing to grade."""


class CheckItem(pytest.Item):
    """One check of the submission."""

    def setup(self) -> None:
        entry = self._entry()
        if entry["verdict"] == "error":
            raise GraderFault(_inert(entry["message"]))

    def runtest(self) -> None:
        entry = self._entry()
        if entry["verdict"] in ("manual", "skipped"):
            pytest.skip(_inert(entry["observed"]))
        if entry["verdict"] != "pass":
            raise NotPassed(_inert(_failure_text(entry)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, NotPassed | GraderFault):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name

    def _entry(self) -> dict[str, Any]:
        # Graded once a run, so that -k, --lf and -x cost nothing more.
        stash = self.config.stash
        if _RESULT not in stash:
            stash[_RESULT] = _grade(
                self.config, [item.name for item in self.session.items if isinstance(item, CheckItem)]
            )
        result = stash[_RESULT]
        if "problem" in result:
            raise GraderFault(_inert(result["problem"]))
        entry: dict[str, Any] = result["checks"][self.name]
        return entry


def _grade(config: pytest.Config, checks: list[str]) -> dict[str, Any]:
    from autograder.secret import NoSecret, secret_seed
    from autograder.session import CannotGrade, grade_what_is_there, prepare
    from autograder.submission.notebook import NothingThere

    named, data = config.getoption("--submission"), config.getoption("--submission-data")
    base = config.invocation_params.dir
    path = base / named if named else _DEFAULT_SUBMISSION
    try:
        seed = config.getoption("--submission-seed")
        setup = prepare(base / data if data else None, secret_seed() if seed is None else seed, checks)
        with setup.grader() as grader:
            return setup.result(grade_what_is_there(path, setup, grader))
    except (CannotGrade, NoSecret, NothingThere) as problem:
        return {"problem": str(problem)}


def _inert(text: str) -> str:
    """A submission's words as they may stand in a terminal and in JUnit's XML."""
    from autograder.report.inert import printable

    return printable(text)


def _failure_text(entry: dict[str, Any]) -> str:
    lines = [f"{entry['observed']} ({entry['verdict']}, {entry['points']:g} of {entry['possible']:g} points)"]
    lines += [f"expected: {entry['expected']}" if entry["expected"] else "", entry["hint"], entry.get("remark", "")]
    return "\n".join(line for line in lines if line)
