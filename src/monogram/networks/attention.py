"""Training with self-attention whose dropout draws as every other layer's does, put together anew.

`torch.nn.MultiheadAttention`, as in PyTorch's transformer layers, draws within a function of
PyTorch's own. Here the same is computed in the open; queries, keys and values are cut out of their
product at once, where PyTorch looks for rows that are masked as a whole though there is no mask.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from monogram.native import attended_plainly
from monogram.networks.altered import altered, is_altered
from monogram.networks.dropout import dropped

SIGNATURE = inspect.signature(nn.MultiheadAttention.forward)
WITHOUT_MASK = {
    "attn_mask": None,
    "key_padding_mask": None,
    "is_causal": False,
    "need_weights": False,
}


Mix = Callable[[Tensor, int, float], Tensor]
"""Attention as `mixed` computes it."""
Multiply = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""A product as `functional.linear` computes it."""


def mixed(product: Tensor, heads: int, share: float) -> Tensor:
    """What each position of a sequence takes from all of them.

    Args:
        product: [batch, length, 3 · width], of each position query, key and value.
        heads: how many; they share the width.
        share: of the weights that are dropped.

    Returns:
        [batch, length, width]
    """
    return attended_plainly(product, heads, lambda weights: dropped(weights, share))


@contextmanager
def attending_in_the_open(
    network: nn.Module, mix: Mix = mixed, multiply: Multiply = functional.linear
) -> Iterator[None]:
    """In this context a network's self-attention without a mask drops out as `dropout` does.

    Args:
        network: its modules stay what they are.
        mix: computes what `mixed` does.
        multiply: computes what `functional.linear` does.
    """
    modules: list[Any] = [module for module in network.modules() if is_plain(module)]
    with altered({module: partial(_attend, module, mix, multiply) for module in modules}):
        yield


def is_plain(module: Any) -> bool:
    """Whether a module attends to batches of sequences alone, and is as PyTorch made it."""
    return (
        type(module) is nn.MultiheadAttention
        and module.batch_first
        and module.kdim == module.vdim == module.embed_dim
        and module.bias_k is None
        and 0 < module.dropout < 1
        and not (module.add_zero_attn or is_altered(module))
    )


def _attend(
    attention: nn.MultiheadAttention,
    mix: Mix,
    multiply: Multiply,
    *given: Any,
    **named: Any,
) -> tuple[Tensor, Tensor | None]:
    """What `nn.MultiheadAttention.forward` does, whose arguments the others are."""
    bound = SIGNATURE.bind(attention, *given, **named)
    bound.apply_defaults()
    query, key, value = (bound.arguments[name] for name in ("query", "key", "value"))
    itself = query is key is value and query.dim() == 3
    alone = all(bound.arguments[name] is needed for name, needed in WITHOUT_MASK.items())
    if not (itself and alone and attention.training):
        whole: tuple[Tensor, Tensor | None] = type(attention).forward(attention, *given, **named)
        return whole
    return _itself(attention, mix, multiply, query), None


def _itself(
    attention: nn.MultiheadAttention, mix: Mix, multiply: Multiply, sequences: Tensor
) -> Tensor:
    """Self-attention in training: sequences [batch, length, width] to as many."""
    product = multiply(sequences, attention.in_proj_weight, attention.in_proj_bias)
    joined = mix(product, attention.num_heads, attention.dropout)
    return multiply(joined, attention.out_proj.weight, attention.out_proj.bias)
