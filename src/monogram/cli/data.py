"""From the options that name data to a population."""

from dataclasses import dataclass
from pathlib import Path

from monogram.datasets import load, read_own
from monogram.errors import SettingError
from monogram.population import Population, Protocol

DEFAULT_SOURCE = "watch"


@dataclass(frozen=True)
class Given:
    """What the command line says about data; see `monogram.datasets` for each field."""

    source: str | None
    individuals: int | None
    part: str | None
    global_samples: int | None
    data_dir: Path | None
    protocol: Protocol
    seed: int
    data: Path | None
    individual_column: str | None
    label_column: str | None
    input_columns: tuple[str, ...]
    group_column: str | None
    global_data: Path | None
    global_from: float | None
    classes: tuple[str, ...] | None
    tokens: bool
    progress: bool


def population_of(given: Given) -> Population:
    """The population that was asked for: a named source, or the user's own files.

    Raises:
        SettingError: options of both, or that contradict each other.
        DataError: the data cannot be used.
    """
    check_kind(given)
    if given.data is None:
        return _named(given)
    population = read_own(
        given.data,
        individual_column=given.individual_column,
        label_column=given.label_column,
        input_columns=given.input_columns or None,
        group_column=given.group_column,
        global_data=given.global_data,
        global_from=given.global_from,
        tokens=given.tokens,
        classes=given.classes,
        protocol=given.protocol,
        seed=given.seed,
    )
    return first(population, given.individuals)


def check_kind(given: Given) -> None:
    """Refuse options of a named source beside those of own files, and these without a file.

    Raises:
        SettingError: names the first of them.
    """
    columns = ("individual_column", "label_column", "input_columns", "group_column")
    of_own = (*columns, "global_data", "global_from", "classes", "tokens")
    for name in ("source", "part", "global_samples", "data_dir"):
        if given.data is not None and getattr(given, name) is not None:
            option = "a named source" if name == "source" else f"--{name.replace('_', '-')}"
            raise SettingError(f"--data and {option} exclude each other; give one of them")
    for name in of_own:
        if given.data is None and getattr(given, name) not in (None, (), False):
            raise SettingError(
                f"--{name.replace('_', '-')} goes with --data FILE, which is missing"
            )


def _named(given: Given) -> Population:
    return load(
        given.source or DEFAULT_SOURCE,
        individuals=given.individuals,
        data_dir=given.data_dir,
        protocol=given.protocol,
        seed=given.seed,
        part=given.part,
        global_samples=given.global_samples,
        progress=given.progress,
    )


def first(population: Population, individuals: int | None) -> Population:
    """The population with its first individuals, by id.

    Raises:
        SettingError: there are not so many.
    """
    if individuals is None:
        return population
    if individuals > len(population.individuals):
        raise SettingError(
            f"--individuals {individuals}: {population.name} has {len(population.individuals)}"
        )
    return population.only(list(population.individuals)[:individuals])
