"""Training with self-attention whose dropout draws as every other layer's does, put together anew.

`torch.nn.MultiheadAttention`, as in PyTorch's transformer layers, draws within a function of
PyTorch's own. Here the same is computed in the open; queries, keys and values are cut out of their
product at once, where PyTorch looks for rows that are masked as a whole though there is no mask.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from monogram.networks.altered import altered, is_altered
from monogram.networks.dropout import dropped

PARTS = 3  # queries, keys and values
WITHOUT_MASK = {"attn_mask": None, "key_padding_mask": None, "is_causal": False}


@contextmanager
def attending_in_the_open(network: nn.Module) -> Iterator[None]:
    """In this context a network's self-attention without a mask drops out as `dropout` does.

    Args:
        network: its modules stay what they are.
    """
    modules: list[Any] = [module for module in network.modules() if _is_plain(module)]
    with altered({module: partial(_attend, module) for module in modules}):
        yield


def _is_plain(module: Any) -> bool:
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
    attention: nn.MultiheadAttention, query: Tensor, key: Tensor, value: Tensor, **options: Any
) -> tuple[Tensor, Tensor | None]:
    """What `nn.MultiheadAttention.forward` does, whose arguments these are."""
    itself = query is key is value and query.dim() == 3
    alone = WITHOUT_MASK | options == WITHOUT_MASK | {"need_weights": False}
    if not (itself and alone and attention.training):
        whole: tuple[Tensor, Tensor | None] = type(attention).forward(
            attention, query, key, value, **options
        )
        return whole
    return _itself(attention, query), None


def _itself(attention: nn.MultiheadAttention, sequences: Tensor) -> Tensor:
    """Self-attention in training: sequences [batch, length, width] to as many."""
    batch, length, width = sequences.shape
    heads, each = attention.num_heads, width // attention.num_heads
    product = functional.linear(sequences, attention.in_proj_weight, attention.in_proj_bias)
    cut = product.view(batch, length, PARTS, heads, each).permute(2, 0, 3, 1, 4)
    queries, keys, values = cut.unbind()
    weights = ((queries * each**-0.5) @ keys.transpose(2, 3)).softmax(dim=-1)
    mixed = dropped(weights, attention.dropout) @ values
    joined = mixed.transpose(1, 2).flatten(2)
    return functional.linear(joined, attention.out_proj.weight, attention.out_proj.bias)
