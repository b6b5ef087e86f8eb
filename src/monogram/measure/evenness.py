"""Whether a figure is spread wider over individuals by one curriculum than by another.

The Pitman-Morgan test: x + y and x - y are uncorrelated where x and y vary equally, also if x and
y are paired. It takes x and y to be normal: of long tails it is too sure.

Source: Pitman, "A note on normal correlation", and Morgan, "A test for the significance of the
difference between the two variances in a sample from a normal bivariate population", both
Biometrika 31 (1939).
"""

from dataclasses import dataclass

import numpy as np
import scipy

from monogram.measure.noise import varies

FEWEST = 3  # individuals: two points always lie on a line


@dataclass(frozen=True)
class SpreadComparison:
    """Two spreads over the same individuals.

    Attributes:
        ours: standard deviation (n - 1); 0 for one individual.
        theirs: the same of the other.
        p: two-sided p of the Pitman-Morgan test; None with fewer than three individuals, or where
            one of the two does not vary.
        individuals: number of pairs.
    """

    ours: float
    theirs: float
    p: float | None
    individuals: int


def compare_spreads(ours: np.ndarray, theirs: np.ndarray) -> SpreadComparison:
    """Compare the standard deviations of two figures of the same individuals.

    Args:
        ours: [individuals], at least one; seeds averaged within an individual before.
        theirs: [individuals], in the same order.
    """
    ours, theirs = (np.round(np.asarray(values, dtype=float), 12) for values in (ours, theirs))
    if len(ours) < FEWEST:
        return SpreadComparison(_deviation(ours), _deviation(theirs), None, len(ours))
    sums, differences = ours + theirs, ours - theirs
    p = _correlation(sums, differences) if varies(ours) and varies(theirs) else None
    return SpreadComparison(_deviation(ours), _deviation(theirs), p, len(ours))


def _correlation(sums: np.ndarray, differences: np.ndarray) -> float:
    """Its two-sided p; 1 where sums or differences are all the same: the spreads are equal."""
    if not (varies(sums) and varies(differences)):
        return 1.0
    return float(scipy.stats.pearsonr(sums, differences).pvalue)


def _deviation(values: np.ndarray) -> float:
    """Exactly 0 where nothing varies."""
    return float(values.std(ddof=1)) if varies(values) else 0.0
