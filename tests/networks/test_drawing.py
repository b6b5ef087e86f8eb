"""Drawing in training: one context for every layer that drops out."""

import torch
from torch import nn

from monogram.networks.drawing import drawing


def test_every_dropout_of_a_transformer_layer_is_the_networks_own_kind():
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.3, batch_first=True)
    with drawing(layer), torch.profiler.profile() as seen:
        layer(torch.randn(5, 4, 8))
    names = [event.name for event in seen.events()]
    assert names.count("aten::random_") == 4  # a key for each
    assert not any("bernoulli" in name or "native_dropout" in name for name in names)
