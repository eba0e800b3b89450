"""The result as a person sees it in a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from autograder.boundary.sandbox import Sandbox
from autograder.report.inert import one_line, printable
from autograder.report.tallies import is_unreadable

UNCAGED = "Graded without a sandbox: the submission ran with all that this account may do."
STYLES = {
    "pass": "green",
    "partial": "yellow",
    "fail": "red",
    "missing": "magenta",
    "timeout": "red",
    "error": "bold red",
    "skipped": "dim",
    "manual": "cyan",
}


def result_table(result: Mapping[str, Any], questions: Mapping[str, str]) -> RenderableType:
    """A table of all checks with their messages; the text of a submission appears as it is, without markup.

    Of what could not be read, there are only the reason and the points.
    """
    if is_unreadable(result):
        (note,) = result["notes"]
        return Group(*(Text(one_line(words)) for words in (result["submission"], note, summary(result))))
    table = Table(title=Text(one_line(result["submission"])), title_justify="left", expand=False)
    table.add_column("check", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("what was seen", overflow="fold")
    question = ""
    for id, entry in result["checks"].items():
        if questions[id] != question and question:
            table.add_section()
        question = questions[id]
        style = STYLES[entry["verdict"]]
        table.add_row(
            id,
            Text(entry["verdict"], style=style),
            f"{entry['points']:g}/{entry['possible']:g}",
            _words(entry),
        )
    parts: list[RenderableType] = [table, Text(summary(result))]
    parts += [Text(one_line(f"Note: {note}")) for note in result["notes"]]
    if result["grader"]["sandbox"] == Sandbox.NONE:
        parts.append(Text(UNCAGED, style="yellow"))
    return Group(*parts)


def class_table(results: Sequence[Mapping[str, Any]]) -> RenderableType:
    """A table of a class: points of each submission, and the checks that cost it some."""
    table = Table(title_justify="left")
    table.add_column("submission", overflow="fold")
    table.add_column("automatic points", justify="right", no_wrap=True)
    table.add_column("checks that did not pass", overflow="fold")
    for result in results:
        lost = Text(", ").join(
            Text(id, style=STYLES[entry["verdict"]])
            for id, entry in result["checks"].items()
            if entry["verdict"] not in ("pass", "manual", "skipped")
        )
        if result["checks"] and all(entry["verdict"] == "missing" for entry in result["checks"].values()):
            lost = Text(one_line("; ".join(result["notes"])), style=STYLES["missing"])
        automatic = result["automatic"]
        points = f"{automatic['points']:g}/{automatic['possible']:g}"
        table.add_row(Text(one_line(result["submission"])), points, lost)
    return table


def _words(entry: Mapping[str, Any]) -> Text:
    if entry["verdict"] == "pass":
        return Text(printable(entry.get("remark", "")), style="dim")
    if entry["verdict"] in ("skipped", "manual"):
        return Text(printable(entry["observed"]), style="dim")
    text = Text(printable(entry["observed"]))
    if entry["expected"]:
        text.append(printable(f"\nexpected: {entry['expected']}"))
    for key in ("hint", "remark"):
        if entry.get(key):
            text.append(printable(f"\n{entry[key]}"), style="italic")
    return text


def summary(result: Mapping[str, Any]) -> str:
    """The automatic points, those that a person has given, and how many a person has to give, in one line."""
    automatic = result["automatic"]
    by_hand = [entry for entry in result["checks"].values() if entry["verdict"] == "manual"]
    marked = [entry for entry in by_hand if "marked" in entry]
    given, out_of = (sum(entry[key] for entry in marked) for key in ("points", "possible"))
    waiting = sum(entry["possible"] for entry in by_hand if "marked" not in entry)
    words = f"{automatic['points']:g} of {automatic['possible']:g} automatic points"
    words += f"; {given:g} of {out_of:g} given by a person" if marked else ""
    return words + (f"; {waiting:g} points are for a person to give" if waiting else "")


def print_result(result: Mapping[str, Any], questions: Mapping[str, str], console: Console) -> None:
    """Print the table of one submission."""
    console.print(result_table(result, questions))
