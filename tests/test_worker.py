"""A worker runs one program, answers one request at a time, and may die of it; the next one does not notice."""

import os
import select
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from autograder.boundary.surroundings import Surroundings
from autograder.boundary.workers import Died, OutOfMemory, OutOfTime, Template
from autograder.evidence.right_generators import RIGHT_GENERATORS
from autograder.rubric import Limits

LIMITS = Limits(
    program_seconds=60,
    call_seconds=60,
    memory_mebibytes=700,
    scratch_mebibytes=100,
    output_characters=2000,
    notebook_mebibytes=40,
)
WHOLE = [None, None, None]


@pytest.fixture(scope="module")
def template(limited):
    return limited(LIMITS)


@contextmanager
def worker(template, seed=0, **modules):
    """A fresh worker without data; modules: the files beside the notebook."""
    worker = template.fork(None, seed, Surroundings(modules))
    try:
        yield worker
    finally:
        worker.close()


def run(worker, *cells, seconds=None, draw=0):
    """The reply to a program whose cells are numbered from 0."""
    statements = [{"cell": number, "line": 1, "source": source} for number, source in enumerate(cells)]
    sources = {str(number): source for number, source in enumerate(cells)}
    request = {"cells": sources, "statements": statements, "draw": draw}
    return worker.request("run", request, seconds=seconds)


def describe(worker, name):
    return worker.request("describe", {"value": {"name": name}}).structure["value"]


def value(worker, name):
    return describe(worker, name)["value"]


def assert_the_next_worker_works(template):
    with worker(template) as another:
        assert run(another, "x = 1").error is None
        assert value(another, "x") == 1


# What can be asked


@pytest.mark.parametrize(
    ("source", "facts"),
    [
        ("x = None", {"kind": "none"}),
        ("x = ...", {"kind": "ellipsis"}),
        ("x = 3", {"kind": "number", "value": 3.0}),
        ("x = True", {"kind": "truth", "value": True}),
        ("x = 'left'", {"kind": "text", "value": "left"}),
        ("import torch\nx = torch.tensor(2.5)", {"kind": "number", "value": 2.5}),
        (
            "import numpy as np\nx = np.zeros((2, 3, 4, 5), np.float32)",
            {"kind": "array", "dtype": "float32", "shape": [2, 3, 4, 5]},
        ),
        ("import torch\nx = torch.zeros(2, 30)", {"kind": "tensor", "dtype": "float32", "shape": [2, 30]}),
        ("class x: pass", {"kind": "class", "type": "x"}),
        ("import torch\nx = torch.nn.Linear(1, 2)", {"kind": "model", "type": "Linear", "convolution_weights": 0}),
        ("x = lambda: 0", {"kind": "callable", "type": "<lambda>"}),
        ("x = object()", {"kind": "other", "type": "object"}),
    ],
)
def test_a_value_is_described_in_a_few_words(template, source, facts):
    with worker(template) as one:
        run(one, source)
        assert describe(one, "x") == facts


def test_the_description_of_a_large_or_deep_value_is_bounded(template):
    deep = "x = []\nfor _ in range(10000): x = [x] * 20\ny = 'a' * 10**6\nz = {n: [n] * 1000 for n in range(1000)}"
    with worker(template) as one:
        assert run(one, deep).error is None
        for name in "xyz":
            assert len(str(describe(one, name))) < 20_000


def test_a_part_of_an_array_of_a_tensor_and_of_a_list_of_arrays_is_fetched(template):
    with worker(template) as one:
        run(
            one,
            "import numpy as np, torch",
            "a = np.arange(12.0).reshape(3, 4)\nt = torch.arange(12.0).reshape(3, 4)\nrows = [r for r in a]",
        )
        for name in ("a", "t", "rows"):
            request = {"value": {"name": name}, "index": [[1, 3, None], [None, None, 2]]}
            part = one.request("fetch", request).arrays["array"]
            assert part.dtype == np.float32
            assert part.tolist() == [[4, 6], [8, 10]]


def test_a_function_is_called_with_numbers_arrays_and_names(template):
    with worker(template) as one:
        run(one, "step = 10\ndef shifted(data, by, *, times=1): return data + by * times")
        request = {
            "function": {"name": "shifted"},
            "arguments": [{"array": "data"}, {"name": "step"}],
            "named": {"times": {"value": 2}},
            "keep": "result",
        }
        given = np.zeros((3, 40), np.float32)
        assert one.request("call", request, {"data": given}).structure["value"]["shape"] == [3, 40]
        part = one.request("fetch", {"value": {"kept": "result"}, "index": [WHOLE, WHOLE]}).arrays["array"]
        assert (part == 20).all()


