"""Judging without batch normalisation: in evaluation mode it is part of the convolution before it.

With fixed statistics batch normalisation is an affine function of each channel, and so the
convolution before it with other weights. What is left out is a pass over all activations. Which
convolutions stand before one is read off the network's graph (torch.fx); networks that cannot be
traced are run as they are.
"""

import copy
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from torch import Tensor, fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from monogram.networks.altered import altered, is_altered
from monogram.networks.prepared import Prepared

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMALISATIONS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)

Pairs = list[tuple[str, str]]

_PAIRS: WeakKeyDictionary[nn.Module, Pairs] = WeakKeyDictionary()
"""Of networks that were folded before: tracing takes as long as tens of samples."""


@contextmanager
def folded(network: nn.Module) -> Iterator[None]:
    """In this context a network's batch normalisation is folded into the convolutions before it.

    It computes the same function, but for the order of sums. Its modules and their tensors are what
    they were all the time: two modules of a pair only compute something else.

    Args:
        network: takes one tensor; in evaluation mode, and not to be trained in the context.
    """
    network = network.network if isinstance(network, Prepared) else network
    if network not in _PAIRS:
        _PAIRS[network] = _pairs(network)
    modules = [tuple(map(network.get_submodule, pair)) for pair in _PAIRS[network]]
    pairs = [pair for pair in modules if _foldable(*pair)]
    folded_ones = {pair[0]: _fused(*pair).forward for pair in pairs}
    left_out = {normalisation: _as_it_is for _, normalisation in pairs}
    with altered(folded_ones | left_out):
        yield


def _pairs(network: nn.Module) -> Pairs:
    """The names of modules and of the batch normalisation that alone uses what they compute."""
    if not any(isinstance(module, NORMALISATIONS) for module in network.modules()):
        return []
    try:
        graph = fx.Tracer().trace(copy.deepcopy(network))
    except Exception:  # whatever a network's own code raises when it meets no numbers
        return []
    calls = [node for node in graph.nodes if node.op == "call_module"]
    times = Counter(node.target for node in calls)
    return [
        (before.target, node.target)
        for node in calls
        for before in node.all_input_nodes
        if times[before.target] == times[node.target] == len(before.users) == 1
    ]


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
