"""How many workers fit the memory."""

from dataclasses import replace

import pytest
import torch
from tests import nets
from tests.people import make_population

from monogram.engine.room import PROCESS, room_for
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


def test_as_many_workers_as_fit_and_no_more_than_were_wanted(room):
    assert room(4, 2**40) == 4
    assert room(4, 3 * PROCESS) in (2, 3)  # each needs a little more than itself
    assert room(4, None) >= 1


def test_memory_for_no_worker_is_refused(room):
    with pytest.raises(SettingError, match=r"of 128 MiB is less than the \d+ MiB that one worker"):
        room(1, PROCESS // 2)


class Refusing(torch.nn.Linear):
    """Cannot be trained on more than a few samples."""

    def __init__(self, channels, classes):
        super().__init__(channels, classes)

    def forward(self, inputs):
        if self.training and len(inputs) > 2:
            raise ValueError("not I")
        return super().forward(inputs)


def test_what_cannot_be_tried_out_is_left_to_the_run(tmp_path):
    population = make_population({"anna": 40, "ben": 30})
    study = Study(population, ["transfer(3)"], network=Refusing, epochs=1)
    job = replace(study.job(tmp_path), memory=PROCESS)
    assert room_for(study.plan(), job, population, 2) == 1
