"""The plots as they stand in the page: each in a wide and in a narrow form, with a description."""

from collections.abc import Callable

from markupsafe import Markup
from matplotlib.figure import Figure

from monogram.report.curves import early_shaping, learning_curves
from monogram.report.plots import cost, fairness, individuals
from monogram.report.svg import inline_svg
from monogram.report.trade_off import trade_off
from monogram.reproduce import Reproduction
from monogram.study import Results, learning_curves_of

NARROW_WIDTH = 3.75  # inches of a figure on a phone
DESCRIBED = {
    "trade_off": "Personal against global accuracy, one mark with its spread for each curriculum",
    "individuals": "Gain in personal accuracy of each individual, one row for each curriculum",
    "fairness": "Range, standard deviation and worst tenth of both accuracies",
    "cost": "Training cost of one individual's model over the baseline's, on a logarithmic axis",
    "learning_curves": "Personal and global accuracy while training, a panel for each curriculum",
    "beyond": "Personal against global accuracy of more individuals, one mark with its spread for "
    "each curriculum",
    "early_shaping": "Global accuracy left after early shaping of so many iterations, one line "
    "for each network",
}

Draw = Callable[..., Figure]  # with a width in inches
Forms = dict[str, Markup]  # "wide" and "narrow"


def page_figures(results: Results, reproduction: Reproduction | None) -> dict[str, Forms]:
    """The plots for which there is something to draw, by name."""
    drawn: dict[str, Draw] = {
        "trade_off": lambda **size: trade_off(results, reproduction=reproduction, **size),
        "individuals": lambda **size: individuals(results, **size),
        "fairness": lambda **size: fairness(results, **size),
        "cost": lambda **size: cost(results, **size),
    }
    if learning_curves_of(results):
        drawn["learning_curves"] = lambda **size: learning_curves(results, **size)
    if reproduction and reproduction.beyond is not reproduction.results:
        drawn["beyond"] = lambda **size: trade_off(reproduction.beyond, like=results, **size)
    if reproduction and reproduction.shaping:
        drawn["early_shaping"] = lambda **size: early_shaping(reproduction.shaping, **size)
    return {name: _forms(name, draw) for name, draw in drawn.items()}


def _forms(name: str, draw: Draw) -> Forms:
    return {
        "wide": inline_svg(draw(), f"{name}-wide", DESCRIBED[name]),
        "narrow": inline_svg(draw(width=NARROW_WIDTH), f"{name}-narrow", DESCRIBED[name]),
    }
