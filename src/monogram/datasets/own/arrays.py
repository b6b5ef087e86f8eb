"""NumPy's `.npz`: arrays `inputs`, `labels`, `individuals` and, if there is one, `groups`.

The column options name other arrays in their place.
"""

import zlib
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from monogram.datasets.own.columns import (
    Coded,
    Columns,
    Selection,
    as_inputs,
    coded_array,
    required,
    token_faults,
)
from monogram.errors import DataError, SettingError, shorten
from monogram.population.samples import beyond_int64


def read_npz(path: Path, selection: Selection) -> Columns:
    """The arrays of an `.npz` file.

    Raises:
        DataError: an array is missing, holds Python objects, or is not as long as the others.
    """
    if len(selection.inputs) > 1:
        raise SettingError(f"{path}: --input-columns names one array of an .npz file, not several")
    try:
        with path.open("rb") as file:
            if file.read(2) != b"PK":
                raise BadZipFile("it does not begin as one")
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                return _read(arrays, selection, str(path))
    except (BadZipFile, OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read as .npz: {error}; write it again") from error


def _read(arrays: "np.lib.npyio.NpzFile", selection: Selection, origin: str) -> Columns:
    inputs = _array(arrays, (*selection.inputs, "inputs")[0], "--input-columns", origin)
    inputs = inputs[:, np.newaxis] if inputs.ndim == 1 else inputs
    if inputs.dtype.kind not in ("iu" if selection.tokens else "biuf"):
        wanted = "integers, being tokens" if selection.tokens else "numbers"
        raise DataError(f"{origin}: inputs are {inputs.dtype}; they must be {wanted}")
    group = selection.group or ("groups" if "groups" in arrays else None)
    if not selection.owned and group not in arrays:
        group = None
    owners = _owners(arrays, selection, origin)
    columns = Columns(
        inputs=as_inputs(inputs, tokens=selection.tokens),
        labels=_coded(arrays, selection.label or "labels", "--label-column", origin).labels(),
        owners=owners,
        groups=None if group is None else _coded(arrays, group, "--group-column", origin).groups(),
        faults=token_faults(beyond_int64(inputs)) if selection.tokens else {},
        origin=origin,
    )
    _check_lengths(columns)
    return columns


def _owners(arrays: "np.lib.npyio.NpzFile", selection: Selection, origin: str) -> Coded | None:
    if not selection.owned:
        return None
    name = selection.individual or "individuals"
    return _coded(arrays, name, "--individual-column", origin)


def _array(arrays: "np.lib.npyio.NpzFile", name: str, option: str, origin: str) -> np.ndarray:
    required(name, option, arrays.files, origin)
    try:
        found: np.ndarray = arrays[name]
    except ValueError as error:
        raise DataError(
            f"{origin}: array {shorten(name)!r} holds Python objects or is damaged ({error}); save "
            "numbers or text, for example with .astype(str)"
        ) from error
    if not found.ndim:
        raise DataError(f"{origin}: array {shorten(name)!r} is a single value, not one per sample")
    return found


def _coded(arrays: "np.lib.npyio.NpzFile", name: str, option: str, origin: str) -> Coded:
    values = _array(arrays, name, option, origin)
    if values.ndim != 1:
        raise DataError(
            f"{origin}: array {shorten(name)!r} has shape {list(values.shape)}; expected one value "
            "per sample"
        )
    if values.dtype.kind in "Vc":
        raise DataError(
            f"{origin}: array {shorten(name)!r} holds {shorten(values.dtype)}; expected numbers or "
            "text"
        )
    return coded_array(_decoded(values, name, origin))


def _decoded(values: np.ndarray, name: str, origin: str) -> np.ndarray:
    """Bytes as text, and anything else as it is."""
    try:
        return np.char.decode(values, "utf-8") if values.dtype.kind == "S" else values
    except UnicodeDecodeError as error:
        raise DataError(
            f"{origin}: array {shorten(name)!r} holds bytes that are no UTF-8 text; decode them "
            "and save text"
        ) from error


def _check_lengths(columns: Columns) -> None:
    lengths = {"inputs": len(columns.inputs), "labels": len(columns.labels)}
    if columns.owners is not None:
        lengths["individuals"] = len(columns.owners.codes)
    if columns.groups is not None:
        lengths["groups"] = len(columns.groups)
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{n} {name}" for name, n in lengths.items())
        raise DataError(f"{columns.origin} has {told}; there must be one of each per sample")
