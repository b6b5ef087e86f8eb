"""Options that several commands share, each defined once."""

import csv
import re
from pathlib import Path
from typing import Annotated

import typer

from monogram.engine import EngineName
from monogram.errors import NoStoreError, SettingError
from monogram.personalize.work import STORE_NAME

DATA = "The population"
OWN = "Your own data"
HOW = "How to train"
GUARD = "The guard"
RUN = "How to run"

StorePlace = Annotated[
    str,
    typer.Option(
        "--store",
        "-s",
        help="The models: a file, postgresql://user@host/database, or a run directory.",
        envvar="MONOGRAM_STORE",
    ),
]
NetworkPlace = Annotated[
    str | None,
    typer.Option(
        "--network",
        help="Where the models' network is now, package.module:factory or file.py:factory; "
        "default: where it was when they were made.",
    ),
]
Person = Annotated[str, typer.Argument(help="The individual's id.")]
Part = Annotated[str | None, typer.Option(help="Which part of the source.", rich_help_panel=DATA)]
GlobalSamples = Annotated[
    int | None, typer.Option(min=1, help="Samples of the global data.", rich_help_panel=DATA)
]
DataDir = Annotated[
    Path | None,
    typer.Option(help="Where named sources lie, or are downloaded to.", rich_help_panel=DATA),
]
DataFile = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="Parquet, CSV, npz, Hugging Face dataset on disk, or individual/class/image.png.",
        rich_help_panel=OWN,
    ),
]
IndividualColumn = Annotated[
    str | None, typer.Option(help="Whose sample a row is.", rich_help_panel=OWN)
]
LabelColumn = Annotated[str | None, typer.Option(help="Its class.", rich_help_panel=OWN)]
InputColumns = Annotated[
    list[str] | None,
    typer.Option(
        help="Numeric columns, separated by commas or given again; or one list column. Names that "
        "hold a comma in double quotes.",
        rich_help_panel=OWN,
    ),
]
GroupColumn = Annotated[
    str | None,
    typer.Option(help="Samples that must stay on one side of a split.", rich_help_panel=OWN),
]
Tokens = Annotated[
    bool, typer.Option("--tokens", help="Integer inputs are tokens.", rich_help_panel=OWN)
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Processes; default: one for each core, fewer where that is faster.",
        rich_help_panel=RUN,
    ),
]
Engine = Annotated[
    EngineName,
    typer.Option(
        help="stacked: individuals together; loop: one by one; auto: what a trial finds faster.",
        rich_help_panel=RUN,
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(
        help="Of all workers together, like 8GiB; default: all free.", rich_help_panel=RUN
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.", rich_help_panel=RUN)]
AsJson = Annotated[bool, typer.Option("--json", help="Plain values for programs.")]


def bytes_of(text: str | None) -> int | None:
    """The bytes that an option means: a number with B, KB, MB, GB, KiB, MiB or GiB.

    Raises:
        SettingError: it means none, or nothing.

    >>> bytes_of("1.5GiB"), bytes_of("200 MB")
    (1610612736, 200000000)
    """
    if text is None:
        return None
    found = re.fullmatch(r"\s*(\d+\.?\d*)\s*([KMG]?)(i?)B?\s*", text, re.IGNORECASE)
    size = 0.0
    if found:
        number, prefix, binary = found.groups()
        size = float(number) * (1024 if binary else 1000) ** " KMG".index(prefix.upper() or " ")
    if size < 1:
        raise SettingError(f"--memory must be a number of bytes like 8GiB or 500MB, not {text!r}")
    return int(size)


def names(texts: list[str] | None) -> tuple[str, ...]:
    """Names that were given again and again, or with commas between them.

    >>> names(["x,y", "z"]), names(['"cold, wet",dry'])
    (('x', 'y', 'z'), ('cold, wet', 'dry'))
    """
    return tuple(name for row in csv.reader(texts or ()) for name in row)


def store_place(given: str) -> str:
    """The store that an option means: a run directory has its own.

    Raises:
        NoStoreError: the run directory has none.
    """
    if "://" in given or not Path(given).is_dir():
        return given
    inside = Path(given) / STORE_NAME
    if not inside.exists():
        raise NoStoreError(
            f"{given} has no models yet; make them with `monogram personalize {given}`"
        )
    return str(inside)
