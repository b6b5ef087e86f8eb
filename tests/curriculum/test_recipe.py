"""The paper's settings, and the curricula's parts that depend on order."""

import pytest

from monogram.curriculum import Personal, Phase, Recipe, Source, Step, parse
from monogram.errors import SettingError

FIXED = (1.0, 1.0)
DECAYED = (0.316, 0.65)


def only_phases(steps: tuple[Step, ...]) -> list[Phase]:
    return [step for step in steps if isinstance(step, Phase)]


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("global", [(0.03, *DECAYED)]),
        ("baseline", [(0.03, *DECAYED)]),
        ("sample-weighting(2)", [(0.03, *DECAYED)]),
        ("early-shaping(500)", [(0.03, *FIXED), (0.03, *DECAYED)]),
        ("transfer(20)", [(0.03, *DECAYED), (0.01, *FIXED)]),
        ("personal(5) >> transfer(20)", [(0.03, *FIXED), (0.03, *DECAYED), (0.01, *FIXED)]),
        ("global >> personal(epochs=3)", [(0.03, *DECAYED), (0.01, *FIXED)]),
        ("global >> mixed(2, iterations=9)", [(0.03, *DECAYED), (0.01, *FIXED)]),
        ("global >> global", [(0.03, *DECAYED), (0.01, *FIXED)]),
        ("global(iterations=9)", [(0.03, *FIXED)]),
        ("global(learning_rate=1)", [(1.0, *DECAYED)]),
        ("global(decay=1)", [(0.03, *FIXED)]),
        ("global(decay=0.5, decay_at=0.1)", [(0.03, 0.5, 0.1)]),
        ("personal(3, decay_at=0.5)", [(0.03, 0.316, 0.5)]),
        (
            "transfer(9) >> personal(3, decay=0.1)",
            [(0.03, *DECAYED), (0.01, *FIXED), (0.01, 0.1, 0.65)],
        ),
    ],
)
def test_phases_are_filled_in_by_the_papers_rules(text, rates):
    phases = only_phases(Recipe().fill_in(parse(text), epochs=100))
    assert [(p.learning_rate, p.decay, p.decay_at) for p in phases] == rates
    assert all(phase.has_length for phase in phases)


def test_defaults_are_the_papers():
    recipe = Recipe()
    assert (recipe.batch_size, recipe.learning_rate, recipe.decay) == (128, 0.03, 0.316)
    assert (recipe.late_learning_rate, recipe.weight_decay) == (0.01, 0.001)
    assert recipe.clip_norm is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_size": 0},
        {"batch_size": 1.5},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"decay": 0.0},
        {"decay": 2.0},
        {"decay_at": -0.1},
        {"late_learning_rate": -1.0},
        {"momentum": 1.0},
        {"weight_decay": -1e-9},
        {"clip_norm": 0.0},
        {"clip_norm": float("nan")},
    ],
)
def test_settings_out_of_range_are_refused_by_name(wrong):
    [name] = wrong
    with pytest.raises(SettingError, match=f"^{name} must be"):
        Recipe(**wrong)


def test_the_study_gives_its_epochs_to_phases_without_a_length():
    filled = parse("global >> prior >> personal(3) >> mixed(2) >> blend").with_epochs(7)
    lengths = [(p.epochs, p.iterations) for p in only_phases(filled.phases)]
    assert lengths == [(7, None), (None, 3), (7, None)]
    assert [str(step) for step in filled.phases][1::3] == ["prior(smoothing=10)", "blend"]


@pytest.mark.parametrize(
    ("text", "trunk", "personal"),
    [
        ("global", 1, False),
        ("baseline", 0, False),
        ("transfer(2)", 1, True),
        ("early-shaping(2)", 0, True),
        ("global >> global(3) >> mixed(2)", 2, True),
        ("global >> prior", 1, True),
        ("transfer(2) on other", 1, False),
    ],
)
def test_the_trunk_ends_where_an_individual_begins(text, trunk, personal):
    curriculum = parse(text)
    assert len(curriculum.trunk) == trunk
    assert all(phase.source is Source.GLOBAL for phase in only_phases(curriculum.trunk))
    assert curriculum.is_personal is personal


def test_a_curriculum_is_judged_on_another_as_soon_as_a_part_of_it_is():
    assert (parse("baseline") >> Personal(3)).on_other
    assert not parse("personal(3) >> union").on_other
