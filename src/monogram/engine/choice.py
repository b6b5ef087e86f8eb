"""Who is trained together, on how many threads: tried out, for a moment, and bounded by memory.

What is chosen is kept in the run directory, so that a run that is gone on with sums in the same
order. What was measured is kept in the user's cache, by machine and network.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil, inf, isfinite
from pathlib import Path
from typing import Any

from monogram.engine import layout
from monogram.engine.cohort import Grouping, Kind, Team, trained_by, trainings
from monogram.engine.found import Found, Sort, overall
from monogram.engine.job import Job
from monogram.engine.judge_stack import kept_bytes
from monogram.engine.load import Workload, shared_samples, workload
from monogram.engine.machine import Measurements, torch_threads
from monogram.engine.room import room_of_each
from monogram.engine.threads import team_of
from monogram.engine.trial import Trial, not_judged_together
from monogram.errors import OtherRunError, RunError
from monogram.plan import Plan, Task
from monogram.population import Population
from monogram.training import described
from monogram.training.dual import MOST_BATCHES

FEWEST = 16  # individuals, below whom "auto" does not look for anything faster
SIZES = (8, 32, 64)  # individuals of the cohorts that are tried; with few samples more are faster
COHORTS = 4  # at least so many, for as many workers
ADJUSTED_COPIES = 2  # of an individual's weights: its own, and in the stack
WORTH = 1.5
"""Times faster than one by one that "auto" asks for.

