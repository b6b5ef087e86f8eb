"""The population: D_G and all D_I in one contiguous store, a range of rows for each part.

A population of a hundred thousand individuals is three arrays and a table of ranges; there is
no Python object per sample. The arrays may be memory-mapped (`monogram.population.storage`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from monogram.errors import DataError, SettingError, shorten

SUM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Protocol:
    """How each owner's samples are divided, as fractions in [0, 1] with sum 1.

    With `test=0` the validation part serves for selection and for the report, as in the paper's
    70/30 protocol; reports say so.

    Raises:
        SettingError: fractions out of range, or without training or validation data.
    """

    train: float = 0.70
    validation: float = 0.15
    test: float = 0.15

    def __post_init__(self) -> None:
        """Refuse fractions that cannot be meant."""
        if not (min(self.fractions) >= 0 and abs(sum(self.fractions) - 1) <= SUM_TOLERANCE):
            raise SettingError(
                f"the split {self.fractions} must be fractions >= 0 that sum to 1, "
                "for example 0.7,0.15,0.15"
            )
        if not (self.train and self.validation):
            raise SettingError(f"the split {self.fractions} needs training and validation data")

    @classmethod
    def paper(cls) -> "Protocol":
        """70 % to train, 30 % to select and to report on (paper, section Setup)."""
        return cls(0.70, 0.30, 0.0)

    @property
    def fractions(self) -> tuple[float, float, float]:
        """Train, validation, test."""
        return (self.train, self.validation, self.test)

    @property
    def parts(self) -> int:
        """How many parts are not empty, 2 or 3: the fewest samples an individual needs."""
        return sum(fraction > 0 for fraction in self.fractions)

    @property
    def reports_on(self) -> str:
        """The part that reported figures come from: "test", or "validation" without one."""
        return "test" if self.test else "validation"


@dataclass(frozen=True)
class Split:
    """The rows of one owner in the store: one range each to train, select and report on."""

    train: range
    validation: range
    test: range

    def __len__(self) -> int:
        """Samples of the owner."""
        return self.test.stop - self.train.start


@dataclass(frozen=True)
class SetAside:
    """An individual that could not be used, and why.

    Attributes:
        individual: its id.
        reason: in a clause, "it has …".
        origin: where its data came from.
        too_few: whether all that is wrong is that there is too little of it.
    """

    individual: str
    reason: str
    origin: str
    too_few: bool = False

    def __str__(self) -> str:
        """One line for a report."""
        return f"individual {shorten(self.individual)!r} ({self.origin}): {self.reason}"


@dataclass(frozen=True)
class Remark:
    """Something about the data that a reader of the results should know."""

    about: str
    text: str

    def __str__(self) -> str:
        """One line for a report."""
        return f"{shorten(self.about)}: {self.text}"

    @classmethod
    def on(cls, individual: str, text: str) -> "Remark":
        """A remark on somebody's data."""
        return cls(f"individual {shorten(individual)!r}", text)

    def is_on(self, individual: str) -> bool:
        """Whether it is on somebody's data, or that of one whose long id is shortened alike."""
        return self.about == self.on(individual, self.text).about


@dataclass(frozen=True, eq=False)
class Population:
    """D_G, each D_I, their splits and the classes.

    Attributes:
        name: what to call the data in reports.
        inputs: [n, *shape], float32, uint8 (grey values, read as fractions of 255) or int64
            (tokens).
        labels: [n] int64, positions in `classes`.
        classes: the classes' names.
        global_data: D_G's rows.
        individuals: each individual's rows, by id, in the order of the ids.
        protocol: how each owner's samples were divided.
        set_aside: the individuals that could not be used.
        remarks: what a reader of the results should know about the data.
        global_owners: the individuals whose data D_G is made of, where the source knows.
    """

    name: str
    inputs: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    global_data: Split
    individuals: Mapping[str, Split]
    protocol: Protocol
    set_aside: tuple[SetAside, ...] = ()
    remarks: tuple[Remark, ...] = ()
    global_owners: tuple[str, ...] = ()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input."""
        return self.inputs.shape[1:]

    @property
    def samples_each(self) -> str:
        """How many samples an individual has, in words: from the fewest to the most."""
        if not self.individuals:
            return "no samples"
        sizes = [len(split) for split in self.individuals.values()]
        span = dict.fromkeys((min(sizes), max(sizes)))
        return f"{' to '.join(f'{size:,}' for size in span)} samples each"

    def __str__(self) -> str:
        """One line: who is there, how much of it, and how many D_G is made of."""
        people = f"{len(self.individuals)} individual{'s' * (len(self.individuals) != 1)}"
        owners = len(self.global_owners)
        of_whom = f" of {owners} other{'s' * (owners != 1)}" if owners else ""
        return (
            f"{self.name}: {people} ({self.samples_each}), {len(self.global_data)} global "
            f"samples{of_whom}, {len(self.classes)} classes, inputs {list(self.input_shape)}"
        )

    def only(self, individuals: Collection[str]) -> "Population":
        """The same population with some of its individuals; nothing else changes.

        Raises:
            DataError: an id that is not there.
        """
        unknown = sorted(set(individuals) - self.individuals.keys())
        if unknown:
            raise DataError(
                f"{self.name} has no individual {shorten(unknown[0])!r}; "
                f"it has {', '.join(shorten(i, 20) for i in list(self.individuals)[:5])} …"
            )
        wanted = set(individuals)
        kept = {id_: split for id_, split in self.individuals.items() if id_ in wanted}
        return replace(self, individuals=kept)
