"""Code written for the libraries of its term runs as it was meant then, and the verdict has a remark on it."""

import importlib.util
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest
from PIL import Image

from autograder.evidence.laboratory import LONGEST_REMARK
from autograder.rubric import Limits
from autograder.worker.former.entries import Gone
from autograder.worker.former.mending import resolved
from autograder.worker.former.table import FORMER

LIMITS = Limits(
    program_seconds=60,
    call_seconds=60,
    memory_mebibytes=700,
    scratch_mebibytes=100,
    output_characters=2000,
    notebook_mebibytes=40,
)


@pytest.fixture(scope="module")
def template(limited):
    return limited(LIMITS)


@contextmanager
def worker(template):
    """A fresh worker without data."""
    worker = template.fork(None, 0, trains=True)
    try:
        yield worker
    finally:
        worker.close()


def run(worker, *cells):
    """The reply to a program whose cells are numbered from 0."""
    statements = [{"cell": number, "line": 1, "source": source} for number, source in enumerate(cells)]
    return worker.request("run", {"cells": {}, "statements": statements})


def is_here(place):
    return importlib.util.find_spec(place.partition(":")[0].split(".")[0]) is not None


def needs(source):
    """The libraries of a line that may be absent where these tests run."""
    return [name for name in ("pandas", "scipy", "sklearn", "skimage", "imageio") if name in source]


# Each line holds by itself, and the remark has the words beside it.

