"""Which parts of a network learn in a phase: its trainable parameters, its modules' modes."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from torch import nn

from monogram.networks import PRIOR
from monogram.networks.fold import NORMALISATIONS


class Modes:
    """Training mode where something trains.

    Layers whose parameters are all frozen, and those without any that come before the first that
    trains, stay as they were learnt: their batch normalisation keeps its statistics. A batch of one
    sample has no variance, so batch normalisation keeps its statistics there too.

    Args:
        network: whose modules to set.
        names: of the parameters that train.
    """

    def __init__(self, network: nn.Module, names: Collection[str]) -> None:
        self._network = network
        self._frozen = [] if _trains_all(network, names) else _frozen_modules(network, names)
        self._normalisations = [m for m in network.modules() if isinstance(m, NORMALISATIONS)]
        self._single: bool | None = None

    def set(self, batch: int) -> None:
        """Put every module into its mode for a batch of that many samples."""
        if self._single is (batch == 1):
            return
        self._single = batch == 1
        self._network.train()
        for module in [*self._frozen, *(self._normalisations if self._single else ())]:
            module.eval()


def changing_names(network: nn.Module, names: Collection[str]) -> set[str]:
    """The tensors that training may change: what trains, and buffers of modules in training mode.

    Args:
        network: its modules in the modes of the training.
        names: of the parameters that train.
    """
    buffers = {
        f"{place}.{name}"
        for place, module in network.named_modules()
        if place and module.training
        for name, _ in module.named_buffers(recurse=False)
    }
    return {*names, *buffers} & set(network.state_dict()) - {PRIOR}


@contextmanager
def only_trainable(network: nn.Module, names: Collection[str]) -> Iterator[None]:
    """Within, only the named parameters require gradients."""
    before = {name: parameter.requires_grad for name, parameter in network.named_parameters()}
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in names)
    try:
        yield
    finally:
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(before[name])


def _trains_all(network: nn.Module, names: Collection[str]) -> bool:
    return all(name in names for name, _ in network.named_parameters())


def _frozen_modules(network: nn.Module, names: Collection[str]) -> list[nn.Module]:
    """The modules that stay in evaluation mode: none of their parameters trains.

    Modules without any parameters stay there when they come before the first layer that trains, in
    the order in which they were registered.
    """
    modules = list(network.named_modules())[1:]
    trains = [any(n.startswith(f"{name}.") for n in names) for name, _ in modules]
    layers = [any(n.rpartition(".")[0] == name for n in names) for name, _ in modules]
    first = layers.index(True) if True in layers else 0
    return [
        module
        for place, (_, module) in enumerate(modules)
        if not trains[place] and (place < first or any(True for _ in module.parameters()))
    ]
