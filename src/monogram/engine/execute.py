"""Executing a plan: which tasks are ready, who does them, what failed.

With one worker the tasks are done in this process, one after the other, where a debugger can
follow; with more, each worker is a process that maps the same data into memory. The numbers are
the same, since every task starts from the same weights and draws from streams of its own.
"""

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from functools import partial
from math import inf
from pathlib import Path
from threading import Thread
from time import sleep

import psutil
import torch
from loky import ProcessPoolExecutor
from loky.process_executor import BrokenProcessPool

from monogram.engine import layout
from monogram.engine.allocator import keep_big_blocks
from monogram.engine.choice import grouping_of
from monogram.engine.cohort import Grouping, Unit, grouped
from monogram.engine.harvest import Identity
from monogram.engine.job import Job
from monogram.engine.load import Workload, workload
from monogram.engine.machine import cores, default_workers, one_process
from monogram.engine.probe import probed
from monogram.engine.progress import REFRESH_SECONDS, Counter, Display, total_of
from monogram.engine.room import room_for
from monogram.engine.worker import Failure, Outcome, Worker
from monogram.errors import RunError
from monogram.formats import count
from monogram.plan import Plan, Task
from monogram.population import Population

ENVIRONMENT = {"LOKY_MAX_MEMORY_LEAK_SIZE": "1e18"}
"""Data mapped into memory and kept blocks look like a leak, for which loky starts workers anew."""
WORTH_STARTING = 6.0  # seconds of work in one process, below which others would start too late
ORPHANED_SECONDS = 0.5  # between two looks whether the process that started a worker is there
AHEAD = 4  # tasks handed out per worker before the first comes back


def execute(
    plan: Plan,
    job: Job,
    population: Population,
    *,
    workers: int | None = 1,
    display: Display | None = None,
) -> list[Failure]:
    """Train and judge every model of a plan that the run directory does not hold yet.

    Args:
        plan: what to do.
        job: how; its folder holds the population.
        population: the same population, for counting the work.
        workers: processes; None: one for each core, or none besides this one for little work and
            on an accelerator.
        display: shows progress; None: nothing is shown.

    Returns:
        What failed for single individuals; the others are not affected.

    Raises:
        RunError: a shared phase failed, or a worker was killed.
        OSError: the disk is full.
    """
    layout.prepare(job.folder)
    done = job.harvest.done(job.folder)
    display = display or Display(quiet=True)
    _say_finished(plan, done, display)
    most = _most_workers(plan, job, population, done, workers, display)
    grouping = grouping_of(plan, job, population, most)
    for line in grouping.lines():
        display.say(line)
    job = replace(job, engine=grouping)
    batch = job.recipe.batch_size
    own = {id_: min(batch, len(one.train)) for id_, one in population.individuals.items()}
    units = grouped(plan.tasks, own, grouping)
    pending = [unit for unit in units if any(_is_pending(t, job, done) for t in unit.tasks)]
    load = workload([task for unit in pending for task in unit.tasks], job, population)
    if workers is None and most > 1:
        together = sum(map(grouping.seconds, pending))
        if min(together, _one_by_one(plan, job, population, load)) < WORTH_STARTING:
            most = 1
    run = _here if most == 1 else partial(_in_workers, workers=most)
    with display.over(load.units(min(batch, len(population.global_data.train)))):
        outcomes = run(pending, job, done, display)
    for remark in sorted({outcome.remark for outcome in outcomes if outcome.remark}):
        display.say(f"trained one by one, since together it failed: {remark}")
    failures = [failure for outcome in outcomes for failure in outcome.failures]
    if not failures:
        layout.clear_checkpoints(job.folder)
    return failures


def _say_finished(plan: Plan, done: frozenset[Identity], display: Display) -> None:
    identities = {model.identity for task in plan.tasks for model in task.models}
    if there := len(identities & done):
        display.say(f"{there:,} of {count(len(identities), 'model')} finished before")


def _most_workers(
    plan: Plan,
    job: Job,
    population: Population,
    done: frozenset[Identity],
    workers: int | None,
    display: Display,
) -> int:
    """As many as are wanted, or as there is memory for where anything is left to do."""
    wanted = workers or default_workers(job.device)
    if not any(_is_pending(task, job, done) for task in plan.tasks):
        return wanted
    most = room_for(plan, job, population, wanted)
    if most < wanted:
        display.say(f"{most} of {wanted} workers: there is memory for no more")
    return most


def _one_by_one(plan: Plan, job: Job, population: Population, load: Workload) -> float:
    """Seconds of so much work in one process; infinite where nobody knows."""
    try:
        found = probed(plan, job, population)
    except Exception:  # of the network, or of somebody's data: the run will tell
        return inf
    return found.seconds(load) if load.steps and found.step_seconds else inf


