"""What curricula beyond the paper should reach."""

from dataclasses import replace

import pytest
from tests.report.synthetic import BASE, BASELINE, REHEARSAL
from tests.reproduce.worlds import TRANSFER_20, TRANSFER_200, compared, world

from monogram.reproduce import Proposals, goals
from monogram.study import summarise

PRIOR = f"{BASE} >> prior(smoothing=10)"
BOTH = f"{TRANSFER_20} >> prior(smoothing=10)"
LONGER = f"{BASE} >> global(epochs=3)"
FROM_LONGER = f"{LONGER} >> personal(iterations=20) >> prior(smoothing=10)"
BLENDED = f"{TRANSFER_20} >> blend"
PULLED = f"{BASE} >> personal(iterations=20, pull=0.1)"
KNOWN = {
    BASE: (0.8, 0.9),
    BASELINE: (0.8, 0.9),
    TRANSFER_20: (0.95, 0.7),
    TRANSFER_200: (0.96, 0.8),
}


def found(scenario, figures, proposed=None, costs=None, each=None):
    """The goals where everybody has the same figures, or `each` changes them.

    Judged is what is proposed, by default the last of `figures`.
    """
    known = KNOWN | figures
    results = world(
        lambda c, nth: (each or (lambda _, __, both: both))(c, nth, known.get(c, (0.8, 0.9))),
        people=8,
        beyond=tuple(figures),
        costs=costs or {},
    )
    proposed = proposed or list(figures)[-1]
    return goals(results, results, compared(scenario), scenario, Proposals(proposed, proposed))


def test_class_counts_is_met_just_so():
    goal, _ = found("class-counts", {PRIOR: (0.945, 0.8)})
    assert (goal.met, goal.curriculum) == (True, PRIOR)
    assert (
        "personal accuracy −0.50 points against Transfer(20) (8 individuals), met by 0.00"
        in goal.evidence
    )
    assert (
        "global accuracy +10.00 points against Transfer(20) (8 individuals), met by 0.00"
        in goal.evidence
    )


@pytest.mark.parametrize("both", [(0.9449, 0.9), (0.97, 0.7999)])
def test_class_counts_is_missed_by_a_hair(both):
    goal, _ = found("class-counts", {PRIOR: both})
    assert (goal.met, goal.curriculum) == (False, PRIOR)
    assert "missed by 0.01" in goal.evidence


@pytest.mark.parametrize(
    ("both", "met"), [((0.96, 0.895), True), ((0.9599, 0.9), False), ((0.97, 0.8949), False)]
)
def test_hidden_factors(both, met):
    goal, _ = found("hidden-factors", {PULLED: both}, costs={PULLED: 0.03})
    assert (goal.met, goal.curriculum) == (met, PULLED)


@pytest.mark.parametrize(("cost", "met"), [(0.03, True), (0.031, False)])
def test_what_costs_too_much_misses_the_goal(cost, met):
    goal, _ = found("hidden-factors", {REHEARSAL: (0.97, 0.9)}, costs={REHEARSAL: cost})
    assert (goal.met, goal.curriculum) == (met, REHEARSAL)
    assert ("r_train over 0.03: missed" in goal.evidence) is not met
    assert f"r_train {cost:.2g}, and once for everybody " in goal.evidence


def test_what_was_proposed_but_not_studied():
    for goal in found("class-counts", {}, proposed=PRIOR):
        assert (goal.met, goal.curriculum) == (False, None)
        assert goal.evidence == f"not studied: {PRIOR}"


def test_the_proposal_is_judged_however_good_others_are():
    figures = {PRIOR: (0.95, 0.7), PULLED: (0.96, 0.89)}
    goal, _ = found("class-counts", figures, proposed=PRIOR)
    assert (goal.met, goal.curriculum) == (False, PRIOR)
    assert goal.evidence.endswith("met as well by: global >> personal(iterations=20, pull=0.1)")
    goal, _ = found("class-counts", figures, proposed=PULLED)
    assert (goal.met, goal.curriculum) == (True, PULLED)
    assert goal.evidence.endswith("met as well by: none")


