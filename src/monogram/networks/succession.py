"""Which module of a network takes what another one gives, as its graph has it (torch.fx)."""

import copy
from collections import Counter
from weakref import WeakKeyDictionary

from torch import fx, nn

_KNOWN: WeakKeyDictionary[nn.Module, dict[str, str]] = WeakKeyDictionary()
"""Of networks that were asked of before: tracing takes as long as tens of samples."""


def successors(network: nn.Module) -> dict[str, str]:
    """Names of modules, and of the module that alone takes what each gives.

    Both are called once. Empty for networks that cannot be copied or traced.

    Args:
        network: takes one tensor; stays what it is.
    """
    if network not in _KNOWN:
        _KNOWN[network] = _successors(network)
    return _KNOWN[network]


def _successors(network: nn.Module) -> dict[str, str]:
    try:
        graph = fx.Tracer().trace(copy.deepcopy(network))
    except Exception:  # whatever a network's own code raises, copied or without numbers
        return {}
    calls = [node for node in graph.nodes if node.op == "call_module"]
    times = Counter(str(node.target) for node in calls)
    return {
        str(before.target): str(node.target)
        for node in calls
        for before in node.all_input_nodes
        if times[str(before.target)] == times[str(node.target)] == len(before.users) == 1
    }
