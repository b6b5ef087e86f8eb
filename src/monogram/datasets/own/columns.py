"""What every reader of own data returns: columns of equal length, one row a sample.

A row that cannot be used (a list of the wrong length, a broken image) is a fault of its owner:
the readers keep its place and say why, and it is decided here who is set aside for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from monogram.errors import DataError, SettingError, did_you_mean, shorten
from monogram.population import RawSamples, SetAside
from monogram.population.checks import BEYOND_TOKENS
from monogram.population.samples import label_texts, missing_labels, owner_texts

OTHER_SEPARATORS = (";", "\t", "|")  # between columns, where commas are expected
SHOWN = 20  # names in a message


@dataclass(frozen=True)
class Selection:
    """Which columns mean what.

    Attributes:
        individual: whose sample a row is; None in data for D_G.
        label: its class.
        inputs: several numeric columns, or one of lists, tensors or images.
        group: samples that must stay on one side of a split; None: each stands alone.
        tokens: keep integers as int64 for an embedding.
        owned: whether rows belong to individuals (D_S) or to nobody (D_G).
        classes: all classes as labels are written, where the user names them.
    """

    individual: str | None = None
    label: str | None = None
    inputs: tuple[str, ...] = ()
    group: str | None = None
    tokens: bool = False
    owned: bool = True
    classes: tuple[str, ...] | None = None

    @property
    def coded(self) -> tuple[str, ...]:
        """The columns that are read as values of their own: ids, labels, groups."""
        return tuple(name for name in (self.individual, self.label, self.group) if name)

    def for_global(self) -> "Selection":
        """The same columns of data that belongs to nobody."""
        return replace(self, individual=None, owned=False)


@dataclass(frozen=True, eq=False)
class Coded:
    """A column as positions in a table of its values.

    Attributes:
        codes: [n] int64, positions in `values`; -1 where a value is missing.
        values: what occurs, each once.
    """

    codes: np.ndarray
    values: np.ndarray

    def labels(self) -> np.ndarray:
        """The column as labels [n], text or what may be fractions; "", NaN, None where missing."""
        labels: np.ndarray = self._table()[self.codes]
        return labels

    def _table(self) -> np.ndarray:
        """The values as labels, and at last a missing one."""
        if self.values.dtype.kind == "f":
            return np.append(self.values.astype(np.float64), np.nan)
        if any(isinstance(value, Decimal) for value in self.values[:1]):
            return np.array([*self.values, None], dtype=object)
        return np.append(label_texts(self.values), "")

    def groups(self) -> np.ndarray:
        """The column as groups [n]; where a value is missing, a group of its own."""
        alone = self.codes < 0
        return np.where(alone, len(self.values) + np.cumsum(alone), self.codes)


def coded(codes: np.ndarray, values: np.ndarray) -> Coded:
    """A column of which NaN, None and empty text count as missing too."""
    missing = np.append(missing_labels(values), np.True_)
    return Coded(np.where(missing[codes], -1, codes), values)


def coded_array(values: np.ndarray) -> Coded:
    """A column given as an array [n]."""
    unique, codes = np.unique(values, return_inverse=True)
    return coded(codes.reshape(-1), unique)


@dataclass(frozen=True, eq=False)
class Columns:
    """The samples of a file or folder.

    Attributes:
        inputs: [n, *shape], numbers.
        labels: [n], see `RawSamples`.
        owners: [n], whose sample it is; None for D_G.
        groups: [n] or None.
        faults: why a row cannot be used, by row, in the order of the rows.
        origin: the file or folder, for messages.
        names: of the columns that inputs [n, columns] were read from, for messages.
    """

    inputs: np.ndarray
    labels: np.ndarray
    owners: Coded | None
    groups: np.ndarray | None
    faults: Mapping[int, str]
    origin: str
    names: tuple[str, ...] = ()

    def of(self, owner: str | None, rows: slice) -> RawSamples:
        """Some rows as the samples of one owner."""
        groups = None if self.groups is None else self.groups[rows]
        return RawSamples(
            owner, self.inputs[rows], self.labels[rows], groups, self.origin, self.names
        )


def as_inputs(values: np.ndarray, *, tokens: bool) -> np.ndarray:
    """Inputs in the type in which they are kept: uint8 as it is, int64 tokens, else float32."""
    if values.dtype == np.uint8 and not tokens:
        return values
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as such
        return values.astype(np.int64 if tokens else np.float32, copy=False)


def token_faults(beyond: np.ndarray) -> dict[int, str]:
    """What is wrong with the rows of tokens that int64 does not hold, by row.

    Args:
        beyond: [n] bool, which rows these are, see `beyond_int64`.
    """
    return {int(row): f"row {row} holds {BEYOND_TOKENS}" for row in np.flatnonzero(beyond)}


def nobody(columns: Columns) -> RawSamples:
    """The samples as D_G.

    Raises:
        DataError: a row cannot be used.
    """
    if columns.faults:
        fault = next(iter(columns.faults.values()))
        raise DataError(
            f"global data ({columns.origin}): {len(columns.faults)} samples cannot be used, the "
            f"first: {fault}"
        )
    return columns.of(None, slice(None))


def everybody(columns: Columns) -> Iterator[RawSamples | SetAside]:
    """The samples of each owner, or why they cannot be used."""
    if columns.owners is None:
        return
    ids = [*owner_texts(columns.owners.values), ""]
    codes = np.where(columns.owners.codes < 0, len(ids) - 1, columns.owners.codes)
    faults = _faults_by_owner(columns.faults, codes)
    order = np.argsort(codes, kind="stable")
    if (order[1:] < order[:-1]).any():  # one copy, of which each owner gets a view
        columns = _reordered(columns, order)
    ends = np.cumsum(np.bincount(codes, minlength=len(ids))).tolist()
    for code, id_ in enumerate(ids):
        rows = slice(ends[code - 1] if code else 0, ends[code])
        if id_ and code in faults:  # nobody's samples are told as such, with their number
            yield SetAside(id_, faults[code], columns.origin)
        elif rows.start < rows.stop:
            yield columns.of(id_, rows)


def _reordered(columns: Columns, order: np.ndarray) -> Columns:
    return replace(
        columns,
        inputs=columns.inputs[order],
        labels=columns.labels[order],
        groups=None if columns.groups is None else columns.groups[order],
    )


def _faults_by_owner(faults: Mapping[int, str], codes: np.ndarray) -> dict[int, str]:
    """Each owner's first fault, and how many more there are."""
    found: dict[int, list[str]] = {}
    for row, fault in faults.items():
        found.setdefault(int(codes[row]), []).append(fault)
    return {
        code: texts[0] + (f", and {len(texts) - 1} more such samples" if len(texts) > 1 else "")
        for code, texts in found.items()
    }


