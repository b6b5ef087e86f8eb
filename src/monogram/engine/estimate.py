"""What a plan will take on this machine, from a short measurement of a few steps."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from monogram.engine.choice import choose
from monogram.engine.cohort import Grouping
from monogram.engine.curves import POINT_BYTES, looks
from monogram.engine.job import Job
from monogram.engine.load import workload
from monogram.engine.machine import resident
from monogram.engine.probe import Probe, probe
from monogram.engine.room import GATHERED, room_for, usual
from monogram.plan import Node, Plan
from monogram.population import Population


@dataclass(frozen=True)
class Estimate:
    """What a plan will take.

    Attributes:
        seconds: of wall-clock time.
        memory: bytes that all processes hold at once, the data counted once.
        disk: bytes of the run directory.
        step_seconds: one optimizer step of a full batch, in one worker; the mean of the plan's.
        workers: processes that there is memory for, of those asked for.
    """

    seconds: float
    memory: int
    disk: int
    step_seconds: float
    workers: int


def estimate(plan: Plan, job: Job, population: Population, workers: int) -> Estimate:
    """Measure a few steps with the study's network and data, and add up.

    Args:
        plan: what would be done.
        job: how.
        population: on whom.
        workers: processes; fewer are reckoned with where the memory is for fewer.

    Raises:
        SettingError: the memory that was given is less than one worker takes.
    """
    held = resident()
    network, found = job.architecture.build(0), probe(plan, job, population)
    workers = room_for(plan, job, population, workers)
    grouping = choose(plan, job, population, workers)
    seconds = _seconds(plan, job, population, grouping, found, workers)
    kinds = grouping.kinds.values()
    stacks = max((kind.most * kind.memory + kind.shared for kind in kinds), default=0)
    data = population.inputs.nbytes + population.labels.nbytes
    weights = sum(t.numel() * t.element_size() for t in network.state_dict().values())
    trunks = sum(1 for task in plan.tasks if task.node.shared)
    points = looks(plan.tasks, population).points if job.curves else 0
    besides = GATHERED + usual(workers - 1)
    return Estimate(
        seconds=seconds,
        memory=held + besides + workers * (found.memory + stacks) + data,
        disk=data + trunks * 2 * weights + 1_000 * plan.models + POINT_BYTES * points,
        step_seconds=_mean_step(plan, found),
        workers=workers,
    )


def _seconds(
    plan: Plan, job: Job, population: Population, grouping: Grouping, found: Probe, workers: int
) -> float:
    """Of wall-clock time: what all start from first, where that has the machine to itself."""
    parts = defaultdict(list)
    for task in plan.tasks:
        parts[task.shared, 1.0 if task.shared else grouping.of(task).gain].append(task)
    times = {True: 0.0, False: 0.0}
    for (shared, gain), tasks in parts.items():
        times[shared] += found.seconds(workload(tasks, job, population)) / gain
    if grouping.team.threads:
        longest = _longest(plan.roots, found, shared=False)
        return times[True] / grouping.team.gain + max(times[False] / workers, longest)
    return max(sum(times.values()) / workers, _longest(plan.roots, found))


def _mean_step(plan: Plan, found: Probe) -> float:
    """Seconds of an optimizer step, the mean of all those that a plan has."""
    stretches = [node.stretch for task in plan.tasks for node in task.nodes()]
    seconds = sum(stretch.steps * found.step_seconds(stretch) for stretch in stretches)
    return seconds / max(1, plan.steps)


def together(parts: Sequence[Estimate]) -> Estimate:
    """What several plans take one after the other; steps are measured on the first.

    Args:
        parts: of each, at least one.
    """
    return replace(
        parts[0],
        seconds=sum(part.seconds for part in parts),
        memory=max(part.memory for part in parts),
        disk=sum(part.disk for part in parts),
        workers=min(part.workers for part in parts),
    )


def _longest(nodes: Sequence[Node], found: Probe, *, shared: bool = True) -> float:
    """Seconds of the longest line of stretches that must follow one another.

    Args:
        nodes: where the lines begin.
        found: how long steps take.
        shared: whether shared stretches count.
    """

    def seconds(node: Node) -> float:
        counts = shared or not node.shared
        return node.stretch.steps * found.step_seconds(node.stretch) if counts else 0.0

    below = [_longest(node.children, found, shared=shared) for node in nodes]
    return max((seconds(node) + rest for node, rest in zip(nodes, below, strict=True)), default=0.0)
