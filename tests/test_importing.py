"""Importing without the collector in the way: it is as it was afterwards."""

import gc

import cloudpickle
import pytest

from monogram.importing import call_pickled, uncollected


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


_noted: list[tuple[object, ...]] = []


def _note(*given: object) -> None:
    _noted.append(given)


def test_a_function_is_called_with_its_arguments():
    call_pickled(cloudpickle.dumps((_note, ("a", 1))))
    assert _noted == [("a", 1)]
