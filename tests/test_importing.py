"""Importing without the collector in the way: it is as it was afterwards."""

import gc
import sys

import pytest

from monogram.importing import import_uncollected, uncollected


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_as_it_was_afterwards(enabled):
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with uncollected():
            assert not gc.isenabled()
        assert gc.isenabled() == enabled
        with pytest.raises(ZeroDivisionError), uncollected():
            1 / 0  # noqa: B018
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if before else gc.disable)()
        gc.unfreeze()


def test_what_there_is_at_the_end_is_never_looked_at_again():
    gc.unfreeze()
    with uncollected():
        made: list[list[int]] = [[] for _ in range(1000)]
    assert gc.get_freeze_count() >= len(made)
    gc.unfreeze()


def test_what_is_imported_already_is_not_frozen_again():
    before = gc.get_freeze_count()
    assert import_uncollected("sys") is sys
    assert gc.get_freeze_count() == before
