"""Which samples the batch of a step holds.

Each source of a phase is an endless line of its samples: one random order of all of them after
another. Batch k holds positions k·b to (k+1)·b of the line, with b the batch size or, for fewer
samples, all of them. Every sample is thus seen equally often, no batch is ever a small rest (which
would upset batch normalisation), and a step can be resumed from its number alone.
"""

import numpy as np

from monogram.curriculum import Source
from monogram.plan import Stretch
from monogram.plan.compile import is_personal
from monogram.streams import Place, Streams
from monogram.training.samples import Joined, Samples, on_device


class Endless:
    """The endless line of one source's rows.

    Args:
        rows: how many samples there are, at least 1.
        batch_size: samples of a full batch.
        seed: of the study.
        place: what names the line: individual, place in the curriculum, source.
    """

    def __init__(self, rows: int, batch_size: int, seed: int, *place: Place) -> None:
        self.rows = rows
        self.batch = min(batch_size, rows)
        self._streams = Streams(seed, *place)
        self._orders: dict[int, np.ndarray] = {}

    def __getitem__(self, k: int) -> np.ndarray:
        """The rows of batch k, int64 [batch]."""
        start = k * self.batch
        turn, offset = divmod(start, self.rows)
        head = self._order(turn)[offset : offset + self.batch]
        if len(head) == self.batch:
            return head
        return np.concatenate([head, self._order(turn + 1)[: self.batch - len(head)]])

    def span(self, first: int, stop: int) -> np.ndarray:
        """The rows of several batches one after the other, int64 [stop - first, batch]."""
        start, end = first * self.batch, stop * self.batch
        turns = range(start // self.rows, -(-end // self.rows))
        line = np.concatenate([self._order(turn) for turn in turns])
        offset = start - turns.start * self.rows
        return line[offset : offset + end - start].reshape(-1, self.batch)

    def _order(self, turn: int) -> np.ndarray:
        if turn not in self._orders:
            self._orders.pop(turn - 2, None)  # a batch reaches into two at most
            self._orders[turn] = self._streams(turn).permutation(self.rows)
        return self._orders[turn]


class Feed:
    """The batches of one phase, by step.

    Args:
        stretch: the phase, whose it is and its seed.
        shared: D_G's training samples.
        own: D_I's training samples, or None where no individual is concerned.
        batch_size: samples of a full batch.
    """

    def __init__(
        self, stretch: Stretch, shared: Samples, own: Samples | None, batch_size: int
    ) -> None:
        source, key = stretch.trained.source, (stretch.seed, stretch.owner, stretch.place)
        self._per_epoch = -(-len(shared) // batch_size)
        self._device = shared.labels.device
        self._sources: dict[bool, Samples | Joined] = {}
        if source in (Source.GLOBAL, Source.MIXED):
            self._sources[False] = shared
        if source in (Source.PERSONAL, Source.MIXED):
            self._sources[True] = _required(own)
        if source is Source.UNION:
            self._sources[False] = Joined(shared, _required(own))
        self._lines = {
            personal: Endless(len(samples), batch_size, *key, "own" if personal else "shared")
            for personal, samples in self._sources.items()
        }
        self._drawn = _Drawn(stretch, self._per_epoch)

    def __call__(self, step: int) -> Samples:
        """The batch of a step of the phase, counted from 0."""
        return self.take(*self.rows(step))

    def rows(self, step: int) -> tuple[bool, np.ndarray]:
        """Whether a step's batch is the individual's alone, and its rows in that source, int64."""
        personal, k = self._drawn(step)
        return personal, self._lines[personal][k]

    def personal_span(self, first: int, stop: int) -> np.ndarray | None:
        """The rows of several steps, int64 [steps, batch], where all batches are personal."""
        if False in self._lines:
            return None
        return self._lines[True].span(first, stop)

    def take(self, personal: bool, rows: np.ndarray) -> Samples:
        """The samples of some rows of a source."""
        return self._sources[personal].take(on_device(rows, self._device))


class _Drawn:
    """Which source a step draws from, and how many batches of it came before."""

    def __init__(self, stretch: Stretch, per_epoch: int) -> None:
        self._source = stretch.trained.source
        if self._source is Source.MIXED:
            steps = stretch.in_run(np.arange(stretch.stop))
            self._personal = is_personal(steps, stretch.trained, per_epoch)
            self._before = np.cumsum(self._personal) - self._personal

    def __call__(self, step: int) -> tuple[bool, int]:
        if self._source is not Source.MIXED:
            return self._source is Source.PERSONAL, step
        personal, before = bool(self._personal[step]), int(self._before[step])
        return personal, before if personal else step - before


def _required(own: Samples | None) -> Samples:
    if own is None:
        raise ValueError("a phase that touches an individual needs its samples")
    return own
