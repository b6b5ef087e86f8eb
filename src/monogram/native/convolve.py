"""Convolutions with a fraction of the multiplications: convolve.c for tensors.

Sums are those of a direct convolution in another order and at other points. Outputs and gradients
of inputs are two to three times as far from exact ones as PyTorch's, those of weights up to ten
times. How much of the time is left is measured by `python -m benchmarks convolutions`.
"""

from ctypes import byref
from dataclasses import dataclass
from functools import lru_cache, partial
from math import ceil, prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from monogram.native.library import (
    LANES,
    Convolution,
    call,
    gradients_again,
    in_memory,
    is_plain,
    is_ready,
    is_vector,
)

KERNELS = ((3, 3), (1, 5))  # rows, columns
TILE = 4  # outputs along an axis that are made together
TOGETHER, SPARE = 24, 16  # as TILES and SPARE in convolve.c
LARGEST = 512 * 512  # pairs of channels, whose 36 points take 38 MB
FEWEST_CHANNELS = 16  # on one side; of fewer PyTorch's convolutions take less time
FEWEST_TILES = 16  # for which the weights' points are worth making
REMEMBERED = 1024  # sizes of convolutions
WORTH = 0.6  # of the multiplications that there would be otherwise, at most

Pair = tuple[int, int]
Sizes = tuple[int, ...]  # along the axes of a tensor


def may_convolve(layer: nn.Conv2d) -> bool:
    """Whether a layer is such as convolve.c computes: 3 x 3 or 1 x 5, every pixel, all channels.

    Those that come out have to be a multiple of eight, and sixteen on one side at least.
    """
    channels = (layer.in_channels, layer.out_channels)
    return (
        layer.kernel_size in KERNELS
        and layer.stride == layer.dilation == (1, 1)
        and layer.groups == 1
        and layer.padding_mode == "zeros"
        and all(pad < side for pad, side in zip(_padding(layer), layer.kernel_size, strict=True))
        and layer.out_channels % LANES == 0
        and max(channels) >= FEWEST_CHANNELS
        and prod(channels) <= LARGEST
    )


def can_convolve(layer: nn.Conv2d, inputs: Tensor) -> bool:
    """Whether convolve.c can compute a layer, as it is now, for inputs, and that pays.

    That is inputs [batch, channels, height, width] with the channels last, unless there have to be
    more of them, and of a size that is about filled by tiles.
    """
    weight, bias = layer.weight, layer.bias
    return (
        is_ready()
        and is_plain(inputs)
        and inputs.dim() == 4
        and inputs.shape[1] == layer.in_channels
        and (_is_last(inputs) or layer.in_channels % LANES > 0)
        and may_convolve(layer)
        and is_plain(weight)
        and (bias is None or is_vector(bias, layer.out_channels))
        and _planned(inputs.shape, weight.shape, _padding(layer)).pays
    )


def convolved(layer: nn.Conv2d, inputs: Tensor) -> Tensor:
    """What comes out of a layer.

    Args:
        layer: which `can_convolve` these inputs.
        inputs: [batch, channels, height, width].

    Returns:
        [batch, channels, height, width], channels last.
    """
    apply: Any = _Convolved.apply
    outputs: Tensor = apply(inputs, layer.weight, layer.bias, _padding(layer))
    return outputs


def _is_last(pictures: Tensor) -> bool:
    return pictures.is_contiguous(memory_format=torch.channels_last)


def _filled(pictures: Tensor) -> Tensor:
    """Pictures, or kernels, with the channels last and as many more of zeros as it takes."""
    batch, channels, *sides = pictures.shape
    if channels % LANES == 0:
        return pictures.contiguous(memory_format=torch.channels_last)
    filled = _empty((batch, _whole(channels), *sides))
    call("monogram_fill", pictures.contiguous(), batch, channels, prod(sides), filled)
    return filled


def _whole(channels: int) -> int:
    return channels + -channels % LANES


def _empty(size: Sizes) -> Tensor:
    return torch.empty(size, dtype=torch.float32, memory_format=torch.channels_last)


