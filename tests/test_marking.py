"""What a person has marked is shown everywhere and outlives regrading; only the grading itself is not the real one."""

import csv
import io
import json
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from autograder import whole_class
from autograder.cli import app
from autograder.evidence.training_kinds import Curve
from autograder.grading import Graded, Grader
from autograder.marking import merging
from autograder.results_folder import held
from autograder.session import Setup
from autograder.submission.bundle import digest_of
from autograder.verdict import Exhibit, Outcome, Verdict, passed

COMMENT = '=1+1 "יפה" <b>\n-x; 👩‍👧 but why?'


@dataclass
class Marking:
    """A class of two, each with an answer to 1d, to 1e and a check that passes, and the commands on it."""

    folder: Path
    out: Path
    data: Path
    only: str = "same.shape,written.q1d,written.q1e"
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    curves: dict[str, Curve] = field(default_factory=dict)

    def graded(self, path: Path, setup: Setup, grader: Grader) -> Graded:
        with self.log.open("a") as file:
            file.write(f"{path.stem}\n")
        outcome = self.outcomes.get(path.stem, Outcome.MANUAL)
        answer = Exhibit((1,), path.read_text())
        verdicts = {
            "same.shape": passed("all is well"),
            "written.q1d": Verdict(outcome, observed="answered", exhibit=answer),
            "written.q1e": Verdict(Outcome.MANUAL, observed="answered", exhibit=Exhibit((2,), "It should.")),
        }
        chosen = {id: verdicts[id] for id in self.only.split(",")}
        return Graded(path.stem, digest_of(path), chosen, curves=self.curves)

    @property
    def log(self) -> Path:
        return self.out.parent / "log"

    @property
    def sheet(self) -> Path:
        return self.out / "marking.csv"

    def grade(self, *more: str) -> Result:
        self.log.write_text("")
        command = ["grade", self.folder, "--out", self.out, "--data", self.data, "--only", self.only, "--seed", 0]
        done = CliRunner().invoke(app, [str(part) for part in [*command, *more]])
        assert done.exit_code == 0, done.stderr
        return done

    def at_work(self) -> list[str]:
        """The submissions that the last command has graded."""
        return self.log.read_text().split()

    def marks(self, sheet: Path | None = None) -> Result:
        return CliRunner().invoke(app, ["marks", str(self.out), str(sheet or self.sheet)])

    def rows(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.sheet.read_bytes().decode("utf-8-sig"), newline="")))

    def copy(self, name: str, **marks: tuple[str, str]) -> Path:
        """A copy of the sheet as it is, filled in with points and comments, by `submission_question`."""
        rows = self.rows()
        for row in rows:
            row["points"], row["comment"] = marks.get(f"{row['submission']}_{row['question']}", ("", ""))
        path = self.out.parent / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
            writer.writeheader()
            writer.writerows(rows)
        return path

    def result(self, name: str) -> dict[str, Any]:
        result: dict[str, Any] = json.loads((self.out / name / "result.json").read_text())
        return result

    def grades(self, name: str) -> dict[str, str]:
        with (self.out / "grades.csv").open(newline="") as file:
            return next(row for row in csv.DictReader(file) if row["submission"] == name)

    def files(self) -> dict[str, bytes]:
        paths = [path for path in self.out.rglob("*") if path.is_file() and path.name not in ("timings.json", "log")]
        return {str(path.relative_to(self.out)): path.read_bytes() for path in paths}


@pytest.fixture
def marking(tmp_path: Path, small_data: Path, monkeypatch: pytest.MonkeyPatch) -> Marking:
    folder = tmp_path / "class"
    folder.mkdir()
    for name in ("anna", "berta"):
        (folder / f"{name}.py").write_text(f"# {name}'s words\n")
    found = Marking(folder, tmp_path / "out", small_data)
    monkeypatch.setattr(whole_class, "grade_path_or_say_why", found.graded)
    monkeypatch.setattr(Setup, "grader", lambda setup, at_once, pages: nullcontext())
    found.grade()
    return found


