"""Single individuals in plots: dots for some, a distribution or an image for thousands."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from monogram.report.palette import HARM
from monogram.report.view import View

MOST_DOTS = 150  # individuals of a row drawn one by one
MOST_VECTORS = 1_500  # dots of a plot that stay vectors; more become one image
BINS = 50
HALF = 0.34  # of a row: the height of a distribution
CLOSE = 1 / 70  # of an axis: dots nearer than that are stacked


def draw_crowd(axes: Axes, shown: Sequence[View]) -> None:
    """A faint dot for each individual's model; the limits of the axes are final."""
    dense = sum(len(view.models) for view in shown) > MOST_VECTORS
    for view in shown:
        axes.plot(
            view.models[:, 0], view.models[:, 1], "o", color=view.look.colour, linestyle="none",
            markersize=2 if dense else 3.5, alpha=0.12 if dense else 0.3, markeredgewidth=0,
            zorder=2, rasterized=dense,
        )  # fmt: skip


def draw_gains(axes: Axes, row: int, view: View) -> None:
    """One curriculum's gains over individuals around the line of a row, in points.

    Args:
        axes: rows at 0, 1, 2, … from the top.
        row: which.
        view: the curriculum.
    """
    gains = 100 * np.sort(np.array(list(view.gains.values())))
    if not len(gains):
        return
    if len(gains) > MOST_DOTS:
        _draw_distribution(axes, row, view, gains)
    else:
        _draw_dots(axes, row, view, gains)
    axes.plot(
        [gains.mean()] * 2, [row - HALF, row + HALF], color=view.look.colour, linewidth=2.2,
        solid_capstyle="butt", zorder=4,
    )  # fmt: skip


def _draw_dots(axes: Axes, row: int, view: View, gains: np.ndarray) -> None:
    heights = row + _stacked(gains)
    harmed = gains < 0
    for which, marker, colour, size in (
        (~harmed, "o", view.look.colour, 5.0), (harmed, "v", HARM.light, 6.5)
    ):  # fmt: skip
        axes.plot(
            gains[which], heights[which], marker, color=colour, markersize=size, alpha=0.75,
            linestyle="none", markeredgewidth=0, zorder=3,
        )  # fmt: skip


def _stacked(gains: np.ndarray) -> np.ndarray:
    """[n] offsets from the row's line, so that individuals with like gains do not hide others."""
    near = max(float(np.ptp(gains)), 5.0) * CLOSE
    clusters = np.round(gains / near)
    offsets = np.zeros(len(gains))
    largest = 1
    for value in np.unique(clusters):
        members = np.flatnonzero(clusters == value)
        offsets[members] = np.arange(len(members)) - (len(members) - 1) / 2
        largest = max(largest, len(members))
    return offsets * min(0.13, 2 * HALF / largest)


def _draw_distribution(axes: Axes, row: int, view: View, gains: np.ndarray) -> None:
    """Mirrored bars, as high as individuals are many, those below zero hatched in red."""
    edges = _edges(gains)
    counts, _ = np.histogram(gains, edges)
    heights = HALF * counts / counts.max()
    middles, widths = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    harmed = middles < -widths[0] / 4
    for which, colour, hatch in ((~harmed, view.look.colour, None), (harmed, HARM.light, "////")):
        axes.bar(
            middles[which], 2 * heights[which], widths[which], bottom=row - heights[which],
            facecolor=(colour, 0.45), edgecolor=colour if hatch else "none", linewidth=0,
            hatch=hatch, zorder=2,
        )  # fmt: skip


def _edges(gains: np.ndarray) -> np.ndarray:
    """Bins of which none holds both harmed and unharmed individuals.

    Gains of few different values stand in the middle of a bin each; else zero is an edge.
    """
    span = max(float(np.ptp(gains)), 1e-6)
    apart = np.diff(np.unique(np.round([*gains, 0.0], 6)))
    steps = span / BINS
    discrete = len(apart) > 0 and apart.min() > steps
    step = float(apart.min()) if discrete else steps
    below = int(np.ceil(-min(gains[0], 0.0) / step)) + 1
    above = int(np.ceil(max(gains[-1], 0.0) / step)) + 2
    edges: np.ndarray = np.arange(-below, above) * step - (step / 2 if discrete else 1e-9)
    return edges
