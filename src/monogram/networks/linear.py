"""Linear layers of many rows computed natively."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from monogram.native import can_multiply, multiplied
from monogram.networks.altered import altered, is_altered


@contextmanager
def linear_natively(network: nn.Module) -> Iterator[None]:
    """In this context a network's linear layers are computed natively where that pays.

    Args:
        network: its modules stay what they are.
    """
    layers: list[Any] = [module for module in network.modules() if _is_linear(module)]
    with altered({layer: partial(_computed, layer) for layer in layers}):
        yield


def _is_linear(module: Any) -> bool:
    return type(module) is nn.Linear and not is_altered(module)


def _computed(layer: nn.Linear, input: Tensor) -> Tensor:  # noqa: A002 - as in PyTorch
    return multiplied_natively(input, layer.weight, layer.bias)


def multiplied_natively(inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """What `torch.nn.functional.linear` gives, by whoever takes less time."""
    if can_multiply(inputs, weight, bias):
        return multiplied(inputs, weight, bias)
    return functional.linear(inputs, weight, bias)