A trial has the machine to itself. Workers side by side share the way to memory, of which stacks
take more: what was 1.3 times as fast for a moment took 1.2 times as long in a whole run (a
transformer of 16 numbers), what was 5 times as fast was 2 times (layers of 784 and 512).
"""


def grouping_of(plan: Plan, job: Job, population: Population, workers: int) -> Grouping:
    """Who is trained together in a run: as before, or chosen now and written down.

    Args:
        plan: what is trained.
        job: how; says which engine is wanted, and how much memory there is.
        population: whom for.
        workers: processes that share the memory.

    Raises:
        RunError: what was written down cannot be read.
        OtherRunError: another engine was asked for then.
    """
    if isinstance(job.engine, Grouping):
        return job.engine
    file = layout.engine(job.folder)
    if file.exists():
        return _read(file, job)
    chosen = choose(plan, job, population, workers)
    kinds = {name: _as_json(kind) for name, kind in chosen.kinds.items()}
    kept = {
        "engine": job.engine,
        "kinds": kinds,
        "team": asdict(chosen.team),
        "native": chosen.native,
    }
    part = file.with_suffix(".part")
    part.write_text(json.dumps(kept, indent=1), "utf-8")
    part.replace(file)
    return chosen


def _as_json(kind: Kind) -> dict[str, Any]:
    """Plain values: JSON has no infinity."""
    return asdict(kind) | {"seconds": kind.seconds if isfinite(kind.seconds) else None}


def _of_json(values: dict[str, Any]) -> Kind:
    kind = Kind(**values)
    return kind if values["seconds"] is not None else replace(kind, seconds=inf)


def _read(file: Path, job: Job) -> Grouping:
    try:
        kept = json.loads(file.read_text("utf-8"))
        kinds = {name: _of_json(values) for name, values in kept["kinds"].items()}
        team = Team(**kept.get("team", {}))
        grouping = Grouping(kinds, team, bool(kept.get("native")))
        engine = str(kept["engine"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise RunError(f"{file} is damaged ({error}); delete it to choose again") from error
    if job.engine not in ("auto", engine):
        raise OtherRunError(
            f"{job.folder} was begun with the engine {engine!r}, not {job.engine!r}; go on with "
            "that one, or choose another folder"
        )
    return grouping


def choose(plan: Plan, job: Job, population: Population, workers: int) -> Grouping:
    """Who is trained together, as `grouping_of`; nothing is written but the cache."""
    kinds = dict(choices(plan, job, population, workers))
    return Grouping(kinds, team_of(plan, job, population), job.native)


def choices(
    plan: Plan, job: Job, population: Population, workers: int
) -> Iterator[tuple[str, Kind]]:
    """For each kind of training who is trained together; nothing is written but the cache."""
    by_kind: dict[str, list[Task]] = {}
    for task in plan.tasks:
        if not task.shared:
            for name in trained_by(task):
                by_kind.setdefault(name, []).append(task)
    budget = room_of_each(plan, job, population, workers)
    for name, tasks in by_kind.items():
        yield name, _kind(name, tasks, job, population, budget)


def _kind(name: str, tasks: Sequence[Task], job: Job, population: Population, budget: int) -> Kind:
    people = len({task.node.stretch.owner for task in tasks})
    most = max(2, people // COHORTS)
    if job.engine == "loop":
        return Kind(reason="the loop was asked for")
    if people < (FEWEST if job.engine == "auto" else 2):
        return Kind(reason=f"{people} individuals are too few to gain by training together")
    if not name:
        problem = not_judged_together(job, population)
        if problem:
            reason = f"they cannot be judged together: {problem}"
            return Kind(reason=reason, is_remarkable=True)
        return _adjusted(job, most, budget)
    load = workload(tasks, job, population)
    found = _overall(name, tasks, load, job, population, budget)
    if found.problem:
        reason = f"they cannot be trained together: {found.problem}"
        return Kind(reason=reason, is_remarkable=True)
    work = load.steps / len(tasks), load.judged_samples / len(tasks)
    each = found.each(_most_samples(tasks, population))
    shared = kept_bytes(found.shared_sample * shared_samples(job, population))
    room = max(0, budget - shared)
    kind = _together(found, work, most, room, each, at_any_rate=job.engine == "stacked")
    return replace(kind, shared=shared) if kind.most > 1 else kind


def _most_samples(tasks: Sequence[Task], population: Population) -> int:
    """The training samples of whoever has the most."""
    owners = {str(task.node.stretch.owner) for task in tasks}
    return max(len(population.individuals[owner].train) for owner in owners)


def _adjusted(job: Job, most: int, budget: int) -> Kind:
    """Cohorts of those whose weights are changed, at most all of them, and judged."""
    weights = job.architecture.build(0).state_dict().values()
    each = ADJUSTED_COPIES * sum(tensor.numel() * tensor.element_size() for tensor in weights)
    fits = budget // each
    if fits < 2:
        return Kind(reason=_too_much(budget), is_remarkable=True)
    size, reason = min(most, SIZES[-1], fits), "nothing is trained, only judged"
    return Kind(size, padded=True, memory=each, reason=reason)


def _too_much(budget: int) -> str:
    return f"two of them take more memory than a worker has for them, {budget:,} bytes"


def _together(
    found: Found, work: tuple[float, float], most: int, budget: int, each: int, *, at_any_rate: bool
) -> Kind:
    """Cohorts of those whose trial went well, if that pays and fits.

    Args:
        found: by the trial.
        work: steps and judged samples of an individual.
        most: individuals of a cohort.
        budget: bytes of a worker.
        each: bytes of an individual.
        at_any_rate: also where it does not pay.
    """
    fits = budget // each
    chosen = _cohort(found, *work, most=min(most, max(2, fits)))
    reason = f"{_compared(chosen.gain)} together, in a short trial"
    if not at_any_rate and chosen.gain < WORTH:
        return Kind(reason=reason)
    if fits < 2:
        return Kind(reason=_too_much(budget), is_remarkable=True)
    return Kind(chosen.size, found.padded, chosen.gain, chosen.seconds, each, reason=reason)


def _compared(gain: float) -> str:
    """How the time that training takes compares, in words."""
    return f"{gain:.1f} times as fast" if gain >= 1 else f"{1 / gain:.1f} times as long"


def _overall(
    name: str,
    tasks: Sequence[Task],
    load: Workload,
    job: Job,
    population: Population,
    budget: int,
) -> Found:
    """What trials find of all sorts of phases of a kind."""
    steps: Counter[Sort] = Counter()
    for stretch in (stretch for task in tasks for stretch in trainings(task)):
        if stretch.trained.train == name:
            steps[Sort.of(stretch.trained)] += stretch.steps
    found = []
    for sort, some in (+steps or steps).items():  # those that are never trained take no time
        share = some / steps.total() if steps.total() else 1 / len(steps)
        part = Workload({name: some}, int(load.judged_samples * share))
        having = [task for task in tasks if sort.is_in(task)]
        found.append((_found(sort, having, part, job, population, budget), share))
    return overall(found)


def _found(
    sort: Sort,
    tasks: Sequence[Task],
    load: Workload,
    job: Job,
    population: Population,
    budget: int,
) -> Found:
    """What a trial finds, or found before on this machine of a network of the same code."""
    what, measurements = _key(sort, tasks, job, population), Measurements()
    kept = _kept(measurements.get(*what)) if what else None
    if kept and kept.is_enough(load):
        return kept
    thorough = job.engine == "stacked"
    with torch_threads(job.threads):
        found = Trial(sort, tasks, job, population).found(SIZES, load, budget, thorough=thorough)
    whole = SIZES[-1] * found.each(_most_samples(tasks, population)) <= budget
    if what and whole and not found.problem:  # which may be the data's: the next trial tells
        measurements.keep(found.as_dict(), *what)
    return found


def _kept(values: Any) -> Found | None:
    """What was kept of a trial; None where there is nothing, or it is damaged."""
    try:
        return Found.from_dict(values)
    except (TypeError, ValueError, KeyError, AttributeError):
        return None


def _key(sort: Sort, tasks: Sequence[Task], job: Job, population: Population) -> tuple[str, ...]:
    """What a trial's findings depend on, beside the machine; empty where that cannot be told."""
    about = described(job.architecture.build(0))
    batch, device = f"batch {job.recipe.batch_size}", f"{job.device}, {job.threads} threads"
    where = (batch, _lengths(tasks, job, population), device)
    how = f"thorough {job.engine == 'stacked'}, native {job.native}"
    return about and (str(sort), *about, str(population.input_shape), *where, how)


