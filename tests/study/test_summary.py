"""The summary: each curriculum over all individuals, who is harmed, what it costs."""

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from scipy import stats
from tests.study.standins import BASE, BASELINE, MIXED, TRANSFER, row, rows

from monogram.curriculum import Baseline, EarlyShaping, Recipe, SampleWeighting, Transfer
from monogram.measure import mean_interval
from monogram.plan import compile_plan
from monogram.population import Population, Protocol, Split
from monogram.study import summarise
from monogram.study.summary import amortised_cost, marginal_cost

ORDER = [BASE, BASELINE, TRANSFER, MIXED]
PEOPLE = ("anna", "ben", "cleo", "dora", "eli")


def spread_out(start, step):
    return {one: (start + step * i, 0.9 - step * i) for i, one in enumerate(PEOPLE)}


def test_each_curriculum_has_its_spread():
    summary = summarise(rows(BASE=spread_out(0.5, 0), TRANSFER=spread_out(0.5, 0.1)), ORDER, BASE)
    assert [one.curriculum for one in summary.curricula] == [BASE, TRANSFER]
    transfer = summary["Transfer(20)"]
    assert (transfer.personal.mean, transfer.personal.min, transfer.personal.max) == (0.7, 0.5, 0.9)
    assert transfer.shared.mean == pytest.approx(0.7)
    assert (transfer.models, summary.individuals) == (5, 5)


def test_means_have_intervals_over_individuals_seeds_averaged_first():
    draw = np.random.default_rng(0)
    drawn = {one: draw.random((2, 3)) for one in PEOPLE}  # seeds × figures
    some = [
        row(curriculum, one, seeds[seed][0], seeds[seed][1], seed=seed)
        for curriculum in (BASE, TRANSFER)
        for one, seeds in drawn.items()
        for seed in (0, 1)
    ]
    transfer = summarise(some, ORDER, BASE)[TRANSFER]
    averaged = [seeds.mean(axis=0) for seeds in drawn.values()]
    assert transfer.personal_interval == mean_interval([both[0] for both in averaged])
    assert transfer.shared_interval == mean_interval([both[1] for both in averaged])
    assert transfer.personal_interval[0] < transfer.personal.mean < transfer.personal_interval[1]


def test_harmed_are_those_worse_off_than_with_the_global_model():
    ours = {"anna": (0.4, 0.9), "ben": (0.5, 0.9), "cleo": (0.6, 0.9), "dora": (0.1, 0.9)}
    base = dict.fromkeys(ours, (0.5, 0.9))
    assert summarise(rows(BASE=base, TRANSFER=ours), ORDER, BASE)[TRANSFER].harmed == 0.5


def test_whoever_lacks_a_seed_is_compared_by_the_others():
    some = [row(BASE, who, 0.5 + 0.4 * seed, 0.9, seed=seed) for who in "ab" for seed in (0, 1)]
    some += [row(TRANSFER, who, 0.6, 0.9) for who in "ab"]
    some += [row(TRANSFER, "b", 0.95, 0.9, seed=1)]
    assert summarise(some, ORDER, BASE)[TRANSFER].harmed == 0


def test_where_nobody_has_both_nobody_is_harmed_or_spared():
    some = rows(BASE={"anna": (0.5, 0.9)}, TRANSFER={"ben": (0.4, 0.9)})
    assert summarise(some, ORDER, BASE)[TRANSFER].harmed is None


def test_the_same_accuracies_in_another_order_of_the_seeds_harm_nobody():
    accuracies = (0.1, 0.7, 0.85)
    for order in permutations(accuracies):
        some = [row(BASE, personal=a, seed=s) for s, a in enumerate(accuracies)]
        some += [row(TRANSFER, personal=a, seed=s) for s, a in enumerate(order)]
        assert summarise(some, ORDER, BASE)[TRANSFER].harmed == 0


def test_the_baseline_stands_under_whom_it_was_judged_on():
    base = rows(BASE={"anna": (0.9, 0.9), "ben": (0.1, 0.9)})
    swapped = [
        row(BASELINE, "anna", 0.2, 0.9, evaluated_on="ben"),
        row(BASELINE, "ben", 0.8, 0.9, evaluated_on="anna"),
    ]
    assert summarise(base + swapped, ORDER, BASE)["Baseline"].harmed == 0.5


