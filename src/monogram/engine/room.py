"""How many workers there is memory for."""

from monogram.engine.job import Job
from monogram.engine.machine import free_memory
from monogram.engine.probe import probed
from monogram.errors import SettingError
from monogram.plan import Plan
from monogram.population import Population

PROCESS = 2**28  # bytes that a worker holds besides individuals; 150 to 200 MiB were measured


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
    each = PROCESS + _memory(plan, job, population)
    fits = (job.memory or free_memory()) // each
    if job.memory is not None and not fits:
        raise SettingError(
            f"memory of {_text(job.memory)} is less than the {_text(each)} that one worker takes "
            f"(Python and PyTorch, and a batch of {job.recipe.batch_size} in training); give more, "
            "or a smaller batch"
        )
    return max(1, min(wanted, fits))


def _memory(plan: Plan, job: Job, population: Population) -> int:
    """Bytes that training and judging take; 0 where nobody knows."""
    try:
        return probed(plan, job, population).memory
    except Exception:  # of the network, or of somebody's data: the run will tell
        return 0


def _text(memory: int) -> str:
    return f"{memory / 2**20:,.0f} MiB"
