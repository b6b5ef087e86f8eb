"""The Parquet file that predictions are written into: where it may be, and its columns.

individual      text
predicted       text, the class with the highest probability
probability     float32, of that class, in [0, 1]
probabilities   list of float32 in the order of the classes, which the file's metadata name
model           "personal", or "base" where the individual has none of its own
problem         text, why a row could not be predicted: the columns between are null there
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from monogram.errors import SettingError
from monogram.store import BaseModel

CLASSES = b"monogram.classes"


def check_place(out: Path, data: Path) -> None:
    """Refuse a file that cannot be written, or that would take the place of what is predicted.

    Raises:
        SettingError: what is wrong with the file's name, and which to take.
    """
    if out.suffix not in ("", ".parquet", ".pq"):
        raise SettingError(f"{out}: predictions are written as Parquet; name a file .parquet")
    if not out.parent.is_dir():
        raise SettingError(
            f"{out}: there is no folder {out.parent}; make it, or name a file in another one"
        )
    if out.is_dir():
        raise SettingError(f"{out} is a folder; name a file in it, such as {out / 'p.parquet'}")
    if _is_input(out, data):
        raise SettingError(
            f"{out} is what is to be predicted or lies in it, and nothing there is overwritten; "
            "name another file for the predictions"
        )


@contextmanager
def whole_or_nothing(out: Path) -> Iterator[Path]:
    """A file to write, which takes its place when all of it is written, and goes otherwise."""
    part = Path(f"{out}.part")
    try:
        yield part
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _is_input(out: Path, data: Path) -> bool:
    """Whether a file is the data, by whatever name, or lies in the folder of the data."""
    if out.exists() and data.exists() and out.samefile(data):
        return True
    return out.resolve().is_relative_to(data.resolve())


def schema(base: BaseModel) -> pa.Schema:
    """The columns, with the classes of a base's models."""
    columns = [
        ("individual", pa.string()),
        ("predicted", pa.string()),
        ("probability", pa.float32()),
        ("probabilities", pa.list_(pa.float32(), len(base.classes))),
        ("model", pa.string()),
        ("problem", pa.string()),
    ]
    return pa.schema(columns, metadata={CLASSES: json.dumps(base.classes).encode()})


def is_text(id_: str) -> bool:
    """Whether an id can be written: a lone surrogate, half of a character, cannot."""
    try:
        id_.encode()
    except UnicodeEncodeError:
        return False
    return True


def table_of(
    ids: Sequence[str], logits: torch.Tensor, base: BaseModel, models: Sequence[str]
) -> pa.Table:
    """The rows that were predicted.

    Args:
        ids: whose each row is.
        logits: [rows, classes].
        base: has the classes.
        models: "personal" or "base", for each row.
    """
    probabilities = torch.softmax(logits.double(), dim=1).float().numpy()
    best = logits.argmax(dim=1).numpy()
    flat = pa.array(probabilities.reshape(-1))
    return pa.table(
        [
            pa.array(list(ids), pa.string()),
            pa.array([base.classes[code] for code in best], pa.string()),
            pa.array(probabilities[np.arange(len(best)), best]),
            pa.FixedSizeListArray.from_arrays(flat, len(base.classes)),
            pa.array(models, pa.string()),
            pa.nulls(len(ids), pa.string()),
        ],
        schema=schema(base),
    )


def with_problems(
    table: pa.Table, ids: Sequence[str], rows: range, problems: Mapping[int, str]
) -> pa.Table:
    """The rows that were predicted, and between them those that were not."""
    if len(table) == len(rows):
        return table
    good = (row for row in rows if row not in problems)
    places = {row: place for place, row in enumerate(good)}
    whole = table.take(pa.array([places.get(row) for row in rows], pa.int64()))
    for name, values in (
        ("individual", [_written(ids[row]) for row in rows]),
        ("problem", [problems.get(row) for row in rows]),
    ):
        column = whole.schema.get_field_index(name)
        whole = whole.set_column(column, name, pa.array(values, pa.string()))
    return whole


def _written(id_: str) -> str | None:
    return id_ if id_ and is_text(id_) else None
