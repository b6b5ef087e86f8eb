"""The paper's network (Table 1)."""

import numpy as np
import pytest
import torch
from tests.people import make_population
from torch import nn

from monogram.networks import PaperNetwork, architecture
from monogram.networks.paper import normalised, plain

PICTURES = make_population({"anna": 8}, shared=24, shape=(1, 16, 16), kind=np.uint8)
both = pytest.mark.parametrize("convolution", [normalised, plain])


@both
def test_it_has_the_papers_size_and_features(convolution):
    network = PaperNetwork(channels=1, classes=30, convolution=convolution)
    assert 440_000 <= sum(p.numel() for p in network.parameters()) <= 450_000
    assert network.features(torch.zeros(2, 1, 32, 32)).shape == (2, 256)
    assert network(torch.zeros(2, 1, 32, 32)).shape == (2, 30)


@both
def test_its_layers_are_those_of_table_1(convolution):
    kinds = (nn.Conv2d, nn.MaxPool2d, nn.Dropout)
    layers = [
        m for m in PaperNetwork(3, 10, convolution=convolution).features if isinstance(m, kinds)
    ]
    conv = [
        (m.in_channels, m.out_channels, m.kernel_size[0]) for m in layers if isinstance(m, kinds[0])
    ]
    assert conv == [
        (3, 32, 3),
        (32, 64, 3),
        (64, 128, 3),
        (128, 128, 3),
        (128, 128, 3),
        (128, 128, 1),
        (128, 256, 1),
    ]
    assert "".join(type(m).__name__[0] for m in layers) == "CCMDCCMCCMCMD"
    assert [m.p for m in layers if isinstance(m, nn.Dropout)] == [0.2, 0.35]


@pytest.mark.parametrize("width", [0.01, 0.25, 2])
def test_its_width_is_a_factor_on_all_channels(width):
    network = PaperNetwork(1, 10, width)
    assert network.classifier.in_features == max(1, round(256 * width))
    assert network(torch.zeros(2, 1, 16, 16)).shape == (2, 10)


def test_the_plain_one_has_biases_of_0_where_the_other_is_normalised():
    network = architecture("paper-plain(width=0.1)", PICTURES).build(0)
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert not any(isinstance(m, nn.BatchNorm2d) for m in network.modules())
    assert [m.bias is not None and not m.bias.any() for m in convolutions] == [True] * 7
    other = architecture("paper(width=0.1)", PICTURES).build(0)
    assert sum(isinstance(m, nn.BatchNorm2d) for m in other.modules()) == 7
    assert all(m.bias is None for m in other.modules() if isinstance(m, nn.Conv2d))