NUMPY = {
    "assert np.float(3) == 3.0 and np.zeros(2, dtype=np.float).dtype == 'f8'": "np.float` was removed in NumPy 1.24",
    "assert np.array([1.7]).astype(np.int)[0] == 1": "np.int` was removed in NumPy 1.24; it meant `int`.",
    "assert np.zeros(2, np.object)[0] == 0": "np.object`",
    "assert np.float_(1) == 1 and np.complex_(1) == 1": "it meant `np.float64`",
    "assert np.product([2, 3]) == 6 and list(np.cumproduct([2, 3])) == [2, 6]": "it meant `np.prod`",
    "assert np.alltrue([1, 1]) and np.sometrue([0, 1])": "np.alltrue`",
    "assert np.asfarray([1, 2]).dtype == 'f8'": "np.asfarray`",
    "assert np.isnan(np.NaN) and np.Inf == np.infty == -np.NINF": "np.NaN`",
    "assert np.asscalar(np.array([4])) == 4": "np.asscalar`",
    "np.warnings.filterwarnings('ignore', category=np.VisibleDeprecationWarning)": "np.warnings`",
    "assert np.in1d([1, 2], [2]).tolist() == [False, True]": "",
    "assert np.trapz([1, 1, 1]) == 2": "",
    "assert np.row_stack([[1], [2]]).shape == (2, 1)": "",
    "assert 1 <= np.random.random_integers(1, 2) <= 2": "",
    "assert np.array([[1, 2], [3]]).dtype == object": "rows of several lengths needs `dtype=object` since NumPy 1.24",
    "assert np.array([1], dtype='i4').astype('f8').dtype == np.array([1], dtype='f8', copy=False).dtype": "",
    "assert np.vstack(row for row in ([1], [2])).shape == (2, 1)": "takes a list and no generator",
    "np.save('/content/x.npy', {'a': 1})\nassert np.load('/content/x.npy').item() == {'a': 1}": "allow_pickle=True",
    "np.savez('/content/x.npz', a=np.array([None, 1]))\nassert np.load('/content/x.npz')['a'][1] == 1": "",
}
SCHEDULER = "s = optim.lr_scheduler.{}\noptimizer.step()\ns.step(*[1.0] if 'Plateau' in str(s) else [])"
TORCH = {
    **{
        SCHEDULER.format(made): "`verbose=` of schedulers"
        for made in (
            "StepLR(optimizer, 1, verbose=True)",
            "StepLR(optimizer, 1, 0.1, -1, True)",
            "ReduceLROnPlateau(optimizer, 'min', verbose=True)",
            "ReduceLROnPlateau(optimizer, 'min', 0.1, 5, True)",
            "ReduceLROnPlateau(optimizer, 'min', 0.1, 5, True, 1e-3)",
            "LambdaLR(optimizer, lambda epoch: 1, verbose=True)",
            "OneCycleLR(optimizer, 0.1, 10, verbose=False)",
            "CosineAnnealingWarmRestarts(optimizer, 1, verbose=True)",
        )
    },
    "x = torch.nn.Conv2d(3, 4, 3)(torch.rand(2, 8, 8, 3).permute(0, 3, 1, 2))\n"
    "assert torch.equal(x.view(2, -1), x.reshape(2, -1))": "`view` refuses what comes of them",
    "class Mine(optim.lr_scheduler._LRScheduler):\n"
    "    def __init__(self, o): super().__init__(o, -1, True)\n"
    "    def get_lr(self): return [0.5]\n"
    "assert Mine(optimizer).get_last_lr() == [0.5]": "`verbose=` of schedulers",
    "assert iter(torch.utils.data.DataLoader([1, 2])).next() == 1": "`.next()` is gone from newer versions of PyTorch",
    "torch.save(model, 'm.pt')\nassert type(torch.load('m.pt')).__name__ == 'Net'": "PyTorch 2.6",
    "torch.save({'best': np.float64(3), 'model': model}, 'm.pt')\n"
    "assert torch.load('m.pt')['best'] == 3": "PyTorch 2.6",
    "with open('m.pt', 'wb') as f: torch.save(model, f)\n"
    "with open('m.pt', 'rb') as f: assert torch.load(f, map_location='cpu').fc.weight.shape == (2, 2)": "PyTorch 2.6",
    "mask = torch.arange(3) == 1\nassert (1 - mask).tolist() == [1, 0, 1]": "`1 - mask` meant `~mask`",
    "loss = torch.tensor(1.5)\nassert loss.data[0] == 1.5 and loss[0] == 1.5": "it meant `.item()`",
    "from torch._six import string_classes, container_abcs\nassert string_classes is str": "torch._six.string_classes",
    "assert torch.arange(4)[torch.ByteTensor([1, 0, 1, 0])].tolist() == [0, 2]": "",
    "assert F.upsample(torch.zeros(1, 1, 2, 2), scale_factor=2).shape[-1] == 4": "",
    "assert nn.CrossEntropyLoss(size_average=False).reduction == 'sum'": "",
    "from torch.autograd import Variable\nassert not Variable(torch.ones(1), volatile=True).requires_grad": "",
    "from torch.cuda.amp import autocast, GradScaler\n"
    "with autocast(): GradScaler().scale(model(torch.ones(1, 2)).sum()).backward()": "",
}
DRAWING = {
    "assert Image.new('RGB', (4, 4)).resize((2, 2), Image.ANTIALIAS).size == (2, 2)": "Image.LANCZOS`",
    "w, h = ImageDraw.Draw(Image.new('L', (40, 40))).textsize('hi')\nassert w > 5 and h > 5": "ImageDraw.textsize`",
    "assert ImageFont.load_default().getsize('hi')[0] > 5": "getsize`",
    "plt.style.use('seaborn-whitegrid')\nplt.style.use(['seaborn', 'seaborn-poster'])": "seaborn-v0_8-...` since",
    "with plt.style.context('seaborn-dark'): plt.plot([1])": "seaborn-v0_8-...` since",
    "assert plt.cm.get_cmap('jet', 5).N == 5 and plt.cm.spectral": "cm.get_cmap` was removed in Matplotlib 3.9",
    "assert plt.hist([1, 2], bins=2, normed=True)[0].sum() > 0\nplt.gca().hist([1], normed=1)": "meant `density=`",
    "plt.gcf().canvas.set_window_title('curve')": "set_window_title`",
    "assert plt.gca(projection='polar').name == 'polar'": "meant `add_subplot(projection=...)`",
    "assert plt.gcf().gca(projection='3d').name == '3d'": "meant `add_subplot(projection=...)`",
    "plt.grid(b=True)\nplt.gca().grid(b=None)": "meant `visible=`",
    "plt.bar(left=[1], height=[2])": "meant `x=`",
    "plt.annotate(s='here', xy=(0, 0))": "meant `text=`",
    "plt.subplot(111, axisbg='red')": "meant `facecolor=`",
    "plt.plot([1])\nplt.tight_layout(1.5)": "takes nothing after `pad` without its name",
    "plt.plot([1])\nplt.savefig('curve.png', quality=90, frameon=False)": "`quality=`",
    "plt.boxplot([1, 2], labels=['a'])\nplt.stem([1], use_line_collection=True)": "use_line_collection=`",
    "plt.plot([1], label='a')\nassert len(plt.legend().legendHandles) == 1": "legendHandles`",
    "plt.gcf().canvas.draw()\nassert len(plt.gcf().canvas.tostring_rgb()) % 3 == 0": "tostring_rgb`",
    "plt.hold(True)\nplt.gca().set_color_cycle(['r'])": "plt.hold`",
}
PICTURES = {
    "from scipy.misc import imread\nassert imread(name).shape == (4, 6, 4)": "was removed in SciPy 1.2",
    "import scipy.misc\nassert scipy.misc.imread(name, mode='RGB').shape == (4, 6, 3)": "scipy.misc.imread`",
    "from scipy.misc import imresize\n"
    "small = imresize(np.linspace(-0.5, 0.5, 48).reshape(4, 4, 3), (2, 3))\n"
    "assert small.shape == (2, 3, 3) and small.dtype == 'u1' and np.ptp(small.astype(int)) > 100": "imresize`",
    "import scipy.misc\nscipy.misc.imsave('a.png', np.eye(4))\nassert Image.open('a.png').size == (4, 4)": "imsave`",
    "import scipy\nassert scipy.mean([1, 3]) == 2": "scipy.mean`",
    "from scipy.integrate import simps\nassert simps([1, 1, 1]) == 2": "scipy.integrate.simps`",
    "from scipy.signal import gaussian\nassert len(gaussian(5, 1)) == 5": "scipy.signal.gaussian`",
    "from sklearn.cross_validation import train_test_split\n"
    "assert len(train_test_split(range(4), test_size=2)[0]) == 2": "scikit-learn 0.20",
    "from sklearn.externals import joblib\njoblib.dump([1], 'a.pkl')\nassert joblib.load('a.pkl') == [1]": "joblib`",
    "from sklearn.model_selection import KFold\nassert KFold(3, True, 1).shuffle is True": "after `n_splits`",
    "from sklearn.metrics import confusion_matrix as m\nassert m([1], [1], [0, 1]).shape == (2, 2)": "y_true`",
    "from skimage.measure import compare_mse\nassert compare_mse(np.ones(4), np.zeros(4)) == 1": "compare_mse`",
    "from skimage import io\nassert io.imread(name[:-3] + 'jpg', as_grey=True).ndim == 2": "`as_grey=`",
    "from skimage.transform import rescale\n"
    "assert rescale(np.ones((4, 4, 3)), 0.5, multichannel=True).shape == (2, 2, 3)": "`channel_axis=-1`",
    "import imageio\nassert imageio.imread(name, as_gray=True).ndim == 2": "`as_gray=`",
}
PANDAS = {
    "t = pd.DataFrame(columns=['epoch', 'loss'])\n"
    "for n in range(2): t = t.append({'epoch': n, 'loss': 0.5}, ignore_index=True)\n"
    "assert t.shape == (2, 2) and t['epoch'].tolist() == [0, 1]": "`pd.concat`",
    "assert t.append(t).shape == (4, 2) and t['a'].append(t['a']).shape == (4,)": "`pd.DataFrame.append` was removed",
    "assert t.ix[0, 'a'] == 1 and t.ix[1].tolist() == [2, 4]": "pd.DataFrame.ix`",
    "assert t.T.ix[0, 1] == 2 and t.T.ix[:1].shape == (1, 2)": "pd.DataFrame.ix`",
    "t.ix[0, 'a'] = 9\nassert t['a'][0] == 9": "pd.DataFrame.ix`",
    "assert [name for name, _ in t.iteritems()] == ['a', 'b']": "it meant `pd.DataFrame.items`",
    "assert t.as_matrix().shape == (2, 2) and t['a'].as_matrix().shape == (2,)": "as_matrix`",
    "assert t.applymap(lambda x: 2 * x)['a'].tolist() == [2, 4]": "",
    "assert t.drop('a', 1).shape == (2, 1)": "`pd.DataFrame.drop` takes nothing after `labels` without its name",
    "assert pd.concat([t, t], 1).shape == (2, 4)": "pd.concat`",
    "assert pd.np.ones(1) == 1 and pd.datetime.now()": "pd.np`",
    "assert t.fillna(method='ffill').shape == (2, 2)": "`ffill()`",
    "t.to_csv('t.csv', line_terminator='\\n')\nassert pd.read_csv('t.csv', error_bad_lines=False).shape == (2, 3)": (
        "lineterminator=`"
    ),
    "pd.set_option('display.max_colwidth', -1)": "`None` for a width without end",
    "assert t['a'].mad() == 0.5 and pd.value_counts([1, 1])[1] == 2": "Series.mad`",
}
PYTHON = {
    "from collections import Iterable, Mapping\nassert isinstance([], Iterable)": "it meant `collections.abc.Iterable`",
    "import collections\nassert isinstance(print, collections.Callable)": "was removed in Python 3.10",
    "import time\nassert time.clock() <= time.clock()": "time.clock` was removed in Python 3.8",
    "import inspect\nassert inspect.getargspec(lambda a, b=1: 0).args == ['a', 'b']": "inspect.getargspec`",
    "from fractions import gcd\nassert gcd(4, 6) == 2": "it meant `math.gcd`",
    "import random\nassert random.sample({3}, 1) == [3] and random.sample({4: 1}.keys(), 1) == [4]": "no set any more",
    "import random\nrows = [1, 2, 3]\nrandom.shuffle(rows, random.random)\nassert sorted(rows) == [1, 2, 3]": (
        "nothing but the list"
    ),
    "import threading\nassert not threading.Thread(target=print).isAlive()": "it meant `threading.Thread.is_alive`",
    "import imp, json\nassert imp.reload(json) is json": "",
    "from IPython.core.display import display, HTML\ndisplay(HTML('<style></style>'))": "IPython.display.display`",
    "from IPython.display import set_matplotlib_formats\nset_matplotlib_formats('retina')": "set_matplotlib_formats`",
}
IMPORTS = "import numpy as np\nimport matplotlib.pyplot as plt\nfrom PIL import Image, ImageDraw, ImageFont\n"
NETWORK = (
    "import torch\nfrom torch import nn, optim\nimport torch.nn.functional as F\n"
    "class Net(nn.Module):\n"
    "    def __init__(self):\n        super().__init__()\n        self.fc = nn.Linear(2, 2)\n"
    "    def forward(self, x): return self.fc(x)\n"
    "model = Net()\noptimizer = optim.SGD(model.parameters(), 0.1)\n"
)
FRAME = "import pandas as pd\nt = pd.DataFrame({'a': [1, 2], 'b': [3, 4]})\n"
FIGURE = "plt.close('all')\n"
GROUPS = {
    "numpy": (NUMPY, ""),
    "torch": (TORCH, NETWORK),
    "drawing": (DRAWING, FIGURE),
    "pictures": (PICTURES, ""),
    "pandas": (PANDAS, FRAME),
    "python": (PYTHON, ""),
}
WAYS = [(group, source) for group, (ways, _) in GROUPS.items() for source in ways]


