"""The command that repeats the paper's evaluation."""

from pathlib import Path
from typing import Annotated

import typer

from monogram.cli.options import (
    HOW,
    RUN,
    DataDir,
    Engine,
    GlobalSamples,
    Memory,
    Part,
    Quiet,
    Workers,
    bytes_of,
)
from monogram.cli.running import run_evaluation, show_plan
from monogram.cli.terminal import terminal
from monogram.reproduce import (
    SCALES,
    SCENARIOS,
    Scale,
    ScaleName,
    Scenario,
    ScenarioName,
    evaluation,
)
from monogram.study import RunDirectory, Running


def reproduce(
    scenario: Annotated[
        ScenarioName, typer.Argument(help="How individuals differ: the half of Table 2.")
    ],
    scale: Annotated[
        ScaleName,
        typer.Option(
            help="paper (all of it: months on two cores), small (about 45 minutes on two "
            "cores) or smoke (a minute or two: whether it runs, not what it finds).",
        ),
    ] = "small",
    individuals: Annotated[
        int | None, typer.Option(min=1, help="How many individuals.", rich_help_panel=HOW)
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(min=1, help="Models per curriculum and individual.", rich_help_panel=HOW),
    ] = None,
    first_seed: Annotated[int, typer.Option(help="The first seed.", rich_help_panel=HOW)] = 0,
    split_seed: Annotated[
        int, typer.Option(help="Seed of the split and of who is chosen.", rich_help_panel=HOW)
    ] = 0,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the global data.", rich_help_panel=HOW)
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Samples in a batch.", rich_help_panel=HOW)
    ] = None,
    width: Annotated[
        float | None, typer.Option(help="Factor on the network's channels.", rich_help_panel=HOW)
    ] = None,
    global_samples: GlobalSamples = None,
    part: Part = None,
    data_dir: DataDir = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The run directory; default: runs/SCENARIO-SCALE.", rich_help_panel=RUN),
    ] = None,
    workers: Workers = None,
    engine: Engine = "auto",
    memory: Memory = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show the plan and what it takes.", rich_help_panel=RUN),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Repeat the paper's evaluation: all rows of its Table 2, its claims judged, and beyond it."""
    half, preset = SCENARIOS[scenario], SCALES[scale]
    size = preset.changed(
        individuals=individuals,
        beyond_individuals=individuals,
        seeds=tuple(range(first_seed, first_seed + (seeds or len(preset.seeds)))),
        epochs=epochs,
        batch_size=batch_size,
        width=width,
        global_samples=global_samples,
    )
    running = Running(workers=workers, engine=engine, memory=bytes_of(memory))
    folder = out or Path("runs") / f"{half.name}-{preset.name}"
    if not dry_run:
        RunDirectory(folder).check_free()
    population, more = half.populations(
        size, data_dir=data_dir, part=part, seed=split_seed, progress=not quiet
    )
    asked = evaluation(half, size, population, more)
    if not quiet or dry_run:
        _introduce(half, size)
    if dry_run:
        studies = {folder / name: study for name, study in asked.studies.items()}
        show_plan(studies, running)
    else:
        run_evaluation(asked, folder, running, quiet=quiet)


def _introduce(scenario: Scenario, scale: Scale) -> None:
    """Say what differs from the paper."""
    changes = [*scale.changes, *scenario.notes]
    terminal(stderr=True, wrap=True).print(
        "\n".join([f"{scenario.title} at scale {scale.name}", *(f"- {one}" for one in changes)])
    )
