"""Programs that ask, wait, leave, print, start things: a fair grader sees what they compute, and nothing else."""

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.grading import Grader
from autograder.session import Setup, grade_path, prepare
from autograder.submission.bundle import bundle_of_cells
from autograder.verdict import Verdict
from fixtures.brief import with_a_brief_training
from fixtures.compose import solution_notebook, write_notebook

NOBODY = "Nobody answers `input()`"
LOOP = "            optimizer.step()\n"
CURVE = "    curve = LearningCurve()\n"


@pytest.fixture(scope="module")
def pairs_grader(small_data: Path, grader: Grader) -> Grader:
    """A grader of nothing but pairs, which is quick."""
    return grader.sibling(prepare(small_data).data_set, ["same"])


def solution(*changes: tuple[str, str, str]):
    """The solution notebook with changes: the id of a cell, what is replaced there ("" for its end), and by what."""
    notebook = solution_notebook()
    for place, old, new in (("setup-imports", "", "import logging, os, sys, threading, time, warnings"), *changes):
        (cell,) = [cell for cell in notebook.cells if cell.id == place]
        assert not old or cell.source.count(old) == 1, (place, old)
        cell.source = cell.source.replace(old, new) if old else f"{cell.source}\n{new}"
    return notebook


def in_generator(code: str):
    """The solution with lines of code at the top of `generate_same_pair`, where they are sure to run."""
    return ("q1b-generate-same-pair", '    """\n', f'    """\n{textwrap.indent(code, "    ")}\n')


def verdicts(folder: Path, setup: Setup, grader: Grader, notebook) -> dict[str, Verdict]:
    write_notebook(folder / "submission.ipynb", notebook)
    return dict(grade_path(folder / "submission.ipynb", setup, grader).verdicts)


def outcomes(found: dict[str, Verdict]) -> dict[str, str]:
    """What did not pass, and why."""
    return {id: f"{v.outcome.value}: {v.observed}" for id, v in found.items() if v.outcome.value != "pass"}


