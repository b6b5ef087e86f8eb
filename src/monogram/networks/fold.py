"""Judging without batch normalisation: in evaluation mode it is part of the convolution before it.

With fixed statistics batch normalisation is an affine function of each channel, and so the
convolution before it with other weights. What is left out is a pass over all activations. Which
convolutions stand before one is read off the network's graph (torch.fx); networks that cannot be
traced are run as they are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from monogram.networks.altered import altered, is_altered
from monogram.networks.prepared import Prepared
from monogram.networks.succession import successors

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMALISATIONS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@contextmanager
def folded(network: nn.Module) -> Iterator[None]:
    """In this context a network's batch normalisation is folded into the convolutions before it.

    It computes the same function, but for the order of sums. Its modules and their tensors are what
    they were all the time: two modules of a pair only compute something else.

    Args:
        network: takes one tensor; in evaluation mode, and not to be trained in the context.
    """
    network = network.network if isinstance(network, Prepared) else network
    pairs = _pairs(network)
    folded_ones = {pair[0]: _fused(*pair).forward for pair in pairs}
    left_out = {normalisation: _as_it_is for _, normalisation in pairs}
    with altered(folded_ones | left_out):
        yield


def _pairs(network: nn.Module) -> list[tuple[Any, Any]]:
    """Modules and the batch normalisation that alone takes what they compute."""
    if not any(isinstance(module, NORMALISATIONS) for module in network.modules()):
        return []
    names = successors(network).items()
    pairs = [(network.get_submodule(one), network.get_submodule(other)) for one, other in names]
    return [pair for pair in pairs if _foldable(*pair)]


def _foldable(convolution: Any, normalisation: Any) -> bool:
    """Whether two modules are just what PyTorch made them, and what the second does is fixed."""
    return (
        type(convolution) in CONVOLUTIONS
        and type(normalisation) in NORMALISATIONS
        and normalisation.running_mean is not None
        and normalisation.num_features == convolution.out_channels
        and not (convolution.training or normalisation.training)
        and not (is_altered(convolution) or is_altered(normalisation))
    )


def _fused(convolution: Any, normalisation: Any) -> nn.Module:
    fused: nn.Module = fuse_conv_bn_eval(convolution, normalisation)
    return fused


def _as_it_is(input: Tensor) -> Tensor:  # noqa: A002 - callers may name it as PyTorch does
    return input
