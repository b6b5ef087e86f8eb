"""Running a reproduction: the main study, then those for the curve and for what goes beyond it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Unpack

from monogram.curriculum import parse
from monogram.errors import RunError
from monogram.population import Population
from monogram.reproduce.reproduction import ABOUT, BEYOND, SHAPING, Reproduction, recorded
from monogram.reproduce.scale import Scale
from monogram.reproduce.scenario import Scenario
from monogram.reproduce.shaping import shaping_studies
from monogram.study import RunDirectory, Study
from monogram.study.study import Running
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
        announce: Callable[[Study, Path], None] | None = None,
        **running: Unpack[Running],
    ) -> Reproduction:
        """Train and judge everything, or what is left of it, and leave a run directory.

        Args:
            out: the run directory; one that holds the same reproduction is gone on with.
            announce: called with each study and its folder before it runs.
            **running: as in `Study.run`.

        Raises:
            SettingError: an option is out of its range, or `memory` too little for one worker.
            RunError: the directory holds something else, or is in use.
            OSError: the disk is full.
        """
        left = {n: s for n, s in self.studies.items() if s.population.individuals or not n}
        for name, study in left.items():
            study.check_memory(Path(out) / name, running.get("memory"))
        with RunDirectory(Path(out)).locked():  # all the time, in the other folders as well
            for name, study in left.items():
                study.begin(Path(out) / name)
            for name, study in left.items():
                folder = Path(out) / name
                if announce:
                    announce(study, folder)
                study.run(folder, **running)
        return Reproduction.open(out)


def evaluation(
    scenario: Scenario, scale: Scale, population: Population, more: Population | None = None
) -> Evaluation:
    """The studies that reproduce a scenario.

    Args:
        scenario: which half of Table 2.
        scale: how much of it.
        population: the scenario's at that scale.
        more: the same and further individuals, for what goes beyond the paper.
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
    curve = shaping_studies(population, scale)
    studies = {"": main, **{f"{SHAPING}/{name}": one for name, one in curve.items()}}
    if more is not None and len(more.individuals) > len(population.individuals):
        late = [text for text in scenario.curricula(scale) if parse(text).trunk]
        studies[BEYOND] = replace(main, population=more, curricula=late, about={}, curves=False)
    return Evaluation(studies)


def resume(folder: Path | str) -> Evaluation:
    """The evaluation that a run directory holds, to be run there again.

    Studies that have begun are as they began, whoever was forgotten meanwhile.

    Raises:
        RunError: the folder holds no run, or one that was interrupted in its first seconds.
    """
    main, (scenario, scale) = resume_study(folder), recorded(folder)
    studies = dict(evaluation(scenario, scale, main.population).studies)
    begun = {n for n in (*studies, BEYOND) if RunDirectory(Path(folder) / n).begun}
    if BEYOND not in begun and scale.beyond_individuals > scale.individuals:
        raise RunError(
            f"{folder} was interrupted in its first seconds, before everybody's data was in it; "
            "give the whole command again"
        )
    return Evaluation(studies | {name: resume_study(Path(folder) / name) for name in begun})
