"""Code that reaches for the process it runs in waits for a person; code that merely looks unusual does not."""

import pytest

from autograder.checks.held import held
from autograder.evidence.kinds import CnnRun, LoadedData
from autograder.evidence.training_kinds import TrainingRun
from autograder.program.reaching import Reach, reaches
from autograder.submission.bundle import bundle_of_cells
from autograder.verdict import Outcome, failed, partial, passed
from fixtures.compose import read_submissions

REACHING = {
    "frames of callers": "import sys\nframe = sys._getframe(1)",
    "frames by inspect": "import inspect\ninspect.currentframe()",
    "frames by inspect, imported": "from inspect import stack\nstack()",
    "frames of exceptions": "try: 1 / 0\nexcept Exception as e: e.__traceback__.tb_frame.f_back.f_locals",
    "closures": "import torch\ntorch.save.__closure__[0].cell_contents",
    "all objects": "import gc\ngc.get_objects()",
    "who refers to an object": "from gc import get_referrers",
    "modules of the grader": "import autograder.worker.loop",
    "what is in the grader": "from autograder import worker",
    "the solution": "from reference.models import CNN",
    "memory": "import ctypes\nctypes.string_at(0)",
    "its files in /proc": "open('/proc/self/maps').read()",
    "descriptors": "import os\nos.write(3, b'x')",
    "a connection by its number": "import socket\nsocket.socket(fileno=3)",
    "an early end": "import os\nos._exit(0)",
    "modules one by one": "import sys\nfor name in list(sys.modules): pass",
    "names put together": "getattr(object, '__sub' + 'classes__')()",
    "names put together by join": "getattr(object, ''.join(['__sub', 'classes__']))",
    "names as text": "getattr(print, '__closure__')",
    "text that is decoded": "import base64\nexec(base64.b64decode('cHJpbnQoMSk='))",
    "text made of numbers": "eval(''.join(chr(i) for i in (49, 43, 49)))",
    "layers exchanged": "import torch\ntorch.nn.Conv2d.forward = lambda self, x: x",
    "functions exchanged": "import torch.nn.functional as F\nF.conv2d = print",
    "functions exchanged by name": "setattr(torch.nn.functional, 'linear', print)",
    "tensors exchanged": "import torch\ntorch.Tensor.backward = lambda self: None",
    "messages exchanged": "import json\njson.dumps = lambda *a, **k: '{}'",
    "a trace function": "import sys\nsys.settrace(print)",
}

INNOCENT = {
    "a self-check": "import autograder\nautograder.check('1b')",
    "memory given back": "import gc\ngc.collect()",
    "settings of torch": "torch.backends.cudnn.deterministic = True\ntorch.backends.cudnn.benchmark = False",
    "pickles allowed again": "old = np.load\nnp.load = lambda *a, **k: old(*a, allow_pickle=True, **k)",
    "certificates passed over": "import ssl\nssl._create_default_https_context = ssl._create_unverified_context",
    "large pictures": "from PIL import Image, ImageFile\nImageFile.LOAD_TRUNCATED_IMAGES = True",
    "its own attributes": "class A:\n    def __init__(self): self.model = self.data = self.json = 1",
    "frozen weights": "for p in net.parameters(): p.requires_grad = False",
    "weights set by hand": "net.fc.weight.data = torch.zeros(2, 2)\nnet.fc.weight = nn.Parameter(torch.ones(2, 2))",
    "a layer chosen by name": "getattr(nn, name)(3)\nsetattr(self, f'conv{i}', nn.Conv2d(3, 3, 3))",
    "a module forgotten": "if 'helpers' in sys.modules: del sys.modules['helpers']",
    "a file executed": "exec(open('functions.py').read())",
    "prints kept in a file": "sys.stdout = open('log.txt', 'w')",
    "a function's own words": "print(train.__name__, train.__doc__)\nsuper(A, self).__init__()",
}


@pytest.mark.parametrize("code", REACHING.values(), ids=REACHING)
def test_code_that_reaches_for_its_process_is_found_with_its_cell(code: str) -> None:
    found = reaches(bundle_of_cells(["x = 1", code], "notebook", {}))
    assert found and found[0].place.startswith("cell "), code


def test_it_is_found_in_files_beside_the_notebook_too() -> None:
    found = reaches(bundle_of_cells(["import helpers"], "notebook", {"helpers": "import gc\ngc.get_objects()"}))
    assert [str(reach) for reach in found] == ["`get_objects` (helpers.py)"]


@pytest.mark.parametrize("code", INNOCENT.values(), ids=INNOCENT)
def test_what_students_write_for_reasons_of_their_own_is_none_of_it(code: str) -> None:
    assert reaches(bundle_of_cells([code], "notebook", {})) == ()


def test_no_sample_of_honest_work_reaches_for_its_process() -> None:
    for name, submission in read_submissions("unusual").items():
        sources = [cell.source for cell in submission.notebook().cells if cell.cell_type == "code"]
        assert reaches(bundle_of_cells(sources, name, {})) == (), name


REACH = Reach("cell 3", "`get_objects`")


@pytest.mark.parametrize("earned", [passed("two layers"), partial("two layers", "one")])
def test_points_for_what_is_watched_wait_for_a_person_who_is_told_where_to_look(earned) -> None:
    verdict = held(TrainingRun, earned, [REACH])
    assert verdict.outcome is Outcome.MANUAL and "`get_objects` (cell 3)" in verdict.observed


def test_what_is_no_matter_of_watching_stays_and_so_does_a_failure() -> None:
    assert held(LoadedData, passed("floats"), [REACH]).outcome is Outcome.PASS
    assert held(CnnRun, failed("two layers", "one"), [REACH]).outcome is Outcome.FAIL
    assert held(CnnRun, passed("two layers"), []).outcome is Outcome.PASS
