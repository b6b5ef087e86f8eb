"""Phases that are trained several times from where they begin: the mean of what the runs end at.

A model soup (Wortsman et al., "Model soups", ICML 2022): weights that were fine-tuned from the same
start lie in one basin, and their mean has less of what only one run's batches and draws made.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, Self, TypeVar

from monogram.plan import Stretch


class Trained(Protocol):
    """The state of one network or of a stack."""

    def at_run(self, step: int, before: Self) -> Self:
        """The same weights before the first step of another run, after the time of those before."""

    def mixed(self, end: Self, share: float) -> Self:
        """After another run: these weights with a share of those at its end."""


Start = TypeVar("Start", bound=Trained)


def mean_of_runs(
    start: Start, runs: Sequence[Stretch], train: Callable[[int, Start], Start]
) -> Start:
    """Train the runs of a phase one after the other, each from its start.

    Args:
        start: at the first step of the first run; where there is only one, at any of its steps.
        runs: of the phase, at least one.
        train: from a run's place and a state to the state at the run's end.

    Returns:
        The mean of the ends; of a single run its end.
    """
    mean = train(0, start)
    for place, run in enumerate(runs[1:], start=1):
        end = train(place, start.at_run(run.start, mean))
        mean = mean.mixed(end, 1 / (place + 1))
    return mean
