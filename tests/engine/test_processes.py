"""Other processes that do a run's work, and what is told of networks that they cannot be given."""

from threading import Lock

import pytest
from tests import nets
from tests.engine.stacking import make_study, run

from monogram.errors import RunError


def guarded():
    """A factory that no other process can have."""
    lock = Lock()

    def factory(channels, classes):
        with lock:
            return nets.plain(channels, classes)

    return factory


def test_a_factory_that_cannot_be_handed_over_works_in_one_process(tmp_path):
    study = make_study(guarded(), ["transfer(2)"])
    with pytest.raises(RunError, match=r"cannot be handed .* run with one worker"):
        run(study, tmp_path / "two", "loop", workers=2)
    rows, failures = run(study, tmp_path / "one", "loop", workers=1)
    assert rows
    assert not failures