@pytest.fixture(scope="module")
def workers(template, tmp_path_factory):
    """A worker for each group, since importing a library takes long, and all that it has remarked so far."""
    picture = Image.fromarray(np.full((4, 6, 4), 255, np.uint8))
    with ExitStack() as open_workers:
        made = {}
        for group in GROUPS:
            one = open_workers.enter_context(worker(template))
            picture.save(one.scratch / "shoe.png")
            picture.convert("RGB").save(one.scratch / "shoe.jpg")
            run(one, f"{IMPORTS}name = {str(one.scratch / 'shoe.png')!r}")
            made[group] = one, []
        yield made


@pytest.mark.parametrize(("group", "source"), WAYS, ids=[source.replace("\n", "; ")[:70] for _, source in WAYS])
def test_what_libraries_had_once_does_what_it_did_and_is_remarked_upon(workers, group, source):
    for library in needs(source) + (["pandas"] if group == "pandas" else []):
        pytest.importorskip(library)
    ways, setup = GROUPS[group]
    one, told = workers[group]
    reply = run(one, setup, source)
    told += reply.structure["remarks"]
    assert reply.error is None, reply.error
    assert ways[source] in " ".join(told)
    assert len(told) == len(set(told)), "each remark once"


# What stays as it is


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("np.flaot", "AttributeError"),
        ("np.array([[1, 2], [3]], dtype=float)", "ValueError"),
        ("from sklearn.cross_validation import KFold", "ImportError"),
        ("import torch\ntorch.load('nowhere.pt')", "FileNotFoundError"),
        ("import torch\nopen('a.pt', 'w').write('x')\ntorch.load('a.pt')", "UnpicklingError"),
        ("import torch\ntorch.tensor([1.0]).no_such_thing()", "AttributeError"),
    ],
)
def test_what_never_was_goes_on_being_an_error(template, source, kind):
    if "sklearn" in source:
        pytest.importorskip("sklearn")
    with worker(template) as one:
        reply = run(one, "import numpy as np", source)
        assert reply.error is not None and reply.error["type"] == kind
        assert reply.structure["remarks"] == []


