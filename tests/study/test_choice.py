"""The choice: most personal accuracy above a floor of global accuracy, on validation data."""

import pytest
from tests.study.standins import BASE, MIXED, MORE_TRANSFER, TRANSFER, row, rows

from monogram.study import choose


def one(personal, shared):
    return {"anna": (personal, shared)}


def test_the_best_above_the_floor_is_chosen():
    choice = choose(rows(BASE=one(0.8, 0.9), TRANSFER=one(0.95, 0.7), MIXED=one(0.9, 0.89)), BASE)
    assert choice.curriculum == MIXED
    assert choice.floor == pytest.approx(0.88)
    assert choice.base == (0.8, 0.9)
    assert choice.candidates == {TRANSFER: (0.95, 0.7), MIXED: (0.9, 0.89)}


def test_a_floor_of_ones_own():
    some = rows(BASE=one(0.8, 0.9), TRANSFER=one(0.95, 0.7), MIXED=one(0.9, 0.89))
    assert choose(some, BASE, 0.0).curriculum == TRANSFER
    assert choose(some, BASE, 0.7).curriculum == TRANSFER
    assert choose(some, BASE, 0.71).curriculum == MIXED


def test_what_never_used_an_individuals_data_is_not_chosen():
    some = rows(BASE=one(0.8, 0.9), TRANSFER=one(0.85, 0.9), MIXED=one(0.9, 0.9))
    choice = choose(some, BASE, idle={MIXED})
    assert (choice.curriculum, set(choice.candidates)) == (TRANSFER, {TRANSFER})


def test_none_qualifies():
    choice = choose(rows(BASE=one(0.8, 0.9), TRANSFER=one(0.95, 0.7)), BASE)
    assert choice.curriculum is None
    assert "no curriculum keeps a global accuracy of 0.880" in choice.reason


@pytest.mark.parametrize("personal", [0.79, 0.8])
def test_personalizing_does_not_pay(personal):
    choice = choose(rows(BASE=one(0.8, 0.9), TRANSFER=one(personal, 0.9)), BASE)
    assert choice.curriculum is None
    assert "none beats the global-only model" in choice.reason


def test_of_equal_personal_accuracies_the_better_global_one_wins():
    some = rows(
        BASE=one(0.5, 0.9),
        TRANSFER=one(0.9, 0.89),
        MORE_TRANSFER=one(0.9, 0.9),
        MIXED=one(0.9, 0.88),
    )
    assert choose(some, BASE).curriculum == MORE_TRANSFER
    assert choose(some[::-1], BASE).curriculum == MORE_TRANSFER


def test_a_full_tie_does_not_depend_on_the_order():
    some = rows(BASE=one(0.5, 0.9), TRANSFER=one(0.9, 0.9), MIXED=one(0.9, 0.9))
    assert choose(some, BASE).curriculum == choose(some[::-1], BASE).curriculum


def test_exactly_two_points_less_are_allowed():
    for right in range(20, 1001):
        base, candidate = one(0.5, right / 1000), one(0.6, (right - 20) / 1000)
        assert choose(rows(BASE=base, TRANSFER=candidate), BASE).curriculum == TRANSFER


def test_test_data_has_no_part_in_it():
    worse_on_test = {"personal": 0.1, "shared": 0.1}
    better_on_test = {"personal": 0.9, "shared": 0.9}
    some = [
        row(BASE, **validated(0.5, 0.9)),
        row(MIXED, **worse_on_test, **validated(0.8, 0.9)),
        row(TRANSFER, **better_on_test, **validated(0.7, 0.9)),
        row(MORE_TRANSFER, **better_on_test, **validated(0.9, 0.5)),
    ]
    assert choose(some, BASE).curriculum == MIXED


def validated(personal, shared):
    return {"personal_accuracy_validation": personal, "global_accuracy_validation": shared}


def test_only_curricula_for_the_judged_individual_are_candidates():
    some = rows(BASE=one(0.5, 0.9), BASELINE=one(0.99, 0.99), TRANSFER=one(0.9, 0.9))
    assert choose(some, BASE).curriculum == TRANSFER


def test_individuals_count_the_same_and_seeds_are_averaged_first():
    base = rows(BASE={"anna": (0.5, 0.9), "ben": (0.5, 0.9)})
    ours = [
        row(TRANSFER, "anna", 0.9, 0.9, seed=0),
        row(TRANSFER, "anna", 0.7, 0.9, seed=1),
        row(TRANSFER, "ben", 0.4, 0.9, seed=0),
    ]
    assert choose(base + ours, BASE).candidates[TRANSFER] == pytest.approx((0.6, 0.9))
