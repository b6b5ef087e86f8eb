"""The commands on models that are kept: list, show, verify, predict, export, forget."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from monogram.cli.options import (
    AsJson,
    IndividualColumn,
    InputColumns,
    NetworkPlace,
    Person,
    StorePlace,
    names,
    store_place,
)
from monogram.cli.terminal import LEFT_OUT, SHOWN, terminal
from monogram.cli.wording import (
    NOTHING_THERE,
    WORK_ERASED,
    as_plain,
    base_lines,
    counts_line,
    erasure_lines,
    listed,
    models_table,
    receipt_lines,
    version_lines,
)
from monogram.errors import SettingError, StoreError, UnknownIndividualError, shorten
from monogram.export import FORMATS, export_model
from monogram.formats import count
from monogram.networks import factory_named
from monogram.networks.architecture import Factory
from monogram.personalize import erase_work, predict_file
from monogram.personalize.work import STORE_NAME, sqlite_file
from monogram.population import open_population
from monogram.store import KINDS, Store, forget_in_run, is_run, runs_in

DAMAGED = 1  # exit status
NOTHING = 2  # exit status: what was asked for is not there
ROWS = 50  # of a table, unless more are asked for


def list_models(
    store: StorePlace,
    decision: Annotated[str | None, typer.Option(help=f"Only these: {', '.join(KINDS)}.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Rows of the table.")] = ROWS,
    as_json: AsJson = False,
) -> None:
    """List the individuals with their decisions and figures."""
    if decision is not None and decision not in KINDS:
        raise SettingError(f"--decision must be one of {', '.join(KINDS)}, not {decision!r}")
    with Store.open(store_place(store)) as opened:
        models = [m for m in opened.models() if decision in (None, m.decision.kind)]
    if as_json:
        typer.echo(json.dumps([listed(model) for model in models], indent=1))
        return
    if limit and models:
        terminal(wrap=True).print(models_table(models[:limit]))
    _say(counts_line(models, limit))


def show(
    store: StorePlace,
    individual: Annotated[
        str | None, typer.Argument(help="The individual's id; without one, the bases.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a person's figures, versions, decisions and where they come from; or the bases."""
    place = store_place(store)
    with Store.open(place) as opened, _told_why(place, individual):
        if individual is None:
            bases = opened.bases()
            blocks = [base_lines(base) for base in bases] or [["no base yet"]]
            values = [as_plain(base) for base in bases]
        else:
            versions = opened.history(individual)
            blocks = [[shorten(individual)], *map(version_lines, versions)]
            values = [as_plain(version) for version in versions]
    if as_json:
        typer.echo(json.dumps(values, indent=1))
    else:
        _say(*(line for block in blocks for line in block))


@contextmanager
def _told_why(store: str, individual: str | None) -> Iterator[None]:
    """Within, an individual without a model is said to have been set aside, if it was.

    In the run directory around the store; people of other data are not known there.
    """
    try:
        yield
    except UnknownIndividualError as error:
        run = _run_around(store)
        aside = open_population(run / "population").set_aside if run else ()
        told = [
            f"; set aside in {run}: {one.reason}" for one in aside if one.individual == individual
        ]
        raise UnknownIndividualError("".join([str(error), *told])) from error


def verify(store: StorePlace) -> None:
    """Check every hash, and say what is damaged (exit status 1)."""
    place = store_place(store)
    with Store.open(place) as opened:
        damages = opened.verify()
        if not damages:
            _say(f"individuals: {len(opened):,}, bases: {len(opened.bases()):,}; all as written")
            return
    _say(f"{len(damages):,} damaged in {place}:", *(f"  {damage}" for damage in damages))
    raise typer.Exit(DAMAGED)


def predict(
    data: Annotated[Path, typer.Argument(help="Parquet, CSV or npz; ids may be mixed.")],
    store: StorePlace,
    out: Annotated[Path, typer.Option("--out", "-o", help="The Parquet file to write.")],
    individual_column: IndividualColumn = None,
    input_columns: InputColumns = None,
    unknown: Annotated[
        str, typer.Option(help="Ids without a model: [bold]error[/], or take the [bold]base[/].")
    ] = "error",
    network: NetworkPlace = None,
) -> None:
    """Predict each sample by its own individual's model."""
    if unknown not in ("error", "base"):
        raise SettingError(f"--unknown must be error or base, not {unknown!r}")
    with Store.open(store_place(store)) as opened:
        done = predict_file(
            opened,
            data,
            out,
            individual_column=individual_column,
            input_columns=names(input_columns),
            unknown="base" if unknown == "base" else "error",
            factory=_moved_to(network),
        )
    _say(f"{count(done.samples, 'sample')} of {count(done.individuals, 'individual')}, into {out}")
    if done.unknown:
        some = ", ".join(repr(shorten(id_, 30)) for id_ in done.unknown[:5])
        more = " …" if len(done.unknown) > 5 else ""
        _say(f"{len(done.unknown):,} have no model; the base predicted for them: {some}{more}")
    if done.problems:
        _say(f"{count(len(done.problems), 'row')} could not be predicted, counted from 0:")
        _say(*(f"  {problem}" for problem in list(done.problems.values())[:SHOWN]))
        raise typer.Exit(LEFT_OUT)


