"""Bootstrap intervals of a mean over individuals."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from monogram.measure import mean_interval

fractions = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@settings(max_examples=40, deadline=None)
@given(fractions)
def test_the_interval_lies_within_the_values(values):
    low, high = mean_interval(values)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


@settings(max_examples=40, deadline=None)
@given(fractions, st.randoms(use_true_random=False))
def test_it_is_the_same_every_time_and_in_any_order(values, draw):
    shuffled = draw.sample(values, len(values))
    assert mean_interval(values) == mean_interval(np.array(shuffled))


@settings(max_examples=40, deadline=None)
@given(fractions)
def test_rounding_noise_does_not_move_it(values):
    noise = np.random.default_rng(0).uniform(-1e-14, 1e-14, len(values))
    rounded = np.round(values, 6)
    assert mean_interval(rounded + noise) == pytest.approx(mean_interval(rounded), abs=1e-9)


def test_of_few_it_is_bca_of_many_percentile():
    draw = np.random.default_rng(0)
    for n, method in ((20, "BCa"), (2_000, "percentile")):
        values = draw.beta(8, 1, n)
        expected = stats.bootstrap(
            (values,), np.mean, n_resamples=50_000, batch=500, method=method, random_state=draw
        ).confidence_interval
        wide = expected.high - expected.low
        assert mean_interval(values) == pytest.approx(tuple(expected), abs=0.1 * wide)


def test_about_nineteen_of_twenty_hold_the_mean():
    draw = np.random.default_rng(0)
    intervals = [mean_interval(draw.normal(0.7, 0.1, 30)) for _ in range(200)]
    held = np.mean([low <= 0.7 <= high for low, high in intervals])
    assert 0.9 <= held <= 0.98


def test_two_individuals_have_one_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mean_interval([0.2, 0.4]) == (0.2, 0.4)


@pytest.mark.parametrize("values", [[0.3], [0.3] * 9])
def test_what_does_not_vary_is_its_own_interval(values):
    assert mean_interval(values) == (0.3, 0.3)


def test_nobody_has_no_interval():
    with pytest.raises(ValueError, match="no individuals"):
        mean_interval([])
