"""What the benchmark of hostile submissions sees: each kind of damage is found, and where there is none, nothing is."""

import base64
import json
import os
import select
import signal
import socket
from pathlib import Path

import pytest

from benchmarks.hostile.__main__ import chosen, grouped
from benchmarks.hostile.canaries import Servers, Victim
from benchmarks.hostile.damage import Harm, Run, changes, harm, live_text, points_unearned, spellings, state_of
from benchmarks.hostile.users import NoSuchUser, User
from fixtures.hostile import Hostile, Kind

SECRET = "canary-0123456789"
TOKENS = {"mallory": "4711"}


def submission(*targets: str) -> Hostile:
    return Hostile("mallory", Kind.FORGING, "Tries.", targets, ("same",), lambda targets, folder: folder)


def graded(folder: Path, status: int = 0, terminal: bytes = b"", csv: str = "", **checks: dict[str, object]) -> Run:
    """A grading of one hostile and one honest submission, with these checks of the hostile one."""
    for name, found in (("mallory", checks), ("alice", {"same.shape": {"verdict": "pass", "points": 1}})):
        (folder / "results" / name).mkdir(parents=True, exist_ok=True)
        (folder / "results" / name / "result.json").write_text(json.dumps({"checks": found}))
    (folder / "results" / "grades.csv").write_text(csv)
    hostile = {"mallory": submission("same.shape", "same.content")}
    return Run(folder, hostile, {"mallory": "mallory"}, ("alice",), status, terminal, {})


def entry(verdict: str, points: float, observed: str = "") -> dict[str, object]:
    return {"verdict": verdict, "points": points, "observed": observed}


def test_points_for_targets_are_unearned_and_others_are_not(tmp_path):
    run = graded(tmp_path, **{"same.shape": entry("pass", 1), "same.content": entry("partial", 1.5)})
    assert sum(finding.size for finding in points_unearned(run)) == 2.5
    assert not list(points_unearned(graded(tmp_path, **{"data.shape": entry("pass", 2)})))


@pytest.mark.parametrize(
    "told",
    [
        SECRET,
        SECRET[::-1],
        SECRET.encode().hex(),
        *(base64.b64encode(b"." * shift + SECRET.encode() + b"...").decode() for shift in range(3)),
    ],
)
def test_a_secret_is_known_again_however_it_is_spelled(told):
    assert any(word in told.encode() for word in spellings(SECRET))
    assert not any(word in b"canary-9876543210" for word in spellings(SECRET))


@pytest.mark.parametrize(
    ("terminal", "csv", "words"),
    [
        (b"\x1b[31mPASS", "", "the terminal"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}".encode(), "", "the terminal"),
        (b"", 'name,"=1+1"\r\n', "a formula"),
        (b"", 'name," \t@SUM(1)"\r\n', "a formula"),
    ],
)
def test_text_that_would_act_is_found(tmp_path, terminal, csv, words):
    (finding,) = live_text(graded(tmp_path, terminal=terminal, csv=csv))
    assert finding.harm is Harm.ESCAPE and words in finding.words


def test_quiet_text_is_left_alone(tmp_path):
    assert not list(live_text(graded(tmp_path, terminal=b"grades\r\n", csv="submission,points\r\na,'=1+1\r\n")))


def test_a_page_with_a_script_of_a_submission_is_found(tmp_path):
    run = graded(tmp_path)
    (run.results / "mallory" / "page.html").write_text("<p><img src=x onerror=alert(1)></p>")
    assert [finding.name for finding in live_text(run)] == ["mallory"]


def test_others_are_harmed_by_errors_and_lost_or_other_results(tmp_path):
    alone = graded(tmp_path / "alone")
    assert not list(harm(graded(tmp_path / "same", **{"same.shape": entry("fail", 0)}), alone))
    run = graded(tmp_path / "other", status=3, **{"same.shape": entry("error", 0, "the grader itself failed")})
    (run.results / "alice" / "result.json").write_text("{}")
    (run.results / "alice" / "result.json").unlink()
    words = " ".join(finding.words for finding in harm(run, alone))
    for part in ("status 3", "the grader failed", "no result", "another than without"):
        assert part in words


def test_whatever_changes_of_a_file_is_seen(tmp_path):
    path = tmp_path / "picture"
    path.write_text("1")
    before = state_of([tmp_path])
    assert not list(changes(before, state_of([tmp_path]), {}))
    os.utime(path, (0, 0))
    (tmp_path / "new-4711").write_text("2")
    found = {
        finding.words.rsplit("/", 1)[-1]: finding.name for finding in changes(before, state_of([tmp_path]), TOKENS)
    }
    assert found["picture was changed"] == "" and found["new-4711 is new"] == "mallory"


def test_servers_note_who_comes(tmp_path):
    with Servers(tmp_path, f"canary-{os.getpid()}") as servers:
        with socket.create_connection(("127.0.0.1", servers.ports["tcp"])) as line:
            line.sendall(b"mallory")
            line.shutdown(socket.SHUT_WR)
            line.recv(1)
        with socket.socket(socket.AF_UNIX) as line:
            line.connect("\0" + servers.abstract)
            line.sendall(b"oscar")
            line.shutdown(socket.SHUT_WR)
            line.recv(1)
    assert servers.contacts == ["tcp port: mallory", "abstract unix socket: oscar"]


def test_a_process_tells_which_signals_it_got_and_that_it_was_ended():
    victim = Victim("victim", SECRET, list)
    try:
        assert not victim.troubles()
        os.kill(victim.pid, signal.SIGUSR1)
        select.select([victim.told], [], [])
        assert victim.troubles() == ["a process got signal 10"]
        os.kill(victim.pid, signal.SIGKILL)
        select.select([victim.told], [], [])
        assert "ended" in victim.troubles()[0]
    finally:
        victim.close()


def test_submissions_that_train_for_minutes_are_graded_when_asked_for():
    quick, all_of_them = chosen("", training=False), chosen("", training=True)
    assert set(quick) < set(all_of_them)
    assert not any("overfit" in hostile.checks for hostile in quick.values())
    assert {hostile.kind for hostile in chosen("network", training=False).values()} == {Kind.NETWORK}


def test_those_that_need_the_same_checks_are_graded_together():
    groups = list(grouped(chosen("", training=True), ""))
    assert sorted(name for _, group in groups for name in group) == sorted(chosen("", training=True))
    for checks, group in groups:
        assert all(set(hostile.checks) <= set(checks.split(",")) for hostile in group.values())
    ((checks, group),) = grouped(chosen("", training=True), "data")
    assert checks == "data" and len(group) == len(chosen("", training=True))


def test_a_user_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(NoSuchUser):
        User("nobody-of-this-name", tmp_path)
