"""How many workers fit the memory."""

from dataclasses import replace
from math import ceil

import pytest
import torch
from tests import nets
from tests.people import make_population

from monogram.engine import room as engine_room
from monogram.engine.probe import probed
from monogram.engine.room import (
    FORKED,
    PROCESS,
    RESERVE,
    USUAL,
    room_for,
    room_of_each,
    usual,
)
from monogram.errors import SettingError
from monogram.study import Study


@pytest.fixture
def room(tmp_path, monkeypatch):
    """Asks for workers."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    population = make_population({"anna": 40, "ben": 30})
    study = Study(population, ["transfer(3)"], network=nets.plain, epochs=1)

    def ask(wanted, memory):
        job = replace(study.job(tmp_path), memory=memory)
        return room_for(study.plan(), job, population, wanted)

    return ask


@pytest.mark.parametrize(("forks", "three"), [(True, USUAL + 2 * FORKED), (False, 3 * USUAL)])
def test_what_forked_workers_share_counts_once(forks, three, monkeypatch):
    monkeypatch.setattr(engine_room, "FORKS", forks)
    assert [usual(0), usual(1), usual(3)] == [0, USUAL, three]


def with_reserve(size):
    return ceil(size / (1 - RESERVE))


def test_as_many_workers_as_fit_and_no_more_than_were_wanted(room):
    assert room(4, 2**40) == 4
    assert room(4, None) >= 1


def test_what_this_process_holds_counts_as_it_is(room, holding):
    holding(PROCESS // 2)
    little = PROCESS // 4  # more than a few steps of that network take
    assert room(4, with_reserve(PROCESS // 2 + little)) == 1
    assert room(4, with_reserve(PROCESS // 2 + PROCESS + little)) == 2
    holding(4 * PROCESS)  # somebody's own data
    assert room(4, with_reserve(4 * PROCESS + PROCESS + little)) == 2


def test_memory_for_no_worker_is_refused(room, holding):
    holding(2**28)
    with pytest.raises(SettingError, match=r"of 280 MiB is less than the 29\d MiB that one worker"):
        room(1, 280 * 2**20)


def test_what_is_left_is_shared_out(tmp_path, monkeypatch, holding):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    holding(1000)
    population = make_population({"anna": 40, "ben": 30})
    study = Study(population, ["transfer(3)"], network=nets.plain, epochs=1)
    plan, memory = study.plan(), with_reserve(1000 + PROCESS + 2**30)
    job = replace(study.job(tmp_path), memory=memory)
    work = probed(plan, job, population).memory
    assert room_of_each(plan, job, population, 2) == pytest.approx(2**29 - work, abs=9)
    assert room_of_each(plan, job, population, 1) == pytest.approx(2**30 + PROCESS - work, abs=9)
    assert room_of_each(plan, replace(job, memory=2000), population, 2) == 0


@pytest.fixture
def holding(monkeypatch):
    """Says how many bytes this process holds."""

    def hold(size):
        monkeypatch.setattr(engine_room, "resident", lambda: size)

    return hold


class Refusing(torch.nn.Linear):
    """Cannot be trained on more than a few samples."""

    def __init__(self, channels, classes):
        super().__init__(channels, classes)

    def forward(self, inputs):
        if self.training and len(inputs) > 2:
            raise ValueError("not I")
        return super().forward(inputs)


def test_what_cannot_be_tried_out_is_left_to_the_run(tmp_path, holding):
    population = make_population({"anna": 40, "ben": 30})
    study = Study(population, ["transfer(3)"], network=Refusing, epochs=1)
    holding(1000)
    job = replace(study.job(tmp_path), memory=with_reserve(1000 + PROCESS // 2))
    assert room_for(study.plan(), job, population, 2) == 1
