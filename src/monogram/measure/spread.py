"""How a figure is spread over individuals (paper, section Objectives and Metrics, Fairness)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

WORST = 0.1  # the fraction of individuals that counts as the worst


@dataclass(frozen=True)
class Spread:
    """A figure over individuals; each counts the same, however much data it has.

    Attributes:
        mean: acc(D_S) of the paper, when the figure is a personal accuracy.
        sd: sample standard deviation (n - 1); None for one individual, which has none.
        min: of the worst individual.
        max: of the best individual.
        worst_tenth: mean over the worst tenth of the individuals, at least one.
    """

    mean: float
    sd: float | None
    min: float
    max: float
    worst_tenth: float


def spread(values: Sequence[float] | np.ndarray) -> Spread:
    """The spread of a figure, one value per individual.

    Raises:
        ValueError: no values.

    >>> spread([0.5, 0.7, 0.9])
    Spread(mean=0.7, sd=0.2, min=0.5, max=0.9, worst_tenth=0.5)
    """
    array = np.sort(np.asarray(values, dtype=np.float64))
    if not len(array):
        raise ValueError("no individuals to take the spread of")
    worst = array[: ceil(WORST * len(array))]
    deviation = _rounded(array.std(ddof=1)) if len(array) > 1 else None
    mean, least, most, low = map(_rounded, (array.mean(), array[0], array[-1], worst.mean()))
    return Spread(mean, deviation, least, most, low)


def _rounded(figure: np.floating) -> float:
    return round(float(figure), 12)