# --- where marks are shown


def test_a_mark_is_in_the_result_the_report_the_grades_and_the_sheet(marking: Marking) -> None:
    before = marking.result("anna")
    done = marking.marks(marking.copy("mine.csv", anna_q1d=("1,5", COMMENT)))
    assert done.exit_code == 0 and "1 mark, 1 of them new or changed" in done.stdout
    assert "answers that nobody has marked yet: 3" in done.stdout
    result = marking.result("anna")
    entry = result["checks"]["written.q1d"]
    assert entry["verdict"] == "manual" and entry["points"] == 1.5
    assert entry["marked"] == {"points": 1.5, "comment": COMMENT}
    assert result["points"] == before["points"] + 1.5 and result["automatic"] == before["automatic"]
    report = (marking.out / "anna" / "report.html").read_text()
    assert "&lt;b&gt;\n-x; 👩‍👧 but why?" in report and "1.5 of 2 given by a person; 2 points are for a" in report
    grades = marking.grades("anna")
    assert (grades["q1d"], grades["points"], grades["automatic points"]) == ("1.5", "2.5", "1")
    (row,) = (row for row in marking.rows() if row["points"])
    assert (row["submission"], row["points"]) == ("anna", "1.5")
    assert row["comment"] == "'" + COMMENT.replace("\n-x", "\n'-x")


def test_a_report_with_marks_still_shows_the_learning_curves(marking: Marking) -> None:
    marking.curves["training"] = Curve((0.7, 0.5), (("training students", ((1, 0.5), (2, 0.6))),))
    marking.grade("--fresh")
    pages = [marking.files()["anna/report.html"]]
    marking.marks(marking.copy("mine.csv", anna_q1d=("1", "fine")))
    pages.append(marking.files()["anna/report.html"])
    before, after = ([line for line in page.splitlines() if line.startswith(b"<img")] for page in pages)
    assert pages[0] != pages[1] and len(before) == 1 and before == after
    marking.grade()
    assert marking.at_work() == []


def test_others_are_left_as_they_are(marking: Marking) -> None:
    files = marking.files()
    marking.marks(marking.copy("mine.csv", anna_q1d=("1", "")))
    changed = {name for name, content in marking.files().items() if files.get(name) != content}
    assert changed == {
        *("anna/result.json", "anna/report.html", "anna/graded.json"),
        *("grades.csv", "index.html", "marking.csv", "marks.json"),
    }


def test_the_same_marks_once_more_change_nothing_also_from_the_sheet_that_shows_them(marking: Marking) -> None:
    mine = marking.copy("mine.csv", anna_q1d=("0.25", COMMENT), berta_q1e=("2", "'"))
    marking.marks(mine)
    files = marking.files()
    assert "2 marks, 0 of them new or changed" in marking.marks(mine).stdout
    assert "2 marks, 0 of them new or changed" in marking.marks().stdout
    assert marking.files() == files


def test_a_sheet_in_which_nothing_is_filled_in_changes_nothing(marking: Marking) -> None:
    files = marking.files()
    assert "0 marks, 0 of them" in marking.marks().stdout and marking.files() == files


def test_two_people_mark_a_copy_each_and_neither_undoes_what_the_other_did(marking: Marking) -> None:
    first, second = marking.copy("a.csv", anna_q1d=("1", "fine")), marking.copy("b.csv", berta_q1d=("2", "good"))
    marking.marks(first)
    marking.marks(second)
    assert [marking.grades(name)["q1d"] for name in ("anna", "berta")] == ["1", "2"]


def test_a_mark_may_be_changed_and_taken_back(marking: Marking) -> None:
    files = marking.files()
    marking.marks(marking.copy("a.csv", anna_q1d=("1", "fine")))
    marking.marks(marking.copy("b.csv", anna_q1d=("2", "better")))
    assert marking.result("anna")["checks"]["written.q1d"]["marked"] == {"points": 2.0, "comment": "better"}
    assert marking.marks(marking.copy("c.csv", anna_q1d=("unmarked", ""))).exit_code == 0
    after = marking.files()
    assert b"better" not in after.pop("marks.json") and after == files


