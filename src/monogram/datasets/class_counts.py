"""Individuals that differ in how many images of each class they have.

Each has a favourite class with many images and three other classes with few, and no image
belongs to two individuals or to an individual and D_G (paper, section Datasets). Individuals
come in rounds of as many as there are classes. Within a round each class is the favourite of
one and an other class of three, so all classes are used up evenly; which ones go together is
drawn anew for each round. Every individual therefore has a fixed place in each shuffled class,
whoever else is asked for, and D_G takes what stands at the other end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monogram.datasets.source import Request, head_count
from monogram.errors import SettingError
from monogram.population import Population, RawSamples, assemble
from monogram.streams import stream

OTHERS = 3  # other classes of an individual


@dataclass(frozen=True, eq=False)
class ClassCounts:
    """Labelled images, and how to share them out.

    Attributes:
        name: of the source.
        images: [n, 1, height, width] uint8.
        labels: [n], positions in `classes`.
        classes: names.
        favourite: how many images of the favourite class an individual has.
        other: how many of each of the three other classes.
        origin: where the data came from, for messages.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    favourite: int
    other: int
    origin: str

    @property
    def round_share(self) -> int:
        """Images of each class that a round of individuals uses."""
        return self.favourite + OTHERS * self.other

    def pools(self, seed: int) -> list[np.ndarray]:
        """The rows of each class, shuffled: individuals take from the front, D_G from the end."""
        return [
            stream(seed, self.name, "pool", c).permutation(np.flatnonzero(self.labels == c))
            for c in range(len(self.classes))
        ]

    def rows(self, index: int, pools: Sequence[np.ndarray], seed: int) -> np.ndarray:
        """The rows of one individual, counted from 0, its favourite class first."""
        turn, place = divmod(index, len(self.classes))
        draw = stream(seed, self.name, "round", turn)
        order = draw.permutation(len(self.classes))
        steps = draw.choice(np.arange(1, len(self.classes)), size=OTHERS, replace=False)
        start = turn * self.round_share
        taken = [pools[order[place]][start : start + self.favourite]]
        for nth, step in enumerate(steps):
            pool = pools[order[(place + step) % len(order)]]
            first = start + self.favourite + nth * self.other
            taken.append(pool[first : first + self.other])
        return np.concatenate(taken)


def share_out(
    data: ClassCounts, request: Request, default: int, global_counts: Sequence[int]
) -> Population:
    """The population that a request asks for.

    Args:
        data: the images.
        request: how many individuals, and the split.
        default: the number of individuals when the request names none.
        global_counts: how many images of each class D_G gets.

    Raises:
        SettingError: more individuals or global samples than there are images for.
    """
    pools = data.pools(request.seed)
    rest = [len(pool) - count for pool, count in zip(pools, global_counts, strict=True)]
    if min(rest) < data.round_share:
        most = sum(len(pool) - data.round_share for pool in pools)
        raise SettingError(
            f"{data.name}: {sum(global_counts)} global samples leave none to the individuals; "
            f"ask for {most} at most"
        )
    maximum = min(rest) // data.round_share * len(pools)
    count = head_count(data.name, request.individuals, default, maximum)
    shared = np.concatenate([pool[left:] for pool, left in zip(pools, rest, strict=True)])
    owned = ((_id(i), data.rows(i, pools, request.seed)) for i in range(count))
    return assemble(
        _samples(data, None, shared),
        [_samples(data, owner, rows) for owner, rows in owned],
        name=data.name,
        classes=data.classes,
        protocol=request.protocol,
        seed=request.seed,
    )


def _id(index: int) -> str:
    return f"individual {index + 1:03}"


def _samples(data: ClassCounts, owner: str | None, rows: np.ndarray) -> RawSamples:
    labels = np.array(data.classes)[data.labels[rows]]
    return RawSamples(owner, data.images[rows], labels, None, data.origin)
