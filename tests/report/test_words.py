"""The recommendation in words: every verdict, and what it keeps quiet about never."""

from dataclasses import replace

import pytest
from tests.report.synthetic import (
    BASE,
    BASELINE,
    REHEARSAL,
    TRANSFER,
    WEIGHTING,
    synthetic,
    usual,
)  # fmt: skip

from monogram.population import SetAside
from monogram.report import Recommendation, recommendation
from monogram.study import summarise

IDS = [f"person {nth}" for nth in range(20)]


def about(words: Recommendation, what: str) -> str:
    return next((" ".join(p.sentences) for p in words.points if p.about == what), "")


def flat(personal: float, shared: float):
    """Every personal model alike, with a little noise; the global-only model at 0.8 and 0.9."""

    def accuracies(curriculum: str, nth: int) -> tuple[float, float]:
        return (0.8, 0.9) if curriculum in (BASE, BASELINE) else (personal + nth / 1000, shared)

    return accuracies


def test_it_pays():
    words = recommendation(synthetic(IDS, order=[BASE, BASELINE, REHEARSAL]))
    assert words.headline.startswith("Personalizing pays for these 20 individuals")
    assert "p < 0.001" in about(words, "Gain")
    assert "from 79.9 % (global-only model) to 91.7 %" in about(words, "Gain")
    assert "0.20 times" in about(words, "Cost in training")


def test_the_same_gain_for_everybody_is_no_chance():
    def accuracies(curriculum: str, nth: int) -> tuple[float, float]:
        return (0.8 + nth / 1000 + (0.1 if curriculum == REHEARSAL else 0), 0.9)

    words = recommendation(synthetic(IDS, accuracies, order=[BASE, REHEARSAL]))
    assert words.headline.startswith("Personalizing pays for these 20 individuals")
    assert "in Wilcoxon's test" in about(words, "Gain")


LONGER = f"{BASE} >> global(epochs=9)"
FROM_LONGER = f"{LONGER} >> personal(iterations=20)"


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ([BASE, LONGER, FROM_LONGER], "Of that, +6.0 points are what all share: global >> gl"),
        ([BASE, FROM_LONGER], "How much of that all share, by global >> global(9), is not"),
        ([BASE, REHEARSAL], ""),
        ([BASE, WEIGHTING], ""),
    ],
)
def test_a_gain_that_all_share_is_not_called_personal(order, said):
    def accuracies(curriculum: str, nth: int) -> tuple[float, float]:
        personal = {BASE: 0.8, LONGER: 0.86}.get(curriculum, 0.9)
        return personal + nth / 1000, 0.9

    gain = about(recommendation(synthetic(IDS, accuracies, order=order)), "Gain")
    assert said in gain
    assert ("all share" in gain) is bool(said)


def test_where_what_all_share_is_as_good_alone_that_is_advised():
    def accuracies(curriculum: str, nth: int) -> tuple[float, float]:
        return {BASE: 0.8}.get(curriculum, 0.9) + nth / 1000, 0.9

    words = recommendation(synthetic(IDS, accuracies, order=[BASE, LONGER, FROM_LONGER]))
    assert "use global >> global(9), which all share" in words.headline
    assert not any(point.about == "What would change it" for point in words.points)


def test_a_gain_that_may_be_chance_is_called_so():
    def accuracies(curriculum: str, nth: int) -> tuple[float, float]:
        return (0.8, 0.9) if curriculum != REHEARSAL else (0.82 + (-1) ** nth / 10, 0.9)

    words = recommendation(synthetic(IDS, accuracies, order=[BASE, REHEARSAL]))
    assert words.headline.startswith("Personalizing may pay")
    assert "chance" in words.headline


def test_what_was_best_on_validation_data_alone_does_not_hold_up():
    results = synthetic(
        IDS,
        order=[BASE, REHEARSAL],
        change=lambda one: replace(
            one, personal_accuracy=0.7 if one.curriculum == REHEARSAL else 0.8
        ),
    )
    assert "does not hold up" in recommendation(results).headline
    assert "loses 10.0 points on test data" in recommendation(results).headline


def test_how_far_below_the_floor_is_said_where_rounding_would_hide_it():
    results = synthetic(
        IDS,
        flat(0.9, 0.895),
        order=[BASE, REHEARSAL],
        change=lambda one: (
            replace(one, global_accuracy=min(one.global_accuracy, 0.8796))
            if one.curriculum == REHEARSAL
            else one
        ),
    )
    said = " ".join(" ".join(part.sentences) for part in recommendation(results).points)
    assert "Their mean is 0.04 points below the floor of 88.0 %" in said


