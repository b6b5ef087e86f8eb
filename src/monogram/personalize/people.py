"""New people: individuals from any source, with the D_G and the classes that the base knows.

D_G keeps its split: what the base was trained on is never validated on.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from monogram.datasets.own.columns import Selection, everybody
from monogram.datasets.own.read import read_columns
from monogram.errors import DataError, shorten
from monogram.population import Population, RawSamples, SetAside, Split, assemble

STAND_IN = "\0nobody"  # lets a population be assembled although no individual can be used


def read_people(
    path: str | Path,
    shared: Population,
    *,
    individual_column: str | None = None,
    label_column: str | None = None,
    input_columns: str | Sequence[str] | None = None,
    group_column: str | None = None,
    seed: int = 0,
) -> Population:
    """The people in a file or folder of one's own, with another population's D_G.

    Args:
        path: in any format of `monogram.read_own`.
        shared: gives D_G, the classes, the split's fractions and the inputs' type.
        individual_column: whose sample a row is.
        label_column: its class.
        input_columns: several columns of numbers, or one of lists, tensors or images.
        group_column: samples that must stay on one side of a split.
        seed: of the split.

    Returns:
        Possibly nobody, with the reasons in `set_aside`.

    Raises:
        DataError: the file cannot be read, lacks a column, or holds inputs of another type.
        SettingError: a column is not named.
    """
    selection = Selection(
        individual=individual_column,
        label=label_column,
        inputs=(input_columns,) if isinstance(input_columns, str) else tuple(input_columns or ()),
        group=group_column,
        tokens=shared.inputs.dtype == np.int64,
        classes=shared.classes,
    )
    columns = read_columns(Path(path), selection)
    if shared.inputs.dtype == np.uint8 and columns.inputs.dtype != np.uint8:
        raise DataError(
            f"{path} has inputs of type {columns.inputs.dtype}, but the base was trained on grey "
            "values (uint8, 0 to 255); write them as such"
        )
    found = list(everybody(columns))
    return joined(shared, _assembled(found, shared, Path(path).stem, seed))


def joined(shared: Population, people: Population) -> Population:
    """One population's D_G with another's individuals.

    Args:
        shared: gives D_G, its split and the classes.
        people: gives the individuals; its classes must be among the others.

    Raises:
        DataError: the two do not fit.
    """
    _check_fit(shared, people)
    rows = [shared.global_data, *people.individuals.values()]
    inputs = [shared.inputs[_slice(rows[0])], *(people.inputs[_slice(s)] for s in rows[1:])]
    codes = np.array([shared.classes.index(name) for name in people.classes], dtype=np.int64)
    labels = [shared.labels[_slice(rows[0])], *(codes[people.labels[_slice(s)]] for s in rows[1:])]
    splits = list(_end_to_end(rows))
    return replace(
        people,
        inputs=np.concatenate(inputs),
        labels=np.concatenate(labels),
        classes=shared.classes,
        global_data=splits[0],
        individuals=dict(zip(people.individuals, splits[1:], strict=True)),
        global_owners=shared.global_owners,
    )


def restricted(people: Population, only: Collection[str]) -> Population:
    """The population with some of its individuals, those set aside among them.

    Raises:
        DataError: an id that is not there.
    """
    aside = {one.individual for one in people.set_aside}
    chosen = people.only([id_ for id_ in only if id_ not in aside])
    wanted = set(only)
    return replace(
        chosen, set_aside=tuple(one for one in people.set_aside if one.individual in wanted)
    )


def _assembled(
    found: Iterable[RawSamples | SetAside], shared: Population, name: str, seed: int
) -> Population:
    """The people with a few samples in the place of D_G, checked and split."""
    found = list(found)
    few = _one_of_each_class(shared)
    usable = [one for one in found if isinstance(one, RawSamples)]
    together = assemble(
        few,
        [*usable, _stand_in(few, shared.protocol.parts)],
        name=name,
        classes=shared.classes,
        protocol=shared.protocol,
        seed=seed,
        tokens=shared.inputs.dtype == np.int64,
        set_aside=[one for one in found if isinstance(one, SetAside)],
    )
    people = together.only([id_ for id_ in together.individuals if id_ != STAND_IN])
    known = tuple(one for one in together.remarks if shorten(STAND_IN) not in one.about)
    return replace(people, remarks=known)


def _one_of_each_class(shared: Population) -> RawSamples:
    rows = shared.global_data
    labels = shared.labels[_slice(rows)]
    first = np.unique(labels, return_index=True)[1]
    names = np.array(shared.classes)[labels[first]]
    return RawSamples(None, shared.inputs[_slice(rows)][first], names, None, shared.name)


def _stand_in(few: RawSamples, samples: int) -> RawSamples:
    rows = np.arange(samples) % len(few.inputs)
    return replace(few, owner=STAND_IN, inputs=few.inputs[rows], labels=few.labels[rows])


def _check_fit(shared: Population, people: Population) -> None:
    unknown = [name for name in people.classes if name not in shared.classes]
    if unknown:
        raise DataError(
            f"{people.name} has a class {shorten(unknown[0])!r} that the base does not know; it "
            f"knows {', '.join(shorten(c, 20) for c in shared.classes[:10])}"
        )
    if people.input_shape != shared.input_shape:
        raise DataError(
            f"{people.name} has inputs of shape {list(people.input_shape)}; the base takes "
            f"{list(shared.input_shape)}"
        )
    kind, wanted = str(people.inputs.dtype), str(shared.inputs.dtype)
    if kind != wanted:
        raise DataError(
            f"{people.name} has inputs of type {kind}; the base takes {wanted}, give them as such"
        )


def _slice(split: Split) -> slice:
    return slice(split.train.start, split.test.stop)


def _end_to_end(splits: Iterable[Split]) -> Iterable[Split]:
    """The same splits, one after the other from row 0."""
    start = 0
    for split in splits:
        by = start - split.train.start
        yield Split(*(range(r.start + by, r.stop + by) for r in _parts(split)))
        start = split.test.stop + by


def _parts(split: Split) -> tuple[range, range, range]:
    return split.train, split.validation, split.test
