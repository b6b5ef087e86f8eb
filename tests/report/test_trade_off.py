"""The trade-off of many curricula, and with the paper's own figures."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from tests.report.reproduction import MANY, PRIORS, many, reproduction
from tests.report.synthetic import BASE, synthetic
from tests.report.test_plots import points_of

from monogram.report import trade_off
from monogram.report.palette import PAPER
from monogram.report.trade_off import best_for_some
from monogram.report.view import views
from monogram.reproduce import TABLE_2


@pytest.fixture(scope="module")
def results():
    return many()


def labels_of(axes):
    return [text for text in axes.texts if text.get_text()]


@pytest.mark.parametrize("width", [3.75, 7.5])
def test_labels_of_many_keep_apart(results, width):
    figure = trade_off(results, width=width)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in labels_of(figure.axes[0])]
    areas = [box.width * box.height for box in boxes]
    covered = 0.0
    for nth, box in enumerate(boxes):
        for other in boxes[:nth]:
            across = min(box.x1, other.x1) - max(box.x0, other.x0)
            up = min(box.y1, other.y1) - max(box.y0, other.y0)
            covered += max(0, across) * max(0, up)
    assert covered < 0.01 * sum(areas)


def test_many_have_numbers_and_a_key_with_all_of_them(results):
    figure = trade_off(results)
    shown = views(results)
    assert [view.number for view in shown] == list(range(1, len(MANY) + 1))
    said = {text.get_text().split()[0] for text in labels_of(figure.axes[0])} - {"below"}
    assert said == {str(view.number) for view in shown}
    key = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len({one.split(maxsplit=1)[1] for one in key}) == len(MANY)  # their numbers aside
    lines = [line for one in key for line in one.split("\n")]
    assert all(len(line) <= 36 for line in lines)


def test_no_other_is_better_for_both_than_those_named(results):
    shown = views(results)
    best = best_for_some(shown)
    for view in shown:
        one = view.summary
        beaten = any(
            o.summary.personal.mean >= one.personal.mean
            and o.summary.shared.mean >= one.shared.mean
            and o is not view
            for o in shown
        )
        assert beaten == (view not in best)


def test_the_papers_rows_are_hollow_and_the_priors_joined(results):
    axes = trade_off(results, reproduction=reproduction(results)).axes[0]
    hollow = [
        points_of(line)[0]
        for line in axes.lines
        if len(points_of(line)) == 1 and to_rgb(line.get_markerfacecolor()) == to_rgb(PAPER.light)
    ]
    row = TABLE_2["class-counts"][5]
    assert len(hollow) == 3
    assert any(np.allclose(at, (row.shared.mean, row.personal.mean)) for at in hollow)
    front = [results.summary[one] for one in PRIORS]
    means = [(one.shared.mean, one.personal.mean) for one in front]
    assert any(
        len(points_of(line)) == 3 and np.allclose(points_of(line), means) for line in axes.lines
    )


def test_another_study_of_the_same_curricula_can_bear_the_same_numbers():
    order = [BASE, *(f"{BASE} >> personal(iterations={n})" for n in range(1, 12))]
    whole = synthetic(["ada", "ben"], order=order)
    part = synthetic(["ada", "ben", "cleo"], order=[BASE, *order[5:]])
    names = {view.summary.curriculum: (view.name, view.look) for view in views(whole)}
    shown = views(part, whole)
    assert {v.summary.curriculum: (v.name, v.look) for v in shown}.items() <= names.items()
    assert len(shown) == len(order) - 4