def export(
    store: StorePlace,
    individual: Annotated[
        str | None, typer.Argument(help="The individual's id; without one, the latest base.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The folder; default: exports/ID.")
    ] = None,
    format_: Annotated[
        list[str] | None,
        typer.Option("--format", "-f", help=f"{', '.join(FORMATS)}; repeat. Default: all."),
    ] = None,
    network: NetworkPlace = None,
) -> None:
    """Write one person's model for use elsewhere, and check it by running it."""
    folder = out or Path("exports") / _file_name(individual or "base")
    factory = _moved_to(network)
    formats = names(format_) or FORMATS
    with Store.open(store_place(store)) as opened:
        done = export_model(opened, individual, folder, formats=formats, factory=factory)
        keeps = individual is not None and opened.individual(individual).keeps_base
    _say(
        *([f"{shorten(individual)} keeps the base: this is the base's network"] * keeps),
        *(
            f"{one.format}: {folder / one.path.name}, {one.size:,} bytes; run against the model, "
            f"logits differ by {one.difference:.1e} at most (the largest is {one.largest:.1f})"
            for one in done
        ),
    )


def forget(
    individual: Person,
    store: StorePlace = "",
    run: Annotated[
        list[Path] | None,
        typer.Option(help="A run directory, or a folder with exports of its model; repeat."),
    ] = None,
    work: Annotated[
        list[Path] | None,
        typer.Option(help="Where a personalization was to keep its work, if it was told; repeat."),
    ] = None,
    receipts: Annotated[
        Path | None, typer.Option(help="Folder for the receipt; default: beside the store.")
    ] = None,
) -> None:
    """Remove an individual everywhere, prove it, and leave a receipt without its data.

    Without a store, the models in the run directory are meant; where there are none yet, run
    directories alone, and then no receipt is left. Interrupted work is erased first.
    """
    also = run or []
    store = store or _store_among(also)
    if not store and not also:
        raise SettingError("say with --store where the models are, with --run where a run is")
    works = list(dict.fromkeys([*_works(store, also), *map(_existing, work or ())]))
    if not store or (also and _has_no_models(Path(store))):
        _forget_in_runs(individual, also, works)
        return
    place = store_place(store)
    with Store.open(place) as opened:
        opened.check_unused()
        opened.check_places(individual, also, receipts=receipts)
        erased = _erase_works(works, individual)
        try:
            receipt = opened.forget(individual, also, receipts=receipts)
        except UnknownIndividualError as error:
            if not erased:
                raise
            _say(WORK_ERASED, str(error))
            return
    _say(*receipt_lines(receipt, work=erased), *_not_given(_run_around(place), also))
    if not receipt.verified:
        raise typer.Exit(DAMAGED)
    if not (receipt.found or erased):
        raise typer.Exit(NOTHING)


def _store_among(places: Sequence[Path]) -> str:
    """The store in a run directory, or nothing.

    Raises:
        SettingError: there are several.
    """
    found = [str(place / STORE_NAME) for place in places if (place / STORE_NAME).exists()]
    if len(found) > 1:
        raise SettingError(f"say with --store which one: there are {' and '.join(found)}")
    return "".join(found)


def _works(store: str, places: Sequence[Path]) -> list[Path]:
    """Where interrupted work on a store may lie: beside it, or in a run directory."""
    kept = bool(store) and not _has_no_models(Path(store))
    file = sqlite_file(store_place(store)) if kept else None
    beside = [] if file is None else [Path(f"{file}.work")]
    return [*beside, *(place / f"{STORE_NAME}.work" for place in places)]


def _existing(work: Path) -> Path:
    """A folder that was named for work; none by that name is a mistake rather than no work.

    Raises:
        SettingError: it is not there.
    """
    if not work.is_dir():
        raise SettingError(f"--work {work}: there is no such folder; nothing was forgotten")
    return work


def _has_no_models(place: Path) -> bool:
    """Whether a place is a run directory for which nobody has been personalized."""
    return place.is_dir() and is_run(place) and not (place / STORE_NAME).exists()


def _erase_works(works: Sequence[Path], individual: str) -> bool:
    """Erase interrupted work that holds an individual's data; whether there was any."""
    erased = [erase_work(folder, individual) for folder in works]
    return any(erased)


def _forget_in_runs(individual: str, places: Sequence[Path], works: Sequence[Path]) -> None:
    """Remove an individual from runs that no model was kept of."""
    for place in places:
        if not is_run(place):
            raise StoreError(f"{place} is no run directory; exported models need their --store")
    work = _erase_works(works, individual)
    runs = dict.fromkeys(run for place in places for run in runs_in(place))
    done = [forget_in_run(run, individual) for run in runs]
    found = work or any(run.found for run in done)
    _say(*([WORK_ERASED] * work), *erasure_lines(done), *([NOTHING_THERE] * (not found)))
    if not found:
        raise typer.Exit(NOTHING)


def _run_around(store: str) -> Path | None:
    """The run directory that a store lies in, if it does."""
    file = sqlite_file(store)
    around = file.resolve().parent if file is not None else None
    return around if around is not None and is_run(around) else None


def _not_given(run: Path | None, also: Sequence[Path]) -> list[str]:
    """That the run directory around a store was left as it was."""
    if run is None or run in [place.resolve() for place in also]:
        return []
    return [f"the run directory around the store was not searched; to do so: --run {run}"]


def _file_name(individual: str) -> str:
    """An id as the name of a folder that is safe everywhere."""
    return re.sub(r"[^\w.-]", "_", individual).strip(".")[:60] or "individual"


def _say(*lines: str) -> None:
    terminal().print("\n".join(lines))


def _moved_to(network: str | None) -> Factory | None:
    """The factory where a network's code is now; None: where it was.

    Raises:
        NetworkError: there is no such network, or its code cannot be imported.
    """
    return factory_named(network) if network else None
