"""How a network computes where C of Monogram's own takes fewer passes over memory for the same."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from monogram.native import is_available
from monogram.networks.attention import attending_in_the_open, is_plain
from monogram.networks.chains import is_normalisation, normalising_at_once
from monogram.networks.encoder import encoding_at_once, mixed_at_once


def gains_by_one_pass(network: nn.Module) -> bool:
    """Whether any of a network's modules could be computed so."""
    return any(is_normalisation(one) or is_plain(one) for one in network.modules())


@contextmanager
def in_one_pass(network: nn.Module) -> Iterator[None]:
    """In this context a network is trained with what follows on one another computed at once.

    The same function and the same draws, but for the order of sums. Where there is no C for this
    processor nothing changes.

    Args:
        network: takes one tensor; its modules and their tensors stay what they are.
    """
    if not is_available():
        yield
        return
    attending = attending_in_the_open(network, mixed_at_once)
    with normalising_at_once(network), encoding_at_once(network), attending:
        yield
