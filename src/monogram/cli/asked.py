"""What `monogram personalize` was asked: from options to people, work and settings, and back."""

from dataclasses import replace
from pathlib import Path

import typer

from monogram.cli.data import Given, check_kind, first, population_of
from monogram.cli.terminal import LEFT_OUT, SHOWN, terminal
from monogram.curriculum import Recipe
from monogram.engine import Estimate
from monogram.engine.progress import duration
from monogram.errors import SettingError
from monogram.formats import count
from monogram.personalize import Ahead, Outcome, Start, Ways, read_people
from monogram.personalize.work import STORE_NAME, work_folder
from monogram.population import Population


def people_of(given: Given, start: Start) -> Population:
    """The run's own people, or new ones with the run's D_G.

    Raises:
        SettingError: options of both, or that contradict each other.
        DataError: the data cannot be used.
    """
    check_kind(given)
    shared = start.population
    if given.data is None and given.source is None:
        return first(shared, given.individuals)
    if given.data is None:
        return population_of(replace(given, protocol=shared.protocol))
    people = read_people(
        given.data,
        shared,
        individual_column=given.individual_column,
        label_column=given.label_column,
        input_columns=given.input_columns or None,
        group_column=given.group_column,
        seed=given.seed,
    )
    return first(people, given.individuals)


def begun(run: Path | None, store: str | None) -> Path:
    """Where interrupted work is."""
    if store is None and run is None:
        raise SettingError("say what to go on with: a run directory, --store or --work")
    return work_folder(store or (run or Path()) / STORE_NAME, run)


def refuse(why: str, **options: object) -> None:
    """Refuse options that have no meaning here.

    Raises:
        SettingError: one was given.
    """
    for name, value in options.items():
        if value is not None:
            raise SettingError(f"leave out --{name.replace('_', '-')}: {why}")


def coefficients(text: str) -> tuple[float, ...]:
    """Numbers with commas between them; none for an empty text.

    Raises:
        SettingError: something else.
    """
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise SettingError(f"--back-off must be fractions like 0.75,0.5, not {text!r}") from error


def ways_of(
    back_off: str | None, encoding: str | None, accuracy_bound: float | None, *, again: bool
) -> Ways:
    """How models are judged and kept: by the defaults but for what was given."""
    return Ways(
        coefficients=Ways.coefficients if back_off is None else coefficients(back_off),
        encoding=Ways.encoding if encoding is None else encoding,
        bound=Ways.bound if accuracy_bound is None else accuracy_bound,
        again=again,
    )


def recipe_of(batch_size: int | None, late_learning_rate: float | None) -> Recipe:
    """The paper's settings but for what was given."""
    return Recipe(
        batch_size=Recipe.batch_size if batch_size is None else batch_size,
        late_learning_rate=(
            Recipe.late_learning_rate if late_learning_rate is None else late_learning_rate
        ),
    )


def show_ahead(ahead: Ahead, took: Estimate | None, *, start: Start, store: str) -> None:
    """Print who would get what, and what that takes."""
    lines = [f"{start.curriculum}, into {store}", str(ahead)]
    lines += [f"  {one}" for one in (*ahead.cold, *ahead.set_aside)[:SHOWN]]
    if took is not None:
        lines.append(
            f"about {duration(took.seconds)} with {count(took.workers, 'worker')}, the guard's "
            f"looks not counted, and {took.memory / 2**20:,.0f} MiB of memory"
        )
    terminal().print("\n".join(lines))


def finish(outcome: Outcome) -> None:
    """Print what was done, and leave with the status that it deserves."""
    lines = [str(outcome)]
    missing = [*map(str, outcome.ahead.set_aside), *map(str, outcome.failures)]
    lines += [f"  {line}" for line in missing[:SHOWN]]
    if len(missing) > SHOWN:
        lines.append(f"  … and {len(missing) - SHOWN} more")
    terminal().print("\n".join(lines))
    if not outcome.complete:
        raise typer.Exit(LEFT_OUT)
