"""What the plots share: figures without global state, quiet axes, labels that keep apart."""

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import FixedFormatter, FuncFormatter, MaxNLocator
from matplotlib.transforms import Bbox

from monogram.report.palette import PAPER, RULE, SOFT, TEXT

WIDTH = 7.5  # inches
NARROW = 5.0  # inches under which a plot takes its narrow form
SIZE = 9.0  # of text, in points
SMALL = 8.0
DASHES = (0, (4, 3))
ACROSS: dict[int, Literal["left", "center", "right"]] = {1: "left", 0: "center", -1: "right"}
UPRIGHT: dict[int, Literal["bottom", "center", "top"]] = {1: "bottom", 0: "center", -1: "top"}
ASIDE = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
DISTANCES = (9.0, 16.0, 26.0, 40.0, 58.0)  # points from a mark to its label, nearest first
LEADER = 12.0  # points from which a label is joined to its mark by a line


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of a size in inches, with a canvas of its own."""
    figure = Figure(figsize=(width, height), layout="constrained", facecolor=PAPER.light)
    FigureCanvasAgg(figure)
    return figure


def quiet(axes: Axes, *, grid: str = "both") -> None:
    """Take from axes what is not data: no box, thin rules, soft ticks.

    Args:
        axes: to be drawn in.
        grid: "x", "y" or "both".
    """
    axes.set_facecolor(PAPER.light)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.grid(visible=True, axis=grid, color=RULE.light, linewidth=0.7)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=SMALL, labelcolor=SOFT.light, pad=5)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set(size=SIZE, color=TEXT.light)


def name_rows(axes: Axes, names: Sequence[str], bold: Iterable[int], characters: int) -> None:
    """Give rows their names, from the top, long ones on several lines.

    Args:
        axes: whose rows lie at 0, 1, 2, …
        names: one a row.
        bold: the rows to stress.
        characters: of a line.
    """
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), labels=[""] * len(names))
    stressed = set(bold)
    for place, text in enumerate(axes.get_yticklabels()):
        text.set_parse_math(False)
        text.set(color=TEXT.light, size=SIZE, weight="bold" if place in stressed else "normal")
    axes.yaxis.set_major_formatter(FixedFormatter([broken(name, characters) for name in names]))


def broken(name: str, characters: int) -> str:
    """A name on as many lines as it needs.

    >>> broken("global >> mixed(every=2, iterations=200)", 20).splitlines()
    ['global >>', 'mixed(every=2,', 'iterations=200)']
    """
    if len(name) <= characters:
        return name
    parts = name.replace(" >> ", " >>\n").split("\n")
    return "\n".join(line for part in parts for line in wrap(part, characters))


def row_height(names: Sequence[str], characters: int) -> float:
    """Inches that a row needs for the longest of its names."""
    lines = max(broken(name, characters).count("\n") + 1 for name in names)
    return max(0.36, 0.06 + 0.15 * lines)


def percent_axis(axis: Axis, most: int) -> None:
    """Label fractions in [0, 1] as percent, with at most so many ticks."""
    axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.3g} %"))


def legend_below(axes: Axes, columns: int) -> None:
    """A legend under the plot, where no data is."""
    legend = axes.get_figure().legend(  # type: ignore[union-attr]
        loc="outside lower center", ncols=columns, frameon=False, fontsize=SMALL
    )
    for text in legend.get_texts():
        text.set_color(SOFT.light)


def place_labels(
    axes: Axes,
    marks: np.ndarray,
    bars: np.ndarray,
    names: Sequence[str],
    bold: Iterable[int],
    characters: int,
) -> None:
    """Name marks, each label where it covers the least of marks, bars and other labels.

    Args:
        axes: whose limits are final.
        marks: [n, 2], in data units.
        bars: [m, 2, 2], the corners of what labels should keep clear of, in data units.
        names: [n].
        bold: the marks to stress; they choose their place first.
        characters: of a line of a label.
    """
    figure = axes.get_figure(root=True)
    if figure is None:
        return
    figure.draw_without_rendering()
    pixels = axes.transData.transform(marks)
    taken = [Bbox.from_bounds(x - 8, y - 8, 16, 16) for x, y in pixels]
    taken += [Bbox(axes.transData.transform(bar)).padded(1) for bar in bars]
    stressed = set(bold)
    for place in sorted(range(len(names)), key=lambda nth: nth not in stressed):
        text = _label(axes, marks[place], broken(names[place], characters), place in stressed)
        taken.append(_settle(axes, text, taken))


def _label(axes: Axes, mark: np.ndarray, name: str, stressed: bool) -> Annotation:
    return axes.annotate(
        name,
        xy=(float(mark[0]), float(mark[1])),
        xytext=(0, 0),
        textcoords="offset points",
        parse_math=False,
        fontsize=SIZE,
        fontweight="bold" if stressed else "normal",
        color=TEXT.light,
        linespacing=1.1,
        zorder=6,
    )


def _settle(axes: Axes, text: Annotation, taken: Sequence[Bbox]) -> Bbox:
    """Move a label to the place of least overlap, and say what it covers there."""
    best: tuple[float, Bbox, tuple[float, int, int]] | None = None
    for distance in DISTANCES:
        for dx, dy in ASIDE:
            box = _move(text, distance, dx, dy)
            cost = _overlap(box, taken) + 4 * _outside(box, axes.bbox) + distance
            if best is None or cost < best[0]:
                best = (cost, box, (distance, dx, dy))
    assert best is not None
    distance, dx, dy = best[2]
    _move(text, distance, dx, dy)
    if distance > LEADER:
        _lead(axes, text)
    return best[1]


def _move(text: Annotation, distance: float, dx: int, dy: int) -> Bbox:
    reach = distance if not (dx and dy) else 0.75 * distance
    text.set_position((dx * reach, dy * reach))
    text.set_horizontalalignment(ACROSS[dx])
    text.set_verticalalignment(UPRIGHT[dy])
    return text.get_window_extent().padded(1.5)


def _lead(axes: Axes, text: Annotation) -> None:
    axes.annotate(
        "",
        xy=text.xy,
        xytext=text.get_position(),
        textcoords="offset points",
        arrowprops={
            "arrowstyle": "-",
            "color": SOFT.light,
            "linewidth": 0.6,
            "shrinkA": 1,
            "shrinkB": 5,
        },
        zorder=3,
    )


def _overlap(box: Bbox, taken: Sequence[Bbox]) -> float:
    """The area in square pixels that a box shares with others."""
    shared = (Bbox.intersection(box, other) for other in taken)
    return sum(abs(one.width * one.height) for one in shared if one is not None)


def _outside(box: Bbox, frame: Bbox) -> float:
    """The area in square pixels of a box that lies out of a frame."""
    inside = Bbox.intersection(box, frame)
    area = box.width * box.height
    return area if inside is None else area - inside.width * inside.height
