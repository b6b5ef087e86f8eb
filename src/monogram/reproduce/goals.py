"""What curricula beyond the paper should reach, and whether they do.

Of many curricula the best looks better, on the data that say so, than it is; the more so the fewer
the individuals. So what is judged was proposed beforehand (`monogram.reproduce.scenario`), and test
data say whether its mean figures reach what is asked for. A mean says nothing of everybody, so the
individuals who are worse off are counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum, inf
from statistics import fmean
from typing import Literal, Self

import numpy as np

from monogram.curriculum import parse
from monogram.measure import HALF_A_POINT, compare
from monogram.measure.noise import DIGITS, paired_differences
from monogram.reproduce.combinations import singles
from monogram.reproduce.paper import BASELINE, TRANSFER_20, TRANSFER_200, ScenarioName
from monogram.reproduce.values import Compared, Goal, Proposals
from monogram.reproduce.wording import estimate, points
from monogram.study import CurriculumSummary, Results
from monogram.study.figures import Figures, by_curriculum, figures, paired
from monogram.study.summary import shared_cost

Figure = Literal["personal", "shared"]
NAMES = {"personal": "personal accuracy", "shared": "global accuracy"}
FIGURES: tuple[Figure, Figure] = ("personal", "shared")
TEN_POINTS = 0.1


@dataclass(frozen=True)
class Requirement:
    """A mean accuracy to be reached.

    Attributes:
        figure: personal or global accuracy.
        of: whose is the measure: a row of Table 2, or a curriculum's text form.
        more: by how much more, a fraction; below 0: so much less is allowed.
    """

    figure: Figure
    of: str
    more: float = 0.0


@dataclass(frozen=True)
class Target:
    """What one curriculum should reach.

    Attributes:
        text: in words, with its numbers.
        requirements: what it takes, held to rows of Table 2.
        cost: the most marginal r_train.
    """

    text: str
    requirements: tuple[Requirement, ...]
    cost: float


TARGETS: Mapping[ScenarioName, Target] = {
    "hidden-factors": Target(
        "One curriculum with personal accuracy no lower than Transfer-Iter-200's and global "
        "accuracy at most half a point below the baseline's, for at most 3 % of its training",
        (Requirement("personal", TRANSFER_200), Requirement("shared", BASELINE, -HALF_A_POINT)),
        cost=0.03,
    ),
    "class-counts": Target(
        "One curriculum with personal accuracy at most half a point below Transfer-Iter-20's and "
        "global accuracy at least ten points above, for at most 1 % of the baseline's training",
        (
            Requirement("personal", TRANSFER_20, -HALF_A_POINT),
            Requirement("shared", TRANSFER_20, TEN_POINTS),
        ),
        cost=0.01,
    ),
}

DOMINANCE = (
    "A combination of ideas that is at least as accurate as each of them alone, on the "
    "individuals' data and on the global data, and more accurate on one"
)

Margins = Mapping[Requirement, float]
"""By how much each requirement is exceeded, a fraction; below 0: missed."""


def goals(
    results: Results,
    beyond: Results,
    compared: Sequence[Compared],
    scenario: ScenarioName,
    proposals: Proposals,
) -> tuple[Goal, ...]:
    """The goals of one scenario: what one curriculum should reach, then a combination.

    Args:
        results: of all curricula.
        beyond: of those that go beyond the paper, for further individuals; or the same.
        compared: the rows of Table 2; they and the global-only curriculum reach no goal.
        scenario: whose goals.
        proposals: the curricula that are judged.
    """
    studied = Studied.of(results, beyond)
    rows = {row.paper.name: row.curriculum for row in compared if row.curriculum in studied.tables}
    known = {results.summary.base, *rows.values()}
    others = [c for c in studied.tables if c not in known and parse(c).is_personal]
    return (
        _target(TARGETS[scenario], proposals.target, studied, rows, others),
        _combination(proposals.combination, studied, others),
    )


@dataclass(frozen=True)
class Studied:
    """The figures of a study by the curriculum's text form.

    Attributes:
        base: the global-only curriculum.
        summaries: of each curriculum; of the individuals of all rows where they have it.
        tables: figures of each curriculum, by individual; of as many individuals as there are.
        shared: of each curriculum, what is trained once for everybody, over a baseline's.
    """

    base: str
    summaries: Mapping[str, CurriculumSummary]
    tables: Mapping[str, Figures]
    shared: Mapping[str, float]

    @classmethod
    def of(cls, results: Results, beyond: Results) -> Self:
        """The figures of all curricula, those of `beyond` where it has them."""
        rows = by_curriculum(results.rows) | by_curriculum(beyond.rows)
        all_ = (*beyond.summary.curricula, *results.summary.curricula)
        summaries = {one.curriculum: one for one in all_}
        tables = {c: figures(some) for c, some in rows.items()}
        shared = {c: fmean(map(shared_cost, some)) for c, some in rows.items()}
        return cls(results.summary.base, summaries, tables, shared)

    def title(self, curriculum: str) -> str:
        """Its short name."""
        return self.summaries[curriculum].title

    def cost(self, curriculum: str) -> float:
        """Its marginal r_train."""
        return self.summaries[curriculum].relative_cost_marginal

    def both(self, figure: str, ours: str, theirs: str) -> tuple[np.ndarray, np.ndarray]:
        """A figure of the individuals that both curricula have: [n], [n]."""
        return paired(getattr(self.tables[ours], figure), getattr(self.tables[theirs], figure))

    def margins(self, curriculum: str, asked: Iterable[Requirement]) -> Margins:
        """By how much it exceeds what is asked for; -inf where no individual has both."""
        pairs = {one: self.both(one.figure, curriculum, one.of) for one in asked}
        return {
            one: round(fsum(ours - theirs) / len(ours) - one.more, DIGITS) if len(ours) else -inf
            for one, (ours, theirs) in pairs.items()
        }


def _target(
    target: Target,
    proposed: str,
    studied: Studied,
    rows: Mapping[str, str],
    others: Sequence[str],
) -> Goal:
    wanted = {one.of: rows.get(one.of) for one in target.requirements} | {proposed: proposed}
    missing = [name for name, text in wanted.items() if text not in studied.tables]
    if missing:
        return _unstudied(target.text, missing)
    asked = [replace(one, of=rows[one.of]) for one in target.requirements]

    def reaches(curriculum: str) -> bool:
        cheap = studied.cost(curriculum) <= target.cost
        return cheap and _reaches(studied.margins(curriculum, asked))

    dear = (
        [] if studied.cost(proposed) <= target.cost else [f"r_train over {target.cost:g}: missed"]
    )
    return _judged(target.text, studied, proposed, asked, filter(reaches, others), dear)


def _combination(proposed: str, studied: Studied, others: Sequence[str]) -> Goal:
    base = parse(studied.base)
    alone = {c: [str(one) for one in singles(parse(c), base)] for c in {*others, proposed}}
    missing = [c for c in (proposed, *alone[proposed]) if c not in studied.tables]
    if missing:
        return _unstudied(DOMINANCE, missing)
    asked = {
        c: [Requirement(figure, one) for one in parts for figure in FIGURES]
        for c, parts in alone.items()
        if parts and all(one in studied.tables for one in parts)
    }
    dominating = (c for c in others if c in asked and _dominates(studied.margins(c, asked[c])))
    wanted = asked.get(proposed, ())
    matched = _no_better(studied, studied.margins(proposed, wanted))
    return _judged(DOMINANCE, studied, proposed, wanted, dominating, matched)


def _unstudied(text: str, missing: Iterable[str]) -> Goal:
    return Goal(text, met=False, evidence=f"not studied: {', '.join(missing)}", curriculum=None)


def _judged(
    text: str,
    studied: Studied,
    proposed: str,
    asked: Sequence[Requirement],
    met: Iterable[str],
    besides: Iterable[str],
) -> Goal:
    """What became of the proposal, given all curricula that meet the goal on test data.

    Args:
        text: the goal.
        studied: all figures.
        proposed: the curriculum that is judged.
        asked: what it takes.
        met: all that meet the goal.
        besides: what else it misses, in words.
    """
    margins = studied.margins(proposed, asked)
    meeting = list(met)
    others = [studied.title(c) for c in meeting if c != proposed]
    costs = f"r_train {studied.cost(proposed):.2g}, and once for everybody"
    sentences = [
        f"{studied.title(proposed)}, {costs} {studied.shared[proposed]:.2g}",
        *(_reached(studied, proposed, one, margins[one]) for one in asked),
        *besides,
        *(_left_behind(studied, proposed, one) for one in _worse_than(studied, asked)),
        f"on these data met as well by: {', '.join(others) or 'none'}",
    ]
    return Goal(text, proposed in meeting, "; ".join(sentences), proposed)


def _reaches(margins: Margins) -> bool:
    return min(margins.values()) >= 0


def _dominates(margins: Margins) -> bool:
    """Nothing less than any idea alone, and more than each of them in something."""
    return _reaches(margins) and not _unexceeded(margins)


def _unexceeded(margins: Margins) -> list[str]:
    """The ideas that are not exceeded in anything."""
    exceeded = {one.of for one, margin in margins.items() if margin > 0}
    return list(dict.fromkeys(one.of for one in margins if one.of not in exceeded))


def _no_better(studied: Studied, margins: Margins) -> list[str]:
    return [f"no more than {studied.title(of)} in anything: missed" for of in _unexceeded(margins)]


def _reached(studied: Studied, chosen: str, asked: Requirement, margin: float) -> str:
    """How the chosen one's mean compares, and by how much that is met or missed."""
    both, name = studied.both(asked.figure, chosen, asked.of), NAMES[asked.figure]
    if not len(both[0]):
        return f"{name}: nobody has models of this and {studied.title(asked.of)}, missed"
    result = compare(*both)
    difference = estimate(result.difference, result.interval)
    verdict = "missed" if margin < 0 else "met"
    by = f"{verdict} by {points(abs(margin)).removeprefix('+')}"
    people = f"{len(both[0])} individual{'s' if len(both[0]) > 1 else ''}"
    return f"{name} {difference} against {studied.title(asked.of)} ({people}), {by}"


def _worse_than(studied: Studied, asked: Sequence[Requirement]) -> list[str]:
    """Whose personal accuracy nobody should fall below: what is asked for, and the base."""
    measures = [one.of for one in asked if one.figure == "personal"]
    return list(dict.fromkeys([*measures, studied.base]))


def _left_behind(studied: Studied, chosen: str, other: str) -> str:
    """How many individuals have less on their own data than with another curriculum."""
    ours, theirs = studied.both("personal", chosen, other)
    losses = -np.minimum(paired_differences(ours, theirs), 0)
    losses = losses[losses > 0]
    worst = f", at most {100 * losses.max():.2f} points" if len(losses) else ""
    have = "has" if 1 in (len(losses), len(ours)) else "have"
    fewer = f"{len(losses)} of {len(ours)} individuals {have} less"
    return f"{fewer} than with {studied.title(other)}{worst}"
