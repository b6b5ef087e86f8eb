"""A Hugging Face dataset on disk, as `Dataset.save_to_disk` writes it."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from monogram.datasets.own.columns import Columns, Selection
from monogram.datasets.own.tables import read_table
from monogram.errors import DataError

MARKS = ("dataset_info.json", "dataset_dict.json", "state.json")  # one of them is in its folder


def is_hugging_face(folder: Path) -> bool:
    """Whether a folder was written by `save_to_disk`."""
    return any((folder / mark).exists() for mark in MARKS)


def read_hugging_face(path: Path, selection: Selection) -> Columns:
    """The selected columns; class labels come by their names, images decoded.

    Raises:
        DataError: the package `datasets` is missing, or the folder holds several datasets.
    """
    try:
        from datasets import Dataset, load_from_disk  # noqa: PLC0415 - optional, and slow to import
    except ImportError as error:
        raise DataError(
            f"{path} is a Hugging Face dataset, and the package that reads it is not installed; "
            "run: pip install datasets"
        ) from error
    try:
        found = load_from_disk(str(path))
        table = found.with_format("arrow")[:] if isinstance(found, Dataset) else None
    except Exception as error:  # whatever is wrong inside
        raise DataError(f"{path} cannot be read as a Hugging Face dataset: {error}") from error
    if table is None:
        raise DataError(
            f"{path} holds several datasets ({', '.join(found)}); name one of them, for example "
            f"{path / next(iter(found), 'train')}"
        )
    return read_table(pads.dataset(_with_names(table, found.features)), selection, str(path))


def _with_names(table: pa.Table, features: Any) -> pa.Table:
    """The table with the names of class labels in place of their numbers."""
    for i, (name, feature) in enumerate(features.items()):
        if type(feature).__name__ == "ClassLabel":
            numbers = table.column(name)
            valid = pc.if_else(pc.greater_equal(numbers, 0), numbers, None)
            names = pc.take(pa.array(feature.names), valid)
            table = table.set_column(i, name, names)
    return table
