"""Monogram's side: the engine, its workers, its journal."""

import shutil
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.price.workloads import Workload
from monogram.engine import execute, layout, read_journal
from monogram.population import save_population
from monogram.study import Study
from monogram.study.study import default_workers
from monogram.training import load_state


class Ours:
    """A study whose base is trained already.

    Args:
        workload: what to do.
        folder: for the run directory.
    """

    def __init__(self, workload: Workload, folder: Path) -> None:
        self.population = workload.population()
        study = Study(
            self.population, [workload.curriculum], network=workload.network, epochs=1, curves=False
        )
        self._job, self._plan, self._folder = study.job(folder), study.plan(), folder
        save_population(self.population, layout.population(folder))
        root = self._plan.roots[0]
        execute(
            replace(self._plan, roots=(replace(root, children=()),)), self._job, self.population
        )
        base = load_state(layout.trunk(folder, root.key), root.key, torch.device("cpu"))
        assert base is not None
        self.base = study.architecture.build(0)
        self.base.load_state_dict(base.weights)

    def accuracies(self) -> dict[str, tuple[float, float]]:
        """Train and judge everybody: by id the personal and the global accuracy."""
        shutil.rmtree(layout.journal(self._folder), ignore_errors=True)
        failures = execute(self._plan, self._job, self.population, workers=default_workers())
        assert not failures, failures
        rows = read_journal(layout.journal(self._folder))
        return {
            row.individual: (row.personal_accuracy, row.global_accuracy)
            for row in rows
            if "personal" in row.curriculum
        }
