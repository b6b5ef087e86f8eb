"""Dropout, alone and with its neighbours in a transformer's layers: dropout.c for tensors."""

from ctypes import byref
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from monogram.native.library import (
    LANES,
    Dropout,
    call,
    gradients_again,
    in_memory,
    is_plain,
    is_ready,
    is_vector,
)

LONGEST = 4096  # numbers of a row, which fit on the stack


def can_drop(inputs: Tensor) -> bool:
    """Whether dropout.c can compute with inputs: one after the other in this processor's memory."""
    return is_ready() and is_plain(inputs) and inputs.is_contiguous()


def can_add(layer: nn.LayerNorm, inputs: Tensor, added: Tensor) -> bool:
    """Whether dropout.c can add two tensors and normalise the sums, each row by itself."""
    width = inputs.shape[-1] if inputs.dim() else 0
    return (
        inputs.shape == added.shape
        and can_drop(inputs)
        and can_drop(added)
        and width % LANES == 0
        and width <= LONGEST
        and layer.normalized_shape == (width,)
        and is_vector(layer.weight, width)
        and is_vector(layer.bias, width)
    )


def drop_factors(factors: Tensor, noise: Dropout) -> None:
    """Fill float32 numbers that lie one after the other on the CPU: 0 where they are dropped."""
    call("monogram_drop", byref(noise), factors.numel(), factors)


def factors_of(inputs: Tensor, noise: Dropout) -> Tensor:
    """The factor of each of some inputs that lie one after the other."""
    factors = torch.empty_like(inputs, requires_grad=False)
    drop_factors(factors, noise)
    return factors


def rectified_and_dropped(inputs: Tensor, noise: Dropout) -> Tensor:
    """The ReLU of inputs, with some dropped."""
    return _apply(_RectifiedAndDropped, inputs, noise)


def added_and_normalised(
    layer: nn.LayerNorm, inputs: Tensor, added: Tensor, noise: Dropout
) -> Tensor:
    """Inputs with some dropped, what is added to them, and a layer's normalisation of the sums.

    Args:
        layer: which `can_add` the two.
        inputs: [*, width].
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
    def backward(context: Any, gradients: Tensor) -> tuple[Tensor, None]:
        (outputs,) = context.saved_tensors
        noise: Dropout = context.noise
        if torch.is_grad_enabled():
            return gradients * ((outputs.detach() > 0) * noise.scale), None
        of_inputs, gradients = torch.empty_like(outputs), in_memory(gradients)
        given = (outputs, gradients, outputs.numel())
        call("monogram_relu_drop_backward", byref(noise), *given, of_inputs)
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
        context.save_for_backward(inputs, added, weight, bias, sums, mean, rate)
        context.epsilon, context.noise = epsilon, noise
        return outputs

    @staticmethod
    def backward(context: Any, gradients: Tensor) -> tuple[Tensor | None, ...]:
        inputs, added, weight, bias, sums, mean, rate = context.saved_tensors
        if torch.is_grad_enabled():
            plain = partial(_plainly, factors_of(inputs, context.noise), context.epsilon)
            found = gradients_again(plain, (inputs, added, weight, bias), gradients)
            return *found, None, None
        rows, width = _rows(sums)
        of_inputs, of_added = torch.empty_like(sums), torch.empty_like(sums)
        of_weight, of_bias = sums.new_empty((2, width), dtype=torch.float64)
        given = (sums, in_memory(gradients), weight, mean, rate, rows, width)
        results = (of_weight, of_bias, of_added, of_inputs)
        call("monogram_drop_add_normalise_backward", byref(context.noise), *given, *results)
        return of_inputs, of_added, of_weight.float(), of_bias.float(), None, None


def _plainly(
    factors: Tensor, epsilon: float, inputs: Tensor, added: Tensor, weight: Tensor, bias: Tensor
) -> Tensor:
    """Sums and their normalisation by PyTorch's operations."""
    return functional.layer_norm(added + inputs * factors, weight.shape, weight, bias, epsilon)


def _rows(inputs: Tensor) -> tuple[int, int]:
    """How many rows there are, and how long."""
    width = inputs.shape[-1]
    return inputs.numel() // width, width
