"""How many workers there is memory for, and how much of it each has for its work.

The process that starts a run is a worker too: what it holds already, the user's own data among it,
counts as it is. Every other one holds Python and PyTorch.
"""

from monogram.engine.job import Job
from monogram.engine.machine import free_memory, resident
from monogram.engine.probe import probed
from monogram.errors import SettingError
from monogram.forking import FORKS
from monogram.plan import Plan
from monogram.population import Population

PROCESS = 2**28  # bytes kept for another worker besides its work; 130 to 260 MiB were measured
USUAL = 200 * 2**20  # bytes of them that are taken, as estimates reckon,
FORKED = 40 * 2**20  # and that each but the first takes, where all share what they are forked from
GATHERED = 48 * 2**20  # bytes that the process which starts a run comes to hold besides its work
RESERVE = 0.12  # of a limit, for what nobody measures before: whole studies took 7 to 14 % more


def room_for(plan: Plan, job: Job, population: Population, wanted: int) -> int:
    """The most workers up to some that fit the memory; at least one.

    Args:
        plan: what they would do.
        job: how; says how much memory there is.
        population: whom for.
        wanted: processes.

    Raises:
        SettingError: the memory that was given is less than one worker takes.
    """
    if wanted == 1 and job.memory is None:
        return 1
    work = _memory(plan, job, population)
    fits = (_left(job) + PROCESS) // (work + PROCESS)
    if job.memory is not None and fits < 1:
        raise SettingError(
            f"memory of {_text(job.memory)} is less than the {_text(_needed(work))} that one "
            "worker takes (this process with Python, PyTorch and what else it holds, and a batch "
            f"of {job.recipe.batch_size} in training); give more, or a smaller batch"
        )
    return max(1, min(wanted, fits))


def usual(others: int) -> int:
    """Bytes that so many other workers take besides their work, as estimates reckon."""
    each = FORKED if FORKS else USUAL
    return USUAL + (others - 1) * each if others else 0


def room_of_each(plan: Plan, job: Job, population: Population, workers: int) -> int:
    """Bytes that each of some workers has for individuals who are trained together.

    Args:
        plan: what they do.
        job: how; says how much memory there is.
        population: whom for.
        workers: processes, this one among them.
    """
    alone = 0 if job.memory is None else _memory(plan, job, population)
    return max(0, (_left(job) - (workers - 1) * PROCESS) // workers - alone)


def _left(job: Job) -> int:
    """Bytes that a run may take besides what this process holds; negative: it holds too many."""
    if job.memory is None:
        return free_memory()
    return int(job.memory * (1 - RESERVE)) - resident()


def _needed(work: int) -> int:
    """The least limit with which this process alone can do so much work."""
    return int((resident() + work) / (1 - RESERVE)) + 1


def _memory(plan: Plan, job: Job, population: Population) -> int:
    """Bytes that training and judging take; 0 where nobody knows."""
    try:
        return probed(plan, job, population).memory
    except Exception:  # of the network, or of somebody's data: the run will tell
        return 0


def _text(memory: int) -> str:
    return f"{memory / 2**20:,.0f} MiB"
