"""Modules that follow on one another: those of an `nn.Sequential`, whatever the code around does.

Nothing else says it of every step. A graph that was traced once is that of one mode, and knows
nothing of calls within other modules or of modules that somebody keeps.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from torch import Tensor, nn

from monogram.networks.altered import is_altered

Step = Callable[[Tensor], Tensor]
"""A module, or what is computed in place of some that follow on one another."""


def sequences(network: nn.Module) -> Iterator[nn.Sequential]:
    """A network's sequences that are just what PyTorch made them."""
    for module in network.modules():
        if type(module) is nn.Sequential and not is_altered(module):
            yield module


def in_steps(steps: Sequence[Step]) -> Step:
    """What `nn.Sequential.forward` does, with these steps."""
    return partial(_run, tuple(steps))


def _run(steps: Sequence[Step], input: Tensor) -> Tensor:  # noqa: A002 - as in PyTorch
    for step in steps:
        input = step(input)  # noqa: A001
    return input
