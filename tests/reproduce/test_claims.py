"""The paper's claims, judged."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from tests.report.synthetic import BASELINE
from tests.reproduce.worlds import OURS, as_published, compared, world

from monogram.reproduce import claims
from monogram.reproduce import paper as rows
from monogram.reproduce.statements import EFFORTS, STATEMENTS
from monogram.study import Results, summarise

SCENARIOS = ("class-counts", "hidden-factors")
each = pytest.mark.parametrize("scenario", SCENARIOS)


def judged(results, scenario, **more):
    return {one.text: one for one in claims(results, compared(scenario), scenario, **more)}


@each
def test_every_claim_holds_where_everything_is_as_published(scenario):
    figures, more = as_published(scenario)
    found = judged(world(figures, **more), scenario)
    assert {text: one.verdict for text, one in found.items()} == dict.fromkeys(found, "reproduced")
    assert len(found) == len(STATEMENTS[scenario]) + len(EFFORTS)


@each
def test_where_every_accuracy_is_turned_round_claims_of_more_are_contradicted(scenario):
    figures, more = as_published(scenario)
    results = world(lambda *which: tuple(1 - figure for figure in figures(*which)), **more)
    for one in judged(results, scenario).values():
        if one.test.startswith("paired t-test,"):
            assert one.verdict == "contradicted"
        elif one.test.startswith(("TOST,", "Pitman", "none")):
            assert one.verdict == "reproduced"


@each
def test_where_nothing_differs_only_what_is_said_to_be_the_same_is_reproduced(scenario):
    found = judged(world(lambda *_: (0.9, 0.9), people=12), scenario)
    for one in found.values():
        if one.test.startswith("TOST,"):
            assert one.verdict == "reproduced"
        elif not one.test.startswith("none"):
            assert one.verdict == "undecided at this scale"
            assert "p not defined" in one.evidence


@pytest.mark.parametrize(
    ("row", "figure", "text"),
    [
        ("SampleWeigh-Iter-2", "shared", "Sample weighting is a better trade-off"),
        ("SampleWeigh-Iter-88", "personal", "Sample weighting reaches transfer's accuracy"),
    ],
)
def test_better_than_a_claim_says_does_not_contradict_it(row, figure, text):
    """Three points more than what the claim holds it to, where it asks for no less."""

    published, more = as_published("class-counts")

    def better(curriculum, nth):
        personal, shared = published(curriculum, nth)
        if curriculum != OURS[row]:
            return personal, shared
        return (personal + 0.03, shared) if figure == "personal" else (personal, shared + 0.03)

    found = judged(world(better, **more), "class-counts")
    [claim] = [one for said, one in found.items() if said.startswith(text)]
    assert claim.verdict == "reproduced"


@each
@pytest.mark.parametrize("people", [1, 2])
def test_hardly_anybody_decides_hardly_anything(scenario, people):
    draw = np.random.default_rng(0)
    found = judged(world(lambda *_: tuple(draw.random(2)), people=people), scenario)
    tested = [one for one in found.values() if not one.test.startswith("none")]
    assert {one.verdict for one in tested} == {"undecided at this scale"}


@each
def test_rows_that_were_not_studied_leave_their_claims_undecided(scenario):
    figures, more = as_published(scenario)
    known = [row for row in compared(scenario) if row.paper.name != rows.MIXED_2]
    for one in claims(world(figures, **more), known, scenario):
        if "Sample weighting is better than the baseline" in one.text:
            assert one.verdict == "undecided at this scale"
            assert one.evidence == f"not studied: {rows.MIXED_2}"
        if one.text.startswith("Transfer gains"):
            assert one.verdict == "reproduced"
    assert all(one.verdict != "reproduced" for one in claims(world(figures), [], scenario))


def test_pure_chance_is_seldom_called_a_finding():
    wrong = 0
    for seed in range(6):
        draw = np.random.default_rng(seed)
        chance = world(lambda *_, d=draw: tuple(d.normal(0.8, 0.1, 2)), people=8)
        found = judged(chance, "class-counts")
        wrong += any(
            one.verdict != "undecided at this scale"
            for one in found.values()
            if not one.test.startswith("none")
        )
    assert wrong <= 2  # two families, 5 % each


def test_the_figures_are_those_of_scipy_paired_by_who_was_judged_on():
    draw = np.random.default_rng(0)
    drawn = {c: draw.normal(0.8, 0.1, 12) for c in OURS.values()}
    results = world(lambda c, nth: (drawn.get(c, np.zeros(12))[nth], 0.9), people=12)
    one = judged(results, "class-counts")[
        "Sample weighting is better than the baseline on the individuals' data"
    ]
    ours, theirs = drawn[OURS[rows.MIXED_2]], np.roll(drawn[BASELINE], -1)
    expected = stats.ttest_rel(ours, theirs).pvalue
    assert f"{100 * (ours - theirs).mean():+.2f}".replace("-", "−") in one.evidence
    assert f", p = {expected:.2g} (Wilcoxon" in one.evidence
    assert f"(Wilcoxon p = {stats.wilcoxon(ours, theirs).pvalue:.2g})" in one.evidence


def test_seeds_are_averaged_within_an_individual_first():
    figures, more = as_published("class-counts", people=10, noise=0.002)
    one = world(figures, **more)
    draw = np.random.default_rng(0)
    twice = []
    for row in one.rows:
        up, down = draw.uniform(0, 0.2, 2)
        for seed, sign in ((0, 1), (1, -1)):
            personal, shared = row.personal_accuracy + sign * up, row.global_accuracy + sign * down
            twice.append(
                replace(row, seed=seed, personal_accuracy=personal, global_accuracy=shared)
            )
    order = [c.curriculum for c in one.summary.curricula]
    summary = summarise(twice, order, one.summary.base)
    averaged = Results(tuple(twice), summary, one.population, one.config)
    assert judged(averaged, "class-counts") == judged(one, "class-counts")


def test_costs_are_counted_and_hold_or_do_not():
    figures, more = as_published("class-counts")
    dear = {**more["costs"], OURS[rows.TRANSFER_200]: 1.2, OURS[rows.EARLY_5000]: 1.3}
    found = claims(world(figures, costs=dear), compared("class-counts"), "class-counts")
    assert [one.verdict for one in found[-2:]] == ["contradicted", "contradicted"]
    assert "Transfer-Iter-200 1.2" in found[-2].evidence


def test_many_parts_are_told_by_the_weakest():
    figures, more = as_published("class-counts")
    best = judged(world(figures, **more), "class-counts")["The baseline is best on the global data"]
    assert best.evidence.startswith("the weakest of 6 differences: BaseLine − SampleWeigh-Iter-2 ")
