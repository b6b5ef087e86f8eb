"""Weights laid out as the engine has them."""

import torch
from torch import nn

from monogram.networks import laid_out
from monogram.networks.split import cut


def test_only_the_place_of_the_weights_changes():
    network = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(4, 3))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert laid_out(network) is network
    after = network.state_dict()
    assert after["0.weight"].is_contiguous(memory_format=torch.channels_last)
    assert all(torch.equal(after[name], value) for name, value in before.items())


def volumes():
    """A network with tensors of four, five and two axes."""
    layers = nn.Conv3d(2, 4, 2), nn.Flatten(2), nn.Conv1d(4, 4, 1), nn.Flatten(), nn.Linear(32, 3)
    network = nn.Sequential(*layers)
    network.register_parameter("picture", nn.Parameter(torch.randn(1, 2, 3, 4)))
    network.register_buffer("volume", torch.randn(2, 3, 4, 5, 6))
    return network


def test_tensors_of_five_axes_stay_where_they_are():
    network, inputs = volumes(), torch.randn(2, 2, 3, 3, 3)
    before, logits = {n: t.clone() for n, t in network.state_dict().items()}, network(inputs)
    after = laid_out(network).state_dict()
    assert after["picture"].is_contiguous(memory_format=torch.channels_last)
    assert after["volume"].is_contiguous()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert torch.equal(network(inputs), logits)


def test_convolutions_over_volumes_are_cut():
    assert cut(volumes().eval(), ["4.weight", "4.bias"], torch.randn(2, 2, 3, 3, 3)) is not None
