"""The choice: most personal accuracy subject to a floor on global accuracy, on validation data.

Test data has no part in it; what was chosen is reported on test data once, by the summary.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from monogram.curriculum import Curriculum, parse
from monogram.engine import Row
from monogram.measure.noise import DIGITS
from monogram.study.figures import Figure, Figures, by_curriculum, figures, mean, mean_gain

ALLOWED_LOSS = 0.02  # of global accuracy under the global-only model, where no floor is given


@dataclass(frozen=True)
class Choice:
    """What to do, and what it was decided on. Accuracies are fractions in [0, 1].

    Attributes:
        curriculum: text form, or None when no curriculum qualifies.
        floor: the least global accuracy that was asked for, on validation data.
        reason: why, in a sentence.
        candidates: personal and global validation accuracy of each personal curriculum.
        base: the same of the global-only model.
    """

    curriculum: str | None
    floor: float
    reason: str
    candidates: Mapping[str, tuple[float, float]]
    base: tuple[float, float]


def choose(
    rows: Sequence[Row], base: str, floor: float | None = None, idle: Collection[str] = ()
) -> Choice:
    """Choose among the curricula that make a model for the individual it is judged on.

    Of curricula that are equally good the cheaper one is taken.

    Args:
        rows: of all models.
        base: the global-only curriculum.
        floor: the least mean global accuracy, a fraction in [0, 1]; None: `ALLOWED_LOSS` under
            the global-only model's.
        idle: curricula that never used an individual's data, though they could have: not chosen.
    """
    groups = by_curriculum(rows)
    tables = {c: figures(groups[c]) for c in groups if c == base or parse(c).is_personal}
    at_base = (
        round(mean(tables[base].personal_validation), DIGITS),
        round(mean(tables[base].shared_validation), DIGITS),
    )
    least = round(at_base[1] - ALLOWED_LOSS, DIGITS) if floor is None else floor
    candidates = {
        c: (
            _level(table.personal_validation, tables[base].personal_validation),
            _level(table.shared_validation, tables[base].shared_validation),
        )
        for c, table in tables.items()
        if c != base and c not in idle and table.personal.keys() & tables[base].personal.keys()
    }
    qualified = {c: both for c, both in candidates.items() if both[1] >= least}
    bars = {c: max(at_base[0], _of_trunk(c, groups, tables[base])) for c in qualified}
    better = {c: both for c, both in qualified.items() if both[0] > bars[c]}
    best = max(better, key=lambda c: (better[c], -_cost(groups[c]), c), default=None)
    if not qualified:
        reason = f"no curriculum keeps a global accuracy of {least:.3f} on validation data"
    elif best is None:
        reason = _beaten(len(qualified), least, at_base[0], max(bars.values()))
    else:
        which = _among(len(qualified), len(candidates))
        reason = (
            f"most personal accuracy ({qualified[best][0]:.3f}) {which} a global accuracy of "
            f"{least:.3f}"
        )
    return Choice(best, least, reason, candidates, at_base)


def _among(qualified: int, candidates: int) -> str:
    """Among which curricula one is chosen, those that keep the floor."""
    if qualified > 1:
        return f"among the {qualified} of {candidates} curricula that keep"
    if candidates > 1:
        return f"of the one curriculum of {candidates} that keeps"
    return "of the only curriculum that could be chosen, which keeps"


def _beaten(qualified: int, least: float, base: float, bar: float) -> str:
    """Why nobody is chosen though some keep the floor."""
    kept = f"a global accuracy of {least:.3f}"
    which = (
        f"of the {qualified} curricula that keep {kept}, none beats"
        if qualified > 1
        else f"the one curriculum that keeps {kept} does not beat"
    )
    if bar == base:
        return f"{which} the global-only model on the individuals ({base:.3f})"
    return f"{which} on the individuals the model that all share before their own training"


def _of_trunk(curriculum: str, groups: Mapping[str, Sequence[Row]], base: Figures) -> float:
    """The level of what all share before their own training, where it was studied too; else 0.

    Personalizing does not pay by what a longer shared training alone would have gained.
    """
    rows = groups.get(str(Curriculum(trunk))) if (trunk := parse(curriculum).trunk) else None
    return _level(figures(rows).personal_validation, base.personal_validation) if rows else 0.0


def _level(ours: Figure, base: Figure) -> float:
    """A candidate's mean accuracy: the base's, and the mean of what each individual gains on it.

    For a candidate that has all models this is its plain mean; one whose trainings failed for some
    is not judged by who happens to be left. Equal ones are equal to the last digit.
    """
    return round(mean(base) + mean_gain(ours, base), DIGITS)


def _cost(rows: Sequence[Row]) -> float:
    """Samples that a model is trained on for its individual alone: of equals, take the cheaper."""
    return sum(row.own_samples for row in rows) / len(rows)
