"""Importing without the collector in the way: it is as it was afterwards."""

import gc
import sys

import pytest
from loky import ProcessPoolExecutor

from monogram.importing import Imported, call_after, import_uncollected, uncollected


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


def test_a_process_imports_a_module_before_what_it_is_handed_next():
    """As a worker does: the module is there, and was imported without the collector."""
    about = Imported("colorsys"), _modules_then
    with ProcessPoolExecutor(1, initializer=call_after, initargs=about) as pool:
        assert pool.submit(_seen).result() == (True, True)


_found: list[bool] = []


def _modules_then() -> None:
    _found.extend(["colorsys" in sys.modules, gc.get_freeze_count() > 0])


def _seen() -> tuple[bool, ...]:
    return tuple(_found)
