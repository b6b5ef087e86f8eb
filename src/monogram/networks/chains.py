"""Batch normalisation, ReLUs and max pooling that follow on one another, computed at once.

Where a normalisation is not one of a sequence it is computed by itself.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from operator import attrgetter
from typing import Any

from torch import Tensor, nn

from monogram.native import Window, can_normalise, normalised
from monogram.networks.altered import altered, has_hooks, is_altered
from monogram.networks.pool import pools_pairs, sides
from monogram.networks.sequences import Step, in_steps, one_by_one, sequences


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
    forwards |= {module: partial(_computed, (module,), Window()) for module in alone}
    with altered(forwards):
        yield


def is_normalisation(module: Any) -> bool:
    """Whether a module is batch normalisation of pictures, as PyTorch made it."""
    return type(module) is nn.BatchNorm2d and not is_altered(module)


def _steps(modules: Sequence[Any]) -> Iterator[Step]:
    """The modules of a sequence, those that are computed at once together."""
    while modules:
        length = _length(modules)
        chain, modules = modules[:length], modules[length:]
        yield _Chain(*chain) if length > 1 else chain[0]


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


class _Chain:
    """A normalisation and what follows it of a ReLU and a pooling, as long as they stay so."""

    def __init__(self, *modules: Any) -> None:
        self._modules = modules
        self._window = _window(modules)
        self._said = self._says()

    def __call__(self, input: Tensor) -> Tensor:  # noqa: A002 - as in PyTorch
        """What they make of activations, at once unless there are hooks by now."""
        if any(map(has_hooks, self._modules)) or self._says() != self._said:
            return one_by_one(self._modules, input)
        return _computed(self._modules, self._window, input)

    def _says(self) -> list[object]:
        """What it takes for another chain: a ReLU or a pooling that computes something else."""
        pools = [module for module in self._modules if type(module) is nn.MaxPool2d]
        return [
            *map(type, self._modules),
            *map(is_altered, self._modules[1:]),
            *(some for pool in pools for some in map(_frozen, _POOLING(pool))),
        ]


_POOLING = attrgetter("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")


def _frozen(setting: Any) -> Any:
    """A setting as it is now: PyTorch takes lists of sizes as well."""
    return tuple(setting) if isinstance(setting, list) else setting


def _window(modules: Sequence[Any]) -> Window:
    pools = [sides(module.kernel_size) for module in modules if type(module) is nn.MaxPool2d]
    floors = [0.0 for module in modules if type(module) is nn.ReLU]
    return Window(*(pools or [(1, 1)])[0], *floors)


def _computed(modules: Sequence[Any], window: Window, input: Tensor) -> Tensor:  # noqa: A002
    """What comes out of a chain without hooks, in training mode or not."""
    if can_normalise(modules[0], window, input):
        return normalised(modules[0], window, input)
    for module in modules:
        input = type(module).forward(module, input)  # noqa: A001
    return input
