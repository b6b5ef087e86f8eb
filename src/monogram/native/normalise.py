"""Batch normalisation, ReLU and max pooling in one pass over memory: normalise.c for tensors.

PyTorch takes a pass for each, and one for each one's gradient. How much of a training step is left
is measured by `python -m benchmarks one_pass`.
"""

from ctypes import byref
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from monogram.native.library import MOST_THREADS, Shape, call, library

LANES = 8  # channels at a time, as in normalise.c
MOST_CHANNELS = 4096  # whose sums fit on the stack


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


def fits(window: Window, inputs: Tensor) -> bool:
    """Whether inputs are such as normalise.c computes with, at least one window and two pixels.

    That is float32 on the CPU, [batch, channels, height, width] with the channels last, eight at a
    time, in a process of few threads.
    """
    return (
        library() is not None
        and inputs.dtype == torch.float32
        and inputs.device.type == "cpu"
        and inputs.dim() == 4
        and inputs.shape[1] % LANES == 0
        and 0 < inputs.shape[1] <= MOST_CHANNELS
        and inputs.numel() > inputs.shape[1]
        and inputs.shape[2] >= window.high
        and inputs.shape[3] >= window.wide
        and inputs.is_contiguous(memory_format=torch.channels_last)
        and torch.get_num_threads() <= MOST_THREADS
    )


def normalised(layer: nn.BatchNorm2d, window: Window, inputs: Tensor) -> Tensor:
    """What comes out of a layer in training mode, whose running statistics move.

    Args:
        layer: affine, with running statistics and a momentum.
        window: what is made of it.
        inputs: [batch, channels, height, width] that `fits`, of two pixels at least.

    Returns:
        [batch, channels, height // high, width // wide], channels last.
    """
    assert layer.num_batches_tracked is not None
    layer.num_batches_tracked.add_(1)
    apply: Any = _Normalised.apply
    outputs: Tensor = apply(inputs, layer.weight, layer.bias, layer, window)
    return outputs


class _Normalised(torch.autograd.Function):
    """Its gradient takes a second function of normalise.c."""

    @staticmethod
    def forward(
        context: Any,
        inputs: Tensor,
        weight: Tensor,
        bias: Tensor,
        layer: nn.BatchNorm2d,
        window: Window,
    ) -> Tensor:
        mean, rate = inputs.new_empty((2, inputs.shape[1]))
        outputs, chosen = (_outputs(inputs, window, kind) for kind in (torch.float32, torch.uint8))
        shape = _shape(inputs, window)
        settings = (layer.eps, layer.momentum, window.floor)
        running = (layer.running_mean, layer.running_var)
        call(
            "monogram_normalise",
            byref(shape),
            inputs,
            weight,
            bias,
            *settings,
            *running,
            mean,
            rate,
            outputs,
            chosen,
        )
        context.save_for_backward(inputs, weight, chosen, mean, rate)
        context.shape = shape
        return outputs

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradients: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight, chosen, mean, rate = context.saved_tensors
        of_weight, of_bias = torch.empty_like(weight), torch.empty_like(weight)
        of_inputs = torch.empty_like(inputs) if context.needs_input_grad[0] else None
        call(
            "monogram_normalise_backward",
            byref(context.shape),
            inputs,
            chosen,
            gradients.contiguous(memory_format=torch.channels_last),
            weight,
            mean,
            rate,
            of_weight,
            of_bias,
            of_inputs,
        )
        wanted = zip((of_inputs, of_weight, of_bias), context.needs_input_grad, strict=False)
        return *(found if needed else None for found, needed in wanted), None, None


def _shape(inputs: Tensor, window: Window) -> Shape:
    batch, channels, height, width = inputs.shape
    return Shape(batch, height, width, channels, window.high, window.wide)


def _outputs(inputs: Tensor, window: Window, kind: torch.dtype) -> Tensor:
    """Room for what comes out."""
    batch, channels, height, width = inputs.shape
    size = (batch, channels, height // window.high, width // window.wide)
    return torch.empty(size, dtype=kind, memory_format=torch.channels_last)
