"""Clocks: what a process computes, and what goes by meanwhile."""

from time import sleep

import pytest
import torch

from monogram.training import effort, moment

CPU = torch.device("cpu")


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_waiting_for_the_processor_is_no_effort_of_one_thread(threads):
    threads(1)
    begun, worked = moment(CPU), effort(CPU)
    sleep(0.2)
    assert moment(CPU) - begun >= 0.2
    assert effort(CPU) - worked < 0.1


def test_several_threads_are_timed_by_the_clock(threads):
    threads(2)
    worked = effort(CPU)
    sleep(0.2)
    assert effort(CPU) - worked >= 0.2
