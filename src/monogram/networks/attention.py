"""Training with self-attention in fewer passes over memory: the same function, the same draws.

`torch.nn.MultiheadAttention`, as in PyTorch's transformer layers, cuts queries, keys and values out
of one product one after the other, so that three gradients as large as all of them are filled with
zeros and added on the way back; and it looks for rows that are masked as a whole where there is no
mask. Here they are cut at once. With dropout, without which PyTorch has a faster way of its own, a
step of a small transformer takes 0.94 of the time on the CPU (`benchmarks/attention.py`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from monogram.networks.altered import altered, is_altered

PARTS = 3  # queries, keys and values
WITHOUT_MASK = {"attn_mask": None, "key_padding_mask": None, "is_causal": False}


@contextmanager
def attending_at_once(network: nn.Module) -> Iterator[None]:
    """In this context a network's self-attention is trained in fewer passes where that is the same.

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
        and not (module.add_zero_attn or is_altered(module))
    )


def _attend(
    attention: nn.MultiheadAttention, query: Tensor, key: Tensor, value: Tensor, **options: Any
) -> tuple[Tensor, Tensor | None]:
    """What `nn.MultiheadAttention.forward` does, whose arguments these are."""
    itself = query is key is value and query.dim() == 3 and query.device.type == "cpu"
    alone = WITHOUT_MASK | options == WITHOUT_MASK | {"need_weights": False}
    if not (itself and alone and attention.training and attention.dropout):
        whole: tuple[Tensor, Tensor | None] = type(attention).forward(
            attention, query, key, value, **options
        )
        return whole
    return _itself(attention, query), None


def _itself(attention: nn.MultiheadAttention, sequences: Tensor) -> Tensor:
    """Self-attention in training: sequences [batch, length, width] to as many.

    They lie in memory as PyTorch leaves them, by length first: what draws for them later draws in
    that order.
    """
    batch, length, width = sequences.shape
    heads, each = attention.num_heads, width // attention.num_heads
    product = functional.linear(sequences, attention.in_proj_weight, attention.in_proj_bias)
    cut = product.view(batch, length, PARTS, heads, each).permute(2, 0, 3, 1, 4).contiguous()
    queries, keys, values = cut.flatten(1, 2).unbind()
    weights = ((queries * each**-0.5) @ keys.transpose(1, 2)).softmax(dim=-1)
    mixed = functional.dropout(weights, attention.dropout) @ values
    joined = mixed.view(batch, heads, length, each).permute(2, 0, 1, 3).flatten(2)
    output = functional.linear(joined, attention.out_proj.weight, attention.out_proj.bias)
    return output.transpose(0, 1)
