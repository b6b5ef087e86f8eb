"""The rows of a study as tables of individuals: seeds averaged within an individual first."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np

from monogram.engine import Row

DIGITS = 12  # of a mean that are more than rounding noise


@dataclass(frozen=True, eq=False)
class Figures:
    """One curriculum's figures by individual, means over seeds.

    Personal figures stand under the individual they were measured on, global figures under the
    individual whose model it is: for the baseline these differ.

    Attributes:
        personal: accuracy on D_I, by individual it was measured on.
        personal_validation: the same on validation data.
        shared: accuracy on D_G, by individual whose model it is.
        shared_validation: the same on validation data.
    """

    personal: dict[str, float]
    personal_validation: dict[str, float]
    shared: dict[str, float]
    shared_validation: dict[str, float]


def figures(rows: Sequence[Row]) -> Figures:
    """The figures of the rows of one curriculum."""
    return Figures(
        personal=means([(row.evaluated_on, row.personal_accuracy) for row in rows]),
        personal_validation=means(
            [(row.evaluated_on, row.personal_accuracy_validation) for row in rows]
        ),
        shared=means([(row.individual, row.global_accuracy) for row in rows]),
        shared_validation=means([(row.individual, row.global_accuracy_validation) for row in rows]),
    )


def by_curriculum(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each curriculum."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.curriculum].append(row)
    return dict(groups)


def paired(ours: dict[str, float], theirs: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Two figures of the individuals that both have, in the same order: [n], [n]."""
    both = sorted(ours.keys() & theirs.keys())
    return np.array([ours[i] for i in both]), np.array([theirs[i] for i in both])


def mean(values: dict[str, float]) -> float:
    """The unweighted mean over individuals."""
    return _mean(list(values.values()))


def means(pairs: Sequence[tuple[str, float]]) -> dict[str, float]:
    """The mean of each individual's values, by individual."""
    values: dict[str, list[float]] = defaultdict(list)
    for individual, value in pairs:
        values[individual].append(value)
    return {individual: _mean(several) for individual, several in values.items()}


def _mean(values: list[float]) -> float:
    """Rounded, so that the same values in another order are not more or less."""
    return round(fsum(values) / len(values), DIGITS)
