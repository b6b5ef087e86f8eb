"""Convolutions with a fraction of the multiplications: convolve.c for tensors.

Sums are those of a direct convolution in another order and at other points. Outputs and gradients
of inputs are two to three times as far from exact ones as PyTorch's, those of weights up to ten
times. How much of the time is left is measured by `python -m benchmarks convolutions`.
"""

from ctypes import byref
from functools import partial
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
    is_plain,
    is_ready,
    is_vector,
)

SIDES = ((3, 3), (1, 5))  # of kernels: rows, columns
TILE = 4  # outputs along an axis that are made together
TOGETHER, SPARE = 24, 16  # as TILES and SPARE in convolve.c
LARGEST = 512 * 512  # pairs of channels, whose 36 points take 38 MB
FEWEST_CHANNELS = 16  # on one side; of fewer PyTorch's convolutions take less time
FEWEST_TILES = 16  # for which the weights' points are worth making
WORTH = 0.6  # of the multiplications that there would be otherwise, at most


def may_convolve(layer: nn.Conv2d) -> bool:
    """Whether a layer is such as convolve.c computes: 3 x 3 or 1 x 5, every pixel, all channels.

    Those that come out have to be a multiple of eight, and sixteen on one side at least.
    """
    channels = (layer.in_channels, layer.out_channels)
    return (
        layer.kernel_size in SIDES
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
    return (
        is_ready()
        and is_plain(inputs)
        and inputs.dim() == 4
        and inputs.shape[1] == layer.in_channels
        and (_is_last(inputs) or layer.in_channels % LANES > 0)
        and may_convolve(layer)
        and is_plain(layer.weight)
        and (layer.bias is None or is_vector(layer.bias, layer.out_channels))
        and _pays(_shape(inputs, layer.weight, _padding(layer)))
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
    weight, more = layer.weight, -layer.in_channels % LANES
    if more:
        inputs = _filled_up(inputs, more)
        weight = functional.pad(weight, (0, 0, 0, 0, 0, more))
    outputs: Tensor = apply(inputs, weight, layer.bias, _padding(layer))
    return outputs


def _filled_up(inputs: Tensor, more: int) -> Tensor:
    """Inputs with so many more channels of zeros, the channels last."""
    batch, channels, *sides = inputs.shape
    size = (batch, channels + more, *sides)
    whole = torch.empty(size, memory_format=torch.channels_last).zero_()
    whole[:, :channels] = inputs
    return whole


def _is_last(inputs: Tensor) -> bool:
    return inputs.is_contiguous(memory_format=torch.channels_last)


def _last(inputs: Tensor) -> Tensor:
    """Inputs with the channels last in memory."""
    return inputs.contiguous(memory_format=torch.channels_last)


Pair = tuple[int, int]


class _Convolved(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, inputs: Tensor, weight: Tensor, bias: Tensor | None, padding: Pair
    ) -> Tensor:
        context.save_for_backward(inputs, weight)
        context.padding = padding
        return _outputs(inputs, weight, bias, padding)

    @staticmethod
    def backward(context: Any, gradients: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight = context.saved_tensors
        padding: Pair = context.padding
        needed = context.needs_input_grad
        of_bias = gradients.sum((0, 2, 3)) if needed[2] else None
        if torch.is_grad_enabled():
            return *_again(inputs, weight, padding, gradients), of_bias, None
        inputs, gradients = _last(inputs), _last(gradients)
        of_inputs = _of_inputs(gradients, weight, padding) if needed[0] else None
        of_weight = _of_weight(inputs, gradients, weight, padding) if needed[1] else None
        return of_inputs, of_weight, of_bias, None


def _again(inputs: Tensor, weight: Tensor, padding: Pair, gradients: Tensor) -> list[Tensor | None]:
    """Gradients of inputs and weight by PyTorch's operations."""
    if not (inputs.requires_grad or weight.requires_grad):
        return [None, None]
    return gradients_again(partial(functional.conv2d, padding=padding), (inputs, weight), gradients)


def _outputs(inputs: Tensor, weight: Tensor, bias: Tensor | None, padding: Pair) -> Tensor:
    shape = _shape(inputs, weight, padding)
    size = (shape.batch, shape.outputs, *_sizes(shape))
    outputs = torch.empty(size, memory_format=torch.channels_last)
    kernels = weight.permute(2, 3, 1, 0).contiguous()
    given = (inputs, kernels, bias, _scratch(shape, inputs))
    call("monogram_convolve", byref(shape), *given, outputs)
    return outputs


def _of_inputs(gradients: Tensor, weight: Tensor, padding: Pair) -> Tensor:
    """The gradient of inputs: the outputs' gradients convolved with the kernels turned around."""
    turned = weight.flip(2, 3).transpose(0, 1)
    high, wide = (side - 1 - pad for side, pad in zip(weight.shape[2:], padding, strict=True))
    return _outputs(gradients, turned, None, (high, wide))


def _of_weight(inputs: Tensor, gradients: Tensor, weight: Tensor, padding: Pair) -> Tensor:
    shape = _shape(inputs, weight, padding)
    found = inputs.new_empty((shape.high, shape.wide, shape.inputs, shape.outputs))
    given = (inputs, gradients, _scratch(shape, inputs))
    call("monogram_convolve_backward", byref(shape), *given, found)
    return found.permute(3, 2, 0, 1)


def _shape(inputs: Tensor, weight: Tensor, padding: Pair) -> Convolution:
    batch, channels, height, width = inputs.shape
    outputs, _, *sides = weight.shape
    return Convolution(batch, height, width, channels, outputs, *sides, *padding)


def _sizes(shape: Convolution) -> tuple[int, int]:
    """Rows and columns that come out."""
    rows = shape.height + 2 * shape.above - shape.high + 1
    return rows, shape.width + 2 * shape.beside - shape.wide + 1


def _points(shape: Convolution) -> int:
    """Of a tile: multiplications for each pair of channels."""
    return (shape.high + _step(shape.high) - 1) * (shape.wide + _step(shape.wide) - 1)


def _step(side: int) -> int:
    """Outputs that a tile has along an axis."""
    return 1 if side == 1 else TILE


def _pays(shape: Convolution) -> bool:
    """Whether tiles and channels are filled so well that there are fewer multiplications."""
    rows, columns = _sizes(shape)
    if rows < 1 or columns < 1:
        return False
    tiles = ceil(rows / _step(shape.high)) * ceil(columns / _step(shape.wide))
    computed = tiles * _points(shape) * (shape.inputs + -shape.inputs % LANES)
    direct = rows * columns * shape.high * shape.wide * shape.inputs
    return computed <= WORTH * direct and shape.batch * tiles >= FEWEST_TILES


def _scratch(shape: Convolution, inputs: Tensor) -> Tensor:
    """Memory that convolve.c computes in: points of weights, of inputs and of outputs, patches."""
    channels = shape.inputs + shape.outputs
    each = shape.inputs * shape.outputs + (TOGETHER + 1) * channels + 2 * SPARE
    return inputs.new_empty(_points(shape) * each)


def _padding(layer: nn.Conv2d) -> Pair:
    """Rows and columns of zeros on each side."""
    high, wide = layer.kernel_size
    if isinstance(layer.padding, str):
        return (high // 2, wide // 2) if layer.padding == "same" else (0, 0)
    above, beside = layer.padding
    return above, beside