# --- what is refused, changes nothing


def test_one_line_that_is_not_understood_is_named_and_nothing_is_changed(marking: Marking) -> None:
    files = marking.files()
    mine = marking.copy("mine.csv", anna_q1d=("1", "fine"), berta_q1d=("5", ""))
    done = marking.marks(mine)
    assert done.exit_code == 2 and marking.files() == files
    assert f"{mine}, line 4: the points for written.q1d of 'berta' are '5'" in done.stderr
    assert "no mark was taken over" in done.stderr


def test_a_folder_that_holds_no_class_is_refused_and_not_made(marking: Marking, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["marks", str(tmp_path / "other"), str(marking.sheet)])
    assert done.exit_code == 2 and "holds no graded class" in done.stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("content", ["{", '{"schema": 1, "marks": {"anna": {"written.q1d": {"points": -1}}}}', "[]"])
def test_a_file_of_marks_that_was_damaged_stops_marking_and_grading_with_its_name(
    content: str, marking: Marking
) -> None:
    mine = marking.copy("mine.csv", anna_q1d=("1", ""))
    (marking.out / "marks.json").write_text(content)
    done = marking.marks(mine)
    assert done.exit_code == 2 and "marks.json is not as this program has written it" in done.stderr
    command = ["grade", str(marking.folder), "--out", str(marking.out), "--data", str(marking.data)]
    again = CliRunner().invoke(app, command)
    assert again.exit_code == 2 and "marks.json is not as this program has written it" in again.stderr


def test_a_result_that_was_taken_away_is_named(marking: Marking) -> None:
    (marking.out / "berta" / "result.json").unlink()
    done = marking.marks()
    assert done.exit_code == 2 and "berta/result.json is not the result" in done.stderr


def test_a_file_that_is_not_there_is_named(marking: Marking) -> None:
    done = marking.marks(marking.out / "other.csv")
    assert done.exit_code == 2 and "other.csv cannot be read" in done.stderr


def test_nobody_marks_while_a_grader_is_writing(marking: Marking) -> None:
    with held(marking.out):
        done = marking.marks()
    assert done.exit_code == 2 and "another autograder" in done.stderr


# --- grading again


def test_a_marked_class_counts_as_graded_and_ends_in_the_same_files(marking: Marking) -> None:
    marking.marks(marking.copy("mine.csv", anna_q1d=("1", COMMENT)))
    files = marking.files()
    done = marking.grade()
    assert marking.at_work() == [] and marking.files() == files
    assert "cannot be applied" not in done.stderr


def test_a_class_that_is_graded_anew_has_its_marks(marking: Marking) -> None:
    marking.marks(marking.copy("mine.csv", anna_q1d=("1", COMMENT), berta_q1e=("0", "")))
    files = marking.files()
    marking.grade("--fresh")
    assert marking.at_work() == ["anna", "berta"] and marking.files() == files


def test_a_mark_stays_off_an_answer_that_has_changed_and_is_back_with_the_answer(marking: Marking) -> None:
    marking.marks(marking.copy("mine.csv", anna_q1d=("1", "fine"), anna_q1e=("2", "good")))
    files = marking.files()
    work = marking.folder / "anna.py"
    words = work.read_text()
    work.write_text("# other words\n")
    done = marking.grade()
    assert "anna: the mark on written.q1d cannot be applied: the answer has changed since" in done.stderr
    checks = marking.result("anna")["checks"]
    assert "marked" not in checks["written.q1d"] and checks["written.q1e"]["marked"]["comment"] == "good"
    assert [row["points"] for row in marking.rows() if row["submission"] == "anna"] == ["", "2"]
    stale = marking.marks(marking.out.parent / "mine.csv")
    assert stale.exit_code == 2 and "is not the one that this line was written for" in stale.stderr
    work.write_text(words)
    marking.grade()
    assert marking.files() == files


