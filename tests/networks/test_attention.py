"""Self-attention put together anew: PyTorch's function and gradients, with dropout's own draws."""

from unittest import mock

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from monogram.networks.attention import attending_in_the_open
from monogram.networks.dropout import dropped

FORWARD = nn.MultiheadAttention.forward
SELF = {"need_weights": False}


def literal(queries, keys, values, _mask, share, _causal):
    """PyTorch's attention as its documentation has it, with dropout's own draws."""
    weights = (queries @ keys.transpose(-2, -1) / queries.shape[-1] ** 0.5).softmax(-1)
    return dropped(weights, share) @ values


def compared(attention, *inputs, **options):
    """Check outputs, gradients and draws, and say how often PyTorch's own way was taken."""
    for one in inputs:
        one.requires_grad_()
    tensors = [*inputs, *attention.parameters()]

    def computed():
        torch.manual_seed(0)
        found = attention(*inputs, **options)
        output, weights = found if isinstance(found, tuple) else (found, None)
        shown = (output if weights is None else output + weights.sum()).pow(2).sum()
        return output, weights, *torch.autograd.grad(shown, tensors), torch.rand(1)

    own = mock.patch.object(nn.MultiheadAttention, "forward", autospec=True, side_effect=FORWARD)
    with attending_in_the_open(attention), own as calls:
        found = computed()
    if not calls.call_count:
        with mock.patch.object(functional, "scaled_dot_product_attention", literal):
            torch.testing.assert_close(found, computed())
    else:
        assert all(map(torch.equal, found[:1], computed()[:1]))
    return calls.call_count


class Same(nn.Module):
    """Attends to its one input."""

    def __init__(self, attention):
        super().__init__()
        self.attention = attention

    def forward(self, sequences, **options):
        return self.attention(sequences, sequences, sequences, **options)


@settings(deadline=None, max_examples=30)
@given(
    heads=st.sampled_from((1, 2, 4)),
    batch=st.integers(1, 4),
    length=st.integers(1, 6),
    dropout=st.sampled_from((0.1, 0.5)),
    bias=st.booleans(),
)
def test_outputs_and_gradients_are_pytorchs(heads, batch, length, dropout, bias):
    attention = nn.MultiheadAttention(8, heads, dropout=dropout, bias=bias, batch_first=True)
    assert compared(Same(attention), torch.randn(batch, length, 8), **SELF) == 0


def test_arguments_may_come_without_names():
    attention = nn.MultiheadAttention(8, 2, dropout=0.2, batch_first=True)
    with attending_in_the_open(attention):
        x = torch.randn(2, 3, 8)
        assert attention(x, x, x, None, False)[1] is None
        assert attention(x, x, x)[1].shape == (2, 3, 3)


def test_pytorchs_transformer_layer_attends_in_the_open():
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.3, batch_first=True)
    for module in (layer.dropout, layer.dropout1, layer.dropout2):
        module.p = 0.0
    assert compared(layer, torch.randn(5, 4, 8)) == 0


@pytest.mark.parametrize(
    ("made", "options"),
    [
        ({"dropout": 0.0}, SELF),
        ({"dropout": 1.0}, SELF),
        ({"batch_first": False}, SELF),
        ({"add_bias_kv": True}, SELF),
        ({"add_zero_attn": True}, SELF),
        ({"kdim": 8, "vdim": 8}, SELF | {"is_causal": True, "attn_mask": torch.zeros(3, 3)}),
        ({}, {}),
        ({}, SELF | {"attn_mask": torch.ones(3, 3).triu(1).bool()}),
        ({}, SELF | {"key_padding_mask": torch.tensor([[False, False, True]] * 2)}),
    ],
    ids=["none", "all", "length first", "bias", "zero", "causal", "weights", "mask", "padding"],
)
def test_everything_else_is_left_to_pytorch(made, options):
    attention = nn.MultiheadAttention(8, 2, **{"dropout": 0.2, "batch_first": True} | made)
    assert compared(Same(attention), torch.randn(2, 3, 8), **options) == 1


def test_other_keys_and_judging_are_left_to_pytorch():
    attention = nn.MultiheadAttention(8, 2, dropout=0.2, batch_first=True)
    query, other = torch.randn(2, 3, 8), torch.randn(2, 4, 8)
    assert compared(attention, query, other, other, **SELF) == 1
    assert compared(Same(attention.eval()), query, **SELF) == 1


def test_altered_modules_are_left_alone_and_all_are_as_before_in_the_end():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    with attending_in_the_open(layer):
        assert "forward" in vars(layer.self_attn)
    assert "forward" not in vars(layer.self_attn)
    layer.self_attn.register_forward_hook(lambda *_: None)
    with attending_in_the_open(layer):
        assert "forward" not in vars(layer.self_attn)
