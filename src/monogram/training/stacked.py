"""One network's computation for many individuals at once: their own tensors stacked (torch.func).

What no individual changes is computed once per sample, and once for everybody where the samples are
everybody's. The rest runs under `vmap` over the individuals.
"""

import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from monogram.networks import PRIOR, Prepared
from monogram.networks.split import Cut
from monogram.training.layers import Chain

INNER = "network."  # of `Prepared`: how inputs are prepared is the same for everyone
ROWS = 512  # samples whose frozen part is computed at a time

Own = Mapping[str, Tensor]


@contextmanager
def without_warnings() -> Iterator[None]:
    """Within, PyTorch does not warn that it does an operation of a stack one by one: it is slow.

    Nobody can do anything about it but train one by one, which a trial finds out.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="There is a performance drop because")
        yield


class StackedNetwork:
    """A network whose own tensors are given, [individuals, …] each, with every call.

    Attributes:
        parts: the network cut below its own tensors; None: it computes as a whole.
        upper: what computes with own tensors: above the cut, or the whole network.
        chain: what is above the cut, where it is a chain of own layers.

    Args:
        network: holds the tensors that are common, its modules in the modes to compute in.
        own: names of the tensors that are individuals' own.
        parts: as above.
    """

    def __init__(self, network: Prepared, own: Collection[str], parts: Cut | None) -> None:
        self._prepared = network
        self._names = [name for name in own if name != PRIOR]
        self.parts = parts
        self.upper: nn.Module = parts.upper if parts else network.network
        inner = {name.removeprefix(INNER) for name in self._names}
        self.chain = Chain.of(self.upper) if weight_names(self.upper) <= inner else None

    def features(self, *inputs: Tensor) -> Tensor:
        """What individuals have in common, computed once.

        Args:
            inputs: raw [n, *shape] each.

        Returns:
            [n, …], those of all inputs one after the other.
        """
        with torch.no_grad():
            return torch.cat([self._features(some) for some in _portions(inputs)])

    def each(self, own: Own, features: Tensor) -> Tensor:
        """Logits [individuals, n, classes] of everyone's own features [individuals, n, …]."""
        if not self._names:
            flat = self._once(features.flatten(0, 1))
            return self._with_prior(own, flat.view(*features.shape[:2], -1))
        return self._with_prior(own, self._vmapped(own, features, 0))

    def all(self, own: Own, features: Tensor) -> Tensor:
        """Logits [individuals, n, classes] of the same features [n, …] for everyone."""
        if self._names:
            return self._with_prior(own, self._vmapped(own, features, None))
        return self._with_prior(own, self._once(features)[None])

    @property
    def lowest(self) -> str | None:
        """Name of the layer that a chain begins with."""
        return f"{INNER}{self.chain.lowest}" if self.chain else None

    @property
    def ends_lowest(self) -> bool:
        """Whether a chain's lowest layer is its last one too."""
        return self.chain is not None and self.chain.length == 1

    def above(self, own: Own, outputs: Tensor) -> Tensor:
        """Logits [individuals, n, classes] of what comes out of the lowest layer of a chain."""
        assert self.chain
        return self._with_prior(own, self.chain.above(self._inner(own), outputs))

    def prior(self, own: Own) -> Tensor:
        """What is added to logits: [individuals, 1, classes], or [classes] of everybody."""
        return own[PRIOR][:, None] if PRIOR in own else self._prepared.prior

    def _once(self, features: Tensor) -> Tensor:
        """Logits [n, classes] of a network that is everybody's."""
        return torch.cat([self.upper(some) for some in torch.split(features, ROWS)])

    def _features(self, inputs: Tensor) -> Tensor:
        prepared = self._prepared.prepare(inputs)
        return self.parts.lower(prepared)[0] if self.parts else prepared

    def _vmapped(self, own: Own, features: Tensor, axis: int | None) -> Tensor:
        inner = self._inner(own)
        if self.chain:
            return self.chain(inner, features)
        logits: Tensor = vmap(self._one, in_dims=(0, axis), randomness="different")(inner, features)
        return logits

    def _inner(self, own: Own) -> dict[str, Tensor]:
        return {name.removeprefix(INNER): own[name] for name in self._names if name in own}

    def _one(self, inner: dict[str, Tensor], features: Tensor) -> Tensor:
        logits: Tensor = functional_call(self.upper, inner, (features,))
        return logits

    def _with_prior(self, own: Own, logits: Tensor) -> Tensor:
        return logits + self.prior(own)


def _portions(parts: Sequence[Tensor]) -> Iterator[Tensor]:
    """All parts one after the other, as many rows at a time as a cache holds."""
    some: list[Tensor] = []
    rows = 0
    for part in chain.from_iterable(torch.split(whole, ROWS) for whole in parts):
        if some and rows + len(part) > ROWS:
            yield _joined(some)
            some, rows = [], 0
        some.append(part)
        rows += len(part)
    yield _joined(some)


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


def weight_names(network: nn.Module) -> set[str]:
    """Names of a network's parameters."""
    return {name for name, _ in network.named_parameters()}
