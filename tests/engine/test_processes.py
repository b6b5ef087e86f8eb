"""Other processes that do a run's work, and what is told of networks that they cannot be given."""

from multiprocessing.connection import Connection
from threading import Lock

import pytest
from tests import nets
from tests.engine.stacking import make_study, run

from monogram.engine import processes
from monogram.errors import RunError
from monogram.forking import fork


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


def test_those_before_one_that_cannot_be_started_end(tmp_path, monkeypatch):
    """The threads that listen to them would keep this process from ending."""
    forked: list[Connection] = []

    def fork_one_only(*about):
        if forked:
            raise OSError("too many open files")
        forked.append(fork(*about))
        return forked[0]

    monkeypatch.setattr(processes, "fork", fork_one_only)
    with pytest.raises(OSError, match="too many"):
        run(make_study(nets.plain, ["transfer(2)"]), tmp_path, "loop", workers=3)
    assert forked[0].closed
