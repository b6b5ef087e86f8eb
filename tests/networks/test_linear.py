"""Networks whose linear layers are computed natively."""

from unittest import mock

import pytest
import torch
from torch import nn

from monogram import native
from monogram.native import linear as native_linear
from monogram.networks import linear, natively

pytestmark = pytest.mark.skipif(
    not native.is_available(), reason="Monogram's C was not compiled for this processor"
)


@pytest.fixture(autouse=True)
def own(monkeypatch):
    """Whether the native layer was used, on any processor."""
    monkeypatch.setattr(native_linear, "_is_amds", lambda: True)
    with mock.patch.object(linear, "multiplied", wraps=native.multiplied) as calls:
        yield calls


def test_a_layer_of_many_rows_is_computed_so(own):
    layer, inputs = nn.Linear(16, 32), torch.randn(60, 20, 16)
    expected = layer(inputs)
    with natively(layer):
        torch.testing.assert_close(layer(inputs), expected)
    assert own.call_count == 1
    assert "forward" not in vars(layer)


def test_a_transformers_layers_are(own):
    layer = nn.TransformerEncoderLayer(32, 2, 64, batch_first=True)
    with natively(layer):
        layer(torch.randn(60, 20, 32))
    assert own.call_count == 4


@pytest.mark.parametrize("rows", [1, 1000])
def test_few_rows_are_pytorchs(own, rows):
    layer = nn.Linear(16, 32)
    with natively(layer):
        layer(torch.randn(rows, 16))
    assert own.call_count == 0


def test_layers_with_hooks_and_of_other_classes_are_left(own):
    class Mine(nn.Linear):
        pass

    hooked = nn.Linear(16, 16)
    hooked.register_forward_pre_hook(lambda *_: None)
    network = nn.Sequential(Mine(16, 16), hooked)
    with natively(network):
        network(torch.randn(2000, 16))
    assert own.call_count == 0
