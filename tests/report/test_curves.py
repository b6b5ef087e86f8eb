"""The plots of training: learning curves as recorded, early shaping with its collapses."""

from pathlib import Path

import numpy as np
import pytest
from tests.report.reproduction import SHAPING
from tests.report.test_plots import points_of

from monogram.report import early_shaping, learning_curves, write_report
from monogram.report.view import views
from monogram.study import Results, learning_curves_of


@pytest.mark.parametrize("width", [3.75, 7.5])
def test_a_panel_for_each_curriculum(real: Results, width: float):
    curves = learning_curves_of(real)
    assert curves
    figure = learning_curves(real, width=width)
    figure.draw_without_rendering()
    panels = [axes for axes in figure.axes if axes.lines]
    assert len(panels) == len(curves)
    curve = curves[views(real)[0].summary.curriculum]
    drawn = [points_of(line)[:, 1] for line in panels[0].lines]
    assert any(np.allclose(line, curve.shared) for line in drawn if len(line) == len(curve.shared))
    assert len(figure.legends[0].get_texts()) == 2


def test_the_page_shows_them(real: Results, tmp_path: Path):
    write_report(real, tmp_path / "report.html")
    assert 'id="learning-curves"' in (tmp_path / "report.html").read_text("utf-8")


def test_results_without_curves_say_so(some: Results):
    figure = learning_curves(some)
    assert [text.get_text() for text in figure.texts] == ["This study recorded no learning curves."]


@pytest.mark.parametrize("width", [3.75, 7.5])
def test_early_shaping_has_a_line_a_network_and_marks_the_collapsed(width: float):
    figure = early_shaping(SHAPING, width=width)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    for curve in SHAPING:
        points = np.column_stack([curve.iterations, curve.shared])
        assert any(
            len(points_of(line)) == len(points) and np.allclose(points_of(line), points)
            for line in axes.lines
        )
    said = {text.get_text() for text in axes.texts}
    assert {"33 % collapsed", "100 % collapsed"} <= said
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        curve.network for curve in SHAPING
    ]
    assert axes.get_xscale() == "symlog"


def test_nothing_to_draw_is_no_error():
    early_shaping(()).draw_without_rendering()
