"""From what a source found to a population: checked, labelled, split and laid end to end.

Bad data of one individual never stops the others: it is set aside with its reason. Bad global
data stops everything, since nothing can be trained without it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from monogram.errors import DataError, shorten
from monogram.population.checks import (
    known_classes,
    problem_with,
    problem_with_classes,
    problem_with_size,
    problem_with_type,
)
from monogram.population.population import Population, Protocol, Remark, SetAside, Split
from monogram.population.samples import RawSamples, label_texts, one_owner_text
from monogram.population.splits import split
from monogram.streams import stream


def assemble(  # noqa: PLR0913 - what was found, and how to lay it out
    global_raw: RawSamples,
    individuals: Iterable[RawSamples],
    *,
    name: str,
    classes: Iterable[str] | None = None,
    protocol: Protocol = Protocol(),
    seed: int = 0,
    tokens: bool = False,
    set_aside: Sequence[SetAside] = (),
    global_owners: Sequence[str] = (),
) -> Population:
    """The population made of D_G and of all individuals that can be used.

    Args:
        global_raw: D_G.
        individuals: each D_I; one owner given twice is set aside, since either may be meant.
        name: what to call the data in reports.
        classes: all classes; None: those that occur, in numeric or alphabetic order.
        protocol: the split.
        seed: of the split, with the owner's id.
        tokens: keep integer inputs as int64 for an embedding instead of float32.
        set_aside: individuals that the source itself could not read.
        global_owners: the individuals whose data D_G is made of.

    Raises:
        DataError: D_G cannot be used, or no individual can.
        SettingError: a class is given twice or has an empty name.
    """
    known = known_classes(classes)
    _check_global(global_raw, tokens=tokens)
    usable, refused = _sort_out(individuals, global_raw, known, protocol, tokens=tokens)
    refused = [*set_aside, *refused]
    if not usable:
        raise DataError(_nobody_left(name, refused))
    owners = [global_raw, *(usable[owner] for owner in sorted(usable))]
    owners = [replace(raw, labels=label_texts(raw.labels)) for raw in owners]
    names = known or _sorted_classes({text for raw in owners for text in np.unique(raw.labels)})
    if len(names) < 2:
        raise DataError(f"{name} has one class only, {names[0]!r}; a classifier needs two or more")
    _check_global_labels(owners[0], names)
    splits, rows = _lay_out(owners, protocol, seed)
    return Population(
        name=name,
        inputs=_joined_inputs(owners, rows, tokens=tokens),
        labels=_joined_labels(owners, rows, names),
        classes=names,
        global_data=splits[0],
        individuals={str(raw.owner): s for raw, s in zip(owners[1:], splits[1:], strict=True)},
        protocol=protocol,
        set_aside=tuple(sorted(refused, key=lambda one: one.individual)),
        remarks=tuple(_remarks(owners)),
        global_owners=tuple(sorted(global_owners)),
    )


def check_size(global_raw: RawSamples, protocol: Protocol) -> None:
    """Refuse D_G of which some part of the split would be empty.

    Raises:
        DataError: it has too few samples or groups.
    """
    if not problem_with(global_raw) and (problem := problem_with_size(global_raw, protocol)):
        raise DataError(
            f"global data ({global_raw.origin}): {problem}; give more, or set more individuals "
            "apart for it"
        )


def _check_global(raw: RawSamples, *, tokens: bool) -> None:
    problem = problem_with(raw) or problem_with_type(raw, raw, tokens=tokens)
    if problem:
        raise DataError(f"global data ({raw.origin}): {problem.replace('its', 'the', 1)}")


def _sort_out(
    individuals: Iterable[RawSamples],
    shared: RawSamples,
    classes: tuple[str, ...] | None,
    protocol: Protocol,
    *,
    tokens: bool,
) -> tuple[dict[str, RawSamples], list[SetAside]]:
    """The individuals that can be used, by id, and those that cannot."""
    usable: dict[str, RawSamples] = {}
    refused: dict[str, SetAside] = {}
    seen: Counter[str] = Counter()
    for given in individuals:
        owner = one_owner_text(given.owner)
        raw = replace(given, owner=owner)
        seen[owner] += 1
        bad = (
            problem_with(raw, shared.inputs.shape[1:])
            or problem_with_type(raw, shared, tokens=tokens)
            or problem_with_classes(raw, classes)
        )
        if seen[owner] > 1 and owner:
            bad = f"its id is given {seen[owner]} times; give each individual once"
            usable.pop(owner, None)
        problem = bad or problem_with_size(raw, protocol)
        if problem:
            refused[owner] = SetAside(owner, problem, raw.origin, too_few=not bad)
        else:
            usable[owner] = raw
    return usable, list(refused.values())


def _nobody_left(name: str, refused: Sequence[SetAside]) -> str:
    if not refused:
        return f"{name} has no individuals; give data with an id for each sample"
    shown = "\n".join(f"  {one}" for one in refused[:5])
    return f"no individual of {name} can be used; the first of {len(refused)}:\n{shown}"


def _sorted_classes(texts: set[str]) -> tuple[str, ...]:
    if all(text.removeprefix("-").isdecimal() for text in texts):
        return tuple(str(t) for t in sorted(texts, key=lambda text: (int(text), text)))
    return tuple(str(t) for t in sorted(texts))


def _check_global_labels(global_raw: RawSamples, classes: tuple[str, ...]) -> None:
    outside = set(np.unique(global_raw.labels)) - set(classes)
    if outside:
        raise DataError(
            f"global data ({global_raw.origin}): label {shorten(min(outside))!r} is none of the "
            f"{len(classes)} classes {', '.join(shorten(c, 20) for c in classes[:10])}"
        )


def _lay_out(
    owners: Sequence[RawSamples], protocol: Protocol, seed: int
) -> tuple[list[Split], list[np.ndarray]]:
    """Each owner's ranges in the store, and which of its samples stand there in which order."""
    splits, rows, start = [], [], 0
    for raw in owners:
        draw = stream(seed, "split", raw.owner)
        parts = split(raw.labels, raw.groups, protocol.fractions, draw)
        a, b, c, d = np.cumsum([start, *(len(part) for part in parts)]).tolist()
        reported = range(c, d) if protocol.test else range(b, c)
        splits.append(Split(range(a, b), range(b, c), reported))
        rows.append(np.concatenate(parts))
        start = d
    return splits, rows


