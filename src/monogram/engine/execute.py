"""Executing a plan: which tasks are ready, who does them, what failed.

The first worker is this process: with one, the tasks are done here one after the other, where a
debugger can follow. Each one more is a process that maps the same data into memory. The numbers are
the same, since every task starts from the same weights and draws from streams of its own.
"""

import tempfile
from dataclasses import replace
from math import inf
from pathlib import Path

from monogram.engine import layout
from monogram.engine.allocator import big_blocks_kept
from monogram.engine.backlog import Backlog
from monogram.engine.choice import grouping_of
from monogram.engine.cohort import Grouping, Unit, grouped
from monogram.engine.harvest import Identity
from monogram.engine.job import Job
from monogram.engine.load import Workload, workload
from monogram.engine.machine import cores, default_workers, torch_threads
from monogram.engine.probe import probed
from monogram.engine.processes import other_processes
from monogram.engine.progress import REFRESH_SECONDS, Counter, Display, Paced, total_of
from monogram.engine.room import room_for
from monogram.engine.worker import Failure, Outcome, Worker
from monogram.forking import forks_at_once
from monogram.formats import count
from monogram.native import is_missing
from monogram.networks import gains_natively
from monogram.plan import Plan, Task
from monogram.population import Population

WITHOUT_C = (
    "Monogram was installed without native code, which this network would train faster with: "
    "run pip install for it again where there is a C compiler"
)
WORTH_STARTING = 3.0  # seconds of work in one process, below which others would start too late,
WORTH_FORKING = 0.5  # and where one is ready that forks them


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
        workers: processes, this one among them; None: one for each core, or this one alone for
            little work and on an accelerator.
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
    slower = job.engine != "loop" and is_missing() and gains_natively(job.architecture.build(0))
    job = replace(job, engine=grouping)
    batch = job.recipe.batch_size
    own = {id_: min(batch, len(one.train)) for id_, one in population.individuals.items()}
    units = grouped(plan.tasks, own, grouping)
    pending = [unit for unit in units if any(_is_pending(t, job, done) for t in unit.tasks)]
    if slower and pending:
        display.say(WITHOUT_C)
    load = workload([task for unit in pending for task in unit.tasks], job, population)
    if workers is None and most > 1:
        together = sum(map(grouping.seconds, pending))
        worth = WORTH_FORKING if forks_at_once() else WORTH_STARTING
        if min(together, _one_by_one(plan, job, population, load)) < worth:
            most = 1
    with display.over(load.units(min(batch, len(population.global_data.train)))):
        outcomes = _all_done(pending, job, done, display, most)
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
    return found.seconds(load) if load.steps and found.is_timed else inf


def _is_pending(task: Task, job: Job, done: frozenset[Identity]) -> bool:
    if any(model.identity not in done for model in task.models):
        return True
    if not task.node.shared or layout.trunk(job.folder, task.key).exists():
        return False
    return any(model.identity not in done for node in task.node.walk() for model in node.models)


def _all_done(
    units: list[Unit], job: Job, done: frozenset[Identity], display: Display, workers: int
) -> list[Outcome]:
    """Do units of work in this process, and in others beside it where there are more workers."""
    backlog = Backlog(units, _teams(job))
    with tempfile.TemporaryDirectory() as name, torch_threads(job.threads), big_blocks_kept():
        counts = Path(name)
        show = Paced(lambda: display.show(total_of(counts)), REFRESH_SECONDS)
        counter = Counter(counts)

        def progress(work: float) -> None:
            backlog.check()
            counter.add(work)
            show()

        with other_processes(workers - 1, job, done, counts, backlog):
            worker = Worker(job, progress)
            try:
                backlog.work(lambda unit: worker.do(unit, done), show)
            finally:
                worker.close()
    backlog.check()
    return backlog.outcomes


def _teams(job: Job) -> int:
    """How many shared tasks the machine has threads for; 0: they have as many as all else."""
    threads = job.engine.team.threads if isinstance(job.engine, Grouping) else 0
    return max(1, cores() // threads) if threads else 0
