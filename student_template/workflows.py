"""Workflows for the repository of a course, from which those of the students are made: they grade every push.

They lie in `course_repository/`, as they are to be copied, and name the pinned version of the course's grader.
"""

from pathlib import Path

from student_template.course import REPOSITORY, TAG

FOLDER = Path(__file__).with_name("course_repository")
GITHUB, GITLAB = ".github/workflows/grade.yml", ".gitlab-ci.yml"

_GITHUB = """\
# Grades every push and says so beside the code and in the summary of the run. What it says is advice: whoever may
# change the work may change this file, too. Marks come from a run of the course's own.
name: grade
on: [push, workflow_dispatch]
permissions:
  contents: read
concurrency:
  group: grade-${{ github.ref }}
  cancel-in-progress: true
jobs:
  grade:
    runs-on: ubuntu-24.04
    timeout-minutes: 60
    env:
      GRADER: https://github.com/{repository}
      GRADER_TAG: {tag}
      PIP_EXTRA_INDEX_URL: https://download.pytorch.org/whl/cpu  # a CPU build of torch is enough
      AUTOGRADER_CACHE: /tmp/autograder-cache
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false  # nothing of the submission needs them
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
          cache: pip
          cache-dependency-path: .github/workflows/grade.yml  # in which the version of the grader stands
      - name: Install the grader
        run: |
          curl --fail --silent --show-error --location --output "$RUNNER_TEMP/constraints.txt" \\
            "https://raw.githubusercontent.com/{repository}/$GRADER_TAG/constraints.txt"
          python -m pip install --constraint "$RUNNER_TEMP/constraints.txt" \\
            "shoe-pair-autograder[classroom] @ git+$GRADER@$GRADER_TAG"
      - name: Keep the drawn shoes for the next run
        uses: actions/cache@v4
        with:
          path: /tmp/autograder-cache/synthetic-*
          key: autograder-{tag}
      - name: Grade
        working-directory: /tmp  # never the submission's own folder, from which Python would import
        run: |
          autograder check "$GITHUB_WORKSPACE" --out "$RUNNER_TEMP/results" \\
            --format github --format junit="$RUNNER_TEMP/results/junit.xml"
      - name: Keep the report
        if: always()
        uses: actions/upload-artifact@v4
        with:
          name: report
          path: ${{ runner.temp }}/results
          if-no-files-found: ignore
"""

_GITLAB = """\
# Grades every push; the tests of the pipeline are the checks. What it says is advice: whoever may change the work may
# change this file, too. Marks come from a run of the course's own.
grade:
  image: python:3.11-slim-bookworm
  timeout: 1 hour
  variables:
    GRADER: https://github.com/{repository}
    GRADER_TAG: {tag}
    PIP_EXTRA_INDEX_URL: https://download.pytorch.org/whl/cpu  # a CPU build of torch is enough
    PIP_CACHE_DIR: $CI_PROJECT_DIR/.cache/pip
    AUTOGRADER_CACHE: /tmp/autograder-cache
  cache:
    key: autograder-{tag}
    paths: [.cache/pip]
  before_script:
    - apt-get update
    - apt-get install --yes --no-install-recommends curl git libseccomp2
    - curl --fail --silent --show-error --location --output /tmp/constraints.txt
      "https://raw.githubusercontent.com/{repository}/$GRADER_TAG/constraints.txt"
    - python -m pip install --constraint /tmp/constraints.txt
      "shoe-pair-autograder[classroom] @ git+$GRADER@$GRADER_TAG"
  script:
    # From a folder of its own, so that no settings of the submission count. It uses the cage for strangers' code where
    # the runner has one, and says which: it is a student's own work, in a container of its own.
    - mkdir -p /tmp/grading
    - cd /tmp/grading
    - python -m pytest -p no:cacheprovider --rootdir /tmp/grading --pyargs autograder
      --submission "$CI_PROJECT_DIR" --junitxml="$CI_PROJECT_DIR/junit.xml"
  artifacts:
    when: always
    paths: [junit.xml]
    reports:
      junit: junit.xml
"""


def build_workflows() -> dict[str, str]:
    """The text of each workflow, by its place in a repository."""
    texts = {GITHUB: _GITHUB, GITLAB: _GITLAB}
    return {place: text.replace("{repository}", REPOSITORY).replace("{tag}", TAG) for place, text in texts.items()}
