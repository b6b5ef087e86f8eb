"""Dropout with cheaper draws than PyTorch's, the same ones on every CPU.

PyTorch draws 53 random bits for each number that it may drop, one number after the other; on
Intel's processors it draws others, by another library. Here 16 bits decide on a number and four
numbers share a draw of the generator. So the probability is a multiple of 2⁻¹⁶, and what is kept is
scaled by just that one. Where PyTorch draws one by one, a step of a small transformer takes 0.7 of
the time (`benchmarks/dropout.py`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.library import define, impl, register_vmap

from monogram.networks.altered import altered, is_altered

NUMBERS = 2**16  # that 16 bits can be
IN_A_DRAW = 4  # of 64 bits
LEAST = -(2**63)  # of them

define(
    "monogram::kept",
    "(Tensor like, float share, Generator? generator=None) -> Tensor",
    tags=torch.Tag.nondeterministic_seeded,
)


@contextmanager
def dropping_out(network: nn.Module) -> Iterator[None]:
    """In this context a network's `nn.Dropout` layers draw as this module does.

    Args:
        network: its modules stay what they are.
    """
    layers = [
        module
        for module in network.modules()
        if type(module) is nn.Dropout and 0 < module.p < 1 and not is_altered(module)
    ]
    with altered({layer: partial(_drop, layer) for layer in layers}):
        yield


def dropped(inputs: Tensor, share: float) -> Tensor:
    """Inputs [*shape] of which a share is 0 and the rest as much larger, as in training.

    Args:
        inputs: floats.
        share: probability of each to be dropped, in (0, 1).
    """
    noise: Tensor = torch.ops.monogram.kept(inputs.detach(), share)
    return inputs * noise


def _drop(layer: nn.Dropout, inputs: Tensor) -> Tensor:
    return dropped(inputs, layer.p) if layer.training else inputs


@impl("monogram::kept", "default")
def _kept(like: Tensor, share: float, generator: torch.Generator | None = None) -> Tensor:
    """The factor of each number: 0 where it is dropped; drawn in the order they have in memory."""
    numbers = like.numel()
    words = torch.empty(-(-numbers // IN_A_DRAW), dtype=torch.int64, device=like.device)
    drawn = words.random_(LEAST, None, generator=generator).view(torch.int16)[:numbers]
    dropping = min(round(share * NUMBERS), NUMBERS - 1)
    noise = torch.empty_like(like)
    torch.ge(drawn, dropping - NUMBERS // 2, out=noise.as_strided((numbers,), (1,)))
    return noise.mul_(NUMBERS / (NUMBERS - dropping))


@register_vmap("monogram::kept")
def _kept_of_each(
    _info: Any,
    axes: tuple[int | None, ...],
    like: Tensor,
    share: float,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, int]:
    """The factors of several networks' numbers."""
    assert axes[0] is not None
    stacked = like.movedim(axes[0], 0)
    return torch.ops.monogram.kept(stacked, share, generator), 0
