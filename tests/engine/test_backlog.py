"""A backlog: everything once, nothing before what it starts from, nothing beside a team."""

from dataclasses import dataclass
from threading import Lock, Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monogram.engine.backlog import Backlog
from monogram.engine.worker import Outcome


@dataclass(frozen=True)
class Work:
    """A unit, as far as a backlog looks at it."""

    key: str
    parent: str | None = None
    shared: bool = False
    steps: int = 1


class Hands:
    """Do what is left with several threads, and note what was done beside what."""

    def __init__(self, units, teams=0):
        self.backlog = Backlog(units, teams)
        self.begun, self.ended, self.beside = [], [], []
        self._running, self._lock = [], Lock()

    def do(self, unit):
        with self._lock:
            assert unit.parent is None or unit.parent in self.ended
            self.begun.append(unit.key)
            self.beside += [(unit, other) for other in self._running]
            self._running.append(unit)
        with self._lock:
            self._running.remove(unit)
            self.ended.append(unit.key)
        return Outcome(remark=unit.key)

    def work(self, spares=(0, 0, 3)):
        threads = [
            Thread(target=self.backlog.work, args=(self.do, lambda: None), kwargs={"spare": spare})
            for spare in spares
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self


@st.composite
def trees(draw):
    """Units of which each starts from nothing or from a shared one before it."""
    units: list[Work] = []
    for place in range(draw(st.integers(0, 12))):
        shared = [unit.key for unit in units if unit.shared]
        parent = draw(st.sampled_from([None, *shared]))
        units.append(Work(str(place), parent, draw(st.booleans()), draw(st.integers(0, 9))))
    return units


@settings(deadline=None, max_examples=60)
@given(units=trees(), teams=st.integers(0, 2))
def test_everything_is_done_once_and_after_what_it_starts_from(units, teams):
    hands = Hands(units, teams).work()
    keys = sorted(unit.key for unit in units)
    assert sorted(hands.begun) == keys
    assert sorted(outcome.remark for outcome in hands.backlog.outcomes) == keys
    if teams:
        assert all(one.shared and other.shared for one, other in hands.beside if one.shared)
        assert not any(other.shared for one, other in hands.beside if not one.shared)


def test_shared_work_comes_first_and_then_the_longest():
    units = [Work("short"), Work("base", shared=True), Work("long", steps=9)]
    assert Hands(units).work([0]).begun == ["base", "long", "short"]


def test_a_failure_ends_the_work_of_all_and_is_raised():
    hands = Hands([Work("one"), Work("other")])

    def fail(unit):
        hands.backlog.fail(ValueError(unit.key))
        return Outcome()

    hands.backlog.work(fail, lambda: None)
    assert len(hands.backlog.outcomes) == 1
    with pytest.raises(ValueError, match="o"):
        hands.backlog.check()


def test_who_fails_when_all_is_done_is_not_missed():
    hands = Hands([Work("one")]).work([0])
    hands.backlog.fail(ValueError("too late"))
    hands.backlog.check()
