"""The plots: what they draw, for few and for many, without touching anybody's settings."""

import sys
from functools import cache

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from tests.report.synthetic import BASE, REHEARSAL, TRANSFER, synthetic, usual

from monogram.report import cost, fairness, individuals, trade_off
from monogram.report.palette import BASE as BASE_INK
from monogram.report.palette import DOUBT, GOOD, HARM, PAPER, SERIES, SOFT, TEXT, looks
from monogram.report.view import shown_floor, views
from monogram.study import Results

PLOTS = (trade_off, individuals, fairness, cost)


@cache
def crowd(people: int) -> Results:
    """So many individuals, made once for all plots."""
    return synthetic([f"i{nth}" for nth in range(people)])


def points_of(line: Line2D) -> np.ndarray:
    """[n, 2]: what a line is drawn through."""
    return np.asarray(line.get_xydata())


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize("width", [3.75, 7.5])
def test_each_is_a_figure_that_can_be_saved(plot, width, some, tmp_path):
    figure = plot(some, width=width)
    assert isinstance(figure, Figure)
    assert figure.get_figwidth() == width
    figure.savefig(tmp_path / "plot.png", dpi=40)


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize("people", [1, 3, 400])
def test_any_number_of_individuals(plot, people):
    plot(crowd(people))


@pytest.mark.parametrize("plot", PLOTS)
def test_notebooks_keep_their_settings(plot, some):
    before = dict(mpl.rcParams)
    plot(some)
    assert dict(mpl.rcParams) == before
    assert (
        "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


def test_the_trade_off_shows_means_labels_and_the_floor(some):
    axes = trade_off(some).axes[0]
    texts = {text.get_text() for text in axes.texts}
    assert {"Global only", "Transfer(20)", "Rehearsal(200)", "below the floor"} <= texts
    single = [at for line in axes.lines if len(at := points_of(line)) == 1]
    for view in views(some):
        mean = (view.summary.shared.mean, view.summary.personal.mean)
        assert any(np.allclose(point, mean) for point in single)
    floor = shown_floor(some)
    assert floor == pytest.approx(some.summary[BASE].shared.mean - 0.02)
    assert any(np.allclose(points_of(line)[:, 0], floor) for line in axes.lines)


def test_a_floor_that_was_asked_for_is_drawn_as_it_is():
    assert shown_floor(synthetic(["a", "b"], floor=0.66)) == 0.66


def test_labels_do_not_cover_one_another(some):
    figure = trade_off(some)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts if text.get_text()]
    for nth, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:nth])


@pytest.mark.parametrize("people", [9, 400])
def test_the_harmed_are_counted_and_red(people):
    def accuracies(curriculum, nth):
        personal, shared = usual(curriculum, nth)
        return (0.1 if curriculum == TRANSFER and nth < 3 else personal, shared)

    results = synthetic([f"i{nth}" for nth in range(people)], accuracies, order=[BASE, TRANSFER])
    axes = individuals(results).axes[0]
    assert any(text.get_text() == f"3 of {people}" for text in axes.texts)
    red = to_rgb(HARM.light)
    if people == 9:
        harmed = next(line for line in axes.lines if to_rgb(line.get_color()) == red)
        assert (harmed.get_marker(), len(points_of(harmed))) == ("v", 3)
    else:
        rectangles = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        bars = [bar for bar in rectangles if to_rgb(bar.get_facecolor()) == red]
        assert bars
        assert all(bar.get_hatch() for bar in bars)
        assert all(bar.get_bbox().x1 <= 1e-6 for bar in bars if bar.get_bbox().height)


def test_curricula_look_the_same_everywhere(some):
    colours = {view.label: view.look.colour for view in views(some)}
    axes = fairness(some).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    for row, name in enumerate(names):
        drawn = {one.get_color() for one in axes.lines if np.all(points_of(one)[:, 1] == row)}
        assert colours[name] in drawn


def test_what_costs_nothing_is_said_on_the_logarithmic_axis(some):
    axes = cost(some).axes[0]
    assert axes.get_xscale() == "log"
    assert "0" in [text.get_text() for text in axes.texts]


def test_formulas_in_names_stay_text(some):
    name = 'global(epochs=4) >> personal(iterations=2, train="$x$|*")'
    results = synthetic(["a", "b", "c"], order=[BASE, REHEARSAL, name])
    for plot in PLOTS:
        plot(results).draw_without_rendering()
    assert any("$x$" in text.get_text() for text in trade_off(results).axes[0].texts)


def test_looks_differ_for_many_curricula():
    found = looks("base", [f"c{nth}" for nth in range(20)])
    assert len({(look.ink, look.marker) for look in found.values()}) == 21


def contrast(one: str, other: str) -> float:
    """WCAG's ratio of two colours."""
    channels = np.array([to_rgb(one), to_rgb(other)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    dark, light = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_colours_stand_out_from_the_page(mode):
    paper = getattr(PAPER, mode)
    for ink in (*SERIES, HARM, BASE_INK):
        assert contrast(getattr(ink, mode), paper) >= 3
    for ink in (TEXT, SOFT, GOOD, DOUBT, HARM):
        assert contrast(getattr(ink, mode), paper) >= 4.5
