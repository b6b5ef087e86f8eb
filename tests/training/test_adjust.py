"""What is done to trained weights without a step: priors, and weights between two models."""

from math import log

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.nets import same

from monogram.curriculum import Adjustment, Blend, Prior
from monogram.networks import PRIOR
from monogram.training import State, Surroundings, Tally, adjust, interpolate, log_odds

BASE = {"w": torch.tensor([0.0, 4.0]), "seen": torch.tensor(3), PRIOR: torch.zeros(3)}
HERE = {"w": torch.tensor([1.0, 0.0]), "seen": torch.tensor(9), PRIOR: torch.ones(3)}
OWN, SHARED = torch.tensor([60, 40, 0]), torch.tensor([500, 300, 200])


def state_after(adjustment, validate=lambda weights: [Tally()]):
    """The state after an adjustment of HERE; `validate` gives the tallies of the parts."""
    around = Surroundings(BASE, OWN, SHARED, validate)
    state = adjust(adjustment, State(5, dict(HERE), {}, 2.0, validated=Tally(1, 1)), around)
    assert state.seconds > 2.0
    return state


def adjusted(adjustment, correct=lambda weights: 0):
    """The weights after an adjustment of HERE; `correct` counts what weights get right."""
    return state_after(adjustment, lambda w: [Tally(10, correct(w))]).weights


def test_a_prior_is_the_log_odds_of_the_individuals_classes():
    weights = adjusted(Prior(10))
    frequencies = [(60 + 15) / 130, (40 + 9) / 130, (0 + 6) / 130]
    expected = [log(f / p) for f, p in zip(frequencies, (0.5, 0.3, 0.2), strict=True)]
    torch.testing.assert_close(weights[PRIOR], torch.tensor(expected))
    assert torch.equal(weights["w"], HERE["w"])


counts = st.lists(st.integers(0, 1_000), min_size=2, max_size=12).filter(any)


@given(counts, st.floats(1e-3, 1e6), st.data())
def test_a_prior_keeps_probabilities_and_fades_with_its_smoothing(own, smoothing, data):
    shared = data.draw(st.lists(st.integers(1, 5_000), min_size=len(own), max_size=len(own)))
    own, shared = torch.tensor(own), torch.tensor(shared)
    odds = log_odds(own, shared, smoothing)
    assert torch.isfinite(odds).all()
    expected = shared.double() / shared.sum()
    assert float((odds.exp() * expected).sum()) == pytest.approx(1)
    assert bool((log_odds(own, shared, smoothing * 10).abs() <= odds.abs() + 1e-9).all())
    assert log_odds(shared, shared, smoothing).abs().max() < 1e-9


def test_a_class_that_nobody_has_stays_finite():
    assert torch.isfinite(log_odds(torch.tensor([3, 0]), torch.tensor([9, 0]), 0.1)).all()


@pytest.mark.parametrize(("share", "w"), [(0, [0, 4]), (0.25, [0.25, 3]), (1, [1, 0])])
def test_a_share_of_the_way_from_the_base(share, w):
    weights = adjusted(Blend(share))
    assert weights["w"].tolist() == w
    assert weights["seen"] == BASE["seen"]
    assert weights[PRIOR].tolist() == [share] * 3


def test_the_whole_way_and_none_of_it_are_exact():
    draw = torch.Generator().manual_seed(0)
    base, here = ({"w": torch.randn(999, generator=draw)} for _ in range(2))
    assert same(interpolate(base, here, 1.0), here)
    assert same(interpolate(base, here, 0.0), base)


@pytest.mark.parametrize(
    ("correct", "share"),
    [
        (lambda w: round(float(w["w"][0]) * 10), 1.0),
        (lambda w: -round(float(w["w"][0]) * 10), 0.0),
        (lambda w: 5 if 0.25 < float(w["w"][0]) < 0.85 else 4, 0.3),
        (lambda w: 7, 0.0),
    ],
    ids=["all the way", "no way", "the first of equals", "nothing to gain"],
)
def test_without_a_share_validation_data_chooses(correct, share):
    assert same(adjusted(Blend(), correct), adjusted(Blend(share)))


@pytest.mark.parametrize("adjustment", [Prior(), Blend(0.5)])
def test_what_validation_data_had_no_say_in_is_judged_on_them_later(adjustment):
    assert state_after(adjustment).validated is None


def test_a_chosen_share_is_judged_on_data_that_did_not_choose_it():
    """Each part has one share of its own that gets everything right: nothing is learnt of it."""
    lucky = {0: 0.2, 1: 0.5, 2: 0.9}

    def validate(weights):
        share = round(float(weights["w"][0]), 1)
        return [Tally(4, 4 if lucky[part] == share else 1) for part in lucky]

    state = state_after(Blend(), validate)
    assert same(state.weights, adjusted(Blend(0.2)))
    assert state.validated == Tally(12, 3)


def test_a_share_that_is_best_everywhere_keeps_its_figure():
    def validate(weights):
        good = float(weights["w"][0]) == 0.5
        return [Tally(n, n if good else 0, loss=float(n)) for n in (3, 3, 2, 0, 0)]

    assert state_after(Blend(), validate).validated == Tally(8, 8, 8.0)


def test_one_part_alone_says_nothing_of_the_choice():
    state = state_after(Blend(), lambda w: [Tally(4, 4 if float(w["w"][0]) == 1 else 2)])
    assert same(state.weights, HERE | {"seen": BASE["seen"]})
    assert state.validated == Tally(4, 2)


def test_what_nobody_knows_is_an_error():
    with pytest.raises(TypeError, match="nobody knows"):
        adjusted(Adjustment())
