"""Telling differences between individuals from rounding.

Figures are means, rounded to 12 digits; a difference of two of them is off by 1e-12, and two
individuals with the same difference may seem to differ by as much.
"""

import numpy as np

DIGITS = 10  # that are more than rounding noise; ranks and BCa count ties, and are sensitive to it
NOISE = 1e-9  # a range below it is rounding, not spread


def paired_differences(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Ours - theirs without rounding noise: float64 [individuals]."""
    return np.asarray(np.round(np.asarray(ours) - np.asarray(theirs), DIGITS))


def varies(values: np.ndarray) -> bool:
    """Whether values, at least one, differ by more than rounding.

    >>> varies(np.array([0.1, 0.1 + 1e-12])), varies(np.array([0.1, 0.1001]))
    (False, True)
    """
    return bool(np.ptp(values) > NOISE)
