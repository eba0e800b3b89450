"""JUnit's XML, in the shape in which pytest writes it, for all services that show test reports."""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from autograder.report.formats.shown import Shown, paragraphs, points_of
from autograder.report.inert import one_line

# How an outcome is told; those that are not here pass.
_ELEMENTS = {
    "partial": "failure",
    "fail": "failure",
    "missing": "failure",
    "timeout": "failure",
    "error": "error",
    "skipped": "skipped",
    "manual": "skipped",
}
# Times differ from run to run, and stand in timings.json.
_NO_TIME = "0.000"


def junit_xml(shown: Shown) -> str:
    """One test case for each check, in a class named by its question."""
    kinds = [_ELEMENTS.get(entry["verdict"]) for entry in shown.checks.values()]
    suites = ElementTree.Element("testsuites", name="autograder tests")
    numbers = {"errors": "error", "failures": "failure", "skipped": "skipped"}
    counts = {name: str(kinds.count(kind)) for name, kind in numbers.items()}
    attributes = {"name": "autograder", **counts, "tests": str(len(kinds)), "time": _NO_TIME}
    suite = ElementTree.SubElement(suites, "testsuite", attributes)
    for id, entry in shown.checks.items():
        names = {"classname": f"autograder.{shown.questions[id]}", "name": id, "time": _NO_TIME}
        _say(entry, ElementTree.SubElement(suite, "testcase", names))
    return f'<?xml version="1.0" encoding="utf-8"?>{ElementTree.tostring(suites, encoding="unicode")}\n'


def _say(entry: Mapping[str, Any], case: ElementTree.Element) -> None:
    kind = _ELEMENTS.get(entry["verdict"])
    if kind is None:
        return
    said = paragraphs(entry) or [entry["verdict"]]
    if kind == "skipped":
        element = ElementTree.SubElement(case, kind, type=f"autograder.{entry['verdict']}", message=one_line(said[0]))
        element.text = "\n".join(said)
        return
    # Services show the text, or only the message; so each holds the first sentence.
    said[0] += f" ({entry['verdict']}, {points_of(entry)})"
    ElementTree.SubElement(case, kind, message=one_line(said[0])).text = "\n".join(said)
