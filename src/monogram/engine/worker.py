"""A worker: does tasks and cohorts in its process, and turns what goes wrong into values."""

import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from monogram.engine.cohort import Cohort, Grouping, Unit
from monogram.engine.harvest import Identity, NotJudgedError
from monogram.engine.job import Job
from monogram.engine.machine import torch_threads
from monogram.engine.runner import Runner
from monogram.engine.stack_runner import StackRunner
from monogram.engine.workshop import Workshop
from monogram.errors import MonogramError, NetworkError, RunError, in_a_line, shorten
from monogram.plan import Model, Task


@dataclass(frozen=True)
class Failure:
    """A task that raised an error: its models are missing from the results.

    Attributes:
        individual: whose task it was.
        curricula: the models that are missing.
        seed: of the study's seeds.
        error: what was raised, in one line.
        trace: the whole traceback.
    """

    individual: str
    curricula: tuple[str, ...]
    seed: int
    error: str
    trace: str

    def __str__(self) -> str:
        """One line for a report."""
        return (
            f"individual {shorten(self.individual)!r}, seed {self.seed}: {self.error} "
            f"(missing: {', '.join(self.curricula)})"
        )


@dataclass(frozen=True)
class Outcome:
    """What came of a unit of work.

    Attributes:
        failures: of single individuals.
        remark: why a cohort was not trained together after all, or None.
    """

    failures: tuple[Failure, ...] = ()
    remark: str | None = None


class Worker:
    """Does units of work of one run, one after the other, in this process.

    Args:
        job: what they have in common.
        progress: told the work done since the last call, in samples looked at.
    """

    def __init__(self, job: Job, progress: Callable[[float], None]) -> None:
        self._shop = Workshop(job, progress)
        self._runner = Runner(self._shop)
        self._stacks = StackRunner(self._shop)

    def do(self, unit: Unit, done: frozenset[Identity]) -> Outcome:
        """Do a unit of work.

        Raises:
            RunError: a shared phase failed.
            OSError: the disk is full.
        """
        if isinstance(unit, Cohort):
            return self._together(unit, done)
        with torch_threads(self._threads(unit)):
            return self._each([unit], done)

    def close(self) -> None:
        """Hand everything to the disk."""
        self._shop.close()

    def _threads(self, task: Task) -> int:
        """How many PyTorch computes a task with."""
        job = self._shop.job
        team = job.engine.team.threads if isinstance(job.engine, Grouping) else 0
        return team if task.shared and team else job.threads

    def _together(self, cohort: Cohort, done: frozenset[Identity]) -> Outcome:
        """A cohort as one computation, or one after the other where that fails."""
        try:
            self._stacks.run(cohort, done)
        except (OSError, MonogramError) as error:
            if not isinstance(error, NetworkError):
                raise
            remark = str(error)
        except Exception as error:
            remark = in_a_line(error)
        else:
            return Outcome()
        handed_over = done | self._stacks.handed_over
        return Outcome(self._each(cohort.tasks, handed_over).failures, remark.split("\n")[0])

    def _each(self, tasks: Iterable[Task], done: frozenset[Identity]) -> Outcome:
        return Outcome(tuple(failure for task in tasks for failure in self._attempt(task, done)))

    def _attempt(self, task: Task, done: frozenset[Identity]) -> list[Failure]:
        """Do a task by the loop; what goes wrong for an individual is a value, not the end."""
        stretch = task.node.stretch
        try:
            self._runner.run(task, done)
        except (OSError, MonogramError):
            raise
        except NotJudgedError as error:
            return [_not_judged(model, cause) for model, cause in error.causes.items()]
        except Exception as error:
            there = done | self._runner.handed_over
            left = [model for model in task.models if model.identity not in there]
            if stretch.owner is not None:
                return [_failure(stretch.owner, left, in_a_line(error), error)]
            raise RunError(
                f"training and judging on the global data failed in {stretch.phase}: "
                f"{in_a_line(error)}"
            ) from error
        return []


def _not_judged(model: Model, error: Exception) -> Failure:
    """That a model is missing since somebody's data are not what the network takes."""
    told = in_a_line(error)
    if model.evaluated_on != model.individual:
        told = f"judging on the data of {shorten(model.evaluated_on)!r} failed: {told}"
    return _failure(model.individual, [model], told, error)


def _failure(individual: str, models: Sequence[Model], told: str, error: Exception) -> Failure:
    """What is missing of an individual's models, all of one seed, and why."""
    trace = "".join(traceback.format_exception(error))
    curricula = tuple(dict.fromkeys(model.curriculum for model in models))
    return Failure(individual, curricula, models[0].seed, told, trace)
