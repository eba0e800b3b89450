"""The cage holds: what a submission's process may not do fails there, whoever runs the grader; all else works.

Everything here is tried for real, from within, against files, servers and processes that the test itself has set up.
"""

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import landlockpy
import pytest

from autograder.boundary import sandbox
from autograder.boundary.sandbox import Sandbox, why_no_cage
from autograder.boundary.surroundings import Surroundings
from autograder.boundary.workers import OutOfMemory, Template, Worker
from autograder.rubric import Limits
from autograder.session import CannotGrade, prepare

ROOT = Path(__file__).parents[1]
LIMITS = Limits(
    program_seconds=60,
    call_seconds=60,
    memory_mebibytes=700,
    scratch_mebibytes=20,
    output_characters=2000,
    notebook_mebibytes=40,
)
PLAIN_USER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
VERSIONS = range(1, landlockpy.abi_version() + 1)


@pytest.fixture(scope="module")
def template(limited: Callable[[Limits], Template]) -> Template:
    assert not why_no_cage(), why_no_cage()  # where there is a cage, workers of all tests are kept in it
    return limited(LIMITS)


@pytest.fixture
def worker(template: Template) -> Iterator[Worker]:
    one = template.fork(None, 0)
    yield one
    one.close()


def run(worker: Worker, source: str) -> str:
    """The exception that a program ends with, "" where it ends well."""
    request = {"cells": {}, "statements": [{"cell": 0, "line": 1, "source": source}]}
    error = worker.request("run", request).error
    return "" if error is None else f"{error['type']}: {error['message']}"


# --- what is tried on this machine before anything is graded


@pytest.mark.parametrize("version", VERSIONS)
def test_the_cage_holds_with_every_version_of_landlock(version: int) -> None:
    script = f"from autograder.worker.cage import *; print(json.dumps(what_does_not_hold({version})))"
    tried = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert json.loads(tried.stdout) == []


def test_it_holds_for_a_plain_user_and_for_root_alike() -> None:
    own = [sys.executable, "-P", "-s", "-m", "autograder.worker.cage"]
    commands = [sandbox.worker_command(Sandbox.CAGE, "autograder.worker.cage")]
    commands += [[*PLAIN_USER, *own]] if os.geteuid() == 0 else []
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    for command in commands:
        tried = subprocess.run(command, capture_output=True, text=True, cwd="/", env=environment, check=True)
        assert json.loads(tried.stdout) == [], command


def test_without_a_cage_nothing_is_graded_unless_told_so(small_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "why_no_cage", lambda: "this kernel has no Landlock")
    monkeypatch.setattr("autograder.session.why_no_cage", lambda: "this kernel has no Landlock")
    with pytest.raises(CannotGrade, match=r"no Landlock.*--no-sandbox"):
        prepare(small_data, sandbox=Sandbox.CAGE)
    assert prepare(small_data, sandbox=Sandbox.NONE).sandbox is Sandbox.NONE
    assert sandbox.best_sandbox() is Sandbox.NONE


# --- files


