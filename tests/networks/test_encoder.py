"""Transformer layers with fewer passes over memory: PyTorch's function, gradients and draws."""

import copy
from unittest import mock

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from monogram import native
from monogram.networks import natively
from monogram.networks.drawing import drawing
from monogram.training.modes import Modes

FORWARD = nn.TransformerEncoderLayer.forward

pytestmark = pytest.mark.skipif(
    not native.is_available(), reason="Monogram's C was not compiled for this processor"
)


def computed(layer, inputs, **options):
    """Outputs, gradients of inputs and parameters, and the next draw."""
    torch.manual_seed(0)
    inputs = inputs.detach().clone().requires_grad_()
    layer.zero_grad()
    with drawing(layer):
        outputs = layer(inputs, **options)
    weights = torch.linspace(-1, 1, outputs.numel(), dtype=outputs.dtype).view_as(outputs)
    (outputs * weights).sum().backward()
    gradients = [parameter.grad for parameter in layer.parameters()]
    return [outputs.detach(), inputs.grad, *gradients, torch.rand(1)]


def left_over(layer, inputs, **options):
    """Check that the same comes out, and say how often PyTorch's own layer was left in."""
    plain = computed(copy.deepcopy(layer), inputs, **options)
    own = mock.patch.object(
        nn.TransformerEncoderLayer, "forward", autospec=True, side_effect=FORWARD
    )
    with natively(layer), own as calls:
        other = computed(layer, inputs, **options)
    for one, another in zip(other, plain, strict=True):
        if another is None:
            assert one is None
        else:
            assert (one - another).norm() <= 1e-3 * another.norm() + 1e-4
    assert torch.equal(other[-1], plain[-1])
    return calls.call_count


def made(width=16, heads=2, **options):
    torch.manual_seed(1)
    options = {"dropout": 0.3, "batch_first": True} | options
    return nn.TransformerEncoderLayer(width, heads, 24, **options)


@settings(deadline=None, max_examples=40)
@given(
    shape=st.sampled_from(((8, 1), (16, 2), (24, 1), (64, 2), (120, 3))),
    batch=st.integers(1, 5),
    length=st.integers(1, 33),
    dropout=st.sampled_from((0.1, 0.5, 0.99)),
)
def test_outputs_gradients_and_draws_are_pytorchs(shape, batch, length, dropout):
    layer = made(*shape, dropout=dropout)
    assert left_over(layer, torch.randn(batch, length, shape[0])) == 0


def test_sequences_that_lie_otherwise_in_memory_are_computed_too():
    assert left_over(made(), torch.randn(5, 16, 7).transpose(1, 2)) == 0


def test_sequences_that_are_too_long_attend_as_pytorch_has_it():
    assert left_over(made(8, 1), torch.randn(1, 130, 8)) == 0


def test_heads_of_other_widths_attend_as_pytorch_has_it():
    assert left_over(made(24, 2), torch.randn(3, 5, 24)) == 0


def test_very_different_scores_have_a_softmax():
    layer = made()
    with torch.no_grad():
        layer.self_attn.in_proj_weight.mul_(40)
    assert left_over(layer, torch.randn(4, 9, 16)) == 0


def test_what_is_no_number_stays_none():
    layer, inputs = made(), torch.randn(2, 3, 16)
    inputs[1, 2, 5] = torch.nan
    with natively(layer), drawing(layer):
        outputs = layer(inputs)
    assert outputs[1].isnan().all()
    assert not outputs[0].isnan().any()


def test_a_whole_encoder_is_computed_so():
    encoder = nn.TransformerEncoder(made(), 3, enable_nested_tensor=False)
    assert left_over(encoder, torch.randn(4, 9, 16)) == 0


@pytest.mark.parametrize(
    ("layer", "options"),
    [
        (made(norm_first=True), {}),
        (made(activation="gelu"), {}),
        (made(dropout=0.0), {}),
        (made(batch_first=False), {}),
        (made(), {"src_mask": torch.ones(5, 5).triu(1).bool()}),
        (made(), {"src_key_padding_mask": torch.tensor([[False] * 4 + [True]] * 3)}),
    ],
    ids=["first", "gelu", "none", "length first", "mask", "padding"],
)
def test_other_layers_and_inputs_are_left_to_pytorch(layer, options):
    assert left_over(layer, torch.randn(3, 5, 16), **options) == 1


