"""The plots of how training goes: learning curves, and what early shaping leaves behind."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from monogram.formats import percent
from monogram.report.drawing import (
    DASHES,
    NARROW,
    SIZE,
    SMALL,
    WIDTH,
    broken,
    legend_below,
    new_figure,
    percent_axis,
    quiet,
)
from monogram.report.palette import BASE, HARM, PAPER, SERIES, SHADE, SOFT, TEXT, Look
from monogram.report.view import View, views
from monogram.reproduce import ShapingCurve
from monogram.study import LearningCurve, Results, learning_curves_of

PANEL_HEIGHT = 1.45  # inches
BAND = 0.15  # opacity of a standard deviation
THOUSAND = 1_000
LINES = (Look(SERIES[0], "o"), Look(SERIES[1], "s"), Look(SERIES[2], "D"), Look(SERIES[3], "^"))


def learning_curves(results: Results, *, width: float = WIDTH) -> Figure:
    """Personal and global accuracy while training, a panel for each curriculum.

    Lines are means over individuals, bands one standard deviation to each side; every second
    phase is shaded. A line of personal accuracy begins where training is an individual's own.

    Args:
        results: of a study that recorded them; without any, the figure says so.
        width: of the figure, in inches.
    """
    curves = learning_curves_of(results)
    shown = [view for view in views(results) if view.summary.curriculum in curves]
    if not shown:
        return _nothing(width, "This study recorded no learning curves.")
    columns = 2 if width < NARROW else 4
    rows = ceil(len(shown) / columns)
    figure = new_figure(width, PANEL_HEIGHT * rows + 0.45)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    panels = list(grid.flat)
    for axes, view in zip(panels, shown, strict=False):
        _draw_course(axes, view, curves[view.summary.curriculum], int(12 * width / columns))
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    percent_axis(panels[0].yaxis, 4)
    legend_below(panels[0], 2, panels[0].get_legend_handles_labels()[0])
    return figure


def _nothing(width: float, words: str) -> Figure:
    figure = new_figure(width, 0.6)
    figure.text(0.5, 0.5, words, ha="center", va="center", color=SOFT.light, fontsize=SIZE)
    return figure


def _draw_course(axes: Axes, view: View, curve: LearningCurve, characters: int) -> None:
    quiet(axes)
    _shade_phases(axes, curve)
    for means, deviations, colour, style, name in (
        (curve.shared, curve.shared_sd, BASE.light, DASHES, "global accuracy"),
        (curve.personal, curve.personal_sd, SERIES[1].light, "-", "personal accuracy"),
    ):
        at, middle, reach = (
            np.array(each, float) for each in (curve.iterations, means, deviations)
        )
        low, high = np.clip([middle - reach, middle + reach], 0, 1)
        axes.fill_between(at, low, high, color=colour, alpha=BAND, linewidth=0, zorder=2)
        axes.plot(at, middle, color=colour, linestyle=style, linewidth=1.6, label=name, zorder=3)
        axes.plot(at[-1:], middle[-1:], "o", color=colour, markersize=3.5, zorder=4, clip_on=False)
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _brief(x)))
    title = axes.set_title(
        broken(view.name, characters, 2), loc="left", fontsize=SMALL, color=TEXT.light,
        fontweight="bold" if view.is_chosen else "normal", linespacing=1.05, pad=4,
    )  # fmt: skip
    title.set_parse_math(False)


def _shade_phases(axes: Axes, curve: LearningCurve) -> None:
    """A ground behind every second phase, so that where one begins is seen."""
    starts = [start for start, _ in curve.phases]
    bounds = [*starts, max(curve.iterations, default=0)]
    for nth, (start, end) in enumerate(pairwise(bounds)):
        if nth % 2 and end > start:
            axes.axvspan(start, end, color=SHADE.light, linewidth=0, zorder=0)
    if len(curve.iterations) > 1:
        axes.set_xlim(min(curve.iterations), max(curve.iterations))


def early_shaping(curves: Sequence[ShapingCurve], *, width: float = WIDTH) -> Figure:
    """Iterations of early shaping against the global accuracy that training on D_G then reaches.

    Lines are means over individuals and seeds, bands one standard deviation over individuals. A
    red ✕ is where models collapsed, with their share.

    Args:
        curves: one for each network, as `Reproduction.shaping` has them.
        width: of the figure, in inches.
    """
    narrow = width < NARROW
    figure = new_figure(width, width if narrow else 0.5 * width)
    axes = figure.add_subplot()
    quiet(axes)
    points = sorted({at for curve in curves for at in curve.iterations})
    for curve, look in zip(curves, LINES, strict=False):
        _draw_shaping(axes, curve, look)
    _iteration_axis(axes, points)
    percent_axis(axes.yaxis, 6)
    axes.set_xlabel(broken("iterations on an individual’s data before D_G (log)", int(9 * width)))
    axes.set_ylabel("final global accuracy")
    _say_collapsed(axes, curves)
    if curves:
        legend_below(axes, 1 if narrow else 2)
    return figure


def _draw_shaping(axes: Axes, curve: ShapingCurve, look: Look) -> None:
    at, middle, reach = (
        np.array(each, float) for each in (curve.iterations, curve.shared, curve.shared_sd)
    )
    low, high = np.clip([middle - reach, middle + reach], 0, 1)
    axes.fill_between(at, low, high, color=look.colour, alpha=BAND, linewidth=0, zorder=2)
    axes.plot(
        at, middle, look.marker, linestyle="-", linewidth=1.8, color=look.colour, markersize=6,
        markeredgecolor=PAPER.light, zorder=3, label=curve.network,
    )  # fmt: skip
    collapsed = np.array(curve.collapsed) > 0
    axes.plot(
        at[collapsed], middle[collapsed], "X", color=HARM.light, markersize=9,
        markeredgecolor=PAPER.light, linestyle="none", zorder=4,
    )  # fmt: skip


def _say_collapsed(axes: Axes, curves: Sequence[ShapingCurve]) -> None:
    """The share of collapsed models, above each point that has any."""
    for curve in curves:
        for at, mean, share in zip(curve.iterations, curve.shared, curve.collapsed, strict=True):
            if share:
                axes.annotate(
                    f"{percent(share, 0)} % collapsed", (at, mean), xytext=(0, 9),
                    textcoords="offset points", fontsize=SMALL, color=TEXT.light,
                    ha="right" if at == curve.iterations[-1] else "center",
                )  # fmt: skip


def _iteration_axis(axes: Axes, points: Sequence[int]) -> None:
    """Logarithmic from the first number of iterations on, with zero at its left."""
    positive = [at for at in points if at > 0] or [1]
    axes.set_xscale("symlog", linthresh=positive[0], linscale=0.6)
    axes.set_xlim(-0.12 * positive[0], positive[-1] * 1.25)
    axes.xaxis.set_major_locator(FixedLocator(points))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))


def _brief(iterations: float) -> str:
    """A number of iterations with few digits."""
    return f"{iterations:.0f}" if iterations < THOUSAND else f"{iterations / THOUSAND:g}k"