def test_what_a_generator_yields_is_kept_as_a_list(template):
    with worker(template) as one:
        run(one, "def pairs(n):\n    for i in range(n): yield i")
        request = {"function": {"name": "pairs"}, "arguments": [{"value": 3}], "keep": "result"}
        facts = one.request("call", request).structure["value"]
        assert facts["kind"] == "list" and [item["value"] for item in facts["items"]] == [0, 1, 2]


def test_a_function_that_changes_its_argument_gets_the_original_at_its_next_call(template):
    with worker(template) as one:
        run(one, "def spoil(data):\n    data += 1\n    return data.sum()")
        request = {"function": {"name": "spoil"}, "arguments": [{"array": "data"}], "keep": "result"}
        for _ in range(2):
            facts = one.request("call", request, {"data": np.zeros(3)}).structure["value"]
            assert facts["value"] == 3


def test_a_signature_tells_names_kinds_and_defaults(template):
    with worker(template) as one:
        run(one, "def train(model, data, rate=0.1, *rest, size=None, **named): pass")
        parameters = one.request("signature", {"function": {"name": "train"}}).structure["parameters"]
        assert [(p["name"], p["has_default"], p["default"]) for p in parameters] == [
            ("model", False, None),
            ("data", False, None),
            ("rate", True, 0.1),
            ("rest", False, None),
            ("size", True, None),
            ("named", False, None),
        ]


def test_given_arrays_are_there_before_the_program_starts(template):
    with worker(template) as one:
        request = {
            "cells": {},
            "given": {"train_data": "first"},
            "statements": [{"cell": 0, "line": 1, "source": "n = len(train_data)"}],
        }
        one.request("run", request, {"first": np.zeros((7, 2))})
        assert value(one, "n") == 7


def test_a_generator_can_be_exchanged_for_a_right_one_once_the_program_has_run(template):
    with worker(template) as one:
        source = "def mine(data): return None\ndef rows(data): return mine(data)"
        statements = [{"cell": 0, "line": 1, "source": source}]
        one.request("run", {"cells": {}, "statements": statements, "replaced": {"mine": RIGHT_GENERATORS["same"]}})
        request = {"function": {"name": "rows"}, "arguments": [{"array": "data"}], "keep": "rows"}
        data = np.zeros((2, 3, 2, 224, 224, 3), np.float32)
        assert one.request("call", request, {"data": data}).structure["value"]["shape"] == [6, 448, 224, 3]


def test_a_known_model_is_played_from_the_judging_side(template):
    def answer(structure, arrays):
        assert structure["shape"] == [5, 3, 448, 224]
        return {}, {"answer": np.tile(np.float32([0.0, 1.0]), (len(arrays["images"]), 1))}

    with worker(template) as one:
        run(one, "import torch\ndef ask(model): return model(torch.zeros(5, 3, 448, 224)).argmax(1).sum()")
        request = {"function": {"name": "ask"}, "arguments": [{"known_model": 2}], "keep": "sum"}
        assert one.request("call", request, answer=answer).structure["value"]["value"] == 5


def test_the_layers_of_a_model_are_watched(template):
    with worker(template) as one:
        run(one, "from torch import nn\nmodel = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(72, 2))")
        reply = one.request(
            "forward", {"model": {"name": "model"}}, {"images": np.zeros((4, 3, 8, 8), dtype=np.float32)}
        )
        assert reply.structure["shape"] == [4, 2]
        assert [event["kind"] for event in reply.structure["events"]] == ["convolution", "linear"]
        assert reply.arrays["output"].shape == (4, 2) and reply.arrays["alone"].shape == (2, 2)


# What goes wrong and is an answer


def test_an_exception_comes_back_with_its_type_message_cell_and_line(template):
    with worker(template) as one:
        error = run(one, "import numpy as np", "def load():\n    x = 1\n    return np.zeros(3)[7]\n\nload()").error
        assert error == {
            "type": "IndexError",
            "message": "index 7 is out of bounds for axis 0 with size 3",
            "cell": 1,
            "line": 3,
            "function": "load",
        }


