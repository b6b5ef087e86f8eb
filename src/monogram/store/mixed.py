"""Running one network with many individuals' tensors in one batch.

What the individuals share is computed once for all samples; their own parts are stacked and
computed together (torch.func). Where a network cannot be cut or vmapped, and where it would not
pay, each individual's samples are run by themselves.

Sums are taken in another order for other batch sizes (by the matrix libraries, for any network),
so that logits equal those of one sample alone up to rounding, not bit for bit.
"""

import copy
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from threading import Lock

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from monogram.networks import PRIOR, Prepared
from monogram.networks.split import Cut, cut
from monogram.networks.tied import tensor_names
from monogram.store.tensors import size_of

Own = dict[str, Tensor]
Names = frozenset[str]
Run = tuple[int, int, int]
INNER = "network."  # of `Prepared`: how inputs are prepared is the same for everyone

ROWS = 1024  # samples whose own parts are stacked at a time
SHARED_ROWS = 64  # samples that the shared part is computed for at a time
IMAGE_AXES = 3
MOST_STACKED = 128 * 2**20  # bytes of tensors stacked at a time


class Mixer:
    """One base's network, to be run with the tensors of any individuals.

    Args:
        network: with the base's weights, in evaluation mode; is not changed.
    """

    def __init__(self, network: Prepared) -> None:
        self.network = network
        self._cuts: dict[Names, Cut | None] = {}
        self._lock = Lock()  # torch.func puts tensors into the network while it runs

    def copy(self) -> Prepared:
        """A network of the caller's own."""
        with self._lock:
            return copy.deepcopy(self.network)

    @torch.inference_mode()
    def __call__(self, inputs: Tensor, owners: Sequence[int], own: Sequence[Own]) -> Tensor:
        """Logits [n, classes], each sample's by its owner's network.

        Args:
            inputs: raw, [n, *shape], n at least 1.
            owners: for each sample the place of its owner in `own`, [n].
            own: for each individual the tensors that differ from the base's.
        """
        with self._lock:
            return self._all(inputs, owners, own)

    def _all(self, inputs: Tensor, owners: Sequence[int], own: Sequence[Own]) -> Tensor:
        """What a call gives, one call at a time."""
        by_names: dict[Names, list[int]] = defaultdict(list)
        for row, owner in enumerate(owners):
            by_names[frozenset(own[owner])].append(row)
        logits: Tensor | None = None
        for names, rows in by_names.items():
            for part in _in_parts(sorted(rows, key=owners.__getitem__)):
                done = self._run(names, inputs[part], [owners[row] for row in part], own)
                logits = (
                    done.new_empty((len(inputs), *done.shape[1:])) if logits is None else logits
                )
                logits[part] = done
        if logits is None:
            raise ValueError("at least one sample is needed")
        return logits

    def _run(self, names: Names, inputs: Tensor, owners: list[int], own: Sequence[Own]) -> Tensor:
        """Logits of samples whose owners differ from the base in the same tensors."""
        inside = frozenset(name for name in names if name.startswith(INNER))
        if names - inside - {PRIOR}:
            return _one_by_one(self.network, (inputs,), owners, {o: own[o] for o in set(owners)})
        logits = self._without_prior(inside, self.network.prepare(inputs), owners, own)
        if PRIOR not in names:
            return logits + self.network.prior
        return logits + torch.stack([own[owner][PRIOR] for owner in owners])

    def _without_prior(
        self, names: Names, prepared: Tensor, owners: list[int], own: Sequence[Own]
    ) -> Tensor:
        """What the networks inside say of prepared inputs."""
        network = self.network.network
        if not names:
            whole: Tensor = network(prepared)
            return whole
        inner = {o: {n.removeprefix(INNER): own[o][n] for n in names} for o in set(owners)}
        parts = self._cut(names, prepared)
        if parts is None:
            return _one_by_one(network, (prepared,), owners, inner)
        return _together(parts.upper, _lower(parts, prepared), owners, inner)

    def _cut(self, names: Names, prepared: Tensor) -> Cut | None:
        if names not in self._cuts:
            inside = [name.removeprefix(INNER) for name in names]
            probe = prepared[[0, -1]]  # of one sample a constant looks like a row for each
            self._cuts[names] = cut(self.network.network, inside, probe)
        return self._cuts[names]


