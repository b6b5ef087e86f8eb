"""Telling the C library to keep the big blocks that training frees and asks for in every step.

By default glibc hands each activation of a few megabytes back to the system and gets it again,
zeroed page by page, in the next step. Kept, a step of the paper's network at quarter width takes
1.1 to 1.5 times less processor time (`benchmarks/allocator.py`); the numbers do not change.
"""

import ctypes
import platform

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # of glibc's malloc.h
BIGGEST_KEPT = 2**30  # bytes
PAD = 2**26  # bytes asked for at a time


def keep_big_blocks() -> bool:
    """Make this process keep freed memory for itself.

    Returns:
        Whether the C library is glibc and agreed.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    settings = (
        (M_MMAP_THRESHOLD, BIGGEST_KEPT),
        (M_TRIM_THRESHOLD, 2**31 - 1),
        (M_TOP_PAD, PAD),
    )
    return all(mallopt(name, value) == 1 for name, value in settings)
