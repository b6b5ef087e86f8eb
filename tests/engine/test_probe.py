"""The short measurement that a plan is estimated by."""

import pytest
import torch
from tests.people import make_population

from monogram.curriculum import Recipe
from monogram.engine.load import workload
from monogram.engine.probe import probe, probed
from monogram.study import Study


class Noting(torch.nn.Linear):
    """Knows the batches that all of its kind were trained on."""

    batches: list[int] = []  # noqa: RUF012 - of the class

    def __init__(self, channels, classes):
        super().__init__(channels, classes)

    def forward(self, inputs):
        if self.training and torch.is_grad_enabled():
            self.batches.append(len(inputs))
        return super().forward(inputs)


@pytest.fixture
def batches(tmp_path, monkeypatch):
    """Gives the batches of a probe of somebody who has little and trains for long."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def ask(measure, shared):
        population = make_population({"anna": 4}, shared=shared)
        recipe = Recipe(batch_size=16)
        study = Study(population, ["transfer(50)"], network=Noting, epochs=1, recipe=recipe)
        Noting.batches.clear()
        measure(study.plan(), study.job(tmp_path), population)
        return set(Noting.batches)

    return ask


def test_full_batches_are_measured_however_long_others_are(batches):
    assert batches(probe, 60) == {16}


def test_what_smaller_batches_took_is_not_held_for_the_memory_of_larger_ones(batches):
    assert batches(probed, 12) == {6}
    assert batches(probed, 60) == {16}


def test_each_kind_of_training_is_measured_by_itself(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    population = make_population({"anna": 60}, shared=60, shape=(3000,))
    heads, whole = (
        Study(population, [text], network="mlp(hidden=500)", epochs=2)
        for text in ("global >> personal(200, train=head)", "transfer(200)")
    )
    job = heads.job(tmp_path)
    kept = probed(heads.plan(), job, population)
    assert set(kept.took) == {"all", "head"}
    assert kept.took["head"].memory < kept.took["all"].memory == kept.memory
    again = probed(whole.plan(), job, population)
    assert again.took == {"all": kept.took["all"]}
    steps = workload(heads.plan().tasks, job, population).steps_of
    assert steps == {"all": 2, "head": 200}
