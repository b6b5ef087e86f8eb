"""Which module of a network takes what another one gives, as its graph has it (torch.fx)."""

import copy
from collections import Counter
from weakref import WeakKeyDictionary

from torch import fx, nn

_KNOWN: WeakKeyDictionary[nn.Module, dict[bool, dict[str, str]]] = WeakKeyDictionary()
"""Of networks that were asked of before: tracing takes as long as tens of samples."""


def successors(network: nn.Module, *, training: bool) -> dict[str, str]:
    """Names of modules, and of the module that alone takes what each gives.

    Both are called once. Empty for networks that cannot be traced.

    Args:
        network: takes one tensor; stays what it is.
        training: in that mode or in evaluation mode.
    """
    known = _KNOWN.setdefault(network, {})
    if training not in known:
        known[training] = _successors(copy.deepcopy(network).train(training))
    return known[training]


def _successors(network: nn.Module) -> dict[str, str]:
    try:
        graph = fx.Tracer().trace(network)
    except Exception:  # whatever a network's own code raises when it meets no numbers
        return {}
    calls = [node for node in graph.nodes if node.op == "call_module"]
    times = Counter(str(node.target) for node in calls)
    return {
        str(before.target): str(node.target)
        for node in calls
        for before in node.all_input_nodes
        if times[str(before.target)] == times[str(node.target)] == len(before.users) == 1
    }
