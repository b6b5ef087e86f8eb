"""What the plots share: figures without global state, quiet axes, rows with names."""

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.offsetbox import DrawingArea, HPacker
from matplotlib.ticker import FixedFormatter, FuncFormatter, MaxNLocator

from monogram.report.palette import PAPER, RULE, SOFT, TEXT

WIDTH = 7.5  # inches
NARROW = 5.0  # inches under which a plot takes its narrow form
SIZE = 9.0  # of text, in points
SMALL = 8.0
DASHES = (0, (4, 3))
LINE = 0.15  # inches of a line of text
CHARACTERS = 27  # of a name beside its row
PER_INCH = 13  # characters of a name over its row
MOST_LINES = 2  # of a name; what is longer is cut


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


def name_rows(axes: Axes, names: Sequence[str], bold: Iterable[int], width: float) -> None:
    """Give rows their names: beside them, in a narrow figure over them.

    Args:
        axes: whose rows lie at 0, 1, 2, … from the top.
        names: one a row.
        bold: the rows to stress.
        width: of the figure, in inches.
    """
    stressed = set(bold)
    weights = ["bold" if place in stressed else "normal" for place in range(len(names))]
    if width < NARROW:
        axes.set_ylim(len(names) - 0.5, -0.75)
        axes.set_yticks([])
        for row, (name, weight) in enumerate(zip(names, weights, strict=True)):
            _name_over(axes, row, broken(name, int(PER_INCH * width), 1), weight)
        return
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), labels=[""] * len(names))
    for text, weight in zip(axes.get_yticklabels(), weights, strict=True):
        text.set_parse_math(False)
        text.set(
            color=TEXT.light, size=SIZE, weight=weight, linespacing=1.05, multialignment="right"
        )
    shown = [broken(name, CHARACTERS, MOST_LINES) for name in names]
    axes.yaxis.set_major_formatter(FixedFormatter(shown))


def _name_over(axes: Axes, row: int, name: str, weight: str) -> None:
    written = axes.annotate(
        name, (0, row - 0.47), (0, 0), xycoords=("axes fraction", "data"), weight=weight,
        textcoords="offset points", ha="left", va="center", fontsize=SIZE, color=TEXT.light,
        parse_math=False, annotation_clip=False, zorder=6,
        bbox={"facecolor": PAPER.light, "edgecolor": "none", "pad": 0.6},
    )  # fmt: skip
    written.set_in_layout(False)  # it may reach over the next panel


def row_height(names: Sequence[str], width: float) -> float:
    """Inches that each row needs with its name, the longest of them all."""
    if width < NARROW:
        return 0.52
    lines = max(broken(name, CHARACTERS, MOST_LINES).count("\n") + 1 for name in names)
    return max(0.33, 0.06 + LINE * lines)


def broken(name: str, characters: int, lines: int | None = None) -> str:
    """A name on as many lines as it needs, or on the first few of them.

    >>> broken("global >> mixed(every=2, iterations=200)", 20).splitlines()
    ['global >>', 'mixed(every=2,', 'iterations=200)']
    >>> broken("global >> mixed(every=2, iterations=200)", 20, 2).splitlines()
    ['global >>', 'mixed(every=2, iter…']
    """
    if len(name) <= characters:
        return name
    if lines is None:
        parts = name.replace(" >> ", " >>\n").split("\n")
        return "\n".join(line for part in parts for line in wrap(part, characters))
    first = wrap(name, characters)
    kept = first[: lines - 1]
    rest = " ".join(first[lines - 1 :])
    return "\n".join([*kept, rest if len(rest) <= characters else f"{rest[: characters - 1]}…"])


def percent_axis(axis: Axis, most: int) -> None:
    """Label fractions in [0, 1] as percent, with at most so many ticks."""
    axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.3g} %"))


def legend_below(axes: Axes, columns: int, handles: Sequence[Any] | None = None) -> None:
    """A legend under the plot, where no data is.

    Args:
        axes: of whose figure.
        columns: side by side.
        handles: what it explains; None: what is labelled in the axes.
    """
    given = {} if handles is None else {"handles": handles}
    legend = axes.get_figure(root=True).legend(  # type: ignore[union-attr]
        loc="outside lower center", ncols=columns, frameon=False, fontsize=SMALL,
        handletextpad=0.5, columnspacing=1.6, **given,
    )  # fmt: skip
    for row in legend.findobj(HPacker):
        if isinstance(row, HPacker) and isinstance(row.get_children()[0], DrawingArea):
            row.align = "top"  # a mark stands beside the first line of its name
    for text in legend.get_texts():
        text.set_color(SOFT.light)
        text.set_parse_math(False)