def test_code_for_the_libraries_of_today_is_not_remarked_upon(template):
    today = (
        "import numpy as np, torch, collections.abc\nimport matplotlib.pyplot as plt\nfrom PIL import Image\n"
        "x = np.zeros(3, dtype=float)\nassert np.isnan(np.nan) and np.bool_(1)\n"
        "np.save('x.npy', x)\nnp.load('x.npy')\nnp.stack([x, x])\nnp.array([[1, 2], [3, 4]])\n"
        "o = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])\ns = torch.optim.lr_scheduler.StepLR(o, 1, 0.5)\n"
        "torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=5)\n"
        "torch.save({'weights': torch.zeros(3)}, 'w.pt')\ntorch.load('w.pt')\n"
        "mask = torch.arange(3) == 1\nassert (~mask).sum() == 2 and (1 - mask.float()).sum() == 2\n"
        "plt.style.use('ggplot')\nplt.hist([1, 2], density=True)\nplt.tight_layout()\nplt.gca()"
    )
    with worker(template) as one:
        reply = run(one, today)
        assert (reply.error, reply.structure["remarks"]) == (None, [])


def test_libraries_go_on_finding_absent_what_is_absent(template):
    library = "library = compile('import numpy; found = hasattr(numpy, \"float\")', 'library.py', 'exec')"
    with worker(template) as one:
        reply = run(one, f"{library}\nexec(library)", "assert found is False")
        assert (reply.error, reply.structure["remarks"]) == (None, [])


def test_every_line_of_the_table_names_what_stands_in_for_it():
    for entry in FORMER:
        if isinstance(entry, Gone) and isinstance(entry.means, str) and is_here(entry.means):
            assert resolved(entry.means) is not None, entry.place


@pytest.mark.parametrize("entry", FORMER, ids=lambda entry: entry.place)
def test_every_remark_is_one_short_sentence_for_a_student(entry):
    assert len(entry.remark) <= LONGEST_REMARK
    assert entry.remark.endswith(".") and entry.remark.count(". ") == 0
    assert "autograder" not in entry.remark and "builtins" not in entry.remark
