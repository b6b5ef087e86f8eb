"""Properties of the split, whatever the labels, groups and fractions."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monogram.population.splits import group_count, split
from monogram.streams import stream

FRACTIONS = [(0.7, 0.15, 0.15), (0.7, 0.3, 0.0), (0.5, 0.25, 0.25), (0.34, 0.33, 0.33)]


@st.composite
def samples(draw):
    """Labels, and groups or None."""
    n = draw(st.integers(1, 60))
    labels = draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    groups = draw(st.none() | st.lists(st.integers(0, n), min_size=n, max_size=n))
    return np.array(labels), None if groups is None else np.array(groups)


def _sizes(groups, n):
    return np.ones(n) if groups is None else np.unique(groups, return_counts=True)[1]


@given(samples(), st.sampled_from(FRACTIONS), st.integers(0, 5))
def test_every_row_is_in_one_part(data, fractions, seed):
    labels, groups = data
    parts = split(labels, groups, fractions, stream(seed, "split", "anna"))
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(len(labels)))
    assert all((np.diff(part) > 0).all() for part in parts)


@given(samples(), st.sampled_from(FRACTIONS))
def test_no_group_is_cut(data, fractions):
    labels, groups = data
    parts = split(labels, groups, fractions, stream(0, "split", "anna"))
    if groups is not None:
        held = [set(groups[part].tolist()) for part in parts]
        assert all(a.isdisjoint(b) for a, b in combinations(held, 2))


@given(samples(), st.sampled_from(FRACTIONS))
def test_each_part_has_its_share_within_a_group(data, fractions):
    labels, groups = data
    sizes = _sizes(groups, len(labels))
    parts = split(labels, groups, fractions, stream(0, "split", "anna"))
    # A part that would have stayed empty is given one group more, at the cost of another.
    slack = 2 * sizes.max() if min(len(p) for p in parts) <= sizes.max() else sizes.max()
    for part, fraction in zip(parts, fractions, strict=True):
        assert abs(len(part) - fraction * len(labels)) <= slack + 1e-9


@given(samples(), st.sampled_from(FRACTIONS))
def test_no_wanted_part_is_empty_while_there_are_groups_enough(data, fractions):
    labels, groups = data
    parts = split(labels, groups, fractions, stream(0, "split", "anna"))
    if group_count(groups, len(labels)) >= sum(fraction > 0 for fraction in fractions):
        for part, fraction in zip(parts, fractions, strict=True):
            assert len(part) > 0 or not fraction


@given(st.integers(20, 200), st.integers(2, 5))
def test_classes_are_spread_evenly(per_class, classes):
    labels = np.repeat(np.arange(classes), per_class)
    for part, fraction in zip(
        split(labels, None, FRACTIONS[0], stream(0, "split")), FRACTIONS[0], strict=True
    ):
        counts = np.bincount(labels[part], minlength=classes)
        assert np.abs(counts - fraction * per_class).max() <= 2


@settings(max_examples=20)
@given(samples())
def test_names_of_labels_and_groups_do_not_matter(data):
    labels, groups = data
    renamed = None if groups is None else np.array([f"g{g:03}" for g in groups.tolist()])
    one = split(labels, groups, FRACTIONS[0], stream(0, "split"))
    other = split(np.array([f"c{c}" for c in labels]), renamed, FRACTIONS[0], stream(0, "split"))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_very_few_samples(n):
    parts = split(np.zeros(n), None, FRACTIONS[0], stream(0, "split"))
    assert [len(part) for part in parts] == [[1, 0, 0], [1, 1, 0], [1, 1, 1]][n - 1]
