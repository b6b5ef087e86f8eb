"""Batch normalisation, ReLUs and max pooling that follow on one another, computed at once.

Where a normalisation is not one of a sequence it is computed by itself.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn

from monogram.native import Window, can_normalise, normalised
from monogram.networks.altered import altered, has_hooks, is_altered
from monogram.networks.pool import pools_pairs, sides
from monogram.networks.sequences import Step, in_steps, one_by_one, sequences

Chain = tuple[Any, ...]
"""A normalisation and what follows it of a ReLU and a pooling."""


@contextmanager
def normalising_at_once(network: nn.Module) -> Iterator[None]:
    """In this context a network is trained with its normalisation computed with what follows it.

    Args:
        network: its modules and their tensors stay what they are.
    """
    alone = [module for module in network.modules() if is_normalisation(module)]
    forwards: dict[nn.Module, Step] = {
        one: in_steps(one, _steps(list(one))) for one in sequences(network)
    }
    forwards |= {module: partial(_computed, (module,)) for module in alone}
    with altered(forwards):
        yield


def is_normalisation(module: Any) -> bool:
    """Whether a module is batch normalisation of pictures, as PyTorch made it."""
    return type(module) is nn.BatchNorm2d and not is_altered(module)


def _steps(modules: Sequence[Any]) -> Iterator[Step]:
    """The modules of a sequence, those that are computed at once together."""
    while modules:
        length = _length(modules)
        chain, modules = tuple(modules[:length]), modules[length:]
        yield partial(_at_once, chain) if length > 1 else chain[0]


def _length(modules: Sequence[Any]) -> int:
    """How many of the first modules are a chain; 1 of others."""
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


def _at_once(chain: Chain, input: Tensor) -> Tensor:  # noqa: A002 - as in PyTorch
    """What a chain makes of activations, unless there are hooks by now, or another pooling."""
    hooked = any(map(has_hooks, chain))
    if hooked or not all(_is_relu(module) or pools_pairs(module) for module in chain[1:]):
        return one_by_one(chain, input)
    return _computed(chain, input)


def _computed(chain: Chain, input: Tensor) -> Tensor:  # noqa: A002
    """The same without hooks, in training mode or not."""
    window = _window(chain)
    if can_normalise(chain[0], window, input):
        return normalised(chain[0], window, input)
    for module in chain:
        input = type(module).forward(module, input)  # noqa: A001
    return input