def _lengths(tasks: Sequence[Task], job: Job, population: Population) -> str:
    """How many samples personal batches have: the most of all, and about those in the middle.

    And how many batches there are at most, as far as another form may be the faster for them.
    """
    owners = {str(task.node.stretch.owner) for task in tasks}
    own = sorted(len(population.individuals[owner].train) for owner in owners)
    batch = job.recipe.batch_size
    middle, most = (min(batch, some) for some in (own[len(own) // 2], own[-1]))
    batches = min(MOST_BATCHES + 1, ceil(own[-1] / batch))
    mostly = 2 ** middle.bit_length()
    return f"{batches} personal batches at most, of {most} samples, mostly below {mostly}"


@dataclass(frozen=True)
class _Cohort:
    """How large cohorts should be.

    Attributes:
        size: individuals of one.
        gain: times faster than one by one, as far as it was tried.
        seconds: of an individual.
    """

    size: int
    gain: float
    seconds: float


def _cohort(found: Found, steps: float, samples: float, *, most: int) -> _Cohort:
    """The cohorts of at most so many that are fastest, for so many steps and judged samples.

    Where more would be faster there are as many as there may be, and what is said of them is what
    the largest of no more was measured to gain.
    """
    times = {size: speed.seconds(steps, samples) for size, speed in found.together.items()}
    size = min(min(times, key=times.__getitem__), most)
    seconds = times[max(tried for tried in times if tried <= size)]
    return _Cohort(size, found.alone.seconds(steps, samples) / seconds, seconds)
