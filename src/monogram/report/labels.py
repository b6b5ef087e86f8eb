"""Names of marks in a plot, which keep clear of marks and of one another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation

from monogram.report.drawing import SIZE, broken
from monogram.report.palette import SOFT, TEXT

ACROSS: dict[int, Literal["left", "center", "right"]] = {1: "left", 0: "center", -1: "right"}
UPRIGHT: dict[int, Literal["bottom", "center", "top"]] = {1: "bottom", 0: "center", -1: "top"}
ASIDE = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
DISTANCES = (9.0, 16.0, 26.0, 40.0, 58.0, 78.0)  # points from a mark to its label, nearest first
PLACES = [(distance, dx, dy) for distance in DISTANCES for dx, dy in ASIDE]
LEADER = 12.0  # points from which a label is joined to its mark by a line
MARK = 8  # pixels on each side of a mark's middle
PADDING = 1.5  # pixels around a label
POINTS = 72  # of an inch
HEAVY = 4  # what leaving the plot weighs over covering something

Place = tuple[float, int, int]  # distance, and the direction across and up


@dataclass(frozen=True)
class Label:
    """What to write at a mark.

    Attributes:
        at: the mark, in data units.
        text: its name.
        bold: whether to stress it.
    """

    at: tuple[float, float]
    text: str
    bold: bool = False


def place_labels(
    axes: Axes, labels: Sequence[Label], marks: np.ndarray, bars: np.ndarray, characters: int
) -> None:
    """Write labels, each where it covers the least of marks, bars and other labels.

    Args:
        axes: whose limits are final.
        labels: the first of them choose their place first.
        marks: [n, 2], all there are, in data units.
        bars: [m, 2, 2], the corners of what labels should keep clear of, in data units.
        characters: of a line of a label.
    """
    figure = axes.get_figure(root=True)
    if figure is None:
        return
    figure.draw_without_rendering()
    taken = np.concatenate([_around(axes, marks), _spanned(axes, bars)])
    for label in labels:
        text = _written(axes, label, characters)
        taken = np.vstack([taken, _settle(axes, text, taken)])


def _around(axes: Axes, marks: np.ndarray) -> np.ndarray:
    """[n, 4]: the boxes of marks, in pixels: left, bottom, right, top."""
    middles = axes.transData.transform(marks)
    return np.hstack([middles - MARK, middles + MARK])


def _spanned(axes: Axes, bars: np.ndarray) -> np.ndarray:
    """[m, 4]: the same of bars."""
    ends = axes.transData.transform(bars.reshape(-1, 2)).reshape(-1, 2, 2)
    return np.hstack([ends.min(axis=1) - 1, ends.max(axis=1) + 1])


def _written(axes: Axes, label: Label, characters: int) -> Annotation:
    return axes.annotate(
        broken(label.text, characters), label.at, (0, 0), textcoords="offset points",
        parse_math=False, fontsize=SIZE, fontweight="bold" if label.bold else "normal",
        color=TEXT.light, linespacing=1.1, zorder=6,
    )  # fmt: skip


def _settle(axes: Axes, text: Annotation, taken: np.ndarray) -> np.ndarray:
    """Move a label to the place of least overlap; [4], its box there."""
    size, at = text.get_window_extent(), axes.transData.transform(text.xy)
    extent = np.array([size.width, size.height]) + 2 * PADDING
    ways = np.array([_reach(distance, dx, dy) for distance, dx, dy in PLACES])
    directions = np.array([(dx, dy) for _, dx, dy in PLACES])
    middles = at + ways * axes.get_figure(root=True).dpi / POINTS + directions * extent / 2  # type: ignore[union-attr]
    boxes = np.hstack([middles - extent / 2, middles + extent / 2])
    frame = np.array([axes.bbox.extents])
    outside = extent.prod() - _shared(boxes, frame)
    costs = _shared(boxes, taken) + HEAVY * outside + [distance for distance, _, _ in PLACES]
    best = int(np.argmin(costs))
    _put(axes, text, PLACES[best])
    box: np.ndarray = boxes[best]
    return box


def _reach(distance: float, dx: int, dy: int) -> tuple[float, float]:
    """From the mark to the label's nearest side or corner, in points."""
    reach = distance if not (dx and dy) else 0.75 * distance
    return dx * reach, dy * reach


def _shared(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """[n]: the area in square pixels that each of n boxes shares with others."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    area: np.ndarray = np.clip(high - low, 0, None).prod(axis=2).sum(axis=1)
    return area


def _put(axes: Axes, text: Annotation, place: Place) -> None:
    distance, dx, dy = place
    text.set_position(_reach(distance, dx, dy))
    text.set_horizontalalignment(ACROSS[dx])
    text.set_verticalalignment(UPRIGHT[dy])
    if distance > LEADER:
        line = {
            "arrowstyle": "-", "color": SOFT.light, "linewidth": 0.6, "shrinkA": 1, "shrinkB": 5
        }  # fmt: skip
        axes.annotate(
            "", text.xy, text.get_position(), textcoords="offset points", arrowprops=line, zorder=3
        )
