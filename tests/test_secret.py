"""Probes are drawn from a secret that is made once, kept from others, and never shown."""

import stat
from pathlib import Path

import pytest

from autograder import secret
from autograder.secret import NoSecret, fingerprint, secret_seed


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("AUTOGRADER_SECRET", raising=False)
    monkeypatch.setattr(secret, "secret_file", lambda: tmp_path / "config" / "secret")
    return tmp_path


def test_it_is_made_once_and_then_the_same(home: Path) -> None:
    first = secret_seed()
    assert secret_seed() == first
    (home / "config" / "secret").unlink()
    assert secret_seed() != first


def test_nobody_guesses_it_and_nobody_else_may_read_it(home: Path) -> None:
    assert secret_seed() > 2**96
    assert stat.S_IMODE((home / "config" / "secret").stat().st_mode) == 0o600
    assert [path.name for path in (home / "config").iterdir()] == ["secret"]


def test_several_machines_share_one_by_a_variable(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRADER_SECRET", "autumn")
    first = secret_seed()
    monkeypatch.setenv("AUTOGRADER_SECRET", "winter")
    assert first != secret_seed() and not (home / "config").exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe"])
def test_a_broken_file_is_named_with_what_to_do(home: Path, content: bytes) -> None:
    (home / "config").mkdir()
    (home / "config" / "secret").write_bytes(content)
    with pytest.raises(NoSecret, match=r"config/secret.*set AUTOGRADER_SECRET"):
        secret_seed()


def test_a_result_tells_seeds_apart_without_showing_them() -> None:
    seed = secret_seed()
    assert fingerprint(seed) == fingerprint(seed) != fingerprint(seed + 1)
    assert len(fingerprint(seed)) == 12 and str(seed) not in fingerprint(seed)
