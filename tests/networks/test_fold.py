"""Batch normalisation folded into the convolutions before it: the same function."""

import copy
from typing import TypeVar
from unittest import mock

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from monogram.networks import PaperNetwork, Prepared
from monogram.networks.fold import folded
from monogram.networks.small import Conv1dNetwork

CHANNELS = 4
NORMALISE = functional.batch_norm
Network = TypeVar("Network", bound=nn.Module)
DIMENSIONS = {
    1: (nn.Conv1d, nn.BatchNorm1d, (CHANNELS, 6)),
    2: (nn.Conv2d, nn.BatchNorm2d, (CHANNELS, 6, 5)),
    3: (nn.Conv3d, nn.BatchNorm3d, (CHANNELS, 4, 3, 2)),
}


def used(network: Network) -> Network:
    """The network with statistics and scales that are not those of its first day, judging."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            for tensor in (module.weight, module.running_var):
                if tensor is not None:
                    nn.init.uniform_(tensor, 0.5, 2)
            for tensor in (module.bias, module.running_mean):
                if tensor is not None:
                    nn.init.normal_(tensor)
    return network.eval()


def convolutional(**options: bool) -> nn.Sequential:
    """One convolution over time, normalised."""
    normalisation = nn.BatchNorm1d(CHANNELS, **options)
    return nn.Sequential(nn.Conv1d(CHANNELS, CHANNELS, 1), normalisation)


def logits(network: nn.Module, inputs: Tensor) -> tuple[Tensor, Tensor, int]:
    """What it computes as it is and folded, and how many layers normalise in the latter."""
    with torch.inference_mode():
        plain = network(inputs)
        with folded(network), mock.patch.object(functional, "batch_norm", wraps=NORMALISE) as left:
            return plain, network(inputs), left.call_count


def same(network: nn.Module, inputs: Tensor, left: int = 0) -> None:
    """Check that the same comes out, with so many normalisations left in."""
    plain, other, normalising = logits(network, inputs)
    torch.testing.assert_close(other, plain, rtol=1e-4, atol=1e-5)
    assert normalising == left


@settings(deadline=None)
@given(
    dimensions=st.sampled_from(sorted(DIMENSIONS)),
    bias=st.booleans(),
    affine=st.booleans(),
    groups=st.sampled_from((1, 2)),
)
def test_a_convolution_takes_over_the_normalisation_after_it(dimensions, bias, affine, groups):
    convolution, normalisation, shape = DIMENSIONS[dimensions]
    layer = convolution(CHANNELS, CHANNELS, 3, padding=1, bias=bias, groups=groups)
    network = used(nn.Sequential(layer, normalisation(CHANNELS, affine=affine), nn.ReLU()))
    same(network, torch.randn(3, *shape))


@pytest.mark.parametrize(
    ("network", "inputs"),
    [
        (PaperNetwork(1, 10, 0.1), torch.randn(3, 1, 32, 32)),
        (Conv1dNetwork(6, 3), torch.randn(3, 6, 50)),
        (
            Prepared(PaperNetwork(1, 10, 0.1), torch.zeros(1), torch.ones(1), 3, 10),
            torch.randint(256, (3, 1, 32, 32), dtype=torch.uint8),
        ),
    ],
    ids=["pictures", "series", "grey values"],
)
def test_whole_networks_are_folded(network, inputs):
    same(used(network), inputs)


def test_a_network_is_the_same_afterwards():
    network = used(PaperNetwork(1, 10, 0.1))
    modules, weights = dict(network.named_modules()), copy.deepcopy(network.state_dict())
    with pytest.raises(KeyboardInterrupt), folded(network):
        raise KeyboardInterrupt
    with mock.patch.object(functional, "batch_norm", wraps=NORMALISE) as normalised:
        network(torch.randn(3, 1, 32, 32))
    assert normalised.call_count == 7
    assert dict(network.named_modules()) == modules
    assert list(network.state_dict()) == list(weights)
    assert all(torch.equal(network.state_dict()[name], weights[name]) for name in weights)


def test_other_weights_and_other_layers_are_folded_anew():
    network, inputs = used(convolutional()), torch.randn(3, CHANNELS, 6)
    same(network, inputs)
    nn.init.uniform_(network.get_parameter("1.weight"), 2, 3)
    same(network, inputs)
    network[1] = nn.GroupNorm(1, CHANNELS)
    same(network, inputs)


class Residual(nn.Module):
    """What a convolution computes is used beside its normalisation too."""

    def __init__(self):
        super().__init__()
        self.layer, self.norm = nn.Conv1d(CHANNELS, CHANNELS, 1), nn.BatchNorm1d(CHANNELS)

    def forward(self, inputs):
        passed = self.layer(inputs)
        return passed + self.norm(passed)


class Twice(Residual):
    """A convolution and its normalisation, run two times."""

    def forward(self, inputs):
        return self.norm(self.layer(self.norm(self.layer(inputs))))


class Tied(Residual):
    """Uses its layers' tensors by themselves too."""

    def __init__(self):
        super().__init__()
        self.both = nn.Sequential(self.layer, self.norm)

    def forward(self, inputs):
        again = functional.conv1d(self.both(inputs), self.layer.weight)
        return again - self.norm.get_buffer("running_mean")[:, None] * self.norm.num_features


class Across(nn.Module):
    """A linear layer whose outputs are normalised along the other axis."""

    def __init__(self):
        super().__init__()
        self.layer, self.norm = nn.Linear(CHANNELS, CHANNELS), nn.BatchNorm1d(CHANNELS)

    def forward(self, inputs):
        return self.norm(self.layer(inputs[:, :, :CHANNELS]))


class Adapting(Residual):
    """Normalises by each batch, in evaluation mode too."""

    def train(self, mode=True):
        super().train(mode)
        self.norm.training = True
        return self

    def forward(self, inputs):
        return self.norm(self.layer(inputs))


class Tapped(nn.Module):
    """Looks between the modules of a sequence, and uses one of them by itself."""

    def __init__(self):
        super().__init__()
        self.layers = convolutional()

    def forward(self, inputs):
        between = self.layers[0](inputs)
        return between + self.layers[1](between) + self.layers[:1](inputs)


@pytest.mark.parametrize(
    ("network", "left"),
    [(Residual, 1), (Twice, 2), (Across, 1), (Adapting, 1), (Tapped, 1)],
)
def test_what_cannot_be_folded_stays(network, left):
    same(used(network()), torch.rand(3, CHANNELS, 6), left)


def test_a_layer_that_is_exchanged_meanwhile_is_followed():
    network = used(convolutional())
    inputs = torch.randn(3, CHANNELS, 6)
    with torch.inference_mode(), folded(network):
        network[1] = nn.Identity()
        torch.testing.assert_close(network(inputs), network[0](inputs))


def test_tensors_that_are_used_by_themselves_are_what_they_were():
    same(used(Tied()), torch.rand(3, CHANNELS, 6))


def test_without_known_statistics_or_with_hooks_a_normalisation_stays():
    hooked, unknown = convolutional(), convolutional(track_running_stats=False)
    hooked[0].register_forward_hook(lambda module, inputs, outputs: 2 * outputs)
    same(used(nn.Sequential(hooked, unknown)), torch.randn(3, CHANNELS, 6), left=2)
