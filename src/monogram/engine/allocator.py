"""Telling the C library to keep the big blocks that training frees and asks for in every step.

By default glibc hands each activation of a few megabytes back to the system and gets it again,
zeroed page by page, in the next step. Kept, a step of the paper's network at quarter width takes
1.1 to 1.5 times less processor time (`benchmarks/allocator.py`); the numbers do not change.
"""

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # of glibc's malloc.h
KEPT = {M_MMAP_THRESHOLD: 2**30, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 2**26}  # bytes
USUAL = {M_MMAP_THRESHOLD: 2**25, M_TRIM_THRESHOLD: 2**26, M_TOP_PAD: 2**17}
"""What glibc itself comes to in a process that frees big blocks."""


def keep_big_blocks() -> bool:
    """Make this process keep freed memory for itself.

    Returns:
        Whether the C library is glibc and agreed.
    """
    return _set(KEPT)


@contextmanager
def big_blocks_kept() -> Iterator[None]:
    """Within, this process keeps freed memory for itself; in the end it hands back what it can."""
    keep_big_blocks()
    try:
        yield
    finally:
        if _set(USUAL):
            ctypes.CDLL(None).malloc_trim(0)


def _set(settings: dict[int, int]) -> bool:
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return all(mallopt(name, value) == 1 for name, value in settings.items())
