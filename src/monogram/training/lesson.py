"""What the individuals of a stack learn: whose batches, of all of them at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from monogram.plan import Stretch
from monogram.streams import torch_seed
from monogram.training.batches import Feed
from monogram.training.samples import Samples, on_device
from monogram.training.stacked import StackedNetwork

SPAN = 64  # steps whose personal batches are drawn at a time


@dataclass(frozen=True, eq=False)
class Lesson:
    """What the individuals of a stack learn in a phase; those with the most steps come first.

    Attributes:
        stretches: of each individual; equal but for the owner and the last step.
        feeds: give the batches.
        samples: each D_I's training samples.
    """

    stretches: Sequence[Stretch]
    feeds: Sequence[Feed]
    samples: Sequence[Samples]

    def segments(self, start: int) -> Iterator[tuple[int, int, int]]:
        """From a step on: first step, step after the last, and how many are still learning."""
        stops = [stretch.stop for stretch in self.stretches]
        for first, stop in pairwise(sorted({start, *(stop for stop in stops if stop > start)})):
            yield first, stop, sum(end >= stop for end in stops)

    def generators(self, step: int, learning: int, device: torch.device) -> list[torch.Generator]:
        """What each draws from in a step, seeded as the loop seeds PyTorch's own generator."""
        return [
            torch.Generator(device).manual_seed(
                torch_seed(stretch.seed, stretch.owner, stretch.place, "noise") + step
            )
            for stretch in self.stretches[:learning]
        ]


@dataclass(frozen=True, eq=False)
class Batch:
    """A batch of each individual, the shorter ones filled up to the longest.

    Attributes:
        features: [individuals, n, …].
        labels: [individuals, n] int64.
        weights: [individuals, n] float32, of each sample in its individual's mean; 0 fills up.
        sizes: samples of each.
    """

    features: Tensor
    labels: Tensor
    weights: Tensor
    sizes: tuple[int, ...]


class Batches:
    """The batches of a lesson, of all individuals at a time."""

    def __init__(self, stacked: StackedNetwork, lesson: Lesson) -> None:
        self._stacked, self._lesson = stacked, lesson
        self._starts = np.cumsum([0, *map(len, lesson.samples)])
        self._drawn = _BatchRows(lesson)
        self._weighted: tuple[tuple[int, ...], Tensor] = ((), torch.empty(0))

    @cached_property
    def _own(self) -> Samples:
        return _features(self._stacked, self._lesson.samples)

    def __call__(self, step: int, learning: int) -> Batch:
        """The batches of a step of the first few individuals."""
        feeds = self._lesson.feeds[:learning]
        personal, drawn = self._drawn(step, learning)
        sizes = tuple(map(len, drawn))
        rows = [_filled(rows, max(sizes)) for rows in drawn]
        samples = self._taken(personal, feeds, rows)
        labels = samples.labels.view(learning, -1)
        inputs = samples.inputs.view(*labels.shape, *samples.inputs.shape[1:])
        if sizes != self._weighted[0]:
            self._weighted = (sizes, _weights(sizes, labels.device))
        return Batch(inputs, labels, self._weighted[1], sizes)

    def _taken(self, personal: bool, feeds: Sequence[Feed], rows: Sequence[np.ndarray]) -> Samples:
        """The samples of everybody's rows, one after the other; whose they are is equal for all."""
        if personal:
            places = np.concatenate([r + s for r, s in zip(rows, self._starts[:-1], strict=False)])
            return self._own.take(on_device(places, self._own.labels.device))
        parts = [feed.take(personal, own) for feed, own in zip(feeds, rows, strict=True)]
        inputs = self._stacked.features(*(part.inputs for part in parts))
        return Samples(inputs, torch.cat([part.labels for part in parts]))


