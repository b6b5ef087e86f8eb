"""Scenarios: what is trained for which row of Table 2."""

import pytest

from monogram.curriculum import parse
from monogram.reproduce import SCALES, SCENARIOS, TABLE_2


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_row_of_table_2_has_its_curriculum(name):
    compared = SCENARIOS[name].compared(SCALES["paper"])
    assert [one.paper for one in compared] == list(TABLE_2[name])
    assert [one.curriculum for one in compared] == [
        "union(epochs=100) on other",
        "personal(iterations=500) >> global(epochs=100)",
        "personal(iterations=5000) >> global(epochs=100)",
        "mixed(every=2, epochs=100)",
        "mixed(every=1/8, epochs=100)",
        "global(epochs=100) >> personal(iterations=20)",
        "global(epochs=100) >> personal(iterations=200)",
    ]


def test_the_paper_trained_2100_models():
    scale = SCALES["paper"]
    rows = sum(len(SCENARIOS[name].compared(scale)) for name in SCENARIOS)
    assert rows * scale.individuals * len(scale.seeds) == 2_100


@pytest.mark.parametrize("name", SCENARIOS)
def test_curricula_are_written_as_a_summary_names_them(name):
    curricula = SCENARIOS[name].curricula(SCALES["small"])
    assert len(set(curricula)) == len(curricula)
    assert all(str(parse(text)) == text for text in curricula)
    assert set(SCENARIOS[name].front) <= set(SCENARIOS[name].beyond)


@pytest.mark.parametrize("name", SCENARIOS)
def test_how_pictures_came_to_the_papers_size_is_said(name):
    assert any("padded to 32 × 32" in note for note in SCENARIOS[name].notes)
