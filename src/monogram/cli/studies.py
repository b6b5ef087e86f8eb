"""The commands on studies: run one, go on with one, read one, and what there is to study."""

from pathlib import Path
from typing import Annotated

import typer

from monogram.cli.asked import refuse
from monogram.cli.data import Given, population_of
from monogram.cli.options import (
    DATA,
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
    NetworkPlace,
    Part,
    Quiet,
    Tokens,
    Workers,
    bytes_of,
    names,
)
from monogram.cli.running import finish, run_evaluation, run_study, show_plan
from monogram.cli.terminal import terminal
from monogram.curriculum import Recipe
from monogram.datasets import SOURCES
from monogram.errors import SettingError
from monogram.population import Protocol
from monogram.reproduce import is_reproduction
from monogram.reproduce import resume as evaluation_of
from monogram.study import DEFAULT_CURRICULA, Running, Study
from monogram.study.study import resume as study_of

PAPER_SPLIT = "paper"


def study(
    source: Annotated[
        str | None,
        typer.Argument(help="A named source; see [bold]monogram sources[/]. Default: watch."),
    ] = None,
    individuals: Annotated[
        int | None, typer.Option(min=1, help="How many individuals.", rich_help_panel=DATA)
    ] = None,
    part: Part = None,
    global_samples: GlobalSamples = None,
    data_dir: DataDir = None,
    split: Annotated[
        str,
        typer.Option(
            help="Train, validation, test as fractions, or [bold]paper[/] for its 70/30.",
            rich_help_panel=DATA,
        ),
    ] = "0.7,0.15,0.15",
    split_seed: Annotated[
        int, typer.Option(help="Seed of the split and of who is chosen.", rich_help_panel=DATA)
    ] = 0,
    data: DataFile = None,
    individual_column: IndividualColumn = None,
    label_column: LabelColumn = None,
    input_columns: InputColumns = None,
    group_column: GroupColumn = None,
    global_data: Annotated[
        Path | None, typer.Option(help="A second file: the global data.", rich_help_panel=OWN)
    ] = None,
    global_from: Annotated[
        float | None,
        typer.Option(
            help="Fraction of the individuals that become global data.", rich_help_panel=OWN
        ),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            help="All classes, separated by commas, those that hold one in double quotes; default: "
            "those there are.",
            rich_help_panel=OWN,
        ),
    ] = None,
    tokens: Tokens = False,
    curriculum: Annotated[
        list[str] | None,
        typer.Option(
            "--curriculum",
            "-c",
            help='For example "transfer(20)" or "global >> personal(20, train=head)"; repeat. '
            "Default: the paper's and rehearsal.",
            rich_help_panel=HOW,
        ),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            help="paper(width=0.5), paper-plain, conv1d, mlp, package.module:factory or "
            "file.py:factory.",
            rich_help_panel=HOW,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Passes over the global data; default: about 400 iterations, 8 to 40 passes.",
            rich_help_panel=HOW,
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="Models per curriculum and individual.", rich_help_panel=HOW)
    ] = 1,
    first_seed: Annotated[int, typer.Option(help="The first seed.", rich_help_panel=HOW)] = 0,
    batch_size: Annotated[int, typer.Option(rich_help_panel=HOW)] = Recipe.batch_size,
    learning_rate: Annotated[float, typer.Option(rich_help_panel=HOW)] = Recipe.learning_rate,
    late_learning_rate: Annotated[
        float,
        typer.Option(help="Of phases after the global data has been seen.", rich_help_panel=HOW),
    ] = Recipe.late_learning_rate,
    momentum: Annotated[float, typer.Option(rich_help_panel=HOW)] = Recipe.momentum,
    weight_decay: Annotated[float, typer.Option(rich_help_panel=HOW)] = Recipe.weight_decay,
    clip_norm: Annotated[
        float | None,
        typer.Option(help="Shorten longer gradients to this length.", rich_help_panel=HOW),
    ] = None,
    standardize: Annotated[
        bool, typer.Option(help="Standardise inputs inside the network.", rich_help_panel=HOW)
    ] = True,
    min_global_accuracy: Annotated[
        float | None,
        typer.Option(
            help="Floor of the choice, in [0, 1]; default: 2 points under the global-only model.",
            rich_help_panel=HOW,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The run directory; default: runs/NAME.", rich_help_panel=RUN),
    ] = None,
    workers: Workers = None,
    engine: Engine = "auto",
    memory: Memory = None,
    threads: Annotated[int, typer.Option(min=1, help="Of each worker.", rich_help_panel=RUN)] = 1,
    device: Annotated[
        str, typer.Option(help="cpu, cuda, … or auto.", rich_help_panel=RUN)
    ] = "auto",
    evaluation_samples: Annotated[
        int,
        typer.Option(min=1, help="Most global samples to judge a model on.", rich_help_panel=RUN),
    ] = 10_000,
    curves: Annotated[
        bool,
        typer.Option(
            help="Record learning curves; 20 iterations take 15 to 40 % less time without.",
            rich_help_panel=RUN,
        ),
    ] = True,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show the plan and what it takes.", rich_help_panel=RUN),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Find out whether personalizing pays, which way, at what cost, and who is worse off."""
    given = Given(
        source=source,
        individuals=individuals,
        part=part,
        global_samples=global_samples,
        data_dir=data_dir,
        protocol=read_split(split),
        seed=split_seed,
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
    recipe = Recipe(
        batch_size=batch_size,
        learning_rate=learning_rate,
        late_learning_rate=late_learning_rate,
        momentum=momentum,
        weight_decay=weight_decay,
        clip_norm=clip_norm,
    )
    asked = Study(
        population_of(given),
        curricula=curriculum or DEFAULT_CURRICULA,
        network=network,
        epochs=epochs,
        seeds=range(first_seed, first_seed + seeds),
        recipe=recipe,
        min_global_accuracy=min_global_accuracy,
        standardize=standardize,
        evaluation_samples=evaluation_samples,
        device=device,
        threads=threads,
        curves=curves,
    )
    running = Running(workers=workers, engine=engine, memory=bytes_of(memory))
    folder = out or Path("runs") / asked.population.name
    if dry_run:
        show_plan({folder: asked}, running)
    else:
        run_study(asked, folder, running, quiet=quiet)


def resume(
    folder: Annotated[Path, typer.Argument(help="A run directory.")],
    workers: Workers = None,
    engine: Engine = "auto",
    memory: Memory = None,
    network: NetworkPlace = None,
    quiet: Quiet = False,
) -> None:
    """Go on with a run that was interrupted; finished ones are only shown."""
    running = Running(workers=workers, engine=engine, memory=bytes_of(memory))
    if is_reproduction(folder):
        refuse("a reproduction has networks of its own", network=network)
        run_evaluation(evaluation_of(folder), folder, running, quiet=quiet)
    else:
        run_study(study_of(folder, network=network), folder, running, quiet=quiet)


def report(folder: Annotated[Path, typer.Argument(help="A run directory.")]) -> None:
    """Show a run's results again and write its report page anew."""
    finish(folder)


def sources() -> None:
    """List the named sources."""
    for one in SOURCES.values():
        comes = "comes along"
        if not one.bundled:
            comes = "from --data-dir, else downloaded" if one.downloaded else "from --data-dir"
        facts = f"{one.kind}; {one.individuals} individuals by default; {comes}"
        terminal().print(f"{one.name}\n    {one.description}\n    {facts}")


def read_split(text: str) -> Protocol:
    """The split that a text means: `paper`, or three fractions with commas.

    Raises:
        SettingError: it means neither.
    """
    if text == PAPER_SPLIT:
        return Protocol.paper()
    try:
        train, validation, test = (float(part) for part in text.split(","))
    except ValueError as error:
        raise SettingError(
            f"--split must be {PAPER_SPLIT!r} or three fractions like 0.7,0.15,0.15, not {text!r}"
        ) from error
    return Protocol(train, validation, test)
