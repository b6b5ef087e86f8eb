"""Two one-sided tests: as good as each other, or beyond a bound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired

from monogram.measure import equivalence, non_inferiority

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
    assert (one.within, one.beyond) == pytest.approx((other.within, other.beyond), abs=1e-6)
    assert not (one.within < 0.05 and one.beyond < 0.05)


@pytest.mark.parametrize("people", [1, 4, 9])
def test_differences_that_do_not_vary_are_judged_by_their_signs(people):
    same, less = np.full(people, 0.8), np.full(people, 0.7)
    assert equivalence(same, less).beyond == min(1, 2 * 0.5**people)
    assert equivalence(same, less).within == 1
    assert equivalence(same, same).within == 0.5**people
    assert equivalence(same, same).beyond == 1
    more, fewer = non_inferiority(same, less), non_inferiority(less, same)
    assert (more.holds, more.fails) == (0.5**people, 1)
    assert (fewer.holds, fewer.fails) == (1, 0.5**people)


def test_on_the_bound_nothing_is_decided():
    ours, theirs = np.full(9, 0.8), np.full(9, 0.805)
    result = non_inferiority(ours, theirs)
    assert (result.holds, result.fails) == (1, 1)


@given(pairs, st.floats(0.001, 0.5))
def test_no_worse_is_one_side_of_the_same(both, bound):
    ours, theirs = np.array(both).T
    one, two = non_inferiority(ours, theirs, bound), equivalence(ours, theirs, bound)
    assert one.holds <= two.within
    if len(ours) > 1 and np.ptp(ours - theirs) > 1e-6:
        expected = stats.ttest_rel(ours, theirs - bound, alternative="greater").pvalue
        assert one.holds == pytest.approx(expected, abs=1e-6)
        assert one.fails == pytest.approx(1 - expected, abs=1e-6)


def test_a_bound_of_nothing_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        equivalence(np.array([0.1, 0.2]), np.array([0.1, 0.1]), 0.0)