def test_the_line_of_an_exception_is_the_one_in_its_cell(template):
    with worker(template) as one:
        statement = {"cell": 4, "line": 12, "source": "x = unknown"}
        error = one.request("run", {"cells": {}, "statements": [statement]}).error
        assert (error["type"], error["cell"], error["line"]) == ("NameError", 4, 12)


def test_a_statement_that_may_fail_does_not_end_the_program(template):
    with worker(template) as one:
        statements = [
            {"cell": 0, "line": 1, "source": "plot(", "optional": True},
            {"cell": 1, "line": 1, "source": "1 / 0", "optional": True},
            {"cell": 2, "line": 1, "source": "x = 5"},
        ]
        assert one.request("run", {"cells": {}, "statements": statements}).error is None
        assert value(one, "x") == 5


def test_the_message_of_an_exception_is_bounded_and_may_be_impossible_to_make(template):
    with worker(template) as one:
        assert len(run(one, "raise ValueError('a' * 10**6)").error["message"]) <= 400
        unspeakable = "class Unspeakable(Exception):\n    def __str__(self): raise self\nraise Unspeakable"
        error = run(one, unspeakable).error
        assert (error["type"], error["message"]) == ("Unspeakable", "")


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import sys\nsys.exit()", "SystemExit"),
        ("exit()", "SystemExit"),
        ("quit(1)", "SystemExit"),
        ("raise SystemExit(3)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("def f(): f()\nf()", "RecursionError"),
        ("x = 'a' * 2**62", "MemoryError"),
    ],
)
def test_leaving_the_program_is_an_error_and_no_dead_worker(template, source, kind):
    with worker(template) as one:
        assert run(one, source).error["type"] == kind
        assert run(one, "x = 1").error is None


def test_asking_for_a_name_that_is_not_there_is_an_error(template):
    with worker(template) as one:
        assert one.request("describe", {"value": {"name": "train_data"}}).error["type"] == "KeyError"
        assert run(one, "x = 1").error is None


# What ends a worker


def test_an_endless_loop_is_out_of_time_and_the_next_worker_works(template):
    with worker(template) as one:
        with pytest.raises(OutOfTime, match=r"longer than the 0\.2 seconds"):
            run(one, "while True: pass", seconds=0.2)
        with pytest.raises(OutOfTime):
            run(one, "x = 1")
    assert_the_next_worker_works(template)


def test_an_endless_loop_that_catches_everything_is_out_of_time_too(template):
    with worker(template) as one, pytest.raises(OutOfTime):
        run(one, "while True:\n    try:\n        while True: pass\n    except BaseException: pass", seconds=0.2)
    assert_the_next_worker_works(template)


def test_waiting_takes_no_time_and_asking_for_input_gives_a_number(template):
    with worker(template) as one:
        reply = run(one, "import time\ntime.sleep(10**6)\nanswer = input('How many epochs? ')", seconds=30)
        assert reply.error is None
        assert value(one, "answer") == "1"
        assert "Nobody answers" in reply.structure["remarks"][0]


def test_touching_too_much_memory_is_out_of_memory_and_the_next_worker_works(template):
    with worker(template) as one, pytest.raises(OutOfMemory, match="more than the 700 MiB"):
        run(one, "import numpy as np\nrows = []\nwhile True: rows.append(np.ones(2**22))")
    assert_the_next_worker_works(template)


@pytest.mark.parametrize("make", ["np.zeros", "np.empty"])
def test_reserving_memory_without_touching_it_is_free(template, make):
    with worker(template) as one:
        assert run(one, f"import numpy as np\nx = {make}((2, 1024, 1024, 1024), np.uint8)\nx[0, 0] = 1").error is None
        assert describe(one, "x")["shape"] == [2, 1024, 1024, 1024]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import os\nos._exit(0)", "^ended its process$"),
        ("import os\nos._exit(3)", "^ended its process$"),
        ("import os\nos.abort()", f"^ended its process: {signal.strsignal(signal.SIGABRT)}$"),
        ("import ctypes\nctypes.string_at(0)", f"^ended its process: {signal.strsignal(signal.SIGSEGV)}$"),
    ],
)
def test_a_process_that_ends_is_told_in_words_and_the_next_worker_works(template, source, words):
    with worker(template) as one:
        with pytest.raises(Died, match=words):
            run(one, source)
        with pytest.raises(Died):
            describe(one, "x")
    assert_the_next_worker_works(template)


