"""Results without any training in which the rows of Table 2 are as one wants them."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from tests.report.synthetic import BASE, BASELINE, synthetic

from monogram.reproduce import TABLE_2, Compared
from monogram.reproduce import paper as rows
from monogram.study import Results

TRANSFER_20 = f"{BASE} >> personal(iterations=20)"
TRANSFER_200 = f"{BASE} >> personal(iterations=200)"
OURS = {
    rows.BASELINE: BASELINE,
    rows.EARLY_500: f"personal(iterations=20) >> {BASE}",
    rows.EARLY_5000: f"personal(iterations=200) >> {BASE}",
    rows.MIXED_2: "mixed(every=2, epochs=4)",
    rows.MIXED_88: "mixed(every=1/8, epochs=4)",
    rows.TRANSFER_20: TRANSFER_20,
    rows.TRANSFER_200: TRANSFER_200,
}
PAPERS = {curriculum: name for name, curriculum in OURS.items()}


def compared(scenario):
    """All rows of Table 2."""
    return tuple(Compared(row, OURS[row.name]) for row in TABLE_2[scenario])


def world(
    figures: Callable[[str, int], tuple[float, float]],
    *,
    people: int = 50,
    costs: Mapping[str, float] = {},
    validation: Mapping[str, tuple[float, float]] = {},
    beyond: tuple[str, ...] = (),
    **more,
) -> Results:
    """Figures by curriculum and individual; validation figures, where given, for everybody."""

    def change(row):
        personal, shared = validation.get(
            row.curriculum, (row.personal_accuracy, row.global_accuracy)
        )
        return replace(
            row,
            personal_accuracy_validation=personal,
            global_accuracy_validation=shared,
            own_samples=round(costs.get(row.curriculum, 0.0) * row.baseline_samples),
        )

    ids = [f"person {nth:02}" for nth in range(people)]
    order = (BASE, *OURS.values(), *beyond)
    return synthetic(ids, figures, order=order, change=change, **more)


def as_published(scenario, people=50, noise=3e-4):
    """The paper's means and standard deviations; who is better with one row is with another."""
    published = {row.name: row for row in TABLE_2[scenario]}
    draw = np.random.default_rng(0)
    common = draw.normal(size=people)
    common = (common - common.mean()) / common.std(ddof=1)
    wobble = {name: draw.normal(0, noise, (people, 2)) for name in published}

    def figures(curriculum, nth):
        if curriculum == BASE:
            return (0.9, 0.9)
        name = PAPERS[curriculum]
        row, (one, other) = published[name], wobble[name][nth]
        judged_on = nth - 1 if curriculum == BASELINE else nth
        personal = row.personal.mean + row.personal.sd * common[judged_on] + one
        return (float(personal), float(row.shared.mean + row.shared.sd * common[nth] + other))

    costs = {OURS[name]: row.relative_cost for name, row in published.items()}
    return figures, {"people": people, "costs": costs}
