"""The cage: what a worker gives up, for good, before it runs a line of a submission.

Two guards of the Linux kernel, which need no privileges and cost milliseconds: Landlock decides which files can be
opened, seccomp which other requests are answered (`system_calls`). Both bind the thread that asks for them and what it
starts, so a worker enters the cage right after it was forked, while it is a single thread.

`python -m autograder.worker.cage [FOLDER]` enters it, tries what it is there to prevent, in a folder of that one, and
prints what did not hold.
"""

import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from landlockpy import AccessFS, LandlockError, Ruleset, Scope, abi_version, fs_for_abi

from autograder.worker import system_calls

READ = AccessFS.READ_FILE | AccessFS.READ_DIR
# In its scratch folder a worker may do what is done with files and folders; devices and sockets are none of it.
WORK = (
    READ
    | AccessFS.WRITE_FILE
    | AccessFS.TRUNCATE
    | AccessFS.REMOVE_DIR
    | AccessFS.REMOVE_FILE
    | AccessFS.MAKE_DIR
    | AccessFS.MAKE_REG
    | AccessFS.MAKE_SYM
    | AccessFS.REFER
)
# A solution imported is no solution written: what is installed beside the worker is not for submissions to read.
_OWN = ("autograder", "fixtures", "reference", "student_template", "benchmarks")
_PACKAGES = Path(__file__).resolve().parents[2]
_SYSTEM = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/mime.types")
# How many processors there are, and which kind: torch chooses its kernels by that.
_MACHINE = ("/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system")
_DEVICES = ("/dev/zero", "/dev/urandom", "/dev/random")
MOST_OPEN_FILES = 4096
_PR_SET_PDEATHSIG = 1


class Cage:
    """Made once by the process that forks workers, entered by each of them."""

    def __init__(self, abi: int | None = None) -> None:
        """Args: abi: use no more of Landlock than this version of it has."""
        self._abi = min(abi_version(), abi or abi_version())
        self._libraries = tuple(_libraries())
        self._calls = system_calls.rules()

    def enter(self, scratch: Path, readable: Iterable[str], file_mebibytes: int) -> None:
        """Keep to the scratch folder and to what may be read, from now on.

        Args: readable: files and folders besides the libraries; file_mebibytes: how large any one file may become.
            Memory and time are watched from outside.
        Raises: OSError where the kernel refuses; then nothing of the submission may run.
        """
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_FSIZE, file_mebibytes * 2**20)
        _limit(resource.RLIMIT_NOFILE, MOST_OPEN_FILES)
        scoped = Scope.SIGNAL | Scope.ABSTRACT_UNIX_SOCKET if self._abi >= 6 else Scope.NONE
        with Ruleset(handled_fs=fs_for_abi(self._abi), scoped=scoped) as ruleset:
            for path, access in self._libraries:
                _allow(ruleset, path, access)
            for path in (f"/proc/{os.getpid()}", *readable):
                _allow(ruleset, path, READ)
            _allow(ruleset, "/dev/null", AccessFS.READ_FILE | AccessFS.WRITE_FILE | AccessFS.TRUNCATE)
            ruleset.allow_path(scratch, WORK)
            ruleset.restrict()
        system_calls.load_for_this_process(self._calls)


