"""Monogram's side: the engine, its workers, its journal."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.price.workloads import Workload
from monogram.engine import execute, layout, read_journal
from monogram.engine.job import EngineName
from monogram.population import Population, save_population
from monogram.study import Study
from monogram.training import load_state


class Ours:
    """A study whose base is trained and judged already.

    Args:
        workload: what to do.
        population: whom for.
        folder: for the run directory.
        engine: as `Study.run` takes it.
        curves: whether learning curves are recorded, which the other sides do not.
    """

    def __init__(
        self,
        workload: Workload,
        population: Population,
        folder: Path,
        engine: EngineName = "auto",
        *,
        curves: bool = False,
    ) -> None:
        self._population, self._folder = population, folder
        study = Study(
            population, [workload.curriculum], network=workload.network, epochs=1, curves=curves
        )
        self._plan = study.plan()
        self._job = replace(study.job(folder), engine=engine)
        layout.prepare(folder)
        save_population(population, layout.population(folder))
        root = self._plan.roots[0]
        only_base = replace(self._plan, roots=(replace(root, children=()),))
        execute(only_base, replace(self._job, engine="loop"), population)
        layout.engine(folder).unlink()
        shutil.copytree(layout.journal(folder), folder / "base")
        state = load_state(layout.trunk(folder, root.key), root.key, torch.device("cpu"))
        assert state is not None
        self.base = study.architecture.build(0)
        self.base.load_state_dict(state.weights)

    def accuracies(self) -> dict[str, tuple[float, float]]:
        """Train and judge everybody: by id the personal and the global accuracy."""
        self.forget()
        failures = execute(self._plan, self._job, self._population, workers=None)
        assert not failures, failures
        rows = read_journal(layout.journal(self._folder))
        return {
            row.individual: (row.personal_accuracy, row.global_accuracy)
            for row in rows
            if "personal" in row.curriculum
        }

    @property
    def engine(self) -> EngineName:
        """That trains two people as everybody was trained last, who are too few for a choice."""
        kinds = json.loads(layout.engine(self._folder).read_text("utf-8"))["kinds"]
        return "stacked" if any(kind["most"] > 1 for kind in kinds.values()) else "auto"

    def forget(self) -> None:
        """Forget everything but the base."""
        journal = layout.journal(self._folder)
        shutil.rmtree(journal, ignore_errors=True)
        shutil.copytree(self._folder / "base", journal)
