"""Batch normalisation, ReLU and max pooling in one pass over memory: normalise.c for tensors.

PyTorch takes a pass for each, and one for each one's gradient. How much of a training step is left
is measured by `python -m benchmarks native`.
"""

from ctypes import byref
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from monogram.native.library import (
    LANES,
    Shape,
    call,
    gradients_again,
    in_memory,
    is_plain,
    is_ready,
    is_vector,
)

MOST_CHANNELS = 4096  # whose sums fit on the stack
REMEMBERED = 1024  # sizes of inputs


@dataclass(frozen=True)
class Window:
    """What is made of normalised activations.

    Attributes:
        high: rows of a pooling window, 1 or 2.
        wide: columns of one; 1 × 1 is no pooling.
        floor: the least that comes out; 0 is a ReLU, minus infinity none.
    """

    high: int = 1
    wide: int = 1
    floor: float = float("-inf")


def can_normalise(layer: nn.BatchNorm2d, window: Window, inputs: Tensor) -> bool:
    """Whether a layer in training and its inputs are such as normalise.c computes with.

    That is inputs [batch, channels, height, width] with the channels last, eight at a time, of one
    window and two pixels at least; and a layer that has all that it can have.
    """
    return (
        is_ready()
        and is_plain(inputs)
        and inputs.dim() == 4
        and inputs.shape[1] % LANES == 0
        and inputs.shape[1] <= MOST_CHANNELS
        and inputs.numel() > inputs.shape[1]
        and inputs.shape[2] >= window.high
        and inputs.shape[3] >= window.wide
        and inputs.is_contiguous(memory_format=torch.channels_last)
        and _is_whole(layer, inputs.shape[1])
    )


def _is_whole(layer: nn.BatchNorm2d, channels: int) -> bool:
    """Whether a layer learns, with running statistics, scales and shifts of so many channels."""
    tensors = (layer.weight, layer.bias, layer.running_mean, layer.running_var)
    return (
        layer.training
        and layer.track_running_stats
        and layer.momentum is not None
        and layer.num_batches_tracked is not None
        and all(is_vector(tensor, channels) for tensor in tensors)
    )


def normalised(layer: nn.BatchNorm2d, window: Window, inputs: Tensor) -> Tensor:
    """What comes out of a layer in training mode, whose running statistics move.

    Args:
        layer: which `can_normalise` these inputs so.
        window: what is made of them.
        inputs: [batch, channels, height, width].

    Returns:
        [batch, channels, height // high, width // wide], channels last.
    """
    assert layer.num_batches_tracked is not None
    layer.num_batches_tracked.add_(1)
    apply: Any = _Normalised.apply
    outputs: Tensor = apply(inputs, layer.weight, layer.bias, layer, window)
    return outputs


class _Normalised(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any,
        inputs: Tensor,
        weight: Tensor,
        bias: Tensor,
        layer: nn.BatchNorm2d,
        window: Window,
    ) -> Tensor:
        shape, size = _planned(*inputs.shape, window.high, window.wide)
        statistics = inputs.new_empty(2 * shape.channels)
        outputs, chosen = _empty(size, torch.float32), _empty(size, torch.uint8)
        settings = (layer.eps, layer.momentum, window.floor)
        running = (layer.running_mean, layer.running_var)
        given = (inputs, weight, bias, *settings, *running)
        call("monogram_normalise", byref(shape), *given, statistics, outputs, chosen)
        context.save_for_backward(inputs, weight, bias, chosen, statistics)
        context.shape, context.window, context.epsilon = shape, window, layer.eps
        return outputs

    @staticmethod
    def backward(context: Any, gradients: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight, bias, chosen, statistics = context.saved_tensors
        if torch.is_grad_enabled():
            plain = partial(_plainly, context.window, context.epsilon)
            return *gradients_again(plain, (inputs, weight, bias), gradients), None, None
        of_weight, of_bias = torch.empty_like(weight), torch.empty_like(weight)
        of_inputs = torch.empty_like(inputs) if context.needs_input_grad[0] else None
        gradients = in_memory(gradients, torch.channels_last)
        given = (inputs, chosen, gradients, weight, statistics)
        found = (of_weight, of_bias, of_inputs)
        call("monogram_normalise_backward", byref(context.shape), *given, *found)
        return of_inputs, of_weight, of_bias, None, None


def _plainly(
    window: Window, epsilon: float, inputs: Tensor, weight: Tensor, bias: Tensor
) -> Tensor:
    """The same by PyTorch's operations."""
    outputs = functional.batch_norm(inputs, None, None, weight, bias, True, 0.0, epsilon)  # noqa: FBT003
    outputs = outputs.clamp_min(window.floor)
    return functional.max_pool2d(outputs, (window.high, window.wide))


@lru_cache(maxsize=REMEMBERED)
def _planned(
    batch: int, channels: int, height: int, width: int, high: int, wide: int
) -> tuple[Shape, tuple[int, ...]]:
    """The sizes for normalise.c, and those of what comes out."""
    shape = Shape(batch, height, width, channels, high, wide)
    return shape, (batch, channels, height // high, width // wide)


def _empty(size: tuple[int, ...], kind: torch.dtype) -> Tensor:
    return torch.empty(size, dtype=kind, memory_format=torch.channels_last)
