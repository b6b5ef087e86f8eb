"""Executing a plan: which tasks are ready, who does them, what failed.

With one worker the tasks are done in this process, one after the other, where a debugger can
follow; with more, each worker is a process that maps the same data into memory. The numbers are
the same, since every task starts from the same weights and draws from streams of its own.
"""

import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from loky import ProcessPoolExecutor
from loky.process_executor import BrokenProcessPool

from monogram.engine import layout
from monogram.engine.allocator import keep_big_blocks
from monogram.engine.curves import looks
from monogram.engine.harvest import Identity
from monogram.engine.job import Job
from monogram.engine.progress import REFRESH_SECONDS, Counter, Display, total_of
from monogram.engine.runner import STEP_UNITS, Runner
from monogram.errors import MonogramError, RunError, shorten
from monogram.plan import Plan, Task
from monogram.population import Population

AHEAD = 4  # tasks handed out per worker before the first comes back


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


def execute(
    plan: Plan,
    job: Job,
    population: Population,
    *,
    workers: int = 1,
    display: Display | None = None,
) -> list[Failure]:
    """Train and judge every model of a plan that the run directory does not hold yet.

    Args:
        plan: what to do.
        job: how; its folder holds the population.
        population: the same population, for counting the work.
        workers: processes.
        display: shows progress; None: nothing is shown.

    Returns:
        What failed for single individuals; the others are not affected.

    Raises:
        RunError: a shared phase failed, or a worker was killed.
        OSError: the disk is full.
    """
    layout.prepare(job.folder)
    done = job.harvest.done(job.folder)
    pending = [task for task in plan.tasks if _is_pending(task, job, done)]
    display = display or Display(quiet=True)
    run = _here if workers == 1 else partial(_in_workers, workers=workers)
    batch = min(job.recipe.batch_size, len(population.global_data.train))
    with display.over(workload(pending, job, population).units(batch)):
        failures = run(pending, job, done, display)
    if not failures:
        layout.clear_checkpoints(job.folder)
    return failures


@dataclass(frozen=True)
class Workload:
    """What some tasks amount to.

    Attributes:
        steps: optimizer steps.
        judged_samples: samples looked at to judge models.
    """

    steps: int
    judged_samples: int

    def units(self, batch: int) -> float:
        """The work in samples looked at; one trained on counts for several."""
        return STEP_UNITS * batch * self.steps + self.judged_samples


def workload(tasks: Sequence[Task], job: Job, population: Population) -> Workload:
    """The steps and the judging of some tasks."""
    split = population.global_data
    parts = {(rows.start, rows.stop): len(rows) for rows in (split.validation, split.test)}
    on_global = sum(min(job.evaluation_samples, samples) for samples in parts.values())
    own = {id_: len(s) - len(s.train) for id_, s in population.individuals.items()}
    ends = sum(1 for task in tasks for node in task.nodes() if node.models)
    judged = sum(own[model.evaluated_on] for task in tasks for model in task.models)
    on_curves = looks(tasks, population).samples if job.curves else 0
    return Workload(sum(task.steps for task in tasks), ends * on_global + judged + on_curves)


def _is_pending(task: Task, job: Job, done: frozenset[Identity]) -> bool:
    if any(model.identity not in done for model in task.models):
        return True
    if not task.node.shared or layout.trunk(job.folder, task.key).exists():
        return False
    return any(model.identity not in done for node in task.node.walk() for model in node.models)


def _here(
    tasks: list[Task], job: Job, done: frozenset[Identity], display: Display
) -> list[Failure]:
    """One task after the other in this process."""
    total = 0.0

    def progress(units: float) -> None:
        nonlocal total
        total += units
        display.show(total)

    with one_process(job.threads):
        runner = Runner(job, progress)
        try:
            outcomes = [_attempt(runner, task, done) for task in tasks]
        finally:
            runner.close()
    return [outcome for outcome in outcomes if outcome is not None]


