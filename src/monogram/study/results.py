"""The results of a study: rows, summary and provenance, as a run directory holds them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from monogram.curriculum import parse
from monogram.engine import Row, read_journal
from monogram.errors import RunError
from monogram.plan import Sizes, one_sided_remarks, uses_individual
from monogram.population import Population, open_population
from monogram.study.figures import by_curriculum
from monogram.study.rundir import RunDirectory
from monogram.study.summary import Summary, amortised_cost, marginal_cost, summarise


@dataclass(frozen=True, eq=False)
class Results:
    """What a study found.

    Attributes:
        rows: one for each model, sorted by curriculum, individual and seed.
        summary: each curriculum over all individuals, the tests, the choice.
        population: whom it was found on.
        config: what was asked and what with, as recorded.
        failures: one line for each training that raised an error.
        remarks: what a reader should know about the curricula, with these data.
        folder: the run directory, or None for what was not read from one.
    """

    rows: tuple[Row, ...]
    summary: Summary
    population: Population
    config: dict[str, Any]
    failures: tuple[str, ...] = ()
    folder: Path | None = None
    remarks: tuple[str, ...] = ()

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """The results in a run directory, as far as it has come.

        Raises:
            RunError: the folder holds no run, or none of its models is finished.
        """
        run = RunDirectory(Path(folder))
        config = run.config()
        study = config["study"]
        rows = read_journal(run / "journal")
        if not any(row.curriculum == study["base"] for row in rows):
            raise RunError(f"{folder}: no model is finished yet; run the study there to the end")
        population = open_population(run / "population").only(study["individuals"])
        failures = run.read_json("failures.json", [])
        curricula = [parse(text) for text in study["curricula"]]
        sizes = Sizes.of(population, study["recipe"]["batch_size"])
        summary = summarise(
            rows,
            study["curricula"],
            study["base"],
            floor=study["min_global_accuracy"],
            set_aside=len(population.set_aside),
            failed=sum(len(failure["curricula"]) for failure in failures),
            idle={str(one) for one in curricula if not uses_individual(one, sizes)},
        )
        remarks = tuple(one_sided_remarks(curricula, sizes))
        lines = tuple(failure["line"] for failure in failures)
        return cls(tuple(rows), summary, population, config, lines, run.folder, remarks)

    def save(self, folder: Path) -> None:
        """Write `results.parquet` and `summary.json`."""
        run = RunDirectory(folder)
        part = run / "results.parquet.part"
        pq.write_table(self.table(), part)
        part.replace(run / "results.parquet")
        run.write_json("summary.json", self.summary.as_dict())

    def table(self) -> pa.Table:
        """One row for each model: `Row`'s columns and those that need several models.

        Adds `base_personal_accuracy` (the global-only model of the same seed on the same
        individual), `relative_cost_marginal` and `relative_cost_amortised` (r_train).
        """
        rows, individuals = self.rows, self.summary.individuals
        base = _base_accuracies(rows, self.summary.base)
        columns = {field.name: [getattr(row, field.name) for row in rows] for field in fields(Row)}
        return pa.table(
            columns
            | {
                "base_personal_accuracy": [base.get((r.evaluated_on, r.seed)) for r in rows],
                "relative_cost_marginal": [marginal_cost(row) for row in rows],
                "relative_cost_amortised": [amortised_cost(row, individuals) for row in rows],
            }
        )

    def of(self, curriculum: str) -> list[Row]:
        """The rows of one curriculum, by its text form or title."""
        return by_curriculum(self.rows)[self.summary[curriculum].curriculum]


def _base_accuracies(rows: Sequence[Row], base: str) -> dict[tuple[str, int], float]:
    return {
        (row.individual, row.seed): row.personal_accuracy for row in rows if row.curriculum == base
    }