def test_a_mark_for_what_no_person_marks_any_more_is_told(marking: Marking) -> None:
    marking.marks(marking.copy("mine.csv", anna_q1d=("1", "fine")))
    marking.outcomes["anna"] = Outcome.MISSING
    assert "anna: the mark on written.q1d cannot be applied: no person marks" in marking.grade("--fresh").stderr
    assert marking.result("anna")["checks"]["written.q1d"]["points"] == 0


def test_checks_that_are_not_graded_this_time_keep_their_marks_for_the_next(marking: Marking) -> None:
    marking.marks(marking.copy("mine.csv", anna_q1d=("1", "fine")))
    files, all_checks = marking.files(), marking.only
    marking.only = "same.shape"
    assert "cannot be applied" not in marking.grade().stderr
    marking.only = all_checks
    marking.grade()
    assert marking.files() == files


def test_a_result_that_another_hand_has_changed_is_graded_again_although_it_was_marked(marking: Marking) -> None:
    path = marking.out / "anna" / "result.json"
    path.write_text(path.read_text().replace("all is well", "all is best"))
    marking.marks(marking.copy("mine.csv", anna_q1d=("1", "fine")))
    marking.grade()
    assert marking.at_work() == ["anna"] and "all is well" in path.read_text()
    assert marking.result("anna")["checks"]["written.q1d"]["points"] == 1


def test_marking_that_was_ended_in_the_middle_is_completed_by_grading(
    marking: Marking, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = marking.copy("mine.csv", anna_q1d=("1", "fine"), berta_q1d=("2", "good"))

    def killed(*written: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(merging, "write_changed_result", killed)
        marking.marks(mine)
    assert marking.grades("berta")["q1d"] == "0"
    marking.grade()
    assert [marking.grades(name)["q1d"] for name in ("anna", "berta")] == ["1", "2"]


# --- a sheet that a person is working on


@pytest.mark.parametrize(
    ("points", "comment", "why"),
    [
        ("1", "", "what line 2 says has not been taken over yet"),
        ("", "think", "what line 2 says has not been taken over yet"),
        ("x", "", "what line 2 says has not been taken over yet"),
    ],
)
def test_what_was_filled_in_and_not_taken_over_is_never_written_over(
    points: str, comment: str, why: str, marking: Marking
) -> None:
    marking.sheet.write_bytes(marking.copy("mine.csv", anna_q1d=(points, comment)).read_bytes())
    before = marking.sheet.read_bytes()
    (marking.folder / "clara.py").write_text("# clara's words\n")
    done = marking.grade()
    assert marking.sheet.read_bytes() == before
    assert f"marking.csv is left as it is, since {why}" in done.stderr


def test_once_it_is_taken_over_the_sheet_is_written_anew_also_after_a_correction_elsewhere(marking: Marking) -> None:
    marking.sheet.write_bytes(marking.copy("mine.csv", anna_q1d=("1", "fine")).read_bytes())
    assert "left as it is" not in marking.marks().stderr
    assert "left as it is" not in marking.marks(marking.copy("b.csv", anna_q1d=("2", "fine"))).stderr
    assert marking.rows()[0]["points"] == "2"


def test_a_sheet_that_cannot_be_read_is_left_alone(marking: Marking) -> None:
    marking.sheet.write_bytes(b"PK\x03\x04")
    assert "left as it is, since it was changed and cannot be read" in marking.grade().stderr
    assert marking.sheet.read_bytes() == b"PK\x03\x04"


def test_a_comment_without_points_waits_and_its_line_is_told(marking: Marking) -> None:
    mine = marking.copy("mine.csv", anna_q1d=("", "think"), berta_q1d=("1", ""))
    done = marking.marks(mine)
    assert done.exit_code == 0 and "a comment without points was left where it is, in line 2" in done.stderr
    assert [marking.grades(name)["q1d"] for name in ("anna", "berta")] == ["0", "1"]
