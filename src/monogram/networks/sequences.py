"""Modules that follow on one another: those of an `nn.Sequential`, whatever the code around does.

Nothing else says it of every step. A graph that was traced once is that of one mode, and knows
nothing of calls within other modules or of modules that somebody keeps.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import is_

from torch import Tensor, nn

from monogram.networks.altered import is_altered

Step = Callable[[Tensor], Tensor]
"""A module, or what is computed in place of some that follow on one another."""


def sequences(network: nn.Module) -> Iterator[nn.Sequential]:
    """A network's sequences that are just what PyTorch made them."""
    for module in network.modules():
        if type(module) is nn.Sequential and not is_altered(module):
            yield module


def in_steps(sequence: nn.Sequential, steps: Iterable[Step]) -> Step:
    """What a sequence's `forward` does, by steps as long as it has the modules that it has now."""
    return partial(_by_steps, sequence, tuple(sequence), tuple(steps))


def one_by_one(steps: Iterable[Step], input: Tensor) -> Tensor:  # noqa: A002 - as in PyTorch
    """What comes out of the last of some steps, each of which takes what the one before gives."""
    for step in steps:
        input = step(input)  # noqa: A001
    return input


def _by_steps(
    sequence: nn.Sequential,
    modules: Sequence[nn.Module],
    steps: Sequence[Step],
    input: Tensor,  # noqa: A002
) -> Tensor:
    same = len(sequence) == len(modules) and all(map(is_, sequence, modules))
    return one_by_one(steps if same else sequence, input)
