"""Dropout by 16 bits a number: which, how much larger the rest, the same draws in every layout."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import twin
from torch import nn
from torch.func import vmap
from torch.utils.checkpoint import checkpoint

from monogram.networks.dropout import dropped, dropping_out

NUMBERS = 40_000


def drop(layer, inputs, seed=0):
    with dropping_out(layer):
        return plain(layer, inputs, seed)


def plain(layer, inputs, seed=0):
    torch.manual_seed(seed)
    return layer(inputs)


@settings(deadline=None, max_examples=60)
@given(
    shape=st.lists(st.integers(0, 5), min_size=1, max_size=4),
    share=st.floats(1e-7, 1, exclude_max=True),
    seed=st.integers(0, 2**31),
    data=st.data(),
)
def test_equals_the_literal_twin_in_any_order_of_memory(shape, share, seed, data):
    order = data.draw(st.permutations(range(len(shape))))
    inputs = torch.rand(shape).add(1).permute(order)
    found = drop(nn.Dropout(share), inputs, seed)
    torch.manual_seed(seed)
    if round(share * 2**16) < 2**16:  # else the twin would divide by nothing
        torch.testing.assert_close(found, twin.dropout(inputs, share, True, False))
    assert found.isfinite().all()


def test_what_is_no_block_of_memory_is_dropped_from_too():
    inputs = torch.ones(30, 1, 8)[:, :, ::2].expand(30, 5, 4).transpose(0, 1)
    found = drop(nn.Dropout(0.5), inputs)
    assert 0.3 < (found == 0).double().mean() < 0.7


def test_channels_that_come_last_in_memory_still_do():
    found = drop(nn.Dropout(0.5), torch.ones(2, 3, 4, 5).to(memory_format=torch.channels_last))
    assert found.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_share_is_dropped_and_the_mean_stays(share):
    found = drop(nn.Dropout(share), torch.ones(NUMBERS))
    spread = (share * (1 - share) / NUMBERS) ** 0.5
    assert abs((found == 0).double().mean() - share) < 4 * spread
    assert found.max() == pytest.approx(1 / (1 - share), rel=1e-4)


def test_what_is_dropped_gets_no_gradient_and_the_rest_a_larger_one():
    inputs = torch.ones(50, requires_grad=True)
    found = drop(nn.Dropout(0.3), inputs)
    found.sum().backward()
    torch.testing.assert_close(inputs.grad, found.detach())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_other_floats_drop_the_same(dtype):
    single = drop(nn.Dropout(0.4), torch.ones(999))
    other = drop(nn.Dropout(0.4), torch.ones(999, dtype=dtype))
    assert other.dtype == dtype
    assert torch.equal(other == 0, single == 0)


def test_each_network_of_a_stack_has_numbers_of_its_own():
    found = vmap(lambda own: dropped(own, 0.5), in_dims=1, randomness="different")(
        torch.ones(60, 3)
    )
    assert found.shape == (3, 60)
    assert not torch.equal(found[0], found[1])


@pytest.mark.parametrize(
    "layer",
    [nn.Dropout(0.5).eval(), nn.Dropout(0.0), nn.Dropout(1.0), nn.Dropout2d(0.5)],
    ids=["judging", "nothing", "everything", "whole channels"],
)
def test_the_rest_is_left_to_pytorch(layer):
    inputs = torch.ones(4, 5, 6, 7)
    assert torch.equal(drop(layer, inputs), plain(layer, inputs))


def test_numbers_are_dropped_in_place_where_that_is_wanted():
    inputs = torch.ones(NUMBERS)
    drop(nn.Dropout(0.5, inplace=True), inputs)
    assert 0.4 < (inputs == 0).double().mean() < 0.6


def test_the_input_may_be_named():
    layer = nn.Dropout(0.5)
    with dropping_out(layer):
        assert layer(input=torch.ones(9)).shape == (9,)


def test_a_layer_with_a_hook_is_left_to_pytorch():
    layer = nn.Dropout(0.5)
    layer.register_forward_hook(lambda *_: None)
    assert torch.equal(drop(layer, torch.ones(99)), plain(layer, torch.ones(99)))


def test_a_pass_that_is_computed_again_for_its_gradient_drops_the_same():
    layers, inputs = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5)), torch.ones(6, 4)
    inputs.requires_grad_()
    again = partial(checkpoint, layers, use_reentrant=False)
    with dropping_out(layers):
        found = [plain(one, inputs) for one in (layers, again)]
        gradients = [torch.autograd.grad(outputs.sum(), inputs)[0] for outputs in found]
    assert torch.equal(*gradients)


def test_layers_are_pytorchs_again_afterwards():
    layer = nn.Dropout(0.5)
    before = plain(layer, torch.ones(99))
    assert not torch.equal(drop(layer, torch.ones(99)), before)
    assert torch.equal(plain(layer, torch.ones(99)), before)


def test_a_network_that_is_traced_draws_at_each_call():
    network = nn.Sequential(nn.Linear(4, 16), nn.Dropout(0.5)).train()
    inputs = torch.randn(3, 4)
    with dropping_out(network):
        traced = torch.jit.trace(network, (inputs,), check_trace=False)
    assert not torch.equal(traced(inputs), traced(inputs))
