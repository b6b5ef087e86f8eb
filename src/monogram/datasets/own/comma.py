"""CSV: fast where every cell is what its column should hold, else cell by cell.

Arrow guesses a column's type from the file's first megabyte and stops at the first cell that does
not fit. Such a file is read once more, as text: a label's type comes from the whole column, and a
cell that is no number is a fault of its row.
"""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.dataset as pads

from monogram.datasets.own.columns import OTHER_SEPARATORS, Columns, Selection
from monogram.datasets.own.nested import is_number
from monogram.datasets.own.tables import read_table, readable
from monogram.errors import DataError, shorten

NUMBER = r"^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[iI][nN][fF](?:inity)?)$"
WHOLE = r"^[+-]?\d{1,18}$"  # fits int64
MISSING = pa.array(pacsv.ConvertOptions().null_values, pa.string())


def read_csv(path: Path, selection: Selection) -> Columns:
    """A CSV file with a header; ids and groups stay the text they are.

    Raises:
        DataError: it cannot be read, lacks a column, or inputs are no numbers at all.
        SettingError: a column is not named.
    """
    with readable(path, "CSV"):
        try:
            return read_table(_as_expected(path, selection), selection, str(path))
        except pa.ArrowInvalid:
            _check_separator(path)
            return _read_by_cells(path, selection)


def _as_expected(path: Path, selection: Selection) -> pads.Dataset:
    """The file with inputs as numbers, ids and groups as text, and labels as Arrow finds them."""
    number = pa.int64() if selection.tokens else pa.float64()
    types = dict.fromkeys(selection.inputs, number)
    return _opened(path, types | dict.fromkeys(_texts(selection), pa.string()))


def _texts(selection: Selection) -> set[str]:
    return {name for name in (selection.individual, selection.group) if name}


def _opened(path: Path, types: dict[str, pa.DataType]) -> pads.Dataset:
    options = pacsv.ConvertOptions(column_types=types)
    return pads.dataset(str(path), format=pads.CsvFileFormat(convert_options=options))


def _read_by_cells(path: Path, selection: Selection) -> Columns:
    """The file read as text, then column by column made what it should be."""
    wanted = {*selection.inputs, *selection.coded}
    found = _opened(path, dict.fromkeys(wanted, pa.string()))
    names = [name for name in found.schema.names if name in wanted]
    table = found.to_table(columns=names)
    faults: dict[int, str] = {}
    for i, name in enumerate(names):
        column = table.column(name)
        if name == selection.label and name not in _texts(selection):
            table = table.set_column(i, name, _labels(column))
        elif name in selection.inputs and name not in _texts(selection):
            numbers, bad = _numbers(column, name, tokens=selection.tokens)
            table = table.set_column(i, name, numbers)
            faults = bad | faults
    columns = read_table(pads.dataset(table), selection, str(path))
    return replace(columns, faults=dict(sorted({**columns.faults, **faults}.items())))


def _labels(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Labels in the first type that takes all of them: whole numbers, truth values, numbers, text.

    The order is Arrow's, so that a label means the same whichever way a file is read.
    """
    present = _trimmed(column)
    for kind in (pa.int64(), pa.bool_(), pa.float64()):
        try:
            return present.cast(kind)
        except pa.ArrowInvalid:
            continue
    return column


def _numbers(
    column: pa.ChunkedArray, name: str, *, tokens: bool
) -> tuple[pa.ChunkedArray, dict[int, str]]:
    """A column of text as numbers, and by row which cells are none.

    A column without any number comes back as truth values, if it holds them, or as it was.
    """
    cells = pc.replace_substring_regex(_trimmed(column), r"^\+", "")
    good = pc.match_substring_regex(cells, WHOLE if tokens else NUMBER)
    if not pc.any(good).as_py() and cells.null_count < len(cells):
        truth = _labels(column)
        return (truth if is_number(truth.type) else column), {}
    numbers = pc.if_else(good, cells, None).cast(pa.int64() if tokens else pa.float64())
    rows = pc.indices_nonzero(pc.fill_null(pc.invert(good), False)).to_pylist()  # noqa: FBT003
    kind = "whole number" if tokens else "number"
    texts = column.take(pa.array(rows, pa.int64())).to_pylist()
    return numbers, {
        row: f"row {row} has {shorten(text, 40)!r} in {shorten(name)!r}, which is no {kind}"
        for row, text in zip(rows, texts, strict=True)
    }


def _trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The cells without blanks around them; null where Arrow takes a text for a missing value."""
    cells = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.is_in(cells, MISSING), None, cells)


def _check_separator(path: Path) -> None:
    """Refuse a header that no comma separates, which is why the rows do not fit it."""
    with path.open(encoding="utf-8", errors="replace") as file:
        header = file.readline()
    mark = next((mark for mark in OTHER_SEPARATORS if mark in header), None)
    if mark and "," not in header:
        raise DataError(
            f"{path}: its columns are separated by {mark!r}; write the file with commas between "
            "columns and points in numbers"
        )
