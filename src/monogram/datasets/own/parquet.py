"""A Parquet file, or a folder of them: one table, whatever types its files gave the columns.

Files written at different times often differ: whole numbers in one and fractions in the next, a
column that is empty in one, ids that are numbers here and text there. Ids, labels and groups
become text where their types differ; inputs become the type that holds all of them. Inputs that are
text in one file and something else in others are a fault of that file's rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as pads

from monogram.datasets.own.columns import Columns, Selection, check_once
from monogram.datasets.own.nested import is_list, is_number, leaf_type, plain_type
from monogram.datasets.own.tables import read_table, readable
from monogram.errors import DataError, shorten

Types = Mapping[Path, pa.DataType]  # of one column, by file
Schemas = Mapping[Path, pa.Schema]  # by file


def read_parquet(path: Path, selection: Selection) -> Columns:
    """A Parquet file, or a folder of them, also one partitioned as `user=anna/part-0.parquet`.

    Raises:
        DataError: a file cannot be read, or a column's types cannot be reconciled.
    """
    folder = path if path.is_dir() else None
    files = sorted(path.rglob("*.parquet")) if folder else [path]
    with readable(path, "Parquet"):
        keys = _keys(files, folder, selection)
        plain = _dataset(files, folder, keys, pa.schema([]))
        schemas = {
            Path(fragment.path): fragment.physical_schema for fragment in plain.get_fragments()
        }
        _check_names(keys, schemas, selection)
        texts = _with_text(schemas, selection)
        schemas |= {file: _without_text(schemas[file], selection) for file in texts}
        schema = _unified(schemas, selection, keys)
        if not texts:
            return read_table(_dataset(files, folder, keys, schema), selection, str(path))
        parts = {file: _dataset([file], folder, keys, schema) for file in files}
        return _read_beside_text(parts, texts, selection, str(path))


def _dataset(
    files: Sequence[Path], folder: Path | None, keys: pa.Schema, schema: pa.Schema
) -> pads.Dataset:
    return pads.dataset(
        [str(file) for file in files],
        schema=schema,
        format="parquet",
        partitioning=pads.partitioning(keys, flavor="hive"),
        partition_base_dir=str(folder) if folder else None,
    )


def _keys(files: Sequence[Path], folder: Path | None, selection: Selection) -> pa.Schema:
    """The columns that names of folders make: text as it stands (007 is not 7), inputs numbers.

    Of folders within the one that was given: those around it say nothing of the samples.
    """
    found: dict[str, pa.DataType] = {}
    number = pa.int64() if selection.tokens else pa.float64()
    for file in files:
        parents = file.relative_to(folder).parts[:-1] if folder else ()
        for name in (part.partition("=")[0] for part in parents if "=" in part):
            is_input = name in selection.inputs and name not in selection.coded
            found[name] = number if is_input else pa.string()
    return pa.schema(found.items())


def _check_names(keys: pa.Schema, schemas: Schemas, selection: Selection) -> None:
    """Refuse a selected column that a file has twice, or that names of folders make too.

    Raises:
        DataError: which is meant cannot be known.
    """
    wanted = (*selection.coded, *selection.inputs)
    for file, schema in schemas.items():
        check_once(wanted, schema.names, str(file))
        for name in set(wanted) & set(schema.names) & set(keys.names):
            raise DataError(
                f"{file} has a column {shorten(name)!r}, and folders are named {shorten(name)}=…; "
                "rename one of the two, or give the file alone"
            )


def _with_text(schemas: Schemas, selection: Selection) -> dict[Path, pa.Field]:
    """The files with an input column of text that is something else in other files; the column."""
    found: dict[Path, pa.Field] = {}
    for name in (name for name in selection.inputs if name not in selection.coded):
        fields = {f: schema.field(name) for f, schema in schemas.items() if name in schema.names}
        texts = {file: field for file, field in fields.items() if _is_text(field.type)}
        others = [field.type for file, field in fields.items() if file not in texts]
        if not all(pa.types.is_null(kind) for kind in others):
            found = texts | found
    return found


def _without_text(schema: pa.Schema, selection: Selection) -> pa.Schema:
    """The columns of a file with no values where inputs are text."""
    is_input = set(selection.inputs) - set(selection.coded)
    return pa.schema(
        field.with_type(pa.null()) if field.name in is_input and _is_text(field.type) else field
        for field in schema
    )


def _is_text(kind: pa.DataType) -> bool:
    kind, types = plain_type(kind), pa.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _read_beside_text(
    parts: Mapping[Path, pads.Dataset],
    texts: Mapping[Path, pa.Field],
    selection: Selection,
    origin: str,
) -> Columns:
    """The columns of files of which some have text for inputs: each of their rows is a fault."""
    tables = [_emptied(one, selection) if file in texts else one for file, one in parts.items()]
    columns = read_table(pads.dataset(tables), selection, origin)
    faults = {**columns.faults, **dict(_faults(parts, texts))}
    return replace(columns, faults=dict(sorted(faults.items())))


def _emptied(data: pads.Dataset, selection: Selection) -> pads.Dataset:
    """A file of which only ids, labels and groups are left, and everything else is missing."""
    schema = data.schema
    found = data.to_table(columns=[name for name in schema.names if name in selection.coded])
    columns = [
        found.column(field.name)
        if field.name in selection.coded
        else pa.nulls(found.num_rows, field.type)
        for field in schema
    ]
    return pads.dataset(pa.table(columns, schema=schema))


def _faults(
    parts: Mapping[Path, pads.Dataset], texts: Mapping[Path, pa.Field]
) -> Iterator[tuple[int, str]]:
    """What is wrong with the rows of files with text for inputs, by row of the whole."""
    start = 0
    for file, part in parts.items():
        rows = range(start, start + part.count_rows())
        start = rows.stop
        if file in texts:
            name, kind = shorten(texts[file].name), shorten(texts[file].type)
            told = f"of {file} has text ({kind}) in {name!r}, where other files have numbers"
            yield from ((row, f"row {row} {told}; write it as such") for row in rows)


def _unified(schemas: Schemas, selection: Selection, keys: pa.Schema) -> pa.Schema:
    """The types of all columns; those that are not selected keep the type of the first file."""
    types: dict[str, dict[Path, pa.DataType]] = {}
    for file, schema in schemas.items():
        for field in schema:
            types.setdefault(field.name, {})[file] = field.type
    found = {name: _one_type(name, kinds, selection) for name, kinds in types.items()}
    return pa.schema((found | {key.name: key.type for key in keys}).items())


def _one_type(name: str, types: Types, selection: Selection) -> pa.DataType:
    kinds = list(dict.fromkeys(types.values()))
    if len(kinds) == 1 or name not in (*selection.coded, *selection.inputs):
        return kinds[0]
    if name in selection.coded:
        return _one_coded_type(kinds, numeric=name == selection.label)
    return _one_input_type(name, types)


def _one_coded_type(kinds: Sequence[pa.DataType], *, numeric: bool) -> pa.DataType:
    """The type of ids, labels or groups; a nested one, which is refused later, comes first.

    Args:
        kinds: the types in the files.
        numeric: whether numbers stay numbers, so that fractional labels are found.
    """
    plain = list(dict.fromkeys(plain_type(k) for k in kinds if not pa.types.is_null(k)))
    if len(plain) == 1:
        return plain[0]
    if any(pa.types.is_nested(kind) for kind in plain):
        return next(kind for kind in plain if pa.types.is_nested(kind))
    whole = all(pa.types.is_integer(kind) for kind in plain)
    if whole or (numeric and all(_is_plain_number(kind) for kind in plain)):
        return _merged(plain) or pa.string()
    return pa.string()


def _is_plain_number(kind: pa.DataType) -> bool:
    return is_number(kind) and not pa.types.is_boolean(kind)


def _one_input_type(name: str, types: Types) -> pa.DataType:
    """The type of inputs that holds those of all files.

    Raises:
        DataError: there is none; the first file that fits none before it is named.
    """
    first, so_far = next(iter(types.items()))
    for file, kind in types.items():
        merged = _merged([so_far, kind])
        if merged is None or _mixes_bytes(so_far, kind):
            raise DataError(
                f"{file}: column {shorten(name)!r} holds {shorten(kind)}, but {shorten(so_far)} in "
                f"{first}; write it with one type in all files"
            )
        so_far = merged
    return so_far


def _merged(kinds: Sequence[pa.DataType]) -> pa.DataType | None:
    """The type that holds values of all these, or None."""
    values = [kind.value_type if pa.types.is_dictionary(kind) else kind for kind in kinds]
    schemas = [pa.schema([("x", value)]) for value in values]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except pa.ArrowException:
        return None


def _mixes_bytes(one: pa.DataType, other: pa.DataType) -> bool:
    """Whether lists of bytes, which are pictures, meet lists of other numbers."""
    leaves = {leaf_type(kind) for kind in (one, other) if is_list(kind)}
    return len(leaves) > 1 and pa.uint8() in leaves
