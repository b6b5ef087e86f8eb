"""Self-attention of short sequences with dropout: attention.c for tensors."""

from collections.abc import Callable
from ctypes import byref
from functools import partial
from typing import Any

import torch
from torch import Tensor

from monogram.native.dropout import can_drop, factors_of
from monogram.native.library import LANES, Attention, Dropout, call, gradients_again, in_memory

PARTS = 3  # queries, keys, values
LONGEST = 128  # positions of a sequence: a head's numbers fit on the stack, and beside each other
WIDEST = 256  # numbers of a head


def can_attend(product: Tensor, heads: int) -> bool:
    """Whether a product [batch, length, 3 · width] is such as attention.c computes with."""
    return (
        can_drop(product)
        and product.dim() == 3
        and product.shape[1] <= LONGEST
        and product.shape[2] % (PARTS * heads * LANES) == 0
        and product.shape[2] <= PARTS * heads * WIDEST
    )


def attended(product: Tensor, heads: int, noise: Dropout) -> Tensor:
    """What each position of a sequence takes from all of them.

    Args:
        product: [batch, length, 3 · width], of each position query, key and value.
        heads: how many; they share the width.
        noise: which of the weights [batch, heads, length, length] are dropped.

    Returns:
        [batch, length, width]
    """
    apply: Any = _Attended.apply
    outputs: Tensor = apply(product, heads, noise)
    return outputs


class _Attended(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, product: Tensor, heads: int, noise: Dropout) -> Tensor:
        batch, length, whole = product.shape
        shape = Attention(batch, length, heads, whole // PARTS // heads)
        shares = product.new_empty((batch, heads, length, -(-length // LANES) * LANES))
        outputs = product.new_empty((batch, length, whole // PARTS))
        call("monogram_attend", byref(shape), byref(noise), product, shares, outputs)
        context.save_for_backward(product, shares)
        context.shape, context.noise = shape, noise
        return outputs

    @staticmethod
    def backward(context: Any, gradients: Tensor) -> tuple[Tensor | None, None, None]:
        product, shares = context.saved_tensors
        if torch.is_grad_enabled():
            plain = partial(_again, context.shape.heads, context.noise)
            return gradients_again(plain, (product,), gradients)[0], None, None
        of_product = torch.empty_like(product)
        how = (byref(context.shape), byref(context.noise))
        gradients = in_memory(gradients)
        call("monogram_attend_backward", *how, product, shares, gradients, of_product)
        return of_product, None, None


def attended_plainly(product: Tensor, heads: int, drop: Callable[[Tensor], Tensor]) -> Tensor:
    """The same by PyTorch's operations.

    Args:
        product: [batch, length, 3 · width], of each position query, key and value.
        heads: how many; they share the width.
        drop: what is done with the weights [batch, heads, length, length].
    """
    batch, length, whole = product.shape
    each = whole // PARTS // heads
    cut = product.view(batch, length, PARTS, heads, each).permute(2, 0, 3, 1, 4)
    queries, keys, values = cut.unbind()
    weights = ((queries * each**-0.5) @ keys.transpose(2, 3)).softmax(dim=-1)
    return (drop(weights) @ values).transpose(1, 2).flatten(2)


def _again(heads: int, noise: Dropout, product: Tensor) -> Tensor:
    """The same with what was dropped before."""
    return attended_plainly(product, heads, lambda one: one * factors_of(one.detach(), noise))
