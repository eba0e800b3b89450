"""What is around a program here: no person, no screen, no network, no time to wait.

A program that asks a person, opens a window or sets an alarm means no harm by it, and none of it is what it is graded
for.
"""

import builtins
import faulthandler
import getpass
import locale
import multiprocessing
import os
import signal
import sys
import threading
import time
import urllib.request
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot
import torch

from autograder.worker.frames import asked_by_submission

# A number suits most questions. Where it is asked for again and again, it was none of those that a loop waits for.
ANSWERS = ("1", "1", "1", "1", "y", "n", "", "q", "yes", "no", "0", "exit")
MOST_ANSWERS = 5 * len(ANSWERS)
ASKED = 'Nobody answers `input()` where the grader runs; the first answer was "1".'
SCREENLESS = frozenset("agg cairo pdf pgf ps svg template".split())
# Warnings of how libraries change; a program that makes errors of all warnings had those of its own term in mind.
OF_CHANGES = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, UserWarning)
LONGEST_NAP = 0.05
Note = Callable[[str], None]


def run_unattended(note: Note) -> None:
    """From now on, do without all of it in this process. Args: note: is told what is worth a remark."""
    sys.argv = ["/content/notebook.py"]
    _answer_questions(note)
    _lose_no_time()
    _fetch_nothing()
    _show_nothing()
    _keep_changes_to_warnings()
    _let_settings_be()


def _answer_questions(note: Note) -> None:
    asked: Counter[tuple[str, int]] = Counter()

    def answer(prompt: Any = "") -> str:
        frame = sys._getframe(1)
        place = frame.f_code.co_filename, frame.f_lineno
        asked[place] += 1
        note(ASKED)
        if asked[place] > MOST_ANSWERS:
            raise EOFError("input() was asked again and again, and nobody is here to answer")
        return ANSWERS[(asked[place] - 1) % len(ANSWERS)]

    builtins.input = answer
    getpass.getpass = lambda prompt="", stream=None, **how: answer(prompt)


def _lose_no_time() -> None:
    rest = time.sleep

    def nap(seconds: float) -> None:
        # Waiting is of no use to anybody here; a thread that waits in a loop should leave the others their time.
        rest(0 if threading.current_thread() is threading.main_thread() else min(max(0.0, seconds), LONGEST_NAP))

    time.sleep = nap  # type: ignore[assignment]
    signal.alarm = lambda seconds: 0
    signal.setitimer = lambda *timer: (0.0, 0.0)


class EmptyArchive:
    """Stands for an archive of the data that is not here: what it holds has been unpacked already."""

    def __enter__(self) -> "EmptyArchive":
        return self

    def __exit__(self, *problem: object) -> None:
        return None

    def namelist(self) -> list[str]:
        return []

    infolist = namelist

    def extractall(self, *how: Any, **named: Any) -> None:
        """Nothing is left to unpack."""

    extract = close = printdir = extractall


def _fetch_nothing() -> None:
    """The data are here already, whatever a program does to download and unpack them."""
    archive = zipfile.ZipFile

    class Archive(archive):  # type: ignore[misc, valid-type]
        def __new__(cls, file: Any = None, mode: str = "r", *rest: Any, **named: Any) -> Any:
            absent = isinstance(file, str | os.PathLike) and mode == "r" and not Path(file).exists()
            return EmptyArchive() if absent and asked_by_submission() else super().__new__(cls)

    zipfile.ZipFile = Archive  # type: ignore[misc]
    retrieve = urllib.request.urlretrieve

    @wraps(retrieve)
    def retrieved(url: Any, filename: Any = None, *rest: Any, **named: Any) -> Any:
        try:
            return retrieve(url, filename, *rest, **named)
        except OSError:
            return filename or "", {}

    urllib.request.urlretrieve = retrieved


def _show_nothing() -> None:
    use, switch = matplotlib.use, matplotlib.pyplot.switch_backend

    def used(backend: Any, *rest: Any, **named: Any) -> None:
        if str(backend).lower() in SCREENLESS:
            use(backend)

    def switched(newbackend: Any) -> None:
        if str(newbackend).lower() in SCREENLESS or not asked_by_submission():
            switch(newbackend)

    matplotlib.use, matplotlib.pyplot.switch_backend = used, switched


def _keep_changes_to_warnings() -> None:
    def forgiving(setting: Callable[..., None]) -> Callable[..., None]:
        @wraps(setting)
        def set_so(action: Any, *rest: Any, **named: Any) -> None:
            setting(action, *rest, **named)
            if action == "error" and asked_by_submission():
                for category in OF_CHANGES:
                    simple("default", category)

        return set_so

    simple = warnings.simplefilter
    warnings.simplefilter = forgiving(warnings.simplefilter)
    warnings.filterwarnings = forgiving(warnings.filterwarnings)


def _let_settings_be() -> None:
    """Settings that can be made once only, or not on every machine, and matter to no verdict."""
    torch.set_num_interop_threads = lambda number: None  # type: ignore[assignment]
    multiprocessing.set_start_method = torch.multiprocessing.set_start_method = lambda method, force=False: None
    faulthandler.enable = lambda *file, **how: None
    set_locale = locale.setlocale

    @wraps(set_locale)
    def set_if_here(category: int, name: Any = None) -> str:
        try:
            return set_locale(category, name)
        except locale.Error:
            return set_locale(category)

    locale.setlocale = set_if_here  # type: ignore[assignment]
