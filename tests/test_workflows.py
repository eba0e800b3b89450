"""The workflows for a course's repository: they are valid, install one version, and grade without trusting the work."""

from typing import Any

import pytest
import yaml

from autograder.report.result import grader_version
from student_template.course import REPOSITORY, TAG
from student_template.workflows import FOLDER, GITHUB, GITLAB, build_workflows


def workflow(place: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(build_workflows()[place])
    return read


@pytest.mark.parametrize("place", build_workflows())
def test_the_files_are_what_their_source_builds(place: str) -> None:
    assert (FOLDER / place).read_text(encoding="utf-8") == build_workflows()[place], "run `make template`"


@pytest.mark.parametrize("place", build_workflows())
def test_one_tagged_version_of_the_grader_is_installed(place: str) -> None:
    text = build_workflows()[place]
    assert TAG.removeprefix("v") == grader_version()
    assert f"GRADER: https://github.com/{REPOSITORY}\n" in text and f"GRADER_TAG: {TAG}\n" in text
    assert '"shoe-pair-autograder[classroom] @ git+$GRADER@$GRADER_TAG"' in text
    assert "{repository}" not in text and "{tag}" not in text


def test_github_grades_with_few_rights_and_shows_summary_annotations_and_artifacts() -> None:
    github = workflow(GITHUB)
    assert github["permissions"] == {"contents": "read"}
    job = github["jobs"]["grade"]
    (grades,) = [step for step in job["steps"] if "autograder check" in step.get("run", "")]
    assert "--format github" in grades["run"] and "--format junit=" in grades["run"]
    assert grades["working-directory"] == "/tmp"
    (keeps,) = [step for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
    assert keeps["if"] == "always()"
    assert all("@v" in step["uses"] for step in job["steps"] if "uses" in step)


def test_gitlab_keeps_the_report_also_where_checks_fail() -> None:
    job = workflow(GITLAB)["grade"]
    assert job["artifacts"]["when"] == "always" and job["artifacts"]["reports"]["junit"] == "junit.xml"
    graded = " ".join(job["script"])
    assert "--pyargs autograder" in graded and '--junitxml="$CI_PROJECT_DIR/junit.xml"' in graded
    assert all(isinstance(line, str) for line in job["before_script"] + job["script"])