@pytest.mark.parametrize(
    "read",
    [
        "open(path).read()",
        "os.fdopen(os.open(path, os.O_RDONLY)).read()",
        "io.FileIO(path).read()",
        "_io.open(path).read()",
        "posix.open(path, 0)",
        "posix.listdir(os.path.dirname(path))",
        "mmap.mmap(posix.open(path, 0), 0)",
        "torch.load(path)",
        "posix.link(path, 'here') or open('here').read()",
        "posix.symlink(path, 'here') or _io.open('here').read()",
        "posix.rename(path, 'here')",
        "posix.truncate(path, 0)",
        "posix.unlink(path)",
        "_io.open(path, 'w')",
        "_io.open(path + '.new', 'w')",
        "posix.mkdir(path + '.new')",
    ],
)
def test_a_file_outside_can_be_neither_read_nor_changed(worker: Worker, tmp_path: Path, read: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("canary")
    imports = "import os, io, _io, posix, mmap, torch"
    assert run(worker, f"{imports}\npath = {str(secret)!r}\nfound = {read}").split(":")[0] in (
        "PermissionError",
        "FileNotFoundError",
        "OSError",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["secret"] and secret.read_text() == "canary"


def test_modes_and_owners_of_files_outside_stay_what_they_are(worker: Worker, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.touch(0o600)
    before = secret.stat()
    run(worker, f"import posix\nposix.chmod({str(secret)!r}, 0o777)")
    run(worker, f"import posix\nposix.utime({str(secret)!r}, (0, 0))")
    after = secret.stat()
    assert (before.st_mode, before.st_mtime, before.st_ctime) == (after.st_mode, after.st_mtime, after.st_ctime)


@pytest.mark.parametrize("name", ["environ", "maps", "mem", "cmdline", "fd", "cwd/pyproject.toml", "root/etc/passwd"])
def test_nothing_is_read_of_another_process(worker: Worker, name: str) -> None:
    assert run(worker, f"import _io\n_io.open('/proc/{os.getpid()}/{name}', 'rb').read()").startswith(
        ("PermissionError", "IsADirectoryError")
    )


def test_solutions_and_rubric_cannot_be_read_although_they_are_installed_here(worker: Worker) -> None:
    for path in (ROOT / "reference" / "models.py", ROOT / "autograder" / "rubric.toml"):
        assert path.is_file()
        assert run(worker, f"import _io\n_io.open({str(path)!r})").startswith("PermissionError")


def test_a_submissions_own_files_can_be_read_and_not_written(template: Template, tmp_path: Path) -> None:
    (tmp_path / "mean.txt").write_text("0.5")
    (tmp_path / "other.txt").write_text("not handed in")
    worker = template.fork(None, 0, Surroundings(files={"mean.txt": str(tmp_path / "mean.txt")}))
    assert run(worker, "assert open('mean.txt').read() == '0.5'") == ""
    assert run(worker, f"import _io\n_io.open({str(tmp_path / 'mean.txt')!r}, 'w')").startswith("PermissionError")
    assert run(worker, f"import _io\n_io.open({str(tmp_path / 'other.txt')!r})").startswith("PermissionError")
    worker.close()


def test_in_its_own_folder_a_program_does_what_programs_do(worker: Worker) -> None:
    source = """
import os, shutil, tempfile, zipfile, pathlib, torch
os.makedirs('a/b', exist_ok=True)
torch.save({'w': torch.ones(2)}, 'a/b/weights.pk')
assert torch.load('a/b/weights.pk')['w'].sum() == 2
pathlib.Path('touched').touch()
pathlib.Path('touched').touch()
shutil.copy('a/b/weights.pk', 'copy.pk'); shutil.copy2('copy.pk', 'copy2.pk'); shutil.copytree('a', 'c')
os.rename('copy.pk', 'a/moved.pk'); os.replace('a/moved.pk', 'c/b/moved.pk'); shutil.move('c/b/moved.pk', 'back.pk')
with zipfile.ZipFile('z.zip', 'w') as z: z.write('back.pk')
with tempfile.TemporaryDirectory() as folder: open(os.path.join(folder, 'x'), 'w').write('x')
os.chmod('back.pk', 0o600); os.remove('back.pk'); shutil.rmtree('a')
assert sorted(os.listdir('.')) == ['c', 'copy2.pk', 'touched', 'z.zip'], os.listdir('.')
"""
    assert run(worker, source) == ""


# --- networks, processes, the machine


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('127.0.0.1', {port}), 1)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "socket.socket(socket.AF_INET6, socket.SOCK_STREAM)",
        "socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)",
        "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)",
        "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
        "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)",
        "socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)",
        "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
        "urllib.request.urlopen('http://127.0.0.1:{port}')",
        "socket.getaddrinfo('localhost', 80)[99]",
    ],
)
def test_no_network_is_reached_in_any_family(worker: Worker, attempt: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        source = f"import socket, urllib.request\n{attempt.format(port=server.getsockname()[1])}"
        assert run(worker, source) != ""
        assert select.select([server], [], [], 0)[0] == []


@pytest.mark.parametrize(
    "attempt",
    [
        "posix.fork()",
        "posix.forkpty()",
        "posix.execv('/bin/true', ['true'])",
        "posix.posix_spawn('/bin/true', ['true'], {{}})",
        "_posixsubprocess.fork_exec",
        "os.kill({victim}, 0)",
        "os.kill({victim}, 9)",
        "os.killpg({victim}, 9)",
        "os.pidfd_open({victim})",
        "signal.pidfd_send_signal(3, 9)",
        "posix.getpgid({victim})",
        "resource.prlimit({victim}, resource.RLIMIT_CPU, (0, 0))",
        "os.listdir('/proc/{victim}')",
        "posix.listdir('/proc')",
        "posix.memfd_create('x')",
        "posix.mkfifo('fifo')",
        "posix.chroot('.')",
        "time.clock_settime(time.CLOCK_REALTIME, 0)",
        "os.setpriority(os.PRIO_PROCESS, {victim}, 19)",
        "os.sched_setaffinity({victim}, [0])",
    ],
)
def test_there_are_no_other_processes_for_it_and_no_machine_to_change(worker: Worker, attempt: str) -> None:
    with subprocess.Popen(["sleep", "60"]) as victim:
        imports = "import os, posix, _posixsubprocess, signal, resource, time"
        error = run(worker, f"{imports}\nmade = {attempt.format(victim=victim.pid)}")
        assert error != "" or attempt == "_posixsubprocess.fork_exec"
        assert victim.poll() is None
        victim.kill()


def test_a_program_may_set_priorities_of_its_own_and_nothing_comes_of_it(worker: Worker) -> None:
    assert run(worker, "import os\nos.nice(5)\nos.sched_setaffinity(0, [0])") == ""


def test_commands_do_nothing_and_succeed(worker: Worker) -> None:
    source = """
import os, subprocess
assert subprocess.run(['ls', '-l'], capture_output=True, text=True, check=True).stdout == ''
assert subprocess.check_output('nvidia-smi', shell=True) == b''
assert os.system('exit 1') == 0 and os.popen('ls').read() == ''
with subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
    assert process.communicate(b'x')[0] == b'' and process.wait() == 0 and process.poll() == 0
"""
    assert run(worker, source) == ""


def test_what_was_meant_for_several_processes_is_done_in_threads(worker: Worker) -> None:
    source = """
import multiprocessing, concurrent.futures, torch.multiprocessing
def double(x): return 2 * x
with multiprocessing.Pool(2) as pool: assert pool.map(double, [1, 2]) == [2, 4]
with multiprocessing.get_context('spawn').Pool(2) as pool: assert pool.map(double, [1, 2]) == [2, 4]
with concurrent.futures.ProcessPoolExecutor(2) as pool: assert list(pool.map(double, [1, 2])) == [2, 4]
queue = multiprocessing.Queue()
process = torch.multiprocessing.Process(target=queue.put, args=(3,))
process.start(); process.join()
assert queue.get() == 3 and process.exitcode == 0 and not process.is_alive()
"""
    assert run(worker, source) == ""


# --- bounds


def test_files_are_bounded_in_size_and_in_number(template: Template) -> None:
    one = template.fork(None, 0)
    assert run(one, "open('large', 'wb').write(bytes(30 * 2**20))").startswith("OSError")
    one.close()
    for source in (
        "for n in range(30): open(f'f{n}', 'wb').write(bytes(2**20))\nwhile True: pass",
        "import os\nos.mkdir('d')\nfor n in range(30000): open(f'd/{n}', 'w').close()\nwhile True: pass",
    ):
        one = template.fork(None, 0)
        with pytest.raises(OutOfMemory, match="than the 20"):
            run(one, source)


def test_threads_are_bounded(template: Template) -> None:
    one = template.fork(None, 0)
    source = "import threading, time\nlock = threading.Lock(); lock.acquire()\n"
    source += "for _ in range(2000): threading.Thread(target=lock.acquire, daemon=True).start()\nwhile True: pass"
    with pytest.raises(OutOfMemory, match="300 threads"):
        run(one, source)


def test_memory_that_is_shared_counts_too(template: Template) -> None:
    one = template.fork(None, 0)
    source = "import mmap\nkept = mmap.mmap(-1, 900 * 2**20)\nfor n in range(0, len(kept), 4096): kept[n] = 1\n"
    with pytest.raises(OutOfMemory, match="700 MiB"):
        run(one, source + "while True: pass")


def test_a_worker_ends_with_the_process_that_forked_it(template: Template) -> None:
    with Template(LIMITS, sandbox=Sandbox.CAGE) as other:
        one = other.fork(None, 0)
        assert run(one, "x = 1") == ""
        descriptor = os.pidfd_open(one._pid)
        other._process.kill()
        assert select.select([descriptor], [], [], 30)[0] == [descriptor]
        os.close(descriptor)


def test_a_scratch_folder_goes_however_deep_it_was_filled(template: Template) -> None:
    one = template.fork(None, 0)
    deep = "for n in range(3000): posix.mkdir('d'); posix.chdir('d')\nposix.mkdir('closed', 0)"
    assert run(one, f"import posix\nposix.chdir({str(one.scratch)!r})\n{deep}") == ""
    one.close()
    assert not one.scratch.exists()
