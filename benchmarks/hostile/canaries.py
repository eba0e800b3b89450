"""What sits still and notes who comes near: servers on the loopback, and processes that feel signals."""

import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO

AsUser = Callable[[Sequence[str]], list[str]]
_MOST = 200
# It waits for signals, tells of each, and holds a secret in its memory.
_VICTIM = """
import ctypes, os, signal, sys
secret = ctypes.create_string_buffer(sys.stdin.readline().strip().encode())
def tell(number, frame):
    os.write(1, f"signal {number}\\n".encode())
for number in set(range(1, 65)) - {9, 19, 32, 33}:
    signal.signal(number, tell)
print(ctypes.addressof(secret), len(secret), flush=True)
while True:
    signal.pause()
"""


class Servers:
    """TCP and UDP of both versions, and unix sockets with and without a path; `contacts` is what they were told."""

    def __init__(self, folder: Path, word: str) -> None:
        self.contacts: list[str] = []
        self.ports: dict[str, int] = {}
        self.path = str(folder / "socket")
        self.abstract = word
        self._sockets: dict[socket.socket, str] = {}
        for name, family, host in (("", socket.AF_INET, "127.0.0.1"), ("6", socket.AF_INET6, "::1")):
            for protocol, kind in (("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)):
                # Where a machine has no such addresses, nobody can be reached there.
                self.ports[protocol + name] = 9
                with suppress(OSError):
                    opened = self._open(f"{protocol} port", family, kind, (host, 0))
                    self.ports[protocol + name] = opened.getsockname()[1]
        self._open("unix socket", socket.AF_UNIX, socket.SOCK_STREAM, self.path)
        Path(self.path).chmod(0o777)
        self._open("abstract unix socket", socket.AF_UNIX, socket.SOCK_STREAM, "\0" + word)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def _open(self, name: str, family: int, kind: int, address: str | tuple[str, int]) -> socket.socket:
        opened = socket.socket(family, kind)
        opened.bind(address)
        if kind == socket.SOCK_STREAM:
            opened.listen(64)
        self._sockets[opened] = name
        return opened

    def _serve(self) -> None:
        while not self._ended.is_set():
            for ready in select.select(list(self._sockets), [], [], 0.2)[0]:
                with suppress(OSError):
                    self.contacts.append(f"{self._sockets[ready]}: {_heard(ready)}")

    def __enter__(self) -> "Servers":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()
        for opened in self._sockets:
            opened.close()


def _heard(ready: socket.socket) -> str:
    """The first words of whoever has come."""
    if ready.type == socket.SOCK_DGRAM:
        return ready.recv(_MOST).decode("latin-1")
    line, _ = ready.accept()
    with line:
        line.settimeout(0.5)
        try:
            return line.recv(_MOST).decode("latin-1")
        except OSError:
            return ""


@dataclass
class Victim:
    """A process that harms nobody. Args: as_user: makes a command one that the user of the grading runs."""

    word: str
    secret: str
    as_user: AsUser
    address: int = field(init=False)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self._process = subprocess.Popen(
            self.as_user([sys.executable, "-c", _VICTIM, self.word]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(self.secret.encode() + b"\n")
        self._process.stdin.flush()
        self.address, self.size = (int(word) for word in self.told.readline().split())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def told(self) -> IO[bytes]:
        """Where it tells of signals; it ends when the process does."""
        assert self._process.stdout is not None
        return self._process.stdout

    def troubles(self) -> list[str]:
        """What has happened to it."""
        told = []
        if self._has_ended():
            told.append(f"a process was ended ({signal.strsignal(-self._process.returncode)})")
        elif Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt":
            told.append("a process was stopped")
        os.set_blocking(self.told.fileno(), False)
        signals = (self.told.read() or b"").decode().split("\n")
        return told + [f"a process got {words}" for words in signals if words]

    def _has_ended(self) -> bool:
        # Its end of the pipe is closed a little before it can be waited for.
        if select.select([self.told], [], [], 0)[0] and not self.told.peek(1):  # type: ignore[attr-defined]
            self._process.wait()
        return self._process.poll() is not None

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self.told):
            if pipe is not None:
                pipe.close()
