"""PyTorch's transformer layers in training, with what stands beside dropout computed with it.

`torch.nn.TransformerEncoderLayer` as it is by default: a ReLU, and normalisation after each sum.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from monogram.native import (
    LANES,
    added_and_normalised,
    attended,
    can_attend,
    has_rows,
    rectified_and_dropped,
)
from monogram.networks.altered import altered, is_altered
from monogram.networks.attention import is_plain, mixed
from monogram.networks.dropout import Noise

PARTS = {
    "self_attn": nn.MultiheadAttention,
    "linear1": nn.Linear,
    "dropout": nn.Dropout,
    "linear2": nn.Linear,
    "norm1": nn.LayerNorm,
    "norm2": nn.LayerNorm,
    "dropout1": nn.Dropout,
    "dropout2": nn.Dropout,
}
"""Of a layer, and what PyTorch makes them."""


@contextmanager
def encoding_at_once(network: nn.Module) -> Iterator[None]:
    """In this context a network's encoder layers are trained with fewer passes over memory.

    Args:
        network: its modules stay what they are.
    """
    layers: list[Any] = [module for module in network.modules() if _is_as_made(module)]
    with altered({layer: partial(_encode, layer) for layer in layers}):
        yield


def mixed_at_once(product: Tensor, heads: int, share: float) -> Tensor:
    """What `attention.mixed` gives, without a pass over memory for each of its operations."""
    if not can_attend(product, heads):
        return mixed(product, heads, share)
    return attended(product, heads, Noise.drawn(share, product.device).as_c())


def _is_as_made(layer: Any) -> bool:
    """Whether a module is an encoder layer as PyTorch makes them by default, with dropout."""
    return (
        type(layer) is nn.TransformerEncoderLayer
        and not (layer.norm_first or is_altered(layer))
        and layer.activation is functional.relu
        and is_plain(layer.self_attn)
        and all(type(getattr(layer, name)) is kind for name, kind in PARTS.items())
        and not any(is_altered(getattr(layer, name)) for name in PARTS)
        and all(0 < one.p < 1 for one in (layer.dropout, layer.dropout1, layer.dropout2))
        and all(one.bias is not None for one in (layer.norm1, layer.norm2))
    )


def _encode(
    layer: nn.TransformerEncoderLayer,
    src: Tensor,
    src_mask: Tensor | None = None,
    src_key_padding_mask: Tensor | None = None,
    is_causal: bool = False,
) -> Tensor:
    """What `nn.TransformerEncoderLayer.forward` does, whose arguments these are."""
    masked = src_mask is not None or src_key_padding_mask is not None or is_causal
    learning = layer.training and all(getattr(layer, name).training for name in PARTS)
    inputs = src.contiguous()
    if masked or not learning or src.dim() != 3 or not has_rows(inputs, LANES):
        whole: Tensor = type(layer).forward(layer, src, src_mask, src_key_padding_mask, is_causal)
        return whole
    taken = layer.self_attn(inputs, inputs, inputs, need_weights=False)[0]
    between = _added(layer.norm1, layer.dropout1, taken, inputs)
    noise = Noise.drawn(layer.dropout.p, inputs.device)
    hidden = rectified_and_dropped(layer.linear1(between), noise.as_c())
    return _added(layer.norm2, layer.dropout2, layer.linear2(hidden), between)


def _added(norm: nn.LayerNorm, dropout: nn.Dropout, outputs: Tensor, inputs: Tensor) -> Tensor:
    """The normalised sum of a part's inputs and its outputs, of which a share is dropped."""
    noise = Noise.drawn(dropout.p, inputs.device).as_c()
    return added_and_normalised(norm, outputs, inputs, noise)
