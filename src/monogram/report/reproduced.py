"""What the page says of a reproduction: claims and goals judged, Table 2 with ours beside."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from monogram.formats import UNKNOWN, count, joined, percent, ratio, with_deviation
from monogram.measure import Spread
from monogram.report.view import View, label, views
from monogram.reproduce import (
    Claim,
    Goal,
    PaperRow,
    PaperSpread,
    Reproduction,
    ShapingCurve,
    Verdict,
)

OURS = "here"
PAPERS = "paper"


@dataclass(frozen=True)
class Sign:
    """How a judgement looks: a shape that tells it without colour, and a colour.

    Attributes:
        symbol: one character.
        ink: name of the page's CSS variable.
        words: the judgement.
    """

    symbol: str
    ink: str
    words: str


SIGNS: dict[Verdict, Sign] = {
    "reproduced": Sign("✓", "good", "reproduced"),
    "contradicted": Sign("✗", "harm", "contradicted"),
    "undecided at this scale": Sign("?", "doubt", "undecided at this scale"),
}
MET = {True: Sign("✓", "good", "met"), False: Sign("✗", "harm", "not met")}


@dataclass(frozen=True)
class Measured:
    """A figure over individuals as text, in percent.

    Attributes:
        mean, sd, min, max: of it.
        interval: 95 % interval of the mean; empty where none is known.
    """

    mean: str
    sd: str
    min: str
    max: str
    interval: str = ""


@dataclass(frozen=True)
class TableRow:
    """A row of Table 2, the paper's or ours.

    Attributes:
        whose: "paper" or "here".
        personal, shared: accuracies.
        cost: r_train.
    """

    whose: str
    personal: Measured
    shared: Measured
    cost: str


@dataclass(frozen=True)
class Pair:
    """The paper's row and ours.

    Attributes:
        name: as the paper prints it.
        view: our counterpart.
        rows: the paper's, ours.
    """

    name: str
    view: View
    rows: tuple[TableRow, TableRow]


@dataclass(frozen=True)
class ShapingRow:
    """A point of an early-shaping curve as text; accuracies in percent."""

    iterations: str
    shared: str
    personal: str
    collapsed: str
    models: str


@dataclass(frozen=True)
class Reproduced:
    """A reproduction as the page shows it.

    Attributes:
        headline: what became of claims and goals, in words.
        title: of the scenario.
        scale: its name.
        changes: what differs from the paper's setup, because of the scale and otherwise.
        claims: each with its verdict's sign.
        goals: each with its sign and the name of what was proposed, if it was studied.
        people: how many the goals are judged by, in words.
        table: Table 2 with our figures.
        shaping: the points of the early-shaping curve, by network.
    """

    headline: str
    title: str
    scale: str
    changes: tuple[str, ...]
    claims: list[tuple[Claim, Sign]]
    goals: list[tuple[Goal, Sign, str]]
    people: str
    table: list[Pair]
    shaping: list[tuple[str, list[ShapingRow]]]


def reproduced(reproduction: Reproduction) -> Reproduced:
    """Everything in the form of the page."""
    return Reproduced(
        headline=headline(reproduction),
        title=reproduction.scenario.title,
        scale=reproduction.scale.name,
        changes=(*reproduction.scale.changes, *reproduction.scenario.notes),
        claims=[(claim, SIGNS[claim.verdict]) for claim in reproduction.claims],
        people=count(len(reproduction.beyond.population.individuals), "individual"),
        goals=[(goal, MET[goal.met], _proposed(reproduction, goal)) for goal in reproduction.goals],
        table=table_2(reproduction),
        shaping=[(curve.network, list(_points(curve))) for curve in reproduction.shaping],
    )


def _proposed(reproduction: Reproduction, goal: Goal) -> str:
    if goal.curriculum is None:
        return ""
    names = {view.summary.curriculum: view.name for view in views(reproduction.results)}
    return names.get(goal.curriculum) or label(goal.curriculum)


def table_2(reproduction: Reproduction) -> list[Pair]:
    """The paper's rows, each with ours; rows whose counterpart is not finished are left out."""
    by_text = {view.summary.curriculum: view for view in views(reproduction.results)}
    return [
        Pair(one.paper.name, view, (_papers(one.paper), _ours(view)))
        for one in reproduction.compared
        if (view := by_text.get(one.curriculum))
    ]


def _papers(row: PaperRow) -> TableRow:
    return TableRow(
        PAPERS, _measured(row.personal), _measured(row.shared), ratio(row.relative_cost)
    )


def _ours(view: View) -> TableRow:
    one = view.summary
    return TableRow(
        OURS,
        _measured(one.personal, one.personal_interval),
        _measured(one.shared, one.shared_interval),
        ratio(one.relative_cost_marginal),
    )


def _measured(
    spread: Spread | PaperSpread, interval: tuple[float, float] | None = None
) -> Measured:
    between = "" if interval is None else "–".join(percent(end) for end in interval)
    deviation = UNKNOWN if spread.sd is None else percent(spread.sd)
    return Measured(
        percent(spread.mean), deviation, percent(spread.min), percent(spread.max), between
    )


def headline(reproduction: Reproduction) -> str:
    """What became of the paper's claims and of the goals beyond it, in a sentence or two."""
    said = [*_claims_in_words(reproduction), *_goals_in_words(reproduction)]
    said = [*filter(None, [reproduction.caution]), *said] if said else []
    return " ".join(said) or "Nothing is judged yet: too few of the models are finished."


def _claims_in_words(reproduction: Reproduction) -> Iterator[str]:
    verdicts = Counter(claim.verdict for claim in reproduction.claims)
    each = [(verdicts[one], one) for one in get_args(Verdict) if verdicts[one]]
    if len(each) == 1:
        (total, verdict) = each[0]
        yield (
            f"All {total} claims of the paper are {verdict}."
            if total > 1
            else (f"The paper’s one claim is {verdict}.")
        )
    elif each:
        said = [f"{number} {'is' if number == 1 else 'are'} {verdict}" for number, verdict in each]
        total = len(reproduction.claims)
        yield f"Of {total} claims of the paper, {joined(said)}."


def _goals_in_words(reproduction: Reproduction) -> Iterator[str]:
    goals = reproduction.goals
    if goals:
        met = sum(goal.met for goal in goals)
        is_met = "is" if met < 2 else "are"
        yield f"Of {count(len(goals), 'goal')} beyond it, {met or 'none'} {is_met} met."


def _points(curve: ShapingCurve) -> Iterator[ShapingRow]:
    for nth, iterations in enumerate(curve.iterations):
        yield ShapingRow(
            iterations=f"{iterations:,}",
            shared=with_deviation(curve.shared[nth], curve.shared_sd[nth]),
            personal=percent(curve.personal[nth]),
            collapsed=f"{percent(curve.collapsed[nth], 0)} %",
            models=f"{curve.models[nth]:,}",
        )
