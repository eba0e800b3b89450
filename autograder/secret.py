"""The seed that all probes are drawn from. It is a secret: whoever knows it could prepare answers to them.

It is made once for the account that grades, so that whatever is graded again gets the same result. Results carry its
fingerprint, which tells whether two of them were made with the same one.
"""

import hashlib
import os
import secrets
from pathlib import Path

import platformdirs

VARIABLE = "AUTOGRADER_SECRET"
_BITS = 128


class NoSecret(Exception):
    """There is no secret and none can be kept; the message says what to do."""


def secret_file() -> Path:
    """Where the secret of this account lies."""
    return Path(platformdirs.user_config_dir("shoe-pair-autograder", appauthor=False)) / "secret"


def secret_seed() -> int:
    """The seed from the environment variable AUTOGRADER_SECRET, or else from this account's file, made when needed.

    Raises: NoSecret.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        path = secret_file()
        try:
            text = _kept(path)
        except (OSError, UnicodeDecodeError) as problem:
            reason = getattr(problem, "strerror", None) or problem
            raise NoSecret(
                f"{path}, which holds the secret that probes are drawn from, cannot be used ({reason}); "
                f"set {VARIABLE} to some text that nobody guesses, or give --seed"
            ) from problem
    return int.from_bytes(hashlib.sha256(f"seed {text}".encode()).digest()[: _BITS // 8], "big")


def _kept(path: Path) -> str:
    if path.is_file():
        return _text_of(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}-{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(_BITS // 4) + "\n")
    try:
        # Whoever comes second takes the secret of the first.
        os.link(unfinished, path)
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()
    return _text_of(path)


def _text_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8").strip()
    if not text:
        raise OSError(0, "it is empty; remove it and a new one is made")
    return text


def fingerprint(seed: int) -> str:
    """What a result says of its seed: the same for the same seed, and no way back to it where it was drawn by lot."""
    return hashlib.sha256(f"fingerprint {seed}".encode()).hexdigest()[:12]
