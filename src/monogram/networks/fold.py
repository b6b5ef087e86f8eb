"""Judging without batch normalisation: in evaluation mode it is part of the layer before it.

With fixed statistics batch normalisation is an affine function of each channel, and so the
convolution or linear layer before it with other weights. What is left out is a pass over all
activations. Which layers stand in front of one is read off the network's graph (torch.fx); networks
that cannot be traced are run as they are.
"""

import copy
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from monogram.networks.prepared import Prepared

LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMALISATIONS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)

Pairs = list[tuple[str, str]]

_PAIRS: WeakKeyDictionary[nn.Module, Pairs] = WeakKeyDictionary()
"""Of networks that were folded before: tracing takes as long as tens of samples."""


@contextmanager
def folded(network: nn.Module) -> Iterator[None]:
    """In this context a network's batch normalisation is folded into the layers before it.

    It computes the same function, but for the order of sums. Its weights and its modules are the
    same again afterwards.

    Args:
        network: takes one tensor; in evaluation mode, and not to be trained in the context.
    """
    network = network.network if isinstance(network, Prepared) else network
    if network not in _PAIRS:
        _PAIRS[network] = _pairs(network)
    pairs = [pair for pair in _PAIRS[network] if _foldable(*map(network.get_submodule, pair))]
    before = {name: network.get_submodule(name) for pair in pairs for name in pair}
    try:
        for layer, normalisation in pairs:
            _put(network, layer, _fused(before[layer], before[normalisation]))
            _put(network, normalisation, nn.Identity())
        yield
    finally:
        for name, module in before.items():
            _put(network, name, module)


def _pairs(network: nn.Module) -> Pairs:
    """The names of layers and of the batch normalisation that alone uses what they compute."""
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


def _foldable(layer: nn.Module, normalisation: nn.Module) -> bool:
    """Whether two modules are just what PyTorch made them, with statistics that are known."""
    plain = type(layer) in LAYERS and type(normalisation) in NORMALISATIONS
    known = getattr(normalisation, "running_mean", None) is not None
    return plain and known and not (_hooked(layer) or _hooked(normalisation))


def _hooked(module: nn.Module) -> bool:
    hooks = module._forward_hooks, module._forward_pre_hooks  # noqa: SLF001 - nothing public tells
    return any(hooks)


def _fused(layer: Any, normalisation: Any) -> nn.Module:
    fuse = fuse_linear_bn_eval if isinstance(layer, nn.Linear) else fuse_conv_bn_eval
    fused: nn.Module = fuse(layer, normalisation)
    return fused


def _put(network: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, last = name.rpartition(".")
    setattr(network.get_submodule(parent), last, module)