def _lower(parts: Cut, prepared: Tensor) -> tuple[Tensor, ...]:
    """The shared part's values for all samples, a few samples at a time: they stay in the cache."""
    if prepared.dim() == IMAGE_AXES + 1:
        prepared = prepared.contiguous(memory_format=torch.channels_last)
    pieces = [parts.lower(some) for some in torch.split(prepared, SHARED_ROWS)]
    return tuple(torch.cat(values) for values in zip(*pieces, strict=True))


def _in_parts(rows: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(rows), ROWS):
        yield rows[start : start + ROWS]


def _one_by_one(
    network: nn.Module, handed: Sequence[Tensor], owners: Sequence[int], own: Mapping[int, Own]
) -> Tensor:
    """Logits of each owner's samples by itself; samples of one owner stand together."""
    names = _named_once(network, own[owners[0]])
    return torch.cat(
        [
            functional_call(
                network,
                {name: own[owner][name] for name in names},
                tuple(values[start:stop] for values in handed),
            )
            for owner, start, stop in _runs(owners)
        ]
    )


def _named_once(network: nn.Module, names: Collection[str]) -> list[str]:
    """One name for each tensor: `functional_call` takes no more for one with several."""
    known = ([name for name in all_names if name in names] for all_names in tensor_names(network))
    return [given[0] for given in known if given]


def _together(
    upper: nn.Module, handed: Sequence[Tensor], owners: Sequence[int], own: Mapping[int, Own]
) -> Tensor:
    """Logits by all owners' tensors at once; samples of one owner stand together."""
    pieces: dict[int, Tensor] = {}
    for runs in _alike(_runs(owners), own):
        width = max(stop - start for _, start, stop in runs)
        places = [_padded(start, stop, width) for _, start, stop in runs]
        try:
            done = _stacked(upper, handed, torch.tensor(places), [own[o] for o, *_ in runs])
        except RuntimeError:  # an operation that vmap does not know, or memory
            return _one_by_one(upper, handed, owners, own)
        for logits, (_, start, stop) in zip(done, runs, strict=True):
            pieces[start] = logits[: stop - start]
    return torch.cat([pieces[start] for start in sorted(pieces)])


def _stacked(
    upper: nn.Module, handed: Sequence[Tensor], places: Tensor, own: Sequence[Own]
) -> Tensor:
    """Logits [individuals, width, classes] of the samples at `places`, [individuals, width]."""
    stacked = {name: torch.stack([tensors[name] for tensors in own]) for name in own[0]}

    def run(tensors: Own, values: tuple[Tensor, ...]) -> Tensor:
        logits: Tensor = functional_call(upper, tensors, values)
        return logits

    return vmap(run)(stacked, tuple(values[places].contiguous() for values in handed))


def _runs(owners: Sequence[int]) -> list[Run]:
    """Owner, start and stop of each stretch of samples of one owner."""
    starts = [i for i, owner in enumerate(owners) if i == 0 or owner != owners[i - 1]]
    return [(owners[a], a, b) for a, b in zip(starts, [*starts[1:], len(owners)], strict=True)]


def _alike(runs: list[Run], own: Mapping[int, Own]) -> Iterator[list[Run]]:
    """Runs in batches of about the same length, so that little is padded, bounded in memory."""
    by_length: dict[int, list[Run]] = defaultdict(list)
    for run in runs:
        by_length[(run[2] - run[1] - 1).bit_length()].append(run)
    most = max(1, MOST_STACKED // max(1, size_of(own[runs[0][0]])))
    for same in by_length.values():
        for start in range(0, len(same), most):
            yield same[start : start + most]


def _padded(start: int, stop: int, width: int) -> list[int]:
    """The places of a run's samples, the last one repeated to a width."""
    return [min(place, stop - 1) for place in range(start, start + width)]