def test_tests_pair_individuals_and_are_corrected_as_one_family():
    draw = np.random.default_rng(0)
    figures = {c: {one: tuple(draw.random(2)) for one in PEOPLE} for c in ("BASE", "TRANSFER")}
    baseline = {one: tuple(draw.random(2)) for one in PEOPLE}
    summary = summarise(rows(**figures, BASELINE=baseline), ORDER, BASE)
    tests: dict[str, Any] = {
        one.curriculum: one.personal_against_baseline for one in summary.curricula
    }
    assert tests[BASELINE] is None
    for name, curriculum in (("BASE", BASE), ("TRANSFER", TRANSFER)):
        pairs = [(figures[name][one][0], baseline[one][0]) for one in PEOPLE]
        expected = stats.ttest_rel(*zip(*pairs, strict=True)).pvalue
        assert tests[curriculum].t_test == pytest.approx(expected)
    both = sorted((tests[BASE], tests[TRANSFER]), key=lambda one: one.t_test)
    assert both[0].t_test_holm == pytest.approx(min(1, 2 * both[0].t_test))


def test_without_a_baseline_nothing_is_tested_against_it():
    summary = summarise(rows(BASE=spread_out(0.5, 0), TRANSFER=spread_out(0.5, 0.1)), ORDER, BASE)
    assert all(one.personal_against_baseline is None for one in summary.curricula)
    assert summary.choice.curriculum is None
    assert all(one.personal_against_chosen is None for one in summary.curricula)


def test_curricula_that_nobody_has_in_common_are_not_compared():
    base = rows(BASE=spread_out(0.5, 0))
    some = rows(TRANSFER={"anna": (0.9, 0.9)}, MIXED={"ben": (0.8, 0.9)})
    summary = summarise(base + some, ORDER, BASE)
    assert summary.choice.curriculum == TRANSFER
    assert summary[MIXED].personal_against_chosen is None
    tested = summary[BASE].personal_against_chosen
    assert tested is not None
    assert tested.individuals == 1


def test_collapsed_models_are_counted():
    some = [row(BASE), row(TRANSFER, collapsed=True), row(TRANSFER, "ben", collapsed=True)]
    summary = summarise(some, ORDER, BASE)
    assert (summary.collapsed, summary[TRANSFER].collapsed, summary[BASE].collapsed) == (2, 2, 0)


def test_unknown_names_are_key_errors():
    with pytest.raises(KeyError, match="Transfer"):
        summarise([row(BASE)], ORDER, BASE)["Transfer(20)"]


# --- Cost --------------------------------------------------------------------------------


def paper_population(individuals=50):
    """The paper's sizes: 21,000 training samples of D_G, 209 of each individual; no data in it."""
    parts = [range(21_000), range(21_000, 30_000)]
    global_data = Split(parts[0], parts[1], parts[1])
    own = {
        f"{i:02}": Split(*(range(start, start + 209), *(2 * [range(start + 209, start + 299)])))
        for i, start in ((i, 30_000 + 299 * i) for i in range(individuals))
    }
    n = 30_000 + 299 * individuals
    inputs, labels = np.zeros((n, 1), dtype=np.uint8), np.zeros(n, dtype=np.int64)
    return Population("paper", inputs, labels, ("0", "1"), global_data, own, Protocol.paper())


def test_relative_training_costs_at_the_papers_sizes():
    curricula = {
        "baseline": Baseline(),
        "SW-2": SampleWeighting(2),
        "SW-1/8": SampleWeighting("1/8"),
        "ES-500": EarlyShaping(500),
        "ES-5000": EarlyShaping(5000),
        "TL-20": Transfer(20),
        "TL-200": Transfer(200),
    }
    plan = compile_plan(tuple(curricula.values()), paper_population(), epochs=100, recipe=Recipe())
    models: dict[str, Any] = {m.curriculum: m for task in plan.tasks for m in task.models}
    texts = {name: str(curriculum.with_epochs(100)) for name, curriculum in curricula.items()}
    counted = {name: models[text] for name, text in texts.items()}
    marginal = {name: marginal_cost(model) for name, model in counted.items()}
    amortised = {name: amortised_cost(model, 50) for name, model in counted.items()}
    assert marginal == pytest.approx(
        {
            "baseline": 1.0,
            "SW-2": 165 / 166,
            "SW-1/8": 165 / 166,
            "ES-500": (16_500 + 500) / 16_600,
            "ES-5000": (16_500 + 5000) / 16_600,
            "TL-20": 20 / 16_600,
            "TL-200": 200 / 16_600,
        }
    )
    # Table 2 of the paper: .99 and 1.0, .01 and .02
    assert round(marginal["SW-2"], 2) == 0.99
    assert amortised["SW-2"] == marginal["SW-2"]
    assert amortised["TL-20"] == pytest.approx(20 / 16_600 + 165 / 166 / 50)
    assert round(amortised["TL-20"], 2) == 0.02


def test_curricula_of_other_lengths_have_other_titles():
    longer = TRANSFER.replace("epochs=2", "epochs=4")
    some = [row(c) for c in (BASE, "global(epochs=4)", TRANSFER, longer)]
    summary = summarise(some, list(dict.fromkeys(one.curriculum for one in some)), BASE)
    titles = ["Global only", "global(epochs=4)", "Transfer(20)", longer]
    assert [one.title for one in summary.curricula] == titles
