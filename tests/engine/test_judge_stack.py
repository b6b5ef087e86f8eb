"""Judging several models at once: the numbers of one by one, in bounded memory."""

import numpy as np
import pytest
import torch
from tests.people import make_population

from monogram.engine.judge import Judge
from monogram.engine.judge_stack import ROWS, StackJudge
from monogram.networks import architecture, laid_out
from monogram.training import StackedNetwork, with_stacked_layers

CPU = torch.device("cpu")


def judges(people):
    """The ways to judge everybody's base, one by one and together."""
    judge = Judge(people, CPU, 1000, lambda _: None)
    network = with_stacked_layers(laid_out(architecture("mlp(hidden=16)", people).build(0))).eval()
    stacked, ids = StackedNetwork(network, (), None), list(people.individuals)
    together = StackJudge(judge, CPU, lambda _: None)
    return (
        lambda: [judge.on_individual(network, id_) for id_ in ids],
        lambda: together.on_individuals(stacked, {}, ids),
    )


def test_people_with_different_numbers_of_samples_are_judged_as_one_by_one():
    sizes = {"anna": 3000, "ben": 3, "cleo": 900, "dora": 8}
    alone, together = judges(make_population(sizes))
    for ones, others in zip(alone(), together(), strict=True):
        for one, other in zip(ones, others, strict=True):
            assert (other.samples, other.correct) == (one.samples, one.correct)
            assert other.mean_loss == pytest.approx(one.mean_loss, rel=1e-5)


def test_many_samples_are_looked_at_in_portions():
    people = make_population({f"{i:02}": 1000 for i in range(64)}, shape=(1, 28, 28), kind=np.uint8)
    _, together = judges(people)
    with torch.profiler.profile(profile_memory=True) as profile:
        together()
    of_one = 28 * 28 * 4  # bytes, as float32
    largest = max(event.cpu_memory_usage for event in profile.events())
    assert 1000 * of_one < largest <= ROWS * of_one
