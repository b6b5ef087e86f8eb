"""Running a reproduction: the main study, then the two of the early-shaping curve."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from monogram.engine import Display
from monogram.population import Population
from monogram.reproduce.reproduction import ABOUT, SHAPING, Reproduction, recorded
from monogram.reproduce.scale import Scale
from monogram.reproduce.scenario import Scenario
from monogram.reproduce.shaping import shaping_studies
from monogram.study import RunDirectory, Study
from monogram.study.study import resume as resume_study


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What is to be reproduced.

    Attributes:
        studies: by their folder within the run directory; "" is the main one, which comes first.
    """

    studies: Mapping[str, Study]

    def run(
        self,
        out: Path | str,
        *,
        workers: int | None = None,
        display: Display | None = None,
        checkpoint_seconds: float = 60.0,
        announce: Callable[[Study, Path], None] | None = None,
    ) -> Reproduction:
        """Train and judge everything, or what is left of it, and leave a run directory.

        Args:
            out: the run directory; one that holds the same reproduction is gone on with.
            workers: as in `Study.run`, and the next two.
            display: shows progress; None: nothing is shown.
            checkpoint_seconds: between two checkpoints of a training in flight.
            announce: called with each study and its folder before it runs.

        Raises:
            RunError: the directory holds something else, or is in use.
            OSError: the disk is full.
        """
        for name, study in self.studies.items():
            folder = Path(out) / name
            if announce:
                announce(study, folder)
            study.run(
                folder, workers=workers, display=display, checkpoint_seconds=checkpoint_seconds
            )
        return Reproduction.open(out)


def evaluation(scenario: Scenario, scale: Scale, population: Population) -> Evaluation:
    """The studies that reproduce a scenario.

    Args:
        scenario: which half of Table 2.
        scale: how much of it.
        population: the scenario's at that scale.
    """
    main = Study(
        population,
        scenario.curricula(scale),
        network=scale.network(),
        epochs=scale.epochs,
        recipe=scale.recipe,
        seeds=scale.seeds,
        about={ABOUT: {"scenario": scenario.name, "scale": asdict(scale)}},
    )
    further = shaping_studies(population, scale)
    return Evaluation({"": main, **{f"{SHAPING}/{name}": one for name, one in further.items()}})


def resume(folder: Path | str) -> Evaluation:
    """The evaluation that a run directory holds, to be run there again.

    Studies that have begun are as they began, whoever was forgotten meanwhile.

    Raises:
        RunError: the folder holds no run.
    """
    main = resume_study(folder)
    studies = dict(evaluation(*recorded(folder), main.population).studies)
    for name in studies:
        if RunDirectory(Path(folder) / name).begun:
            studies[name] = resume_study(Path(folder) / name)
    return Evaluation(studies)
