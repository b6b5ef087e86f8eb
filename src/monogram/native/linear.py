"""Linear layers of many rows and few columns: linear.c for tensors.

PyTorch's products are MKL's, which Intel makes. On other processors than AMD's they are left to it:
there nobody measured this.
"""

from ctypes import byref
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from monogram.native.library import (
    LANES,
    Linear,
    call,
    in_memory,
    is_plain,
    is_ready,
    is_vector,
)

LARGEST = 128 * 1024  # numbers of a weight: they stay in the second cache
FEWEST_ROWS = 1024  # for which packing the weight is worth it


def can_multiply(inputs: Tensor, weight: Tensor, bias: Tensor | None) -> bool:
    """Whether linear.c can multiply inputs [*, width] by [outputs, width], and that pays."""
    if not (is_ready() and _is_amds() and is_plain(inputs) and is_plain(weight)):
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
def _is_amds() -> bool:
    """Whether this processor is AMD's, as far as the system says."""
    try:
        return "AuthenticAMD" in Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return False


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
        learning = context.needs_input_grad  # what is not needed may be changed in place
        context.save_for_backward(inputs if learning[1] else None, weight if learning[0] else None)
        shape = context.shape = _shape(inputs, weight)
        outputs = inputs.new_empty((*inputs.shape[:-1], shape.outputs))
        given = (inputs, weight, bias, torch.empty_like(weight))
        call("monogram_linear", byref(shape), *given, outputs)
        return outputs

    @staticmethod
    def backward(context: Any, gradients: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight = context.saved_tensors
        needed = context.needs_input_grad
        if torch.is_grad_enabled():
            rows = gradients.flatten(0, -2)
            return (
                gradients @ weight if needed[0] else None,
                rows.t() @ inputs.flatten(0, -2) if needed[1] else None,
                rows.sum(0) if needed[2] else None,
            )
        shape, gradients = context.shape, in_memory(gradients)
        of_inputs = of_weight = of_bias = None
        if needed[0]:
            of_inputs = gradients.new_empty((*gradients.shape[:-1], shape.inputs))
            panels = torch.empty_like(weight)
            call("monogram_linear_backward", byref(shape), gradients, weight, panels, of_inputs)
        if needed[1]:
            of_weight = gradients.new_empty((shape.outputs, shape.inputs))
            of_bias = gradients.new_empty(shape.outputs) if needed[2] else None
            call("monogram_linear_weights", byref(shape), inputs, gradients, of_weight, of_bias)
        elif needed[2]:
            of_bias = gradients.flatten(0, -2).sum(0)
        return of_inputs, of_weight, of_bias


def _shape(inputs: Tensor, weight: Tensor) -> Linear:
    outputs, width = weight.shape
    return Linear(inputs.numel() // width, width, outputs)