def test_a_question_that_nobody_expects_ends_the_worker(template):
    with worker(template) as one:
        run(one, "import torch\ndef ask(model): return model(torch.zeros(1, 3, 448, 224))")
        request = {"function": {"name": "ask"}, "arguments": [{"known_model": 0}], "keep": "x"}
        with pytest.raises(Died, match="no message"):
            one.request("call", request)
    assert_the_next_worker_works(template)


def test_the_scratch_folder_goes_with_its_worker(template):
    with worker(template) as one:
        run(one, "import tempfile\nfolder = tempfile.gettempdir()")
        scratch = Path(value(one, "folder"))
        assert scratch.is_dir()
    assert not scratch.exists()


def test_two_workers_know_nothing_of_each_other(template):
    with worker(template) as one, worker(template) as other:
        run(one, "import builtins\nx = 1\nbuiltins.print = None\nopen('/content/note.txt', 'w').write('1')")
        source = "import os\nprint('here')\nseen = 'x' in globals() or os.path.exists('/content/note.txt')"
        assert run(other, source).error is None
        assert value(other, "seen") is False


# What is printed


def test_prints_come_back_with_the_reply_that_they_belong_to(template):
    with worker(template) as one:
        assert run(one, "import sys\nprint('left')\nprint('right', file=sys.stderr)").structure["printed"] == (
            "left\nright\n"
        )
        assert run(one, "print('again')").structure["printed"] == "again\n"


def test_prints_are_bounded_in_all(template):
    with worker(template) as one:
        replies = [run(one, "for n in range(10**5): print(n)\nprint('a' * 10**6)") for _ in range(3)]
        printed = "".join(reply.structure["printed"] for reply in replies)
        assert printed.startswith("0\n1\n2\n") and len(printed) == LIMITS.output_characters


# What can be imported


@pytest.mark.parametrize(
    "source",
    [
        "import reference",
        "import reference.models",
        "from fixtures.coded import Codebook",
        "from student_template import build",
        "import importlib\nimportlib.import_module('reference.pairs')",
        "__import__('fixtures')",
    ],
)
def test_the_answers_cannot_be_imported(template, source):
    with worker(template) as one:
        assert run(one, source).error["type"] == "ModuleNotFoundError"


def test_the_answers_cannot_be_imported_through_a_file_of_the_bundle(template):
    with worker(template, helpers="from reference.models import CNN") as one:
        error = run(one, "import helpers").error
        assert (error["type"], error["module"], error["line"]) == ("ModuleNotFoundError", "helpers", 1)


def test_colab_is_stood_in_for_without_a_word(template):
    with worker(template) as one:
        reply = run(one, "from google.colab import drive, files\ndrive.mount('/content/drive', force_remount=True)")
        assert reply.error is None
        assert reply.structure["absent_modules"] == []


@pytest.mark.parametrize(
    "source",
    [
        "import torchsomething",
        "from torchsomething import summary\nsummary(1, (3, 448, 224))",
        "import torchsomething.plots as plots\nwith plots.figure() as f: f.show()",
        "import torchsomething\n@torchsomething.timed\ndef f(): return 1\nassert f() == 1",
    ],
)
def test_an_absent_library_is_stood_in_for_and_reported(template, source):
    with worker(template) as one:
        reply = run(one, source)
        assert reply.error is None
        assert reply.structure["absent_modules"] == ["torchsomething"]


def test_a_value_of_an_absent_library_is_known_as_a_stand_in(template):
    with worker(template) as one:
        run(one, "from torchsomething import load_images\ntrain_data = load_images('train')")
        assert describe(one, "train_data") == {"kind": "stand-in", "module": "torchsomething"}


def test_a_library_goes_on_finding_its_optional_libraries_absent(template):
    with worker(template) as one:
        reply = run(one, "import matplotlib.pyplot, numpy, PIL.Image, torch.utils.data, json, pathlib")
        assert (reply.error, reply.structure["absent_modules"]) == (None, [])


def test_a_file_of_the_bundle_can_be_imported(template):
    with worker(template, functions="import numpy as np\ndef double(x): return 2 * np.asarray(x)") as one:
        assert run(one, "from functions import double\nimport functions\nx = double(4)").error is None
        assert value(one, "x") == 8


def test_a_file_of_the_bundle_comes_before_an_answer_of_the_same_name(template):
    with worker(template, reference="here = 'mine'") as one:
        assert run(one, "from reference import here").error is None
        assert value(one, "here") == "mine"


