"""How much work tasks are: steps of training, and samples looked at to judge."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monogram.engine.curves import looks
from monogram.engine.job import Job
from monogram.plan import Task
from monogram.population import Population

STEP_UNITS = 3.0  # a sample that is trained on costs about three that are only looked at


@dataclass(frozen=True)
class Workload:
    """What some tasks amount to.

    Attributes:
        steps_of: optimizer steps, by what trains in them, as phases say it.
        judged_samples: samples looked at to judge models.
    """

    steps_of: Mapping[str, int]
    judged_samples: int

    @property
    def steps(self) -> int:
        """All optimizer steps."""
        return sum(self.steps_of.values())

    def units(self, batch: int) -> float:
        """The work in samples looked at; one trained on counts for several."""
        return STEP_UNITS * batch * self.steps + self.judged_samples


def workload(tasks: Sequence[Task], job: Job, population: Population) -> Workload:
    """The steps and the judging of some tasks."""
    on_global = shared_samples(job, population)
    own = {id_: len(s) - len(s.train) for id_, s in population.individuals.items()}
    ends = sum(1 for task in tasks for node in task.nodes() if node.models)
    judged = sum(own[model.evaluated_on] for task in tasks for model in task.models)
    on_curves = looks(tasks, population).samples if job.curves else 0
    steps: Counter[str] = Counter()
    for stretch in (node.stretch for task in tasks for node in task.nodes() if node.stretch.steps):
        steps[stretch.trained.train] += stretch.steps
    return Workload(steps, ends * on_global + judged + on_curves)


def shared_samples(job: Job, population: Population) -> int:
    """The samples of D_G that a model is judged on, of both parts where there are two."""
    split = population.global_data
    parts = {(rows.start, rows.stop): len(rows) for rows in (split.validation, split.test)}
    return sum(min(job.evaluation_samples, samples) for samples in parts.values())
