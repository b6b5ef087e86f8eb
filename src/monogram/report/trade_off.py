"""The plot of personal against global accuracy: what each curriculum gives and what it takes."""

from collections.abc import Iterator
from math import ceil
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from monogram.report.crowd import draw_crowd
from monogram.report.drawing import (
    DASHES,
    LINE,
    NARROW,
    SMALL,
    WIDTH,
    broken,
    legend_below,
    new_figure,
    percent_axis,
    quiet,
)
from monogram.report.labels import Label, place_labels
from monogram.report.palette import PAPER, SHADE, SOFT, TEXT, Look
from monogram.report.view import View, shown_floor, views
from monogram.reproduce import PaperRow, Reproduction
from monogram.study import Results

MARGIN = 0.06  # of an axis, beyond the outermost mark
LEAST_SPAN = 0.02  # of an accuracy axis, a fraction
KEY_CHARACTERS = 36  # of a line of a name in the key, which stands in two columns, or one
KEY_LINES = 5  # of a name in the key: as many as the longest label takes
PAPERS = "the paper’s own figures, hollow"
BELOW = "below the floor"
BELOW_WIDTH = 1.25  # inches of the figure that the words take, with the axes' margins
FRONT = "what moving the prior alone reaches"
FRONT_LINE: dict[str, Any] = {
    "color": SOFT.light,
    "linewidth": 2.5,
    "alpha": 0.45,
    "solid_capstyle": "round",
}

Published = list[tuple[View, PaperRow]]


def trade_off(
    results: Results,
    *,
    width: float = WIDTH,
    reproduction: Reproduction | None = None,
    like: Results | None = None,
) -> Figure:
    """Personal against global accuracy: a mark with its spread for each curriculum.

    Marks are means over individuals, bars one standard deviation to each side. The shaded area is
    below the floor on global accuracy. Few curricula are named, and a faint dot is one
    individual's model; many have numbers and a key, and only those are named of which no other
    is better for both the individuals and all.

    Args:
        results: of a study.
        width: of the figure, in inches.
        reproduction: whose study it is: adds the paper's own rows as hollow marks, tied to their
            counterparts, and a line through the curricula that only move the prior.
        like: of another study of the same curricula: they bear the same numbers and look as there.
    """
    shown, narrow = views(results, like), width < NARROW
    key = _key(shown, reproduction)
    columns = 1 if narrow else 2
    height = 1.1 * width if narrow else min(0.68 * width, 5.2)
    lines = sum(1 + str(line.get_label()).count("\n") for line in key)
    figure = new_figure(width, height + LINE * ceil(lines / columns) + 0.1 * bool(key))
    axes = figure.add_subplot()
    quiet(axes)
    published = _published(shown, reproduction)
    floor = shown_floor(results)
    _accuracy_limits(axes, _reach(shown, published, floor), 4 if narrow else 8)
    _draw_ground(axes, shown[0], floor, width)
    if key:
        legend_below(axes, columns, key)
    if shown[0].number is None:
        draw_crowd(axes, shown)
    _draw_front(axes, shown, reproduction)
    for view, row in published:
        _draw_published(axes, view, row)
    for view in shown:
        _draw_mean(axes, view)
    _name(axes, shown, published, 20 if narrow else 26)
    return figure


def best_for_some(shown: tuple[View, ...]) -> list[View]:
    """The curricula of which no other is better for both the individuals and all."""
    return [view for view in shown if not any(_beats(other, view) for other in shown)]


def _beats(other: View, view: View) -> bool:
    theirs, ours = _mean(other), _mean(view)
    return bool(np.all(theirs >= ours) and np.any(theirs > ours))


def _mean(view: View) -> np.ndarray:
    """[2]: global and personal accuracy."""
    return np.array([view.summary.shared.mean, view.summary.personal.mean])


def _bars(view: View) -> np.ndarray:
    """[2, 2, 2]: one standard deviation to each side, global then personal, within [0, 1].

    Of one individual, who has none, the mean stands on both sides.
    """
    middle = _mean(view)
    reach = np.diag([one.sd or 0.0 for one in (view.summary.shared, view.summary.personal)])
    bars: np.ndarray = np.clip(np.stack([middle - reach, middle + reach], axis=1), 0, 1)
    return bars


def _published(shown: tuple[View, ...], reproduction: Reproduction | None) -> Published:
    """The paper's rows with their counterparts."""
    by_text = {view.summary.curriculum: view for view in shown}
    compared = reproduction.compared if reproduction else ()
    return [(by_text[one.curriculum], one.paper) for one in compared if one.curriculum in by_text]


def _reach(shown: tuple[View, ...], published: Published, floor: float) -> np.ndarray:
    """[n, 2]: what must be within the axes; single models only where they are drawn."""
    corners = [_bars(view).reshape(-1, 2) for view in shown]
    corners += [view.models for view in shown if view.number is None]
    corners += [np.array([[row.shared.mean, row.personal.mean]]) for _, row in published]
    return np.concatenate([*corners, [[floor, shown[0].summary.personal.mean]]])


def _accuracy_limits(axes: Axes, reach: np.ndarray, ticks: int) -> None:
    axes.set_xlim(*_with_margin(reach[:, 0]))
    axes.set_ylim(*_with_margin(reach[:, 1]))
    for axis in (axes.xaxis, axes.yaxis):
        percent_axis(axis, ticks)
    axes.set_xlabel("global accuracy")
    axes.set_ylabel("personal accuracy")


