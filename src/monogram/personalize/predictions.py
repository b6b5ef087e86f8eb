"""Predicting what is in a file, each sample by its own individual's model, into Parquet.

The result has a row for each of the file, in its order; its columns are those of
`prediction_file`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from monogram.datasets.own.columns import Columns, Selection
from monogram.datasets.own.read import read_columns
from monogram.errors import DataError, MonogramError, UnknownIndividualError, shorten
from monogram.networks.architecture import Factory
from monogram.personalize.prediction_file import (
    check_place,
    is_text,
    schema,
    table_of,
    whole_or_nothing,
    with_problems,
)
from monogram.population.samples import owner_texts
from monogram.store import BaseModel, Served, Store, as_trained, check_alike

Unknown = Literal["error", "base"]
BATCH = 256  # samples


@dataclass(frozen=True)
class Predicted:
    """What a file of predictions holds.

    Attributes:
        samples: rows that were predicted.
        individuals: whose they are, how many.
        unknown: the ids that were predicted by the base since they have no model, sorted.
        problems: why the other rows could not be predicted, by row, counted from 0.
    """

    samples: int
    individuals: int
    unknown: tuple[str, ...]
    problems: Mapping[int, str]


def predict_file(
    store: Store,
    data: str | Path,
    out: str | Path,
    *,
    individual_column: str | None = None,
    input_columns: Sequence[str] = (),
    unknown: Unknown = "error",
    factory: Factory | None = None,
) -> Predicted:
    """Predict the samples of a file, ids mixed as they are.

    Args:
        store: has the models.
        data: Parquet, CSV or npz; a folder of Parquet files or a Hugging Face dataset on disk.
        out: the Parquet file to write.
        individual_column: whose sample a row is; in an npz by default `individuals`.
        input_columns: as in training; in an npz by default `inputs`.
        unknown: what to do for ids without a model: "error", or take the "base".
        factory: makes the bare network, where its name cannot be imported here.

    Raises:
        DataError: the file cannot be read, or none of its samples can be predicted.
        SettingError: the file to write has the name of another format, has no folder, or is a
            part of the data.
        UnknownIndividualError: an id without a model; the message counts the others.
    """
    data, out = Path(data), Path(out)
    check_place(out, data)
    read = partial(_read, data, individual_column, input_columns)
    columns = read(tokens=False)  # until it is known whose models answer
    ids = _ids(columns)
    problems = _problems(columns, ids)
    fine = [row for row in range(len(ids)) if row not in problems]
    _check_any(columns, fine, problems)
    wanted = {ids[row] for row in fine}
    served = store.served(wanted)
    strangers = frozenset(wanted - served.keys())
    if strangers and unknown == "error":
        raise UnknownIndividualError(_no_models(store, columns, strangers))
    bases = _bases(store, served, strangers)
    if any(base.description["tokens"] for base in bases):
        columns = read(tokens=True)
        problems = _problems(columns, ids)
    inputs = torch.from_numpy(columns.inputs)
    for base in bases:
        as_trained(inputs[:0], base, columns.origin)
    predict = partial(store.predict, unknown=unknown, factory=factory)
    task = _Task(served, ids, inputs, bases[0], strangers, predict, problems)
    with whole_or_nothing(out) as part, pq.ParquetWriter(part, schema(bases[0])) as writer:
        for first_row in range(0, len(ids), BATCH):
            writer.write_table(task.table(range(first_row, min(first_row + BATCH, len(ids)))))
        _check_any(columns, task.done, problems)
    return task.outcome()


@dataclass(frozen=True, eq=False)
class _Task:
    """The rows of a file, and what became of them so far.

    Attributes:
        served: what answers for those who have a model.
        ids: whose each row is.
        inputs: of each row, [rows, *shape].
        base: one of the models' bases; all have its classes.
        strangers: ids without a model.
        predict: from ids and inputs to logits.
        problems: why rows cannot be predicted; what the networks cannot take comes in on the way.
        done: the rows that are predicted.
    """

    served: Mapping[str, Served]
    ids: Sequence[str]
    inputs: torch.Tensor
    base: BaseModel
    strangers: frozenset[str]
    predict: Callable[[list[str], torch.Tensor], torch.Tensor]
    problems: dict[int, str]
    done: list[int] = field(default_factory=list)

    def table(self, rows: range) -> pa.Table:
        """Predict some rows."""
        good = [row for row in rows if row not in self.problems]
        found, failed = _in_halves(self._logits, good)
        for row, error in failed.items():
            self.problems[row] = _not_taken(row, self.ids[row], error)
        for row in _without_answer(found):
            del found[row]
            self.problems[row] = _no_probabilities(row, self.ids[row])
        self.done.extend(found)
        logits = torch.stack(list(found.values())) if found else self._logits([])
        theirs = [self.ids[row] for row in found]
        table = table_of(theirs, logits, self.base, [self._model(id_) for id_ in theirs])
        return with_problems(table, self.ids, rows, self.problems)

    def outcome(self) -> Predicted:
        """What there is to say in the end."""
        whose = {self.ids[row] for row in self.done}
        by_base = tuple(sorted(self.strangers & whose))
        return Predicted(len(self.done), len(whose), by_base, dict(sorted(self.problems.items())))

    def _model(self, individual: str) -> str:
        """Whose weights predict for an individual, for the column `model`."""
        found = self.served.get(individual)
        return "personal" if found is not None and found.own else "base"

    def _logits(self, rows: list[int]) -> torch.Tensor:
        return self.predict([self.ids[row] for row in rows], self.inputs[rows])


def _in_halves(
    predict: Callable[[list[int]], torch.Tensor], rows: list[int]
) -> tuple[dict[int, torch.Tensor], dict[int, Exception]]:
    """Logits by row, and what the network raised at rows that it cannot take.

    Where it fails at several rows, each half is tried by itself, down to the rows at fault.
    """
    try:
        return dict(zip(rows, predict(rows), strict=True)), {}
    except MonogramError:
        raise
    except Exception as error:  # whatever a network's own code raises
        if len(rows) <= 1:
            return {}, dict.fromkeys(rows, error)
    half = len(rows) // 2
    logits, failed = _in_halves(predict, rows[:half])
    more_logits, more_failed = _in_halves(predict, rows[half:])
    return logits | more_logits, failed | more_failed


def _not_taken(row: int, id_: str, error: Exception) -> str:
    said = shorten(" ".join(str(error).split()), 200)
    return (
        f"row {row} of individual {shorten(id_)!r} is nothing that the network can take: "
        f"{type(error).__name__}: {said}"
    )


def _without_answer(found: Mapping[int, torch.Tensor]) -> list[int]:
    """The rows whose logits, [classes] each, are no probabilities: NaN, or infinitely high."""
    return [
        row
        for row, logits in found.items()
        if not torch.softmax(logits.double(), 0).isfinite().all()
    ]


def _no_probabilities(row: int, id_: str) -> str:
    return (
        f"row {row} of individual {shorten(id_)!r} gets NaN or infinite logits from the network; "
        "look whether its inputs are far larger than those of training"
    )


def _check_any(columns: Columns, fine: Sequence[int], problems: Mapping[int, str]) -> None:
    """Refuse a file of which no row is fine.

    Raises:
        DataError: with the first row's problem.
    """
    if not fine:
        first = next(iter(problems.values()), "it is empty")
        raise DataError(f"{columns.origin}: no row can be predicted: {first}")


def _read(
    path: Path, individual_column: str | None, inputs: Sequence[str], *, tokens: bool
) -> Columns:
    """The columns of a file; there are no labels, so the ids stand in for them."""
    in_npz = path.suffix.lower() == ".npz"
    who = individual_column or ("individuals" if in_npz else None)
    selection = Selection(individual=who, label=who, inputs=tuple(inputs), tokens=tokens)
    return read_columns(path, selection)


def _ids(columns: Columns) -> list[str]:
    """Whose sample each row is; "" where nobody's.

    Raises:
        DataError: the file does not say.
    """
    if columns.owners is None:
        raise DataError(f"{columns.origin}: name the column of ids with --individual-column")
    texts = [*owner_texts(columns.owners.values), ""]
    return [texts[code] for code in columns.owners.codes.tolist()]


def _problems(columns: Columns, ids: Sequence[str]) -> dict[int, str]:
    """Why rows cannot be predicted, in their order."""
    problems = {row: f"row {row} has no individual's id" for row, id_ in enumerate(ids) if not id_}
    odd = {id_ for id_ in set(ids) if not is_text(id_)}
    for row in (row for row, id_ in enumerate(ids) if id_ in odd):
        problems[row] = f"row {row} has an id that is no text: {shorten(ids[row])!r}"
    if columns.inputs.dtype.kind == "f":
        fine = np.isfinite(columns.inputs.reshape(len(ids), -1)).all(axis=1)
        for row in np.flatnonzero(~fine).tolist():
            problems[row] = (
                f"row {row} of individual {shorten(ids[row])!r} holds NaN or infinite inputs"
            )
    return dict(sorted((problems | dict(columns.faults)).items()))


def _no_models(store: Store, columns: Columns, strangers: Collection[str]) -> str:
    first = min(strangers)
    others = len(strangers) - 1
    more = f" and {others} other individual{'s' * (others != 1)}" if others else ""
    return (
        f"{columns.origin}: {store.name} has no model for individual {shorten(first)!r}{more}; "
        "personalize for them (not for those that D_G is made of), or predict with --unknown base"
    )


def _bases(
    store: Store, served: Mapping[str, Served], strangers: Collection[str]
) -> list[BaseModel]:
    """The bases of all these models, which have the same classes.

    Raises:
        DataError: they have not.
    """
    named = {one.base: id_ for id_, one in served.items()}
    if strangers:
        named.setdefault(store.base().hash, min(strangers))
    bases = {id_: store.base(hash_) for hash_, id_ in named.items()}
    check_alike(bases)
    return list(bases.values())
