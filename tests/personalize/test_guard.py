"""The guard: nobody ends up worse than with the base, whatever was trained."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from monogram.errors import SettingError
from monogram.personalize.guard import Guard, Look, Rules
from monogram.store import Figures
from monogram.training import Tally, interpolate

BASE = {"weight": torch.zeros(2), "running_var": torch.ones(1), "batches": torch.tensor(3)}
TRAINED = {
    "weight": torch.tensor([1.0, 2.0]),
    "running_var": torch.tensor([3.0]),
    "batches": torch.tensor(9),
}


def tally(correct, samples=100, loss=50.0):
    return Tally(samples=samples, correct=correct, loss=loss)


def decide(personal, shared, *, base=50, floor=0.5, coefficients=(0.75, 0.5, 0.25)):
    """A decision where accuracies (in points) are functions of the share of the way."""
    looked = []

    def way(weights):
        return float(weights["weight"][0])

    def look_shared(weights):
        looked.append(way(weights))
        return shared(way(weights))

    guard = Guard(Rules(floor, coefficients), BASE)
    at_base = Figures(personal_accuracy_validation=base / 100, global_accuracy_validation=0.8)
    look = Look(lambda weights: personal(way(weights)), look_shared)
    return guard.decide("transfer(4)", TRAINED, at_base, look), looked


def test_a_better_model_is_kept_as_it_was_trained():
    verdict, looked = decide(lambda _: tally(50), lambda _: tally(50))
    assert verdict.decision.kind == "kept"
    assert all(torch.equal(verdict.weights[name], TRAINED[name]) for name in TRAINED)
    assert looked == [1.0]
    assert "own accuracy 0.500 (base 0.500), global 0.500 (floor 0.500)" in verdict.decision.reason


def test_a_model_that_forgot_the_global_data_is_led_back():
    verdict, looked = decide(lambda _: tally(60), lambda way: tally(round(80 - 50 * way)))
    assert looked == [1.0, 0.75, 0.5]
    assert verdict.decision.kind == "backed off"
    assert verdict.weights["weight"].tolist() == [0.5, 1.0]
    assert verdict.weights["running_var"].item() == 2.0
    assert verdict.weights["batches"].item() == 3
    figures = [attempt.figures.global_accuracy_validation for attempt in verdict.decision.attempts]
    assert figures == [0.30, 0.42, 0.55]
    assert "global accuracy 0.300 < floor 0.500" in verdict.decision.reason


def test_a_model_that_is_worse_for_the_individual_is_not_tried_on_global_data():
    verdict, looked = decide(lambda _: tally(49), lambda _: tally(99))
    assert (verdict.decision.kind, verdict.weights, looked) == ("base", None, [])
    assert "own accuracy 0.490 < base 0.500" in verdict.decision.reason
    assert [attempt.what for attempt in verdict.decision.attempts][-1] == "the base"
    assert len(verdict.decision.attempts) == 5


@pytest.mark.parametrize(
    ("own", "shared", "said"),
    [
        (tally(90, loss=math.nan), tally(90), "its loss is no number"),
        (tally(90), tally(90, loss=math.inf), "its loss on D_G is no number"),
        (tally(0, samples=0), tally(90), "no validation data of its own"),
    ],
)
def test_a_model_that_cannot_be_judged_is_replaced_by_the_base(own, shared, said):
    verdict, _ = decide(lambda _: own, lambda _: shared)
    assert verdict.decision.kind == "base"
    assert said in verdict.decision.reason


points = st.lists(st.integers(0, 100), min_size=4, max_size=4)


@given(own=points, shared=points, base=st.integers(0, 100), floor=st.integers(0, 100))
def test_whatever_is_taken_is_no_worse_than_the_base_and_not_under_the_floor(
    own, shared, base, floor
):
    ways = [1.0, 0.75, 0.5, 0.25]
    verdict, _ = decide(
        lambda way: tally(own[ways.index(way)]),
        lambda way: tally(shared[ways.index(way)]),
        base=base,
        floor=floor / 100,
    )
    good = [i for i in range(4) if own[i] >= base and shared[i] >= floor]
    expected = "base" if not good else ("kept" if good[0] == 0 else "backed off")
    assert verdict.decision.kind == expected
    if good:
        assert float(verdict.weights["weight"][0]) == ways[good[0]]


def test_what_equals_the_base_stays_so_bit_for_bit():
    base = {"frozen": torch.tensor([0.1, -0.0]), "head": torch.tensor([1.0])}
    between = interpolate(base, {**base, "head": torch.tensor([2.0])}, 0.3)
    assert between["frozen"] is base["frozen"]


@pytest.mark.parametrize("coefficients", [(0.25, 0.5), (1.0,), (0.0,), (0.5, 0.5)])
def test_coefficients_that_lead_nowhere_are_refused(coefficients):
    with pytest.raises(SettingError, match="the coefficients must fall"):
        Rules(0.5, coefficients)
