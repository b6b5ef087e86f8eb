"""A reproduction as its run directory holds it: results, Table 2 beside them, claims, goals."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from monogram.errors import RunError
from monogram.reproduce.claims import claims
from monogram.reproduce.goals import goals
from monogram.reproduce.scale import Scale, scale_of
from monogram.reproduce.scenario import SCENARIOS, Scenario, complete
from monogram.reproduce.shaping import NETWORKS, shaping_curves
from monogram.reproduce.values import Claim, Compared, Goal, ShapingCurve
from monogram.study import Results, RunDirectory

ABOUT = "reproduction"  # where `Study.about` says that a run directory holds one
SHAPING = "early-shaping"  # folder of the curve's studies in the run directory
FEWEST = 3  # individuals of whom anything can be said
BEYOND = "beyond"  # folder of the study of further individuals


@dataclass(frozen=True, eq=False)
class Reproduction:
    """What became of one of the paper's scenarios.

    Attributes:
        scenario: which.
        scale: how much of it.
        results: of all curricula.
        beyond: of what begins with the training that all share, for further individuals too; the
            same as `results` where there are none, or nothing is finished yet.
        compared: the rows of Table 2 with our counterparts, as far as they are finished.
        claims: of the paper's text, judged.
        goals: of the curricula beyond the paper, judged.
        shaping: early shaping's curve, one for each network.
        front: curricula that only move the prior, in order; empty where they say nothing.
    """

    scenario: Scenario
    scale: Scale
    results: Results
    beyond: Results
    compared: tuple[Compared, ...]
    claims: tuple[Claim, ...]
    goals: tuple[Goal, ...]
    shaping: tuple[ShapingCurve, ...]
    front: tuple[str, ...]

    @property
    def caution(self) -> str:
        """What to say before anything else of too few individuals; empty for enough."""
        few = len(self.results.population.individuals)
        if few >= FEWEST:
            return ""
        return f"This run shows that everything runs; of {few} people its findings say nothing."

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """The reproduction in a run directory, as far as it has come.

        Raises:
            RunError: the folder holds none, or none of its models is finished.
        """
        if not is_reproduction(folder):
            raise RunError(f"{folder} holds no reproduction; monogram reproduce makes one")
        results = Results.open(folder)
        scenario, scale = recorded(folder)
        late = Path(folder) / BEYOND
        beyond = Results.open(late) if (late / "summary.json").exists() else results
        finished = {one.curriculum for one in results.summary.curricula}
        compared = tuple(row for row in scenario.compared(scale) if row.curriculum in finished)
        places = {name: Path(folder) / SHAPING / name for name in NETWORKS}
        further = {
            name: Results.open(place)
            for name, place in places.items()
            if (place / "summary.json").exists()
        }
        front = (complete(text, scale) for text in scenario.front)
        return cls(
            scenario=scenario,
            scale=scale,
            results=results,
            beyond=beyond,
            compared=compared,
            claims=claims(results, compared, scenario.name),
            goals=goals(results, beyond, compared, scenario.name, scenario.proposals(scale)),
            shaping=shaping_curves(results, further, scale),
            front=tuple(curriculum for curriculum in front if curriculum in finished),
        )


def is_reproduction(folder: Path | str) -> bool:
    """Whether a run directory holds a reproduction.

    Raises:
        RunError: the folder holds no run.
    """
    return ABOUT in RunDirectory(Path(folder)).config()["about"]


def recorded(folder: Path | str) -> tuple[Scenario, Scale]:
    """Which scenario and scale a run directory is about."""
    about = RunDirectory(Path(folder)).config()["about"][ABOUT]
    return SCENARIOS[about["scenario"]], scale_of(about["scale"])
