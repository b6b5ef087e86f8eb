"""The choice: most personal accuracy above a floor of global accuracy, on validation data."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
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


def test_the_reason_says_among_how_many_it_was_chosen():
    some = {"BASE": one(0.8, 0.9), "TRANSFER": one(0.95, 0.9)}
    only = "of the only curriculum that could be chosen, which keeps a global accuracy of 0.880"
    assert only in choose(rows(**some), BASE).reason
    of_two = rows(**some, MIXED=one(0.9, 0.7))
    assert "of the one curriculum of 2 that keeps" in choose(of_two, BASE).reason
    assert "among the 2 of 2" in choose(rows(**some, MIXED=one(0.9, 0.9)), BASE).reason


def test_none_qualifies():
    choice = choose(rows(BASE=one(0.8, 0.9), TRANSFER=one(0.95, 0.7)), BASE)
    assert choice.curriculum is None
    assert "no curriculum keeps a global accuracy of 0.880" in choice.reason


@pytest.mark.parametrize("personal", [0.79, 0.8])
def test_personalizing_does_not_pay(personal):
    choice = choose(rows(BASE=one(0.8, 0.9), TRANSFER=one(personal, 0.9)), BASE)
    assert choice.curriculum is None
    assert "the one curriculum that keeps a global accuracy of 0.880 does not beat" in choice.reason
    both = rows(BASE=one(0.8, 0.9), TRANSFER=one(personal, 0.9), MIXED=one(personal, 0.9))
    assert "of the 2 curricula" in choose(both, BASE).reason


def test_what_a_longer_shared_training_gains_is_not_personal():
    longer = "global(epochs=9)"
    own = f"{longer} >> personal(iterations=5)"
    some = [*rows(BASE=one(0.5, 0.9)), row(longer, "anna", 0.8, 0.9), row(own, "anna", 0.7, 0.9)]
    choice = choose(some, BASE)
    assert choice.curriculum is None
    assert "does not beat on the individuals the model that all share" in choice.reason
    assert choose([*some, *rows(TRANSFER=one(0.6, 0.9))], BASE).curriculum == TRANSFER
    better = [*some[:2], row(own, "anna", 0.85, 0.9)]
    assert choose(better, BASE).curriculum == own
    assert choose([some[0], some[2]], BASE).curriculum == own, "what all share was not studied"


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
    base = [row(BASE, who, 0.5, 0.9, seed=seed) for who in ("anna", "ben") for seed in (0, 1)]
    ours = [
        row(TRANSFER, "anna", 0.9, 0.9, seed=0),
        row(TRANSFER, "anna", 0.7, 0.9, seed=1),
        row(TRANSFER, "ben", 0.4, 0.9, seed=0),
    ]
    assert choose(base + ours, BASE).candidates[TRANSFER] == pytest.approx((0.6, 0.9))


def test_a_seed_that_failed_says_nothing_of_the_others():
    base = [row(BASE, who, 0.5 + 0.4 * seed, 0.9, seed=seed) for who in "ab" for seed in (0, 1)]
    ours = [row(TRANSFER, "a", 0.6, 0.9), row(TRANSFER, "b", 0.6, 0.9)]
    ours.append(row(TRANSFER, "b", 0.95, 0.9, seed=1))
    choice = choose(base + ours, BASE)
    assert choice.curriculum == TRANSFER
    assert choice.candidates[TRANSFER][0] == pytest.approx(0.7 + (0.1 + (0.1 + 0.05) / 2) / 2)


@settings(max_examples=300)
@given(data=st.data(), samples=st.integers(7, 97), people=st.integers(2, 9))
def test_exact_ties_go_to_more_global_accuracy(data, samples, people):
    """Whoever the right answers come from: as many of as many samples are as accurate."""
    right = data.draw(st.lists(st.integers(1, samples - 1), min_size=people, max_size=people))
    others = [right[0] - 1, right[1] + 1, *right[2:]]
    base = data.draw(st.lists(st.integers(0, samples), min_size=people, max_size=people))
    base[0] = max(0, sum(right) - 1 - sum(base[1:])) if sum(base) >= sum(right) else base[0]
    assume(sum(base) < sum(right))
    found = rows(
        BASE={str(who): (many / samples, 0.9) for who, many in enumerate(base)},
        TRANSFER={str(who): (many / samples, 0.9) for who, many in enumerate(right)},
        MIXED={str(who): (many / samples, 0.91) for who, many in enumerate(others)},
    )
    assert choose(found, BASE).curriculum == MIXED
