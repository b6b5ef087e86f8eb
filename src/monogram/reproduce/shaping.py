"""Early shaping's irreversibility as a curve: its iterations against what is left in the end.

Two networks: the paper's with batch normalisation, as in the rows, and the plain one, which the
paper's Table 1 prints. The same first individuals at every point.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from monogram.curriculum import EarlyShaping
from monogram.engine import Row
from monogram.measure import spread
from monogram.population import Population
from monogram.reproduce.scale import Scale
from monogram.reproduce.values import ShapingCurve
from monogram.study import Results, Study
from monogram.study.figures import by_individual, figures

NORMALISED, PLAIN = "paper", "paper-plain"
NETWORKS = (NORMALISED, PLAIN)
ROWS = (500, 5_000)  # points that the rows of Table 2 have trained already


def shaping_studies(population: Population, scale: Scale) -> dict[str, Study]:
    """The studies that the curve needs besides the main one, by the name of the network.

    Args:
        population: of the main study; its first individuals are taken.
        scale: how many, and the points.
    """
    few = population.only(list(population.individuals)[: scale.shaping_individuals])
    points = {
        NORMALISED: [point for point in scale.shaping_points if point not in ROWS],
        PLAIN: list(scale.shaping_points),
    }
    return {
        name: Study(
            few,
            [EarlyShaping(scale.early(point)) for point in points[name]],
            network=scale.network(name),
            epochs=scale.epochs,
            recipe=scale.recipe,
            seeds=scale.seeds,
        )
        for name in NETWORKS
        if points[name]
    }


def shaping_curves(
    results: Results, further: Mapping[str, Results], scale: Scale
) -> tuple[ShapingCurve, ...]:
    """One curve for each network, of what is finished.

    Args:
        results: of the main study.
        further: of the studies of `shaping_studies`, by the name of the network.
        scale: of all of them.
    """
    some = {row.individual for one in further.values() for row in one.rows}
    some = some or set(list(results.population.individuals)[: scale.shaping_individuals])
    main = [row for row in results.rows if row.individual in some]
    rows = {NORMALISED: main, PLAIN: []}
    for name, one in further.items():
        rows[name] = [*rows[name], *one.rows]
    return tuple(
        shaping_curve(scale.network(name), rows[name], scale) for name in NETWORKS if rows[name]
    )


def shaping_curve(network: str, rows: Sequence[Row], scale: Scale) -> ShapingCurve:
    """The curve of the points that rows have been trained for; equal models count once.

    Args:
        network: its name.
        rows: of any curricula.
        scale: tells which of them are the curve's.
    """
    lengths = sorted({scale.early(point) for point in scale.shaping_points})
    curricula = {n: str(EarlyShaping(n).with_epochs(scale.epochs)) for n in lengths}
    groups = {0: _of(rows, f"global(epochs={scale.epochs})")}
    groups |= {n: _of(rows, curriculum) for n, curriculum in curricula.items()}
    trained = {n: group for n, group in groups.items() if group}
    tables = [figures(group) for group in trained.values()]
    shared = [spread(list(by_individual(table.shared).values())) for table in tables]
    personal = [spread(list(by_individual(table.personal).values())) for table in tables]
    return ShapingCurve(
        network=network,
        iterations=tuple(trained),
        shared=tuple(one.mean for one in shared),
        shared_sd=tuple(one.sd for one in shared),
        personal=tuple(one.mean for one in personal),
        collapsed=tuple(float(np.mean([r.collapsed for r in g])) for g in trained.values()),
        models=tuple(len(group) for group in trained.values()),
    )


def _of(rows: Sequence[Row], curriculum: str) -> list[Row]:
    """The rows of a curriculum, one for each individual and seed."""
    found = {(row.individual, row.seed): row for row in rows if row.curriculum == curriculum}
    return list(found.values())