def test_an_exception_in_a_file_of_the_bundle_names_the_file_and_its_line(template):
    with worker(template, functions="def half(x):\n    return x / 0") as one:
        error = run(one, "import functions\nfunctions.half(1)").error
        assert (error["type"], error["module"], error["line"]) == ("ZeroDivisionError", "functions", 2)


def test_magics_and_shell_lines_of_a_notebook_do_nothing(template):
    with worker(template) as one:
        source = "get_ipython().run_line_magic('matplotlib', 'inline')\nget_ipython().system('exit 1')\ndisplay(3)"
        assert run(one, source).error is None


# Luck

DRAW = (
    "import random, numpy as np, torch\n"
    "drawn = [random.random(), float(np.random.rand()), float(torch.rand(1)), float(torch.nn.Linear(1, 1).weight)]"
)


def drawn(worker, draw=0):
    run(worker, DRAW, draw=draw)
    return [item["value"] for item in describe(worker, "drawn")["items"]]


def test_every_request_draws_the_same_random_numbers_from_the_same_seed(template):
    with worker(template, seed=7) as one, worker(template, seed=7) as other:
        first = drawn(one)
        assert drawn(one) == first
        assert drawn(other) == first


def test_another_seed_and_another_draw_give_other_random_numbers_everywhere(template):
    with worker(template, seed=7) as one, worker(template, seed=8) as other:
        several = [drawn(one), drawn(one, draw=5), drawn(other)]
        assert all(len(set(numbers)) == 3 for numbers in zip(*several, strict=True))


def test_sets_and_dictionaries_of_text_have_one_order_in_every_run(template):
    with worker(template) as one, worker(template) as other:
        for each in (one, other):
            run(each, "order = ' '.join({'left', 'right', 'train', 'test_w', 'test_m'})")
        assert value(one, "order") == value(other, "order")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here, and code for it runs on it")
@pytest.mark.parametrize(
    "source",
    [
        "x = float(torch.ones(3).cuda().sum())",
        "x = float(torch.ones(3, device='cuda').sum())",
        "x = torch.nn.Linear(2, 3, device=torch.device('cuda:0')).to('cuda')(torch.zeros(1, 2).to('cuda')).numel()",
        "model = torch.nn.Conv2d(3, 3, 1).cuda()\nx = float(model(torch.zeros(1, 3, 1, 1).to(device='cuda')).numel())",
    ],
)
def test_code_that_is_written_for_a_gpu_runs_on_what_is_there(template, source):
    with worker(template) as one:
        reply = run(one, "import torch", source)
        assert reply.error is None, reply.error
        assert value(one, "x") == 3


def test_a_template_that_was_killed_is_started_anew():
    with Template(LIMITS) as template:
        template._process.kill()
        template._process.wait()
        with worker(template) as one:
            assert run(one, "x = 1").error is None
            assert value(one, "x") == 1


def test_a_template_that_nobody_needed_is_not_waited_for_and_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    template = Template(LIMITS)
    process, done = template._process, []
    kill, wait = process.kill, process.wait
    monkeypatch.setattr(process, "kill", lambda: (done.append("kill"), kill()))
    monkeypatch.setattr(process, "wait", lambda timeout=None: (done.append("wait"), wait(timeout)))
    template.close()
    assert done == ["kill", "wait"] and process.returncode == -signal.SIGKILL
    assert not list(tmp_path.iterdir())


def test_a_template_that_has_forked_workers_ends_them_and_itself():
    with Template(LIMITS) as template:
        descriptor = os.pidfd_open(template.fork(None, 0)._pid)
    assert template._process.returncode is not None
    assert select.select([descriptor], [], [], 30)[0] == [descriptor]
    os.close(descriptor)


def test_a_judge_that_is_killed_leaves_no_worker_behind(tmp_path):
    script = tmp_path / "judge.py"
    script.write_text(
        "from autograder.boundary.workers import Template\n"
        "from autograder.rubric import Limits\n"
        "template = Template(Limits(60, 60, 700, 100, 2000, 40))\n"
        "worker = template.fork(None, 0)\n"
        "print(worker._pid, flush=True)\n"
        "statement = {'cell': 0, 'line': 1, 'source': 'while True: pass'}\n"
        "worker.request('run', {'cells': {}, 'statements': [statement]})\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as judge:
        assert judge.stdout is not None
        descriptor = os.pidfd_open(int(judge.stdout.readline()))
        judge.kill()
    # The descriptor becomes readable when the worker has ended.
    assert select.select([descriptor], [], [], 30)[0] == [descriptor]
    os.close(descriptor)
