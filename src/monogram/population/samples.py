"""Samples as a source found them, before anything is checked, and the checks.

A problem is a sentence, not an exception: the caller decides whether it stops everything
(D_G) or sets one individual aside (D_I).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monogram.errors import DataError


@dataclass(frozen=True, eq=False)
class RawSamples:
    """The samples of one owner as a source found them.

    Attributes:
        owner: the individual's id, any text; None for D_G.
        inputs: [n, *shape], numbers.
        labels: [n], integers, booleans or text; None or NaN where one is missing.
        groups: [n] or None. Samples of one group (overlapping windows, copies of one image)
            never fall on both sides of a split.
        origin: where the data came from, for messages.
    """

    owner: str | None
    inputs: np.ndarray
    labels: np.ndarray
    groups: np.ndarray | None = None
    origin: str = "memory"


def merge(parts: Sequence[RawSamples]) -> RawSamples:
    """D_G made of the samples of several owners; groups of different owners stay different.

    Raises:
        DataError: nothing to merge, or inputs of different shapes.
    """
    shapes = sorted({part.inputs.shape[1:] for part in parts})
    if len(shapes) != 1:
        raise DataError(
            f"the global data needs inputs of one shape, but has {len(shapes)}: {shapes}; "
            "give data of one shape, or none of those individuals"
        )
    groups = [_own_groups(part) for part in parts]
    offsets = np.cumsum([0, *(g.max(initial=-1) + 1 for g in groups)])
    return RawSamples(
        owner=None,
        inputs=np.concatenate([part.inputs for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        groups=np.concatenate([g + o for g, o in zip(groups, offsets, strict=False)]),
        origin=parts[0].origin,
    )


def _own_groups(raw: RawSamples) -> np.ndarray:
    """Groups as integers from 0; each sample its own where the source named none."""
    if raw.groups is None:
        return np.arange(len(raw.inputs))
    return np.unique(raw.groups, return_inverse=True)[1].astype(np.int64)


def problem_with(  # noqa: PLR0911 - one answer for each problem
    raw: RawSamples, shape: tuple[int, ...] | None = None
) -> str | None:
    """What makes these samples unusable, in one clause, or None.

    Args:
        raw: the samples.
        shape: the input shape that they must have, without the sample axis; None: any.
    """
    n = len(raw.inputs)
    if raw.owner is not None and (problem := _problem_with_id(raw.owner)):
        return problem
    if n == 0:
        return "it has no samples"
    if len(raw.labels) != n:
        return f"it has {n} inputs but {len(raw.labels)} labels"
    if raw.groups is not None and len(raw.groups) != n:
        return f"it has {n} inputs but {len(raw.groups)} groups"
    if raw.inputs.dtype.kind not in "biuf":
        return f"its inputs are {raw.inputs.dtype}, not numbers"
    if shape is not None and raw.inputs.shape[1:] != shape:
        return f"its inputs have shape {raw.inputs.shape[1:]}, those of the global data {shape}"
    return _problem_with_values(raw)


def _problem_with_id(owner: str) -> str | None:
    if not owner:
        return "its id is empty"
    if any("\ud800" <= character <= "\udfff" for character in owner):
        return "its id is not valid Unicode (a name in another encoding?)"
    return None


def _problem_with_values(raw: RawSamples) -> str | None:
    if raw.inputs.dtype.kind == "f":
        bad = ~np.isfinite(raw.inputs.reshape(len(raw.inputs), -1)).all(axis=1)
        if bad.any():
            return f"{bad.sum()} of its {len(bad)} inputs hold NaN or infinite values"
    missing = missing_labels(raw.labels)
    if missing.any():
        return f"{missing.sum()} of its {len(missing)} labels are missing"
    if raw.labels.dtype.kind == "f" and (raw.labels != np.floor(raw.labels)).any():
        return "its labels are fractional numbers; a classifier needs classes"
    return None


def missing_labels(labels: np.ndarray) -> np.ndarray:
    """Where a label is missing: None, NaN or empty text. [n] bool."""
    missing: np.ndarray = np.zeros(len(labels), dtype=bool)
    if labels.dtype.kind == "f":
        missing = ~np.isfinite(labels)
    elif labels.dtype.kind == "O":
        gone = (v is None or v == "" or v != v for v in labels)  # noqa: PLR0124
        missing = np.fromiter(gone, dtype=bool, count=len(labels))
    elif labels.dtype.kind in "US":
        missing = labels == labels.dtype.type("")
    return missing


def label_texts(labels: np.ndarray) -> np.ndarray:
    """Labels as text, the same for 3, 3.0 and "3". [n] of str."""
    if labels.dtype.kind == "f":
        labels = labels.astype(np.int64)
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8")
    if labels.dtype.kind == "O":
        return np.array([one_label_text(value) for value in labels], dtype=np.str_)
    return labels.astype(np.str_)


def one_label_text(value: object) -> str:
    """One label, or id, as text."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return value.decode() if isinstance(value, bytes) else str(value)


def owner_texts(owners: np.ndarray) -> list[str]:
    """Ids as text, the same for 3, 3.0 and "3"; "" where one is missing.

    Args:
        owners: [n], of any scalar type.
    """
    missing = missing_labels(owners)
    if owners.dtype.kind in "fO":  # one by one: 1.5 stays, and text may be of any length
        texts = [one_label_text(value) for value in owners.tolist()]
    else:
        texts = label_texts(owners).tolist()
    return ["" if gone else text for text, gone in zip(texts, missing, strict=True)]
