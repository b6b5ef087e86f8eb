"""Networks whose convolutions are computed natively: in training and in judging the same."""

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager
from unittest import mock

import pytest
import torch
from torch import Tensor, nn

from monogram import native
from monogram.networks import (
    Conv1dNetwork,
    PaperNetwork,
    gains_natively,
    laid_out,
    natively,
    shortened_natively,
)

pytestmark = pytest.mark.skipif(
    not native.is_available(), reason="Monogram's C was not compiled for this processor"
)

Context = Callable[[nn.Module], AbstractContextManager[None]]
PICTURES = (8, 16, 16, 16)


def with_own(network: nn.Module, inputs: Tensor, context: Context) -> tuple[Tensor, int]:
    """What comes out within a context, and how many convolutions PyTorch computed."""
    by_pytorch = nn.Conv2d._conv_forward
    own = mock.patch.object(nn.Conv2d, "_conv_forward", autospec=True, side_effect=by_pytorch)
    with own as calls, context(network):
        outputs = network(inputs)
    assert "forward" not in vars(network)
    return outputs, calls.call_count


def convolution(inputs: int = 16, outputs: int = 16) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def pictures() -> Tensor:
    return torch.randn(PICTURES).contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("network", "inputs", "left"),
    [
        (PaperNetwork(1, 10, 0.25), torch.randn(9, 1, 32, 32), 3),
        (PaperNetwork(3, 10), torch.randn(9, 3, 32, 32), 3),
        (Conv1dNetwork(6, 3), torch.randn(9, 6, 100), 0),
    ],
    ids=["quarter width", "full width", "series"],
)
@pytest.mark.parametrize("context", [natively, shortened_natively])
def test_whole_networks(network, inputs, left, context):
    network = laid_out(network).train(context is natively)
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    expected = copy.deepcopy(network)(inputs)
    outputs, by_pytorch = with_own(network, inputs, context)
    torch.testing.assert_close(outputs, expected, rtol=1e-3, atol=1e-4)
    assert by_pytorch == left


def test_one_that_another_is_folded_into_is_computed_natively():
    network, inputs = nn.Sequential(convolution(), nn.BatchNorm2d(16)).eval(), pictures()
    nn.init.uniform_(network.get_parameter("1.weight"), 1, 2)
    nn.init.normal_(network.get_buffer("1.running_mean"))
    outputs, by_pytorch = with_own(network, inputs, shortened_natively)
    torch.testing.assert_close(outputs, network(inputs), rtol=1e-3, atol=1e-4)
    assert by_pytorch == 0


def test_outside_of_a_sequence_too():
    class Around(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = convolution()

        def forward(self, inputs: Tensor) -> Tensor:
            return inputs + self.layer(inputs)

    inputs, network = pictures(), Around()
    outputs, by_pytorch = with_own(network, inputs, natively)
    torch.testing.assert_close(outputs, network(inputs), rtol=1e-4, atol=1e-4)
    assert by_pytorch == 0


def test_what_has_hooks_is_left():
    layer = convolution()
    layer.register_forward_hook(lambda *_: None)
    assert with_own(layer, pictures(), natively)[1] == 1


def test_another_class_is_left():
    class Mine(nn.Conv2d):
        def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - as in PyTorch
            return super().forward(input) * 0

    layer = Mine(16, 16, 3)
    outputs, by_pytorch = with_own(layer, pictures(), natively)
    assert by_pytorch == 1
    assert not outputs.any()


def test_inputs_that_it_is_not_made_for_are_pytorchs():
    layer = convolution()
    outputs, by_pytorch = with_own(layer, torch.randn(PICTURES), natively)
    assert outputs.shape == PICTURES
    assert by_pytorch == 1


@pytest.mark.parametrize(
    ("layer", "gains"),
    [(convolution(), True), (nn.Conv2d(16, 16, 7), False), (nn.Conv1d(16, 16, 5), False)],
)
def test_which_networks_gain(layer, gains):
    assert gains_natively(layer) is gains


def test_what_is_changed_in_the_context_is_computed_as_it_is_then():
    layer, inputs = convolution(), pictures()
    with natively(layer):
        layer.stride = (2, 2)
        outputs = layer(inputs)
    torch.testing.assert_close(outputs, layer(inputs))
