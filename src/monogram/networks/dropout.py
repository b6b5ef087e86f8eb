"""Dropout with cheaper draws than PyTorch's, the same ones on every CPU.

PyTorch draws 53 random bits for each number that it may drop, one number after the other; on
Intel's processors it draws others, by another library. Here the generator draws a key, SplitMix64
(Steele, Lea & Flood 2014) makes 64 bits of it and of a counter, and 16 of them decide on a number.
So the probability is a multiple of 2⁻¹⁶, and what is kept is scaled by just that one. How much less
time that takes is measured by `python -m benchmarks dropout`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.library import define, impl, register_vmap

from monogram.native import Dropout, can_drop, drop_factors
from monogram.networks.altered import altered, is_altered

NUMBERS = 2**16  # that 16 bits can be
IN_A_DRAW = 4  # of 64 bits
LEAST = -(2**63)  # of them
GOLDEN = 0x9E3779B97F4A7C15  # of SplitMix64, as are the multipliers and shifts
MIXING = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
LAST_SHIFT = 31

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
    return inputs * _factors(inputs, share)


def _drop(layer: nn.Dropout, input: Tensor) -> Tensor:  # noqa: A002 - as in PyTorch
    """What `nn.Dropout.forward` does, whose argument this is."""
    if not layer.training:
        return input
    return input.mul_(_factors(input, layer.p)) if layer.inplace else dropped(input, layer.p)


def _factors(inputs: Tensor, share: float) -> Tensor:
    values = inputs.detach()
    if can_drop(values):  # what PyTorch does to call an operation takes as long as a small one
        return _kept(values, share)
    factors: Tensor = torch.ops.monogram.kept(values, share)
    return factors


@dataclass(frozen=True)
class Noise:
    """What one call of dropout drops.

    Attributes:
        key: one int64, of the generator.
        dropping: of the numbers from 0 to 65535 so many are dropped.
    """

    key: Tensor
    dropping: int

    @classmethod
    def drawn(
        cls, share: float, device: torch.device, generator: torch.Generator | None = None
    ) -> Self:
        """The next of a device's generator."""
        key = torch.empty((), dtype=torch.int64, device=device)
        dropping = min(round(share * NUMBERS), NUMBERS - 1)
        return cls(key.random_(LEAST, None, generator=generator), dropping)

    @property
    def scale(self) -> float:
        """How much larger what stays is made."""
        return NUMBERS / (NUMBERS - self.dropping)

    @property
    def limit(self) -> int:
        """What is dropped: the numbers whose bits are a lower signed number than this."""
        return self.dropping - NUMBERS // 2

    def as_c(self) -> Dropout:
        """The same for `monogram.native`; waits for the device."""
        return Dropout(int(self.key), self.scale, self.limit)

    def bits(self, count: int) -> Tensor:
        """[count] int16, the bits that decide on each number."""
        words = torch.arange(1, -(-count // IN_A_DRAW) + 1, device=self.key.device)
        words.mul_(_signed(GOLDEN)).add_(self.key)
        for shift, factor in MIXING:
            words.bitwise_xor_(_shifted(words, shift)).mul_(_signed(factor))
        words.bitwise_xor_(_shifted(words, LAST_SHIFT))
        return words.view(torch.int16)[:count]


def _kept(like: Tensor, share: float, generator: torch.Generator | None = None) -> Tensor:
    """The factor of each number: 0 where it is dropped; drawn in the order they have in memory."""
    noise, factors = Noise.drawn(share, like.device, generator), torch.empty_like(like)
    in_memory = factors.as_strided((like.numel(),), (1,))
    if can_drop(in_memory):
        drop_factors(in_memory, noise.as_c())
        return factors
    torch.ge(noise.bits(like.numel()), noise.limit, out=in_memory)
    return factors.mul_(noise.scale)


impl("monogram::kept", "default", _kept)


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


def _signed(bits: int) -> int:
    """64 bits as PyTorch's int64 has them."""
    return bits - 2**64 if bits >= 2**63 else bits


def _shifted(words: Tensor, places: int) -> Tensor:
    """Bits further to the right, zeros before them."""
    return words.bitwise_right_shift(places).bitwise_and_(2 ** (64 - places) - 1)
