"""`python -m benchmarks.spreadsheet`: sends a filled-in `marking.csv` through LibreOffice and back, and counts what is
lost.

A real program converts the sheet into its own format and that into CSV again, with every separator that it offers; it
has to be installed (Debian's `libreoffice-calc`). Names, answers and comments are chosen to be hard to keep.
"""

import subprocess
import sys
import tempfile
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Annotated, Any

import typer

from autograder.grading import check_questions
from autograder.marking.marks import Mark
from autograder.marking.reading import NotUnderstood, read_given
from autograder.marking.sheet import Line, lines_of, sheet_of

NAMES = ("anna", "007", "031234567", "1e5", "=1+1", "-x", "2026-01-02", "TRUE", "a;b", "חנה לוי", "o'brien", "zoë")
HARD = (
    *("=1+1", "-x", "+5", "@SUM(A1)", '=HYPERLINK("http://example.org")', "'quoted", "'=1", "a;=b", "two\nlines\n=3"),
    *(
        "יפה, נכון מאוד: \u200fלמה?",
        'says "why"; not how',
        "👩‍👧 great",
        "  blanks  ",
        "007",
        "1e5",
        "3/4",
        "2026-01-02",
    ),
    *("TRUE", "1,5", "2.50", "café naïve", "", "a\n\nb\n", "5 %", "12:30", "#REF!", "a\\nb", "<b>bold</b>"),
)
POINTS = (0.0, 1.0, 2.0, 1.5, 0.25, 1.333333)
CHECKS = ("written.q1d", "written.q1e", "written.q2d")
# Comma, semicolon and tab, as the filter of LibreOffice has them: by their numbers. 76 is UTF-8.
SEPARATORS = {"commas": 44, "semicolons": 59, "tabs": 9}
FILTER = "Text - txt - csv (StarCalc)"


def filled_in() -> list[Line]:
    """Lines of a class, all of them marked."""
    words = cycle(HARD)
    results: list[dict[str, Any]] = []
    for name in NAMES:
        entries = {
            id: {"verdict": "manual", "observed": "", "possible": 2.0, "answer": {"cells": [3, 4], "text": text}}
            for id, text in zip(CHECKS, words, strict=False)
        }
        checks = {id: entry | {"points": 0.0, "pictures": []} for id, entry in entries.items()}
        results.append({"submission": name, "digest": "", "checks": checks})
    lines = lines_of(results, {id: check_questions()[id] for id in CHECKS})
    given = zip(lines, cycle(POINTS), words, strict=False)
    return [replace(line, mark=Mark(points, comment, line.key)) for line, points, comment in given]


def converted(program: str, path: Path, to: str, folder: Path, reading: str = "") -> Path:
    """A file in another format, converted by LibreOffice."""
    how = [program, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"]
    how += [f"--infilter={reading}"] if reading else []
    out = folder / "".join(letter if letter.isalnum() else "-" for letter in to)
    done = subprocess.run([*how, "--convert-to", to, "--outdir", str(out), str(path)], capture_output=True, text=True)
    made = out / f"{path.stem}.{to.partition(':')[0]}"
    if not made.is_file():
        sys.exit(f"{program} has not made {to} of {path.name}: {done.stderr.strip()}")
    return made


def lost(lines: list[Line], content: bytes) -> str:
    """What a file that came back says otherwise, in words; empty where it says the same."""
    try:
        marks = read_given(content, lines).marks
    except NotUnderstood as problem:
        return f"refused: {problem.faults[0]}"
    altered = [(line.mark, marks.get((line.submission, line.check))) for line in lines]
    return "; ".join(f"{before} has become {after}" for before, after in altered if before != after)


def main(program: Annotated[str, typer.Option(help="LibreOffice's command.")] = "soffice") -> None:
    """Exit status: 0 where nothing was lost."""
    lines = filled_in()
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sheet = folder / "marking.csv"
        sheet.write_text(sheet_of(lines), encoding="utf-8", newline="")
        for kind in ("xlsx", "ods"):
            book = converted(program, sheet, kind, folder, f"{FILTER}:44,34,76,1,,0,false,true")
            for separator, number in SEPARATORS.items():
                back = converted(program, book, f"csv:{FILTER}:{number},34,76,1,,0,false,true,false", folder)
                words = lost(lines, back.read_bytes())
                print(f"{kind}, {separator}: {words or f'all {len(lines)} marks came back'}")
                failed = failed or bool(words)
    raise SystemExit(failed)


if __name__ == "__main__":
    typer.run(main)
