"""Where a submission's paths lead, seen from inside: each case is a few lines that a student might write.

The data set holds two students in `train`, u001 and u052 (whose files end in .png), and one in each test folder.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from autograder.rubric import Limits
from fixtures.catalogue import course_photographs
from fixtures.coded import Codebook, write_coded_picture

LIMITS = Limits(
    program_seconds=60,
    call_seconds=60,
    memory_mebibytes=2048,
    scratch_mebibytes=100,
    output_characters=2000,
    notebook_mebibytes=40,
)
TRAIN = [f"u001_{pair}_{side}_w.jpg" for pair, kind in zip((1, 2, 3), "www", strict=True) for side in ("left", "right")]
JPG = "u001_1_left_w.jpg"


@pytest.fixture(scope="module")
def template(limited):
    return limited(LIMITS)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("handed-out")
    photographs = course_photographs(train=2, test_w=1, test_m=1)
    codebook = Codebook([photograph.shoe for photograph in photographs], seed=0)
    for photograph in photographs:
        path = folder / photograph.shoe.folder / photograph.file_name
        path.parent.mkdir(exist_ok=True)
        write_coded_picture(codebook, photograph.shoe, path)
    return folder


@contextmanager
def worker(template, data, seed=0) -> Iterator:
    worker = template.fork(data, seed)
    try:
        yield worker
    finally:
        worker.close()


def plain(facts):
    """A described value as itself."""
    if facts["kind"] in ("list", "tuple"):
        return [plain(item) for item in facts["items"]]
    return facts.get("value", facts["kind"])


def result_of(worker, source):
    """What a few lines leave in `result`."""
    statements = [{"cell": 0, "line": 1, "source": source}]
    reply = worker.request("run", {"cells": {}, "statements": statements})
    assert reply.error is None, reply.error
    return plain(worker.request("describe", {"value": {"name": "result"}}).structure["value"])


# What a student writes, and what it gives
READING = {
    "glob in a folder of a Drive": (
        "import glob\nresult = sorted(glob.glob('/content/drive/MyDrive/A3/train/*.jpg'))",
        [f"/content/drive/MyDrive/A3/train/{name}" for name in TRAIN],
    ),
    "glob below a folder with spaces and too many slashes": (
        "import glob\n"
        "path = '/content/gdrive/My Drive/Deep Learning/Assignment 3/train//'\n"
        "result = [len(glob.glob(path + '*.jpg')), len(glob.glob(path + '*.png')), len(glob.glob(path + '*left*'))]",
        [6, 6, 6],
    ),
    "glob with a pattern for the folder above": (
        "import glob\nresult = len(glob.glob('/content/drive/MyDrive/A3/t*/*_left_*'))",
        12,
    ),
    "glob that is told to look everywhere below": (
        "import glob\nresult = len(glob.glob('**/*.jpg', recursive=True))",
        18,
    ),
    "a folder on a Windows disk": (
        "import os\nnames = os.listdir('C:\\\\Users\\\\me\\\\train')\nresult = [len(names), *sorted(names)[:6]]",
        [12, *TRAIN],
    ),
    "a photograph on a Windows disk": (
        f"import matplotlib.pyplot as plt\nresult = plt.imread('D:\\\\studies\\\\a3 data\\\\train\\\\{JPG}').shape",
        [224, 224, 4],
    ),
    "glob on a Windows disk with forward slashes": (
        "import glob\nresult = sorted(glob.glob('C:/Users/me/a3/train/*'))[0]",
        f"C:/Users/me/a3/train/{JPG}",
    ),
    "a home folder": ("import os\nresult = len(os.listdir(os.path.expanduser('~/Downloads/a3/test_m')))", 6),
    "a path relative to the notebook": (
        "import os\nresult = [len(os.listdir(p)) for p in ('train', './train/')]",
        [12, 12],
    ),
    "a path that goes up": ("import os\nresult = len(os.listdir('../data/./images/../train'))", 12),
    "a path joined to the current folder": (
        "import os\nresult = len(os.listdir(os.path.join(os.getcwd(), 'test_w')))",
        6,
    ),
    "pathlib, relative": (
        "from pathlib import Path\nresult = sorted(str(path) for path in Path('data/train').glob('*.jpg'))",
        [f"data/train/{name}" for name in TRAIN],
    ),
    "pathlib, everything in a folder": (
        "from pathlib import Path\n"
        "paths = list(Path('/content/A3/train').iterdir())\n"
        "result = [len(paths), all(path.is_file() for path in paths), str(paths[0].parent)]",
        [12, True, "/content/A3/train"],
    ),
    "pathlib, everything below a folder": (
        "from pathlib import Path\nresult = len(list(Path('/content/drive/MyDrive/A3').rglob('*_left_*')))",
        12,
    ),
    "another spelling of a folder": (
        "import os\nresult = [len(os.listdir(p)) for p in ('Train', 'data/test-w')]",
        [12, 6],
    ),
    "a walk through the folder above": (
        "import os\n"
        "result = [[root, len(folders), len(files)] for root, folders, files in sorted(os.walk('/content/drive/A3'))]",
        [
            ["/content/drive/A3", 3, 0],
            ["/content/drive/A3/test_m", 0, 6],
            ["/content/drive/A3/test_w", 0, 6],
            ["/content/drive/A3/train", 0, 12],
        ],
    ),
    "a scan of a folder": (
        "import os\n"
        "with os.scandir('data/train') as entries:\n"
        "    first = min(entries, key=lambda entry: entry.name)\n"
        "result = [first.name, first.path, first.is_file(), first.is_dir(), first.stat().st_size > 0]",
        [JPG, f"data/train/{JPG}", True, False, True],
    ),
    "Pillow": (
        f"from PIL import Image\npicture = Image.open('data/train/{JPG}')\nresult = [picture.mode, *picture.size]",
        ["RGBA", 224, 224],
    ),
    "matplotlib": (
        f"import matplotlib.pyplot as plt\npicture = plt.imread('/content/drive/MyDrive/A3/train/{JPG}')\n"
        "result = [picture.shape[2], str(picture.dtype), picture.max() <= 1]",
        [4, "float32", True],
    ),
    "an open file": (f"result = open('train/{JPG}', 'rb').read()[1:4].decode()", "PNG"),
    "questions about paths": (
        "import os\n"
        f"photograph = '/content/drive/MyDrive/A3/train/{JPG}'\n"
        "folder = os.path.dirname(photograph)\n"
        "result = [os.path.isfile(photograph), os.path.isdir(photograph), os.path.isdir(folder), "
        "os.path.exists(folder + '/u999_1_left_w.jpg'), os.path.getsize(photograph) > 0, os.path.abspath('train')]",
        [True, False, True, False, True, "/content/train"],
    ),
    "a folder changed to": (
        "import os\n"
        "os.chdir('/content/drive/MyDrive/A3')\n"
        "result = [os.getcwd(), sorted(os.listdir()), len(os.listdir('train'))]",
        ["/content/drive/MyDrive/A3", ["test_m", "test_w", "train"], 12],
    ),
    "a folder changed to by a magic": (
        "get_ipython().run_line_magic('cd', '/content/drive/MyDrive/A3/train')\n"
        "import glob\nresult = sorted(glob.glob('*.jpg'))",
        TRAIN,
    ),
    "an array that is not cached yet": (
        "from pathlib import Path\n"
        "paths = 'train.npy', 'data/train.npy', '/content/drive/MyDrive/A3/train/cache.npy'\n"
        "result = [Path(path).exists() for path in paths]",
        [False, False, False],
    ),
}

WRITING = {
    "numpy, in a folder that does not exist": (
        "import numpy as np\n"
        "np.save('/content/drive/MyDrive/cache/train_data.npy', np.arange(3))\n"
        "result = np.load('/content/drive/MyDrive/cache/train_data.npy').tolist()",
        [0, 1, 2],
    ),
    "numpy, beside the photographs": (
        "import numpy as np, os\n"
        "np.savez('train/cache.npz', x=np.arange(3))\n"
        "names = os.listdir('train')\n"
        "result = [np.load('train/cache.npz')['x'].tolist(), 'cache.npz' in names, len(names)]",
        [[0, 1, 2], True, 13],
    ),
    "torch": (
        "import torch\n"
        "torch.save({'weight': torch.ones(3)}, '/content/drive/MyDrive/models/best.pk')\n"
        "result = torch.load('/content/drive/MyDrive/models/best.pk')['weight'].tolist()",
        [1, 1, 1],
    ),
    "text, written, extended and read": (
        "with open('log.txt', 'w') as log: log.write('epoch 1')\n"
        "with open('/content/log.txt', 'a') as log: log.write(', 2')\n"
        "result = open('./log.txt').read()",
        "epoch 1, 2",
    ),
    "pathlib": (
        "from pathlib import Path\n"
        "folder = Path('C:\\\\Users\\\\me\\\\out')\n"
        "for _ in range(2): folder.mkdir(parents=True, exist_ok=True)\n"
        "(folder / 'a.txt').write_text('left')\n"
        "result = [(folder / 'a.txt').read_text(), folder.is_dir()]",
        ["left", True],
    ),
    "folders": (
        "import os\n"
        "before = os.path.exists('models/best')\n"
        "os.makedirs('models/best')\n"
        "result = [before, os.path.exists('/content/models/best'), os.path.isdir('models'), os.listdir('models')]",
        [False, True, True, ["best"]],
    ),
    "a file moved and removed": (
        "import os\n"
        "open('a.txt', 'w').close()\n"
        "os.rename('a.txt', 'b.txt')\n"
        "seen = [os.path.exists('a.txt'), os.path.exists('b.txt')]\n"
        "os.remove('b.txt')\n"
        "result = [*seen, os.path.exists('b.txt')]",
        [False, True, False],
    ),
    "a copy of a photograph": (
        "import shutil\n"
        f"shutil.copy('train/{JPG}', 'copy.jpg')\n"
        f"result = open('copy.jpg', 'rb').read() == open('train/{JPG}', 'rb').read()",
        True,
    ),
    "a photograph written over": (
        f"from PIL import Image\nImage.new('RGB', (5, 7)).save('train/{JPG}')\nresult = Image.open('train/{JPG}').size",
        [5, 7],
    ),
    "a plot": (
        "import matplotlib.pyplot as plt, os\n"
        "plt.plot([1, 2])\nplt.savefig('plots/curve.png')\nresult = os.path.exists('plots/curve.png')",
        True,
    ),
}


@pytest.mark.parametrize(("source", "expected"), READING.values(), ids=READING)
def test_a_students_way_to_the_photographs_leads_to_them(template, data, source, expected):
    with worker(template, data) as one:
        assert result_of(one, source) == expected


@pytest.mark.parametrize(("source", "expected"), WRITING.values(), ids=WRITING)
def test_what_is_written_can_be_read_and_the_data_stay_as_they_are(template, data, source, expected):
    before = contents(data)
    with worker(template, data) as one:
        assert result_of(one, source) == expected
    assert contents(data) == before


@pytest.mark.parametrize(
    "source",
    [
        f"import os\nos.remove('train/{JPG}')",
        f"import os\nos.rename('train/{JPG}', 'train/u001_1_left_w.png')",
        "import os\nos.rmdir('test_w')",
        "import shutil\nshutil.rmtree('/content/drive/MyDrive/A3/train')",
        "import shutil\nshutil.rmtree('train', ignore_errors=True)",
        f"import os\nos.truncate('train/{JPG}', 0)",
        f"open('train/{JPG}', 'r+b').write(b'nothing')",
        f"open('train/{JPG}', 'ab').write(b'nothing')",
        f"from pathlib import Path\nPath('train/{JPG}').unlink()",
        f"from pathlib import Path\nPath('train/{JPG}').write_bytes(b'')",
    ],
)
def test_the_data_survive_whatever_is_done_to_them(template, data, source):
    before = contents(data)
    with worker(template, data) as one:
        one.request("run", {"cells": {}, "statements": [{"cell": 0, "line": 1, "source": source}]})
    assert contents(data) == before


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "path", ["C:\\Users\\me\\train\\u999_1_left_w.jpg", "/content/drive/MyDrive/weights.pk", "data/labels.csv"]
)
@pytest.mark.parametrize(
    "read",
    ["open({!r})", "__import__('numpy').load({!r})", "__import__('torch').load({!r})", "__import__('os').stat({!r})"],
)
def test_an_error_names_the_path_as_the_student_wrote_it(template, data, path, read):
    source = f"try:\n    {read.format(path)}\nexcept OSError as problem:\n    result = [problem.filename, str(problem)]"
    with worker(template, data) as one:
        filename, message = result_of(one, source)
        assert filename == path
        assert repr(path) in message and "scratch" not in message and str(data) not in message


@pytest.mark.parametrize(
    "listing",
    [
        "import os\nresult = os.listdir('train')",
        "import os\nresult = [entry.name for entry in os.scandir('train')]",
        "import glob, os\nresult = [os.path.basename(path) for path in glob.glob('/content/drive/A3/train/*')]",
        "from pathlib import Path\nresult = [path.name for path in Path('train').iterdir()]",
        "import os\nresult = [name for _, _, names in os.walk('train') for name in names]",
    ],
)
def test_a_folder_is_listed_in_no_order_but_the_same_in_every_run(template, data, listing):
    with worker(template, data) as one, worker(template, data) as other:
        names = result_of(one, listing)
        assert len(names) == 12 and names != sorted(names) and names != sorted(names, reverse=True)
        assert result_of(one, listing) == names
        assert result_of(other, listing) == names


def test_another_seed_lists_a_folder_in_another_order(template, data):
    listing = "import os\nresult = os.listdir('train')"
    with worker(template, data, seed=1) as one, worker(template, data, seed=2) as other:
        first, second = result_of(one, listing), result_of(other, listing)
        assert sorted(first) == sorted(second) and first != second


def test_a_program_without_data_finds_no_photographs_and_can_write(template):
    source = (
        "import glob, os\n"
        "open('/content/drive/MyDrive/a.txt', 'w').close()\n"
        "result = [glob.glob('train/*'), os.path.exists('/content/A3/train'), os.path.exists('drive/MyDrive/a.txt')]"
    )
    with worker(template, None) as one:
        assert result_of(one, source) == [[], False, True]


def test_python_and_its_libraries_keep_their_own_files(template, data):
    source = (
        "import os, numpy, matplotlib.font_manager as fonts\n"
        "result = [os.path.isfile(numpy.__file__), os.path.isfile(fonts.findfont('DejaVu Sans'))]"
    )
    with worker(template, data) as one:
        assert result_of(one, source) == [True, True]
