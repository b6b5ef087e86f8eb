"""`monogram personalize`: a model for every individual."""

from pathlib import Path
from typing import Annotated

import typer

from monogram.cli.asked import (
    begun,
    finish,
    people_of,
    recipe_of,
    refuse,
    show_ahead,
    ways_of,
)
from monogram.cli.data import Given, population_of
from monogram.cli.options import (
    DATA,
    GUARD,
    HOW,
    OWN,
    RUN,
    DataDir,
    DataFile,
    Engine,
    GlobalSamples,
    GroupColumn,
    IndividualColumn,
    InputColumns,
    LabelColumn,
    Memory,
    Part,
    Quiet,
    Tokens,
    Workers,
    bytes_of,
    names,
)
from monogram.cli.studies import read_split
from monogram.engine import Display
from monogram.errors import SettingError
from monogram.personalize import Pace, Start, Ways, look_ahead, resume
from monogram.personalize import personalize as make_models
from monogram.personalize.guard import COEFFICIENTS
from monogram.personalize.personalize import place_of
from monogram.personalize.work import STORE_NAME
from monogram.population import Population
from monogram.store import DEFAULT_BOUND


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
    part: Part = None,
    global_samples: GlobalSamples = None,
    data_dir: DataDir = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Without a run: train, validation, test as fractions.", rich_help_panel=DATA
        ),
    ] = None,
    split_seed: Annotated[
        int | None, typer.Option(help="Of the split; default: 0.", rich_help_panel=DATA)
    ] = None,
    data: DataFile = None,
    individual_column: IndividualColumn = None,
    label_column: LabelColumn = None,
    input_columns: InputColumns = None,
    group_column: GroupColumn = None,
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
    tokens: Tokens = False,
    curriculum: Annotated[
        str | None,
        typer.Option(
            "--curriculum", "-c", help="Default: the study's choice.", rich_help_panel=HOW
        ),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            help="The base's network; with a run or --resume, which know it: where it is now, if "
            "its code was moved.",
            rich_help_panel=HOW,
        ),
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
        str | None,
        typer.Option(
            help="Shares of the way from the base that are tried, falling; default: "
            f"{','.join(map(str, COEFFICIENTS))}.",
            rich_help_panel=GUARD,
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            help="Of what is kept: lossless (default), smallest, half, int8 …",
            rich_help_panel=GUARD,
        ),
    ] = None,
    accuracy_bound: Annotated[
        float | None,
        typer.Option(
            help=f"Most accuracy that an encoding may cost; default: {DEFAULT_BOUND}.",
            rich_help_panel=GUARD,
        ),
    ] = None,
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
    engine: Engine = "auto",
    memory: Memory = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show who would get what.", rich_help_panel=RUN),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Train a model for every individual, let it pass the guard, and keep it in a store."""
    pace = Pace(workers, Display(quiet=quiet), engine=engine, memory=bytes_of(memory))
    if go_on:
        refuse(
            "--resume goes on with what was asked; give the whole command without it for another",
            source=source,
            individuals=individuals,
            only=only,
            part=part,
            global_samples=global_samples,
            data_dir=data_dir,
            split=split,
            split_seed=split_seed,
            data=data,
            individual_column=individual_column,
            label_column=label_column,
            input_columns=input_columns,
            group_column=group_column,
            global_data=global_data,
            global_from=global_from,
            classes=classes,
            tokens=tokens or None,
            curriculum=curriculum,
            base=base,
            epochs=epochs,
            seed=seed,
            batch_size=batch_size,
            late_learning_rate=late_learning_rate,
            min_global_accuracy=min_global_accuracy,
            back_off=back_off,
            encoding=encoding,
            accuracy_bound=accuracy_bound,
            again=again or None,
            dry_run=dry_run or None,
        )
        place = work or begun(run, store)
        finish(resume(place, store=store, network=network, pace=pace))
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
        seed=split_seed or 0,
        data=data,
        individual_column=individual_column,
        label_column=label_column,
        input_columns=names(input_columns),
        group_column=group_column,
        global_data=global_data,
        global_from=global_from,
        classes=names([classes]) if classes else None,
        tokens=tokens,
        progress=not quiet,
    )
    ways = ways_of(back_off, encoding, accuracy_bound, again=again)
    if run is not None:
        refuse(
            "the run says it",
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
        if source is None and data is None:
            refuse(
                "it goes with other people, of --source or --data",
                part=part,
                data_dir=data_dir,
                split_seed=split_seed,
            )
        start = Start.of_run(
            run,
            curriculum=curriculum,
            floor=min_global_accuracy,
            seed=seed,
            network=network,
        )
        people = people_of(given, start)
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
            recipe=recipe_of(batch_size, late_learning_rate),
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
        show_ahead(
            *look_ahead(start, people, store=store, only=only, ways=ways, pace=pace),
            start=start,
            store=place_of(store, start),
        )
    else:
        finish(make_models(start, people, store=store, work=work, only=only, ways=ways, pace=pace))
