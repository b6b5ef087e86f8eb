"""The spread of a figure over individuals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monogram.measure import Spread, spread

fractions = st.floats(0, 1)


@given(st.lists(fractions, min_size=2, max_size=40))
def test_the_spread_is_that_of_numpy(values):
    result = spread(values)
    assert result.mean == pytest.approx(np.mean(values), abs=1e-9)
    assert result.sd == pytest.approx(np.std(values, ddof=1), abs=1e-9)
    assert (result.min, result.max) == pytest.approx((min(values), max(values)), abs=1e-9)
    assert result.min <= result.worst_tenth <= result.mean + 1e-9


@pytest.mark.parametrize(("people", "worst"), [(1, 1), (9, 1), (10, 1), (11, 2), (20, 2), (50, 5)])
def test_the_worst_tenth_is_rounded_up(people, worst):
    values = np.arange(people)[::-1] / 100
    assert spread(values).worst_tenth == pytest.approx(np.arange(worst).mean() / 100)


def test_one_individual_has_no_spread():
    assert spread([0.7]) == Spread(mean=0.7, sd=None, min=0.7, max=0.7, worst_tenth=0.7)


def test_nobody_has_no_spread():
    with pytest.raises(ValueError, match="no individuals"):
        spread([])
