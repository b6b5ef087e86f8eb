"""How a network draws in training, whichever engine trains it."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from monogram.networks.attention import attending_in_the_open
from monogram.networks.dropout import dropping_out


@contextmanager
def drawing(network: nn.Module) -> Iterator[None]:
    """In this context a network's dropout draws as `dropout` says, that in attention among it.

    Args:
        network: its modules stay what they are.
    """
    with dropping_out(network), attending_in_the_open(network):
        yield
