"""Which modules learn in a phase, and which tensors may change."""

import pytest
from torch import nn

from monogram.networks import Prepared, trainable_names
from monogram.training.modes import Modes, changing_names


def prepared():
    inner = nn.Sequential(
        nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.Linear(6, 3), nn.Dropout(0.1)
    )
    return Prepared(nn.ModuleDict({"body": inner})["body"], None, None, 1, 3)


@pytest.mark.parametrize(
    ("train", "learning"), [("all", [0, 1, 2, 3, 4]), ("head", [3, 4]), ("network.0.*", [0, 2, 4])]
)
def test_layers_without_weights_learn_from_the_first_that_trains_on(train, learning):
    network = prepared()
    names = trainable_names(network, train)
    Modes(network, names).set(8)
    assert [place for place, one in enumerate(network.network) if one.training] == learning


def test_a_single_sample_leaves_statistics_alone():
    network = prepared()
    modes = Modes(network, trainable_names(network, "all"))
    modes.set(1)
    assert not network.network[1].training
    modes.set(2)
    assert network.network[1].training


def test_what_may_change_are_trained_parameters_and_statistics_that_are_kept_up():
    network = prepared()
    for train, statistics in (("all", True), ("head", False)):
        names = trainable_names(network, train)
        Modes(network, names).set(8)
        changing = changing_names(network, names)
        assert changing >= set(names)
        assert ("network.1.running_mean" in changing) is statistics
        assert "prior" not in changing