def with_part(name, part):
    layer = made()
    setattr(layer, name, part)
    return layer


@pytest.mark.parametrize(
    "layer",
    [
        made(bias=False),
        made(20, 2),
        made().double(),
        with_part("linear2", nn.Linear(24, 1)),
        with_part("norm1", nn.LayerNorm((5, 16))),
        with_part("norm2", nn.LayerNorm(16, elementwise_affine=False)),
    ],
    ids=["bias", "width", "double", "broadcast", "two axes", "no scales"],
)
def test_other_numbers_and_parts_are_computed_by_pytorchs_operations(layer):
    inputs = torch.randn(3, 5, layer.linear1.in_features, dtype=layer.linear1.weight.dtype)
    assert left_over(layer, inputs) == 0


def test_scales_that_lie_apart_in_memory_are_read_right():
    layer = made()
    layer.norm1.weight = nn.Parameter(torch.arange(32.0)[::2])
    assert left_over(layer, torch.randn(3, 5, 16)) == 0


class Halved(nn.Module):
    """Computes in half precision where PyTorch has it so."""

    def __init__(self):
        super().__init__()
        self.layer = made()

    def forward(self, inputs):
        with torch.autocast("cpu", torch.bfloat16):
            return self.layer(inputs).float()


def test_half_precision_is_computed_by_pytorchs_operations():
    network = Halved()
    with natively(network), drawing(network):
        outputs = network(torch.randn(64, 64, 16))
    outputs.sum().backward()
    assert outputs.isfinite().all()


class Changing(nn.Module):
    """Changes its layer between two passes."""

    def __init__(self):
        super().__init__()
        self.layer = made()

    def forward(self, inputs):
        first = self.layer(inputs)
        self.layer.norm_first, self.layer.activation = True, nn.functional.gelu
        return first + self.layer(inputs)


def test_a_layer_that_is_changed_meanwhile_is_followed():
    assert left_over(Changing(), torch.randn(3, 5, 16)) == 1


def test_a_part_that_was_replaced_is_computed():
    layer = made()
    layer._sa_block = lambda x, *_, **__: torch.zeros_like(x)
    with (
        natively(layer),
        mock.patch.object(
            nn.TransformerEncoderLayer, "forward", autospec=True, side_effect=FORWARD
        ) as own,
    ):
        layer(torch.randn(3, 5, 16))
    assert own.call_count == 1


def test_gradients_can_be_differentiated_in_their_turn():
    def penalty(layer, inputs):
        torch.manual_seed(0)
        inputs = inputs.clone().requires_grad_()
        with drawing(layer):
            energy = layer(inputs).pow(3).sum()
        (slope,) = torch.autograd.grad(energy, inputs, create_graph=True)
        trained = [p for name, p in layer.named_parameters() if name != "norm2.bias"]
        return torch.autograd.grad(slope.pow(2).sum(), trained, allow_unused=True)

    layer, inputs = made(), torch.randn(3, 5, 16)
    plain = penalty(copy.deepcopy(layer), inputs)
    with natively(layer):
        for one, other in zip(penalty(layer, inputs), plain, strict=True):
            assert (one is None) == (other is None)
            if other is not None:
                assert (one - other).norm() <= 1e-3 * other.norm() + 1e-4


def test_partly_frozen_and_judging_layers_are_left_to_pytorch():
    layer = made()
    layer.norm1.eval()
    assert left_over(layer, torch.randn(3, 5, 16)) == 1
    assert left_over(made().eval(), torch.randn(3, 5, 16)) == 1


def test_a_frozen_layer_gives_its_gradient_further_down():
    layer = made()
    for parameter in layer.parameters():
        parameter.requires_grad_(False)
    Modes(layer, [name for name, _ in layer.named_parameters()]).set(3)
    assert left_over(layer, torch.randn(3, 5, 16)) == 0


def test_a_hook_keeps_a_layer_as_it_is():
    layer = made()
    layer.norm2.register_forward_hook(lambda *_: None)
    assert left_over(layer, torch.randn(3, 5, 16)) == 1
