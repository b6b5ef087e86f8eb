"""Two one-sided tests: as good as each other, or beyond a bound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired

from monogram.measure import equivalence

pairs = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=20)


def test_it_is_that_of_statsmodels():
    draw = np.random.default_rng(0)
    for shift in (0.0, 0.003, 0.02):
        ours, theirs = draw.normal(0.9 + shift, 0.004, 12), draw.normal(0.9, 0.004, 12)
        expected, *_ = ttost_paired(ours, theirs, -0.005, 0.005)
        assert equivalence(ours, theirs).within == pytest.approx(expected)


def test_beyond_the_bound_by_hand():
    differences = np.array([0.02, 0.03, 0.025, 0.035])
    t = (differences.mean() - 0.005) / (differences.std(ddof=1) / 2)
    result = equivalence(0.5 + differences, np.full(4, 0.5))
    assert result.difference == pytest.approx(0.0275)
    assert result.beyond == pytest.approx(2 * stats.t.sf(t, 3))
    assert result.within == pytest.approx(stats.t.cdf(t, 3))


@settings(deadline=None)
@given(pairs, st.floats(0.001, 0.5))
def test_who_comes_first_does_not_matter(both, bound):
    ours, theirs = np.array(both).T
    one, other = equivalence(ours, theirs, bound), equivalence(theirs, ours, bound)
    assert (one.within is None) == (other.within is None)
    if one.within is not None and one.beyond is not None:
        assert (one.within, one.beyond) == pytest.approx((other.within, other.beyond), abs=1e-6)
        assert not (one.within < 0.05 and one.beyond < 0.05)


@pytest.mark.parametrize("people", [1, 4])
def test_differences_that_do_not_vary_have_no_p_value(people):
    result = equivalence(np.full(people, 0.9), np.full(people, 0.8))
    assert (result.within, result.beyond) == (None, None)
    assert result.difference == pytest.approx(0.1)


def test_a_bound_of_nothing_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        equivalence(np.array([0.1, 0.2]), np.array([0.1, 0.1]), 0.0)