class WeightedSamples:
    """The batches of a lesson that is personal throughout, as weights of all samples.

    Attributes:
        features: of all samples, [individuals, n, …], filled up with zeros.
    """

    def __init__(self, stacked: StackedNetwork, lesson: Lesson) -> None:
        own = _features(stacked, lesson.samples)
        sizes = [len(samples) for samples in lesson.samples]
        self.features, self._labels = _padded(own.inputs, sizes), _padded(own.labels, sizes)
        self._sizes = tuple(sizes)
        self._drawn = _BatchRows(lesson)
        self._span, self._weights = range(0), torch.empty(0)

    def __call__(self, step: int, learning: int) -> Batch:
        """The batches of a step of the first few individuals; a sample's weight may be 0."""
        if step not in self._span:
            self._span, drawn = self._drawn.ahead(step)
            self._weights = self._weighted(drawn)
        weights = self._weights[step - self._span.start, :learning]
        return Batch(
            self.features[:learning], self._labels[:learning], weights, self._sizes[:learning]
        )

    def _weighted(self, drawn: Sequence[np.ndarray | None]) -> Tensor:
        """[steps, individuals, n] of each one's rows [steps, batch]; 0 for whose phase is over."""
        individuals, samples = self._labels.shape
        weights = np.zeros((len(self._span), individuals, samples), dtype=np.float32)
        for place, rows in enumerate(drawn):
            if rows is not None:
                places = rows + samples * np.arange(len(rows))[:, None]
                counts = np.bincount(places.ravel(), minlength=len(rows) * samples)
                weights[: len(rows), place] = counts.reshape(-1, samples) / rows.shape[1]
        return on_device(weights, self._labels.device)


def _features(stacked: StackedNetwork, samples: Sequence[Samples]) -> Samples:
    """Everybody's samples one after the other, the frozen part of the network done."""
    inputs = stacked.features(*(some.inputs for some in samples))
    return Samples(inputs, torch.cat([some.labels for some in samples]))


class _BatchRows:
    """Which rows each individual's batches hold; personal ones are drawn for many steps at once."""

    def __init__(self, lesson: Lesson) -> None:
        self._lesson = lesson
        self._span, self._ahead = range(0), list[np.ndarray | None]()

    def __call__(self, step: int, learning: int) -> tuple[bool, list[np.ndarray]]:
        """Whether a step's batches are personal, equal for all, and each one's rows."""
        if step not in self._span:
            self._span, self._ahead = self.ahead(step)
        ahead = self._ahead[:learning]
        if ahead[0] is not None:
            return True, [rows[step - self._span.start] for rows in ahead if rows is not None]
        drawn = [feed.rows(step) for feed in self._lesson.feeds[:learning]]
        return drawn[0][0], [rows for _, rows in drawn]

    def ahead(self, step: int) -> tuple[range, list[np.ndarray | None]]:
        """Some steps from one on, and each one's rows, [steps, batch], where all are personal.

        Fewer where somebody's phase ends before; None for those whose it did.
        """
        stops = [stretch.stop for stretch in self._lesson.stretches]
        last = min(step + SPAN, max(stops))
        return range(step, last), [
            feed.personal_span(step, min(last, stop)) if stop > step else None
            for feed, stop in zip(self._lesson.feeds, stops, strict=True)
        ]


def _padded(rows: Tensor, sizes: Sequence[int]) -> Tensor:
    """[n, …] of individuals one after the other as [individuals, most, …], filled up with zeros."""
    if len(set(sizes)) == 1:
        return torch.unflatten(rows, 0, (len(sizes), sizes[0]))
    return pad_sequence(list(torch.split(rows, list(sizes))), batch_first=True)


def _filled(rows: np.ndarray, length: int) -> np.ndarray:
    """Rows repeated up to a length."""
    return rows if len(rows) == length else np.resize(rows, length)


def _weights(sizes: Sequence[int], device: torch.device) -> Tensor:
    lengths = torch.tensor(sizes, device=device)[:, None]
    real = torch.arange(max(sizes), device=device) < lengths
    return real / lengths