def required(name: str | None, option: str, names: Sequence[str], origin: str) -> str:
    """A column that must be named and must be there.

    Raises:
        SettingError: it is not named.
        DataError: it is not there.
    """
    if name is None:
        raise SettingError(
            f"{origin}: say which column it is with {option}; there are {_listed(names)}"
        )
    if name not in names:
        if separator := _separator(names):
            raise DataError(
                f"{origin}: its columns are separated by {separator!r}; write the file with commas"
            )
        hint = did_you_mean(name, names)
        raise DataError(
            f"{origin} has no {shorten(name)!r} for {option}{hint} There are {_listed(names)}"
        )
    return name


def check_once(wanted: Sequence[str], names: Sequence[str], origin: str) -> None:
    """Refuse columns of which there are several of a name.

    Raises:
        DataError: which is meant cannot be known.
    """
    for name in wanted:
        if names.count(name) > 1:
            raise DataError(
                f"{origin} has {names.count(name)} columns {shorten(name)!r}; give each a name of "
                "its own"
            )


def _separator(names: Sequence[str]) -> str | None:
    """What stands between names that were read as the name of a single column."""
    marks = (mark for mark in OTHER_SEPARATORS if len(names) == 1 and mark in names[0])
    return next(marks, None)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(shorten(name, 40) for name in names[:SHOWN]) + more
