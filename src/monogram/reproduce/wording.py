"""Figures in the sentences of evidence: finer than the report's, since half a point matters."""

from monogram.measure import Interval


def points(difference: float) -> str:
    """A difference of two fractions in [0, 1] in percentage points, signed.

    >>> points(0.0039), points(-0.1846), points(0.00001)
    ('+0.39', '−18.46', '0.00')
    """
    size = f"{100 * abs(difference):.2f}"
    if float(size) == 0:
        return size
    return ("+" if difference > 0 else "−") + size


def estimate(difference: float, interval: Interval | None) -> str:
    """A mean difference with its 95 % interval, where it has one.

    >>> estimate(0.01, (0.002, 0.018))
    '+1.00 points [+0.20, +1.80]'
    """
    ends = f" [{points(interval[0])}, {points(interval[1])}]" if interval else ""
    return f"{points(difference)} points{ends}"


def p_value(p: float | None) -> str:
    """A p-value with two digits that matter.

    >>> p_value(0.0312), p_value(0.00000312), p_value(1.0), p_value(None)
    ('p = 0.031', 'p < 0.0001', 'p = 1', 'p not defined')
    """
    if p is None:
        return "p not defined"
    return f"p = {p:.2g}" if p >= 1e-4 else "p < 0.0001"


def minus(number: float) -> str:
    """A number with two digits after the point and a proper minus.

    >>> minus(-0.534), minus(1.2)
    ('−0.53', '1.20')
    """
    return f"{number:.2f}".replace("-", "−")


def bound_in_words(bound: float) -> str:
    """A bound on accuracy, a fraction, in points.

    >>> bound_in_words(0.005), bound_in_words(0.01)
    ('0.5 points', '1 point')
    """
    return f"{100 * bound:g} point{'' if bound == 0.01 else 's'}"
