"""CSV: fast where every cell is what its column should hold, else cell by cell.

Arrow guesses a column's type from the file's first megabyte and stops at the first cell that does
not fit. Such a file is read once more, as text: a cell that is no number is a fault of its row.
Labels are read as text in any case, and their type comes from the whole column.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.dataset as pads

from monogram.datasets.own.columns import OTHER_SEPARATORS, Columns, Selection, coded
from monogram.datasets.own.nested import is_number
from monogram.datasets.own.tables import read_table, readable
from monogram.errors import DataError, shorten

NUMBER = r"^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[iI][nN][fF](?:inity)?)$"
DIGITS = r"^[+-]?\d+$"
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
            columns = read_table(_as_expected(path, selection), selection, str(path))
        except pa.ArrowInvalid:
            _check_separator(path)
            columns = _read_by_cells(path, selection)
    if selection.label in _texts(selection):
        return columns
    return replace(columns, labels=_labels(columns.labels, selection.classes))


def _as_expected(path: Path, selection: Selection) -> pads.Dataset:
    """The file with inputs as numbers, and ids, labels and groups as text."""
    number = pa.int64() if selection.tokens else pa.float64()
    types = dict.fromkeys(selection.inputs, number)
    return _opened(path, types | dict.fromkeys(selection.coded, pa.string()))


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
        if name in selection.inputs and name not in selection.coded:
            numbers, bad = _numbers(column, name, tokens=selection.tokens)
            table = table.set_column(i, name, numbers)
            faults = bad | faults
    columns = read_table(pads.dataset(table), selection, str(path))
    return replace(columns, faults=dict(sorted({**columns.faults, **faults}.items())))


def _labels(texts: np.ndarray, classes: tuple[str, ...] | None) -> np.ndarray:
    """Labels [n] in the type that the whole column has; as they are written where classes are."""
    found = pa.array(texts, pa.string()).dictionary_encode()
    written = pa.chunked_array([found.dictionary])
    named = None if classes is None else _as_named(written, classes)
    values = _typed(written) if named is None else named
    codes = np.asarray(found.indices.to_numpy(zero_copy_only=False))
    gone = values.is_null().to_numpy()
    present = values.drop_null().to_numpy()
    places = np.where(gone, -1, np.cumsum(~gone) - 1)
    return coded(places[codes], present).labels()


def _as_named(texts: pa.ChunkedArray, classes: tuple[str, ...]) -> pa.ChunkedArray | None:
    """Texts without blanks around them, null where missing; None where one is no class."""
    cells = pc.utf8_trim_whitespace(texts)
    known = pc.is_in(cells, pa.array(classes, pa.string()))
    if not pc.all(pc.or_(known, pc.is_in(cells, MISSING))).as_py():
        return None
    return pc.if_else(known, cells, None)


def _typed(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts in the first type that takes all of them: whole numbers, truth values, numbers, text.

    Whole numbers that int64 does not hold stay text: as floats several would be one.
    """
    present = _without_plus(_trimmed(texts))
    for kind in (pa.int64(), pa.bool_(), pa.float64()):
        if kind == pa.float64() and pc.all(pc.match_substring_regex(present, DIGITS)).as_py():
            return present
        try:
            return present.cast(kind)
        except pa.ArrowInvalid:
            continue
    return texts


def _without_plus(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cells without the sign that Arrow does not read."""
    return pc.replace_substring_regex(cells, r"^\+", "")


def _numbers(
    column: pa.ChunkedArray, name: str, *, tokens: bool
) -> tuple[pa.ChunkedArray, dict[int, str]]:
    """A column of text as numbers, and by row which cells are none.

    A column without any number comes back as truth values, if it holds them, or as it was.
    """
    cells = _without_plus(_trimmed(column))
    good = pc.match_substring_regex(cells, WHOLE if tokens else NUMBER)
    if not pc.any(good).as_py() and cells.null_count < len(cells):
        truth = _typed(column)
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
