"""What the commands that train have in common: say what will be done, do it, show what came out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from monogram.cli.terminal import LEFT_OUT, SHOWN, terminal
from monogram.engine import Display, Estimate, default_workers, estimate, together
from monogram.engine.progress import duration
from monogram.formats import count
from monogram.population import Population
from monogram.report import ResultsTable, recommendation, write_report
from monogram.reproduce import Evaluation, Reproduction, is_reproduction
from monogram.study import Results, Running, Study

MEASURING = "measuring a few steps here; the first time a large network takes a minute or two …"


def run_study(asked: Study, folder: Path, running: Running, *, quiet: bool) -> None:
    """Run a study, or what is left of it, and show what came out."""
    if not quiet:
        introduce(asked, folder)
    running = running | {"display": Display(quiet=quiet)}
    asked.run(folder, **running)
    finish(folder)


def run_evaluation(asked: Evaluation, folder: Path, running: Running, *, quiet: bool) -> None:
    """Run a reproduction, or what is left of it, and show what came out."""
    running = running | {"display": Display(quiet=quiet)}
    asked.run(folder, announce=None if quiet else introduce, **running)
    finish(folder)


def introduce(asked: Study, folder: Path) -> None:
    """Say what a study is about before it begins."""
    console = terminal(stderr=True)
    console.print("\n".join(_introduction(asked, folder)))
    _name_set_aside(asked.population, console)


def finish(folder: Path) -> None:
    """Print a run's results, write the page, and leave with the status that they deserve."""
    reproduction = Reproduction.open(folder) if is_reproduction(folder) else None
    results = reproduction.results if reproduction else Results.open(folder)
    page = folder / "report.html"
    write_report(results, page, reproduction=reproduction)
    console = terminal(wrap=True)
    console.print(ResultsTable(results))
    if reproduction:
        if reproduction.caution:
            console.print(f"\n{reproduction.caution}\n")
        console.print(_judged(reproduction))
    console.print(f"\n{recommendation(results)}")
    _name(f"{count(len(results.failures), 'training')} failed:", results.failures, console)
    console.print(f"\nThe report: {page}", soft_wrap=True)
    if results.population.set_aside or results.failures:
        raise typer.Exit(LEFT_OUT)


def show_plan(studies: Mapping[Path, Study], running: Running) -> None:
    """Show what would be done, and what it takes by a short measurement, without doing it."""
    console = terminal()
    parts = [_show_plan(asked, folder, running, console) for folder, asked in studies.items()]
    took = together(parts)
    whole = "all of it: " if len(parts) > 1 else ""
    console.print(
        f"{whole}about {duration(took.seconds)} with {count(took.workers, 'worker')}, "
        f"{took.memory / 2**20:,.0f} MiB of memory and {took.disk / 2**20:,.0f} MiB of disk, from "
        f"{took.step_seconds * 1e3:.1f} ms for one iteration measured here",
    )
    if any(asked.population.set_aside for asked in studies.values()):
        raise typer.Exit(LEFT_OUT)


def _show_plan(asked: Study, folder: Path, running: Running, console: Console) -> Estimate:
    plan = asked.plan()
    console.print("\n".join(_introduction(asked, folder)))
    _name_set_aside(asked.population, console)
    table = Table(box=None)
    for heading in ("curriculum", "models", "own iterations", "shared iterations"):
        table.add_column(heading, justify="left" if heading == "curriculum" else "right")
    for curriculum, (models, own, shared) in plan.per_curriculum().items():
        table.add_row(curriculum, f"{models:,}", f"{own:,.0f}", f"{shared:,}")
    console.print(table)
    job = replace(asked.job(folder), engine=running["engine"], memory=running["memory"])
    terminal(stderr=True).print(MEASURING)
    return estimate(plan, job, asked.population, running["workers"] or default_workers(job.device))


def _introduction(asked: Study, folder: Path) -> list[str]:
    plan = asked.plan()
    network = asked.architecture.build(0)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return [
        str(asked.population),
        f"network {asked.architecture.name}, {parameters:,} parameters",
        str(plan).split("\n", 1)[0] + f", into {folder}",
        *plan.remarks,
    ]


def _name_set_aside(population: Population, console: Console) -> None:
    """Say who cannot be used and what else there is to know of the data, the first few of each."""
    gone, remarks = population.set_aside, population.remarks
    _name(f"{count(len(gone), 'individual')} cannot be used:", gone, console)
    _name(f"{count(len(remarks), 'remark')} on the data:", remarks, console)


def _name(heading: str, found: Sequence[object], console: Console) -> None:
    """A line for each of the first few that were found; nothing where there are none."""
    if found:
        console.print("\n".join([heading, *(f"  {one}" for one in found[:SHOWN])]))
    if len(found) > SHOWN:
        console.print(f"  … and {len(found) - SHOWN} more; the report names them")


def _judged(reproduction: Reproduction) -> Table:
    """The claims and goals with what became of them."""
    table = Table(box=None, padding=(0, 1))
    table.add_column("the paper's claim", overflow="fold")
    table.add_column("here")
    for claim in reproduction.claims:
        table.add_row(claim.text, claim.verdict)
    for goal in reproduction.goals:
        table.add_row(f"Beyond the paper: {goal.text}", "met" if goal.met else "missed")
    return table
