"""The rows of a study as tables of models, and of individuals: seeds averaged within one first.

Two curricula are compared model by model: by the same individuals and the same seeds, so that a
training that failed says nothing of the curriculum whose seed is missing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np

from monogram.engine import Row
from monogram.measure.noise import DIGITS

MEAN_DIGITS = 12  # of a mean; what is made of means has fewer that are not noise: `DIGITS`

Figure = Mapping[tuple[str, int], float]
"""A figure of each model, by individual and seed."""


@dataclass(frozen=True, eq=False)
class Figures:
    """One curriculum's figures of each model.

    Personal figures stand under the individual they were measured on, global figures under the
    individual whose model it is: for the baseline these differ.

    Attributes:
        personal: accuracy on D_I, by individual it was measured on.
        personal_validation: the same on validation data.
        shared: accuracy on D_G, by individual whose model it is.
        shared_validation: the same on validation data.
    """

    personal: Figure
    personal_validation: Figure
    shared: Figure
    shared_validation: Figure


def figures(rows: Sequence[Row]) -> Figures:
    """The figures of the rows of one curriculum."""
    return Figures(
        personal={(row.evaluated_on, row.seed): row.personal_accuracy for row in rows},
        personal_validation={
            (row.evaluated_on, row.seed): row.personal_accuracy_validation for row in rows
        },
        shared={(row.individual, row.seed): row.global_accuracy for row in rows},
        shared_validation={
            (row.individual, row.seed): row.global_accuracy_validation for row in rows
        },
    )


def by_curriculum(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each curriculum."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.curriculum].append(row)
    return dict(groups)


def by_individual(figure: Figure) -> dict[str, float]:
    """A figure's mean over seeds, by individual."""
    return means((individual, value) for (individual, _), value in figure.items())


def paired(ours: Figure, theirs: Figure) -> tuple[np.ndarray, np.ndarray]:
    """Two figures of the individuals, over the seeds that both have, in one order: [n], [n]."""
    both = sorted(ours.keys() & theirs.keys())
    one, other = (by_individual({model: of[model] for model in both}) for of in (ours, theirs))
    return np.array(list(one.values())), np.array(list(other.values()))


def gains(ours: Figure, theirs: Figure) -> dict[str, float]:
    """Ours - theirs by individual, over the seeds that both have, without rounding noise."""
    return {individual: round(gain, DIGITS) for individual, gain in _gains(ours, theirs).items()}


def mean_gain(ours: Figure, theirs: Figure) -> float:
    """The mean of all gains, not rounded: it is the same in any order."""
    each = _gains(ours, theirs)
    return fsum(each.values()) / len(each)


def mean(figure: Figure) -> float:
    """The unweighted mean over individuals."""
    each = by_individual(figure).values()
    return round(fsum(each) / len(each), MEAN_DIGITS)


def means(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The mean of each individual's values, by individual."""
    return {individual: round(value, MEAN_DIGITS) for individual, value in _means(pairs).items()}


def _gains(ours: Figure, theirs: Figure) -> dict[str, float]:
    both = sorted(ours.keys() & theirs.keys())
    return _means((model[0], ours[model] - theirs[model]) for model in both)


def _means(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    values: dict[str, list[float]] = defaultdict(list)
    for individual, value in pairs:
        values[individual].append(value)
    return {individual: fsum(several) / len(several) for individual, several in values.items()}
