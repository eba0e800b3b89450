"""`grades.csv`: one line for each submission."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from autograder.report.inert import csv_cell


def grades_csv(results: Sequence[Mapping[str, Any]], questions: Mapping[str, str]) -> str:
    """The grades of a class as CSV text.

    Args: questions: the question of every check, in the order of the rubric.
    """
    order = list(dict.fromkeys(questions.values()))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["submission", "points", "possible", "automatic points", "automatic possible", *order, "note"])
    for result in results:
        by_question: dict[str, float] = {}
        for id, entry in result["checks"].items():
            by_question[questions[id]] = by_question.get(questions[id], 0.0) + entry["points"]
        totals = [result["points"], result["possible"], result["automatic"]["points"], result["automatic"]["possible"]]
        notes = "; ".join(result.get("notes", []))
        row = [
            csv_cell(result["submission"]),
            *(f"{number:g}" for number in totals),
            *(f"{by_question[question]:g}" if question in by_question else "" for question in order),
            csv_cell(notes),
        ]
        writer.writerow(row)
    return text.getvalue()
