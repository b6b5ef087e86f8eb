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
    added_and_normalised,
    attended,
    can_add,
    can_attend,
    can_drop,
    rectified_and_dropped,
)
from monogram.networks.altered import altered, has_hooks, is_altered
from monogram.networks.attention import is_plain, mixed
from monogram.networks.dropout import Noise, dropped

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
BLOCKS = ("_sa_block", "_ff_block")
"""Of its methods, which somebody may have put others in place of."""


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
    """Whether a module and its parts are just what PyTorch makes an encoder layer of."""
    return (
        type(layer) is nn.TransformerEncoderLayer
        and not is_altered(layer)
        and is_plain(layer.self_attn)
        and all(type(getattr(layer, name)) is kind for name, kind in PARTS.items())
        and not any(is_altered(getattr(layer, name)) for name in PARTS)
        and not any(name in vars(layer) for name in BLOCKS)
    )


def _is_by_default(layer: nn.TransformerEncoderLayer) -> bool:
    """Whether a layer has a ReLU and dropout, and normalises after each sum."""
    dropouts = (layer.dropout, layer.dropout1, layer.dropout2)
    return (
        layer.activation is functional.relu
        and not layer.norm_first
        and all(0 < dropout.p < 1 for dropout in dropouts)
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
    parts = [getattr(layer, name) for name in PARTS]
    learning = all(module.training and not has_hooks(module) for module in (layer, *parts))
    if masked or not learning or src.dim() != 3 or not _is_by_default(layer):
        whole: Tensor = type(layer).forward(layer, src, src_mask, src_key_padding_mask, is_causal)
        return whole
    inputs = src.contiguous()
    taken = layer.self_attn(inputs, inputs, inputs, need_weights=False)[0]
    between = _added(layer.norm1, layer.dropout1, taken, inputs)
    hidden = _rectified(layer.linear1(between), layer.dropout)
    return _added(layer.norm2, layer.dropout2, layer.linear2(hidden), between)


def _rectified(inputs: Tensor, dropout: nn.Dropout) -> Tensor:
    """The ReLU of inputs, of which a share is dropped."""
    if not can_drop(inputs):
        return dropped(inputs.relu(), dropout.p)
    return rectified_and_dropped(inputs, Noise.drawn(dropout.p, inputs.device).as_c())


def _added(norm: nn.LayerNorm, dropout: nn.Dropout, outputs: Tensor, inputs: Tensor) -> Tensor:
    """The normalised sum of a part's inputs and its outputs, of which a share is dropped."""
    if not can_add(norm, outputs, inputs):
        normalised: Tensor = norm(inputs + dropped(outputs, dropout.p))
        return normalised
    noise = Noise.drawn(dropout.p, inputs.device).as_c()
    return added_and_normalised(norm, outputs, inputs, noise)
