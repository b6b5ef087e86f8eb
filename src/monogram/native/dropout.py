"""Dropout, alone and with its neighbours in a transformer's layers: dropout.c for tensors."""

from ctypes import byref
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from monogram.native.library import MOST_THREADS, Dropout, call, library

LANES = 8  # numbers of a row at a time, as in vectors.h
LONGEST = 4096  # numbers of a row, which fit on the stack


def is_plain_memory(inputs: Tensor) -> bool:
    """Whether inputs are such as dropout.c computes with.

    That is float32 on the CPU, one after the other in memory, in a process of few threads.
    """
    return (
        library() is not None
        and inputs.dtype == torch.float32
        and inputs.device.type == "cpu"
        and inputs.is_contiguous()
        and inputs.numel() > 0
        and torch.get_num_threads() <= MOST_THREADS
    )


def has_rows(inputs: Tensor, multiple: int = 1) -> bool:
    """Whether inputs are plain memory, and rows of a length that is a multiple of some number."""
    width = inputs.shape[-1] if inputs.dim() else 0
    return is_plain_memory(inputs) and width <= LONGEST and width % multiple == 0


def drop_factors(factors: Tensor, noise: Dropout) -> None:
    """Fill float32 numbers that lie one after the other on the CPU: 0 where they are dropped."""
    call("monogram_drop", byref(noise), factors.numel(), factors)


def rectified_and_dropped(inputs: Tensor, noise: Dropout) -> Tensor:
    """The ReLU of inputs, with some dropped."""
    return _apply(_RectifiedAndDropped, inputs, noise)


def added_and_normalised(
    layer: nn.LayerNorm, inputs: Tensor, added: Tensor, noise: Dropout
) -> Tensor:
    """Inputs with some dropped, what is added to them, and a layer's normalisation of the sums.

    Args:
        layer: affine; normalises the last axis, a multiple of LANES long.
        inputs: [*, width] float32.
        added: of the same shape.
        noise: what is dropped.
    """
    return _apply(_AddedAndNormalised, inputs, added, layer.weight, layer.bias, layer.eps, noise)


def _apply(function: Any, *arguments: Any) -> Tensor:
    outputs: Tensor = function.apply(*arguments)
    return outputs


class _RectifiedAndDropped(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, inputs: Tensor, noise: Dropout) -> Tensor:
        outputs = torch.empty_like(inputs)
        call("monogram_relu_drop", byref(noise), inputs, inputs.numel(), outputs)
        context.save_for_backward(outputs)
        context.noise = noise
        return outputs

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradients: Tensor) -> tuple[Tensor, None]:
        (outputs,) = context.saved_tensors
        of_inputs, noise = torch.empty_like(outputs), byref(context.noise)
        gradients = gradients.contiguous()
        count = outputs.numel()
        call("monogram_relu_drop_backward", noise, outputs, gradients, count, of_inputs)
        return of_inputs, None


class _AddedAndNormalised(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any,
        inputs: Tensor,
        added: Tensor,
        weight: Tensor,
        bias: Tensor,
        epsilon: float,
        noise: Dropout,
    ) -> Tensor:
        rows, width = _rows(inputs)
        sums, outputs = torch.empty_like(inputs), torch.empty_like(inputs)
        mean, rate = inputs.new_empty((2, rows))
        given = (inputs, added, weight, bias, epsilon, rows, width)
        call("monogram_drop_add_normalise", byref(noise), *given, sums, mean, rate, outputs)
        context.save_for_backward(sums, weight, mean, rate)
        context.noise = noise
        return outputs

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradients: Tensor) -> tuple[Tensor | None, ...]:
        sums, weight, mean, rate = context.saved_tensors
        rows, width = _rows(sums)
        of_inputs, of_added = torch.empty_like(sums), torch.empty_like(sums)
        of_weight, of_bias = sums.new_empty((2, width), dtype=torch.float64)
        given = (sums, gradients.contiguous(), weight, mean, rate, rows, width)
        found = (of_weight, of_bias, of_added, of_inputs)
        call("monogram_drop_add_normalise_backward", byref(context.noise), *given, *found)
        return of_inputs, of_added, of_weight.float(), of_bias.float(), None, None


def _rows(inputs: Tensor) -> tuple[int, int]:
    """How many rows there are, and how long."""
    width = inputs.shape[-1]
    return inputs.numel() // width, width
