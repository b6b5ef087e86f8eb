"""The study: what is asked, and running it."""

import hashlib
import operator
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import ceil
from pathlib import Path
from typing import Any, TypedDict

import torch

from monogram.curriculum import (
    Baseline,
    Curriculum,
    EarlyShaping,
    Global,
    Phase,
    Recipe,
    Rehearsal,
    SampleWeighting,
    Step,
    Transfer,
    parse,
)
from monogram.engine import Display, EngineName, Job, execute
from monogram.engine.job import choose_device
from monogram.engine.room import room_for
from monogram.errors import DataError, SettingError
from monogram.networks import (
    Architecture,
    Prepared,
    answers,
    architecture,
    check_answers,
    kept_factory,
    trainable_names,
)
from monogram.networks.architecture import Factory
from monogram.plan import Plan, compile_plan
from monogram.population import Population, fingerprint, open_population, save_population
from monogram.study.results import Results
from monogram.study.rundir import RunDirectory

DEFAULT_STEPS = 400  # that an unsaid number of epochs should make at least, within its bounds
DEFAULT_EPOCHS = (8, 40)
Curricula = Sequence[Curriculum | Step | str] | Curriculum | Step | str
"""One curriculum or several, as values or in their text form."""

DEFAULT_CURRICULA: tuple[Curriculum, ...] = (
    Baseline(),
    EarlyShaping(100),
    SampleWeighting(2),
    SampleWeighting("1/8"),
    Transfer(20),
    Transfer(200),
    Rehearsal(200),
)
"""The paper's methods, and rehearsal: a late mixed phase that keeps reminding of D_G."""


class Running(TypedDict, total=False):
    """How a study is run; see `Study.run`."""

    workers: int | None
    display: Display | None
    checkpoint_seconds: float
    engine: EngineName
    memory: int | None


