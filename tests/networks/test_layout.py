"""Weights laid out as the engine has them."""

import torch
from torch import nn

from monogram.networks import laid_out


def test_only_the_place_of_the_weights_changes():
    network = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(4, 3))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert laid_out(network) is network
    after = network.state_dict()
    assert after["0.weight"].is_contiguous(memory_format=torch.channels_last)
    assert all(torch.equal(after[name], value) for name, value in before.items())