HARMLESS = {
    "prints megabytes": "for _ in range(10**5): print('x' * 99)\nprint('x' * 10**7)",
    "waits": "time.sleep(3600)",
    "prints into a file": "sys.stdout = open('log.txt', 'w')\nprint('here')",
    "prints bytes": "sys.stdout.buffer.write(b'x')\nsys.stdout.reconfigure(encoding='utf-8')\nsys.stdout.flush()",
    "logs": "logging.basicConfig(level=logging.DEBUG, filename='run.log')\nlogging.info('here')",
    "shows figures": "plt.plot([1])\nplt.show()\nplt.pause(0.1)\nplt.draw()",
    "wants a window": "import matplotlib\nmatplotlib.use('TkAgg')\nplt.switch_backend('Qt5Agg')",
    "shows progress": "from tqdm.notebook import tqdm\nfrom tqdm import tqdm_notebook, trange\n"
    "for _ in tqdm(range(2), desc='x'): pass\nfor _ in tqdm_notebook(range(2)): pass\nlist(trange(2))",
    "shows progress by hand": "from tqdm.auto import tqdm\nbar = tqdm(total=3)\nbar.update(1)\nbar.set_postfix(loss=1)",
    "displays": "from IPython.display import clear_output, HTML, display\nclear_output(wait=True)\ndisplay(HTML('x'))",
    "asks for the notebook": "from IPython import get_ipython\nget_ipython().run_line_magic('matplotlib', 'inline')\n"
    "get_ipython().magic('%matplotlib inline')",
    "has magics": "%matplotlib inline\n%load_ext autoreload\n!pip install torch\n%cd /content",
    "unpacks with a command": "import subprocess\nsubprocess.run(['unzip', '-q', 'data.zip'], check=True)\n"
    "subprocess.check_output('nvidia-smi', shell=True)\nos.system('exit 1')\nos.popen('ls').read()",
    "unpacks what is not here": "import zipfile\nwith zipfile.ZipFile('/content/data.zip') as z: z.extractall('data')",
    "downloads": "import urllib.request\nurllib.request.urlretrieve('http://127.0.0.1:9/data.zip', 'data.zip')",
    "changes the folder": "os.chdir('/content/drive/MyDrive/nowhere')",
    "sets an alarm": "import signal\nsignal.alarm(1)\nsum(range(10**8))",
    "starts a thread that never ends": "def wait():\n    while True: time.sleep(1)\n"
    "threading.Thread(target=wait).start()",
    "leaves something for the end": "import atexit\natexit.register(lambda: 1 / 0)",
    "makes errors of warnings": "warnings.simplefilter('error')\nwarnings.filterwarnings('error')\n"
    "torch.nn.init.xavier_uniform(torch.zeros(2, 2))\ntorch.zeros(2, 3, 4).T\nF.softmax(torch.zeros(2, 2))",
    "makes errors of rounding": "np.seterr(all='raise')",
    "sets up processes": "import torch.multiprocessing as mp\n"
    "mp.set_start_method('spawn')\nmp.set_start_method('fork')",
    "sets up torch": "torch.set_num_threads(4)\ntorch.set_num_interop_threads(2)",
    "sets up a GPU": "torch.set_default_tensor_type('torch.cuda.FloatTensor')\ntorch.cuda.set_device(0)\n"
    "torch.cuda.synchronize()\nassert torch.cuda.FloatTensor([1]).type(torch.cuda.LongTensor).sum() == 1",
    "sets up Python": "import faulthandler\nsys.setrecursionlimit(10**5)\nfaulthandler.enable()\n"
    "os.environ['CUDA_VISIBLE_DEVICES'] = '0'",
    "sets up a language": "import locale\nlocale.setlocale(locale.LC_ALL, 'de_DE.UTF-8')",
    "writes for TensorBoard": "from torch.utils.tensorboard import SummaryWriter\n"
    "writer = SummaryWriter('runs')\nwriter.add_scalar('loss', 1.0, 1)\nwriter.close()",
    "reads the command line": "import argparse\nparser = argparse.ArgumentParser()\n"
    "parser.add_argument('--lr', type=float, default=0.1)\nassert parser.parse_args().lr == 0.1 and len(sys.argv) == 1",
    "asks where it lies": "assert os.path.dirname(os.path.abspath(__file__))",
    "saves a table": "import pandas\npandas.DataFrame({'a': [1]}).to_csv('log.csv')\n"
    "assert len(pandas.read_csv('log.csv')) == 1",
}


@pytest.mark.parametrize("code", HARMLESS.values(), ids=HARMLESS)
def test_what_has_nothing_to_do_with_the_question_costs_nothing(
    tmp_path: Path, setup: Setup, pairs_grader: Grader, code: str
) -> None:
    if "import pandas" in code:
        pytest.importorskip("pandas")
    found = verdicts(tmp_path, setup, pairs_grader, solution(in_generator(code)))
    assert outcomes(found) == {}
    assert all(not verdict.remark for verdict in found.values())


@pytest.mark.parametrize(
    "code",
    [
        "int(input('How many epochs? '))",
        "float(input('Learning rate: ').strip())",
        "if input('Press Enter to go on') is None: raise ValueError",
        "while input('Go on? (y/n) ') != 'y': pass",
        "while input('Another one? ').lower() not in ('n', 'no'): pass",
        "while input(): pass",
        "import getpass\ngetpass.getpass()",
    ],
)
def test_a_question_gets_an_answer_and_a_remark(tmp_path: Path, setup: Setup, pairs_grader: Grader, code: str) -> None:
    found = verdicts(tmp_path, setup, pairs_grader, solution(in_generator(code)))
    assert outcomes(found) == {}
    assert all(verdict.remark.startswith(NOBODY) for verdict in found.values())
    assert all(verdict.remark.count(NOBODY) == 1 for verdict in found.values())