def _with_margin(values: np.ndarray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    span = max(high - low, LEAST_SPAN)
    return low - MARGIN * span, high + MARGIN * span


def _draw_ground(axes: Axes, base: View, floor: float, width: float) -> None:
    """The floor, and the line through the global-only model: above is better for individuals."""
    left, right = axes.get_xlim()
    axes.axvspan(left, floor, color=SHADE.light, linewidth=0, zorder=0)
    axes.axvline(floor, color=SOFT.light, linewidth=1, linestyle=DASHES, zorder=1)
    fits = (floor - left) / (right - left) * width > BELOW_WIDTH
    axes.annotate(
        BELOW if fits else f"← {BELOW}", (floor, 0), (-4 if fits else 4, 5), fontsize=SMALL,
        xycoords=("data", "axes fraction"), textcoords="offset points", color=SOFT.light,
        ha="right" if fits else "left", va="bottom",
    )  # fmt: skip
    mean = base.summary.personal.mean
    axes.axhline(mean, color=base.look.colour, linewidth=0.8, linestyle=DASHES, zorder=1)


def _draw_mean(axes: Axes, view: View) -> None:
    shared, personal = _mean(view)
    faint = view.number is not None and not view.is_chosen
    for bar in _bars(view):
        axes.plot(
            bar[:, 0], bar[:, 1], color=view.look.colour, zorder=3, solid_capstyle="butt",
            linewidth=1.8 if view.is_chosen else 0.9, alpha=0.4 if faint else 1,
        )  # fmt: skip
    axes.plot(
        shared, personal, view.look.marker, color=view.look.colour, zorder=5,
        markersize=(10 if view.is_chosen else 8) * view.look.scale, markeredgewidth=1,
        markeredgecolor=PAPER.light,
    )  # fmt: skip
    if view.is_chosen:
        axes.plot(
            shared, personal, "o", markersize=17, markerfacecolor="none",
            markeredgecolor=TEXT.light, markeredgewidth=1.2, zorder=5,
        )  # fmt: skip


def _draw_published(axes: Axes, view: View, row: PaperRow) -> None:
    """A hollow mark of the counterpart's look, tied to it."""
    at = np.array([[row.shared.mean, row.personal.mean], _mean(view)])
    axes.plot(at[:, 0], at[:, 1], color=view.look.colour, linewidth=0.8, linestyle=":", zorder=2)
    axes.plot(at[0, 0], at[0, 1], color=view.look.colour, zorder=4, **_hollow(view.look))


def _hollow(look: Look) -> dict[str, Any]:
    return {
        "marker": look.marker, "markerfacecolor": PAPER.light, "markeredgewidth": 1.2,
        "markersize": 7 * look.scale, "linestyle": "none",
    }  # fmt: skip


def _draw_front(axes: Axes, shown: tuple[View, ...], reproduction: Reproduction | None) -> None:
    """One line through the curricula that only move the prior, in their order."""
    by_text = {view.summary.curriculum: view for view in shown}
    front = reproduction.front if reproduction else ()
    means = np.array([_mean(by_text[one]) for one in front if one in by_text])
    if len(means) > 1:
        axes.plot(means[:, 0], means[:, 1], zorder=2, **FRONT_LINE)


def _key(shown: tuple[View, ...], reproduction: Reproduction | None) -> list[Line2D]:
    """What the numbers and the lines mean; nothing where all is named."""
    return [*_numbers(shown), *_lines(shown, reproduction)]


def _numbers(shown: tuple[View, ...]) -> Iterator[Line2D]:
    for view in shown:
        if view.number is not None:
            yield Line2D(
                [], [], marker=view.look.marker, color=view.look.colour, linestyle="none",
                markersize=6 * view.look.scale, label=broken(view.name, KEY_CHARACTERS, KEY_LINES),
            )  # fmt: skip


def _lines(shown: tuple[View, ...], reproduction: Reproduction | None) -> Iterator[Line2D]:
    if reproduction is None:
        return
    if reproduction.compared:
        yield Line2D([], [], color=SOFT.light, label=PAPERS, **_hollow(shown[0].look))
    if reproduction.front:
        yield Line2D([], [], label=FRONT, **FRONT_LINE)


def _name(axes: Axes, shown: tuple[View, ...], published: Published, characters: int) -> None:
    """Names that keep clear of the marks, those that matter first; the others get numbers."""
    best = best_for_some(shown)
    ranked = sorted(shown, key=lambda v: (not v.is_chosen, not v.is_base, v not in best))
    labels = [Label(tuple(_mean(v)), _written(v, best, characters), v.is_chosen) for v in ranked]
    papers = [[row.shared.mean, row.personal.mean] for _, row in published]
    marks = np.array([*map(_mean, shown), *papers])
    left, right = axes.get_xlim()
    through_base = [[(left, marks[0, 1]), (right, marks[0, 1])]]
    spreads = [_bars(view) for view in shown if view.number is None or view.is_chosen]
    bars = np.concatenate([*spreads, np.array(through_base)])
    place_labels(axes, labels, marks, bars, characters)


def _written(view: View, best: list[View], characters: int) -> str:
    """What stands at a mark: of many only what matters has its name, if that is short."""
    if view.number is None:
        return view.name
    matters = view.is_chosen or view.is_base or (view in best and len(view.name) <= characters)
    return broken(view.name, characters, 2) if matters else str(view.number)
