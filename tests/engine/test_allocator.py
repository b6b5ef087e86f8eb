"""Big blocks of memory: kept within a run, handed back after it."""

import platform

import psutil
import pytest

from monogram.engine.allocator import big_blocks_kept

MIB = 2**20
glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")


def resident():
    return psutil.Process().memory_info().rss


@glibc
def test_a_freed_block_stays_until_the_end():
    before = resident()
    with big_blocks_kept():
        block = b"x" * (200 * MIB)
        del block
        assert resident() - before > 150 * MIB
    assert resident() - before < 100 * MIB
