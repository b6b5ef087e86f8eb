"""With how many threads a shared phase is trained: measured for a moment, on this machine.

Individuals are trained side by side, a core for each. A phase that they all start from has nobody
beside it: with one thread the other cores would wait for it.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

from monogram.engine import layout
from monogram.engine.cohort import Team
from monogram.engine.job import Job
from monogram.engine.machine import Measurements, cores, torch_threads
from monogram.engine.probe import step_seconds
from monogram.networks import laid_out
from monogram.plan import Plan, Stretch
from monogram.population import Population
from monogram.training import described

WORTH = 1.3  # times faster that twice as many threads have to be; less may be chance
STEPS = 6  # of a measurement; the first is not counted
FEWEST = 100  # steps that all start from; fewer are over before a trial pays
SHORTEST = 0.005  # seconds of a step; in less threads do not find each other


def team_of(plan: Plan, job: Job, population: Population) -> Team:
    """The threads for a plan's shared phases.

    They depend on network and machine, and on whether there is enough to do; not on workers.

    Args:
        plan: what is trained.
        job: how; there is no team for the loop that was asked for, and on an accelerator.
        population: whom for.
    """
    untrained = _untrained(plan, job)
    if sum(stretch.steps for stretch in untrained) < FEWEST:
        return Team()
    if job.engine == "loop" or job.device != "cpu" or job.threads >= cores():
        return Team()
    subject, measurements = _subject(job, population), Measurements()
    kept: Any = measurements.get(*subject) if subject else None
    try:
        return Team(**kept)
    except TypeError:  # there is nothing, or it is damaged
        pass
    try:
        team = _tried(lambda threads: _step(untrained[0], threads, job, population), job.threads)
    except Exception:  # of the network, or of the data: the run will tell
        return Team()
    if subject and team:
        measurements.keep(asdict(team), *subject)
    return team or Team()


def _untrained(plan: Plan, job: Job) -> list[Stretch]:
    """The shared stretches that are still to be trained."""
    nodes = (node for root in plan.roots for node in root.walk() if node.shared)
    left = (node for node in nodes if not layout.trunk(job.folder, node.key).exists())
    return [node.stretch for node in left if node.stretch.steps]


def _tried(seconds: Callable[[int], float], before: int) -> Team | None:
    """Twice as many threads, and again, as long as that pays; None where a step is too short."""
    alone = best = seconds(before)
    if alone < SHORTEST:
        return None
    team = Team()
    for count in _counts(before, cores()):
        now = seconds(count)
        if now * WORTH > best:
            break
        best, team = now, Team(count, alone / now)
    return team


def _counts(threads: int, most: int) -> Iterator[int]:
    """Twice as many, and so on, up to the most.

    >>> list(_counts(1, 6)), list(_counts(2, 2))
    ([2, 4, 6], [])
    """
    while threads < most:
        threads = min(2 * threads, most)
        yield threads


def _step(stretch: Stretch, threads: int, job: Job, population: Population) -> float:
    """Seconds of a step of a shared phase."""
    beginning = replace(stretch, start=0, stop=STEPS, total=0)
    network = laid_out(job.architecture.build(0))
    with torch_threads(threads):
        return step_seconds(beginning, job, population, network)


def _subject(job: Job, population: Population) -> tuple[str, ...]:
    """What the findings depend on, beside the machine; empty where that cannot be told."""
    batch = min(job.recipe.batch_size, len(population.global_data.train))
    about = described(job.architecture.build(0))
    shape = str(population.input_shape)
    how = (f"{job.threads} threads", f"native {job.native}")
    return about and ("threads", *about, shape, f"batch {batch}", *how)
