"""Results to read: the printed table, the recommendation in words, plots and a page.

`ResultsTable` is for rich, `recommendation` for everybody; `trade_off`, `individuals`, `fairness`
and `cost` return matplotlib figures; `write_report` makes one HTML file of it all.
"""

from monogram.report.page import write_report
from monogram.report.plots import cost, fairness, individuals, trade_off
from monogram.report.table import ResultsTable
from monogram.report.words import Point, Recommendation, recommendation

__all__ = [
    "Point",
    "Recommendation",
    "ResultsTable",
    "cost",
    "fairness",
    "individuals",
    "recommendation",
    "trade_off",
    "write_report",
]
