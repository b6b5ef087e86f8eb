"""What has to be known of a network before it is stacked: found out once for all cohorts."""

import copy
from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from monogram.networks import PRIOR, Prepared
from monogram.networks.altered import is_altered
from monogram.networks.drawing import drawing
from monogram.networks.split import Cut, cut
from monogram.training.draws import Draws, Order
from monogram.training.layers import Chain
from monogram.training.stackable import check_stackable, tied_names
from monogram.training.stacked import INNER, Own, StackedNetwork, weight_names

Found = TypeVar("Found")
PROBE = 2  # samples on which a network is tried out


class Findings:
    """What was found out about a network, kept as long as what is common stays the same.

    Each is of the modes that the network's modules are in, and looked for on a few samples.
    """

    def __init__(self) -> None:
        self._common: Own | None = None
        self._found: dict[Hashable, Any] = {}

    def cut(
        self, network: Prepared, common: Own, names: Collection[str], probe: Tensor
    ) -> Cut | None:
        """The network below and above its own tensors, where one tensor is handed over.

        A network without own tensors is below as a whole: all that is handed over are its logits.

        Args:
            network: holds the common tensors, its modules in the modes to compute in.
            common: those tensors.
            names: of the own tensors.
            probe: raw inputs [n, *shape] to try it out.
        """
        inner = frozenset(name.removeprefix(INNER) for name in names)
        key = ("cut", inner, _modes(network))
        return self._once(common, key, lambda: _parts(network, inner, probe))

    def judged(self, network: Prepared, common: Own, own: Own, probe: Tensor) -> StackedNetwork:
        """The network in evaluation mode, cut where it can be.

        Args:
            network: overwritten with what is common.
            common: all tensors by name, where `own` has none.
            own: those of several individuals, [individuals, …] each.
            probe: raw inputs [2 or more, *shape].
        """
        network.load_state_dict(dict(common))
        network.eval()
        parts = self.cut(network, common, own.keys() - {PRIOR}, probe[:PROBE])
        return StackedNetwork(network, own, parts)

    def check(
        self, network: Prepared, common: Own, changing: Collection[str], probe: Tensor
    ) -> None:
        """Nothing where a stack may train a network, as of `check_stackable`.

        Raises:
            NetworkError: why not.
        """
        key = ("check", frozenset(changing), _modes(network))
        self._once(common, key, lambda: check_stackable(network, changing, probe))

    def draws(self, network: Prepared, common: Own, probe: Tensor) -> Sequence[Order]:
        """How what a network draws lies in memory, in the order of draws.

        Raises:
            NetworkError: it draws in a way that cannot be stacked.
        """
        key = ("draws", _modes(network))
        return self._once(common, key, lambda: _draws(network, probe))

    def _once(self, common: Own, key: Hashable, find: Callable[[], Found]) -> Found:
        if common is not self._common:
            self._common, self._found = common, {}
        if key not in self._found:
            self._found[key] = find()
        found: Found = self._found[key]
        return found


def _modes(network: Prepared) -> tuple[bool, ...]:
    return tuple(module.training for module in network.network.modules())


def _draws(network: Prepared, inputs: Tensor) -> list[Order]:
    draws = Draws()
    with draws, drawing(network), torch.random.fork_rng(devices=[]), torch.no_grad():
        network(inputs)
    return draws.orders


class _Whole(nn.Module):
    """A copy of a network that no individual changes."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)

    def forward(self, prepared: Tensor) -> tuple[Tensor]:
        return (self.network(prepared),)


def _parts(network: Prepared, inner: frozenset[str], probe: Tensor) -> Cut | None:
    """The parts of a network where it has any that are worth it."""
    if _is_one(network.network, inner):
        return None
    if not inner:
        return Cut(_Whole(network.network), nn.Identity())
    prepared = network.prepare(probe)
    parts = cut(network.network, inner, prepared)
    if parts is None or len(parts.lower(prepared)) != 1:
        return None
    worth = not weight_names(network.network) <= inner or Chain.of(parts.upper)
    return parts if worth else None


def _is_one(network: nn.Module, inner: frozenset[str]) -> bool:
    """Whether a copy's part could compute with tensors of the whole.

    A hook or a `forward` of a module's own may hold on to them, and one of several names of an own
    tensor leads to the others.
    """
    altered = any(map(is_altered, network.modules()))
    return altered or any(not inner.isdisjoint(names) for names in tied_names(network))
