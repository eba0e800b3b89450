"""Where hostile submissions are graded: a home, data, a cache, a rubric and a class, with a secret in each."""

import hashlib
import os
import re
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from autograder.rubric import DEFAULT_RUBRIC
from benchmarks.hostile.canaries import Servers, Victim
from benchmarks.hostile.users import User
from fixtures.compose import read_submissions, solution_notebook, write_notebook
from fixtures.hostile import Hostile, Targets
from fixtures.hostile.payloads import right_weights
from fixtures.shoes import write_shoes

STUDENTS = {"train": 24, "test_w": 3, "test_m": 3}
ENVIRONMENT = "SHOE_CANARY"
# Among the others by their names: graded before most, in the middle, and after all of them.
HONEST = {
    "names-of-their-own": "an-honest-one",
    "channel-same-shoe-twice": "m-honest-mistake",
    "functions-file-of-another-name": "zz-honest-files",
}
SIBLING = "zz-honest-solution"
# Long enough for whoever works, short enough to grade dozens that hang.
_LIMITS = {
    "program_seconds": 30,
    "call_seconds": 15,
    "memory_mebibytes": 2048,
    "watch_seconds": 30,
    "memorising_seconds": 60,
    "test_steps": 10,
    "test_seconds": 60,
}


@dataclass
class Area:
    """Folders and secrets. tokens: the word of each submission by its name; victims: the processes that some aim at."""

    root: Path
    servers: Servers
    user: User
    word: str = field(default_factory=lambda: secrets.token_hex(5))
    seed: str = field(default_factory=lambda: str(secrets.randbits(60)))
    secrets: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    victims: dict[str, Victim] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in (self.home, self.data, self.cache, self.temporary, self.escape):
            folder.mkdir()
        self.escape.chmod(0o1777)
        write_shoes(self.data, **STUDENTS)
        for what, path in self._notes().items():
            path.write_text(self.secret(what) + "\n")
        self._note("the home").chmod(0o600)
        self.rubric.write_text(self._short_rubric())
        self.secrets["the seed"] = f"seed={self.seed}"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"

    @property
    def escape(self) -> Path:
        return self.root / "escape"

    @property
    def rubric(self) -> Path:
        return self.root / "rubric.toml"

    def secret(self, what: str) -> str:
        """A word that stands in one place only."""
        return self.secrets.setdefault(what, f"canary-{hashlib.sha256((self.word + what).encode()).hexdigest()[:12]}")

    def _notes(self) -> dict[str, Path]:
        return {what: self._note(what) for what in ("the home", "the photographs", "the cache")}

    def _note(self, what: str) -> Path:
        places = {"the home": self.home, "the photographs": self.data / "test_w", "the cache": self.cache}
        return places[what] / "note.txt"

    def _short_rubric(self) -> str:
        text = DEFAULT_RUBRIC.read_text()
        for name, value in _LIMITS.items():
            text = re.sub(rf"^{name} = [\d.]+", f"{name} = {value}", text, flags=re.MULTILINE)
        secret = f"# {self.secret('the rubric')}\n"
        return secret + text + secret

    def environment(self) -> dict[str, str]:
        """The variables with which the grader is started."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "OPENBLAS_CORETYPE") if name in os.environ}
        return kept | {
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "AUTOGRADER_CACHE": str(self.cache),
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "PYTHONDONTWRITEBYTECODE": "1",
            ENVIRONMENT: self.secret("the environment"),
        }

    def write_honest(self, folder: Path) -> None:
        """The honest submissions: the solution with weights, an unusual one, a mistaken one, and one of two files."""
        (folder / SIBLING).mkdir(parents=True)
        notebook = solution_notebook()
        notebook.cells.insert(0, nbformat.v4.new_code_cell(f"# {self.secret('a sibling')}", id="secret"))
        write_notebook(folder / SIBLING / "a.ipynb", notebook)
        (folder / SIBLING / "best_CNNChannel_model.pk").write_bytes(right_weights())
        samples = read_submissions()
        for sample, name in HONEST.items():
            path = samples[sample].write(folder)
            path.rename(path.with_name(name + path.suffix))

    def targets_for(self, hostile: Hostile, run: Path) -> Targets:
        """What one submission is told of; a process to aim at is started where it asks for one."""
        token = self.tokens.setdefault(hostile.name, f"{self.word}{len(self.tokens):03d}")
        escape = self.escape / token
        escape.mkdir(exist_ok=True)
        escape.chmod(0o777)
        victim = None
        if any(place.startswith("victim") for place in hostile.aims_at):
            victim = Victim(f"victim-{token}", self.secret("another process"), self.user.command)
            self.victims[hostile.name] = victim
        ports: Mapping[str, int] = self.servers.ports
        return Targets(
            name=hostile.name,
            token=token,
            home=str(self._note("the home")),
            sibling=str(run / "class" / SIBLING / "a.ipynb"),
            rubric=str(self.rubric),
            photographs=str(self.data),
            photographs_note=str(self._note("the photographs")),
            cache=str(self.cache),
            cache_note=str(self._note("the cache")),
            results=str(run / "results"),
            results_note=str(run / "results" / "note.txt"),
            escape=str(escape),
            environment=ENVIRONMENT,
            tcp=ports["tcp"],
            tcp6=ports["tcp6"],
            udp=ports["udp"],
            udp6=ports["udp6"],
            socket=self.servers.path,
            abstract=self.servers.abstract,
            # Without a process to aim at, a number that none has.
            victim=victim.pid if victim else 2**30,
            victim_word=f"victim-{token}",
            victim_address=victim.address if victim else 0,
            victim_size=victim.size if victim else 1,
        )

    def expected_pictures(self) -> dict[str, str]:
        """The hashes of the expected pictures, which nobody can say who has not read them."""
        files = sorted(self.cache.rglob("expected.npy"))
        return {f"expected pictures {n}": hashlib.sha256(f.read_bytes()).hexdigest() for n, f in enumerate(files)}

    def forget_pictures(self) -> None:
        """Take the coded pictures away, so that the next grading makes its own."""
        for folder in self.cache.glob("coded-*"):
            take_away(folder)

    def close(self) -> None:
        """End what is running and take everything away."""
        for victim in self.victims.values():
            victim.close()
        take_away(self.root)


def take_away(path: Path) -> None:
    """Remove a file or folder, however deep it is and whoever may enter it."""
    if path.is_symlink():
        path.unlink()
        return
    # Python's own ways end at a depth that a submission can reach.
    subprocess.run(["chmod", "-R", "u+rwx", str(path)], stderr=subprocess.DEVNULL, check=False)
    subprocess.run(["rm", "-rf", str(path)], check=False)


def files_in(folder: Path, deepest: int = 20) -> Iterator[Path]:
    """The plain files in a folder and in those within it, as far down as anybody looks; what cannot be read is left
    out."""
    try:
        inner = sorted(folder.iterdir())
    except OSError:
        return
    for path in inner:
        if path.is_symlink():
            continue
        if path.is_dir():
            yield from files_in(path, deepest - 1) if deepest else ()
        elif path.is_file():
            yield path