@dataclass(frozen=True, eq=False)
class Study:
    """What is asked.

    Attributes:
        population: whom to study.
        curricula: values or text forms, one or several; the global-only one is always added,
            since others are measured against it.
        network: as `monogram.networks.architecture` takes it; None: chosen by input shape.
        epochs: the length of phases that name none; None: enough for about 400 iterations on
            D_G, but 8 at least and 40 at most.
        seeds: one model of each curriculum and individual per seed.
        recipe: how phases train.
        min_global_accuracy: the floor of the choice, a fraction in [0, 1]; None: two points
            under the global-only model.
        standardize: standardise the inputs as a part of the network.
        evaluation_samples: the most samples of D_G to judge a model on, for validation and test.
        device: "cpu", "cuda", "cuda:1", … or "auto".
        threads: of each worker.
        about: what the study is a part of, plain values; recorded, and no number depends on it.
        curves: record learning curves, see `learning_curves_of`; no other number depends on it.

    Raises:
        SettingError: a value out of its range.
        CurriculumError: a curriculum that does not parse.
        NetworkError: the network does not fit the data.
    """

    population: Population
    curricula: Curricula = DEFAULT_CURRICULA
    network: str | Factory | None = None
    epochs: int | None = None
    seeds: Sequence[int] = (0,)
    recipe: Recipe = Recipe()
    min_global_accuracy: float | None = None
    standardize: bool = True
    evaluation_samples: int = 10_000
    device: str = "auto"
    threads: int = 1
    about: Mapping[str, Any] = field(default_factory=dict)
    curves: bool = True
    architecture: Architecture = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check everything that can be checked before anything is trained."""
        object.__setattr__(self, "curricula", _several(self.curricula))
        if self.epochs is None:
            object.__setattr__(self, "epochs", default_epochs(self.population, self.recipe))
        object.__setattr__(self, "epochs", _whole("epochs", self.epochs))
        object.__setattr__(self, "seeds", tuple(_whole("seed", seed) for seed in self.seeds))
        _check("epochs", self.epochs, self._epochs >= 1, "at least 1")
        _check("seeds", self.seeds, bool(self.seeds), "at least one")
        _check("seeds", self.seeds, len(set(self.seeds)) == len(self.seeds), "different ones")
        _check("threads", self.threads, self.threads >= 1, "at least 1")
        _check(
            "evaluation_samples",
            self.evaluation_samples,
            self.evaluation_samples >= 1,
            "at least 1",
        )
        floor = self.min_global_accuracy
        _check("min_global_accuracy", floor, floor is None or 0 <= floor <= 1, "in [0, 1]")
        made = architecture(self.network, self.population, standardize=self.standardize)
        object.__setattr__(self, "architecture", made)
        network = made.build(0)
        steps = {step for curriculum in self.all_curricula for step in curriculum.phases}
        for phase in steps:
            if isinstance(phase, Phase):
                trainable_names(network, phase.train)

    @property
    def _epochs(self) -> int:
        """The number of epochs, settled."""
        return self.epochs or 0

    @property
    def base(self) -> Curriculum:
        """The global-only curriculum."""
        return Curriculum((Global(self.epochs),))

    @property
    def all_curricula(self) -> tuple[Curriculum, ...]:
        """The curricula with every length explicit, the global-only one first."""
        asked = map(_as_curriculum, _several(self.curricula))
        return tuple(dict.fromkeys([self.base, *(c.with_epochs(self._epochs) for c in asked)]))

    def plan(self) -> Plan:
        """The tree of everything that will be trained."""
        return compile_plan(
            self.all_curricula,
            self.population,
            seeds=self.seeds,
            epochs=self._epochs,
            recipe=self.recipe,
        )

    def job(self, folder: Path) -> Job:
        """What workers need to know."""
        return Job(
            folder=folder,
            architecture=self.architecture,
            recipe=self.recipe,
            device=choose_device(self.device),
            threads=self.threads,
            evaluation_samples=self.evaluation_samples,
            curves=self.curves,
        )

    def identity(self) -> dict[str, Any]:
        """Everything that the numbers depend on, as plain values."""
        return {
            "population": self.population.name,
            "fingerprint": fingerprint(self.population),
            "individuals": list(self.population.individuals),
            "curricula": [str(curriculum) for curriculum in self.all_curricula],
            "base": str(self.base),
            "network": self.architecture.name,
            "first_weights": _digest(self.architecture),
            "answers": answers(*self._untrained()),
            "standardize": self.standardize,
            "epochs": self.epochs,
            "seeds": list(self.seeds),
            "recipe": asdict(self.recipe),
            "min_global_accuracy": self.min_global_accuracy,
            "evaluation_samples": self.evaluation_samples,
            "device": choose_device(self.device),
            "threads": self.threads,
            "curves": self.curves,
        }

    def check_code(self, run: RunDirectory) -> None:
        """Refuse a network that computes something else than when a run with it was begun.

        Args:
            run: of this study.

        Raises:
            NetworkError: its code was changed since.
        """
        check_answers(*self._untrained(), run.config()["study"].get("answers", ()))

    def _untrained(self) -> tuple[Prepared, dict[str, Any]]:
        """The network with its first weights, in evaluation mode, and its description."""
        return self.architecture.build(0).eval(), self.architecture.description()

    def begin(self, out: Path | str) -> None:
        """Leave a run directory that can be gone on with by its name, and train nothing yet.

        Raises:
            RunError: the directory holds something else, or is in use.
            OSError: the disk is full.
        """
        run = RunDirectory(Path(out))
        with run.locked():
            self._begin(run)

    def run(
        self,
        out: Path | str,
        *,
        workers: int | None = None,
        display: Display | None = None,
        checkpoint_seconds: float = 60.0,
        engine: EngineName = "auto",
        memory: int | None = None,
    ) -> Results:
        """Train and judge everything, or what is left of it, and leave a run directory.

        Args:
            out: the run directory; one that holds the same study is gone on with.
            workers: processes; None: one for each core, or none besides this one where starting
                them would take longer than the work. The numbers do not depend on it.
            display: shows progress; None: nothing is shown.
            checkpoint_seconds: between two checkpoints of a training in flight: the most that is
                lost when the run is interrupted.
            engine: "loop", one individual after the other; "stacked", those whose training has the
                same shape together; "auto", whatever a short trial finds faster. The numbers differ
                in the last digits at most; a run that is gone on with keeps its engine.
            memory: bytes that all workers may take together; None: what the machine has free.

        Raises:
            SettingError: an option is out of its range, or `memory` too little for one worker.
            RunError: the directory holds something else, or is in use.
            OSError: the disk is full.
        """
        _check("workers", workers, workers is None or workers >= 1, "at least 1")
        _check("checkpoint_seconds", checkpoint_seconds, checkpoint_seconds >= 0, "at least 0")
        self.check_memory(out, memory)
        run = RunDirectory(Path(out))
        with run.locked():
            self._begin(run)
            job = replace(
                self.job(run.folder),
                checkpoint_seconds=checkpoint_seconds,
                engine=engine,
                memory=memory,
            )
            failures = execute(self.plan(), job, self.population, workers=workers, display=display)
            records = [asdict(failure) | {"line": str(failure)} for failure in failures]
            run.write_json("failures.json", records)
            results = Results.open(run.folder)
            results.save(run.folder)
        return results

    def check_memory(self, out: Path | str, memory: int | None) -> None:
        """Refuse too little memory before a run directory is made for nothing.

        Args:
            out: the run directory; one that has begun is left to `run`, which may find it done.
            memory: bytes that all workers may take together; None: what the machine has free.

        Raises:
            SettingError: it is less than one worker takes.
        """
        run = RunDirectory(Path(out))
        if memory is not None and not run.begun:
            job = replace(self.job(run.folder), memory=memory)
            room_for(self.plan(), job, self.population, wanted=1)

    def _is_saved(self, folder: Path) -> bool:
        """Whether the population lies there, undamaged."""
        try:
            saved = open_population(folder).only(list(self.population.individuals))
        except DataError:
            return False
        return fingerprint(saved) == fingerprint(self.population)

    def _begin(self, run: RunDirectory) -> None:
        """Write down what is asked, and the data."""
        identity = self.identity()
        begun = run.holds(identity)
        if begun:
            self.check_code(run)
        if not (begun and self._is_saved(run / "population")):
            save_population(self.population, run / "population")
        run.record(identity, self.about)


def default_epochs(population: Population, recipe: Recipe) -> int:
    """Epochs that make about `DEFAULT_STEPS` iterations on D_G, within `DEFAULT_EPOCHS`."""
    per_epoch = ceil(len(population.global_data.train) / recipe.batch_size)
    fewest, most = DEFAULT_EPOCHS
    return min(most, max(fewest, ceil(DEFAULT_STEPS / per_epoch)))


def resume(folder: Path | str, *, network: str | Factory | None = None) -> Study:
    """The study that a run directory holds, to be run there again.

    Args:
        folder: a run directory.
        network: a name or a factory of the bare network, where it cannot be imported by the name
            that it had, under which it is recorded.

    Raises:
        RunError: the folder holds no run.
        NetworkError: the network's code is not where it was, or was an object in Python; or the
            one that was given computes something else.
    """
    run = RunDirectory(Path(folder))
    config = run.config()
    asked = config["study"]
    if network is None:
        kept_factory(asked["network"])  # or it is told how to say where it is now
    study = Study(
        population=open_population(run / "population").only(asked["individuals"]),
        curricula=asked["curricula"],
        network=network or asked["network"],
        epochs=asked["epochs"],
        seeds=asked["seeds"],
        recipe=Recipe(**asked["recipe"]),
        min_global_accuracy=asked["min_global_accuracy"],
        standardize=asked["standardize"],
        evaluation_samples=asked["evaluation_samples"],
        device=asked["device"],
        threads=asked["threads"],
        about=config["about"],
        curves=asked.get("curves", True),
    )
    named = replace(study.architecture, name=asked["network"])
    object.__setattr__(study, "architecture", named)
    if network is not None:
        study.check_code(run)
    return study


def _several(given: Curricula) -> tuple[Curriculum | Step | str, ...]:
    """What was given, one or several."""
    if isinstance(given, str | Curriculum | Step):
        return (given,)
    return tuple(given)


def _as_curriculum(given: Curriculum | Step | str) -> Curriculum:
    if isinstance(given, Step):
        return Curriculum((given,))
    return parse(given) if isinstance(given, str) else given


def _digest(network: Architecture) -> str:
    """Tells networks apart that bear the same name, as after a change of the user's file."""
    digest = hashlib.sha256()
    for name, tensor in network.build(0).state_dict().items():
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        digest.update(tensor.contiguous().cpu().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]


def _whole(name: str, value: Any) -> int:
    """A whole number of any kind as an int, for example NumPy's."""
    try:
        return operator.index(value)
    except TypeError as error:
        raise SettingError(f"{name} must be a whole number, not {value!r}") from error


def _check(name: str, value: object, fine: bool, expected: str) -> None:
    if not fine:
        raise SettingError(f"{name} must be {expected}, not {value}")
