"""What a grading of hostile submissions has done: points unearned, leaks, escapes, and harm to others."""

import base64
import csv
import ctypes
import hashlib
import io
import json
import os
import re
import signal
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from benchmarks.hostile.area import Area, files_in, take_away
from fixtures.hostile import Hostile

_REPOSITORY = Path(__file__).resolve().parents[2]
_FORMULA = re.compile(r"\s*[=+\-@]|[\t\r]")
# Terminal codes and controls of 7 and 8 bits, and what turns the direction of text round.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# What a page of results is never made of.
_ACTIVE = frozenset("script iframe frame object embed applet base form svg math video audio link".split())
_LONGEST = 160


class Harm(StrEnum):
    """The columns of the table."""

    POINTS = "points unearned"
    LEAK = "leaks"
    ESCAPE = "escapes"
    BATCH = "batch harmed"


@dataclass(frozen=True)
class Finding:
    """One thing that should not be. name: of a submission, "" where it is not known which; size: points, else 1."""

    harm: Harm
    name: str
    words: str
    size: float = 1


@dataclass(frozen=True)
class Run:
    """A grading that has ended. honest: names of results by name in the same grading without hostile ones; names: of
    the results of hostile submissions; status: the command's; terminal: all that it said; before: the state of what it
    should leave as it is."""

    folder: Path
    hostile: Mapping[str, Hostile]
    names: Mapping[str, str]
    honest: tuple[str, ...]
    status: int
    terminal: bytes
    before: Mapping[str, Any]

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def result(self, name: str) -> dict[str, Any] | None:
        """What was found of a submission, None where nothing was."""
        try:
            found: dict[str, Any] = json.loads((self.results / self.names.get(name, name) / "result.json").read_text())
        except (OSError, ValueError):
            return None
        return found


def points_unearned(run: Run) -> Iterator[Finding]:
    """Points for checks whose work was not done."""
    for name, hostile in run.hostile.items():
        checks = (run.result(name) or {}).get("checks", {})
        for id in hostile.targets:
            if checks.get(id, {}).get("points"):
                yield Finding(Harm.POINTS, name, f"{id}: {checks[id]['verdict']}", checks[id]["points"])


def spellings(secret: str) -> Iterator[bytes]:
    """A secret as it is, backwards, in hexadecimal, and in base 64 wherever it begins."""
    plain = secret.encode()
    yield from (plain, plain[::-1], plain.hex().encode(), plain[::-1].hex().encode())
    for shift in range(3):
        # The signs at both ends depend on what stands there.
        yield base64.b64encode(bytes(shift) + plain)[4:-4]


def leaks(run: Run, area: Area) -> Iterator[Finding]:
    """Secrets in results, in what the terminal said, and in what was left behind."""
    known = area.secrets | area.expected_pictures()
    needles = {what: tuple(spellings(secret)) for what, secret in known.items()}
    for owner, place, content in _texts(run, area):
        for what, words in needles.items():
            if any(word in content for word in words):
                yield Finding(Harm.LEAK, owner, f"{what} in {place}")


def _texts(run: Run, area: Area) -> Iterator[tuple[str, str, bytes]]:
    """Whose text it is, where it stands, and what it says."""
    owners = {result: name for name, result in run.names.items()}
    for path in files_in(run.results):
        if path != run.results / "note.txt":
            relative = path.relative_to(run.results)
            yield owners.get(relative.parts[0], ""), path.name, path.read_bytes()
    yield "", "the terminal", run.terminal
    for path in files_in(area.temporary):
        if path.stat().st_size < 10**8:
            yield "", f"a file left behind, {path.name[:40]}", path.read_bytes()


def confessions(run: Run, area: Area) -> Iterator[Finding]:
    """Submissions that say that they have done what nobody else would notice."""
    words = {
        name: hashlib.sha256(f"{area.tokens[name]}{name}".encode()).hexdigest()[:16].encode() for name in run.hostile
    }
    for owner, _, content in _texts(run, area):
        for name, word in words.items():
            if word in content and owner in (name, ""):
                yield Finding(Harm.ESCAPE, name, "did what it tries")