def test_a_question_that_no_answer_satisfies_stops_soon_and_says_so(
    tmp_path: Path, setup: Setup, pairs_grader: Grader
) -> None:
    found = verdicts(tmp_path, setup, pairs_grader, solution(in_generator("while input('Password? ') != 'x1': pass")))
    assert "EOFError: input() was asked again and again" in found["same.shape"].observed


@pytest.mark.parametrize("leave", ["exit()", "quit(1)", "sys.exit('done')", "os._exit(0)", "raise SystemExit"])
def test_leaving_between_cells_costs_nothing_that_does_not_need_it(
    tmp_path: Path, setup: Setup, pairs_grader: Grader, leave: str
) -> None:
    changed = solution(("q1-data-path", "", leave), ("q1b-look", "", leave))
    assert outcomes(verdicts(tmp_path, setup, pairs_grader, changed)) == {}


def test_leaving_in_the_middle_of_what_is_asked_for_is_its_own_failure(
    tmp_path: Path, setup: Setup, pairs_grader: Grader
) -> None:
    found = verdicts(tmp_path, setup, pairs_grader, solution(in_generator("sys.exit(1)")))
    assert "SystemExit" in found["same.shape"].observed


READ = """
def _read(path):
    target = np.empty((224, 224, 3), np.float32)
    _load_photograph(path, target)
    return target
"""
THREADS = """    with ThreadPoolExecutor() as threads:
        list(threads.map(_load_photograph, paths, targets))
"""


@pytest.mark.parametrize(
    "pool",
    ["multiprocessing.Pool(2)", "concurrent.futures.ProcessPoolExecutor(2)", "multiprocessing.pool.ThreadPool(2)"],
)
def test_photographs_may_be_read_by_several_processes(
    tmp_path: Path, small_data: Path, grader: Grader, pool: str
) -> None:
    loop = f"    with {pool} as pool:\n        for target, read in zip(targets, pool.map(_read, paths)):"
    loop += " target[...] = read\n"
    changed = solution(
        ("setup-imports", "", "import multiprocessing, multiprocessing.pool, concurrent.futures"),
        ("q1a-get-organized-data", THREADS, loop),
        ("q1a-get-organized-data", "", READ),
    )
    setup = prepare(small_data, only=["data"])
    assert outcomes(verdicts(tmp_path, setup, grader.sibling(setup.data_set, ["data"]), changed)) == {}


# Training


def trained(*changes: tuple[str, str, str]):
    """The solution with changes, and with a training that does not take long."""
    return with_a_brief_training(solution(*changes))


@pytest.fixture(scope="module")
def training(small_data: Path, grader: Grader) -> Iterator[tuple[Setup, Grader]]:
    setup = prepare(small_data, only=["train"])
    yield setup, grader.sibling(setup.data_set, ["train"])


def test_a_training_may_wait_print_warn_and_start_threads(tmp_path: Path, training: tuple[Setup, Grader]) -> None:
    threads = "    def watch():\n        while True: time.sleep(1)\n    threading.Thread(target=watch).start()\n"
    noise = (
        "            sys.stdout = open('log.txt', 'a')\n            print('x' * 10**5)\n            time.sleep(9)\n"
        "            plt.plot(curve.losses)\n            plt.show()\n"
    )
    errors = "            warnings.simplefilter('error')\n            F.softmax(torch.zeros(2, 2))\n"
    changed = trained(("q3a-train", CURVE, CURVE + threads), ("q3a-train", LOOP, errors + LOOP + noise))
    assert outcomes(verdicts(tmp_path, *training, changed)) == {}


def test_a_program_may_leave_when_it_has_trained(tmp_path: Path, training: tuple[Setup, Grader]) -> None:
    changed = trained(
        ("q3a-train", "    return curve", "    plot_learning_curve(curve)\n    sys.exit()"),
        ("q3c-training", "epochs = 10\n", "epochs = 10\nexit()\n"),
    )
    found = outcomes(verdicts(tmp_path, *training, changed))
    assert "train.runs" not in found and "train.updates" not in found


