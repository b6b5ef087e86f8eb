"""Linear layers of many rows and few columns: linear.c for tensors.

PyTorch's products are MKL's. On processors of Intel, which makes it, they are left to it.
"""

from ctypes import byref
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from monogram.native.library import (
    LANES,
    Linear,
    call,
    gradients_again,
    is_plain,
    is_ready,
    is_vector,
)

LARGEST = 128 * 1024  # numbers of a weight: they stay in the second cache
FEWEST_ROWS = 1024  # for which packing the weight is worth it


def can_multiply(inputs: Tensor, weight: Tensor, bias: Tensor | None) -> bool:
    """Whether linear.c can multiply inputs [*, width] by [outputs, width], and that pays."""
    if not (is_ready() and not _is_intels() and is_plain(inputs) and is_plain(weight)):
        return False
    width = weight.shape[-1]
    return (
        weight.dim() == 2
        and inputs.dim() >= 1
        and inputs.shape[-1] == width
        and weight.numel() <= LARGEST
        and width % LANES == weight.shape[0] % LANES == 0
        and inputs.numel() >= FEWEST_ROWS * width
        and inputs.is_contiguous()
        and weight.is_contiguous()
        and (bias is None or is_vector(bias, weight.shape[0]))
    )


@cache
def _is_intels() -> bool:
    """Whether this processor is Intel's, or nothing says whose it is."""
    try:
        return "AuthenticAMD" not in Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return True


def multiplied(inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """What `torch.nn.functional.linear` gives.

    Args:
        inputs: [*, width], which `can_multiply` takes with these weights.
        weight: [outputs, width].
        bias: [outputs] or None.
    """
    apply: Any = _Linear.apply
    outputs: Tensor = apply(inputs, weight, bias)
    return outputs


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        context.save_for_backward(inputs, weight, bias)
        shape = _shape(inputs, weight)
        outputs = inputs.new_empty((*inputs.shape[:-1], shape.outputs))
        given = (inputs, weight, bias, torch.empty_like(weight))
        call("monogram_linear", byref(shape), *given, outputs)
        return outputs

    @staticmethod
    def backward(context: Any, gradients: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight, bias = context.saved_tensors
        if torch.is_grad_enabled():
            given = (inputs, weight) if bias is None else (inputs, weight, bias)
            found = gradients_again(functional.linear, given, gradients)
            return *found, *[None] * (3 - len(found))
        shape, gradients = byref(_shape(inputs, weight)), gradients.contiguous()
        of_inputs = of_weight = of_bias = None
        if context.needs_input_grad[0]:
            of_inputs = torch.empty_like(inputs)
            panels = torch.empty_like(weight)
            call("monogram_linear_backward", shape, gradients, weight, panels, of_inputs)
        if any(context.needs_input_grad[1:]):
            of_weight = torch.empty_like(weight)
            of_bias = None if bias is None else torch.empty_like(bias)
            call("monogram_linear_weights", shape, inputs, gradients, of_weight, of_bias)
        return of_inputs, of_weight, of_bias


def _shape(inputs: Tensor, weight: Tensor) -> Linear:
    outputs, width = weight.shape
    return Linear(inputs.numel() // width, width, outputs)
