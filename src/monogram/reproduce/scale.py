"""How much of the paper's evaluation to run, and what that changes against the paper."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from monogram.curriculum import Recipe
from monogram.errors import SettingError
from monogram.population import Protocol

AT_LEAST_ONE = (
    "individuals",
    "beyond_individuals",
    "global_samples",
    "epochs",
    "batch_size",
    "shaping_individuals",
)
ScaleName = Literal["paper", "small", "smoke"]


@dataclass(frozen=True)
class Scale:
    """The size of a reproduction.

    Attributes:
        name: of the preset; one that was changed says so.
        individuals: how many, for all rows.
        beyond_individuals: how many for what begins with the training that all share: transfer and
            what goes beyond the paper. One more of them takes seconds. These and others where they
            are more than `individuals`, else the same.
        seeds: one model of each curriculum and individual per seed.
        global_samples: size of D_G, training, validation and test data together.
        width: factor on the paper's numbers of channels.
        epochs: passes over D_G.
        batch_size: samples of a batch.
        split: fractions for training, validation and test data, each in [0, 1].
        shaping_individuals: the first individuals, for the early-shaping curve.
        shaping_points: iterations of early shaping on the curve, as if at the paper's scale; the
            ones of the rows, 500 and 5,000, among them.

    Raises:
        SettingError: a value out of its range.
    """

    name: str
    individuals: int
    beyond_individuals: int
    seeds: tuple[int, ...]
    global_samples: int
    width: float
    epochs: int
    batch_size: int
    split: tuple[float, float, float]
    shaping_individuals: int
    shaping_points: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse values out of their range."""
        Protocol(*self.split)
        for name in AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise SettingError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not self.seeds:
            raise SettingError("seeds must be at least one")
        if self.width <= 0:
            raise SettingError(f"width must be above 0, not {self.width:g}")

    @property
    def protocol(self) -> Protocol:
        """The split as a population takes it."""
        return Protocol(*self.split)

    def early(self, iterations: int) -> int:
        """Iterations of early shaping here that stand for so many of the paper's.

        In proportion to the iterations on D_G: the share of the training that early shaping makes
        up is then the paper's, and so is what the training on D_G can repair.
        """
        return max(1, round(iterations * self.iterations_on_global / PAPER.iterations_on_global))

    @property
    def iterations_on_global(self) -> float:
        """Iterations on D_G, but for the part of it that is not trained on."""
        return self.epochs * self.global_samples / self.batch_size

    @property
    def recipe(self) -> Recipe:
        """How phases train: the paper's settings but for the size of a batch."""
        return Recipe(batch_size=self.batch_size)

    def network(self, name: str = "paper") -> str:
        """The network's text form."""
        return f"{name}(width={self.width:g})"

    def changed(self, **values: Any) -> Self:
        """The same with other values; those that are None stay as they are."""
        given = {name: value for name, value in values.items() if value is not None}
        changed = replace(self, **given)
        return replace(changed, name=f"{self.name}, changed") if changed != self else self

    @property
    def changes(self) -> tuple[str, ...]:
        """What differs from the paper's setup, a line each; none at the paper's scale."""
        return tuple(_changes(self))


def scale_of(values: Mapping[str, Any]) -> Scale:
    """The scale that plain values mean, as read back from JSON."""
    tuples = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return Scale(**{**values, **tuples})


PAPER = Scale(
    name="paper",
    individuals=50,
    beyond_individuals=50,
    seeds=(0, 1, 2),
    global_samples=30_000,
    width=1.0,
    epochs=100,
    batch_size=128,
    split=Protocol.paper().fractions,
    shaping_individuals=10,
    shaping_points=(100, 500, 1_500, 5_000, 15_000),
)
"""The paper's (section Setup); the curve is ours."""

SMALL = Scale(
    name="small",
    individuals=4,
    beyond_individuals=16,
    seeds=(0,),
    global_samples=30_000,
    width=0.25,
    epochs=5,
    batch_size=32,
    split=Protocol().fractions,
    shaping_individuals=2,
    shaping_points=(500, 5_000),
)
"""About 45 minutes on two cores."""

SMOKE = Scale(
    name="smoke",
    individuals=2,
    beyond_individuals=2,
    seeds=(0,),
    global_samples=900,
    width=0.1,
    epochs=2,
    batch_size=32,
    split=Protocol().fractions,
    shaping_individuals=1,
    shaping_points=(500, 5_000),
)
"""A minute or two: whether everything runs, not what it finds."""

SCALES: Mapping[ScaleName, Scale] = {"paper": PAPER, "small": SMALL, "smoke": SMOKE}


def _changes(here: Scale) -> Iterator[str]:
    plain = {
        "individuals": "individual{}",
        "global_samples": "global sample{}",
        "epochs": "epoch{}",
        "batch_size": "sample{} in a batch",
    }
    for name, words in plain.items():
        ours, theirs = getattr(here, name), getattr(PAPER, name)
        if ours != theirs:
            yield f"{ours:,} {words.format(_s(ours))} instead of {theirs:,}"
    if here.beyond_individuals > here.individuals:
        yield f"{here.beyond_individuals:,} individuals for what goes beyond the paper"
    if len(here.seeds) != len(PAPER.seeds):
        models = len(here.seeds)
        yield f"{models} model{_s(models)} per individual and curriculum instead of 3"
    if here.width != PAPER.width:
        yield f"{here.width:g} of the network's channels"
    if here.split != PAPER.split:
        yield (
            "choices on validation data and reports on test data, "
            f"{' / '.join(f'{part:g}' for part in here.split)}, instead of 70/30 for both"
        )
    if here.iterations_on_global != PAPER.iterations_on_global:
        yield (
            f"early shaping of {here.early(500):,} and {here.early(5_000):,} iterations instead of "
            "500 and 5,000, in proportion to the iterations on the global data, so that it has the "
            "same share of the training; transfer keeps its 20 and 200 iterations, since what they "
            "do to a trained network does not depend on how long it was trained"
        )


def _s(number: int) -> str:
    return "" if number == 1 else "s"
