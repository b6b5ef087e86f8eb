"""Names of a network's tensors: one that is used in several places has several."""

from itertools import chain

from torch import nn


def tensor_names(network: nn.Module) -> list[list[str]]:
    """All names of each of a network's tensors, in the order of `named_parameters()`, buffers last.

    The first name of a parameter is the one that `named_parameters()` gives it.
    """
    names: dict[int, list[str]] = {}
    for name, tensor in chain(
        network.named_parameters(remove_duplicate=False),
        network.named_buffers(remove_duplicate=False),
    ):
        names.setdefault(id(tensor), []).append(name)
    return list(names.values())
