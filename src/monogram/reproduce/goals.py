"""What curricula beyond the paper should reach, and whether they do.

Of many curricula the best on test data looks better there than it is. So the one that is reported
is chosen on validation data: of those that are cheap enough the one whose smallest margin over what
is asked for is largest; of equals the one with the larger sum of margins, then the cheaper. Test
data then say whether its mean figures reach what is asked for. A mean says nothing of everybody, so
the individuals who are worse off are counted.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np

from monogram.curriculum import parse
from monogram.measure import HALF_A_POINT, compare
from monogram.reproduce.combinations import singles
from monogram.reproduce.paper import BASELINE, TRANSFER_20, TRANSFER_200, ScenarioName
from monogram.reproduce.values import Compared, Goal
from monogram.reproduce.wording import estimate, points
from monogram.study import Results
from monogram.study.figures import DIGITS, Figures, by_curriculum, figures, paired

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
    results: Results, compared: Sequence[Compared], scenario: ScenarioName
) -> tuple[Goal, ...]:
    """The goals of one scenario: what one curriculum should reach, then a combination.

    Args:
        results: of the study.
        compared: its rows of Table 2; they and the global-only curriculum are no candidates.
        scenario: whose goals.
    """
    studied = Studied.of(results)
    rows = {row.paper.name: row.curriculum for row in compared if row.curriculum in studied.tables}
    known = {results.summary.base, *rows.values()}
    beyond = [c for c in studied.tables if c not in known and parse(c).is_personal]
    return (_target(TARGETS[scenario], studied, rows, beyond), _combination(studied, beyond))


@dataclass(frozen=True)
class Studied:
    """The figures of a study by the curriculum's text form.

    Attributes:
        results: of the study.
        tables: figures of each curriculum, by individual.
    """

    results: Results
    tables: Mapping[str, Figures]

    @classmethod
    def of(cls, results: Results) -> Self:
        """The figures of all its curricula."""
        return cls(results, {c: figures(r) for c, r in by_curriculum(results.rows).items()})

    def title(self, curriculum: str) -> str:
        """Its short name."""
        return self.results.summary[curriculum].title

    def cost(self, curriculum: str) -> float:
        """Its marginal r_train."""
        return self.results.summary[curriculum].relative_cost_marginal

    def both(self, figure: str, ours: str, theirs: str) -> tuple[np.ndarray, np.ndarray]:
        """A figure of the individuals that both curricula have: [n], [n]."""
        return paired(getattr(self.tables[ours], figure), getattr(self.tables[theirs], figure))

    def margins(self, curriculum: str, asked: Iterable[Requirement], suffix: str) -> Margins:
        """By how much it exceeds what is asked; suffix as of the figures, "" or "_validation"."""
        pairs = {one: self.both(one.figure + suffix, curriculum, one.of) for one in asked}
        return {
            one: round(float((ours - theirs).mean()) - one.more, DIGITS)
            for one, (ours, theirs) in pairs.items()
        }


def _target(
    target: Target, studied: Studied, rows: Mapping[str, str], beyond: Sequence[str]
) -> Goal:
    missing = dict.fromkeys(one.of for one in target.requirements if one.of not in rows)
    if missing:
        return _unmet(target.text, f"not studied: {', '.join(missing)}")
    asked = [replace(one, of=rows[one.of]) for one in target.requirements]
    candidates = {c: asked for c in beyond if studied.cost(c) <= target.cost}
    if chosen := _best(studied, candidates):
        return _judged(target.text, studied, chosen, asked, _reaches)
    return _unmet(
        target.text, f"no curriculum beyond the paper takes at most {100 * target.cost:g} %"
    )


def _combination(studied: Studied, beyond: Sequence[str]) -> Goal:
    base = parse(studied.results.summary.base)
    alone = {c: [str(one) for one in singles(parse(c), base)] for c in beyond}
    candidates = {
        c: [Requirement(figure, one) for one in parts for figure in FIGURES]
        for c, parts in alone.items()
        if parts and all(one in studied.tables for one in parts)
    }
    if chosen := _best(studied, candidates):
        return _judged(DOMINANCE, studied, chosen, candidates[chosen], _dominates)
    return _unmet(DOMINANCE, "no combination was studied together with each of its ideas alone")


def _unmet(text: str, why: str) -> Goal:
    return Goal(text, met=False, evidence=why, curriculum=None)


# --- Chosen on validation data, judged on test data ---------------------------------------


def _best(studied: Studied, candidates: Mapping[str, Sequence[Requirement]]) -> str | None:
    """The candidate that comes closest on validation data, or exceeds most."""
    margins = {
        c: list(studied.margins(c, asked, "_validation").values())
        for c, asked in candidates.items()
        if all(len(studied.both(one.figure, c, one.of)[0]) for one in asked)
    }
    return max(
        margins,
        key=lambda c: (min(margins[c]), sum(margins[c]), -studied.cost(c), c),
        default=None,
    )


def _judged(
    text: str,
    studied: Studied,
    chosen: str,
    asked: Sequence[Requirement],
    met: Callable[[Margins], bool],
) -> Goal:
    margins = studied.margins(chosen, asked, "")
    on = studied.results.population.protocol.reports_on
    sentences = [
        f"{studied.title(chosen)}, r_train {studied.cost(chosen):.2g}",
        *(_reached(studied, chosen, one, margins[one]) for one in asked),
        *(_left_behind(studied, chosen, one) for one in _worse_than(studied, asked)),
        *(["chosen and judged on the same data"] if on == "validation" else []),
    ]
    return Goal(text, met(margins), "; ".join(sentences), chosen)


def _reaches(margins: Margins) -> bool:
    return min(margins.values()) >= 0


def _dominates(margins: Margins) -> bool:
    """Nothing less than any idea alone, and more than each of them in something."""
    exceeded = {one.of for one, margin in margins.items() if margin > 0}
    return _reaches(margins) and exceeded == {one.of for one in margins}


def _reached(studied: Studied, chosen: str, asked: Requirement, margin: float) -> str:
    """How the chosen one's mean compares, and by how much that is met or missed."""
    result = compare(*studied.both(asked.figure, chosen, asked.of))
    difference = estimate(result.difference, result.interval)
    verdict = "missed" if margin < 0 else "met"
    by = f"{verdict} by {points(abs(margin)).removeprefix('+')}"
    return f"{NAMES[asked.figure]} {difference} against {studied.title(asked.of)}, {by}"


def _worse_than(studied: Studied, asked: Sequence[Requirement]) -> list[str]:
    """Whose personal accuracy nobody should fall below: what is asked for, and the base."""
    measures = [one.of for one in asked if one.figure == "personal"]
    return list(dict.fromkeys([*measures, studied.results.summary.base]))


def _left_behind(studied: Studied, chosen: str, other: str) -> str:
    """How many individuals have less on their own data than with another curriculum."""
    ours, theirs = studied.both("personal", chosen, other)
    losses = theirs[ours < theirs] - ours[ours < theirs]
    worst = f", at most {100 * losses.max():.2f} points" if len(losses) else ""
    fewer = f"{len(losses)} of {len(ours)} individuals have less"
    return f"{fewer} than with {studied.title(other)}{worst}"
