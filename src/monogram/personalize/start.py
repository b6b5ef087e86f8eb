"""What personal models are made from: a base, its D_G, a network and a curriculum.

They come from a run directory, with the study's choice, or from a base of one's own.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import torch

from monogram.curriculum import Curriculum, Recipe, parse
from monogram.engine import Job
from monogram.engine.job import choose_device
from monogram.errors import RunError, SettingError
from monogram.networks import Architecture, architecture
from monogram.networks.architecture import Factory
from monogram.personalize.given import prepared_as, read_weights
from monogram.personalize.trunks import find_trunks, shared_keys
from monogram.plan import Plan, compile_plan
from monogram.population import Population
from monogram.study import RunDirectory, Study
from monogram.study.choice import ALLOWED_LOSS
from monogram.study.study import default_epochs
from monogram.study.study import resume as study_of
from monogram.training import State, Weights, load_state

GIVEN = "given"  # a base of one's own, whose curriculum nobody knows


@dataclass(frozen=True, eq=False)
class Start:
    """What personal models are made from.

    Attributes:
        population: gives D_G and the classes, and the individuals if nobody else is named.
        architecture: the network.
        curriculum: with every length explicit; its trunk is the base's training or the study's.
        base: all tensors of the base, by name.
        base_curriculum: how the base was trained, for the record.
        recipe: how phases train.
        epochs: the length of phases that name none.
        seed: of the training.
        floor: the least global validation accuracy, a fraction in [0, 1]; None: `ALLOWED_LOSS`
            under the base's.
        evaluation_samples: the most samples of D_G to judge a model on, for validation and test.
        device: "cpu", "cuda" …
        threads: of each worker.
        trunks: states at the ends of the plan's shared nodes that need not be trained again.
        run: the run directory, if it comes from one.

    Raises:
        CurriculumError: the curriculum makes no personal models.
    """

    population: Population
    architecture: Architecture
    curriculum: Curriculum
    base: Weights
    base_curriculum: str
    recipe: Recipe = Recipe()
    epochs: int = 1
    seed: int = 0
    floor: float | None = None
    evaluation_samples: int = 10_000
    device: str = "cpu"
    threads: int = 1
    trunks: Mapping[str, State] = field(default_factory=dict)
    run: Path | None = None

    def __post_init__(self) -> None:
        """Settle lengths, and refuse what makes no personal models."""
        settled = self.curriculum.with_epochs(self.epochs)
        object.__setattr__(self, "curriculum", settled)
        if not settled.is_personal:
            raise SettingError(
                f"{settled} makes no model for an individual's own use; give a curriculum with a "
                "personal, mixed or union phase, for example transfer(20)"
            )

    @classmethod
    def of_run(
        cls,
        folder: str | Path,
        *,
        curriculum: Curriculum | str | None = None,
        floor: float | None = None,
        seed: int | None = None,
        network: str | Factory | None = None,
    ) -> Self:
        """What a study found and kept.

        Args:
            folder: a run directory.
            curriculum: None: the study's choice.
            floor: None: the study's.
            seed: one of the study's; None: its first.
            network: a name or a factory of the bare network, where it cannot be imported by the
                name that it had.

        Raises:
            RunError: no run, one that is not finished, or one that chose nothing.
            NetworkError: the network's code was changed since.
            SettingError: another seed, or the curriculum makes no personal models.
        """
        run = RunDirectory(Path(folder))
        study = study_of(folder, network=network)
        study.check_code(run)
        chosen, its_floor = _choice(run, curriculum)
        seed = study.seeds[0] if seed is None else seed
        if seed not in study.seeds:
            raise SettingError(f"{folder} has no seed {seed}; it has {list(study.seeds)}")
        start = cls(
            population=study.population,
            architecture=study.architecture,
            curriculum=chosen,
            base=_base_of(study, run, seed),
            base_curriculum=str(study.base),
            recipe=study.recipe,
            epochs=study.epochs or 1,
            seed=seed,
            floor=its_floor if floor is None else floor,
            evaluation_samples=study.evaluation_samples,
            device=choose_device(study.device),
            threads=study.threads,
            run=Path(folder),
        )
        return replace(start, trunks=find_trunks(start.plan(), _plan_of(study), run / "trunks"))

    @classmethod
    def of_base(  # noqa: PLR0913 - what a study would have settled
        cls,
        base: str | Path | Weights,
        population: Population,
        curriculum: Curriculum | str,
        *,
        network: str | Factory | None = None,
        recipe: Recipe = Recipe(),
        epochs: int | None = None,
        seed: int = 0,
        floor: float | None = None,
        evaluation_samples: int = 10_000,
        device: str = "auto",
        threads: int = 1,
    ) -> Self:
        """A base of one's own; it takes the place of the curriculum's trunk.

        Args:
            base: a safetensors file, or all tensors by name: of the bare network, or with the
                preparation of its inputs as Monogram writes them.
            population: whom for; its D_G judges forgetting, and rehearses.
            curriculum: what to do with the base.
            network: as `monogram.networks.architecture` takes it.
            recipe: how phases train.
            epochs: the length of phases that name none; None: as a study chooses.
            seed: of the training.
            floor: the least global validation accuracy; None: `ALLOWED_LOSS` under the base's.
            evaluation_samples: the most samples of D_G to judge a model on.
            device: "cpu", "cuda", … or "auto".
            threads: of each worker.

        Raises:
            NetworkError: the base cannot be read, or is not one of the network.
            SettingError: the curriculum makes no personal models.
        """
        name = "the base" if isinstance(base, Mapping) else f"the base in {base}"
        made = architecture(network, population, standardize=False)
        weights = read_weights(base, made)
        start = cls(
            population=population,
            architecture=prepared_as(made, weights, name),
            curriculum=parse(curriculum) if isinstance(curriculum, str) else curriculum,
            base=weights,
            base_curriculum=GIVEN if isinstance(base, Mapping) else f"{GIVEN}: {Path(base).name}",
            recipe=recipe,
            epochs=epochs or default_epochs(population, recipe),
            seed=seed,
            floor=floor,
            evaluation_samples=evaluation_samples,
            device=choose_device(device),
            threads=threads,
        )
        trunk = State(0, dict(weights), {})
        return replace(start, trunks=dict.fromkeys(shared_keys(start.plan()), trunk))

    @property
    def curriculum_text(self) -> str:
        """The curriculum's text form with every length explicit."""
        return str(self.curriculum)

    def description(self) -> dict[str, Any]:
        """The network and the type of its raw inputs, as a store keeps it."""
        return {**self.architecture.description(), "inputs": str(self.population.inputs.dtype)}

    def settings(self) -> dict[str, Any]:
        """What the numbers depend on besides data, base, curriculum and seed; plain values."""
        return {
            "network": self.architecture.name,
            "recipe": asdict(self.recipe),
            "epochs": self.epochs,
            "floor": self.floor,
            "evaluation_samples": self.evaluation_samples,
        }

    def base_settings(self) -> dict[str, Any]:
        """What is known of how the base was made besides its curriculum and seed; plain values."""
        known = {"network": self.architecture.name}
        if self.base_curriculum.startswith(GIVEN):
            return known
        return known | {"recipe": asdict(self.recipe), "epochs": self.epochs}

    def plan(self, people: Population | None = None) -> Plan:
        """The training of all models; without people, that of one individual."""
        if people is None:
            people = self.population.only(list(self.population.individuals)[:1])
        return compile_plan(
            [self.curriculum], people, seeds=[self.seed], epochs=self.epochs, recipe=self.recipe
        )

    def job(self, folder: Path) -> Job:
        """What workers need to know."""
        return Job(
            folder=folder,
            architecture=self.architecture,
            recipe=self.recipe,
            device=self.device,
            threads=self.threads,
            evaluation_samples=self.evaluation_samples,
        )

    def least(self, at_base: float | None) -> float:
        """The floor, given the base's global validation accuracy."""
        return max(0.0, (at_base or 0.0) - ALLOWED_LOSS) if self.floor is None else self.floor


