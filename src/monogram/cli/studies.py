"""The commands on studies: run one, go on with one, read one, and what there is to study."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from monogram.cli.data import Given, population_of
from monogram.cli.options import (
    DATA,
    HOW,
    OWN,
    RUN,
    DataDir,
    DataFile,
    GlobalSamples,
    GroupColumn,
    IndividualColumn,
    InputColumns,
    LabelColumn,
    Part,
    Quiet,
    Tokens,
    Workers,
    names,
)
from monogram.cli.terminal import terminal
from monogram.curriculum import Recipe
from monogram.datasets import SOURCES
from monogram.engine import Display, estimate
from monogram.engine.progress import duration
from monogram.errors import SettingError
from monogram.population import Population, Protocol
from monogram.report import ResultsTable, recommendation, write_report
from monogram.report.formats import count
from monogram.study import DEFAULT_CURRICULA, Results, Study
from monogram.study.study import default_workers
from monogram.study.study import resume as resumed

LEFT_OUT = 3  # exit status: done, but without some
SHOWN = 10  # individuals set aside that are named on the terminal

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
            help="All classes, separated by commas; default: those there are.", rich_help_panel=OWN
        ),
    ] = None,
    tokens: Tokens = False,
    curriculum: Annotated[
        list[str] | None,
        typer.Option(
            "--curriculum",
            "-c",
            help='For example "transfer(20)" or "global >> personal(20, train=head)"; repeat.',
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
        int | None, typer.Option(min=1, help="Passes over the global data.", rich_help_panel=HOW)
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
    threads: Annotated[int, typer.Option(min=1, help="Of each worker.", rich_help_panel=RUN)] = 1,
    device: Annotated[
        str, typer.Option(help="cpu, cuda, … or auto.", rich_help_panel=RUN)
    ] = "auto",
    evaluation_samples: Annotated[
        int,
        typer.Option(min=1, help="Most global samples to judge a model on.", rich_help_panel=RUN),
    ] = 10_000,
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
        classes=tuple(classes.split(",")) if classes else None,
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
    )
    folder = out or Path("runs") / asked.population.name
    if dry_run:
        _show_plan(asked, folder, workers or default_workers())
    else:
        _run(asked, folder, workers, quiet=quiet)


def resume(
    folder: Annotated[Path, typer.Argument(help="A run directory.")],
    workers: Workers = None,
    quiet: Quiet = False,
) -> None:
    """Go on with a run that was interrupted; finished ones are only shown."""
    _run(resumed(folder), folder, workers, quiet=quiet)


def report(folder: Annotated[Path, typer.Argument(help="A run directory.")]) -> None:
    """Show a run's results again and write its report page anew."""
    _finish(Results.open(folder), folder)


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


def _run(asked: Study, folder: Path, workers: int | None, *, quiet: bool) -> None:
    console = terminal(stderr=True)
    if not quiet:
        _introduce(asked, folder, console)
    results = asked.run(folder, workers=workers, display=Display(quiet=quiet))
    _finish(results, folder)


def _introduce(asked: Study, folder: Path, console: Console) -> None:
    plan = asked.plan()
    network = asked.architecture.build(0)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    lines = [
        str(asked.population),
        f"network {asked.architecture.name}, {parameters:,} parameters",
        str(plan).split("\n", 1)[0] + f", into {folder}",
        *plan.remarks,
    ]
    console.print("\n".join(lines))
    _name_set_aside(asked.population, console)


def _name_set_aside(population: Population, console: Console) -> None:
    """Say who cannot be used and what else there is to know of the data, the first few of each."""
    gone, remarks = population.set_aside, population.remarks
    for heading, found in (
        (f"{count(len(gone), 'individual')} cannot be used:", gone),
        (f"{count(len(remarks), 'remark')} on the data:", remarks),
    ):
        if found:
            console.print("\n".join([heading, *(f"  {one}" for one in found[:SHOWN])]))
        if len(found) > SHOWN:
            console.print(f"  … and {len(found) - SHOWN} more; the report names them")


def _finish(results: Results, folder: Path) -> None:
    """Print the results, write the page, and leave with the status that they deserve."""
    page = folder / "report.html"
    write_report(results, page)
    console = terminal(wrap=True)
    console.print(ResultsTable(results))
    console.print(f"\n{recommendation(results)}")
    console.print(f"\nThe report: {page}", soft_wrap=True)
    if results.population.set_aside or results.failures:
        raise typer.Exit(LEFT_OUT)


def _show_plan(asked: Study, folder: Path, workers: int) -> None:
    plan = asked.plan()
    took = estimate(plan, asked.job(folder), asked.population, workers)
    console = terminal()
    _introduce(asked, folder, console)
    table = Table(box=None)
    for heading in ("curriculum", "models", "own iterations", "shared iterations"):
        table.add_column(heading, justify="left" if heading == "curriculum" else "right")
    for curriculum, (models, own, shared) in plan.per_curriculum().items():
        table.add_row(curriculum, f"{models:,}", f"{own:,.0f}", f"{shared:,}")
    console.print(table)
    console.print(
        f"about {duration(took.seconds)} with {workers} workers, {took.memory / 2**30:.1f} GiB of "
        f"memory and {took.disk / 2**20:.0f} MiB of disk, from {took.step_seconds * 1e3:.1f} ms "
        "for one iteration measured here",
    )
