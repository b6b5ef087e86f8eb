"""Convolutions computed natively, with a fraction of the multiplications."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn

from monogram.native import can_convolve, convolved, may_convolve
from monogram.networks.altered import altered, is_altered
from monogram.networks.sequences import Step


@contextmanager
def convolving_natively(network: nn.Module) -> Iterator[None]:
    """In this context a network's convolutions are computed natively where that pays.

    Args:
        network: its modules stay what they are.
    """
    layers = [module for module in network.modules() if is_convolution(module)]
    with altered({layer: natively_computed(layer) for layer in layers}):
        yield


def is_convolution(module: Any) -> bool:
    """Whether a module is a convolution, as PyTorch made it, that could be computed natively."""
    return type(module) is nn.Conv2d and not is_altered(module) and may_convolve(module)


def natively_computed(layer: nn.Module) -> Step:
    """What a layer computes, natively for inputs that it can be computed for so."""
    return partial(_computed, layer) if is_convolution(layer) else layer


def _computed(layer: Any, input: Tensor) -> Tensor:  # noqa: A002 - as in PyTorch
    if can_convolve(layer, input):
        return convolved(layer, input)
    by_pytorch: Tensor = nn.Conv2d.forward(layer, input)
    return by_pytorch
