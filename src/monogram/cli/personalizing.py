"""`monogram personalize`: a model for every individual."""

from pathlib import Path
from typing import Annotated

import typer

from monogram.cli.data import Given, population_of
from monogram.cli.options import (
    DATA,
    GUARD,
    HOW,
    OWN,
    RUN,
    DataFile,
    IndividualColumn,
    InputColumns,
    Quiet,
    Workers,
    names,
)
from monogram.cli.studies import LEFT_OUT, SHOWN, read_split
from monogram.cli.terminal import terminal
from monogram.curriculum import Recipe
from monogram.engine import Display, Estimate
from monogram.engine.progress import duration
from monogram.errors import SettingError
from monogram.personalize import (
    Ahead,
    Outcome,
    Pace,
    Start,
    Ways,
    look_ahead,
    read_people,
    resume,
)
from monogram.personalize import personalize as make_models
from monogram.personalize.guard import COEFFICIENTS
from monogram.personalize.personalize import place_of
from monogram.personalize.work import STORE_NAME, work_folder
from monogram.population import Population
from monogram.store.delta import DEFAULT_BOUND


def personalize(
    run: Annotated[
        Path | None,
        typer.Argument(help="A run directory: its base, network and choice are taken."),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Other people, of a named source.", rich_help_panel=DATA)
    ] = None,
    individuals: Annotated[
        int | None, typer.Option(min=1, help="Only the first so many.", rich_help_panel=DATA)
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Only this individual; repeat.", rich_help_panel=DATA),
    ] = None,
    part: Annotated[
        str | None, typer.Option(help="Which part of the source.", rich_help_panel=DATA)
    ] = None,
    global_samples: Annotated[
        int | None, typer.Option(min=1, help="Samples of the global data.", rich_help_panel=DATA)
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Where named sources lie, or are downloaded to.", rich_help_panel=DATA),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Without a run: train, validation, test as fractions.", rich_help_panel=DATA
        ),
    ] = None,
    split_seed: Annotated[int, typer.Option(help="Of the split.", rich_help_panel=DATA)] = 0,
    data: DataFile = None,
    individual_column: IndividualColumn = None,
    label_column: Annotated[
        str | None, typer.Option(help="Its class.", rich_help_panel=OWN)
    ] = None,
    input_columns: InputColumns = None,
    group_column: Annotated[
        str | None,
        typer.Option(help="Samples that must stay on one side of a split.", rich_help_panel=OWN),
    ] = None,
    global_data: Annotated[
        Path | None,
        typer.Option(help="Without a run: a file of global data.", rich_help_panel=OWN),
    ] = None,
    global_from: Annotated[
        float | None,
        typer.Option(
            help="Without a run: share of the individuals that become global data.",
            rich_help_panel=OWN,
        ),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            help="Without a run: all classes in the order of the base's logits, with commas.",
            rich_help_panel=OWN,
        ),
    ] = None,
    tokens: Annotated[
        bool, typer.Option("--tokens", help="Integer inputs are tokens.", rich_help_panel=OWN)
    ] = False,
    curriculum: Annotated[
        str | None,
        typer.Option(
            "--curriculum", "-c", help="Default: the study's choice.", rich_help_panel=HOW
        ),
    ] = None,
    network: Annotated[
        str | None, typer.Option(help="Without a run: the base's network.", rich_help_panel=HOW)
    ] = None,
    base: Annotated[
        Path | None,
        typer.Option(help="Without a run: the base's weights, safetensors.", rich_help_panel=HOW),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Without a run: of phases without a length.", rich_help_panel=HOW),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Default: the study's first.", rich_help_panel=HOW)
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Without a run.", rich_help_panel=HOW)
    ] = None,
    late_learning_rate: Annotated[
        float | None,
        typer.Option(help="Without a run: of phases after the trunk.", rich_help_panel=HOW),
    ] = None,
    min_global_accuracy: Annotated[
        float | None,
        typer.Option(
            help="Floor of each model, in [0, 1]; default: the study's, else 2 points under the "
            "base.",
            rich_help_panel=GUARD,
        ),
    ] = None,
    back_off: Annotated[
        str,
        typer.Option(
            help="Shares of the way from the base that are tried, falling.", rich_help_panel=GUARD
        ),
    ] = ",".join(map(str, COEFFICIENTS)),
    encoding: Annotated[
        str,
        typer.Option(
            help="Of what is kept: lossless, smallest, half, int8 …", rich_help_panel=GUARD
        ),
    ] = "lossless",
    accuracy_bound: Annotated[
        float,
        typer.Option(help="Most accuracy that an encoding may cost.", rich_help_panel=GUARD),
    ] = DEFAULT_BOUND,
    store: Annotated[
        str | None,
        typer.Option(
            "--store",
            "-s",
            help="Where to keep the models: a file, or postgresql://user@host/database. "
            f"Default: RUN/{STORE_NAME}.",
            rich_help_panel=RUN,
        ),
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(
            help="Where to keep what is needed to go on; default: beside the store.",
            rich_help_panel=RUN,
        ),
    ] = None,
    go_on: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with what was interrupted; give RUN, --store or --work alone.",
            rich_help_panel=RUN,
        ),
    ] = False,
    again: Annotated[
        bool,
        typer.Option("--again", help="Train even those without any change.", rich_help_panel=RUN),
    ] = False,
    workers: Workers = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show who would get what.", rich_help_panel=RUN),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Train a model for every individual, let it pass the guard, and keep it in a store."""
    pace = Pace(**({"workers": workers} if workers else {}), display=Display(quiet=quiet))
    if go_on:
        _finish(resume(work or _begun(run, store), store=store, pace=pace))
        return
    if run is None and source is None and data is None:
        raise SettingError(
            "name a run directory, or give --base, --network and --curriculum with --data or "
            "--source"
        )
    given = Given(
        source=source,
        individuals=individuals,
        part=part,
        global_samples=global_samples,
        data_dir=data_dir,
        protocol=read_split(split or "0.7,0.15,0.15"),
        seed=split_seed,
        data=data,
        individual_column=individual_column,
        label_column=label_column,
        input_columns=names(input_columns),
        group_column=group_column,
        global_data=global_data,
        global_from=global_from,
        classes=tuple(classes.split(",")) if classes else None,
        tokens=tokens,
        progress=not quiet,
    )
    ways = Ways(_coefficients(back_off), encoding, accuracy_bound, again)
    if run is not None:
        _refuse(
            "the run says it",
            network=network,
            base=base,
            epochs=epochs,
            batch_size=batch_size,
            late_learning_rate=late_learning_rate,
            global_data=global_data,
            global_from=global_from,
            global_samples=global_samples,
            classes=classes,
            split=split,
            tokens=tokens or None,
        )
        start = Start.of_run(run, curriculum=curriculum, floor=min_global_accuracy, seed=seed)
        people = _people(given, start)
    else:
        if base is None or curriculum is None:
            raise SettingError(
                "without a run directory, give --base FILE.safetensors and --curriculum"
            )
        start = Start.of_base(
            base,
            population_of(given),
            curriculum,
            network=network,
            recipe=_recipe(batch_size, late_learning_rate),
            epochs=epochs,
            seed=seed or 0,
            floor=min_global_accuracy,
        )
        people = start.population
    _make(start, people, only, store, work, ways, pace, dry_run=dry_run)


