"""Scales: presets, what they changed, and what early shaping becomes."""

import json
from dataclasses import asdict

import pytest

from monogram.errors import SettingError
from monogram.reproduce import SCALES
from monogram.reproduce.scale import scale_of


def test_the_papers_scale_changes_nothing():
    assert SCALES["paper"].changes == ()
    assert (SCALES["paper"].early(500), SCALES["paper"].early(5_000)) == (500, 5_000)
    assert SCALES["paper"].network() == "paper(width=1)"


def test_smaller_scales_say_what_they_changed():
    changes = "\n".join(SCALES["small"].changes)
    assert "4 individuals instead of 50" in changes
    assert "1 model per individual and curriculum instead of 3" in changes
    assert "early shaping of 100 and 1,000 iterations instead of 500 and 5,000" in changes
    assert "0.7 / 0.15 / 0.15" in changes
    assert "16 individuals for what goes beyond the paper" in changes


@pytest.mark.parametrize("name", SCALES)
def test_the_rows_of_table_2_are_points_of_the_curve(name):
    assert {500, 5_000} <= set(SCALES[name].shaping_points)


@pytest.mark.parametrize("name", SCALES)
def test_a_scale_reads_back_from_json(name):
    assert scale_of(json.loads(json.dumps(asdict(SCALES[name])))) == SCALES[name]


def test_a_changed_preset_says_so():
    changed = SCALES["small"].changed(individuals=3, epochs=None)
    assert (changed.name, changed.individuals, changed.epochs) == ("small, changed", 3, 5)
    assert SCALES["small"].changed(individuals=4) == SCALES["small"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, not 0"),
        ({"seeds": ()}, "seeds must be at least one"),
        ({"width": 0.0}, "width must be above 0"),
        ({"split": (0.7, 0.2, 0.2)}, "sum to 1"),
    ],
)
def test_values_out_of_range_are_refused(changes, message):
    with pytest.raises(SettingError, match=message):
        SCALES["small"].changed(**changes)
