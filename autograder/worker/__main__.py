"""The template process: imports what every worker needs, then forks a worker whenever the judge asks for one.

Started with the number of its connection and, where workers are to be caged, the word `caged`.
"""

import gc
import json
import os
import signal
import socket
import sys
from typing import NoReturn

import matplotlib.pyplot  # noqa: F401
import numpy  # noqa: F401
import PIL.Image
import PIL.PngImagePlugin
import torch

from autograder.worker.cage import Cage, end_first
from autograder.worker.calls import make_ready_to_show
from autograder.worker.loop import serve


def main(control: socket.socket, cage: Cage | None) -> NoReturn:
    """Answer the judge until it hangs up: `F` with a descriptor forks a worker, `W<pid>` waits for one to end, `O`
    makes ready for workers that train, `N` for those that show a notebook.

    Args: cage: what workers enter before anything else, None for none.
    """
    PIL.Image.preinit()
    # What is here now stays: the garbage collectors of the workers need not touch, and so not copy, its pages.
    gc.disable()
    gc.freeze()
    children: set[int] = set()
    try:
        _answer(control, children, cage)
    except OSError:
        pass  # the judge was killed in the middle of a word; that is a way of hanging up, too
    finally:
        for pid in children:
            _kill(pid)
    os._exit(0)  # the judge waits, and nothing is left to be done with all that was imported


def _answer(control: socket.socket, children: set[int], cage: Cage | None) -> None:
    while True:
        kind, descriptors, *_ = socket.recv_fds(control, 1, 1)
        if kind == b"F":
            pid = os.fork()
            if pid == 0:
                _become_worker(control, descriptors[0], cage)
            os.close(descriptors[0])
            children.add(pid)
            control.sendall(f"{pid}\n".encode())
        elif kind == b"O":
            # The first optimizer imports hundreds of modules, which each worker that trains would have to do anew.
            torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])
            gc.freeze()
        elif kind == b"N":
            make_ready_to_show()
            gc.freeze()
        elif kind == b"W":
            pid = int(_line(control))
            status, seconds = _reap(pid) if pid in children else (-1, 0.0)
            children.discard(pid)
            control.sendall(json.dumps({"status": status, "seconds": seconds}).encode() + b"\n")
        else:
            return


def _become_worker(control: socket.socket, descriptor: int, cage: Cage | None) -> NoReturn:
    status = 1
    try:
        end_first()
        os.setsid()
        control.close()
        gc.enable()
        serve(socket.socket(fileno=descriptor), cage)
        status = 0
    finally:
        os._exit(status)


def _line(control: socket.socket) -> str:
    line = b""
    while not line.endswith(b"\n"):
        part = control.recv(1)
        if not part:
            raise OSError("closed")
        line += part
    return line.decode()


def _reap(pid: int) -> tuple[int, float]:
    try:
        _, status, usage = os.wait4(pid, 0)
    except ChildProcessError:
        return -1, 0.0
    return status, usage.ru_utime + usage.ru_stime


def _kill(pid: int) -> None:
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), Cage() if "caged" in sys.argv[2:] else None)
