"""Figures as text, the same way on the command line, in tables, words, plots and on the page."""

from math import isfinite

UNKNOWN = "–"
LEVELS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
SIGNIFICANT = LEVELS[-1][0]  # the largest p that counts as more than chance
NOT_SIGNIFICANT = "ns"
MARKS_EXPLAINED = "*** p < 0.001, ** p < 0.01, * p < 0.05, ns not significant"


def percent(fraction: float, digits: int = 1) -> str:
    """A fraction in [0, 1] as a number of percent, without the sign.

    >>> percent(0.9386), percent(1.0), percent(float("nan"))
    ('93.9', '100', '–')
    """
    if not isfinite(fraction):
        return UNKNOWN
    text = f"{100 * fraction:.{digits}f}"
    return "100" if float(text) == 100 else text


def with_deviation(mean: float, deviation: float | None) -> str:
    """A mean over individuals and its standard deviation in percent; one individual has none.

    >>> with_deviation(0.9386, 0.0114), with_deviation(0.9386, None)
    ('93.9 ±1.1', '93.9')
    """
    return percent(mean) if deviation is None else f"{percent(mean)} ±{percent(deviation)}"


def with_sign(fraction: float) -> str:
    """A fraction in [0, 1] as percent in a sentence.

    >>> with_sign(0.9386)
    '93.9 %'
    """
    return f"{percent(fraction)} %"


def points(difference: float) -> str:
    """A difference of two fractions in [0, 1] in percentage points, signed.

    >>> points(0.125), points(-0.0226), points(0.0)
    ('+12.5', '−2.3', '0.0')
    """
    if not isfinite(difference):
        return UNKNOWN
    size = f"{100 * abs(difference):.1f}"
    if float(size) == 0:
        return size
    return ("+" if difference > 0 else "−") + size


def ratio(cost: float) -> str:
    """A ratio of training costs with two digits that matter.

    >>> ratio(0.0), ratio(0.00123), ratio(0.18), ratio(1), ratio(54.2), ratio(5400)
    ('0', '0.0012', '0.18', '1.0', '54', '5,400')
    """
    if not isfinite(cost):
        return UNKNOWN
    if cost == 0:
        return "0"
    return f"{cost:#.2g}".removesuffix(".") if cost < 10 else f"{cost:,.0f}"


def mark(p: float | None) -> str:
    """The stars of a p-value; nothing for a test that was not made.

    >>> mark(0.0004), mark(0.03), mark(0.2), mark(None)
    ('***', '*', 'ns', '')
    """
    if p is None or not isfinite(p):
        return ""
    return next((stars for level, stars in LEVELS if p < level), NOT_SIGNIFICANT)


def p_value(p: float | None) -> str:
    """A p-value in a sentence.

    >>> p_value(0.00004), p_value(0.0312), p_value(None)
    ('p < 0.001', 'p = 0.031', 'not tested')
    """
    if p is None or not isfinite(p):
        return "not tested"
    return "p < 0.001" if p < LEVELS[0][0] else f"p = {p:.3f}"


def count(number: int, one: str, several: str | None = None) -> str:
    """A number and what it counts.

    >>> count(1, "individual"), count(5000, "individual"), count(2, "person", "people")
    ('1 individual', '5,000 individuals', '2 people')
    """
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def joined(names: list[str], most: int = 3) -> str:
    """Names in a sentence, the first few of them.

    >>> joined(["a", "b"]), joined(["a", "b", "c", "d", "e"])
    ('a and b', 'a, b, c and 2 more')
    """
    shown, more = names[:most], len(names) - most
    if more > 0:
        shown = [*shown, f"{more:,} more"]
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))
