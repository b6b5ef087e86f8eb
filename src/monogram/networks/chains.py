"""Batch normalisation, ReLUs and max pooling that follow on one another, computed at once.

That is known of modules that follow on one another in an `nn.Sequential`. Elsewhere a normalisation
is computed by itself.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn

from monogram.native import Window, can_normalise, normalised
from monogram.networks.altered import altered, has_hooks, is_altered
from monogram.networks.pool import pools_pairs, sides

Chain = tuple[Any, ...]
"""A normalisation and what follows it of a ReLU and a pooling; or any other module."""


@contextmanager
def normalising_at_once(network: nn.Module) -> Iterator[None]:
    """In this context a network is trained with its normalisation computed with what follows it.

    Args:
        network: its modules and their tensors stay what they are.
    """
    forwards: dict[nn.Module, Callable[..., Tensor]] = {}
    for module in network.modules():
        if is_normalisation(module):
            forwards[module] = partial(_computed, (module,), Window())
        elif type(module) is nn.Sequential and not is_altered(module):
            forwards[module] = partial(_run, _chains(list(module)))
    with altered(forwards):
        yield


def is_normalisation(module: Any) -> bool:
    """Whether a module is batch normalisation of pictures, as PyTorch made it."""
    return type(module) is nn.BatchNorm2d and not is_altered(module)


def _chains(modules: Sequence[Any]) -> list[tuple[Chain, Window]]:
    """The modules of a sequence, those that are computed at once together."""
    chains = []
    while modules:
        length = _length(modules)
        chain, modules = tuple(modules[:length]), modules[length:]
        chains.append((chain, _window(chain)))
    return chains


def _length(modules: Sequence[Any]) -> int:
    """How many of the first modules are a chain."""
    if not is_normalisation(modules[0]):
        return 1
    length = 1
    for belongs in (_is_relu, pools_pairs):
        length += length < len(modules) and belongs(modules[length])
    return length


def _is_relu(module: Any) -> bool:
    return type(module) is nn.ReLU and not is_altered(module)


def _window(chain: Chain) -> Window:
    pools = [sides(module.kernel_size) for module in chain if type(module) is nn.MaxPool2d]
    floors = [0.0 for module in chain if type(module) is nn.ReLU]
    return Window(*(pools or [(1, 1)])[0], *floors)


def _run(chains: Sequence[tuple[Chain, Window]], input: Tensor) -> Tensor:  # noqa: A002
    """What `nn.Sequential.forward` does."""
    for chain, window in chains:
        if len(chain) > 1 and not any(map(has_hooks, chain)):
            input = _computed(chain, window, input)  # noqa: A001
        else:
            for module in chain:
                input = module(input)  # noqa: A001
    return input


def _computed(chain: Chain, window: Window, input: Tensor) -> Tensor:  # noqa: A002 - as in PyTorch
    """What a whole chain makes of [batch, channels, height, width], in training mode or not."""
    if can_normalise(chain[0], window, input):
        return normalised(chain[0], window, input)
    for module in chain:
        input = type(module).forward(module, input)  # noqa: A001
    return input
