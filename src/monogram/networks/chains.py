"""Batch normalisation, ReLUs and max pooling that follow on one another, computed at once.

The first of them computes for all and the others pass on what they get.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from monogram.native import Window, fits, normalised
from monogram.networks.altered import altered, is_altered
from monogram.networks.pool import pools_pairs, sides
from monogram.networks.prepared import Prepared
from monogram.networks.succession import successors

Chain = tuple[Any, ...]
"""A batch normalisation and what follows it: a ReLU, a pooling, one after the other or none."""


@contextmanager
def normalising_at_once(network: nn.Module) -> Iterator[None]:
    """In this context a network is trained with its normalisation computed with what follows it.

    Args:
        network: takes one tensor; its modules and their tensors stay what they are.
    """
    network = network.network if isinstance(network, Prepared) else network
    forwards: dict[nn.Module, Callable[..., Tensor]] = {}
    for chain in _chains(network):
        forwards |= dict.fromkeys(chain[1:], _passed_on)
        forwards[chain[0]] = partial(_computed, chain, _window(chain))
    with altered(forwards):
        yield


def _chains(network: nn.Module) -> list[Chain]:
    names = [name for name, module in network.named_modules() if _is_normalisation(module)]
    after = successors(network, training=True) if names else {}
    return [_chain(name, network, after) for name in names]


def _chain(name: str, network: nn.Module, after: Mapping[str, str]) -> Chain:
    """A normalisation, the ReLU after it if there is one, and the pooling after both if any."""
    chain: list[Any] = [network.get_submodule(name)]
    for belongs in (_is_relu, pools_pairs):
        module = network.get_submodule(after[name]) if name in after else None
        if module is not None and belongs(module):
            chain.append(module)
            name = after[name]
    return tuple(chain)


def _is_normalisation(module: Any) -> bool:
    """Whether a module is just what PyTorch made it, with all that it may have."""
    return (
        type(module) is nn.BatchNorm2d
        and module.affine
        and module.running_mean is not None
        and module.momentum is not None
        and module.weight.dtype == torch.float32
        and not is_altered(module)
    )


def _is_relu(module: Any) -> bool:
    return type(module) is nn.ReLU and not is_altered(module)


def _window(chain: Chain) -> Window:
    pools = [sides(module.kernel_size) for module in chain if type(module) is nn.MaxPool2d]
    floors = [0.0 for module in chain if type(module) is nn.ReLU]
    return Window(*(pools or [(1, 1)])[0], *floors)


def _computed(chain: Chain, window: Window, input: Tensor) -> Tensor:  # noqa: A002 - as in PyTorch
    """What a whole chain makes of [batch, channels, height, width], in training mode or not."""
    if chain[0].training and fits(window, input):
        return normalised(chain[0], window, input)
    for module in chain:
        input = type(module).forward(module, input)  # noqa: A001
    return input


def _passed_on(input: Tensor) -> Tensor:  # noqa: A002
    return input
