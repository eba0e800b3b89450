"""The worker's loop: one request in, one reply out."""

import io
import os
import random
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autograder.boundary.pipe import Arrays, packed, receive
from autograder.boundary.surroundings import Surroundings
from autograder.worker.cage import Cage
from autograder.worker.calls import Workbench
from autograder.worker.devices import load_data_in_one_process, run_without_gpu
from autograder.worker.former import FORMER, Former
from autograder.worker.paths import redirect_files
from autograder.worker.remarks import Remarks
from autograder.worker.single_process import stay_one_process
from autograder.worker.standins import install_standins
from autograder.worker.unattended import run_unattended


class Connection:
    """The worker's end of the pipe."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def receive(self) -> tuple[dict[str, Any], Arrays]:
        return receive(self._read)

    def send(self, structure: dict[str, Any], arrays: Arrays | None = None) -> None:
        self._connection.sendall(packed(structure, arrays))

    def _read(self, count: int) -> bytes:
        buffer = bytearray(count)
        view = memoryview(buffer)
        while view:
            got = self._connection.recv_into(view)
            if not got:
                raise EOFError
            view = view[got:]
        return bytes(buffer)


class BoundedText(io.TextIOBase):
    """Keeps the first characters that are printed, and counts the rest."""

    encoding = "utf-8"

    def __init__(self, most: int) -> None:
        # Where programs write bytes past the text; nobody reads them.
        self.buffer = open(os.devnull, "wb")  # noqa: PTH123, SIM115
        self._left = most
        self._parts: list[str] = []
        self._lost = 0

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.buffer.fileno()

    def reconfigure(self, **how: Any) -> None:
        """Text is kept as it is, whatever a terminal would need."""

    def write(self, text: str) -> int:
        kept = text[: self._left]
        self._parts.append(kept)
        self._left -= len(kept)
        self._lost += len(text) - len(kept)
        return len(text)

    def taken(self) -> str:
        """What was printed since the last time; printing more after the bound is only counted."""
        text = "".join(self._parts)
        self._parts.clear()
        return text


def serve(connection: socket.socket, cage: Cage | None) -> None:
    """Enter the cage, then answer requests until the judge hangs up."""
    pipe = Connection(connection)
    setup, _ = pipe.receive()
    scratch = Path(setup["scratch"])
    os.chdir(scratch)
    surroundings = Surroundings.of_message(setup["surroundings"])
    if cage is not None:
        readable = [*([setup["data"]] if setup["data"] else []), *surroundings.files.values()]
        cage.enter(scratch, readable, setup["scratch_mebibytes"])
    output = BoundedText(setup["output_characters"])
    _silence(output)
    torch.set_num_threads(1)
    tempfile.tempdir = str(scratch)
    redirect_files(Path(setup["data"]) if setup["data"] else None, scratch, setup["seed"], surroundings.files)
    remarks = Remarks()
    former = Former(FORMER, remarks.note)
    former.install()
    standins = install_standins(surroundings)
    run_unattended(remarks.note)
    stay_one_process()
    modules = "".join(surroundings.modules.values())
    run_without_gpu(modules)
    former.read(modules)
    load_data_in_one_process()
    workbench = Workbench(pipe, standins, former, setup["device"])
    while True:
        try:
            request, arrays = pipe.receive()
        except EOFError:
            return
        _seed(setup["seed"] + request.get("draw", 0))
        structure, made = workbench.handle(request, arrays)
        told = {"printed": output.taken(), "absent_modules": sorted(standins.absent), "remarks": remarks.taken()}
        pipe.send({**structure, **told}, made)


def _silence(output: BoundedText) -> None:
    """Let prints end in `output`; what C code writes to the descriptors is dropped."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    sys.stdin = io.StringIO()
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = output  # type: ignore[assignment, misc]


def _seed(seed: int) -> None:
    """Every request starts all three generators anew, so that its result does not depend on those before it."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
