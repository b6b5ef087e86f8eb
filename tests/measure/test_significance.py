"""Paired tests over individuals and Holm's correction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from monogram.measure import (
    Comparison,
    compare,
    equivalence,
    holm,
    holm_corrected,
    mean_interval,
)


def comparison(t_test, wilcoxon=None):
    return Comparison(0.1, 1.0, t_test, wilcoxon, 9)


def test_paired_tests_are_those_of_scipy():
    draw = np.random.default_rng(0)
    ours, theirs = draw.random(12), draw.random(12)
    result = compare(ours, theirs)
    assert result.individuals == 12
    assert result.difference == pytest.approx((ours - theirs).mean())
    assert result.effect_size == pytest.approx((ours - theirs).mean() / (ours - theirs).std(ddof=1))
    assert result.t_test == pytest.approx(stats.ttest_rel(ours, theirs).pvalue)
    assert result.wilcoxon == pytest.approx(stats.wilcoxon(ours, theirs).pvalue)


@pytest.mark.parametrize(
    ("ours", "theirs", "wilcoxon"),
    [
        ([0.5] * 4, [0.5] * 4, None),
        ([0.6] * 3, [0.5] * 3, 0.25),
        ([0.9, 0.8, 0.7], [0.8, 0.7, 0.6], 0.25),
        ([0.9], [0.1], None),
    ],
    ids=["equal", "the same everywhere", "the same but for rounding", "one individual"],
)
def test_differences_that_do_not_vary_are_judged_by_wilcoxon_alone(ours, theirs, wilcoxon):
    result = compare(np.array(ours), np.array(theirs))
    assert (result.effect_size, result.t_test, result.wilcoxon) == (None, None, wilcoxon)
    assert (result.p, result.interval) == (wilcoxon, None)
    assert result.difference == pytest.approx(ours[0] - theirs[0])


@given(
    st.lists(st.integers(0, 40), min_size=2, max_size=16),
    st.integers(-9, 9),
    st.sampled_from([3, 7, 18, 45, 1500]),
)
def test_the_same_count_more_for_everybody_does_not_vary(counts, more, samples):
    """Figures as a study has them: fractions of samples, rounded to 12 digits."""
    theirs = np.round(np.array(counts) / samples, 12)
    ours = np.round((np.array(counts) + more) / samples, 12)
    result = compare(ours, theirs)
    assert (result.t_test, result.p) == (None, 2 * 0.5 ** len(counts) if more else None)
    assert equivalence(ours, theirs).within in (0.5 ** len(counts), 1)


def test_many_ties_give_p_values_without_warnings():
    result = compare(np.array([0.5, 0.5, 0.5, 0.6]), np.array([0.5, 0.5, 0.5, 0.5]))
    for p in (result.t_test, result.wilcoxon):
        assert p is not None
        assert 0 < p <= 1


@given(st.lists(st.integers(-4, 4), min_size=2, max_size=9).filter(any))
def test_wilcoxon_is_exact_with_ties_and_zeros(counts):
    """Against all signs of the ranks, one after the other."""
    result = compare(np.array(counts) / 8 + 0.5, np.full(len(counts), 0.5))
    moved = np.array([count for count in counts if count])
    ranks = stats.rankdata(np.abs(moved))
    middle = ranks.sum() / 2
    sums = [sum(ranks[list(signs)]) for signs in _subsets(len(ranks))]
    ours = abs(ranks[moved > 0].sum() - middle)
    assert result.wilcoxon == pytest.approx(np.mean([abs(s - middle) >= ours for s in sums]))


def _subsets(n):
    return [[place for place in range(n) if mask >> place & 1] for mask in range(2**n)]


def test_wilcoxon_of_many_people_is_scipys():
    draw = np.random.default_rng(3)
    ours, theirs = draw.integers(10, size=(2, 80)) / 10
    expected = stats.wilcoxon(np.round(ours - theirs, 9), method="asymptotic").pvalue
    assert compare(ours, theirs).wilcoxon == pytest.approx(expected)


def test_holm_by_hand():
    corrected = holm([comparison(p) for p in (0.01, 0.04, 0.03, 0.005)])
    assert [c.t_test_holm for c in corrected] == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_is_that_of_statsmodels_for_both_tests():
    t_tests, wilcoxons = np.random.default_rng(1).random((2, 7))
    corrected = holm([comparison(*pair) for pair in zip(t_tests, wilcoxons, strict=True)])
    assert [c.t_test_holm for c in corrected] == pytest.approx(
        multipletests(t_tests, method="holm")[1]
    )
    assert [c.wilcoxon_holm for c in corrected] == pytest.approx(
        multipletests(wilcoxons, method="holm")[1]
    )


def test_undefined_p_values_do_not_count_in_the_family():
    corrected = holm([comparison(0.01), comparison(None), comparison(0.04)])
    assert [c.t_test_holm for c in corrected] == [0.02, None, 0.04]
    assert [c.wilcoxon_holm for c in corrected] == [None] * 3
    assert holm([]) == []


def test_the_difference_has_an_interval_where_it_varies():
    ours, theirs = np.random.default_rng(2).random((2, 12))
    result = compare(ours, theirs)
    assert result.interval == mean_interval(ours - theirs)
    assert compare(ours, ours).interval is None


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=20))
def test_holm_only_raises_and_keeps_the_order(p_values):
    corrected = holm_corrected(p_values)
    both = list(zip(p_values, corrected, strict=True))
    known = sorted((p, c) for p, c in both if p is not None and c is not None)
    assert (
        len(known) == sum(p is not None for p in p_values) == sum(c is not None for c in corrected)
    )
    assert all(p <= c <= 1 for p, c in known)
    assert [c for _, c in known] == sorted(c for _, c in known)