def end_first() -> None:
    """Let the kernel end this process with the one that forked it, and before any other where memory runs out."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))


def _allow(ruleset: Ruleset, path: str, access: AccessFS) -> None:
    """Grant access to what is there; on a file, rights that only folders have are refused by the kernel."""
    with suppress(FileNotFoundError):
        ruleset.allow_path(path, access if os.path.isdir(path) else access & ~AccessFS.READ_DIR)  # noqa: PTH112


def _libraries() -> Iterator[tuple[str, AccessFS]]:
    hidden = [_PACKAGES / name for name in _OWN]
    places = [*_SYSTEM, sys.prefix, sys.base_prefix, *(entry for entry in sys.path if entry)]
    trees = {Path(place).resolve() for place in places} - {_PACKAGES}
    for tree in sorted(trees):
        if not any(tree.is_relative_to(own) for own in hidden):
            yield from _without(tree, hidden)
    yield from ((path, READ) for path in (*_MACHINE, *_DEVICES))


def _without(tree: Path, hidden: Sequence[Path]) -> Iterator[tuple[str, AccessFS]]:
    """A folder to be read with all that is in it, but for what is hidden: a rule holds for everything below it."""
    within = [path for path in hidden if path.is_relative_to(tree) and path.exists()]
    if not within:
        yield str(tree), READ
        return
    yield str(tree), AccessFS.READ_DIR
    for entry in sorted(tree.iterdir()):
        if entry not in within:
            yield from _without(entry, within)


# --- trying it


def _attempts(outside: Path, scratch: Path, server: int) -> dict[str, Callable[[], object]]:
    """What must not work in the cage."""
    other = os.getppid()
    loopback = ("127.0.0.1", server)
    return {
        "reading a file outside": lambda: outside.read_bytes(),
        "writing a file outside": lambda: outside.write_bytes(b"changed"),
        "emptying a file outside": lambda: os.truncate(outside, 0),
        "making a file outside": lambda: outside.with_name("new").open("x"),
        "listing a folder outside": lambda: os.listdir(outside.parent),  # noqa: PTH208
        "linking to a file outside": lambda: os.link(outside, scratch / "linked"),
        "reading what another process was started with": lambda: Path(f"/proc/{other}/environ").read_bytes(),
        "listing processes": lambda: os.listdir("/proc"),  # noqa: PTH208
        "connecting to the loopback": lambda: socket.create_connection(loopback, timeout=1),
        "a datagram to the loopback": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", loopback),
        "a unix socket": lambda: socket.socket(socket.AF_UNIX),
        "a signal to another process": lambda: os.kill(other, 0),
        "a process of its own": _fork,
        "another program": lambda: os.execv("/bin/true", ["true"]),
        "memory shared by name": lambda: os.memfd_create("shared"),
    }


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def what_does_not_hold(abi: int | None = None, place: str | None = None) -> list[str]:
    """Enter the cage in a process of its own, with no more than a version of Landlock, and try what it prevents.

    Args: place: where folders for this are made.
    Returns: what worked although it must not, and what did not although it must.
    """
    with tempfile.TemporaryDirectory(dir=place) as folder, socket.create_server(("127.0.0.1", 0)) as server:
        outside, scratch = Path(folder, "outside", "file"), Path(folder, "scratch")
        outside.parent.mkdir()
        outside.write_text("secret")
        scratch.mkdir()
        attempts = _attempts(outside, scratch, server.getsockname()[1])
        pid = os.fork()
        if pid == 0:
            _report_and_end(Path(folder, "scratch", "report"), attempts, abi)
        os.waitpid(pid, 0)
        try:
            failed: list[str] = json.loads((scratch / "report").read_text())
        except (OSError, ValueError):
            return ["entering it"]
        if outside.read_text() != "secret":
            failed.append("leaving files outside as they are")
        return failed


def _report_and_end(report: Path, attempts: dict[str, Callable[[], object]], abi: int | None) -> None:
    try:
        Cage(abi).enter(report.parent, (), 16)
        failed = []
        for name, attempt in attempts.items():
            with suppress(OSError):
                attempt()
                failed.append(name)
        mmap.mmap(-1, 2**20).close()
        report.write_text(json.dumps(failed))
    finally:
        os._exit(0)


if __name__ == "__main__":
    try:
        broken = (
            what_does_not_hold(place=sys.argv[1] if sys.argv[1:] else None)
            if abi_version()
            else ["Landlock, which this kernel does not have"]
        )
    except (OSError, LandlockError) as problem:
        broken = [str(problem)]
    sys.stdout.write(json.dumps(broken))
