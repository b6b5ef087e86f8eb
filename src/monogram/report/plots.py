"""The plots with a row for each curriculum: individuals' gains, fairness, cost.

    from monogram.report import individuals
    individuals(results).savefig("individuals.pdf")

A curriculum has the same colour and shape in all plots. The figures have no global state:
nothing need be closed, nothing in a notebook's own settings changes.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from monogram.formats import points
from monogram.measure import Spread
from monogram.report.crowd import MOST_DOTS, draw_gains
from monogram.report.drawing import (
    NARROW,
    SMALL,
    WIDTH,
    broken,
    legend_below,
    name_rows,
    new_figure,
    percent_axis,
    quiet,
    row_height,
)
from monogram.report.palette import HARM, PAPER, RULE, SOFT, TEXT
from monogram.report.view import View, views
from monogram.study import Results

LARGE = 1_000  # individuals from which a count takes two lines


def individuals(results: Results, *, width: float = WIDTH) -> Figure:
    """Who gains and who is harmed: personal accuracy minus the global-only model's, in points.

    A dot is one individual, a red triangle one who is worse off; with many individuals, a
    distribution with its part below zero hatched in red. The long tick is the mean.

    Args:
        results: of a study.
        width: of the figure, in inches.
    """
    shown = [view for view in views(results) if not view.is_base]
    crowded = any(len(view.gains) > MOST_DOTS for view in shown)
    figure, axes = _rows(shown, width, room=1.0, taller=1.7 if crowded else 1.25)
    axes.axvline(0, color=TEXT.light, linewidth=1)
    for row, view in enumerate(shown):
        draw_gains(axes, row, view)
    _widen(axes)
    _count_harmed(axes, shown)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: points(x / 100).removesuffix(".0")))
    axes.xaxis.set_major_locator(MaxNLocator(5 if width < NARROW else 9, steps=[1, 2, 5, 10]))
    axes.set_xlabel(
        broken("gain in personal accuracy over the global-only model (points)", int(7 * width) + 2)
    )
    return figure


def fairness(results: Results, *, width: float = WIDTH) -> Figure:
    """How equally accuracy is spread over individuals: range, standard deviation, worst tenth.

    Args:
        results: of a study.
        width: of the figure, in inches.
    """
    shown = views(results)
    names, narrow = [view.name for view in shown], width < NARROW
    height = row_height(names, width) * len(shown) + 0.7
    figure = new_figure(width, height + (0.6 if narrow else 0.4))
    figure.get_layout_engine().set(wspace=0.08)  # type: ignore[union-attr, call-arg]
    panels = figure.subplots(1, 2, sharey=True)
    for axes, title in zip(panels, ("personal accuracy", "global accuracy"), strict=True):
        quiet(axes, grid="x")
        for row, view in enumerate(shown):
            spread = view.summary.personal if axes is panels[0] else view.summary.shared
            _draw_spread(axes, row, view, spread, first=axes is panels[0] and not row)
        percent_axis(axes.xaxis, 3 if narrow else 5)
        axes.set_xlabel(title)
    name_rows(panels[0], names, _stressed(shown), width)
    legend_below(panels[0], 2 if narrow else 4)
    return figure


def cost(results: Results, *, width: float = WIDTH) -> Figure:
    """What training one more individual's model costs, over the baseline's (r_train).

    Args:
        results: of a study.
        width: of the figure, in inches.
    """
    shown = views(results)
    figure, axes = _rows(shown, width, room=0.95)
    pairs = [(v.summary.relative_cost_marginal, v.summary.relative_cost_amortised) for v in shown]
    axes.set_xscale("log")
    positive = [value for pair in pairs for value in pair if value > 0] or [1.0]
    lowest, highest = min([*positive, 0.1]) / 2.5, max([*positive, 1.0]) * 2.5
    axes.set_xlim(lowest, highest)
    axes.axvline(1, color=TEXT.light, linewidth=1)
    for row, (view, pair) in enumerate(zip(shown, pairs, strict=True)):
        _draw_cost(axes, row, view, *pair)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.tick_params(axis="x", which="minor", length=0)
    axes.set_xlabel("training cost, baseline = 1 (log)")
    legend_below(axes, 2 if width > NARROW else 1)
    return figure


def _rows(
    shown: Sequence[View], width: float, *, room: float, taller: float = 1.0
) -> tuple[Figure, Axes]:
    """A figure with a named row for each curriculum."""
    names, rows = [view.name for view in shown], max(1, len(shown))
    each = row_height(names, width) * taller if names else 0.4
    figure = new_figure(width, each * rows + room)
    axes = figure.add_subplot()
    quiet(axes, grid="x")
    name_rows(axes, names, _stressed(shown), width)
    return figure, axes


def _stressed(shown: Sequence[View]) -> list[int]:
    return [place for place, view in enumerate(shown) if view.is_chosen]


def _draw_spread(axes: Axes, row: int, view: View, spread: Spread, *, first: bool) -> None:
    """Range as a thin line, mean and standard deviation as a thick one, the worst tenth marked."""
    colour = view.look.colour
    said = (lambda text: text) if first else (lambda _: None)
    axes.plot(
        [spread.min, spread.max], [row, row], color=colour, linewidth=1.2, marker="|",
        markersize=7, label=said("min to max"), zorder=2,
    )  # fmt: skip
    if spread.sd is not None:
        axes.plot(
            [spread.mean - spread.sd, min(1.0, spread.mean + spread.sd)], [row, row],
            color=colour, linewidth=6, alpha=0.35, solid_capstyle="butt", label=said("± 1 sd"),
            zorder=2,
        )  # fmt: skip
    axes.plot(
        spread.worst_tenth, row, "<", color=PAPER.light, markeredgecolor=colour, markersize=6.5,
        label=said("worst tenth"), linestyle="none", zorder=3,
    )  # fmt: skip
    axes.plot(
        spread.mean, row, view.look.marker, color=colour, zorder=4, label=said("mean"),
        markersize=7 * view.look.scale, linestyle="none",
    )  # fmt: skip


def _draw_cost(axes: Axes, row: int, view: View, marginal: float, amortised: float) -> None:
    """Marginal filled, amortised hollow; what costs nothing is said at the left edge."""
    first, colour, left = not row, view.look.colour, axes.get_xlim()[0]
    if marginal:
        ends = [marginal, amortised]
        axes.plot(ends, [row, row], color=RULE.light, linewidth=3, zorder=1)
    for value, face, name in (
        (marginal, colour, "marginal: one more individual"),
        (amortised, PAPER.light, "amortised: with its share of the trunk"),
    ):
        axes.plot(
            value or np.nan, row, view.look.marker, color=face, markeredgecolor=colour,
            markersize=8 * view.look.scale, linestyle="none", label=name if first else None,
            zorder=3 if face == colour else 2,
        )  # fmt: skip
    if not marginal:
        axes.annotate(
            "0", (left, row), (3, 0), textcoords="offset points", va="center", ha="left",
            fontsize=SMALL, color=TEXT.light,
        )  # fmt: skip


def _count_harmed(axes: Axes, shown: list[View]) -> None:
    """How many are worse off, in a column of its own at the right."""
    column: list[tuple[str, float, str]] = [("harmed", -0.5, SOFT.light)]
    for row, view in enumerate(shown):
        harmed, known = len(view.harmed), len(view.gains)
        text = f"{harmed:,} of{' ' if known < LARGE else chr(10)}{known:,}"
        column.append((text, row, HARM.light if harmed else SOFT.light))
    for text, place, colour in column:
        axes.annotate(
            text, (1, place), (6, 0), xycoords=("axes fraction", "data"), color=colour, va="center",
            textcoords="offset points", fontsize=SMALL, annotation_clip=False,
        )  # fmt: skip


def _widen(axes: Axes) -> None:
    """Keep zero in sight, whatever the gains."""
    low, high = axes.get_xlim()
    span = max(high - low, 2.0)
    axes.set_xlim(min(low, -0.12 * span), max(high, 0.12 * span))