def _choice(run: RunDirectory, asked: Curriculum | str | None) -> tuple[Curriculum, float | None]:
    """What to do with everybody, and the study's floor."""
    summary = run.read_json("summary.json")
    if asked is not None:
        floor = summary["choice"]["floor"] if summary else None
        return parse(asked) if isinstance(asked, str) else asked, floor
    if summary is None:
        raise RunError(
            f"the study in {run.folder} is not finished, or somebody was erased from it since; run "
            f"`monogram resume {run.folder}` first: what is there is not trained again"
        )
    choice = summary["choice"]
    if choice["curriculum"] is None:
        best = max(choice["candidates"], key=lambda c: choice["candidates"][c][0], default=None)
        example = f"; the most personal accuracy had --curriculum {best!r}" if best else ""
        raise RunError(
            f"the study in {run.folder} recommends no curriculum: {choice['reason']}. To "
            f"personalize all the same, name one with --curriculum{example}"
        )
    return parse(choice["curriculum"]), choice["floor"]


def _plan_of(study: Study) -> Plan:
    """The study's plan for two individuals: what all share is the same as for everybody."""
    few = list(study.population.individuals)[:2]
    return replace(study, population=study.population.only(few), seeds=list(study.seeds)).plan()


def _base_of(study: Study, run: RunDirectory, seed: int) -> Weights:
    """The weights of the study's global-only model."""
    nodes = (node for root in _plan_of(study).roots for node in root.walk() if node.shared)
    key = next(
        node.key
        for node in nodes
        for model in node.models
        if (model.curriculum, model.seed) == (str(study.base), seed)
    )
    state = load_state(run / "trunks" / f"{key}.safetensors", key, torch.device("cpu"))
    if state is None:
        raise RunError(
            f"{run.folder} has no global-only model of seed {seed} yet; run `monogram resume "
            f"{run.folder}` first"
        )
    return state.weights