class _Convolved(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, inputs: Tensor, weight: Tensor, bias: Tensor | None, padding: Pair
    ) -> Tensor:
        filled = _filled(inputs), _filled(weight)
        context.save_for_backward(inputs, weight, *filled)
        context.padding = padding
        plan = _planned(inputs.shape, weight.shape, padding)
        outputs = _empty(plan.size)
        call("monogram_convolve", byref(plan.shape), *filled, bias, plan.memory(), outputs)
        return outputs

    @staticmethod
    def backward(context: Any, gradients: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight, *filled = context.saved_tensors
        padding: Pair = context.padding
        needed = context.needs_input_grad
        of_bias = gradients.sum((0, 2, 3)) if needed[2] else None
        if torch.is_grad_enabled():
            return *_again(inputs, weight, padding, gradients), of_bias, None
        gradients = in_memory(gradients, torch.channels_last)
        of_inputs = _of_inputs(gradients, filled[1], padding) if needed[0] else None
        of_weight = _of_weight(filled[0], gradients, filled[1], padding) if needed[1] else None
        channels = inputs.shape[1]
        return _first(of_inputs, channels), _first(of_weight, channels), of_bias, None


def _again(inputs: Tensor, weight: Tensor, padding: Pair, gradients: Tensor) -> list[Tensor | None]:
    """Gradients of inputs and weight by PyTorch's operations."""
    if not (inputs.requires_grad or weight.requires_grad):
        return [None, None]
    return gradients_again(partial(functional.conv2d, padding=padding), (inputs, weight), gradients)


def _of_inputs(gradients: Tensor, weight: Tensor, padding: Pair) -> Tensor:
    """The gradient of inputs: the outputs' gradients convolved with the kernels turned around."""
    outputs, channels, high, wide = weight.shape
    around = (high - 1 - padding[0], wide - 1 - padding[1])
    plan = _planned(gradients.shape, (channels, outputs, high, wide), around)
    found = _empty(plan.size)
    call("monogram_convolve_inputs", byref(plan.shape), gradients, weight, plan.memory(), found)
    return found


def _of_weight(inputs: Tensor, gradients: Tensor, weight: Tensor, padding: Pair) -> Tensor:
    plan = _planned(inputs.shape, weight.shape, padding)
    found = torch.empty_like(weight)
    call("monogram_convolve_weights", byref(plan.shape), inputs, gradients, plan.memory(), found)
    return found


def _first(gradients: Tensor | None, channels: int) -> Tensor | None:
    """Without those of channels that inputs or kernels were filled up with."""
    if gradients is None or gradients.shape[1] == channels:
        return gradients
    return gradients[:, :channels]


@dataclass(frozen=True)
class _Plan:
    """How a convolution of one size is computed.

    Attributes:
        shape: for convolve.c; channels that come in are filled up.
        size: of what comes out.
        scratch: numbers that convolve.c computes in: points of weights, of inputs and of outputs,
            patches.
        pays: whether tiles and channels are filled so well that there are fewer multiplications.
    """

    shape: Convolution
    size: Sizes
    scratch: int
    pays: bool

    def memory(self) -> Tensor:
        """To compute in."""
        return torch.empty(self.scratch, dtype=torch.float32)


@lru_cache(maxsize=REMEMBERED)
def _planned(inputs: Sizes, weight: Sizes, padding: Pair) -> _Plan:
    """Of pictures and kernels of some sizes."""
    (batch, channels, height, width), (outputs, _, high, wide) = inputs, weight
    whole, (above, beside) = _whole(channels), padding
    shape = Convolution(batch, height, width, whole, outputs, high, wide, above, beside)
    rows, columns = height + 2 * above - high + 1, width + 2 * beside - wide + 1
    points = (high + _step(high) - 1) * (wide + _step(wide) - 1)
    tiles = ceil(rows / _step(high)) * ceil(columns / _step(wide))
    scratch = whole * outputs + (TOGETHER + 1) * (whole + outputs) + 2 * SPARE
    pays = (
        min(rows, columns) > 0
        and tiles * points * whole <= WORTH * rows * columns * high * wide * channels
        and batch * tiles >= FEWEST_TILES
    )
    return _Plan(shape, (batch, outputs, rows, columns), points * scratch, pays)


def _step(side: int) -> int:
    """Outputs that a tile has along an axis."""
    return 1 if side == 1 else TILE


def _padding(layer: nn.Conv2d) -> Pair:
    """Rows and columns of zeros on each side."""
    high, wide = layer.kernel_size
    if isinstance(layer.padding, str):
        return (high // 2, wide // 2) if layer.padding == "same" else (0, 0)
    above, beside = layer.padding
    return above, beside
