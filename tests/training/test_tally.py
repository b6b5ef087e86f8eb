"""Counting what a network gets right."""

import math

import pytest
import torch
from tests.nets import plain
from torch import nn
from torch.nn import functional

from monogram.networks import Prepared
from monogram.training import Samples, Tallies, Tally, tally
from monogram.training.tally import WORTH_PREPARING

LOGITS = torch.eye(3)[torch.tensor([0, 1, 2, 0, 1])] * 4


def of(labels, logits=LOGITS):
    return tally(nn.Identity(), Samples(logits, torch.tensor(labels)))


def test_accuracy_and_loss_are_means_over_samples():
    result = of([0, 1, 2, 1, 1])
    assert (result.samples, result.correct, result.accuracy) == (5, 4, 0.8)
    expected = functional.cross_entropy(LOGITS, torch.tensor([0, 1, 2, 1, 1]))
    assert result.mean_loss == pytest.approx(float(expected))


def test_parts_add_up():
    torch.manual_seed(0)
    network, samples = plain(5, 3), Samples(torch.randn(20, 5), torch.arange(20) % 3)
    whole = tally(network, samples)
    parts = tally(network, samples, batch_size=7)
    assert (parts.correct, parts.samples, parts.predicted) == (whole.correct, 20, whole.predicted)
    assert parts.loss == pytest.approx(whole.loss)
    assert Tally() + whole == whole + Tally() == whole


def test_normalisation_that_is_folded_away_changes_no_more_than_the_order_of_sums():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv1d(5, 3, 1), nn.BatchNorm1d(3), nn.Flatten())
    network(torch.randn(9, 5, 1) + 1)
    many = Samples(torch.randn(WORTH_PREPARING, 5, 1), torch.arange(WORTH_PREPARING) % 3)
    parts = [many.take(torch.arange(WORTH_PREPARING)[place::2]) for place in range(2)]
    whole, halves = tally(network, many), sum((tally(network, part) for part in parts), Tally())
    assert (whole.correct, whole.samples) == (halves.correct, halves.samples)
    assert whole.loss == pytest.approx(halves.loss, rel=1e-5)


def test_dropout_and_statistics_play_no_part():
    network, samples = plain(5, 3), Samples(torch.randn(20, 5), torch.arange(20) % 3)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert tally(network.train(), samples) == tally(network.train(), samples)
    assert all(torch.equal(before[n], v) for n, v in network.state_dict().items())


def test_one_class_for_all_or_no_loss_is_collapsed():
    one_class = torch.zeros(5, 3)
    assert of([0, 1, 2, 0, 1], one_class).collapsed
    assert not of([0, 0, 0, 0, 0], one_class).collapsed
    assert not of([0, 1, 2, 0, 1]).collapsed
    assert of([0, 1, 2, 0, 1], LOGITS * float("nan")).collapsed
    assert of([1, 1, 2, 0, 1], LOGITS * 1e39).collapsed


def test_a_network_that_works_in_place_leaves_the_data_alone():
    class Shifting(nn.Linear):
        def forward(self, inputs):
            return super().forward(inputs.sub_(0.5))

    network = Prepared(Shifting(4, 2), None, None, 1, 2)
    samples = Samples(torch.rand(20, 4), torch.zeros(20, dtype=torch.int64))
    before = samples.inputs.clone()
    assert tally(network, samples) == tally(network, samples)
    assert torch.equal(samples.inputs, before)


def test_no_samples_have_no_accuracy():
    assert math.isnan(Tally().accuracy)
    assert not Tally().collapsed


def test_tallies_of_several_networks_are_those_of_each():
    torch.manual_seed(0)
    logits, labels = torch.randn(3, 7, 4), torch.randint(4, (3, 7))
    lengths = torch.tensor([7, 4, 0])
    real = torch.arange(7) < lengths[:, None]
    tallies = Tallies(3, 4, torch.device("cpu"))
    for part in (slice(0, 5), slice(5, 7)):
        tallies.add(logits[:, part], labels[:, part], real[:, part])
    for nth, found in enumerate(tallies.each()):
        n = int(lengths[nth])
        alone = tally(nn.Identity(), Samples(logits[nth, :n], labels[nth, :n]))
        assert found.loss == pytest.approx(alone.loss, rel=1e-6)
        exact = ("samples", "correct", "predicted", "present")
        assert all(getattr(found, name) == getattr(alone, name) for name in exact)
