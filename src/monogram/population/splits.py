"""Cutting one owner's samples into train, validation and test.

Stratified by class, never through a group, and drawn from a stream of the owner's own, so that
one owner's split never depends on anybody else.
"""

import numpy as np

PARTS = 3  # train, validation, test


def split(
    labels: np.ndarray,
    groups: np.ndarray | None,
    fractions: tuple[float, float, float],
    draw: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the training, validation and test part, each sorted.

    Groups are lined up class by class, shuffled within a class, and dealt out so that at every
    point of the line the parts have their fractions of the samples, as nearly as whole groups
    allow: the classes are spread evenly and the totals are right even where a class has few.

    Args:
        labels: [n] of any dtype.
        groups: [n] of any dtype, or None when each sample stands alone.
        fractions: of train, validation and test, fractions in [0, 1] with sum 1.
        draw: the owner's stream.

    Returns:
        Three int64 arrays of rows that together hold 0 … n-1 once. Each part with a positive
        fraction gets a group as long as there are as many groups as such parts.
    """
    group_of = _groups(groups, len(labels))
    first, sizes = np.unique(group_of, return_index=True, return_counts=True)[1:]
    order = _line_up(labels[first], draw)
    part_of = np.empty(len(sizes), dtype=np.int64)
    part_of[order] = _deal(sizes[order], np.asarray(fractions))
    parts = part_of[group_of]
    train, validation, test = (np.flatnonzero(parts == part) for part in range(PARTS))
    return train, validation, test


def group_count(groups: np.ndarray | None, samples: int) -> int:
    """How many pieces there are to deal out."""
    return samples if groups is None else len(np.unique(groups))


def _groups(groups: np.ndarray | None, samples: int) -> np.ndarray:
    if groups is None:
        return np.arange(samples)
    return np.unique(groups, return_inverse=True)[1]


def _line_up(labels: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Positions sorted by class, the classes and each class's members in random order."""
    classes, class_of = np.unique(labels, return_inverse=True)
    place = draw.permutation(len(classes))
    return np.lexsort((draw.permutation(len(labels)), place[class_of]))


def _deal(sizes: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """The part of each group: always the one that lacks most samples of its share so far."""
    # Plain numbers: this loop runs once per sample, and three-element arrays cost ten times more.
    parts = np.empty(len(sizes), dtype=np.int64)
    shares, held, so_far = fractions.tolist(), [0] * PARTS, 0
    for i, size in enumerate(sizes.tolist()):
        so_far += size
        lacking = [share * so_far - has for share, has in zip(shares, held, strict=True)]
        parts[i] = part = lacking.index(max(lacking))
        held[part] += size
    for empty in np.flatnonzero((fractions > 0) & (np.array(held) == 0)):
        counts = np.bincount(parts, minlength=PARTS)
        if counts.max() > 1:
            parts[np.flatnonzero(parts == counts.argmax())[-1]] = empty
    return parts
