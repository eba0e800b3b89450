"""What a worker's process and its scratch folder hold, seen from outside, where a submission cannot gloss it over."""

import os
from dataclasses import dataclass

MOST_THREADS = 300
MOST_FILES = 20_000


class Overuse(Exception):
    """A worker holds more than it may; the message says what, in words for the person who wrote the submission."""


@dataclass(frozen=True)
class Usage:
    """memory: MiB that a process really holds; what is merely reserved costs nothing."""

    memory: float = 0.0
    threads: int = 0


def usage_of(pid: int) -> Usage:
    """What a process uses now; nothing, where it is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123
            found = dict(
                line.split(":", 1) for line in status if line.startswith(("RssAnon:", "RssShmem:", "Threads:"))
            )
        memory = sum(int(found[key].split()[0]) for key in ("RssAnon", "RssShmem"))
        return Usage(memory / 1024, int(found["Threads"]))
    except (OSError, ValueError, KeyError, IndexError):
        return Usage()


def processor_seconds_of(pid: int) -> float:
    """Processor time that a process has used so far."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as status:  # noqa: PTH123
            fields = status.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0


def check_scratch(folder: str, most_mebibytes: int) -> None:
    """Look through a scratch folder, no further than to the first file too many.

    Raises: Overuse.
    """
    count, blocks, waiting = 0, 0, [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    count += 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        blocks += entry.stat(follow_symlinks=False).st_blocks
                    if count > MOST_FILES:
                        raise Overuse(f"made more than the {MOST_FILES} files and folders that it may make")
        except OSError:  # it is written to meanwhile
            continue
    if blocks * 512 > most_mebibytes * 2**20:
        raise Overuse(f"wrote more than the {most_mebibytes} MiB of files that it may write")
