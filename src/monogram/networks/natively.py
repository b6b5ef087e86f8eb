"""How a network computes where C of Monogram's own takes less time for the same."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from torch import nn

from monogram.native import is_available
from monogram.networks.attention import attending_in_the_open, is_plain
from monogram.networks.chains import is_normalisation, normalising_at_once
from monogram.networks.convolutions import (
    convolving_natively,
    is_convolution,
    natively_computed,
)
from monogram.networks.encoder import encoding_at_once, mixed_at_once
from monogram.networks.fold import folded
from monogram.networks.linear import linear_natively, multiplied_natively
from monogram.networks.pool import pooled_by_maxima

NATIVE = (is_convolution, is_normalisation, is_plain)
"""Of which a network takes much longer without C."""


def gains_natively(network: nn.Module) -> bool:
    """Whether any of a network's modules could be computed so."""
    return any(could_be(module) for module in network.modules() for could_be in NATIVE)


@contextmanager
def natively(network: nn.Module) -> Iterator[None]:
    """In this context a network is trained with what there is C for computed by that.

    Convolutions, linear layers of many rows, attention, and chains of normalisation, ReLU, pooling,
    dropout.

    The same function and the same draws, but for the order of sums. Where there is no C for this
    processor nothing changes.

    Args:
        network: takes one tensor; its modules and their tensors stay what they are.
    """
    if not is_available():
        yield
        return
    with ExitStack() as entered:
        for context in (
            convolving_natively(network),
            normalising_at_once(network),
            encoding_at_once(network),  # which leaves layers alone whose parts are altered
            attending_in_the_open(network, mixed_at_once, multiplied_natively),
            linear_natively(network),
        ):
            entered.enter_context(context)
        yield


@contextmanager
def shortened(network: nn.Module) -> Iterator[None]:
    """In this context a network is judged by shorter ways to the same logits.

    Its normalisation is folded and its pooling done by maxima, where they can be.

    Args:
        network: in evaluation mode, and not to be trained in the context.
    """
    with folded(network), pooled_by_maxima(network):
        yield


@contextmanager
def shortened_natively(network: nn.Module) -> Iterator[None]:
    """The same with its convolutions computed natively, where there is C for this processor."""
    folding = folded(network, natively_computed)
    with folding, pooled_by_maxima(network), convolving_natively(network):
        yield