def _attempt(runner: Runner, task: Task, done: frozenset[Identity]) -> Failure | None:
    """Do a task; what goes wrong for an individual is a value, not the end."""
    try:
        runner.run(task, done)
    except (OSError, MonogramError):
        raise
    except Exception as error:
        stretch = task.node.stretch
        line = f"{type(error).__name__}: {error}"
        if stretch.owner is None:
            raise RunError(
                f"training on the global data failed in {stretch.phase}: {line}"
            ) from error
        missing = tuple(dict.fromkeys(model.curriculum for model in task.models))
        return Failure(stretch.owner, missing, stretch.seed, line, traceback.format_exc())
    return None


@contextmanager
def one_process(count: int) -> Iterator[None]:
    """Within, PyTorch computes in this process with that many threads, as a worker does."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _in_workers(
    tasks: list[Task], job: Job, done: frozenset[Identity], display: Display, workers: int
) -> list[Failure]:
    """Tasks in several processes; the long ones first, so that no one waits at the end."""
    failures: list[Failure] = []
    with tempfile.TemporaryDirectory() as counts:
        pool = ProcessPoolExecutor(workers, initializer=_start, initargs=(job, Path(counts)))
        try:

            def submit(task: Task) -> "Future[Failure | None]":
                mine = done & {model.identity for model in task.models}
                future: Future[Failure | None] = pool.submit(_do, task, mine)
                return future

            queue = _Queue(tasks, submit, workers * AHEAD)
            while queue.running:
                failures += [failure for failure in queue.finished() if failure]
                display.show(total_of(Path(counts)))
        except BrokenProcessPool as error:
            raise RunError(
                "a worker process ended without an answer, most likely killed for lack of memory; "
                "run again with fewer --workers to go on from what is finished"
            ) from error
        finally:
            pool.shutdown(wait=True, kill_workers=True)
    return failures


class _Queue:
    """Tasks that are waiting, ready or running; a task is ready when its start is there."""

    def __init__(
        self, tasks: list[Task], submit: Callable[[Task], "Future[Failure | None]"], most: int
    ) -> None:
        self._submit = submit
        self._most = most
        keys = {task.key for task in tasks}
        self._waiting = [task for task in tasks if task.parent in keys]
        self._ready: list[Task] = []
        self.running: dict[Future[Failure | None], Task] = {}
        self._make_ready([task for task in tasks if task.parent not in keys])

    def finished(self) -> list[Failure | None]:
        """Wait a little for tasks to finish, and start those that they held up."""
        ended, _ = wait(self.running, timeout=REFRESH_SECONDS, return_when=FIRST_COMPLETED)
        outcomes = [future.result() for future in ended]
        keys = {self.running.pop(future).key for future in ended}
        freed = [task for task in self._waiting if task.parent in keys]
        self._waiting = (
            [task for task in self._waiting if task.parent not in keys] if freed else self._waiting
        )
        self._make_ready(freed)
        return outcomes

    def _make_ready(self, tasks: list[Task]) -> None:
        """Hand out tasks: shared ones first, since others wait for them, then the long ones."""
        self._ready += tasks
        if tasks:
            self._ready.sort(key=lambda task: (task.node.shared, task.steps))
        while self._ready and len(self.running) < self._most:
            task = self._ready.pop()
            self.running[self._submit(task)] = task


_runner: Runner | Exception | None = None


def _start(job: Job, counts: Path) -> None:
    """Make a worker's runner; called once in each process."""
    global _runner  # noqa: PLW0603 - a worker process does the tasks of one run only
    keep_big_blocks()
    torch.set_num_threads(job.threads)
    try:
        _runner = Runner(job, Counter(counts).add)
    except Exception as error:
        _runner = error


def _do(task: Task, done: frozenset[Identity]) -> Failure | None:
    """Do a task in a worker."""
    if not isinstance(_runner, Runner):
        raise RunError(f"a worker could not start: {type(_runner).__name__}: {_runner}")
    return _attempt(_runner, task, done)
