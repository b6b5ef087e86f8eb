"""What can be wrong with one owner's samples.

A problem is a clause, not an exception: the caller decides whether it stops everything (D_G) or
sets one individual aside (D_I).
"""

from collections.abc import Iterable
from decimal import Decimal

import numpy as np

from monogram.errors import SettingError, shorten
from monogram.formats import count, joined
from monogram.population.population import Protocol
from monogram.population.samples import RawSamples, beyond_int64, label_texts, missing_labels
from monogram.population.splits import group_count

LISTED = 10  # classes in a message
BEYOND_TOKENS = "tokens of 2**63 or more, which int64 cannot hold; number the tokens from 0"


def problem_with(raw: RawSamples, shape: tuple[int, ...] | None = None) -> str | None:
    """What makes these samples unusable, in one clause, or None.

    Args:
        raw: the samples.
        shape: the input shape that they must have, without the sample axis; None: any.
    """
    if raw.owner is not None and (problem := _problem_with_id(raw)):
        return problem
    return (
        _problem_with_lengths(raw)
        or _problem_with_inputs(raw, shape)
        or _problem_with_labels(raw.labels)
    )


def problem_with_type(raw: RawSamples, like: RawSamples, *, tokens: bool) -> str | None:
    """Why inputs of this type do not go with those of the global data, or None.

    Bytes are read as fractions of 255 and other numbers as they are, so that one side would be
    255 times as large as the other.
    """
    if tokens:
        return _problem_with_tokens(raw.inputs)
    if (raw.inputs.dtype == np.uint8) != (like.inputs.dtype == np.uint8):
        return (
            f"its inputs are {raw.inputs.dtype}, those of the global data {like.inputs.dtype}; "
            "bytes (uint8) are read as fractions of 255, so give both as bytes, or neither"
        )
    return None


def _problem_with_tokens(inputs: np.ndarray) -> str | None:
    if inputs.dtype.kind not in "iu":
        return f"its inputs are {inputs.dtype}; tokens must be integers"
    beyond = beyond_int64(inputs)
    if beyond.any():
        return f"{beyond.sum()} of its {len(inputs)} inputs hold {BEYOND_TOKENS}"
    return None


def problem_with_size(raw: RawSamples, protocol: Protocol) -> str | None:
    """Whether there is too little to have a piece in each part of the split."""
    pieces = group_count(raw.groups, len(raw.inputs))
    if pieces < protocol.parts:
        kind = ("sample",) if raw.groups is None else ("group of samples", "groups of samples")
        found, parts = count(pieces, *kind), protocol.parts
        return f"it has {found}; {parts} are needed, one for each part of the split"
    return None


def problem_with_classes(raw: RawSamples, classes: tuple[str, ...] | None) -> str | None:
    """Whether a label is none of the classes, where these are known."""
    outside = set() if classes is None else set(np.unique(label_texts(raw.labels))) - set(classes)
    if classes is None or not outside:
        return None
    listed = ", ".join(shorten(c, 20) for c in classes[:LISTED])
    more = ", …" * (len(classes) > LISTED)
    return (
        f"its label {shorten(min(outside))!r} is none of the {len(classes)} classes {listed}{more}"
    )


def known_classes(classes: Iterable[str] | None) -> tuple[str, ...] | None:
    """All classes as text, where the user names them.

    Raises:
        SettingError: a name is empty or given twice.
    """
    if classes is None:
        return None
    names = tuple(str(one) for one in ((classes,) if isinstance(classes, str) else classes))
    if "" in names:
        raise SettingError(
            f"the classes {', '.join(names[:LISTED])} hold an empty name; leave out the comma that "
            "is too many"
        )
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise SettingError(f"class {shorten(twice[0])!r} is given twice; name each class once")
    return names


def _problem_with_id(raw: RawSamples) -> str | None:
    owner, n = raw.owner or "", len(raw.inputs)
    if not owner:
        return f"its id is empty, in {n} sample{'s' * (n != 1)}"
    if any("\ud800" <= character <= "\udfff" for character in owner):
        return "its id is not valid Unicode (a name in another encoding?)"
    return None


def _problem_with_lengths(raw: RawSamples) -> str | None:
    n = len(raw.inputs)
    if n == 0:
        return "it has no samples"
    if len(raw.labels) != n:
        return f"it has {n} inputs but {len(raw.labels)} labels"
    if raw.groups is not None and len(raw.groups) != n:
        return f"it has {n} inputs but {len(raw.groups)} groups"
    return None


def _problem_with_inputs(raw: RawSamples, shape: tuple[int, ...] | None) -> str | None:
    kept = raw.inputs.shape[1:]
    if raw.inputs.dtype.kind not in "biuf":
        return f"its inputs are {raw.inputs.dtype}, not numbers"
    if shape is not None and kept != shape:
        return f"its inputs have shape {kept}, those of the global data {shape}"
    if 0 in kept:
        return f"its inputs have shape {kept}, so there is nothing in them"
    return _problem_with_values(raw) if raw.inputs.dtype.kind == "f" else None


def _problem_with_values(raw: RawSamples) -> str | None:
    """Whether there are values that float32, in which inputs are kept, does not hold."""
    rows = raw.inputs.reshape(len(raw.inputs), -1)
    if bad := _where(~np.isfinite(rows), raw.columns):
        return f"{bad} NaN or infinite values; fill them in, or leave out these samples"
    with np.errstate(over="ignore"):
        bad = _where(~np.isfinite(rows.astype(np.float32, copy=False)), raw.columns)
    return f"{bad} values too large for float32 (3.4e38)" if bad else None


def _where(bad: np.ndarray, columns: tuple[str, ...]) -> str:
    """How many samples have bad values [n, values], and in which columns; "" for none."""
    samples, places = int(bad.any(axis=1).sum()), np.flatnonzero(bad.any(axis=0))
    if not samples:
        return ""
    named = joined([shorten(columns[place], 20) for place in places]) if columns else ""
    within = f", in {'columns' if len(places) > 1 else 'column'} {named}," if named else ""
    return f"{samples} of its {len(bad)} inputs{within} hold{'s' * (samples == 1)}"


def _problem_with_labels(labels: np.ndarray) -> str | None:
    if labels.ndim != 1:
        return (
            f"its labels have shape {labels.shape}, not one value per sample; of one-hot labels "
            "take .argmax(axis=1)"
        )
    if labels.dtype.kind not in "biufUSOMm":
        return f"its labels are {labels.dtype}, not whole numbers or text"
    missing = missing_labels(labels)
    if missing.any():
        return f"{missing.sum()} of its {len(missing)} labels are missing"
    if _any_fractional(labels):
        return "its labels are fractional numbers; a classifier needs classes"
    return _problem_with_text(labels)


def _problem_with_text(labels: np.ndarray) -> str | None:
    try:
        if labels.dtype.kind in "SO":
            label_texts(labels)
    except UnicodeDecodeError:
        return "its labels hold bytes that are no UTF-8 text; decode them first"
    return None


def _any_fractional(labels: np.ndarray) -> bool:
    if labels.dtype.kind == "f":
        return bool((labels != np.floor(labels)).any())
    if labels.dtype.kind != "O":
        return False
    numbers = (one for one in labels if isinstance(one, float | np.floating | Decimal))
    return any(one % 1 != 0 for one in numbers)
