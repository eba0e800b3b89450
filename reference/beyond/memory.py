"""Let the C library keep the memory of one batch for the next."""

import contextlib
import ctypes

# Numbers of the GNU C library's mallopt(3).
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
LARGEST = 2**31 - 1


def keep_freed_memory() -> None:
    """Stop giving large blocks back to the system as soon as they are free; for the whole process, for good.

    A batch of pictures and what the layers make of it are blocks of many megabytes each. By default every one comes
    fresh from the system, which clears it page by page, and goes back after the step, and a training spends a good part
    of its time on that. Another C library than GNU's (musl, macOS, Windows) is left as it is.
    """
    with contextlib.suppress(OSError, TypeError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_MAX, 0)
        library.mallopt(M_TRIM_THRESHOLD, LARGEST)
