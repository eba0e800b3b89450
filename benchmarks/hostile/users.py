"""Running commands as another user, who can read what they need."""

import os
import pwd
import sys
from collections.abc import Sequence
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]
# Shows some folders below one that is closed to others, without changing anything for anybody else: $1 is what is
# closed, $2 a place to keep the folders meanwhile, then come the folders up to `--`, then user, group and the command.
_SCRIPT = """
set -e
closed="$1"; kept="$2"; shift 2
number=0
for folder in "$@"; do
    [ "$folder" = -- ] && break
    number=$((number + 1)); mkdir -p "$kept/$number"; mount --bind "$folder" "$kept/$number"
done
mount -t tmpfs -o mode=755 none "$closed"
number=0
while [ "$1" != -- ]; do
    number=$((number + 1)); mkdir -p "$1"; mount --bind "$kept/$number" "$1"; shift
done
user="$2"; group="$3"; shift 3
exec setpriv --reuid "$user" --regid "$group" --clear-groups "$@"
"""


class NoSuchUser(Exception):
    """The commands cannot be run as this user; the message says why."""


class User:
    """Whoever grades. name: "" for whoever runs this."""

    def __init__(self, name: str, scratch: Path) -> None:
        """Raises: NoSuchUser."""
        self.name = name
        self._scratch = scratch
        if not name:
            return
        if os.geteuid() != 0:
            raise NoSuchUser(f"only root can run the grading as {name}")
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            raise NoSuchUser(f"there is no user {name}") from None
        self._ids = entry.pw_uid, entry.pw_gid

    def command(self, command: Sequence[str]) -> list[str]:
        """A command as this user runs it; the process keeps its number."""
        if not self.name:
            return list(command)
        user, group = (str(number) for number in self._ids)
        folders = sorted({Path(sys.base_prefix), Path(sys.prefix), _REPOSITORY})
        closed = {top: [f for f in folders if _closed_above(f) == top] for f in folders if (top := _closed_above(f))}
        if not closed:
            return ["setpriv", "--reuid", user, "--regid", group, "--clear-groups", *command]
        if len(closed) > 1:
            raise NoSuchUser(f"{self.name} may read none of {', '.join(str(top) for top in closed)}")
        ((top, hidden),) = closed.items()
        shown = [str(folder) for folder in hidden]
        script = ["sh", "-c", _SCRIPT, "sh", str(top), str(self._scratch / "shown"), *shown]
        return ["unshare", "--mount", *script, "--", user, group, *command]

    def owns(self, folder: Path) -> None:
        """Give a folder and all that is in it to this user."""
        if self.name:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, *self._ids, follow_symlinks=False)


def _closed_above(path: Path) -> Path | None:
    """The outermost folder above a path that others may not enter."""
    above = [folder for folder in reversed([path, *path.parents]) if not folder.stat().st_mode & 0o001]
    return above[0] if above else None
