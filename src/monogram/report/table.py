"""The table of a study: a line for each curriculum, for the terminal and for the page."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from monogram.formats import MARKS_EXPLAINED, UNKNOWN, mark, percent, ratio, with_deviation
from monogram.measure import Comparison, Spread
from monogram.report.view import View, views
from monogram.study import Results

CHOSEN = "▸"
PERSONAL, GLOBAL, COST, OTHER = "Individuals’ data", "Global data", "r_train", ""
EFFECT = "Effect"
WIDEST = 1_000  # characters
NARROWEST, WIDEST_LABEL = 20, 36  # characters of a curriculum on a line


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes:
        group: what it is a figure of, over several columns.
        heading: at its top.
        means: what it says, for readers who do not know.
        cell: its text for a curriculum.
        rank: where there is little room, the highest are left out first; 0: never.
    """

    group: str
    heading: str
    means: str
    cell: Callable[[View], str]
    rank: int = 0


def _spread(spread: Spread) -> str:
    return with_deviation(spread.mean, spread.sd)


def _share(fraction: float | None) -> str:
    return UNKNOWN if fraction is None else f"{percent(fraction, 0)} %"


def _tested(comparison: Comparison | None) -> str:
    if comparison is None:
        return ""
    effect = "" if comparison.effect_size is None else f"{comparison.effect_size:+.1f}"
    return f"{effect} {mark(comparison.p_holm)}".replace("-", "−").strip()


COLUMNS = (
    Column(
        PERSONAL,
        "Personal",
        "accuracy on the individuals' own data, mean ± standard deviation over individuals",
        lambda view: _spread(view.summary.personal),
    ),
    Column(
        PERSONAL,
        EFFECT,
        "against the baseline: Cohen's d of the paired differences and the paired t-test, "
        "Holm-corrected",
        lambda view: _tested(view.summary.personal_against_baseline),
    ),
    Column(
        PERSONAL,
        "Min",
        "personal accuracy of the worst individual",
        lambda view: percent(view.summary.personal.min),
    ),
    Column(
        PERSONAL,
        "Tenth",
        "mean personal accuracy of the worst tenth of the individuals",
        lambda view: percent(view.summary.personal.worst_tenth),
        rank=3,
    ),
    Column(
        PERSONAL,
        "Max",
        "personal accuracy of the best individual",
        lambda view: percent(view.summary.personal.max),
        rank=4,
    ),
    Column(
        GLOBAL,
        "Global",
        "accuracy on global data, mean ± standard deviation over the individuals' models",
        lambda view: _spread(view.summary.shared),
    ),
    Column(
        GLOBAL,
        EFFECT,
        "the same tests for global accuracy",
        lambda view: _tested(view.summary.shared_against_baseline),
        rank=5,
    ),
    Column(
        GLOBAL,
        "Min",
        "global accuracy of the worst individual's model",
        lambda view: percent(view.summary.shared.min),
        rank=2,
    ),
    Column(
        OTHER,
        "Harmed",
        "share of the individuals who are worse off than with the global-only model",
        lambda view: _share(view.summary.harmed),
    ),
    Column(
        COST,
        "Marg.",
        "r_train of one more individual: its own training over the baseline's",
        lambda view: ratio(view.summary.relative_cost_marginal),
    ),
    Column(
        COST,
        "Amort.",
        "r_train with the individual's share of the training that all have in common",
        lambda view: ratio(view.summary.relative_cost_amortised),
        rank=1,
    ),
)
COLLAPSED = Column(
    OTHER,
    "Coll.",
    "models that collapsed: they predict one class only, or their loss is no number",
    lambda view: f"{view.summary.collapsed:,}",
)


def columns(results: Results) -> tuple[Column, ...]:
    """The columns that say something: of a baseline and of collapsed models only with some."""
    is_tested = any(one.personal_against_baseline for one in results.summary.curricula)
    known = tuple(column for column in COLUMNS if is_tested or column.heading != EFFECT)
    return (*known, COLLAPSED) if results.summary.collapsed else known


def groups(shown: tuple[Column, ...]) -> list[tuple[str, int]]:
    """What neighbouring columns are figures of, and how many they are."""
    return [(group, len(list(each))) for group, each in groupby(shown, key=lambda c: c.group)]


def note(results: Results) -> str:
    """What a reader needs to know to read the table."""
    said = f"Accuracies in percent, on {results.population.protocol.reports_on} data. "
    said += "Marg., amort.: training cost of an individual over the baseline's (r_train). "
    if any(one.personal_against_baseline for one in results.summary.curricula):
        said += f"Effect: Cohen's d against the baseline; {MARKS_EXPLAINED} (Holm). "
    if not results.summary.collapsed:
        said += "No model collapsed."
    return said.strip()


@dataclass(frozen=True)
class ResultsTable:
    """The table as rich prints it: `print(ResultsTable(results))` with rich's `print`.

    It leaves out the less important columns where there is no room for all, and says which.
    """

    results: Results

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table for the room that there is."""
        shown = columns(self.results)
        table = _table(self.results, shown)
        while _width(table, console) > options.max_width and any(c.rank for c in shown):
            last = max(column.rank for column in shown)
            shown = tuple(column for column in shown if column.rank < last)
            table = _table(self.results, shown)
        yield table
        yield Text(note(self.results) + _left_out(self.results, shown), style="dim")


def _left_out(results: Results, shown: tuple[Column, ...]) -> str:
    """Which columns had no room."""
    gone = [column for column in columns(results) if column not in shown]
    if not gone:
        return ""
    names = ", ".join(f"{column.heading} ({column.group})".lower() for column in gone)
    return f" Left out for lack of room, in the report: {names}."


def _width(table: Table, console: Console) -> int:
    """The fewest characters that show a table whole."""
    return Measurement.get(console, console.options.update(width=WIDEST), table).minimum


def _table(results: Results, shown: tuple[Column, ...]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("", min_width=len(CHOSEN))
    table.add_column("Curriculum", overflow="fold", min_width=NARROWEST, max_width=WIDEST_LABEL)
    rows = [(view, [column.cell(view) for column in shown]) for view in views(results)]
    for place, column in enumerate(shown):
        widest = max(map(cell_len, (column.heading, *(cells[place] for _, cells in rows))))
        table.add_column(column.heading, justify="right", no_wrap=True, min_width=widest)
    for view, cells in rows:
        texts = (CHOSEN * view.is_chosen, view.label, *cells)
        table.add_row(*map(Text, texts), style="bold" if view.is_chosen else None)
    return table
