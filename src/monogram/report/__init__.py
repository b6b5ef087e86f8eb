"""Results to read: the printed table, the recommendation in words, plots and a page.

`ResultsTable` is for rich, `recommendation` for everybody; `trade_off`, `individuals`, `fairness`,
`cost`, `learning_curves` and `early_shaping` return matplotlib figures; `write_report` makes one
HTML file of it all.
"""

from monogram.report.curves import early_shaping, learning_curves
from monogram.report.page import write_report
from monogram.report.plots import cost, fairness, individuals
from monogram.report.table import ResultsTable
from monogram.report.trade_off import trade_off
from monogram.report.words import Point, Recommendation, recommendation

__all__ = [
    "Point",
    "Recommendation",
    "ResultsTable",
    "cost",
    "early_shaping",
    "fairness",
    "individuals",
    "learning_curves",
    "recommendation",
    "trade_off",
    "write_report",
]