def test_models_that_are_not_there_are_not_said_to_be_made_by_none():
    results = synthetic(IDS, order=[BASE, REHEARSAL])
    without = tuple(row for row in results.rows if row.curriculum == BASE)
    summary = summarise(without, [BASE, REHEARSAL], BASE)
    words = recommendation(replace(results, rows=without, summary=summary))
    assert words.headline.startswith("No personal model is there to choose")
    none = recommendation(synthetic(IDS, order=[BASE, BASELINE]))
    assert none.headline == "No curriculum of this study makes a personal model."


def test_none_qualifies_says_which_floor_would_do():
    words = recommendation(synthetic(IDS, flat(0.95, 0.7)))
    assert words.headline.startswith("None qualifies")
    floor = float(about(words, "What would change it").split()[-1].rstrip("."))
    again = synthetic(IDS, flat(0.95, 0.7), floor=floor)
    assert again.summary.choice.curriculum is not None


def test_personalizing_does_not_pay():
    words = recommendation(synthetic(IDS, flat(0.7, 0.9)))
    assert words.headline.startswith("Personalizing does not pay")
    assert "80.0 %" in about(words, "Why")


def test_a_study_without_personal_curricula():
    words = recommendation(synthetic(IDS, order=[BASE, BASELINE]))
    assert "No curriculum" in words.headline


def test_the_worst_off_are_counted_and_named_in_short():
    ids = ["ä" * 10_000, *IDS]

    def accuracies(curriculum: str, nth: int) -> tuple[float, float]:
        personal, shared = usual(curriculum, nth)
        return (0.2 if curriculum == REHEARSAL and nth < 2 else personal, shared)

    said = about(recommendation(synthetic(ids, accuracies, order=[BASE, REHEARSAL])), "Worse off")
    assert said.startswith("2 of 21 individuals are worse off")
    assert "(10000 characters)" in said
    assert "person 0" in said
    assert len(said) < 400


def test_one_individual():
    words = recommendation(synthetic(["anna"], order=[BASE, REHEARSAL]))
    assert "this individual" in words.headline
    assert "chance" in words.headline


@pytest.mark.parametrize("paper", [True, False])
def test_the_papers_protocol_is_called_by_its_name(paper):
    said = about(recommendation(synthetic(IDS, paper=paper)), "Uncertain")
    assert ("Selection and report use the same held-out data" in said) == paper


def test_few_individuals_and_ties_are_uncertain():
    said = about(recommendation(synthetic(IDS[:4], flat(0.9, 0.9))), "Uncertain")
    assert "4 individuals" in said
    assert "do not tell" in said


def test_who_and_what_is_missing():
    results = synthetic(
        IDS,
        set_aside=[SetAside("zoe", "one sample only", "people.parquet")] * 3,
        failures=["individual 'yan': out of memory"],
        change=lambda one: replace(one, collapsed=one.curriculum == WEIGHTING),
    )
    said = about(recommendation(results), "Missing")
    assert "3 individuals could not be used, because: one sample only" in said
    assert "1 model is missing" in said
    assert "20 models collapsed" in said


@pytest.mark.parametrize(
    ("reasons", "why"),
    [
        (["it has 2 samples", "it has 3 samples"], "because: it has 2 samples."),
        (["no id", "no id", "no label"], "most often (2) because: no id."),
        (
            ["no id", "no label"],
            "for 2 different reasons, such as: no id.",
        ),
        (
            ["a", "b", "a", "b", "c"],
            "for 3 different reasons, such as: a.",
        ),
    ],
)
def test_the_most_frequent_reason_is_named_if_there_is_one(reasons, why):
    gone = [SetAside(f"gone {nth}", reason, "p.csv") for nth, reason in enumerate(reasons)]
    said = about(recommendation(synthetic(IDS, set_aside=gone)), "Missing")
    assert f"{len(reasons)} individuals could not be used, {why}" in said


def test_an_unfinished_run_says_so():
    results = synthetic(IDS, order=[BASE, REHEARSAL])
    results.config["study"]["curricula"].append(TRANSFER)
    assert "not finished: 20 models" in about(recommendation(results), "Missing")


def test_a_real_run(real):
    words = recommendation(real)
    assert len(str(words).splitlines()) == 1 + len(words.points)


def test_one_individual_alone_misses_no_baseline():
    """The baseline takes somebody else's data, so none is planned for who is alone."""
    results = synthetic(IDS[:1], order=[BASE, TRANSFER])
    study = results.config["study"] | {"curricula": [BASE, BASELINE, TRANSFER]}
    words = recommendation(replace(results, config={"study": study}))
    assert "not finished" not in about(words, "Missing")
