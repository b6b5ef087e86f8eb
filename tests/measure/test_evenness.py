"""The spreads of paired figures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from monogram.measure import compare_spreads

pairs = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=20)


def test_pitman_morgan_by_its_formula():
    draw = np.random.default_rng(0)
    ours, theirs = draw.normal(size=(2, 15)) * [[1.0], [2.5]]
    theirs = theirs + 0.5 * ours
    ratio = ours.var(ddof=1) / theirs.var(ddof=1)
    r = np.corrcoef(ours, theirs)[0, 1]
    t = (ratio - 1) * np.sqrt(13) / (2 * np.sqrt(ratio * (1 - r**2)))
    result = compare_spreads(ours, theirs)
    assert result.p == pytest.approx(2 * stats.t.sf(abs(t), 13))
    assert (result.ours, result.theirs) == pytest.approx((ours.std(ddof=1), theirs.std(ddof=1)))


def test_equal_spreads_are_found_different_as_often_as_the_level_says():
    draw = np.random.default_rng(1)
    found = []
    for _ in range(400):
        common = draw.normal(size=10)
        found.append(compare_spreads(*(common + draw.normal(size=(2, 10)))).p)
    assert 0.02 <= np.mean(np.array(found) < 0.05) <= 0.08


@settings(deadline=None)
@given(pairs)
def test_who_comes_first_does_not_matter(both):
    ours, theirs = np.array(both).T
    one, other = compare_spreads(ours, theirs), compare_spreads(theirs, ours)
    assert (one.ours, one.theirs) == (other.theirs, other.ours)
    assert one.p == pytest.approx(other.p, abs=1e-6)


def test_the_same_spread_around_another_mean_is_equal():
    values = np.array([0.1, 0.3, 0.2, 0.6])
    assert compare_spreads(values, values + 0.2).p == 1.0


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [([0.1, 0.5], [0.2, 0.3]), ([0.5, 0.6, 0.7], [0.5] * 3), ([0.5] * 3, [0.5] * 3)],
    ids=["two individuals", "one does not vary", "neither does"],
)
def test_where_the_test_is_not_defined_there_is_no_p_value(ours, theirs):
    assert compare_spreads(np.array(ours), np.array(theirs)).p is None


def test_sums_that_differ_by_rounding_alone_are_equal():
    ours = np.array([0.9, 0.8, 0.7, 0.6])
    theirs = 1.6 - ours + np.array([0.0, 1e-12, 0.0, -1e-12])
    assert compare_spreads(ours, theirs).p == 1.0
