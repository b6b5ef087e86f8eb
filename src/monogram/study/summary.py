"""The summary of a study: each curriculum over all individuals, the tests, and the choice."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from monogram.curriculum import Phase, parse, title
from monogram.engine import Row
from monogram.measure import Comparison, Interval, Spread, compare, holm, mean_interval, spread
from monogram.study.choice import Choice, choose
from monogram.study.figures import (
    Figures,
    by_curriculum,
    by_individual,
    figures,
    gains,
    paired,
)


@dataclass(frozen=True)
class CurriculumSummary:
    """One curriculum over all individuals; accuracies are fractions in [0, 1].

    Attributes:
        curriculum: text form.
        title: short name; the text form where two curricula would have the same.
        models: how many were trained.
        collapsed: how many of them gave up.
        personal: spread of acc(D_I) over individuals.
        shared: spread of acc(D_G) over the individuals' models.
        personal_interval: 95 % bootstrap interval of the mean of acc(D_I) over individuals.
        shared_interval: the same of acc(D_G).
        harmed: fraction of the individuals with less personal accuracy than the global-only
            model has on them, over the seeds that both have; None where there is nobody to compare.
        relative_cost_marginal: r_train, what one more individual costs, over the baseline's.
        relative_cost_amortised: the same with the individual's share of the trunk.
        seconds: mean training time of one individual's own part.
        personal_against_baseline: paired tests of personal accuracy, Holm-corrected over all
            curricula; None for the baseline itself or without one.
        shared_against_baseline: the same for global accuracy.
        personal_against_chosen: the same against the chosen curriculum.
        shared_against_chosen: the same for global accuracy.
    """

    curriculum: str
    title: str
    models: int
    collapsed: int
    personal: Spread
    shared: Spread
    personal_interval: Interval
    shared_interval: Interval
    harmed: float | None
    relative_cost_marginal: float
    relative_cost_amortised: float
    seconds: float
    personal_against_baseline: Comparison | None = None
    shared_against_baseline: Comparison | None = None
    personal_against_chosen: Comparison | None = None
    shared_against_chosen: Comparison | None = None


@dataclass(frozen=True)
class Summary:
    """Everything that a study found.

    Attributes:
        curricula: in the order in which they were asked for.
        choice: what to do.
        base: the global-only curriculum.
        individuals: how many were studied.
        set_aside: how many could not be used.
        failed: how many models are missing because their training raised an error.
        collapsed: how many models gave up.
    """

    curricula: tuple[CurriculumSummary, ...]
    choice: Choice
    base: str
    individuals: int
    set_aside: int
    failed: int
    collapsed: int

    def __getitem__(self, curriculum: str) -> CurriculumSummary:
        """The summary of one curriculum, by its text form or its title."""
        for one in self.curricula:
            if curriculum in (one.curriculum, one.title):
                return one
        raise KeyError(curriculum)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def summarise(
    rows: Sequence[Row],
    order: Sequence[str],
    base: str,
    *,
    floor: float | None = None,
    set_aside: int = 0,
    failed: int = 0,
    idle: Collection[str] = (),
) -> Summary:
    """The summary of the rows of all models.

    Args:
        rows: of all models.
        order: the curricula's text forms, in the order of the report.
        base: the global-only curriculum.
        floor: the least global accuracy for the choice.
        set_aside: individuals that could not be used.
        failed: models that are missing.
        idle: curricula that never used an individual's data; see `choose`.
    """
    groups = by_curriculum(rows)
    tables = {
        curriculum: figures(groups[curriculum]) for curriculum in order if curriculum in groups
    }
    choice = choose(rows, base, floor, idle)
    baseline = next((c for c in tables if parse(c).on_other), None)
    tests = {
        "against_baseline": _tests(tables, baseline),
        "against_chosen": _tests(tables, choice.curriculum),
    }
    individuals = {row.individual for row in rows}
    about = tables[base], len(individuals), tests, _epochs(base)
    curricula = tuple(
        _curriculum(curriculum, groups[curriculum], table, *about)
        for curriculum, table in tables.items()
    )
    collapsed = sum(one.collapsed for one in curricula)
    return Summary(curricula, choice, base, len(individuals), set_aside, failed, collapsed)


def _epochs(base: str) -> int | None:
    """The length on D_G of a study's global-only curriculum, and of all that name no other."""
    (phase,) = parse(base).phases
    return phase.epochs if isinstance(phase, Phase) else None


Tests = Mapping[str, Mapping[str, tuple[Comparison, Comparison]]]


def _curriculum(
    curriculum: str,
    rows: list[Row],
    table: Figures,
    base: Figures,
    individuals: int,
    tests: Tests,
    epochs: int | None,
) -> CurriculumSummary:
    worse = [gain < 0 for gain in gains(table.personal, base.personal).values()]
    personal, shared = (list(by_individual(one).values()) for one in (table.personal, table.shared))
    compared = {
        f"{what}_{against}": pair
        for against, by_name in tests.items()
        if curriculum in by_name
        for what, pair in zip(("personal", "shared"), by_name[curriculum], strict=True)
    }
    return CurriculumSummary(
        curriculum=curriculum,
        title=title(parse(curriculum), epochs),
        models=len(rows),
        collapsed=sum(row.collapsed for row in rows),
        personal=spread(personal),
        shared=spread(shared),
        personal_interval=mean_interval(personal),
        shared_interval=mean_interval(shared),
        harmed=float(np.mean(worse)) if worse else None,
        relative_cost_marginal=float(np.mean([marginal_cost(row) for row in rows])),
        relative_cost_amortised=float(np.mean([amortised_cost(row, individuals) for row in rows])),
        seconds=float(np.mean([row.seconds for row in rows])),
        **compared,
    )


def _tests(
    tables: Mapping[str, Figures], other: str | None
) -> dict[str, tuple[Comparison, Comparison]]:
    """Personal and global tests of every curriculum against one, each corrected as a family."""
    if other is None:
        return {}
    names = [n for n in tables if n != other and _have_pairs(tables[n], tables[other])]
    personal = holm([compare(*paired(tables[n].personal, tables[other].personal)) for n in names])
    shared = holm([compare(*paired(tables[n].shared, tables[other].shared)) for n in names])
    return dict(zip(names, zip(personal, shared, strict=True), strict=True))


def _have_pairs(ours: Figures, theirs: Figures) -> bool:
    """Whether somebody has figures of both; trainings that failed leave gaps."""
    return bool(ours.personal.keys() & theirs.personal and ours.shared.keys() & theirs.shared)


def marginal_cost(row: Row) -> float:
    """r_train of one more individual: its own training over its baseline's, in samples.

    Samples rather than seconds, so that the figure is the same on every machine and run.
    """
    return row.own_samples / row.baseline_samples


def shared_cost(row: Row) -> float:
    """What all individuals have in common over one baseline's training, in samples."""
    return row.shared_samples / row.baseline_samples


def amortised_cost(row: Row, individuals: int) -> float:
    """r_train with the individual's share of what all individuals have in common."""
    return marginal_cost(row) + shared_cost(row) / individuals