def _joined_inputs(
    owners: Sequence[RawSamples], rows: Sequence[np.ndarray], *, tokens: bool
) -> np.ndarray:
    dtype: np.dtype[Any] = np.dtype(np.int64 if tokens else np.float32)
    if owners[0].inputs.dtype == np.uint8 and not tokens:  # then all are
        dtype = np.dtype(np.uint8)
    total = sum(len(r) for r in rows)
    joined = np.empty((total, *owners[0].inputs.shape[1:]), dtype=dtype)
    start = 0
    for raw, mine in zip(owners, rows, strict=True):
        joined[start : start + len(mine)] = raw.inputs[mine]
        start += len(mine)
    return joined


def _joined_labels(
    owners: Sequence[RawSamples], rows: Sequence[np.ndarray], classes: tuple[str, ...]
) -> np.ndarray:
    texts = np.concatenate([raw.labels[mine] for raw, mine in zip(owners, rows, strict=True)])
    order = np.argsort(np.array(classes))
    return order[np.searchsorted(np.array(classes)[order], texts)].astype(np.int64)


def _remarks(owners: Sequence[RawSamples]) -> Iterator[Remark]:
    taught = set(np.unique(owners[0].labels))
    unknown: Counter[str] = Counter()
    for raw in owners[1:]:
        present = {str(text) for text in np.unique(raw.labels)}
        unknown.update(present - taught)
        if len(present) == 1:
            yield Remark.on(
                str(raw.owner),
                f"all samples are of class {shorten(min(present))!r}: "
                "its personal accuracy says little",
            )
    for text, count in sorted(unknown.items()):
        yield Remark(
            f"class {shorten(text)!r}",
            f"occurs in the data of {count} individuals but not in the global data: "
            "only personal phases can teach it, and global accuracy does not count it",
        )