def _is_pending(task: Task, job: Job, done: frozenset[Identity]) -> bool:
    if any(model.identity not in done for model in task.models):
        return True
    if not task.node.shared or layout.trunk(job.folder, task.key).exists():
        return False
    return any(model.identity not in done for node in task.node.walk() for model in node.models)


def _here(
    units: list[Unit], job: Job, done: frozenset[Identity], display: Display
) -> list[Outcome]:
    """One unit of work after the other in this process."""
    total = 0.0

    def progress(units: float) -> None:
        nonlocal total
        total += units
        display.show(total)

    with one_process(job.threads):
        worker = Worker(job, progress)
        try:
            return [worker.do(unit, done) for unit in units]
        finally:
            worker.close()


def _in_workers(
    units: list[Unit], job: Job, done: frozenset[Identity], display: Display, workers: int
) -> list[Outcome]:
    """Units of work in several processes; the long ones first, so that no one waits at the end."""
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as counts:
        about = job, Path(counts), os.getpid()
        pool = ProcessPoolExecutor(workers, initializer=_start, initargs=about, env=ENVIRONMENT)
        try:

            def submit(unit: Unit) -> "Future[Outcome]":
                mine = done & {model.identity for model in unit.models}
                future: Future[Outcome] = pool.submit(_do, unit, mine)
                return future

            queue = _Queue(units, submit, workers * AHEAD, _teams(job))
            while queue.running:
                outcomes += queue.finished()
                display.show(total_of(Path(counts)))
        except BrokenProcessPool as error:
            raise RunError(
                "a worker process ended without an answer, most likely killed for lack of memory; "
                "run again with fewer --workers to go on from what is finished"
            ) from error
        finally:
            pool.shutdown(wait=True, kill_workers=True)
    return outcomes


def _teams(job: Job) -> int:
    """How many shared tasks the machine has threads for; 0: they have as many as all else."""
    threads = job.engine.team.threads if isinstance(job.engine, Grouping) else 0
    return max(1, cores() // threads) if threads else 0


class _Queue:
    """Work that is waiting, ready or running; it is ready when what it starts from is there.

    Args:
        units: all of it.
        submit: hands a unit out.
        most: units that may be handed out at a time.
        teams: shared tasks that may be, and nothing else beside them; 0: they are like all else.
    """

    def __init__(
        self,
        units: list[Unit],
        submit: Callable[[Unit], "Future[Outcome]"],
        most: int,
        teams: int,
    ) -> None:
        self._submit = submit
        self._most, self._teams = most, teams
        keys = {unit.key for unit in units}
        self._waiting = [unit for unit in units if unit.parent in keys]
        self._ready: list[Unit] = []
        self.running: dict[Future[Outcome], Unit] = {}
        self._make_ready([unit for unit in units if unit.parent not in keys])

    def finished(self) -> list[Outcome]:
        """Wait a little for work to be finished, and start what it held up."""
        ended, _ = wait(self.running, timeout=REFRESH_SECONDS, return_when=FIRST_COMPLETED)
        outcomes = [future.result() for future in ended]
        keys = {self.running.pop(future).key for future in ended}
        freed = [unit for unit in self._waiting if unit.parent in keys]
        self._waiting = (
            [unit for unit in self._waiting if unit.parent not in keys] if freed else self._waiting
        )
        self._make_ready(freed)
        return outcomes

    def _make_ready(self, units: list[Unit]) -> None:
        """Hand out work: shared tasks first, since others wait for them, then the long ones."""
        self._ready += units
        if units:
            self._ready.sort(key=lambda unit: (unit.shared, unit.steps))
        while self._ready and len(self.running) < self._room():
            unit = self._ready.pop()
            self.running[self._submit(unit)] = unit

    def _room(self) -> int:
        """How many units may be running beside each other when the next one is handed out."""
        if not self._teams:
            return self._most
        if self._ready[-1].shared:
            return self._teams
        return 0 if any(unit.shared for unit in self.running.values()) else self._most


_worker: Worker | Exception | None = None


def _start(job: Job, counts: Path, parent: int) -> None:
    """Make a process's worker; called once in each."""
    global _worker  # noqa: PLW0603 - a worker process does the work of one run only
    Thread(target=_end_with, args=(parent,), daemon=True).start()
    keep_big_blocks()
    torch.set_num_threads(job.threads)
    try:
        _worker = Worker(job, Counter(counts).add)
    except Exception as error:
        _worker = error


def _end_with(parent: int) -> None:
    """End this process when the one that started it is gone: killed, it could not say so."""
    while os.getppid() == parent and psutil.pid_exists(parent):
        sleep(ORPHANED_SECONDS)
    os._exit(1)


def _do(unit: Unit, done: frozenset[Identity]) -> Outcome:
    """Do a unit of work in a worker process."""
    if not isinstance(_worker, Worker):
        raise RunError(f"a worker could not start: {type(_worker).__name__}: {_worker}")
    return _worker.do(unit, done)
