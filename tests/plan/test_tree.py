"""The plan: what is shared, what is counted, who is judged on whom."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.people import make_population

from monogram.curriculum import (
    Baseline,
    Curriculum,
    EarlyShaping,
    Global,
    Mixed,
    Personal,
    Recipe,
    SampleWeighting,
    Transfer,
    Union,
    parse,
)
from monogram.errors import SettingError
from monogram.plan import compile_plan
from monogram.plan.compile import ring

PEOPLE = make_population()  # 20 of D_G to train on; 20, 5, 1 and 12 of the individuals
RECIPE = Recipe(batch_size=8)  # 3 iterations an epoch on D_G


def plan_of(*curricula, population=PEOPLE, seeds=(0,), epochs=2, recipe=RECIPE):
    return compile_plan(curricula, population, seeds=seeds, epochs=epochs, recipe=recipe)


def models(plan):
    return [model for task in plan.tasks for model in task.models]


def nodes(plan):
    return [node for root in plan.roots for node in root.walk()]


def test_the_trunk_and_the_first_iterations_are_shared():
    plan = plan_of(Transfer(20), Transfer(200))
    people = len(PEOPLE.individuals)
    assert plan.steps == 2 * 3 + people * 200
    assert plan.steps_unshared == people * (2 * (2 * 3) + 20 + 200)
    assert plan.models == 2 * people
    assert [node.stretch.owner for node in plan.roots] == [None]
    personal = [n.stretch for n in nodes(plan) if n.stretch.owner == "anna"]
    assert [(s.start, s.stop) for s in personal] == [(0, 20), (20, 200)]


def test_global_phases_of_fixed_rate_share_their_beginnings():
    short, long = Curriculum((Global(iterations=5),)), Global(iterations=9) >> Personal(2)
    plan = plan_of(short, long)
    assert plan.steps == 9 + len(PEOPLE.individuals) * 2


def test_phases_whose_rates_decay_elsewhere_are_not_shared():
    assert plan_of(Curriculum((Global(2),)), Curriculum((Global(4),))).steps == (2 + 4) * 3
    assert plan_of(Curriculum((Global(2, decay=1),)), Curriculum((Global(4, decay=1),))).steps == 12


def test_phases_that_differ_in_any_option_are_not_shared():
    tails = [
        Personal(4),
        Personal(4, learning_rate=0.1),
        Personal(4, train="head"),
        Mixed(2, iterations=4),
    ]
    plan = plan_of(*(Global() >> tail for tail in tails))
    assert plan.steps == 6 + len(PEOPLE.individuals) * 4 * len(tails)


def test_a_late_phase_is_not_mistaken_for_an_early_one():
    plan = plan_of(EarlyShaping(4), EarlyShaping(4) >> Personal(4))
    keys = [node.key for node in nodes(plan)]
    assert len(keys) == len(set(keys))
    rates = {(n.stretch.place, n.stretch.phase.learning_rate) for n in nodes(plan)}
    assert rates == {(0, 0.03), (1, 0.03), (2, 0.01)}


def test_seeds_share_nothing_and_count_once():
    once, twice = plan_of(Transfer(5)), plan_of(Transfer(5), seeds=(0, 1, 0))
    assert twice.steps == 2 * once.steps
    assert twice.models == 2 * once.models


def test_equal_curricula_count_once():
    assert plan_of(Transfer(5), Transfer(5), Global(2) >> Personal(5)).models == len(
        PEOPLE.individuals
    )


def test_own_and_shared_steps_and_samples():
    by_person = {m.individual: m for m in models(plan_of(Transfer(7)))}
    anna, ben, cleo = by_person["anna"], by_person["ben"], by_person["cleo"]
    assert {(m.shared_steps, m.shared_samples, m.own_steps) for m in (anna, ben, cleo)} == {
        (6, 48, 7)
    }
    assert [m.own_samples for m in (anna, ben, cleo)] == [7 * 8, 7 * 5, 7 * 1]
    # D_G ∪ D_I: 40, 25 and 21 samples
    assert [m.baseline_samples for m in (anna, ben, cleo)] == [2 * 5 * 8, 2 * 4 * 8, 2 * 3 * 8]


def test_samples_of_mixed_and_union_phases():
    [mixed] = [m for m in models(plan_of(SampleWeighting(2))) if m.individual == "ben"]
    assert (mixed.own_steps, mixed.own_samples, mixed.shared_samples) == (6, 2 * 5 + 4 * 8, 0)
    [union] = [m for m in models(plan_of(Baseline())) if m.individual == "ben"]
    assert union.own_samples == union.baseline_samples


def test_each_node_is_one_task_or_inside_one():
    plan = plan_of(Baseline(), EarlyShaping(3), Transfer(2), Transfer(4), SampleWeighting(2))
    inside = Counter(node.key for task in plan.tasks for node in task.nodes())
    assert inside == Counter(node.key for node in nodes(plan))
    assert plan.steps == sum(node.stretch.steps for node in nodes(plan))
    places = {task.key: place for place, task in enumerate(plan.tasks)}
    assert all(places[t.parent] < places[t.key] for t in plan.tasks if t.parent)


@given(st.sets(st.text(), min_size=2, max_size=30))
def test_baseline_partners_are_a_derangement_that_judges_everyone_once(ids):
    partners = ring(ids)
    assert partners.keys() == ids
    assert set(partners.values()) == ids
    assert all(one != other for one, other in partners.items())


@given(st.sets(st.text(), min_size=3, max_size=30), st.data())
def test_leaving_one_out_changes_only_the_neighbour(ids, data):
    gone = data.draw(st.sampled_from(sorted(ids)))
    before, after = ring(ids), ring(ids - {gone})
    changed = [one for one in after if after[one] != before[one]]
    assert [before[one] for one in changed] == [gone]


def test_one_individual_alone_has_no_baseline():
    plan = plan_of(Baseline(), Transfer(2), population=PEOPLE.only(["anna"]))
    assert {model.curriculum for model in models(plan)} == {
        "global(epochs=2) >> personal(iterations=2)"
    }
    assert len(plan.remarks) == 1
    assert "on other is left out" in plan.remarks[0]


@pytest.mark.parametrize(("every", "remarks"), [(1, 0), (3, 0), (4, 1), ("1/8", 1), ("1/3", 0)])
def test_a_mixed_phase_that_never_sees_one_side_is_remarked_on(every, remarks):
    plan = plan_of(SampleWeighting(every))  # 3 iterations an epoch
    assert len(plan.remarks) == remarks
    assert all("batch is personal" in remark for remark in plan.remarks)
    assert all("has 3 iterations;" in remark for remark in plan.remarks)
    assert all(remark.count("mixed(") == 1 for remark in plan.remarks)


@pytest.mark.parametrize(
    ("curriculum", "remedy"),
    [
        (
            "mixed(every=4)",
            "an epoch on the global data has 3 iterations; take every=3 or less, or",
        ),
        ("mixed(every=1/8)", "take every=1/3 or more, or smaller batches (--batch-size)"),
        (
            "mixed(every=3, iterations=2)",
            "the phase has 2 iterations; take every=2 or less, or more",
        ),
        ("mixed(every=2, iterations=1)", "the phase has 1 iteration; take more iterations"),
    ],
)
def test_such_a_remark_says_what_would_help(curriculum, remedy):
    (remark,) = plan_of(parse(curriculum)).remarks
    assert remedy in remark
    better = remedy.partition("take every=")[2].partition(" ")[0]
    if better:
        assert not plan_of(parse(re.sub(r"every=[\d/]+", f"every={better}", curriculum))).remarks


@pytest.mark.parametrize("wrong", [{"seeds": ()}, {"epochs": 0}])
def test_nothing_to_do_is_refused(wrong):
    with pytest.raises(SettingError, match="at least one"):
        plan_of(Transfer(2), **wrong)
    with pytest.raises(SettingError, match="at least one"):
        plan_of()


def test_a_union_later_in_a_curriculum_belongs_to_the_individual():
    plan = plan_of(Global() >> Union(iterations=3) >> Global(iterations=2))
    owners = {(n.stretch.place, n.stretch.owner is None) for n in nodes(plan)}
    assert owners == {(0, True), (1, False), (2, False)}
