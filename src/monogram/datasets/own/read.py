"""`read_own`: a population from the user's own files."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from monogram.datasets.own.arrays import read_npz
from monogram.datasets.own.columns import Columns, Selection, everybody, nobody
from monogram.datasets.own.comma import read_csv
from monogram.datasets.own.folders import read_folder
from monogram.datasets.own.hugging_face import is_hugging_face, read_hugging_face
from monogram.datasets.own.parquet import read_parquet
from monogram.errors import DataError, SettingError
from monogram.population import Population, Protocol, RawSamples, SetAside, assemble, merge
from monogram.population.assemble import check_size
from monogram.population.checks import known_classes, problem_with, problem_with_classes
from monogram.streams import rank

READERS = {
    ".parquet": read_parquet,
    ".pq": read_parquet,
    ".csv": read_csv,
    ".npz": read_npz,
}


def read_own(  # noqa: PLR0913 - what each column means, and how to lay it out
    path: str | Path,
    *,
    individual_column: str | None = None,
    label_column: str | None = None,
    input_columns: str | Sequence[str] | None = None,
    group_column: str | None = None,
    global_data: str | Path | None = None,
    global_from: float | None = None,
    tokens: bool = False,
    classes: Iterable[str] | None = None,
    protocol: Protocol = Protocol(),
    seed: int = 0,
) -> Population:
    """The population in a file or folder of one's own.

    What it is shows in its name: `.parquet`, `.csv`, `.npz`, a folder of Parquet files, a Hugging
    Face dataset on disk, or a folder of images, `individual/class/image.png`. D_G comes either
    from `global_data` or, with `global_from`, from individuals that are set apart for it.

    Args:
        path: the individuals' data.
        individual_column: whose sample a row is.
        label_column: its class.
        input_columns: several columns of numbers, or one of lists, tensors or images.
        group_column: samples that must stay on one side of a split.
        global_data: D_G, in any of these formats, its columns named alike.
        global_from: the share of individuals that make D_G, a fraction in (0, 1).
        tokens: keep integer inputs as int64 for an embedding instead of float32.
        classes: all classes; None: those that occur.
        protocol: the split.
        seed: of the split, and of who is set apart.

    Raises:
        DataError: a file cannot be read or lacks a column, D_G cannot be used, or no individual
            can.
        SettingError: an option is missing, contradicts another, or is out of range.
    """
    _check_global_options(path, global_data, global_from)
    selection = Selection(
        individual=individual_column,
        label=label_column,
        inputs=(input_columns,) if isinstance(input_columns, str) else tuple(input_columns or ()),
        group=group_column,
        tokens=tokens,
        classes=known_classes(classes),
    )
    if label_column in selection.inputs:
        raise SettingError(f"{label_column!r} is the label and an input too: leave it out of one")
    known = selection.classes
    found = read_columns(Path(path), selection)
    owners: list[str] = []
    if global_data is not None:
        shared = read_columns(Path(global_data), selection.for_global())
        found, shared = _in_one_mode(found, shared)
        people, refused = _told_apart(found, known)
        global_raw = nobody(shared)
    else:
        people, refused = _told_apart(found, known)
        people, apart = _set_apart(people, refused, global_from or 0.0, seed)
        global_raw, owners = merge(apart), [str(raw.owner) for raw in apart]
    check_size(global_raw, protocol)
    return assemble(
        global_raw,
        people,
        name=Path(path).stem,
        classes=known,
        protocol=protocol,
        seed=seed,
        tokens=tokens,
        set_aside=refused,
        global_owners=owners,
    )


def read_columns(path: Path, selection: Selection) -> Columns:
    """The samples of a file or folder, whatever its format.

    Raises:
        DataError: it is not there, empty, or of an unknown format.
    """
    if path.is_dir():
        if is_hugging_face(path):
            return read_hugging_face(path, selection)
        has_parquet = next(path.rglob("*.parquet"), None) is not None
        return (read_parquet if has_parquet else read_folder)(path, selection)
    if not path.exists():
        raise DataError(f"there is no file or folder {path}")
    if not path.stat().st_size:
        raise DataError(f"{path} is empty (0 bytes); write it again")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(
            f"{path}: {path.suffix or 'no ending'} is no known format; give {', '.join(READERS)}, "
            "a folder of Parquet files, a Hugging Face dataset on disk or a folder of images"
        )
    return reader(path, selection)


def _check_global_options(
    path: str | Path, global_data: str | Path | None, global_from: float | None
) -> None:
    if (global_data is None) == (global_from is None):
        raise SettingError(
            "say where the global data comes from, in one of two ways: --global-data names a file "
            "of its own, --global-from 0.5 sets half of the individuals apart for it"
        )
    if global_from is not None and not 0 < global_from < 1:
        raise SettingError(
            f"--global-from is a share of the individuals in (0, 1), not {global_from}"
        )
    if global_data is not None and Path(global_data).resolve() == Path(path).resolve():
        raise SettingError(
            f"{path} is given as --global-data too: what individuals are tested on would be "
            "trained on; give another file, or use --global-from"
        )


def _in_one_mode(one: Columns, other: Columns) -> tuple[Columns, Columns]:
    """Grey images take three equal channels where those they go with are in colour."""
    shapes = [columns.inputs.shape for columns in (one, other)]
    if all(len(shape) == 4 for shape in shapes) and {shape[1] for shape in shapes} == {1, 3}:
        one, other = (
            replace(columns, inputs=np.repeat(columns.inputs, 3 // columns.inputs.shape[1], axis=1))
            for columns in (one, other)
        )
    return one, other


def _told_apart(
    columns: Columns, classes: tuple[str, ...] | None
) -> tuple[Sequence[RawSamples], Sequence[SetAside]]:
    """The owners whose samples can be used, and those whose samples cannot."""
    usable: list[RawSamples] = []
    refused: list[SetAside] = []
    for one in everybody(columns):
        if isinstance(one, SetAside):
            refused.append(one)
        elif problem := problem_with(one) or problem_with_classes(one, classes):
            refused.append(SetAside(str(one.owner), problem, one.origin))
        else:
            usable.append(one)
    return usable, refused


def _set_apart(
    usable: Sequence[RawSamples], refused: Sequence[SetAside], share: float, seed: int
) -> tuple[Sequence[RawSamples], Sequence[RawSamples]]:
    """The individuals, and the owners whose data becomes D_G: at least one of either.

    Raises:
        DataError: there are fewer than two to choose from.
    """
    if len(usable) < 2:
        told = "".join(f"\n  {one}" for one in refused[:5])
        raise DataError(
            f"--global-from needs two individuals or more that can be used; there are {len(usable)}"
            f", and {len(refused)} set aside{told}"
        )
    ranked = sorted(usable, key=lambda raw: rank(seed, "global", raw.owner))
    count = min(max(1, round(share * len(ranked))), len(ranked) - 1)
    return ranked[count:], ranked[:count]
