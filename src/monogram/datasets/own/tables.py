"""Arrow tables, which Parquet, CSV and Hugging Face datasets become.

Numbers go column by column, batch by batch, into one array: there is no Python object per row.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads

from monogram.datasets.own.columns import (
    Coded,
    Columns,
    Selection,
    as_inputs,
    coded,
    required,
    token_faults,
)
from monogram.datasets.own.nested import (
    dense,
    in_logical_order,
    is_list,
    is_number,
    leaf_type,
    numbers,
    plain,
    plain_type,
    usual_shape,
)
from monogram.datasets.own.pictures import Picture, read_pictures
from monogram.errors import DataError, shorten
from monogram.population.samples import beyond_int64

BATCH = 1 << 15  # rows
READ_AHEAD = 4  # batches


def read_table(data: pads.Dataset, selection: Selection, origin: str) -> Columns:
    """The selected columns of a table.

    Args:
        data: the table.
        selection: its columns.
        origin: the file or folder, for messages.

    Raises:
        DataError: a column is missing or of a type that cannot be used, or there are no rows.
        SettingError: a column is not named.
    """
    names = data.schema.names
    owner = None
    if selection.owned:
        owner = required(selection.individual, "--individual-column", names, origin)
    label = required(selection.label, "--label-column", names, origin)
    group = selection.group if selection.owned or selection.group in names else None
    if group is not None:
        required(group, "--group-column", names, origin)
    inputs = [
        required(name, "--input-columns", names, origin) for name in selection.inputs or (None,)
    ]
    rows = data.count_rows()
    if not rows:
        raise DataError(f"{origin} has no rows")
    values, faults = _read_inputs(data, inputs, rows, origin, tokens=selection.tokens)
    return Columns(
        inputs=values,
        labels=_read_coded(data, label, origin).labels(),
        owners=None if owner is None else _read_coded(data, owner, origin),
        groups=None if group is None else _read_coded(data, group, origin).groups(),
        faults=faults,
        origin=origin,
        names=tuple(inputs) if len(inputs) > 1 else (),
    )


def _read_inputs(
    data: pads.Dataset, names: list[str], rows: int, origin: str, *, tokens: bool
) -> tuple[np.ndarray, dict[int, str]]:
    """Inputs [rows, *shape], and why a row has none."""
    kinds = {name: plain_type(data.schema.field(name).type) for name in names}
    if len(names) == 1 and _is_picture(kinds[names[0]]):
        return read_pictures(_pictures(data, names[0]))
    for name, kind in kinds.items():
        leaf = leaf_type(kind) if len(names) == 1 else kind
        if not is_number(leaf) or (tokens and not pa.types.is_integer(leaf)):
            wanted = "integers, being tokens" if tokens else "numbers"
            mixed = is_list(kind) and len(names) > 1
            several = "; of several input columns none can hold lists" if mixed else ""
            raise DataError(
                f"{origin}: column {shorten(name)!r} holds {shorten(kind)}; inputs must be "
                f"{wanted}{several}"
            )
    if is_list(kinds[names[0]]):
        return _read_lists(data, names[0], origin, tokens=tokens)
    return _read_matrix(data, names, rows, tokens=tokens)


def _read_matrix(
    data: pads.Dataset, names: list[str], rows: int, *, tokens: bool
) -> tuple[np.ndarray, dict[int, str]]:
    """Several columns of numbers: [rows, columns] float32, or int64 tokens."""
    matrix = np.empty((rows, len(names)), dtype=np.int64 if tokens else np.float32)
    holes, beyond = np.zeros((2, rows), dtype=bool)
    start = 0
    batches = data.to_batches(columns=names, batch_size=BATCH, batch_readahead=READ_AHEAD)
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as such
        for batch in batches:
            part = slice(start, start + len(batch))
            for i, column in enumerate(batch.columns):
                if tokens and column.null_count:
                    holes[part] |= column.is_null().to_numpy(zero_copy_only=False)
                    column = plain(column).fill_null(0)  # noqa: PLW2901 - the same, without holes
                values = numbers(column)
                beyond[part] |= tokens & beyond_int64(values)
                matrix[part, i] = values
            start = part.stop
    missing = {int(row): f"row {row} misses a token" for row in np.flatnonzero(holes)}
    return matrix, token_faults(beyond) | missing


def _read_lists(
    data: pads.Dataset, name: str, origin: str, *, tokens: bool
) -> tuple[np.ndarray, dict[int, str]]:
    """One column of lists or tensors, each row of the shape that most have."""
    chunks = data.to_table(columns=[name]).column(name).chunks
    shape = usual_shape(chunks)
    if 0 in shape:
        raise DataError(f"{origin}: most rows of column {shorten(name)!r} are empty lists")
    found = [dense(chunk, shape) for chunk in chunks]
    beyond = np.concatenate([tokens & beyond_int64(values) for values, _ in found])
    values = np.concatenate([as_inputs(values, tokens=tokens) for values, _ in found])
    good = np.concatenate([good for _, good in found])
    text = f"of {shorten(name)!r} lacks values or the shape {list(shape)} that most rows have"
    faults = {int(row): f"row {row} {text}" for row in np.flatnonzero(~good)} | token_faults(beyond)
    return in_logical_order(values, data.schema.field(name).type), faults


def _read_coded(data: pads.Dataset, name: str, origin: str) -> Coded:
    """A column of labels, ids or groups."""
    kind = plain_type(data.schema.field(name).type)
    if pa.types.is_nested(kind):
        raise DataError(f"{origin}: column {shorten(name)!r} holds {kind}, not one value per row")
    column = data.to_table(columns=[name]).column(name)
    if pa.types.is_null(kind):
        return coded(np.full(len(column), -1), np.array([], dtype=np.str_))
    chunks = [plain(chunk) for chunk in column.chunks]
    table = pa.chunked_array(chunks, type=kind).dictionary_encode().unify_dictionaries()
    codes = [chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in table.chunks]
    values = table.chunk(0).dictionary.to_numpy(zero_copy_only=False)
    try:
        return coded(np.concatenate(codes).astype(np.int64), _decoded(values))
    except UnicodeDecodeError as error:
        raise DataError(
            f"{origin}: column {shorten(name)!r} holds bytes that are no UTF-8 text; write it as "
            "such"
        ) from error


def _decoded(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "O" and len(values) and isinstance(values[0], bytes):
        return np.array([value.decode() for value in values], dtype=object)
    return values


def _is_picture(kind: Any) -> bool:
    """Whether a column holds encoded images, as Hugging Face datasets keep them."""
    return bool(pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0)


def _pictures(data: pads.Dataset, name: str) -> list[Picture]:
    cells = data.to_table(columns=[name]).column(name).to_pylist()
    found = []
    for row, cell in enumerate(cells):
        path = (cell or {}).get("path")
        content = (cell or {}).get("bytes") or (Path(path) if path else None)
        called = f"row {row} of {shorten(name)!r}" + (f" ({shorten(path)})" if path else "")
        found.append(Picture(called, content))
    return found


@contextmanager
def readable(path: Path, kind: str) -> Iterator[None]:
    """Say which file it is that cannot be read."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        told = str(error).partition("\n")[0]
        if kind == "CSV":  # what comes before is about Arrow, and there is but one file
            told = told.rpartition("Invalid: ")[2].removeprefix("CSV parse error: ")
        if "multiple columns named" in told:  # Arrow reads none of such a file
            raise DataError(f"{path}: {told}; give each a name of its own") from error
        raise DataError(
            f"{path} cannot be read as {kind}: {shorten(told, 200)}. It is cut off, damaged"
            f"{', not in UTF-8' * (kind == 'CSV')} or no {kind} file; write it again"
        ) from error
