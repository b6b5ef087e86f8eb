"""Random draws of a stack: what each network draws alone, and what cannot be told apart."""

import pytest
import torch
from torch import nn
from torch.func import vmap

from monogram.errors import NetworkError
from monogram.training.draws import Draws, OwnDraws


def generators(n):
    return [torch.Generator().manual_seed(nth) for nth in range(n)]


def in_a_stack(draw, inputs, samples, orders):
    with OwnDraws(generators(len(inputs)), samples, orders):
        return vmap(draw, randomness="different")(inputs)


def alone(draw, inputs):
    found = []
    for nth, own in enumerate(inputs):
        torch.manual_seed(nth)
        found.append(draw(own))
    return found


def noted(draw, inputs):
    draws = Draws()
    with draws:
        draw(inputs[0])
    return draws.orders


def normal(x):
    return x + torch.empty_like(x).normal_()


@pytest.mark.parametrize("draw", [nn.Dropout(0.4), nn.AlphaDropout(0.3), normal])
@pytest.mark.parametrize("last", [False, True], ids=["channels first", "channels last"])
def test_each_draws_what_it_draws_alone(draw, last):
    inputs = torch.randn(3, 4, 5, 6, 6)
    if last:
        inputs = torch.stack([i.contiguous(memory_format=torch.channels_last) for i in inputs])
        each = [i.contiguous(memory_format=torch.channels_last) for i in inputs]
    else:
        each = list(inputs)
    found = in_a_stack(draw, inputs, [4] * 3, noted(draw, each))
    for one, other in zip(found, alone(draw, each), strict=True):
        torch.testing.assert_close(one, other)


def test_a_draw_with_two_results_is_refused():
    """As CUDA's dropout is one."""
    with Draws(), pytest.raises(NetworkError, match=r"native_dropout.* cannot be stacked"):
        torch.native_dropout(torch.ones(2, 3), 0.5, True)


def test_what_fills_up_a_batch_draws_nothing():
    draw, inputs = nn.Dropout(0.5), torch.ones(2, 4, 3)
    found = in_a_stack(draw, inputs, [4, 2], [(0, 1)])
    torch.manual_seed(1)
    torch.testing.assert_close(found[1, :2], draw(inputs[1, :2]))
    assert not found[1, 2:].any()


@pytest.mark.parametrize(
    ("draw", "samples", "orders", "problem"),
    [
        (lambda x: x + torch.rand(3), [4, 4], [(0,)], "in a way that cannot be stacked"),
        (nn.Dropout(0.5), [4, 4], [], "more random numbers in a stack"),
        (lambda x: nn.functional.dropout(x.sum(0)), [4, 2], [(0,)], "no sample's own"),
    ],
    ids=["made of nothing", "more", "of all samples"],
)
def test_what_cannot_be_told_apart_is_refused(draw, samples, orders, problem):
    with pytest.raises(NetworkError, match=problem):
        in_a_stack(draw, torch.ones(2, 4, 3), samples, orders)
