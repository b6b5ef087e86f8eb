"""How sure a mean over individuals is: bootstrap intervals.

Individuals are drawn anew with replacement, so an interval tells what other individuals of the
same kind would give. It knows nothing of other seeds or of another D_G.

Source: Efron, "Better bootstrap confidence intervals", JASA 82 (1987): BCa, corrected for bias
and skewness; DiCiccio and Efron, "Bootstrap confidence intervals", Statistical Science 11 (1996).
"""

import warnings
from collections.abc import Sequence

import numpy as np
import scipy

from monogram.measure.noise import DIGITS, varies
from monogram.streams import stream

LEVEL = 0.95
RESAMPLES = 2_000
MOST_CORRECTED = 500  # individuals; with more, the mean needs no correction, and BCa takes n² steps
AT_ONCE = 1_000_000  # values drawn at a time: 8 MB

Interval = tuple[float, float]


def mean_interval(values: Sequence[float] | np.ndarray) -> Interval:
    """The 95 % interval of a mean over individuals, the same every time and in any order.

    BCa; the percentile interval where BCa is not defined, and for more than 500 individuals.
    The figure itself, twice, where it does not vary, so also for one individual.

    Args:
        values: [individuals], at least one.

    Raises:
        ValueError: no values.

    >>> mean_interval([0.7, 0.7])
    (0.7, 0.7)
    """
    array = np.sort(np.round(np.asarray(values, dtype=np.float64), DIGITS))
    if not len(array):
        raise ValueError("no individuals to take the interval of")
    if not varies(array):
        return (float(array[0]), float(array[0]))
    corrected = _ends(array, "BCa") if len(array) <= MOST_CORRECTED else (np.nan, np.nan)
    return _ends(array, "percentile") if np.isnan(corrected).any() else corrected


def _ends(array: np.ndarray, method: str) -> Interval:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a degenerate distribution has no BCa: NaN says so
        ends = scipy.stats.bootstrap(
            (array,),
            _mean,
            confidence_level=LEVEL,
            n_resamples=RESAMPLES,
            batch=max(1, AT_ONCE // len(array)),
            method=method,
            random_state=stream(0, "bootstrap"),
        ).confidence_interval
    return (round(float(ends.low), DIGITS), round(float(ends.high), DIGITS))


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    return np.asarray(np.round(values.mean(axis=axis), DIGITS))