def test_what_a_training_used_of_former_libraries_is_remarked_upon_once_and_costs_nothing(
    tmp_path: Path, training: tuple[Setup, Grader]
) -> None:
    made = "    scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, 'max', verbose=True)\n"
    whole = "                torch.save(model, checkpoint_path)\n                torch.load(checkpoint_path)"
    changed = trained(
        ("q3a-train", CURVE, CURVE + made),
        ("q3a-train", "        report(curve)\n", "        report(curve)\n        scheduler.step(np.float(1))\n"),
        ("q3a-train", "                torch.save(best_weights, checkpoint_path)", whole),
    )
    found = verdicts(tmp_path, *training, changed)
    assert outcomes(found) == {}
    for words in (
        "`verbose=` of schedulers",
        "`np.float` was removed in NumPy 1.24",
        "`torch.load` loads only weights",
    ):
        assert found["train.runs"].remark.count(words) == 1


# Scripts

DEFINED = frozenset(
    "setup-imports q1a-helper q1a-get-organized-data q1a-split-by-student q1b-generate-same-pair "
    "q1c-generate-different-pair q2a-CNN q2b-CNNChannel q2d-get-accuracy q3a-helper q3a-train".split()
)
MAIN = "def main():\n{indented}\n"
SCRIPTS = {
    "at import": "{plain}",
    "under a guard": "if __name__ == '__main__':\n{indented}",
    "in a function under a guard": MAIN + "\nif __name__ == '__main__':\n    main()",
    "in a function that gives a status": MAIN + "    return 0\n\nif '__main__' == __name__:\n    sys.exit(main())",
    "in a function called at once": MAIN + "\nmain()",
}


@pytest.mark.parametrize("form", SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_may_do_its_work_in_any_of_the_usual_places(
    tmp_path: Path, setup: Setup, grader: Grader, form: str
) -> None:
    cells = [cell for cell in solution_notebook().cells if cell.cell_type == "code"]
    definitions = "\n\n".join(cell.source for cell in cells if cell.id in DEFINED)
    own = [c.source for c in cells if c.id not in DEFINED and "self-check" not in c.id and "autograder" not in c.id]
    work = "\n\n".join(own)
    script = tmp_path / "assignment3.py"
    script.write_text(f"{definitions}\n\n{form.format(plain=work, indented=textwrap.indent(work, '    '))}\n")
    assert outcomes(dict(grade_path(script, setup, grader).verdicts)) == {}


@pytest.mark.parametrize(
    ("source", "statements"),
    [
        ("x = 1\nif __name__ == '__main__':\n    y = 2\n    z = '''\n  text'''", ["x = 1", "y = 2", "z = '\\n  text'"]),
        ("if __name__ == '__main__': a = 1; b = 2", ["a = 1", "b = 2"]),
        ("def main():\n    global g\n    g = 3\n\nmain()", ["g = 3"]),
        (
            "def main():\n    a = 1\ndef f(): return 2\nif __name__ == '__main__': main()",
            ["def f(): return 2", "a = 1"],
        ),
        ("def main():\n    if x: return\n    a = 1\nmain()", ["def main():\n    if x: return\n    a = 1", "main()"]),
        ("def main(x, y=2):\n    a = x\nmain([3])", ["x = [3]", "y = 2", "a = x"]),
        ("def main(x):\n    a = 1\nmain()", ["def main(x):\n    a = 1", "main()"]),
        ("def main(*x):\n    a = 1\nmain(3)", ["def main(*x):\n    a = 1", "main(3)"]),
        ("def main():\n    a = 1", ["def main():\n    a = 1"]),
        ("if __name__ == 'helpers':\n    a = 1", ["if __name__ == 'helpers':\n    a = 1"]),
    ],
)
def test_the_main_part_of_a_script_becomes_statements_where_that_says_the_same(
    source: str, statements: list[str]
) -> None:
    assert [s.source.strip() for s in bundle_of_cells([source], "script", {}).statements] == statements