def _make(
    start: Start,
    people: Population,
    only: list[str] | None,
    store: str | None,
    work: Path | None,
    ways: Ways,
    pace: Pace,
    *,
    dry_run: bool,
) -> None:
    if dry_run:
        _show_ahead(
            *look_ahead(start, people, store=store, only=only, ways=ways, pace=pace),
            start=start,
            store=place_of(store, start),
            workers=pace.workers,
        )
    else:
        _finish(make_models(start, people, store=store, work=work, only=only, ways=ways, pace=pace))


def _people(given: Given, start: Start) -> Population:
    """The run's own people, or new ones with the run's D_G."""
    shared = start.population
    if given.data is None and given.source is None:
        ids = list(shared.individuals)
        return shared if given.individuals is None else shared.only(ids[: given.individuals])
    if given.data is None:
        return population_of(given)
    people = read_people(
        given.data,
        shared,
        individual_column=given.individual_column,
        label_column=given.label_column,
        input_columns=given.input_columns or None,
        group_column=given.group_column,
        seed=given.seed,
    )
    ids = list(people.individuals)
    return people if given.individuals is None else people.only(ids[: given.individuals])


def _begun(run: Path | None, store: str | None) -> Path:
    """Where interrupted work is."""
    if store is None and run is None:
        raise SettingError("say what to go on with: a run directory, --store or --work")
    return work_folder(store or (run or Path()) / STORE_NAME, run)


def _refuse(why: str, **options: object) -> None:
    """Refuse options that have no meaning here.

    Raises:
        SettingError: one was given.
    """
    for name, value in options.items():
        if value is not None:
            raise SettingError(f"leave out --{name.replace('_', '-')}: {why}")


def _coefficients(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise SettingError(f"--back-off must be fractions like 0.75,0.5, not {text!r}") from error


def _recipe(batch_size: int | None, late_learning_rate: float | None) -> Recipe:
    return Recipe(
        batch_size=batch_size or Recipe.batch_size,
        late_learning_rate=late_learning_rate or Recipe.late_learning_rate,
    )


def _show_ahead(
    ahead: Ahead, took: Estimate | None, *, start: Start, store: str, workers: int
) -> None:
    lines = [f"{start.curriculum}, into {store}", str(ahead)]
    lines += [f"  {one}" for one in (*ahead.cold, *ahead.set_aside)[:SHOWN]]
    if took is not None:
        lines.append(
            f"about {duration(took.seconds)} with {workers} workers, the guard's looks not "
            f"counted, and {took.memory / 2**30:.1f} GiB of memory"
        )
    terminal().print("\n".join(lines))


def _finish(outcome: Outcome) -> None:
    """Print what was done, and leave with the status that it deserves."""
    lines = [str(outcome)]
    missing = [*map(str, outcome.ahead.set_aside), *map(str, outcome.failures)]
    lines += [f"  {line}" for line in missing[:SHOWN]]
    if len(missing) > SHOWN:
        lines.append(f"  … and {len(missing) - SHOWN} more")
    terminal().print("\n".join(lines))
    if not outcome.complete:
        raise typer.Exit(LEFT_OUT)
