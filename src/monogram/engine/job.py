"""What all tasks of a run have in common: everything a worker needs to know once."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from monogram.curriculum import Recipe
from monogram.engine.cohort import Grouping
from monogram.engine.harvest import Harvest, Journalling
from monogram.errors import SettingError
from monogram.native import is_available
from monogram.networks import Architecture, natively, shortened, shortened_natively
from monogram.training import Way

EngineName = Literal["auto", "loop", "stacked"]
KINDS = ("cpu", "cuda")  # of devices


@dataclass(frozen=True)
class Job:
    """The settings that workers share.

    Attributes:
        folder: the run directory; holds the population, the journal and the checkpoints.
        architecture: the network.
        recipe: how phases train.
        device: for example "cpu" or "cuda".
        threads: of each worker; results are the same for any number of workers, and differ in
            the last digits for another number of threads.
        checkpoint_seconds: between two checkpoints of a training in flight.
        evaluation_samples: the most samples of D_G that a model is judged on, for validation and
            test each.
        harvest: what is done with finished models.
        engine: "loop", one individual after the other; "stacked", individuals of one shape
            together wherever that works; "auto", together where it is faster; or exactly who.
        memory: bytes that all workers may use together; None: what the machine has free.
        curves: whether points of learning curves are recorded; the training is the same.
    """

    folder: Path
    architecture: Architecture
    recipe: Recipe = Recipe()
    device: str = "cpu"
    threads: int = 1
    checkpoint_seconds: float = 60.0
    evaluation_samples: int = 10_000
    harvest: Harvest = Journalling()
    engine: EngineName | Grouping = "auto"
    memory: int | None = None
    curves: bool = False

    @property
    def native(self) -> bool:
        """Whether networks that are trained or judged alone compute natively what they can.

        Not by the engine "loop", which computes a network as PyTorch has it.
        """
        if isinstance(self.engine, Grouping):
            return self.engine.native
        return self.engine != "loop" and is_available()

    def layers(self, network: nn.Module) -> AbstractContextManager[None]:
        """In this context a network computes as it does where it is trained alone."""
        return natively(network) if self.native else nullcontext()

    @property
    def way(self) -> Way:
        """In which a network is judged alone."""
        return shortened_natively if self.native else shortened


def choose_device(name: str) -> str:
    """The device that a name means; "auto" is CUDA's if there is one, else the processor.

    Raises:
        SettingError: no such device here, or of a kind that is not known to give these numbers.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        kind = torch.device(name).type
        if kind not in KINDS:
            raise SettingError(
                f"device {name!r}: {' and '.join(KINDS)} are supported; others lack float64 or "
                "random streams of their own. Leave out --device to compute on the processor"
            )
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        said = str(error).split("\n", 1)[0]
        raise SettingError(f"device {name!r} cannot be used here: {said}") from error
    return name
