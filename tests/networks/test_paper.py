"""The paper's network (Table 1)."""

import pytest
import torch
from torch import nn

from monogram.networks import PaperNetwork


def test_it_has_the_papers_size_and_features():
    network = PaperNetwork(channels=1, classes=30)
    assert 440_000 <= sum(p.numel() for p in network.parameters()) <= 450_000
    assert network.features(torch.zeros(2, 1, 32, 32)).shape == (2, 256)
    assert network(torch.zeros(2, 1, 32, 32)).shape == (2, 30)


def test_its_layers_are_those_of_table_1():
    kinds = (nn.Conv2d, nn.MaxPool2d, nn.Dropout)
    layers = [m for m in PaperNetwork(3, 10).features if isinstance(m, kinds)]
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
