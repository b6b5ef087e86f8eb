"""Algorithm 1, lines 8 to 11: how long an epoch is and which batches are personal."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.twin import batch_is_from_D_I

from monogram.curriculum import Global, Mixed, Personal, Source, Union
from monogram.plan import Stretch
from monogram.plan.compile import Sizes, is_personal

PERIODS = [*map(Fraction, (1, 2, 3, 5)), Fraction(1, 2), Fraction(1, 3), Fraction(1, 8)]


@given(st.sampled_from(PERIODS), st.integers(1, 40), st.integers(1, 4))
def test_line_11_holds_in_every_iteration_of_every_epoch(n_I, n_iter, epochs):
    literally = [batch_is_from_D_I(j, n_I) for _ in range(epochs) for j in range(1, n_iter + 1)]
    ours = is_personal(np.arange(epochs * n_iter), Mixed(n_I), n_iter)
    assert ours.tolist() == literally


def test_line_11_of_the_papers_two_cases():
    steps = np.arange(8)
    assert np.flatnonzero(is_personal(steps, Mixed(2), 8)).tolist() == [1, 3, 5, 7]
    assert np.flatnonzero(~is_personal(steps, Mixed("1/8"), 8)).tolist() == [7]


@given(st.integers(1, 10_000), st.integers(1, 300), st.integers(1, 512), st.integers(1, 5))
def test_an_epoch_is_the_samples_over_the_batch_rounded_up(shared, own, batch, epochs):
    sizes = Sizes(shared, {"anna": own}, batch)
    for phase, samples in (
        (Global(epochs), shared),
        (Mixed(2, epochs=epochs), shared),
        (Union(epochs), shared + own),
        (Personal(epochs=epochs), own),
    ):
        owner = None if phase.source is Source.GLOBAL else "anna"
        assert sizes.steps(phase, owner) == epochs * -(-samples // batch)


@pytest.mark.parametrize(("total", "step"), [(100, 65), (20, 13), (8, 6), (3, 2), (1, 1)])
def test_the_rate_decays_after_65_percent_of_the_iterations(total, step):
    from monogram.curriculum import Recipe, parse
    from monogram.plan import Stretch

    phase = Recipe().fill_in(parse("global(epochs=1)"), 1)[0].lengthless()
    stretch = Stretch(0, 0, None, phase, 0, total, total)
    rates = [stretch.learning_rate(k) for k in range(total + 1)]
    assert rates == [0.03] * step + [0.03 * 0.316] * (total + 1 - step)


@given(st.integers(1, 100_000))
def test_the_decay_is_not_moved_by_rounding(hundreds):
    from monogram.curriculum import Recipe, parse
    from monogram.plan import Stretch

    phase = Recipe().fill_in(parse("global(epochs=100)"), 100)[0].lengthless()
    stretch = Stretch(0, 0, None, phase, 0, 100 * hundreds, 100 * hundreds)
    assert stretch.learning_rate(65 * hundreds - 1) == 0.03
    assert stretch.learning_rate(65 * hundreds) == 0.03 * 0.316


@given(st.sampled_from(PERIODS), st.integers(1, 12), st.integers(1, 9), st.integers(1, 3))
def test_line_11_begins_anew_with_each_run(n_I, n_iter, iterations, runs):
    phase = Mixed(n_I, iterations=iterations, runs=runs)
    stretch = Stretch(0, 1, "anna", phase, 0, runs * iterations, iterations)
    literally = [batch_is_from_D_I(k % n_iter + 1, n_I) for k in range(iterations)]
    steps = stretch.in_run(np.arange(stretch.stop))
    assert is_personal(steps, phase, n_iter).tolist() == runs * literally
    sizes = Sizes(16 * n_iter, {"anna": 16}, 16)
    assert sizes.samples(stretch) == 16 * runs * iterations