def contacts(run: Run, area: Area, seen: int) -> Iterator[Finding]:
    """Who came to the servers. Args: seen: how many had come before."""
    for words in area.servers.contacts[seen:]:
        name = next((name for name in sorted(run.hostile, key=len, reverse=True) if name in words), "")
        yield Finding(Harm.ESCAPE, name, f"reached a server: {words[:60]!r}")


def signals(run: Run, area: Area) -> Iterator[Finding]:
    """What has happened to the processes that some aim at."""
    for name in run.hostile:
        if name in area.victims:
            yield from (Finding(Harm.ESCAPE, name, words) for words in area.victims[name].troubles())


def strays(run: Run, area: Area) -> Iterator[Finding]:
    """Files outside any scratch folder; those with a submission's token in their names are taken away."""
    owners = {token: name for name, token in area.tokens.items()}
    for token, name in owners.items():
        if name in run.hostile:
            for path in sorted((area.escape / token).iterdir()):
                yield Finding(Harm.ESCAPE, name, f"left {path.name} outside its folder")
    for path in _found_by_name(area, run.folder, run.results, run.folder / "class"):
        name = next((owners[token] for token in owners if token in path.name), "")
        yield Finding(Harm.ESCAPE, name, f"left {path}"[:_LONGEST])
        with suppress(OSError):
            path.unlink()


def sweep(area: Area) -> None:
    """Take away what submissions have left outside the area, also where nobody has come to look at it."""
    for path in _found_by_name(area):
        with suppress(OSError):
            path.unlink()


def _found_by_name(area: Area, *further: Path) -> list[Path]:
    """What has a submission's token in its name, wherever one may have put it."""
    folders = [Path(place) for place in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/run/lock", "/", *sys.path)]
    folders += [_REPOSITORY, Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("stdlib"))]
    folders += [area.root, *area.root.glob("cache*/**/"), *area.root.glob("home/**/"), area.data, Path.home()]
    found = []
    for folder in dict.fromkeys([*folders, *_packages(), *further]):
        with suppress(OSError):
            found += [path for path in folder.iterdir() if area.word in path.name and path != area.root]
    return found


def _packages() -> Iterator[Path]:
    for module in ("numpy", "autograder", "torch", "matplotlib"):
        with suppress(KeyError, TypeError, AttributeError):
            folder = Path(str(sys.modules[module].__file__)).parent
            yield from (folder, folder / "__pycache__")


def left_behind(area: Area) -> Iterator[Finding]:
    """What is still in the folder for temporary files when the grader has ended; it is taken away."""
    for path in sorted(area.temporary.iterdir()):
        yield Finding(Harm.ESCAPE, "", f"{path.name[:60]} was left in the folder for temporary files")
        take_away(path)


def survivors(area: Area) -> Iterator[Finding]:
    """Processes that are still there; they are ended."""
    ours = {os.getpid(), *(victim.pid for victim in area.victims.values())}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in ours:
            continue
        with suppress(OSError):
            environment, words = (entry / "environ").read_bytes(), (entry / "cmdline").read_bytes()
            if (
                str(area.root).encode() in environment
                and (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
            ):
                yield Finding(Harm.ESCAPE, "", f"a process is still there: {words[:80].decode('latin-1')}")
                os.kill(int(entry.name), signal.SIGKILL)


def messages_left(run: Run, area: Area) -> Iterator[Finding]:
    """Shared memory, queues and semaphores that outlive whoever made them; they are taken away."""
    library = ctypes.CDLL(None)
    removals = {"shm": lambda n: library.shmctl(n, 0, None), "msg": lambda n: library.msgctl(n, 0, None)}
    removals["sem"] = lambda n: library.semctl(n, 0, 0, 0)
    for name in run.hostile:
        if library.mq_unlink(f"/{area.tokens[name]}".encode()) == 0:
            yield Finding(Harm.ESCAPE, name, "left a queue of messages")
    keys = {int(hashlib.sha256(area.tokens[name].encode()).hexdigest()[:7], 16): name for name in run.hostile}
    for kind, remove in removals.items():
        with suppress(OSError):
            for line in Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:]:
                key, number = (int(word) for word in line.split()[:2])
                if key in keys:
                    yield Finding(Harm.ESCAPE, keys[key], f"left shared memory or a queue ({kind})")
                    remove(number)


