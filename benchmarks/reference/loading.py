"""Loading the train folder: the handout's way, the reference, and nothing but decoding its files."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.reference import handout
from benchmarks.reference.figures import Aim, in_turn, listed, ratio
from reference import get_organized_data

FASTER, ABOVE_DECODING, MEMORY = Aim(3, at_least=True), Aim(1.3, at_least=False), Aim(1.3, at_least=False)

# The kernel's own mark of how much a process has held so far. (`ru_maxrss` would not do: a new process takes over that
# of the one that started it.)
PEAK = """
import sys
from reference import get_organized_data
def kilobytes(key):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key))
before = kilobytes("VmRSS:")
data = get_organized_data(sys.argv[1])
print((kilobytes("VmHWM:") - before) * 1024 / data.nbytes)
"""


def decode(path: Path) -> None:
    """Decode one photograph to RGB, and drop it."""
    with Image.open(path) as picture:
        np.asarray(picture.convert("RGB"))


def decode_all(folder: Path) -> None:
    """Decode all photographs of a folder on as many threads as the reference does."""
    with ThreadPoolExecutor() as threads:
        list(threads.map(decode, folder.glob("u*")))


def peak_of_array(folder: Path) -> float:
    """The most memory that a fresh process held while it loaded, after its imports, in multiples of the array."""
    command = [sys.executable, "-c", PEAK, str(folder)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measure(data: Path, rounds: int) -> None:
    """Print how loading compares. Raises: RuntimeError if the two ways give different arrays."""
    folder = data / "train"
    # Once off the clock, for right values; from then on, the files lie in the system's cache for all.
    if not np.allclose(handout.load(folder), get_organized_data(folder), rtol=0, atol=1e-6):
        raise RuntimeError(f"the handout's way and the reference load different values from {folder}")
    ways = {
        "handout": lambda: handout.load(folder),
        "reference": lambda: get_organized_data(folder),
        "decoding": lambda: decode_all(folder),
    }
    seconds = in_turn(ways, rounds)
    faster, above, peak = (
        ratio(seconds, "handout", "reference"),
        ratio(seconds, "reference", "decoding"),
        peak_of_array(folder),
    )
    print(f"loading the train folder, {rounds} times in turn:")
    print(f"  {faster:.1f} times as fast as the handout's way ({FASTER.said(faster)})")
    print(f"  {above:.2f} times as long as bare decoding on the same threads ({ABOVE_DECODING.said(above)})")
    print(f"  at its peak {peak:.2f} times the memory of the array ({MEMORY.said(peak)})")
    print(f"  {listed(seconds)}")
