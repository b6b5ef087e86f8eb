"""Judging several individuals' models at once; on D_G what they have in common is computed once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter

import torch
from torch import Tensor

from monogram.engine.harvest import Alone, Judged
from monogram.engine.judge import Judge
from monogram.networks.split import Cut
from monogram.plan import Model
from monogram.training import Own, Samples, StackedNetwork, Tallies, Tally

ROWS = 4096  # samples of all models together that are looked at at a time
FEATURE_BYTES = 2**28  # of D_G's features, the most that is kept

TOGETHER = 64  # individuals whose data one network looks at at a time

Pair = tuple[Tally, Tally]


class StackJudge:
    """Evaluates stacked networks.

    Args:
        judge: has the data.
        device: where networks are.
        progress: told the number of samples after each pass.
    """

    def __init__(
        self, judge: Judge, device: torch.device, progress: Callable[[float], None]
    ) -> None:
        self._judge = judge
        self._device = device
        self._progress = progress
        self._features: tuple[Cut, list[Tensor | None]] | None = None

    def on_global(self, stacked: StackedNetwork, own: Own) -> list[Pair]:
        """What each network gets right on D_G: validation, reported part."""
        looked_at = [
            self.on_all(stacked, own, part, features)
            for part, features in zip(self._shared, self._kept(stacked), strict=True)
        ]
        return list(zip(looked_at[0], looked_at[-1], strict=True))

    def on_global_validation(self, stacked: StackedNetwork, own: Own) -> list[Tally]:
        """What each network gets right on D_G's validation data."""
        return self.on_all(stacked, own, self._shared[0], self._kept(stacked)[0])

    def on_individuals(
        self, stacked: StackedNetwork, own: Own, individuals: Sequence[str]
    ) -> list[Pair]:
        """What each network gets right on its individual's data: validation, reported part."""
        validation, reported = zip(*map(self._judge.own, individuals), strict=True)
        first = self.on_each(stacked, own, validation)
        same = all(one is other for one, other in zip(validation, reported, strict=True))
        second = first if same else self.on_each(stacked, own, reported)
        return list(zip(first, second, strict=True))

    def on_all(
        self, stacked: StackedNetwork, own: Own, samples: Samples, features: Tensor | None = None
    ) -> list[Tally]:
        """What each network gets right on the same samples.

        Args:
            stacked: in evaluation mode.
            own: the networks' own tensors, at least one.
            samples: at least one.
            features: of the samples, where they are known already.
        """
        networks = len(next(iter(own.values())))
        tallies: Tallies | None = None
        with torch.inference_mode():
            for rows in _spans(len(samples), networks):
                known = None if features is None else features[rows]
                some = stacked.features(samples.inputs[rows]) if known is None else known
                logits = stacked.all(own, some).expand(networks, -1, -1)
                tallies = tallies or Tallies(networks, logits.shape[2], self._device)
                labels = samples.labels[rows].expand(networks, -1)
                tallies.add(logits, labels, torch.ones_like(labels, dtype=torch.bool))
        self._progress(networks * len(samples))
        return tallies.each() if tallies else [Tally()] * networks

    def on_each(self, stacked: StackedNetwork, own: Own, samples: Sequence[Samples]) -> list[Tally]:
        """What each network gets right on samples of its own."""
        sizes = [len(some) for some in samples]
        tallies: Tallies | None = None
        with torch.inference_mode():
            for rows in _spans(max(sizes), len(samples)):
                inputs = [some.inputs[rows] for some in samples]
                labels = torch.cat([some.labels[rows] for some in samples])
                flat, real = self._side_by_side([len(part) for part in inputs])
                logits = stacked.each(own, stacked.features(*inputs)[flat])
                tallies = tallies or Tallies(len(samples), logits.shape[2], self._device)
                tallies.add(logits, labels[flat], real)
        self._progress(float(sum(sizes)))
        return tallies.each() if tallies else [Tally()] * len(samples)

    def _side_by_side(self, lengths: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Where each one's rows are of all that lie one after the other, filled up to the longest.

        Returns:
            Two tensors [owners, most]: int64 places, and bool whether it is a row of the owner's.
        """
        sizes = torch.tensor(lengths, device=self._device)[:, None]
        starts = sizes.cumsum(0) - sizes
        places = torch.arange(max(lengths), device=self._device)
        real = places < sizes
        flat = torch.where(real, places + starts, starts)
        return flat.clamp(max=sum(lengths) - 1), real  # the last one's start, if there is nothing

    def _kept(self, stacked: StackedNetwork) -> list[Tensor | None]:
        """The features of D_G's parts, computed once where the network is cut and they fit."""
        if stacked.parts is None:
            return [None] * len(self._shared)
        if self._features is None or self._features[0] is not stacked.parts:
            with torch.inference_mode():
                one = stacked.features(self._shared[0].inputs[:1])
                size = one.numel() * one.element_size() * sum(map(len, self._shared))
                fits = kept_bytes(size)
                parts = [stacked.features(p.inputs) if fits else None for p in self._shared]
            self._features = (stacked.parts, parts)
        return self._features[1]

    @property
    def _shared(self) -> list[Samples]:
        """D_G's parts, each once."""
        validation, reported = self._judge.shared
        return [validation] if reported is validation else [validation, reported]


@dataclass(frozen=True, eq=False)
class Everybodys(Alone):
    """Models of many individuals that are one network, judged several at a time.

    Attributes:
        individuals: all that the network is judged on, those of models done before too: sums do not
            depend on what was done.
        stack_judge: judges it.
    """

    individuals: Sequence[str]
    stack_judge: StackJudge

    def judged(self, model: Model) -> Judged:
        """What a model gets right; D_G is looked at once for all of them."""
        on_global, seconds = self._on_global
        try:
            pairs, each = self._looked_at(model.evaluated_on)
        except Exception:  # of the network, given somebody's data: it alone is not judged
            return super().judged(model)
        share = seconds / len(self._places)
        return Judged(pairs[model.evaluated_on], on_global, share + each)

    def _looked_at(self, individual: str) -> tuple[dict[str, Pair], float]:
        """On an individual's data and on that of those beside it, and seconds for each.

        Only the last ones are kept: what is known of everybody is a lot.
        """
        first = self._places[individual] // TOGETHER * TOGETHER
        if first not in self._last:
            started = perf_counter()
            some = list(self._places)[first : first + TOGETHER]
            stacked = StackedNetwork(self.network, (), None)
            found = self.stack_judge.on_individuals(stacked, {}, some)
            self._last.clear()
            pairs = dict(zip(some, found, strict=True))
            self._last[first] = pairs, (perf_counter() - started) / len(some)
        return self._last[first]

    @cached_property
    def _places(self) -> dict[str, int]:
        """Where each individual stands."""
        return {id_: place for place, id_ in enumerate(dict.fromkeys(self.individuals))}

    @cached_property
    def _last(self) -> dict[int, tuple[dict[str, Pair], float]]:
        """What was looked at last, by the place of its first individual."""
        return {}


def kept_bytes(size: int) -> int:
    """What is kept of D_G's features of so many bytes: all of them, or nothing."""
    return size if size <= FEATURE_BYTES else 0


def _spans(samples: int, networks: int) -> Iterator[slice]:
    """Parts of some samples that so many networks look at at a time."""
    most = max(1, ROWS // networks)
    for start in range(0, samples, most):
        yield slice(start, min(start + most, samples))