class _Acting(HTMLParser):
    """Finds what a browser would act on; the same words as text do nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    @classmethod
    def of(cls, page: str) -> list[str]:
        reader = cls()
        reader.feed(page)
        reader.close()
        return reader.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _ACTIVE:
            self.found.append(f"has an element {tag}")
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().lower().startswith(("javascript:", "data:text")):
                self.found.append(f"would run {name}={value}")


def live_text(run: Run) -> Iterator[Finding]:
    """Text that a terminal, a spreadsheet or a page would act on."""
    owners = {result: name for name, result in run.names.items()}
    if found := _CONTROLS.search(run.terminal.decode(errors="replace").replace("\r\n", "\n")):
        yield Finding(Harm.ESCAPE, "", f"the terminal was sent {found[0]!r}")
    for path in files_in(run.results):
        owner = owners.get(path.relative_to(run.results).parts[0], "")
        text = path.read_bytes().decode(errors="replace") if path.suffix in (".json", ".csv", ".html") else ""
        # Lines of a spreadsheet end with both.
        if found := _CONTROLS.search(text.replace("\r\n", "\n")):
            yield Finding(Harm.ESCAPE, owner, f"{path.name} holds {found[0]!r}")
        if path.suffix == ".csv":
            cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
            yield from (Finding(Harm.ESCAPE, "", f"a formula: {c[:60]}") for c in cells if _FORMULA.match(c))
        if path.suffix == ".html":
            yield from (Finding(Harm.ESCAPE, owner, f"{path.name} {acts[:60]}") for acts in _Acting.of(text))


def harm(run: Run, alone: Run) -> Iterator[Finding]:
    """What others have lost: results that are missing, errors of the grader, honest results that are other bytes."""
    if run.status != 0:
        yield Finding(
            Harm.BATCH, "", f"the grader ended with status {run.status}: {run.terminal[-200:].decode(errors='replace')}"
        )
    for name in (*run.hostile, *run.honest):
        result = run.result(name)
        if result is None:
            yield Finding(Harm.BATCH, name, "there is no result")
            continue
        errors = [
            f"{id}: {entry['observed'][:100]}" for id, entry in result["checks"].items() if entry["verdict"] == "error"
        ]
        yield from (Finding(Harm.BATCH, name, f"the grader failed: {words}") for words in errors)
    for name in run.honest:
        if _bytes_of(run.results / name) != _bytes_of(alone.results / name):
            yield Finding(Harm.BATCH, name, "an honest result is another than without hostile company")


def _bytes_of(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in ("timings.json", "printed.txt"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def state_of(folders: Iterable[Path]) -> dict[str, tuple[Any, ...]]:
    """What can be changed of files: content, mode, time, links, attributes."""
    found: dict[str, tuple[Any, ...]] = {}
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            about = path.lstat()
            is_file = path.is_file() and not path.is_symlink()
            content = hashlib.sha256(path.read_bytes()).hexdigest() if is_file else ""
            attributes = tuple(os.listxattr(path, follow_symlinks=False))
            found[str(path)] = content, about.st_mode, about.st_mtime_ns if is_file else 0, about.st_nlink, attributes
    return found


def unchanging(run: Path, area: Area) -> dict[str, tuple[Any, ...]]:
    """The state of all that a grading should leave as it is."""
    return state_of([run / "class", area.home, area.data, area.cache])


def changes(before: Mapping[str, Any], after: Mapping[str, Any], tokens: Mapping[str, str]) -> Iterator[Finding]:
    """Files that are others than they were. Args: tokens: by name, the word that tells whose a new file is."""
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            what = "was changed" if path in before and path in after else "has gone" if path in before else "is new"
            name = next((name for name, token in tokens.items() if token in path), "")
            yield Finding(Harm.ESCAPE, name, f"{path} {what}"[-_LONGEST:])