def test_who_is_worse_off_is_counted():
    def each(curriculum, nth, both):
        lost = {0: 0.2, 1: 0.1}.get(nth, 0.0) if curriculum == PRIOR else 0.0
        return (both[0] - lost, both[1])

    goal, _ = found("class-counts", {PRIOR: (0.98, 0.9)}, each=each)
    assert "2 of 8 individuals have less than with Transfer(20), at most 17.00" in goal.evidence
    assert "1 of 8 individuals has less than with Global only, at most 2.00" in goal.evidence


def test_a_missing_row_leaves_nothing_to_be_held_to():
    results = world(lambda *_: (0.9, 0.9), people=3, beyond=(PRIOR,))
    known = [row for row in compared("class-counts") if row.paper.name != "Transfer-Iter-20"]
    goal, _ = goals(results, results, known, "class-counts", Proposals(PRIOR, PRIOR))
    assert (goal.met, goal.evidence) == (False, "not studied: Transfer-Iter-20")


@pytest.mark.parametrize(
    ("both", "met"),
    [
        ((0.96, 0.9), True),  # more than the prior alone on D_I, than transfer alone on both
        ((0.95, 0.9), True),
        ((0.9499, 0.95), False),
        ((0.96, 0.8999), False),
    ],
)
def test_a_combination_dominates_each_of_its_ideas(both, met):
    _, goal = found("class-counts", {PRIOR: (0.9, 0.9), BOTH: both})
    assert (goal.met, goal.curriculum) == (met, BOTH)


def test_equal_to_an_idea_alone_is_not_better():
    _, goal = found("class-counts", {PRIOR: (0.95, 0.9), BOTH: (0.95, 0.9)})
    assert not goal.met
    assert "no more than global >> prior(smoothing=10) in anything: missed" in goal.evidence


def test_what_only_the_further_study_has_is_judged_as_well():
    further = world(lambda *_: (0.99, 0.99), people=3, beyond=(PRIOR,))
    results = world(lambda c, _: KNOWN.get(c, (0.8, 0.9)), people=3)
    goal, _ = goals(
        results, further, compared("class-counts"), "class-counts", Proposals(PRIOR, PRIOR)
    )
    assert goal.curriculum == PRIOR


def test_where_nobody_has_both_the_goal_is_missed():
    results = world(lambda *_: (0.9, 0.9), people=2, beyond=(PRIOR,))
    first, second = results.population.individuals
    gone = {(PRIOR, first), (TRANSFER_20, second)}
    rows = tuple(r for r in results.rows if (r.curriculum, r.individual) not in gone)
    results = replace(results, rows=rows, summary=summarise(rows, [BASE, TRANSFER_20, PRIOR], BASE))
    goal, _ = goals(
        results, results, compared("class-counts"), "class-counts", Proposals(PRIOR, PRIOR)
    )
    assert not goal.met
    assert "personal accuracy: nobody has models of this and" in goal.evidence
    assert "nan" not in goal.evidence


def test_a_blend_is_held_to_the_global_model():
    _, goal = found("hidden-factors", {BLENDED: (0.96, 0.9)})
    assert goal.met
    assert "against Global only" in goal.evidence
    _, goal = found("hidden-factors", {BLENDED: (0.96, 0.89)})
    assert not goal.met


@pytest.mark.parametrize(("shared", "met"), [(0.96, True), (0.94, False)])
def test_a_longer_base_is_an_idea_as_well(shared, met):
    figures = {PRIOR: (0.9, 0.9), LONGER: (0.9, 0.95), FROM_LONGER: (0.97, shared)}
    _, goal = found("class-counts", figures)
    assert goal.met is met
    assert "against global >> prior(smoothing=10) (8 individuals), met by 7.00" in goal.evidence
    assert f"{'met' if met else 'missed'} by 1.00" in goal.evidence


def test_a_combination_without_its_ideas_cannot_be_judged():
    _, goal = found("class-counts", {BOTH: (0.99, 0.99)})
    assert (goal.met, goal.curriculum) == (False, None)
    assert goal.evidence == f"not studied: {PRIOR}"


def test_one_idea_is_no_combination():
    _, goal = found("class-counts", {PRIOR: (0.99, 0.99)})
    assert not goal.met
